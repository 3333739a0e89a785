"""How the code reads, in numbers: `python3 run.py bench shape`.

Lengths of functions and modules, and how many private functions are called from one place only: a decision that is cut
into helpers with one caller each is read in as many places as it has helpers. Beside them stand the same numbers of
well-read projects, measured by the same rules.
"""

import ast
import io
import statistics
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ROOMS = ("states", "workflow", "storage", "notifications", "documents", "app")
GENERATED = ("storage/generated.py",)
OTHERS = (
    "h11             function  7/39/64   module 153/369/659   once  5 %",
    "reader, updates function  8/36/44   module 206/418/418   once  3 %",
    "healthchecks    function  8/32/181  module 32/133/1584   once  2 %",
    "procrastinate   function  8/32/126  module 38/351/1042   once  7 %",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """Lines of each function and module; how many functions there are, and how many are private with one use."""

    functions: Sequence[int]
    modules: Sequence[int]
    once: int
    comments: int
    lines: int

    def __str__(self) -> str:
        share = 100 * self.once / max(1, len(self.functions))
        commented = 100 * self.comments / max(1, self.lines)
        return (
            f"function {_three(self.functions):<9} module {_three(self.modules):<13} once {share:2.0f} %"
            f"   comments {commented:.1f} %"
        )


def shape_of(paths: Sequence[Path]) -> Shape:
    """Of all those modules together."""
    functions: list[int] = []
    modules: list[int] = []
    once = comments = 0
    for path in paths:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        defined = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        functions += [(node.end_lineno or node.lineno) - node.lineno + 1 for node in defined]
        modules.append(text.count("\n"))
        uses = Counter(_names(tree))
        once += sum(_is_private(node.name) and uses[node.name] == 1 for node in defined)
        comments += sum(one.type == tokenize.COMMENT for one in tokenize.generate_tokens(io.StringIO(text).readline))
    return Shape(functions, modules, once, comments, sum(modules))


def _names(tree: ast.AST) -> Iterator[str]:
    """Every use of a name or an attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _three(lengths: Sequence[int]) -> str:
    """Median, the length nine of ten do not exceed, and the longest."""
    ordered = sorted(lengths)
    return f"{statistics.median_low(ordered)}/{ordered[int(0.9 * (len(ordered) - 1))]}/{ordered[-1]}"


def modules_of(room: str) -> list[Path]:
    """The modules of one package, those written by a program left out."""
    found = sorted((PROJECT / room).rglob("*.py"))
    return [path for path in found if path.relative_to(PROJECT).as_posix() not in GENERATED and path.stat().st_size]


def main() -> None:
    """Print the shape of each package and of all of them: median/p90/longest, in lines."""
    for room in ROOMS:
        print(f"{room:<15} {shape_of(modules_of(room))}")
    print(f"{'kaoji':<15} {shape_of([path for room in ROOMS for path in modules_of(room)])}")
    print("aims            function p90 25–30                     once ≤ 15 %")
    for line in OTHERS:
        print(line)


if __name__ == "__main__":
    main()
