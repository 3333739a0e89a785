"""附1 《市对区考绩指标进展情况表》 as staff filled it: which row is which indicator, and what is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from documents.problem import FormError, Problem
from documents.source import Document, read_document
from documents.table import Column, Header, Section, Table, nearest_header, sections
from documents.text import clean, fold, shortened, without_numbering
from states.office import Indicator, Office

__all__ = ["FormError", "FormRow", "Problem", "read_form"]

MAX_CELL = 2_000
"""Characters one cell may hold."""

_LABELS = (
    "填[表报]|制表|审[核签]|经办|联系|负责|单位|科室|区?分管|局?领导|日期|时间|电话|手机|传真|邮箱|盖章|公章|签[字章]"
)
_NOTE = re.compile(  # matched against folded text
    r"(?:备?注|说明|附件?)\d{0,2}(?:[:(、.]|$)"
    rf"|(?:{_LABELS})[^:]{{0,12}}:"
    r"|(?:填[表报]|制表|审[核签]|经办|联系|负责)人$|(?:填[表报])?日期$|(?:联系)?电话$"
    r"|\(?(?:盖章|公章|签[字章])\)?$|\d{4}年\d{1,2}月(?:\d{1,2}日)?$"
)
_UNIT_LINE = re.compile(
    r"单\s?位\s*[（(]\s*(?:盖\s*章|公\s*章)\s*[）)]\s*[：:]?\s*(?P<name>.*?)(?:\s{2,}|\t|单位主要负责人|$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One row of 附1, matched to an indicator; its texts are stripped and otherwise as written, and may be empty.

    `indicator` is the indicator's code. `place` is where the row stands, for messages: `shirong.xlsx 10月 第4行`.
    """

    indicator: str
    rank_text: str
    comparison: str
    target: str
    place: str


