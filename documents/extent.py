"""How far a worksheet of an .xlsx file reaches, and what the parser does not tell of it, read from its XML.

The parser lays a sheet out as a full rectangle: one cell at XFD1048576 in a file of 5 KB would take all memory, so
the extent is measured before it is parsed. And it gives the same empty text for a blank cell, for #REF! and for a
formula whose value was never stored, and shows hidden rows and columns like all others.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from xml.parsers import expat

from documents.table import MAX_COLUMNS, MAX_ROWS

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MEASURED = frozenset({"worksheet", "sst"})
_LONGEST_ERROR = 20


@dataclass(slots=True)
class Extent:
    """The last row and column that hold a value (from 1), how many cells do, merged ranges, the longest shared text.

    Of its first `MAX_ROWS` rows and `MAX_COLUMNS` columns, all counted from 0: which are hidden, the error each cell
    shows, and which cells have a formula without a value.
    """

    rows: int = 0
    columns: int = 0
    cells: int = 0
    merged: int = 0
    longest: int = 0
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unvalued: set[tuple[int, int]] = field(default_factory=set)


def measure(content: bytes) -> Extent:
    """Measure a worksheet or a table of shared texts; any other part of a workbook has no extent.

    Cells with nothing but a format do not count. ExpatError or ValueError if the part is broken.
    """
    ruler = _Ruler()
    parser = expat.ParserCreate()
    parser.StartElementHandler = ruler.start
    parser.EndElementHandler = ruler.end
    parser.CharacterDataHandler = ruler.text
    try:
        parser.ParseFile(BytesIO(content))
    except _NothingToMeasure:
        return Extent()
    return ruler.extent


def sheet_parts(parts: Mapping[str, bytes]) -> list[str | None]:
    """Return the names of the sheets' parts in the order of the workbook; None for a sheet that has none.

    ExpatError, KeyError or ValueError if the workbook is broken.
    """
    by_name = {name.casefold(): name for name in parts}
    workbook = parts[by_name["xl/workbook.xml"]]
    relations = parts[by_name["xl/_rels/workbook.xml.rels"]]
    targets = {found.get("Id"): found.get("Target", "") for found in _elements(relations, "Relationship")}
    sheets = _elements(workbook, "sheet")
    return [_part(by_name, targets.get(_relation(attributes))) for attributes in sheets]


def _relation(attributes: Mapping[str, str]) -> str | None:
    """The id of the sheet's relation, whatever prefix the writer chose."""
    return next((value for name, value in attributes.items() if name.endswith(":id")), None)


def _part(by_name: Mapping[str, str], target: str | None) -> str | None:
    if target is None:
        return None
    # A target is relative to xl/ or begins at the root; some writers begin at the root without saying so.
    spellings = (posixpath.normpath(posixpath.join("/xl", target)), posixpath.normpath(posixpath.join("/", target)))
    found = (by_name.get(spelling.lstrip("/").casefold()) for spelling in spellings)
    return next((name for name in found if name), None)


def _elements(content: bytes, wanted: str) -> Sequence[Mapping[str, str]]:
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == wanted:
            found.append(attributes)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.ParseFile(BytesIO(content))
    return found


class _NothingToMeasure(Exception):  # noqa: N818  it ends the reading early and is no error
    """The part is neither a worksheet nor a table of texts."""


class _Ruler:
    """Follows the elements of one part; a cell or row without a reference comes after the one before."""

    def __init__(self) -> None:
        self.extent = Extent()
        self._in_root = False
        self._row = 0
        self._column = 0
        self._length = 0
        # Of the cell at hand: whether it is an error, has a formula, holds a value; and the value's beginning.
        self._is_error = self._has_formula = self._has_value = self._in_value = False
        self._value = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._in_root and local not in _MEASURED:
            raise _NothingToMeasure
        self._in_root = True
        match local:
            case "row":
                self._row, self._column = int(attributes.get("r", self._row + 1)), 0
                # A height of 0 hides a row as well as its mark does.
                if (_is_true(attributes, "hidden") or _is_zero(attributes, "ht")) and self._row <= MAX_ROWS:
                    self.extent.hidden_rows.add(self._row - 1)
            case "col" if _is_true(attributes, "hidden") or _is_zero(attributes, "width"):
                first, last = int(attributes["min"]), min(int(attributes["max"]), MAX_COLUMNS)
                self.extent.hidden_columns.update(range(first - 1, last))
            case "c":
                self._place(attributes.get("r"))
                self._is_error = attributes.get("t") == "e"
                self._has_formula = False
                self._has_value = attributes.get("t") == "str"  # a text may well be empty
                self._value = ""
            case "f":
                self._has_formula = True
            case "v" | "is":
                self._count()
                self._in_value = local == "v"
                self._has_value |= local == "is"
            case "si":
                self._length = 0
            case "mergeCell":
                self.extent.merged += 1
            case _:
                pass

    def text(self, data: str) -> None:
        self._length += len(data)
        if self._in_value:
            self._has_value = True
            self._value += data[: _LONGEST_ERROR - len(self._value)]

    def end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "si":
                self.extent.longest = max(self.extent.longest, self._length)
            case "v":
                self._in_value = False
            case "c" if 0 < self._row <= MAX_ROWS and 0 < self._column <= MAX_COLUMNS:
                place = self._row - 1, self._column - 1
                if self._is_error:
                    self.extent.errors[place] = self._value
                elif self._has_formula and not self._has_value:
                    self.extent.unvalued.add(place)
            case _:
                pass

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
        elif found := _REFERENCE.fullmatch(reference):
            self._column, self._row = _number(found[1]), int(found[2])
        else:
            raise ValueError(reference)

    def _count(self) -> None:
        extent = self.extent
        extent.rows = max(extent.rows, self._row)
        extent.columns = max(extent.columns, self._column)
        extent.cells += 1


def _is_true(attributes: Mapping[str, str], name: str) -> bool:
    return attributes.get(name) in {"1", "true"}


def _is_zero(attributes: Mapping[str, str], name: str) -> bool:
    return name in attributes and float(attributes[name]) == 0


def _number(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
