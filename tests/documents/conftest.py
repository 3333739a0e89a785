"""A small office, and builders of the files its people hand in."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import openpyxl
import pytest
import yaml

from documents.form import FormError, FormRow, read_form
from states.office import Indicator, Level, Office, Unit

Build = Callable[..., Path]
Read = Callable[..., tuple[FormRow, ...]]
Refuse = Callable[..., FormError]


CASE = Path(__file__).parents[2] / "cases" / "longwan-2015"


def an_indicator(code: str, name: str, lead_unit: str = "shirong") -> Indicator:
    return Indicator(
        code=code, name=name, main_content="", lead_unit=lead_unit, field=11, target_rank=3, year_end_target="全市前3"
    )


@pytest.fixture
def office() -> Office:
    units = [("shirong", "市容管理科"), ("zhidui", "直属执法中队"), ("banggong", "办公室")]
    return Office(
        name="城管局",
        own_district="龙湾区",
        sisters=("鹿城区", "瓯海区"),
        units=(
            Unit(code="bureau", name="区城管局", level=Level.DISTRICT, parent=None),
            *(Unit(code=code, name=name, level=Level.BUREAU, parent="bureau") for code, name in units),
        ),
        people=(),
        appointments=(),
        indicators=(
            an_indicator("srzz", "市容环境综合整治"),
            an_indicator("sgyc", "“三改一拆”违法建筑拆除"),
            an_indicator("tingche", "城区道路停车秩序", "zhidui"),
        ),
    )


@pytest.fixture
def xlsx(tmp_path: Path) -> Build:
    """Write rows to a workbook."""

    def build(
        rows: Sequence[Sequence[object]], *, name: str = "表.xlsx", sheet: str = "10月", merged: Sequence[str] = ()
    ) -> Path:
        workbook = openpyxl.Workbook()
        page = workbook.active
        assert page is not None
        page.title = sheet
        for number, row in enumerate(rows, start=1):
            for position, value in enumerate(row, start=1):
                page.cell(number, position).value = value  # type: ignore[assignment]  # any value a cell takes
        for area in merged:
            page.merge_cells(area)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return build


@pytest.fixture
def word(tmp_path: Path) -> Build:
    """Write paragraphs and one table to a document; `merged` are pairs of corners."""

    def build(
        rows: Sequence[Sequence[object]],
        *,
        paragraphs: Sequence[str] = (),
        merged: Sequence[tuple[tuple[int, int], tuple[int, int]]] = (),
        name: str = "表.docx",
    ) -> Path:
        document = docx.Document()
        for paragraph in paragraphs:
            document.add_paragraph(paragraph)
        table = document.add_table(len(rows), max(map(len, rows)))
        for number, row in enumerate(rows):
            for position, value in enumerate(row):
                table.cell(number, position).text = str(value)
        for top, bottom in merged:
            text = table.cell(*top).text
            table.cell(*top).merge(table.cell(*bottom)).text = text
        document.save(str(tmp_path / name))
        return tmp_path / name

    return build


@pytest.fixture
def read(office: Office) -> Read:
    return lambda path, unit="shirong", period=None: read_form(path, office=office, unit=unit, period=period)


@pytest.fixture
def refuse(office: Office) -> Refuse:
    """Read a form that must be refused, and return the error."""

    def expect(path: Path, unit: str = "shirong", period: str | None = None) -> FormError:
        with pytest.raises(FormError) as refused:
            read_form(path, office=office, unit=unit, period=period)
        return refused.value

    return expect


@pytest.fixture
def case_office() -> Office:
    """The office of the shipped case, as far as its forms need it."""
    units = yaml.safe_load((CASE / "config.yaml").read_text(encoding="utf-8"))["organisation"]["units"]
    with (CASE / "indicators.csv").open(encoding="utf-8-sig", newline="") as file:
        led = tuple(an_indicator(row["code"], row["name"], row["lead_unit"]) for row in csv.DictReader(file))
    return Office(
        name="城管局",
        own_district="龙湾区",
        sisters=("鹿城区", "瓯海区"),
        units=tuple(
            Unit(code=unit["code"], name=unit["name"], level=Level(unit["level"]), parent=unit["parent"])
            for unit in units
        ),
        people=(),
        appointments=(),
        indicators=led,
    )


@pytest.fixture
def read_case(case_office: Office) -> Read:
    return lambda path, unit, period: read_form(path, office=case_office, unit=unit, period=period)
