"""The blocks a mail is made of: paragraphs, lists, quotations, cards and grids, said once for text and for HTML.

A template writes its body as lines. Those of a quotation, a card or a grid begin with a control character, which no
fact contains (`cleaned`): nobody's words can become a block of the system's own.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

_QUOTE, _CARD, _PAIR, _HEAD, _ROW, _CELL = "\x11", "\x12", "\x13", "\x14", "\x15", "\x16"
_PART_OF = {_QUOTE: "quote", _CARD: "cards", _PAIR: "cards", _HEAD: "grid", _ROW: "grid"}
_MEANS = {"quote": "> ", "list": "- "}

WRITTEN_BY_PEOPLE = frozenset({"text", "rank_text", "comparison", "target", "last_rank"})
"""Facts that hold what somebody wrote, as against names and what the system found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One thing with what there is to say of it: labels and values."""

    title: str
    link: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One block, by its `kind`.

    `paragraph`, `list` and `quote` have `lines`, `cards` has `cards`, `grid` has `head` and `rows`.
    """

    kind: str
    lines: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


# --- what templates write ------------------------------------------------------------------------------------------


def quote(text: str) -> str:
    """Somebody's words, set apart."""
    return _apart(_QUOTE + line.strip() for line in text.strip().splitlines())


def card(title: str, pairs: Sequence[tuple[str, str]], link: str = "") -> str:
    """A title and what there is to say under it; an empty value is left out."""
    said = [f"{_PAIR}{label}{_CELL}{value}" for label, value in pairs if value]
    return "\n".join([f"{_CARD}{title}{_CELL}{link}", *said])


def cards(written: Sequence[str]) -> str:
    """Several cards as one block."""
    return _apart(written)


def head(*labels: str) -> str:
    """Begins a grid: what its columns are called."""
    return _HEAD + _CELL.join(labels)


def row(*cells: object) -> str:
    """A row of the grid begun before it."""
    return _ROW + _CELL.join(" ".join(str(cell).split()) for cell in cells)


def _apart(lines: Sequence[str] | Iterator[str]) -> str:
    return "\n\n" + "\n".join(lines) + "\n\n"


# --- what becomes of it --------------------------------------------------------------------------------------------


def parts(body: str) -> Iterator[Part]:
    """The blocks of a body, in order."""
    for paragraph in re.split(r"\n(?:[ \t]*\n)+", body.strip("\n")):
        for kind, lines in groupby(paragraph.split("\n"), _kind):
            yield _part(kind, [line.rstrip() for line in lines])


def _kind(line: str) -> str:
    if line.startswith("- "):
        return "list"
    return _PART_OF.get(line[:1], "paragraph")


def _part(kind: str, lines: Sequence[str]) -> Part:
    match kind:
        case "cards":
            return Part(kind=kind, cards=tuple(_cards(lines)))
        case "grid":
            first, *rest = (tuple(line[1:].split(_CELL)) for line in lines)
            return Part(kind=kind, head=first, rows=tuple(rest))
        case "quote":
            return Part(kind=kind, lines=tuple(line[1:] for line in lines))
    return Part(kind=kind, lines=tuple(line.removeprefix("- ") if kind == "list" else line for line in lines))


def _cards(lines: Sequence[str]) -> Iterator[Card]:
    starts = [place for place, line in enumerate(lines) if line.startswith(_CARD)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title, _, link = lines[start][1:].partition(_CELL)
        pairs = [line[1:].partition(_CELL) for line in lines[start + 1 : end]]
        yield Card(title=title, link=link, pairs=tuple((label, value) for label, _, value in pairs))


def as_text(blocks: Sequence[Part], language: str) -> str:
    """The blocks as plain text, an empty line between them."""
    return "\n\n".join("\n".join(_lines(block, language)) for block in blocks)


def _lines(block: Part, language: str) -> Iterator[str]:
    colon = "：" if language == "zh" else ": "
    match block.kind:
        case "cards":
            for number, one in enumerate(block.cards, start=1):
                yield f"{number}. {one.title}" if len(block.cards) > 1 else one.title
                for label, value in one.pairs:
                    yield f"   {label}{colon}{value}"
                if one.link:
                    yield f"   {one.link}"
        case "grid":
            for first, *cells in block.rows:
                said = [
                    f"{label}{colon}{cell}" for label, cell in zip(block.head[1:], cells, strict=True) if cell.strip()
                ]
                yield (
                    f"- {first}"
                    + ("　" if language == "zh" else "; ") * bool(said)
                    + ("；" if language == "zh" else "; ").join(said)
                )
        case _:
            for line in block.lines:
                yield (_MEANS.get(block.kind, "") + line).rstrip()


# --- what facts may hold -------------------------------------------------------------------------------------------


def cleaned(value: object, name: str = "") -> object:
    """A fact fit to be shown: no control characters, one line but for `text`, no link in what somebody wrote."""
    if isinstance(value, str):
        shown = "".join(map(_shown, value))
        if name != "text":
            shown = " ".join(shown.split("\n"))
        return _unlinked(shown) if name in WRITTEN_BY_PEOPLE else shown
    if isinstance(value, Mapping):
        return {key: cleaned(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [cleaned(one, name) for one in value]
    return value


_TURNS_TEXT = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _shown(character: str) -> str:
    """The character; nothing for a control character or one that turns the direction of writing."""
    if character in "\n\u2028\u2029":
        return "\n"
    if character == "\t":
        return " "
    return "" if unicodedata.category(character) == "Cc" or character in _TURNS_TEXT else character


def _unlinked(text: str) -> str:
    """The same to read, but mail programs find no address in it to make a link of (U+2060 joins without a trace)."""
    return re.sub(r"(?<=[0-9A-Za-z])\.(?=[A-Za-z]{2})", ".\u2060", text.replace("://", ":\u2060//"))