def read_form(path: Path, *, office: Office, unit: str) -> tuple[FormRow, ...]:
    """Read the form a unit filled: one row per indicator found, in the order of the file (spec, parts 4 and 14).

    Takes 附1 of the notice in .xlsx, .xls or .docx, with its columns in any order, on any visible sheet or in any
    table. An indicator of the unit that the form lacks is no error here: sending the report names the gap.
    FormError, with all problems at once, if the file cannot be read, is another unit's, or holds anything that would
    have to be guessed. KeyError for a unit the office does not have.
    """
    indicators = office.indicators_of(unit)
    document = read_document(path)
    found = [section for table in document.tables for section in sections(table)]
    if not found:
        raise FormError([*_foreign_unit(document, office, unit), *_header_problems(document)])
    lines = list(_lines(document.file, found))
    outcomes = [outcome for line in lines for outcome in _judge(line, office, unit)]
    rows = [outcome for outcome in outcomes if isinstance(outcome, FormRow)]
    problems = [
        *_foreign_unit(document, office, unit),
        *(problem for section in found for problem in _repeated_columns(document.file, section)),
        *(outcome for outcome in outcomes if isinstance(outcome, Problem)),
        *_duplicates(lines, office, unit),
        *([] if rows else [_nothing_matched(document.file, indicators)]),
    ]
    if problems:
        raise FormError(problems)
    return tuple(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A row below a header that holds something: its cleaned texts, and where it stands."""

    file: str
    section: Section
    row: int
    texts: Mapping[Column, str]

    @property
    def place(self) -> str:
        return f"{self.file} {self.section.table.name} 第{self.row + 1}行"

    def problem(self, column: Column, found: str, expected: str) -> Problem:
        sheet = self.section.table.name
        return Problem(file=self.file, sheet=sheet, row=self.row + 1, column=column, found=found, expected=expected)

    def says_anew(self, column: Column) -> bool:
        """Whether the cell holds text of its own, not the lower part of a merged cell."""
        return bool(self.texts[column]) and not self.section.is_continued(self.row, column)

    def is_note(self) -> bool:
        """Whether the row is a note, a heading, or a line of signatures."""
        first = next((cell for cell in self.section.table.rows[self.row] if clean(cell)), "")
        starts = (first, self.texts[Column.INDICATOR])
        return self.section.is_wide(self.row) or any(_NOTE.match(fold(start)) for start in starts)


def _lines(file: str, found: Sequence[Section]) -> Iterator[_Line]:
    for section in found:
        for row in section.rows:
            texts = {column: clean(section.text(row, column)) for column in Column}
            line = _Line(file=file, section=section, row=row, texts=texts)
            if any(line.says_anew(column) for column in Column):
                yield line


def _judge(line: _Line, office: Office, unit: str) -> Iterator[FormRow | Problem]:
    """Yield the row, or all that is wrong with it, or nothing for a note."""
    written = line.texts[Column.INDICATOR]
    own = _match(written, office.indicators_of(unit))
    if own is None and line.is_note():
        return
    yield from _too_long(line)
    if own is not None:
        yield _form_row(line, own)
    elif written:
        yield _not_ours(line, office, unit)
    elif line.says_anew(Column.RANK) or line.says_anew(Column.COMPARISON):
        yield _nameless(line)


def _too_long(line: _Line) -> Iterator[Problem]:
    for column, text in line.texts.items():
        if len(text) > MAX_CELL and line.says_anew(column):
            yield line.problem(column, f"单元格有 {len(text)} 个字", f"请缩写到 {MAX_CELL} 字以内")


def _form_row(line: _Line, indicator: Indicator) -> FormRow:
    return FormRow(
        indicator=indicator.code,
        rank_text=line.texts[Column.RANK],
        comparison=line.texts[Column.COMPARISON],
        target=line.texts[Column.TARGET],
        place=line.place,
    )


def _match(written: str, indicators: Sequence[Indicator]) -> Indicator | None:
    """Return the indicator of that name; a leading number is dropped only where the name as written is unknown."""
    by_name = {fold(indicator.name): indicator for indicator in indicators}
    return by_name.get(fold(written)) or by_name.get(fold(without_numbering(written)))


def _not_ours(line: _Line, office: Office, unit: str) -> Problem:
    name = shortened(line.texts[Column.INDICATOR])
    other = _match(line.texts[Column.INDICATOR], office.indicators)
    found = f"没有名为“{name}”的考绩指标"
    if other is not None:
        found = f"“{name}”是{office.unit_by_code[other.lead_unit].name}的指标，不是本单位的"
    expected = f"{_names(office.indicators_of(unit))}，请改正或删去此行"
    return line.problem(Column.INDICATOR, found, expected)


def _nameless(line: _Line) -> Problem:
    content = shortened(line.texts[Column.RANK] or line.texts[Column.COMPARISON])
    return line.problem(Column.INDICATOR, f"此行填了“{content}”，却没有指标名称", "请补上指标名称，或清空此行")


def _names(indicators: Sequence[Indicator]) -> str:
    names = "、".join(indicator.name for indicator in indicators)
    return f"本单位的指标是：{names}" if names else "本单位没有牵头的考绩指标"


def _duplicates(lines: Sequence[_Line], office: Office, unit: str) -> Iterator[Problem]:
    first: dict[str, _Line] = {}
    for line in lines:
        name = line.texts[Column.INDICATOR]
        indicator = _match(name, office.indicators_of(unit))
        if indicator and (before := first.setdefault(indicator.code, line)) is not line:
            found = f"“{shortened(name)}”重复，前面已见于 {before.place}"
            yield line.problem(Column.INDICATOR, found, "每项指标只留一行，其他月份的表请移出此文件")


def _nothing_matched(file: str, indicators: Sequence[Indicator]) -> Problem:
    return Problem(file=file, found="表中没有本单位的指标", expected=_names(indicators) + "，请核对是否选错了文件")


def _foreign_unit(document: Document, office: Office, unit: str) -> Iterator[Problem]:
    """Yield a problem for each 单位（盖章） line that names another unit of the office."""
    own = office.unit_by_code[unit].name
    others = {fold(other.name): other.name for other in office.units} | {fold(own): own}
    named = (others.get(fold(name)) for name in _unit_names(document))
    for name in dict.fromkeys(named):
        if name not in {None, own}:
            yield Problem(
                file=document.file,
                found=f"“单位（盖章）”写的是“{name}”，这是另一单位的表",
                expected=f"请选“{own}”的表，或更正单位名称",
            )


def _unit_names(document: Document) -> Iterator[str]:
    lines = ("  ".join(cell for cell in row if cell) for table in document.tables for row in table.rows)
    for line in (*document.paragraphs, *lines):
        for match in _UNIT_LINE.finditer(line):
            yield match["name"].strip(" _　")


def _header_problems(document: Document) -> Iterator[Problem]:
    nearest = [(table, header) for table in document.tables if (header := nearest_header(table))]
    if nearest:
        table, header = max(nearest, key=lambda pair: len(pair[1].positions))
        yield from _missing_columns(document.file, table, header)
    else:
        yield Problem(
            file=document.file,
            found="没有找到《市对区考绩指标进展情况表》的表头"
            + ("（隐藏的工作表不读）" if document.has_hidden else ""),
            expected=f"表头应有：{'、'.join(Column)}，请用附1的格式填报",
        )


def _missing_columns(file: str, table: Table, header: Header) -> Iterator[Problem]:
    titles = "、".join(shortened(title, 20) for title in header.titles[:12])
    for column in header.missing:
        yield Problem(
            file=file,
            sheet=table.name,
            row=header.first + 1,
            column=column,
            found=f"表头缺少这一列，现有：{titles}",
            expected="请按附1补上这一列",
        )


def _repeated_columns(file: str, section: Section) -> Iterator[Problem]:
    for column in section.header.repeated:
        places = "、".join(f"第{position + 1}列" for position in section.header.positions[column])
        yield Problem(
            file=file,
            sheet=section.table.name,
            row=section.header.first + 1,
            column=column,
            found=f"这一列有不止一个（{places}）",
            expected="请只留一列",
        )
