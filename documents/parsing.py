"""From bytes to tables. Runs in the process of its own that `documents.sandbox` keeps: see there why."""

from documents.archive import safe_copy
from documents.document import Document
from documents.problem import refusal
from documents.table import MAX_CELLS

MAX_CHARACTERS = 2_000_000
"""All cells and paragraphs together; a merged cell counts in each of its rows."""


def parse(file: str, content: bytes, kind: str) -> Document:
    """Return the tables of an office file of a known kind: `.xlsx`, `.xls` or `.docx`. Raises FormError."""
    if kind == ".docx":
        from documents.word import read_word

        document = read_word(file, safe_copy(file, content))
    else:
        from documents.spreadsheet import read_spreadsheet

        document = read_spreadsheet(file, safe_copy(file, content) if kind == ".xlsx" else content, kind)
    cells = [len(cell) for table in document.tables for row in table.rows for cell in row if cell]
    if len(cells) > MAX_CELLS or sum(cells) + sum(map(len, document.paragraphs)) > MAX_CHARACTERS:
        raise refusal(
            file, f"内容过多（超过 {MAX_CELLS:,} 格或 {MAX_CHARACTERS:,} 字）", "请只留本表，删去无关内容再报"
        )
    return document
