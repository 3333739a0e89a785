"""`kaoji report export`: 附1 of a report as a workbook, never in place of a file that is there."""

import json
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from app.bootstrap import read_settings
from app.export import form_of
from app.forms import rows_of_form
from app.place import DEMO_CASE
from app.replay import Replayed
from documents.form import FormError
from states.errors import UnknownSubject
from storage.database import open_database
from tests.app.conftest import Kaoji

REPORT = "2015-10/shirong"


def test_what_is_exported_is_imported_again(kaoji: Kaoji, played: tuple[Replayed, Path], tmp_path: Path) -> None:
    office = read_settings(DEMO_CASE / "config.yaml").office
    with open_database(f"sqlite:///{played[1] / 'office.db'}", read_only=True) as database:
        reports = database.reports(period="2015-10")
    assert {report.level.value for report in reports} == {"bureau", "district"}

    for report in reports:
        path = tmp_path / f"{report.unit}.xlsx"
        assert kaoji("report", "export", report.ref, str(path))[0] == 0
        rows = rows_of_form(path, report=report.ref, office=office)
        assert [(row.indicator, row.rank_text, row.comparison, row.target) for row in rows] == [
            (entry.indicator, entry.rank_text, entry.comparison, entry.target) for entry in report.entries
        ]


def test_signatures_that_stand_are_shown_with_names_and_days(kaoji: Kaoji, tmp_path: Path) -> None:
    kaoji("report", "export", REPORT, str(tmp_path / "表.xlsx"))
    page = openpyxl.load_workbook(tmp_path / "表.xlsx").worksheets[0]

    texts = [str(cell.value) for row in page for cell in row if cell.value is not None]
    assert "单位（盖章）：市容管理科" in texts
    assert [text for text in texts if re.fullmatch(r"(科室负责人|分管领导)（签字）：[^.]+ 2015年10月\d+日", text)]
    assert [text for text in texts if re.fullmatch(r"填报人：[^.]+", text)]


def test_a_void_signature_is_not_shown_and_a_proxy_is(played: tuple[Replayed, Path]) -> None:
    office = read_settings(DEMO_CASE / "config.yaml").office
    with open_database(f"sqlite:///{played[1] / 'office.db'}", read_only=True) as database:
        report, (first, second) = database.report(REPORT), database.signoffs(REPORT)
    assert report is not None

    form = form_of(report, [replace(first, void_seq=7), replace(second, on_behalf_of="leader.b")], office)

    assert form.signatures[0] == ("科室负责人（签字）", "")
    assert re.fullmatch(r"[^.]+（代[^.]+） 2015年10月\d+日", form.signatures[1][1])


def test_a_file_that_is_there_stays_unless_it_is_to_be_replaced(kaoji: Kaoji, tmp_path: Path) -> None:
    path = tmp_path / "表.xlsx"
    path.write_text("别人的文件")

    status, _, errors = kaoji("report", "export", REPORT, str(path))
    assert (status, path.read_text()) == (1, "别人的文件")
    assert errors.splitlines() == [f"文件 {path} 已经存在，没有改动", "请换一个文件名，或加 --force 覆盖"]

    assert kaoji("report", "export", REPORT, str(path), "--force")[0] == 0
    assert path.read_bytes().startswith(b"PK")
    assert list(tmp_path.iterdir()) == [path]


def test_without_a_name_it_is_named_after_month_and_unit(
    kaoji: Kaoji, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert kaoji("report", "export", REPORT)[1] == "已导出：2015-10_市容管理科.xlsx（2 项，第 7 版）\n"

    (tmp_path / "夹").mkdir()
    document = json.loads(kaoji("report", "export", REPORT, str(tmp_path / "夹"), "--json")[1])
    assert document["file"] == str(tmp_path / "夹" / "2015-10_市容管理科.xlsx")
    assert (tmp_path / "2015-10_市容管理科.xlsx").exists()
    assert Path(document["file"]).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["2015-10/nirgends", "x.xlsx"], "没有报表 2015-10/nirgends"),
        ([REPORT, "x.docx"], "文件名 x.docx 不对"),
        ([REPORT, "no/such/folder/x.xlsx"], "文件 no/such/folder/x.xlsx 写不成"),
    ],
)
def test_what_cannot_be_exported_is_told_in_two_lines(kaoji: Kaoji, arguments: list[str], said: str) -> None:
    status, printed, errors = kaoji("report", "export", *arguments)

    assert (status, printed) == (1, "")
    assert errors.startswith(said)
    assert len(errors.splitlines()) == 2


def test_last_months_table_is_not_imported_into_this_month(kaoji: Kaoji, tmp_path: Path) -> None:
    office = read_settings(DEMO_CASE / "config.yaml").office
    path = tmp_path / "表.xlsx"
    kaoji("report", "export", REPORT, str(path))

    with pytest.raises(FormError, match="要报的却是2015年11月的表"):
        rows_of_form(path, report="2015-11/shirong", office=office)
    with pytest.raises(UnknownSubject):
        rows_of_form(path, report="十月/shirong", office=office)
