"""What is done on the command line: read back in names and with every gap, kept beside what others did meanwhile."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.cli import main
from app.clock import SystemClock
from states.models import Case, PointsStatus
from storage.database import open_database
from tests.app.builders import changed, last_month, records, url_of

Run = Callable[..., tuple[int, str, str]]

REF = f"{last_month()}/market"
KAOJI = Path(sys.executable).with_name("kaoji")
CLERK = ("--as", "market.clerk")
FILLED = ("--rank", "第4", "--comparison", "东湖区第3、西山区第5、示例区第4", "--target", "全市前4")


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line on that office: status, standard output, standard error."""

    def run(*arguments: str | Path, config: Path = office) -> tuple[int, str, str]:
        status = main(["--config", str(config), *map(str, arguments)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def fill(kaoji: Run) -> None:
    """Both rows of the section's table."""
    for indicator in ("stalls", "signs"):
        assert kaoji("report", "edit", REF, indicator, *FILLED, *CLERK)[0] == 0


# --- read back -----------------------------------------------------------------------------------------------------


def test_a_save_says_how_many_rows_it_saved_and_names_every_gap_left(kaoji: Run) -> None:
    status, printed, _ = kaoji("report", "edit", REF, "stalls", "--rank", "第二十", "--target", "全市前4", *CLERK)

    assert status == 0
    assert "本次保存 1 项，全表 2 项" in printed
    lines = printed.splitlines()
    for gap in (
        "“流动摊点管理”最新排名“第二十”无法识别",
        "“流动摊点管理”没有填目前三区比较情况",
        "“店招店牌规范”没有填",
    ):
        assert any(line.startswith(gap) for line in lines), gap
    fill(kaoji)
    assert "全表已填齐，可以送签" in kaoji("report", "edit", REF, "stalls", "--rank", "第5", *CLERK)[1]


def test_a_consolidation_names_the_sections_that_have_not_submitted(kaoji: Run) -> None:
    status, printed, _ = kaoji("report", "consolidate", f"{last_month()}/bureau", "--as", "office")

    assert status == 0
    (said,) = (line for line in printed.splitlines() if "尚未报送" in line)
    assert said.endswith("市场秩序科、环境卫生科、执法一中队")


def test_who_edits_a_sent_table_is_told_that_it_is_taken_back(kaoji: Run) -> None:
    fill(kaoji)
    assert kaoji("report", "send", REF, *CLERK)[0] == 0

    _, printed, _ = kaoji("report", "edit", REF, "stalls", "--rank", "第5", *CLERK)

    assert "原已送签，因修改自动收回，已告知签字人；改好后请重新送签" in printed.splitlines()


def test_gaps_found_at_sending_stand_on_lines_of_their_own(kaoji: Run) -> None:
    _, _, said = kaoji("report", "send", REF, *CLERK)

    head, *gaps, remedy = said.splitlines()
    assert head == f"{REF} 还有 {len(gaps)} 处没有填好："
    assert len(gaps) == 6
    assert all(gap.count("没有填") == 1 for gap in gaps)
    assert remedy == "请补齐后再送签"


def test_what_was_acted_on_is_named(kaoji: Run) -> None:
    case = proposed(kaoji)[0]

    _, waived, _ = kaoji("case", "waive", case, "--as", "assessor", "--reason", "已核实")
    _, visited, _ = kaoji("liaison", "visit", "market", *CLERK, "--text", "赴市局对接")

    assert waived.startswith(f"已办理：第 {case} 号督查件（市场秩序科）")
    assert visited.startswith("已办理：市场秩序科的对接登记（流转记录第 ")


# --- visits, and proposals a wrong clock made ------------------------------------------------------------------------


def test_a_visit_logged_later_counts_from_its_day_and_the_next_is_due_a_fortnight_on(kaoji: Run) -> None:
    day = SystemClock().now().astimezone(ZoneInfo("Asia/Shanghai")).date() - timedelta(days=3)

    assert kaoji("liaison", "visit", "market", *CLERK, "--text", "赴市局对接", "--date", f"{day}")[0] == 0

    listed = json.loads(kaoji("liaison", "list", "--unit", "market", "--json")[1])
    (unit,) = listed["units"]
    assert listed["contacts"][0]["at"] == unit["last_visit"] == f"{day}T00:00:00+08:00"
    assert unit["next_due"] == f"{day + timedelta(days=14)}T09:00:00+08:00"
    assert f"{day + timedelta(days=14)}" in kaoji("liaison", "list", "--unit", "market")[1]


def proposed(kaoji: Run) -> Sequence[str]:
    """The numbers of the sections' cases with points proposed."""
    listed = json.loads(kaoji("case", "list", "--open", "--json")[1])
    return [str(one["case"]) for one in listed if one["points_status"] == "proposed" and one["unit"] != "bureau"]


def cases(office: Path) -> dict[int, Case]:
    with open_database(url_of(office), read_only=True) as database:
        return {case.id: case for case in database.cases()}


def test_what_was_proposed_in_a_span_is_withdrawn_by_one_command_and_nothing_else(kaoji: Run, office: Path) -> None:
    before = cases(office)
    proposed_at = {number: before[number].proposed_at for number in map(int, proposed(kaoji))}
    first = min(at for at in proposed_at.values() if at is not None)
    numbers = {number for number, at in proposed_at.items() if at == first}
    assert len(numbers) > 1
    by = ("--as", "assessor", "--reason", "服务器时钟走错")

    def span(since: timedelta, until: timedelta) -> tuple[str, ...]:
        return ("--from", (first + since).isoformat(), "--to", (first + until).isoformat())

    missed = kaoji("case", "waive", *span(timedelta(hours=-2), timedelta(hours=-1)), *by)
    assert cases(office) == before
    status, printed, _ = kaoji("case", "waive", *span(timedelta(0), timedelta(0)), *by)

    assert (missed[0], "没有提出过扣分" in missed[2]) == (1, True)
    assert status == 0
    assert f"共 {len(numbers)} 件" in printed
    after = cases(office)
    assert {number for number in before if after[number] != before[number]} == numbers
    assert {after[number].points_status for number in numbers} == {PointsStatus.WITHDRAWN}


# --- who, by which door, under which rules, under which id -----------------------------------------------------------


def test_an_act_at_the_console_is_kept_with_the_user_of_the_system(kaoji: Run, office: Path) -> None:
    assert kaoji("report", "urge", REF, "--as", "office")[0] == 0

    with open_database(url_of(office), read_only=True) as database:
        *_, event = database.events_of(f"report:{REF}")
    assert (event.door, event.actor) == ("console", "office")
    assert f"uid {os.getuid()}" in str(event.proof)


def test_an_organisation_of_one_s_own_signs_nothing(kaoji: Run, office: Path, tmp_path: Path) -> None:
    own = tmp_path / "own" / "config.yaml"
    shutil.copytree(office.parent, own.parent, ignore=shutil.ignore_patterns("kaoji.db*"))
    text = own.read_text(encoding="utf-8")
    own.write_text(changed(text, [("person: market.clerk, role: clerk", "person: patrol.clerk, role: clerk")]), "utf-8")
    before = records(office)

    asked = ("report", "edit", REF, "stalls", *FILLED, "--as", "patrol.clerk")
    status, _, said = kaoji("--database", url_of(office), *asked, config=own)

    assert status == 1
    assert f"（patrol.clerk） 不是 {REF} 的填报人" in said
    assert records(office) == before


def test_where_the_database_failed_the_id_is_told_with_how_to_ask_and_to_repeat(kaoji: Run, office: Path) -> None:
    def on_the_database(statement: str) -> None:
        with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection, connection:
            connection.execute(statement)

    on_the_database("CREATE TRIGGER broken BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'broken'); END")
    urge = ("report", "urge", REF, "--as", "office")
    status, _, said = kaoji(*urge)
    on_the_database("DROP TRIGGER broken")

    assert status == 1
    assert f"kaoji history {REF}" in said
    number = said.partition("--command-id '")[2].partition("'")[0]
    assert kaoji(*urge, "--command-id", number)[1].startswith("已办理")
    assert kaoji(*urge, "--command-id", number)[1].startswith("此前已经办理")


# --- beside others, and fast -----------------------------------------------------------------------------------------


def test_two_at_once_may_each_change_a_column_of_one_row(kaoji: Run, office: Path) -> None:
    """Both wait for the database with what they have seen of it; neither takes back what the other changes."""
    fill(kaoji)
    edits = (("--rank", "第7"), ("--target", "全市前9"))
    with closing(sqlite3.connect(office.parent / "kaoji.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        waiting = [
            subprocess.Popen(
                [KAOJI, "--config", office, "report", "edit", REF, "stalls", *edit, *CLERK], stdout=subprocess.DEVNULL
            )
            for edit in edits
        ]
        time.sleep(2.5)
        another.execute("ROLLBACK")
    assert [process.wait(timeout=40) for process in waiting] == [0, 0]

    row = json.loads(kaoji("status", REF, "--json")[1])["table"][0]
    assert (row["rank_text"], row["target"]) == ("第7", "全市前9")


def test_an_act_loads_nothing_it_does_not_need(office: Path, tmp_path: Path) -> None:
    """A configuration that was checked is not checked again for every act, nor is a reader of forms loaded."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    time.sleep(0.05)  # a file changed that lately may have been changed while it was read
    subprocess.run([KAOJI, "--config", office, "check"], env=environment, capture_output=True, check=False)
    script = (
        "import sys; from app.cli import main; main(sys.argv[1:]); "
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )

    acted = subprocess.run(
        [sys.executable, "-c", script, "--config", office, "report", "urge", REF, "--as", "office"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    done, loaded = acted.stdout.splitlines()
    assert done.startswith("已办理")
    heavy = ("pydantic", "documents", "python_calamine", "docx", "sqlalchemy", "apscheduler", "jinja2", "rich")
    assert [name for name in heavy if f"'{name}'" in loaded] == []
