"""Draws the lifecycles from their tables: `python -m app.diagrams` writes `docs/lifecycle/`.

One row of states from left to right; acts that lead on are drawn above it, acts that lead back below.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from states.acts import move_word
from states.lifecycle import CASE, Lifecycle, lifecycle_of
from states.route import BUREAU_ROUTE
from states.words import word

TARGET = Path(__file__).resolve().parents[1] / "docs" / "lifecycle"
DRAWN = {"report": lifecycle_of(BUREAU_ROUTE), "case": CASE}

_WIDTH, _HEIGHT, _GAP, _TOP, _STEP, _MARGIN = 150, 56, 84, 120, 30, 40

_STYLE = (
    "text{font:14px 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;fill:#222}"
    ".name{font-weight:600}.code{font-size:11px;fill:#666}.act{font-size:12px;fill:#8c1c13;stroke:#fff;stroke-width:4px;paint-order:stroke}"
    "rect{fill:#fff;stroke:#8c1c13;stroke-width:1.5}path{fill:none;stroke:#777;stroke-width:1.3}"
)

_TIP = (
    '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0,0 L8,4 L0,8 z" style="fill:#777;stroke:none"/></marker></defs>'
)


def arrows(lifecycle: Lifecycle) -> dict[tuple[str, str], list[str]]:
    """The acts by the pair of states they join, in the order of the table."""
    joined: dict[tuple[str, str], list[str]] = {}
    for act in dict.fromkeys(move.act for move in lifecycle.moves):
        for source in lifecycle.sources(act):
            joined.setdefault((str(source), lifecycle.after(act, source)), []).append(act)
    return joined


def mermaid(lifecycle: Lifecycle, called: Callable[[str], str] = word, present: str | None = None) -> str:
    """The lifecycle as a Mermaid state diagram, for viewers that draw it; the `present` state is marked."""
    lines = ["stateDiagram-v2", f"    [*] --> {lifecycle.initial}"]
    lines += [f"    {state} : {called(state)} {state}" for state in lifecycle.states]
    lines += [f"    {one} --> {other} : {', '.join(acts)}" for (one, other), acts in arrows(lifecycle).items()]
    if present is not None:
        lines += ["    classDef present fill:#8c1c13,color:#fff", f"    class {present} present"]
    return "\n".join(lines) + "\n"


def svg(lifecycle: Lifecycle, title: str) -> str:
    """The lifecycle as a picture that needs nothing but a browser."""
    states = [str(state) for state in lifecycle.states]
    joined = arrows(lifecycle)
    below = sorted((p for p in joined if states.index(p[1]) < states.index(p[0])), key=lambda p: states.index(p[0]))
    width = len(states) * (_WIDTH + _GAP) - _GAP + 2 * _MARGIN
    height = _TOP + _HEIGHT + 40 + _STEP * len(below)
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{title}">',
        f"<title>{title}</title><style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" style="stroke:none"/>',
        _TIP,
        *(_box(place, state) for place, state in enumerate(states)),
        *_lines(states, joined, below),
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _left(place: int) -> int:
    return _MARGIN + place * (_WIDTH + _GAP)


def _box(place: int, state: str) -> str:
    x, middle = _left(place), _left(place) + _WIDTH // 2
    return (
        f'<rect x="{x}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text class="name" x="{middle}" y="{_TOP + 24}" text-anchor="middle">{word(state)}</text>'
        f'<text class="code" x="{middle}" y="{_TOP + 43}" text-anchor="middle">{state}</text>'
    )


def _lines(states: list[str], joined: dict[tuple[str, str], list[str]], below: list[tuple[str, str]]) -> Iterator[str]:
    for (one, other), acts in joined.items():
        start, end, label = states.index(one), states.index(other), " / ".join(move_word(act) for act in acts)
        if start == end:
            yield from _loop(start, label)
        elif end == start + 1:
            yield from _straight(start, label)
        elif end > start:
            yield from _arc(start, end, -26 - 22 * (end - start), label)
        else:
            depth = 26 + _STEP * below.index((one, other))
            yield from _arc(start, end, depth, label)


def _loop(place: int, label: str) -> Iterator[str]:
    x = _left(place) + _WIDTH // 2
    curve = f"M{x - 18},{_TOP} C{x - 30},{_TOP - 34} {x + 30},{_TOP - 34} {x + 18},{_TOP}"
    yield f'<path marker-end="url(#tip)" d="{curve}"/>'
    yield f'<text class="act" x="{x}" y="{_TOP - 30}" text-anchor="middle">{label}</text>'


def _straight(place: int, label: str) -> Iterator[str]:
    x, y = _left(place) + _WIDTH, _TOP + _HEIGHT // 2
    yield f'<path marker-end="url(#tip)" d="M{x},{y} L{x + _GAP},{y}"/>'
    for row, act in enumerate(label.split(" / ")):
        yield f'<text class="act" x="{x + _GAP // 2}" y="{y - 8 - 14 * row}" text-anchor="middle">{act}</text>'


def _arc(start: int, end: int, bend: int, label: str) -> Iterator[str]:
    """Leaves `start` and reaches `end` off their middles, so that arcs side by side stay apart."""
    back = end < start
    aside, y, along = (34, _TOP + _HEIGHT, 0.5) if back else (20, _TOP, 0.38)
    x1, x2 = _left(start) + _WIDTH // 2 - aside, _left(end) + _WIDTH // 2 + aside
    yield f'<path marker-end="url(#tip)" d="M{x1},{y} C{x1},{y + bend} {x2},{y + bend} {x2},{y}"/>'
    x, below = round(x1 + (x2 - x1) * along), 12 if back else -5
    yield f'<text class="act" x="{x}" y="{y + round(bend * 0.75) + below}" text-anchor="middle">{label}</text>'


def files() -> dict[str, str]:
    """Every generated file by name."""
    made = {}
    for name, lifecycle in DRAWN.items():
        made[f"{name}.mmd"] = mermaid(lifecycle)
        made[f"{name}.svg"] = svg(lifecycle, {"report": "报表的状态", "case": "督查件的状态"}[name])
    return made


def main() -> None:
    """Write the files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (TARGET / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
