"""How far a worksheet of an .xlsx file reaches, measured before it is parsed.

The parser lays a sheet out as a full rectangle: one cell at XFD1048576 in a file of 5 KB would take all memory.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from xml.parsers import expat

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MEASURED = frozenset({"worksheet", "sst"})


@dataclass(slots=True)
class Extent:
    """The last row and column that hold a value (from 1), how many cells do, and the longest shared text."""

    rows: int = 0
    columns: int = 0
    cells: int = 0
    longest: int = 0


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

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._in_root and local not in _MEASURED:
            raise _NothingToMeasure
        self._in_root = True
        if local == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), 0
        elif local == "c":
            self._place(attributes.get("r"))
        elif local in {"v", "is"}:
            self._count()
        elif local == "si":
            self._length = 0

    def text(self, data: str) -> None:
        self._length += len(data)

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == "si":
            self.extent.longest = max(self.extent.longest, self._length)

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


def _number(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
