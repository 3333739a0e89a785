"""What every reader of office files returns, and the same as plain data, to be handed from process to process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from documents.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An office file as raw text: its visible tables, and the paragraphs between them.

    `file` is the name for messages. `has_hidden` says that the workbook has hidden sheets; they are not in `tables`.
    """

    file: str
    tables: tuple[Table, ...]
    paragraphs: tuple[str, ...] = ()
    has_hidden: bool = False


def to_plain(document: Document) -> dict[str, Any]:
    """Return the document as JSON can hold it; its file's name is left out."""
    return {
        "tables": [_plain_table(table) for table in document.tables],
        "paragraphs": document.paragraphs,
        "has_hidden": document.has_hidden,
    }


def from_plain(file: str, plain: Mapping[str, Any]) -> Document:
    """Return the document that `to_plain` was given."""
    return Document(
        file=file,
        tables=tuple(_table(table) for table in plain["tables"]),
        paragraphs=tuple(plain["paragraphs"]),
        has_hidden=plain["has_hidden"],
    )


def _plain_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "rows": table.rows,
        "above": table.above,
        "continued": sorted(table.continued),
        "spans": [[*place, end] for place, end in table.spans.items()],
        "unvalued": sorted(table.unvalued),
        "hidden_rows": sorted(table.hidden_rows),
        "hidden_columns": sorted(table.hidden_columns),
    }


def _table(plain: Mapping[str, Any]) -> Table:
    return Table(
        name=plain["name"],
        rows=tuple(map(tuple, plain["rows"])),
        above=tuple(plain["above"]),
        continued=frozenset((row, column) for row, column in plain["continued"]),
        spans={(row, column): end for row, column, end in plain["spans"]},
        unvalued=frozenset((row, column) for row, column in plain["unvalued"]),
        hidden_rows=frozenset(plain["hidden_rows"]),
        hidden_columns=frozenset(plain["hidden_columns"]),
    )
