"""附1 《市对区考绩指标进展情况表》 as staff filled it: which row is which indicator, and what is wrong with it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from documents.month import Month, of_line, of_sheet
from documents.problem import FormError, Problem
from documents.source import Document, read_document
from documents.table import Column, Header, Section, Table, nearest_header, sections
from documents.text import clean, fold, shortened, without_numbering
from states.gaps import place_of, place_words
from states.office import Indicator, Office
from states.periods import year_month
from states.words import quoted

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
_EXCEL_ERRORS = {
    "#REF!": "公式引用的单元格已不存在",
    "#N/A": "公式没有查到结果",
    "#NAME?": "公式中有不认识的名称",
    "#VALUE!": "公式中的数据类型不对",
    "#DIV/0!": "公式中除数为零",
    "#NUM!": "公式算不出数",
    "#NULL!": "公式引用的区域没有交集",
    "#SPILL!": "公式的结果没有地方放",
    "#CALC!": "公式算不出结果",
    "#GETTING_DATA": "公式还在取数",
    "#?": "公式出错",
}
_UNIT_LINE = re.compile(
    r"单\s?位\s*[（(]\s*(?:盖\s*章|公\s*章)\s*[）)]\s*[：:]?\s*(?P<name>.*?)(?:\s{2,}|\t|单位主要负责人|$)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One row of 附1, matched to an indicator; its texts are stripped and otherwise as written, and may be empty.

    `indicator` is the indicator's code. `place` is where the row stands, for messages: `[shirong.xlsx]10月!4`.
    """

    indicator: str
    rank_text: str
    comparison: str
    target: str
    place: str


