"""How things are measured and shown: medians with least and most, ratios taken within a round, the aim beside each."""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from app.place import PROJECT

ROUNDS = 5
WIDTH = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a contender came to: acts, seconds on the wall and of the processor, microseconds of one act."""

    acts: int
    wall: float
    cpu: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Acts a second."""
        return self.acts / self.wall

    @property
    def cpu_each(self) -> float:
        """Milliseconds of the processor for one act, in the contender's own process."""
        return 1000 * self.cpu / self.acts


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a figure should be at least, or at most."""

    least: float | None = None
    most: float | None = None

    def beside(self, reached: float, form: str) -> str:
        """The aim in words, and whether the figure meets it."""
        if self.least is not None:
            return f"aim ≥ {self.least:{form}}  {'met' if reached >= self.least else 'MISSED'}"
        if self.most is not None:
            return f"aim ≤ {self.most:{form}}  {'met' if reached <= self.most else 'MISSED'}"
        return ""


NONE = Aim()


def timed(acts: Sequence[Callable[[], object]], *, warm: int = 0) -> Run:
    """Do each act in turn; the first `warm` of them are not counted."""
    for act in acts[:warm]:
        act()
    took: list[float] = []
    cpu, began = time.process_time(), time.perf_counter()
    for act in acts[warm:]:
        start = time.perf_counter()
        act()
        took.append(time.perf_counter() - start)
    return run_of(took, wall=time.perf_counter() - began, cpu=time.process_time() - cpu)


def run_of(took: Sequence[float], *, wall: float, cpu: float) -> Run:
    """The run whose acts took so many seconds each."""
    ordered = sorted(took)
    p50, p99 = (ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1e6 for part in (0.5, 0.99))
    return Run(acts=len(ordered), wall=wall, cpu=cpu, p50=p50, p99=p99)


def milliseconds(act: Callable[[], object], times: int = 1) -> list[float]:
    """How long an act takes, each time."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - began))
    return took


def in_process(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What a program of the benchmarks prints, run in a process of its own so that nobody pays for another."""
    program = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        program, capture_output=True, text=True, cwd=PROJECT, env={**os.environ, **(environment or {})}, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return done.stdout


def reported(run: Run) -> str:
    """A run as a contender prints it."""
    return json.dumps(asdict(run))


def read_run(printed: str) -> Run:
    """A run as a contender printed it."""
    return Run(**json.loads(printed))


def rounds(contenders: Mapping[str, Callable[[], Run]], times: int = ROUNDS) -> dict[str, list[Run]]:
    """Every contender once a round, in an order of its own."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for number in range(times):
        order = list(contenders)
        random.Random(number).shuffle(order)
        for name in order:
            runs[name].append(contenders[name]())
    return runs


def ratios(runs: Sequence[Run], floor: Sequence[Run]) -> list[float]:
    """How many times as fast, round by round."""
    return [mine.rate / other.rate for mine, other in zip(runs, floor, strict=True)]


def spread(values: Sequence[float], form: str = ",.2f") -> str:
    """The median, with the least and the most."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}}–{high:{form}})" if len(values) > 1 else f"{middle:{form}}"


def show(what: str, values: Sequence[float], form: str = ",.2f", aim: Aim = NONE) -> None:
    """One line: what was measured, what came, and the aim."""
    told = aim.beside(statistics.median(values), form.lstrip(","))
    print(f"{what:<{WIDTH}} {spread(values, form):<28} {told}".rstrip(), flush=True)


def show_runs(runs: Mapping[str, Sequence[Run]]) -> None:
    """A table of contenders."""
    print(f"{'':<{WIDTH}} {'acts/s':<26} {'CPU ms each':<20} {'p50 µs':>8} {'p99 µs':>8}")
    for name, taken in runs.items():
        rate, cpu = spread([one.rate for one in taken], ",.0f"), spread([one.cpu_each for one in taken])
        p50, p99 = (statistics.median(values) for values in zip(*((one.p50, one.p99) for one in taken), strict=True))
        print(f"{name:<{WIDTH}} {rate:<26} {cpu:<20} {p50:>8,.0f} {p99:>8,.0f}", flush=True)


def heading(text: str) -> None:
    """Begin a part."""
    print(f"\n── {text}", flush=True)


def slow_disk(scratch: Path, microseconds: int) -> dict[str, str] | None:
    """The environment under which every sync takes that much longer; None where there is no compiler to make it."""
    library = scratch / "slow_sync.so"
    source = Path(__file__).with_name("slow_sync.c")
    try:
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(source), "-ldl"], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return {"LD_PRELOAD": str(library), "SLOW_SYNC_MICROSECONDS": str(microseconds)}
