"""What every reader of office files returns."""

from dataclasses import dataclass

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