def read_form(path: Path, *, office: Office, unit: str, period: str | None = None) -> tuple[FormRow, ...]:
    """Read the form a unit filled: one row per indicator found, in the order of the file (spec, parts 4 and 14).

    Takes 附1 of the notice in .xlsx, .xls or .docx, with its columns in any order, on any visible sheet or in any
    table. Of sheets named after months only the one of `period` (`2015-10`) is read, where there is one. An indicator
    of the unit that the form lacks, and a cell that is blank or cannot be read, is no error here: sending the report
    names these gaps.
    FormError, with all problems at once, if the file cannot be read, is another unit's or another month's, or holds
    anything that nobody sees or that would have to be guessed. KeyError for a unit the office does not have.
    """
    indicators = office.indicators_of(unit)
    document = read_document(path)
    found = [section for table in document.tables for section in sections(table)]
    if period is not None:
        found = _of_month(found, period)
    if not found:
        raise FormError([*_foreign_unit(document, office, unit), *_header_problems(document)])
    lines = list(_lines(document.file, found))
    outcomes = [outcome for line in lines for outcome in _judge(line, office, unit)]
    rows = [outcome for outcome in outcomes if isinstance(outcome, FormRow)]
    problems = [
        *_foreign_unit(document, office, unit),
        *([] if period is None else _other_months(document.file, found, period)),
        *(problem for section in found for problem in _repeated_columns(document.file, section)),
        *(problem for section in found for problem in _hidden_columns(document.file, section)),
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
        return place_of(self.file, self.section.table.name, self.row + 1)

    def problem(self, column: Column | None, found: str, expected: str) -> Problem:
        sheet = self.section.table.name
        return Problem(file=self.file, sheet=sheet, row=self.row + 1, column=column, found=found, expected=expected)

    def says_anew(self, column: Column) -> bool:
        """Whether the cell holds text of its own, not the lower part of a merged cell."""
        return bool(self.texts[column]) and not self.section.is_continued(self.row, column)

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees the row."""
        return self.row in self.section.table.hidden_rows

    def is_unvalued(self, column: Column) -> bool:
        """Whether the cell has a formula without a value."""
        return (self.row, self.section.position(column)) in self.section.table.unvalued

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
            if any(line.says_anew(column) or line.is_unvalued(column) for column in Column):
                yield line


def _judge(line: _Line, office: Office, unit: str) -> Iterator[FormRow | Problem]:
    """Yield the row, or all that is wrong with it, or nothing for a note."""
    written = line.texts[Column.INDICATOR]
    own = _match(written, office.indicators_of(unit))
    if own is None and line.is_note():
        return
    if line.is_hidden:
        yield _hidden(line)
        return
    yield from _too_long(line)
    yield from _not_computed(line)
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


def _hidden(line: _Line) -> Problem:
    content = "、".join(shortened(text, 20) for text in dict.fromkeys(line.texts.values()) if text)
    return line.problem(
        None, f"这是隐藏行（或被筛选掉的行），却填了“{content}”", "请取消隐藏（取消筛选）后核对，或删去此行"
    )


def _not_computed(line: _Line) -> Iterator[Problem]:
    """Yield a problem for each cell whose formula came to nothing that could be kept."""
    for column, text in line.texts.items():
        if line.section.is_continued(line.row, column):
            continue
        if line.is_unvalued(column):
            yield line.problem(
                column,
                "单元格里是公式，文件中却没有存下它的结果",
                "请用 WPS 或 Excel 打开，重新保存后再报，或直接填写结果",
            )
        elif meaning := _EXCEL_ERRORS.get(text.upper()):
            yield line.problem(column, f"“{text}”是 Excel 的出错提示（{meaning}），不是内容", "请直接填写结果")


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
    found = f"没有名为{quoted(name)}的考绩指标"
    if other is not None:
        found = f"{quoted(name)}是{office.unit_by_code[other.lead_unit].name}的指标，不是本单位的"
    expected = f"{_names(office.indicators_of(unit))}，请改正或删去此行"
    return line.problem(Column.INDICATOR, found, expected)


def _nameless(line: _Line) -> Problem:
    content = shortened(line.texts[Column.RANK] or line.texts[Column.COMPARISON])
    return line.problem(Column.INDICATOR, f"此行填了“{content}”，却没有指标名称", "请补上指标名称，或清空此行")


def _names(indicators: Sequence[Indicator]) -> str:
    names = "、".join(indicator.name for indicator in indicators)
    return f"本单位的指标是：{names}" if names else "本单位没有牵头的考绩指标"


def _of_month(found: Sequence[Section], period: str) -> list[Section]:
    """Leave out the forms of other months where one of this month is beside them: a sheet a month is usual."""
    months = [[month for _, named in _month_names(section) for month in named] for section in found]
    if not any(month.is_of(period) for named in months for month in named):
        return list(found)
    return [
        section
        for section, named in zip(found, months, strict=True)
        if not named or any(month.is_of(period) for month in named)
    ]


def _other_months(file: str, found: Sequence[Section], period: str) -> Iterator[Problem]:
    """Yield a problem for each title or sheet that names another month than the report's."""
    year, month = year_month(period)
    seen: set[tuple[str, str]] = set()
    for section in found:
        for written, named in _month_names(section):
            if named and not any(one.is_of(period) for one in named) and (section.table.name, written) not in seen:
                seen.add((section.table.name, written))
                is_sheet = written == section.table.name
                yield Problem(
                    file=file,
                    sheet=section.table.name,
                    found=f"{'工作表名' if is_sheet else f'表题“{shortened(written)}”'}写的是{named[0]}，"
                    f"要报的却是{year}年{month}月的表",
                    expected=f"请选{month}月的文件；如果填的确是{month}月，请把“{named[0]}”改成{month}月",
                )


def _month_names(section: Section) -> Iterator[tuple[str, list[Month]]]:
    """Yield where a form may name its month, and the months named there: its sheet's name, the lines above it."""
    yield section.table.name, of_sheet(section.table.name)
    for line in section.lines_above:
        yield clean(line), of_line(line)


def _duplicates(lines: Sequence[_Line], office: Office, unit: str) -> Iterator[Problem]:
    first: dict[str, _Line] = {}
    for line in lines:
        name = line.texts[Column.INDICATOR]
        indicator = _match(name, office.indicators_of(unit))
        if indicator and (before := first.setdefault(indicator.code, line)) is not line:
            found = f"{quoted(shortened(name))}重复，前面已见于 {place_words(before.place)}"
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


def _hidden_columns(file: str, section: Section) -> Iterator[Problem]:
    for column in section.header.positions:
        if (position := section.position(column)) in section.table.hidden_columns:
            yield Problem(
                file=file,
                sheet=section.table.name,
                row=section.header.first + 1,
                column=column,
                found=f"这一列（第{position + 1}列）是隐藏的",
                expected="请取消隐藏，核对内容后再报",
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
