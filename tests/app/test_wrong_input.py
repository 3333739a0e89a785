"""Wrong input on the command line: one clear message naming place and remedy, the status promised, nothing changed."""

import errno
import json
import os
import re
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from app.bootstrap import read_settings
from app.cli import main
from app.names import Names, names_of
from app.refusals import explain
from states.definitions import bodies_of
from storage.lock import DaemonLock
from tests.app.builders import an_office, changed, last_month, records, url_of

Run = Callable[..., tuple[int, str, list[str]]]

REF = f"{last_month()}/market"
TITLES = ["考绩指标", "最新排名（或预估排名）", "目前三区比较情况", "年终承诺目标"]
STALLS = ["流动摊点管理", "第5", "三区居中", "全市前4"]
SIGNS = ["店招店牌规范", "第6", "三区居中", "全市前5"]
NOBODY = 65534


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line on that office: status, standard output, the lines of standard error."""

    def run(*arguments: str | Path, config: Path = office) -> tuple[int, str, list[str]]:
        try:
            status = main(["--config", str(config), *map(str, arguments)])
        except SystemExit as stopped:
            status = int(stopped.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err.splitlines()

    return run


@pytest.fixture
def refused(kaoji: Run, office: Path) -> Callable[..., tuple[str, str]]:
    """Runs a command that must be refused: the two lines said, after looking that nothing changed."""

    def run(*arguments: str | Path) -> tuple[str, str]:
        before = records(office)
        status, printed, said = kaoji(*arguments)
        assert (status, printed) == (1, ""), said
        assert len(said) >= 2, said
        assert records(office) == before
        return "\n".join(said[:-1]), said[-1]

    return run


Refuse = Callable[..., tuple[str, str]]


# --- names nobody knows, stale versions, wrong people ---------------------------------------------------------------

WRONG: dict[str, tuple[list[str], str, str]] = {
    "status of no report": (["status", "2015-10/market"], "没有报表 2015-10/market", "kaoji status"),
    "status of no ref": (["status", "market"], "没有报表 market", "期次/单位"),
    "show of no report": (["report", "show", "2015-10/market"], "没有报表", "期次/单位"),
    "board of no unit": (["status", "--unit", "moon"], "没有单位 moon", "market"),
    "board of no state": (["status", "--state", "done"], "没有状态 done", "section_signed"),
    "board of no period": (["status", "--period", "2015-13"], "期次 2015-13 不对", "2015-10"),
    "inbox of nobody": (["inbox", "ghost"], "没有人员 ghost", "market.clerk"),
    "history of nothing": (["history", "2015-10/market"], "没有 2015-10/market", "期次/单位"),
    "history of no case": (["history", "999"], "没有 999", "编号"),
    "no case": (["case", "show", "999"], "没有督查件 999", "kaoji case list"),
    "no case of that name": (["case", "show", f"{REF}/stalls"], "没有督查件", "kaoji case list"),
    "cases of no unit": (["case", "list", "--unit", "moon"], "没有单位 moon", "market"),
    "contacts of no unit": (["liaison", "list", "--unit", "moon"], "没有单位 moon", "market"),
    "act on no report": (["report", "send", "2015-10/market", "--as", "market.clerk"], "没有报表", "kaoji status"),
    "act on no ref": (["report", "send", "market", "--as", "market.clerk"], "没有报表 market", "期次/单位"),
    "act on no case": (
        ["case", "close", "999", "--as", "assessor", "--reason", "x"],
        "没有督查件 999",
        "kaoji case list",
    ),
    "visit of no unit": (["liaison", "visit", "moon", "--as", "market.clerk"], "没有单位 moon", "market"),
    "stale version": (
        ["report", "edit", REF, "stalls", "--rank", "第5", "--as", "market.clerk", "--version", "99"],
        "您依据的是第 99 版，现在是第 1 版",
        "重新打开",
    ),
    "wrong actor": (["report", "send", REF, "--as", "market.head"], "（market.head） 不是", "market.clerk"),
    "actor of another unit": (["report", "send", REF, "--as", "patrol.clerk"], "（patrol.clerk） 不是", "market.clerk"),
    "nobody": (["report", "send", REF, "--as", "ghost"], "没有人员 ghost", "（market.clerk）"),
    "wrong actor on a case": (["case", "confirm", "1", "--as", "market.head"], "（market.head） 不是", "assessor"),
    "wrong state": (["report", "sign", REF, "--as", "market.head"], "还没有送签", "送签"),
    "gaps": (["report", "send", REF, "--as", "market.clerk"], "“流动摊点管理”没有填最新排名", "补齐"),
    "no such indicator": (
        ["report", "edit", REF, "moon", "--rank", "第5", "--as", "market.clerk"],
        f"{REF} 没有指标 moon",
        "流动摊点管理（stalls）、店招店牌规范（signs）",
    ),
    "nothing to take over": (
        ["report", "edit", REF, "stalls", "--take-over", "--as", "market.clerk"],
        "没有上期可沿用",
        "直接填写",
    ),
    "no reason": (["case", "waive", "1", "--as", "assessor"], "必须写明理由", "写明理由"),
    "wrong state of a case": (["case", "close", "1", "--as", "assessor", "--reason", "x"], "不能销号", "跟踪督查"),
    "field of nothing": (["rank", "parse", "第5", "--field", "0"], "--field 0", "11"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_is_told_in_two_lines_and_changes_nothing(refused: Refuse, name: str) -> None:
    arguments, wrong, right = WRONG[name]

    said, remedy = refused(*arguments)

    assert wrong in said
    assert right in remedy
    assert remedy


@pytest.mark.parametrize("arguments", [["status", "2015-10/market"], ["case", "show", "999"], ["inbox", "ghost"]])
def test_a_refused_question_prints_no_half_document(refused: Refuse, arguments: list[str]) -> None:
    assert refused(*arguments, "--json")


def test_an_edit_that_changes_nothing_is_no_edit(kaoji: Run, refused: Refuse) -> None:
    edit = ("report", "edit", REF, "stalls", "--rank", "第5", "--as", "market.clerk")
    assert kaoji(*edit)[0] == 0

    said, _ = refused(*edit)

    assert "没有改动" in said


def test_a_file_that_is_not_there_asks_for_its_path(refused: Refuse, tmp_path: Path) -> None:
    said, remedy = refused(*imported(tmp_path / "none.xlsx"))

    assert said == "none.xlsx：找不到这个文件"
    assert remedy == f"请核对路径 {tmp_path / 'none.xlsx'}；没有保存任何内容"


def test_an_import_of_what_stands_there_is_no_import(kaoji: Run, refused: Refuse, tmp_path: Path) -> None:
    form = a_form(tmp_path, STALLS, SIGNS)
    assert kaoji(*imported(form))[0] == 0
    assert "可以直接送签" in refused(*imported(form))[1]
    assert kaoji("report", "send", REF, "--as", "market.clerk")[0] == 0

    said, remedy = refused(*imported(form))

    assert said == "导入的内容与现在的表完全相同，没有改动"
    assert "没有收回" in remedy


def test_who_may_not_waive_is_told_so_without_a_double_negation(refused: Refuse) -> None:
    said, remedy = refused("case", "waive", "1", "--as", "market.head", "--reason", "x")

    assert said.endswith("考绩办，不能决定不予扣分")
    assert "局考绩办（assessor）" in remedy


SPAN = ["case", "waive", "--from", "2020-01-01", "--to", "2100-01-01"]


def test_what_was_proposed_in_a_span_is_waived_in_one_act_and_told_in_one_mail(kaoji: Run, office: Path) -> None:
    waive = [*SPAN, "--reason", "时钟走错", "--as", "assessor", "--command-id", "the clock"]
    cases = json.loads(kaoji("case", "list", "--open", "--json")[1])
    proposed = [case for case in cases if case["state"] == "score_deduction"]
    own = [str(case["case"]) for case in proposed if case["unit"] != "bureau"]
    others = [str(case["case"]) for case in proposed if case["unit"] == "bureau"]
    assert own
    assert others

    status, printed, said = kaoji(*waive)

    assert (status, printed) == (1, f"不予扣分：第 {'、'.join(own)} 号督查件，共 {len(own)} 件\n")
    assert said[::2] == [f"第 {number} 号督查件仍拟扣分，不归您办理" for number in others]
    assert set(said[1::2]) == {"应由考绩办办理：区考绩办（district.assessor）"}
    left = json.loads(kaoji("case", "list", "--open", "--json")[1])
    assert [str(case["case"]) for case in left if case["state"] == "score_deduction"] == others
    closed = [one for one in json.loads(kaoji("mail", "list", "--json")[1]) if one["purpose"] == "case_closed"]
    assert sorted(one["recipient"] for one in closed).count("assessor") == 1
    letter = kaoji("mail", "show", str(next(one["mail"] for one in closed if one["recipient"] == "assessor")))[1]
    for words in (f"{len(own)}件督查件", "时钟走错", "市场秩序科", "环境卫生科", "执法一中队", "不予扣分"):
        assert words in letter
    before = records(office)
    assert kaoji(*waive)[1].startswith(f"此前已经办理，不予扣分：第 {'、'.join(own)} 号")
    assert records(office) == before


def test_a_span_in_which_one_may_waive_nothing_is_refused(refused: Refuse) -> None:
    assert "没有提出过扣分" in refused("case", "waive", "--from", "2020-01-01", "--to", "2020-02-01",
                                 "--reason", "x", "--as", "assessor")[0]  # fmt: skip
    assert "不能决定不予扣分" in refused(*SPAN, "--reason", "x", "--as", "market.clerk")[0]
    assert "必须写明理由" in refused(*SPAN, "--as", "assessor")[0]


def test_a_stale_version_names_what_was_done_since(kaoji: Run, refused: Refuse) -> None:
    edit = ("report", "edit", REF, "stalls", "--rank", "第5", "--as", "market.clerk", "--version", "1")
    assert kaoji(*edit)[0] == 0

    said, _ = refused(*edit)

    assert said.endswith("（market.clerk）填报")


def names_in(config: Path) -> Names:
    return names_of(bodies_of(read_settings(config).definitions))


def test_the_number_of_anothers_command_is_refused(kaoji: Run, refused: Refuse) -> None:
    urge = ("report", "urge", REF, "--command-id", "one click", "--as")
    assert kaoji(*urge, "office")[0] == 0

    said, remedy = refused(*urge, "assessor")

    assert "one click 已被 office 用过" in said
    assert "新的编号" in remedy


def test_the_same_command_twice_is_one_act_and_says_so(kaoji: Run, office: Path) -> None:
    urge = ("report", "urge", REF, "--command-id", "one click", "--as", "office", "--json")
    first = json.loads(kaoji(*urge)[1])
    before = records(office)

    again = json.loads(kaoji(*urge)[1])

    assert again == {**first, "repeated": True}
    assert not first["repeated"]
    assert records(office) == before


def test_an_act_takes_people_units_and_indicators_by_name(kaoji: Run, office: Path) -> None:
    names = names_in(office)
    ref, clerk = f"{last_month()}/市场秩序科", names.people["market.clerk"]

    status, printed, said = kaoji("report", "edit", ref, "流动摊点管理", "--rank", "第5", "--as", clerk)

    assert (status, said) == (0, [])
    assert REF in printed
    assert json.loads(kaoji("history", REF, "--json")[1])[-1]["actor"] == "market.clerk"


def test_a_refusal_names_who_asked_and_who_may(refused: Refuse, office: Path) -> None:
    people = names_in(office).people

    said, remedy = refused("report", "send", REF, "--as", "market.head")

    assert said.startswith(f"{people['market.head']}（market.head） 不是 {REF} 的填报人")
    assert f"{people['market.clerk']}（market.clerk）" in remedy


# --- forms ---------------------------------------------------------------------------------------------------------


def a_form(folder: Path, *rows: Sequence[str], titles: Sequence[str] = TITLES, above: str = "进展情况表") -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in ([above], titles, *rows):
        sheet.append(list(row))
    workbook.save(folder / "表.xlsx")
    return folder / "表.xlsx"


def imported(form: Path, ref: str = REF) -> list[str | Path]:
    return ["report", "import", ref, form, "--as", "market.clerk"]


def test_a_right_form_is_taken_over(kaoji: Run, tmp_path: Path) -> None:
    status, printed, said = kaoji(*imported(a_form(tmp_path, STALLS, SIGNS)))

    assert (status, said) == (0, [])
    assert "已办理" in printed


def test_a_sent_draft_is_called_sent(kaoji: Run, tmp_path: Path) -> None:
    kaoji(*imported(a_form(tmp_path, STALLS, SIGNS)))
    assert kaoji("report", "send", REF, "--as", "market.clerk")[0] == 0

    def listed(word: str) -> list[str]:
        return [line["report"] for line in json.loads(kaoji("status", "--state", word, "--json")[1])]

    assert "已送签" in kaoji("status", "--unit", "market", "--period", last_month())[1]
    assert listed("已送签") == listed("sent") == [REF]
    assert REF not in listed("起草")
    assert REF in listed("draft")
    assert "sent" not in json.loads(kaoji("status", "--json")[1])[0]


def test_a_form_with_a_missing_column_is_told_where(refused: Refuse, tmp_path: Path) -> None:
    form = a_form(tmp_path, STALLS[:1] + STALLS[2:], titles=TITLES[:1] + TITLES[2:])

    said, remedy = refused(*imported(form))

    assert "表.xlsx Sheet 第2行 “最新排名（或预估排名）”：表头缺少这一列" in said
    assert "没有保存任何内容" in remedy


def test_a_form_of_another_unit_is_told_so(kaoji: Run, office: Path, tmp_path: Path) -> None:
    before = records(office)
    form = a_form(tmp_path, ["垃圾分类", "第5", "居中", "全市前3"], above="单位（盖章）：环境卫生科")

    status, printed, said = kaoji(*imported(form))

    assert (status, printed) == (1, "")
    assert any("这是另一单位的表" in line for line in said)
    assert any("“垃圾分类”是环境卫生科的指标" in line for line in said)
    assert "没有保存任何内容" in said[-1]
    assert records(office) == before


def test_every_unreadable_rank_is_told_with_its_cell(refused: Refuse, tmp_path: Path) -> None:
    form = a_form(tmp_path, [STALLS[0], "还行", *STALLS[2:]], [SIGNS[0], "第99", *SIGNS[2:]])

    said, remedy = refused(*imported(form))

    assert "表.xlsx Sheet 第3行 “流动摊点管理”最新排名“还行”无法识别（应为 1–11 的名次" in said
    assert "第4行 “店招店牌规范”最新排名“第99”无法识别" in said
    assert "--with-gaps" in remedy


def test_beside_an_unreadable_rank_every_other_gap_is_told_each_on_a_line_of_its_own(
    refused: Refuse, tmp_path: Path
) -> None:
    form = a_form(tmp_path, [STALLS[0], "2026-05-12", "", STALLS[3]], [SIGNS[0], "", SIGNS[2], ""])

    said, _ = refused(*imported(form))

    first, second = "表.xlsx Sheet 第3行 “流动摊点管理”", "表.xlsx Sheet 第4行 “店招店牌规范”"
    assert said.splitlines() == [
        "表中有 4 处没有填好：",
        f"{first}最新排名5/12 被 Excel 变成了日期（2026-05-12），请把单元格设为文本后重填 5/12",
        f"{first}没有填目前三区比较情况",
        f"{second}没有填最新排名（应为名次、预估名次或“暂无排名”）",
        f"{second}没有填年终承诺目标",
    ]


@pytest.mark.parametrize("gap", ["", "还行"])
def test_a_form_with_gaps_is_kept_as_a_draft_where_asked_for(kaoji: Run, tmp_path: Path, gap: str) -> None:
    form = a_form(tmp_path, [STALLS[0], gap, *STALLS[2:]], SIGNS)

    assert kaoji(*imported(form), "--with-gaps")[0] == 0

    entries = json.loads(kaoji("status", REF, "--json")[1])["entries"]
    assert [entry["rank"] for entry in entries] == [None, 6]


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("表.txt", b"x", "不支持这种文件（.txt）"),
        ("表.xlsx", b"", "文件是空的"),
        ("表.xlsx", b"no workbook", "内容却不是这种文件"),
        ("表.docx", b"PK\x03\x04 broken", "表.docx"),
    ],
)
def test_a_file_that_is_no_form_is_named(
    refused: Refuse, tmp_path: Path, name: str, content: bytes, wrong: str
) -> None:
    (tmp_path / name).write_bytes(content)

    said, remedy = refused(*imported(tmp_path / name))

    assert wrong in said
    assert remedy


def test_a_file_that_is_not_there_is_named(refused: Refuse, tmp_path: Path) -> None:
    said, _ = refused(*imported(tmp_path / "none.xlsx"))

    assert "none.xlsx：找不到这个文件" in said


@pytest.mark.parametrize("ref", [f"{last_month()}/moon", "2015-10/market", "market"])
def test_a_form_for_no_report_is_refused(refused: Refuse, tmp_path: Path, ref: str) -> None:
    said, _ = refused(*imported(a_form(tmp_path, STALLS, SIGNS), ref))

    assert f"没有报表 {ref}" in said


# --- the configuration ---------------------------------------------------------------------------------------------

CONFIGURATIONS: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "unknown key": ([("due_day: 13", "due_dya: 13")], ["没有 levels.bureau.due_dya 这个键；是不是 due_day"]),
    "duplicate unit": ([("code: sanitation", "code: market")], ["单位代码 market 重复", "每个只能写一次"]),
    "person without an address": ([(", email: head@office.example", "")], ["缺少 organisation.people.9.email"]),
    "due day 32": ([("due_day: 13", "due_day: 32")], ["levels.bureau.due_day 的值“32”不对；应不大于 31"]),
    "cyclic units": (
        [
            ("name: 执法一中队, level: bureau, parent: bureau", "name: 执法一中队, level: bureau, parent: market"),
            ("name: 市场秩序科, level: bureau, parent: bureau", "name: 市场秩序科, level: bureau, parent: patrol"),
        ],
        ["market 的上下级成了循环；请改正 parent", "patrol 的上下级成了循环"],
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("command", [["check"], ["serve"], ["office", "apply"]])
def test_a_wrong_configuration_is_told_line_by_line_and_starts_nothing(
    kaoji: Run, office: Path, name: str, command: list[str]
) -> None:
    changes, told = CONFIGURATIONS[name]
    before = records(office)
    office.write_text(changed(office.read_text(encoding="utf-8"), changes), encoding="utf-8")

    status, printed, (*mistakes, remedy) = kaoji(*command)

    assert (status, printed) == (1, "")
    assert [line for line in mistakes if not re.match(r"(config\.yaml|indicators\.csv):\d+  ", line)] == []
    assert [words for words in told if not any(words in line for line in mistakes)] == []
    assert "什么也不会启动" in remedy
    assert records(office) == before


@pytest.mark.parametrize("command", [["status"], ["check"], ["serve"], ["migrate"], ["audit", "verify"]])
def test_a_configuration_that_is_not_there_is_named(kaoji: Run, tmp_path: Path, command: list[str]) -> None:
    status, printed, said = kaoji(*command, config=tmp_path / "none.yaml")

    assert (status, printed, len(said)) == (1, "", 2)
    assert "找不到配置文件" in said[0]
    assert "--config" in said[1]


# --- the database --------------------------------------------------------------------------------------------------


def test_a_second_daemon_on_one_file_is_refused(refused: Refuse, office: Path) -> None:
    with DaemonLock(url_of(office)):
        said, remedy = refused("serve")

    assert str(office.parent / "kaoji.db") in said
    assert str(os.getpid()) in said
    assert "先停止" in remedy


WRITERS = [["serve"], ["report", "urge", REF, "--as", "office"], ["migrate"]]
READERS = [["status"], ["audit", "verify"], ["audit", "export"], ["case", "list"], ["history", REF]]


@pytest.mark.parametrize("command", [*WRITERS, *READERS])
@pytest.mark.parametrize(
    "place", ["none/kaoji.db", "a folder", "letter.txt"], ids=["missing folder", "folder", "letter"]
)
def test_a_database_that_cannot_be_one_is_named_and_left_alone(
    kaoji: Run, office: Path, tmp_path: Path, place: str, command: list[str]
) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "letter.txt").write_text("a letter, longer than the header of a database file. " * 9, encoding="utf-8")
    before = (tmp_path / "letter.txt").read_bytes()

    status, printed, said = kaoji("--database", f"sqlite:///{tmp_path / place}", *command)

    assert (status, printed, len(said)) == (1, "", 2), said
    assert place.partition("/")[0] in said[0]
    assert said[1]
    assert not (tmp_path / "none").exists()
    assert list((tmp_path / "a folder").iterdir()) == []
    assert (tmp_path / "letter.txt").read_bytes() == before


@pytest.mark.parametrize("command", [WRITERS[1], *READERS])
def test_a_database_that_is_not_there_is_named_and_not_made(kaoji: Run, tmp_path: Path, command: list[str]) -> None:
    status, printed, said = kaoji("--database", f"sqlite:///{tmp_path / 'new.db'}", *command)

    assert (status, printed, len(said)) == (1, "", 2)
    assert "kaoji init" in said[1]
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("url", ["mysql://localhost/kaoji", "kaoji.db", "sqlite:///:memory:"])
def test_an_address_of_no_database_is_refused(kaoji: Run, url: str) -> None:
    status, printed, said = kaoji("--database", url, "audit", "verify")

    assert (status, printed, len(said)) == (1, "", 2)
    assert url.partition("//")[0] in said[0]
    assert "postgresql+psycopg://" in said[1]


@pytest.fixture
def unwritable(office: Path) -> Iterator[Path]:
    """The office, seen by a user who may only read it."""
    home = Path(tempfile.mkdtemp(prefix="kaoji-test-"))
    shutil.copytree(office.parent, home / "office")
    for path in (home / "office").iterdir():
        path.chmod(0o444)
    (home / "office").chmod(0o555)
    home.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)  # root may write everywhere
    yield home / "office" / "config.yaml"
    if is_root:
        os.seteuid(0)
    (home / "office").chmod(0o755)
    shutil.rmtree(home)


@pytest.mark.parametrize("command", WRITERS[:2])
def test_a_database_that_may_not_be_written_is_named(kaoji: Run, unwritable: Path, command: list[str]) -> None:
    before = sorted(path.name for path in unwritable.parent.iterdir())

    status, printed, said = kaoji(*command, config=unwritable)

    assert (status, printed, len(said)) == (1, "", 2), said
    assert "不可写" in said[0]
    assert str(unwritable.parent) in said[0]
    assert "权限" in said[1]
    assert sorted(path.name for path in unwritable.parent.iterdir()) == before


def test_a_database_of_another_version_is_not_touched(kaoji: Run, refused: Refuse, office: Path) -> None:
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")

    said, remedy = refused("report", "urge", REF, "--as", "office")

    assert "0000" in said
    assert "kaoji migrate" in remedy


# --- the mail server -----------------------------------------------------------------------------------------------


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port nobody listens on, kept from others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_mail_server_that_refuses_is_told_in_two_lines(
    kaoji: Run, office: Path, silent_port: int, as_json: bool
) -> None:
    text = office.read_text(encoding="utf-8")
    office.write_text(changed(text, [("port: 2525", f"port: {silent_port}")]), encoding="utf-8")
    before = records(office)

    status, printed, said = kaoji("check", *(["--json"] if as_json else []))

    assert (status, len(said)) == (1, 4), said
    assert "封等候发送" in said[0]
    assert f"127.0.0.1:{silent_port}" in said[2]
    assert "mail.host" in said[3]
    assert records(office) == before
    if as_json:
        wrong = [line for line in json.loads(printed) if not line["ok"]]
        assert [line["what"] for line in wrong] == ["邮件", "邮件服务器"]


# --- usage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["stauts"],
        ["status", "--nonsense"],
        ["status", REF, "another"],
        ["report"],
        ["report", "sgin", REF],
        ["report", "sign", REF],
        ["report", "sign", "--as", "market.head"],
        ["report", "sign", REF, "--as", "market.head", "--version", "two"],
        ["report", "import", REF, "--as", "market.clerk"],
        ["rank", "parse", "第5"],
        ["rank", "parse", "第5", "--field", "eleven"],
        ["audit"],
        ["demo", "sing"],
    ],
)
def test_wrong_usage_is_status_two_and_two_lines(kaoji: Run, office: Path, arguments: list[str]) -> None:
    before = records(office)

    status, printed, said = kaoji(*arguments)

    assert (status, printed, len(said)) == (2, "", 2), said
    assert said[0].startswith("用法不对：")
    assert "--help" in said[1]
    assert records(office) == before


# --- one document and nothing else ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", REF],
        ["status", "--overdue", "--state", "draft", "--period", last_month()],
        ["report", "show", REF],
        ["report", "urge", REF, "--as", "office"],
        ["report", "edit", REF, "stalls", "--rank", "第5", "--as", "market.clerk"],
        ["liaison", "visit", "market", "--as", "market.clerk", "--text", "市考绩办"],
        ["liaison", "list"],
        ["case", "list"],
        ["inbox", "market.clerk"],
        ["history", REF],
        ["rank", "parse", "第5", "--field", "11"],
        ["audit", "verify"],
    ],
)
def test_json_is_one_document_and_nothing_else(kaoji: Run, arguments: list[str]) -> None:
    status, printed, said = kaoji(*arguments, "--json")

    assert (status, said) == (0, [])
    assert json.loads(printed) is not None
    assert printed.endswith("\n")


def test_an_office_that_has_no_database_yet_is_told_to_make_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status = main(["--config", str(an_office(tmp_path)), "status", "--json"])

    said = capsys.readouterr()
    assert (status, said.out, len(said.err.splitlines())) == (1, "", 2)
    assert "kaoji init" in said.err


def test_a_full_disk_is_no_mistake_of_the_files_name() -> None:
    wrong, remedy = explain(OSError(errno.ENOSPC, "No space left on device"))

    assert "磁盘已满" in wrong
    assert "腾出空间" in remedy
    assert "路径" not in remedy
