"""What is wrong with a form, told to the person who filled it."""

from collections.abc import Iterable
from dataclasses import dataclass

from states.errors import Failure

SHOWN = 20
"""So many problems are written out; a table that is wrong all over needs no longer list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to put right: where it stands, what stands there, and what to do.

    `sheet` is the sheet's name or `表1`, `row` counts from 1 as the office program shows it (in a Word table: from
    the table's first row), `column` is a title of 附1. What does not apply is None.
    """

    file: str
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    found: str
    expected: str

    def line(self) -> str:
        """One line in Chinese: place, what is wrong, what to do."""
        row = None if self.row is None else f"第{self.row}行"
        column = None if self.column is None else f"“{self.column}”"
        place = " ".join(part for part in (self.file, self.sheet, row, column) if part)
        return f"{place}：{self.found}；{self.expected}。"


class FormError(Failure):
    """The form cannot be taken over. `problems` holds all that was found; as text it names them line by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [problem.line() for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            lines.append(f"……另有 {len(self.problems) - SHOWN} 处问题。")
        first = self.problems[0]
        if len(self.problems) == 1 and (first.sheet, first.row, first.column) == (None, None, None):
            # In a file that cannot be read at all there is nothing to correct.
            super().__init__(f"{first.file}：{first.found}", f"{first.expected}；没有保存任何内容")
        else:
            super().__init__("\n".join(lines), "请按上面各处修改表格后重新导入；没有保存任何内容")
        self._lines = lines

    def __str__(self) -> str:
        """Each problem in a line with what to do about it: a story and a log show no remedy beside it."""
        return "\n".join(self._lines)


def refusal(file: str, found: str, expected: str, *, sheet: str | None = None) -> FormError:
    """Return the error for a file that cannot be read at all."""
    return FormError([Problem(file=file, sheet=sheet, found=found, expected=expected)])
