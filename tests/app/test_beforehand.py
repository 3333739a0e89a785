"""What `kaoji check` says of an office before anything happens: its first start, its posts, and what it still needs."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.bootstrap import put_together, read_settings, rules_of
from app.check import Finding, _posts, _prospect
from app.cli import main
from app.clock import VirtualClock
from app.founding import found
from app.holidays import LAST_KNOWN_YEAR
from app.place import DEMO_CASE, Place
from app.prospect import first_start
from app.refusals import Unusable
from app.still_needed import refuse_what_is_needed, still_needed
from states import commands as c
from states.definitions import bodies_of
from states.purposes import Purpose
from storage.database import open_database
from storage.schema import create
from tests.app.builders import Change, an_office, changed, complete_years, url_of

ZONE = ZoneInfo("Asia/Shanghai")
LEADER = "{person: deputy.one, role: leader, unit: market, from: 2026-01-01"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZONE)


def looked_at(look: Callable[..., Iterator[Finding]], config: Path, moment: str) -> list[Finding]:
    return list(look(Place(config=config, database=None, now=at(moment)), read_settings(config)))


# --- the first start -----------------------------------------------------------------------------------------------


def test_the_first_start_is_told_with_its_deadlines_reports_and_mails(tmp_path: Path) -> None:
    size, first = looked_at(_prospect, an_office(tmp_path), "2026-11-24 10:00")

    assert "填报单位 4 个（科室 3、单位 1），人员 13 人，指标 7 项（科室牵头 7、单位牵头 0）" in size.detail
    assert (first.what, first.well) == ("首次启动后", True)
    assert first.detail == (
        "期次 2026-12 于 2026-12-01 09:00 开启，时限 科室 2026-12-11 17:00 / 单位 2026-12-15 17:00，"
        "4 份报表，首批 4 封邮件"
    )


@pytest.mark.parametrize("moment", ["2026-11-03 10:00", "2026-11-24 10:00"])
@pytest.mark.parametrize("config", ["sample", "case"])
def test_what_is_told_is_what_the_first_start_does(tmp_path: Path, config: str, moment: str) -> None:
    """The same period, reports and mails come of a real start on a real database."""
    if config == "sample":
        office = an_office(tmp_path)
    else:
        office = tmp_path / "config.yaml"
        office.write_bytes((DEMO_CASE / "config.yaml").read_bytes())
        (tmp_path / "indicators.csv").write_bytes((DEMO_CASE / "indicators.csv").read_bytes())
    settings, clock = read_settings(office), VirtualClock(at(moment))
    told = first_start(rules_of(settings.definitions), clock.now(), None)
    create(url_of(office))

    with put_together(settings, clock, url_of(office)) as running:
        running.workflow.begin_duties(clock.now(), opening_since=told.opens_at)
        clock.set(max(told.opens_at, clock.now()))
        running.workflow.run_due()
        reports = running.database.reports()
        opened = [mail for mail in running.database.messages() if mail.purpose is Purpose.OPENED]

    assert ({report.period for report in reports}, len(reports)) == ({told.period}, told.reports)
    assert {(report.level, report.due_at) for report in reports} == set(told.due)
    assert len(opened) == told.mails
    assert not any(report.overdue for report in reports)


def test_a_first_period_whose_deadline_has_passed_is_an_error_before_the_start(tmp_path: Path) -> None:
    config = an_office(tmp_path, ('# first_period: "2027-01"', 'first_period: "2026-11"'))

    finding = looked_at(_prospect, config, "2026-11-24 10:00")[1]

    assert not finding.well
    assert "2026-11 时限已过，首次启动会使全单位逾期" in finding.detail
    assert "请写 2026-12" in finding.remedy


def test_an_office_at_work_is_told_its_next_period(tmp_path: Path) -> None:
    config = an_office(tmp_path, ('# first_period: "2027-01"', 'first_period: "2026-09"'))
    create(url_of(config))
    with put_together(read_settings(config), VirtualClock(at("2026-09-01 09:00")), url_of(config)) as running:
        running.workflow.begin_duties(running.clock.now())

    following = looked_at(_prospect, config, "2026-11-24 10:00")[1]

    assert (following.what, following.well) == ("下一期", True)
    assert following.detail.startswith("期次 2026-12 于 2026-12-01 09:00 开启")


@pytest.mark.parametrize("is_complete", [False, True])
def test_a_period_of_a_year_whose_days_off_are_not_known_is_provisional(tmp_path: Path, is_complete: bool) -> None:
    year = LAST_KNOWN_YEAR + 1
    stated = [("holidays: []", complete_years(year))] if is_complete else []

    first = looked_at(_prospect, an_office(tmp_path, *stated), f"{year}-01-20 10:00")[1]

    assert ("暂定" in first.detail) is not is_complete
    assert (f"（暂定，{year} 年的放假调休安排还不全），4 份报表" in first.detail) is not is_complete


def test_a_deadline_that_moved_says_in_history_from_when_to_when(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = an_office(tmp_path)
    create(url_of(config))
    with put_together(read_settings(config), VirtualClock(at("2026-11-02 09:00"))) as running:
        found(running)
        running.workflow.run_due()
    an_office(tmp_path, ("holidays: []", "holidays: [2026-11-13]"))
    with put_together(read_settings(config), VirtualClock(at("2026-11-05 10:00"))) as running:
        bodies = tuple(bodies_of(running.settings.definitions).items())
        running.workflow.execute(
            c.DefineOffice(command_id="a holiday", actor="assessor", bodies=bodies, reason="放假通知")
        )

    assert main(["--config", str(config), "history", "2026-11/market"]) == 0

    assert "2026-11-13 17:00 → 2026-11-12 17:00" in capsys.readouterr().out


def test_a_unit_without_indicators_is_named(tmp_path: Path) -> None:
    config = an_office(tmp_path, indicators=[("patrol,11,5", "market,11,5"), ("patrol,11,6", "market,11,6")])

    assert "没有指标、不填报的：执法一中队" in looked_at(_prospect, config, "2026-11-24 10:00")[0].detail


def test_a_deadline_that_holidays_put_before_the_opening_is_a_warning(tmp_path: Path) -> None:
    config = an_office(tmp_path, ("due_day: 13", "due_day: 7"), ("[3, 1, 0]", "[1, 0]"))

    early = [one for one in looked_at(_prospect, config, "2025-09-24 10:00") if one.what == "时限"]

    assert early[0].well
    assert "期次 2025-10 于 2025-10-09 09:00 开启，时限 科室 2025-09-30 17:00" in early[0].detail


# --- posts ---------------------------------------------------------------------------------------------------------


def test_a_post_vacant_today_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    config = an_office(tmp_path, (LEADER, f"{LEADER}, to: 2026-11-23"))

    (one,) = looked_at(_posts, config, "2026-11-24 10:00")

    assert not one.well
    assert "market（市场秩序科）的“第二签字”一步今天无人能办：deputy.one 的任职已到期，没有人接任" in one.detail
    assert one.remedy == "请在 appointments 中为 market 任命 leader，from 不晚于今天"


def test_a_post_that_falls_vacant_is_a_warning_with_its_day(tmp_path: Path) -> None:
    config = an_office(tmp_path, (LEADER, f"{LEADER}, to: 2027-01-05"))

    (one,) = looked_at(_posts, config, "2026-11-24 10:00")

    assert one.well
    assert "自 2027-01-06 起无人能办" in one.detail
    assert "2027-01-06" in one.remedy


def test_a_post_nobody_has_taken_up_yet_is_an_error(tmp_path: Path) -> None:
    config = an_office(tmp_path, (LEADER, LEADER.replace("2026-01-01", "2027-06-01")))

    (one,) = looked_at(_posts, config, "2026-11-24 10:00")

    assert not one.well
    assert "任职还没有开始，到 2027-06-01 才有人接任" in one.detail


def test_a_new_office_does_not_begin_with_a_post_nobody_holds(tmp_path: Path) -> None:
    config = an_office(tmp_path, (LEADER, f"{LEADER}, to: 2026-11-23"))
    create(url_of(config))

    with put_together(read_settings(config), VirtualClock(at("2026-11-24 10:00")), url_of(config)) as running:
        with pytest.raises(Unusable) as refused:
            found(running)
        assert list(running.database.duties()) == []

    assert "market（市场秩序科）的“第二签字”一步今天无人能办" in refused.value.message
    assert "任命 leader" in refused.value.remedy


def test_an_office_at_work_goes_on_with_a_post_that_falls_vacant(at_work: Path) -> None:
    text = at_work.read_text(encoding="utf-8")
    at_work.write_text(changed(text, [(LEADER, f"{LEADER}, to: 2026-11-17")]), encoding="utf-8")

    with put_together(read_settings(at_work), VirtualClock(at("2026-11-18 10:00")), url_of(at_work)) as running:
        found(running)

        assert len(running.database.duties()) > 0


# --- what open work needs ------------------------------------------------------------------------------------------


@pytest.fixture
def at_work(tmp_path: Path) -> Path:
    """An office whose reports of November are open and overdue, with cases."""
    config = an_office(tmp_path)
    create(url_of(config))
    clock = VirtualClock(at("2026-11-02 09:00"))
    with put_together(read_settings(config), clock, url_of(config)) as running:
        running.workflow.begin_duties(clock.now())
        clock.set(clock.now() + timedelta(days=16))
        running.workflow.run_due()
    return config


def needed(config: Path, *changes: Change, indicators: list[Change] | None = None) -> list[tuple[str, str]]:
    config.write_text(changed(config.read_text(encoding="utf-8"), changes), encoding="utf-8")
    table = config.with_name("indicators.csv")
    table.write_text(changed(table.read_text(encoding="utf-8-sig"), indicators or []), encoding="utf-8")
    office = read_settings(config).office
    with open_database(url_of(config), read_only=True) as database:
        found = still_needed(database, office)
        if found:
            with pytest.raises(Unusable) as refused:
                refuse_what_is_needed(database, office)
            assert all(one.wrong in refused.value.message for one in found)
        else:
            refuse_what_is_needed(database, office)
    return [(one.wrong, one.right) for one in found]


def test_an_office_that_has_everything_needs_nothing(at_work: Path) -> None:
    assert needed(at_work) == []


def test_check_names_what_open_work_needs_before_the_daemon_refuses_it(
    at_work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with put_together(read_settings(at_work), VirtualClock(at("2026-11-18 09:30")), url_of(at_work)) as running:
        found(running)
    table = at_work.with_name("indicators.csv")
    row = "stalls,流动摊点管理,重点路段流动摊点巡查和取缔,market,11,4,全市前4\n"
    table.write_text(changed(table.read_text(encoding="utf-8-sig"), [(row, "")]), encoding="utf-8")

    status = main(["--config", str(at_work), "check"])

    said = capsys.readouterr().err.splitlines()
    (place,) = (place for place, line in enumerate(said) if line.startswith("✗ 未办结："))
    assert status == 1
    assert "指标 stalls 还在未办结的 2026-11/bureau、2026-11/market" in said[place]
    assert said[place + 1] == "  → 请在指标表里保留指标 stalls，直至办结"


def test_a_unit_with_open_work_cannot_vanish(at_work: Path) -> None:
    lines = [line for line in at_work.read_text(encoding="utf-8").splitlines() if "unit: patrol" in line]
    gone = [(f"{line}\n", "") for line in lines]
    unit = ("  - {code: patrol, name: 执法一中队, level: bureau, parent: bureau}\n", "")

    found = needed(at_work, unit, *gone, indicators=[("patrol,11,5", "market,11,5"), ("patrol,11,6", "market,11,6")])

    assert found == [
        ("单位 patrol 还有未办结的 2026-11/patrol、督查件4，配置里却没有它", "请保留单位 patrol，直至办结")
    ]


def test_an_indicator_of_an_open_report_cannot_vanish(at_work: Path) -> None:
    row = "stalls,流动摊点管理,重点路段流动摊点巡查和取缔,market,11,4,全市前4\n"

    assert needed(at_work, indicators=[(row, "")]) == [
        (
            "指标 stalls 还在未办结的 2026-11/bureau、2026-11/market 里，指标表里却没有它",
            "请在指标表里保留指标 stalls，直至办结",
        )
    ]


def test_a_person_with_an_open_task_cannot_vanish(at_work: Path) -> None:
    found = needed(
        at_work,
        ("  - {id: market.clerk, name: 市场秩序科填报人, email: market.clerk@office.example}\n", ""),
        ("{person: market.clerk, role: clerk", "{person: deputy.two, role: clerk"),
        ("{person: market.clerk, role: liaison", "{person: deputy.two, role: liaison"),
    )

    ((wrong, right),) = found
    assert wrong == "人员 market.clerk 与未办结的 2026-11/market 有关，配置里却没有此人"
    assert "任职写 to" in right
