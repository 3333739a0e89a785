"""`python3 run.py bench [PART…]`: what is reached, beside its floor in the same run and its aim."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from app.log import configure
from benchmarks import growth, processes, signoffs, timers, wal

PARTS: dict[str, Callable[[Path], None]] = {
    part.__name__: part
    for part in (
        signoffs.fast,
        signoffs.slow,
        signoffs.postgres,
        wal.written,
        growth.growth,
        timers.timers,
        processes.simulation,
        processes.start,
    )
}


def main(names: Sequence[str]) -> int:
    """Measure those parts, or all of them."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"no part {unknown[0]}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    configure(quiet=True)
    for name in names or PARTS:
        with tempfile.TemporaryDirectory(prefix="kaoji-bench-") as scratch:
            PARTS[name](Path(scratch))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    sys.exit(main(sys.argv[1:]))
