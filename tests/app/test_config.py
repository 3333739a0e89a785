"""A wrong configuration is told whole: each mistake with file, line, what is wrong and what would be right."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.config import ConfigError, load
from app.config_file import Problem
from app.place import DEMO_CASE
from app.settings import Settings
from states.office import Level, Role
from tests.app.builders import SAMPLE, Change, a_working_office, an_office, changed, line_of


def read(config: Path, **environment: str) -> Settings:
    return load(config, environment=environment)


def problems_of(config: Path, **environment: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        read(config, **environment)
    assert str(refused.value).splitlines() == [str(problem) for problem in refused.value.problems]
    return refused.value.problems


# --- what is right -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [SAMPLE, DEMO_CASE / "config.yaml"], ids=["sample", "case"])
def test_the_shipped_configurations_are_right(config: Path) -> None:
    settings = read(config)

    assert settings.office.reporting_units
    assert settings.database_url == f"sqlite:///{config.parent / 'kaoji.db'}"


def test_what_is_not_stated_is_the_specification(tmp_path: Path) -> None:
    settings = read(DEMO_CASE / "config.yaml")
    policies, duties = settings.definitions.policies, settings.office.duties

    assert (policies.remind_days, policies.case_after_days, policies.interview_after_days) == ((3, 1, 0), 2, 4)
    assert (policies.deduction_after_days, policies.review_days, policies.feedback_days) == (7, 3, 10)
    assert (policies.points_per_case, policies.points_per_year, policies.appeal_days) == (1, 10, 5)
    assert (duties[Level.BUREAU].due_day, duties[Level.DISTRICT].due_day) == (13, 15)
    assert f"{policies.open_time} {policies.deadline_time} {policies.digest_time}" == "09:00:00 17:00:00 08:30:00"


@pytest.mark.parametrize("written", ["17:30", '"17:30"', "17:30:00"])
def test_a_time_may_be_written_with_or_without_quotes(tmp_path: Path, written: str) -> None:
    config = an_office(tmp_path, ('# deadline_time: "17:00"', f"deadline_time: {written}"))

    assert read(config).definitions.policies.deadline_time.isoformat() == "17:30:00"


def test_the_organisation_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    whole = read(an_office(tmp_path / "whole"))
    parted = read(in_two_files(tmp_path / "parted"))

    assert parted.office == whole.office
    assert parted.definitions == whole.definitions


def test_the_documents_the_rules_rest_on_are_the_office_s_own(tmp_path: Path) -> None:
    """A wrong legal basis under a deduction is void: what is not stated is not quoted."""
    sample = SAMPLE.read_text(encoding="utf-8")
    rules = sample[sample.index("\nrules:") : sample.index("\ntimers:")]
    assert "grounds" in rules
    stated = an_office(
        tmp_path / "stated", (rules, "\nrules: {grounds: [瓯城法〔2026〕9号, 瓯考办〔2026〕1号第四条]}\n")
    )
    silent = an_office(tmp_path / "silent", (rules, "\nrules: {}\n"))

    assert load(stated, environment={}).office.grounds == ("瓯城法〔2026〕9号", "瓯考办〔2026〕1号第四条")
    assert load(silent, environment={}).office.grounds == ()


def test_where_mail_and_records_go_is_no_definition_of_the_office(tmp_path: Path) -> None:
    one = read(an_office(tmp_path / "one"))
    moved = read(an_office(tmp_path / "other", ("port: 2525", "port: 2526"), ("sqlite:///kaoji.db", "sqlite:///b.db")))
    ruled = read(an_office(tmp_path / "ruled", ("due_day: 13", "due_day: 12")))

    assert moved.definitions == one.definitions
    assert ruled.definitions != one.definitions


def test_a_password_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    user = ("# username: kaoji", "username: kaoji")
    named = an_office(tmp_path / "env", user, ("# password_env: KAOJI_MAIL_PASSWORD  ", "password_env: SECRET"))
    kept = an_office(tmp_path / "file", user, ("# password_env: KAOJI_MAIL_PASSWORD  ", "password_file: secret"))
    (kept.parent / "secret").write_text("from a file\n", encoding="utf-8")
    (kept.parent / "secret").chmod(0o640)

    assert read(named, SECRET="from the environment").mail.password == "from the environment"
    assert read(kept).mail.password == "from a file"


def in_two_files(folder: Path, *changes: Change) -> Path:
    config = an_office(folder, *changes)
    above, _, below = config.read_text(encoding="utf-8").partition("organisation:")
    lines = below.partition("\n")[2].splitlines()
    config.write_text(f"{above}organisation: people.yaml\n", encoding="utf-8")
    (folder / "people.yaml").write_text("\n".join(line[2:] for line in lines) + "\n", encoding="utf-8")
    return config


# --- one mistake ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A change to the sample; the line it is told at is the first that holds `at`, by default the new text's."""

    old: str
    new: str
    wrong: str
    right: str
    at: str | None = None


def added(key: str, line: str, wrong: str, right: str) -> Mistake:
    """A line put first into a section."""
    return Mistake(old=f"\n{key}:", new=f"\n{key}:\n  {line}", at=f"  {line}", wrong=wrong, right=right)


MARKET = "  - {code: market, name: 市场秩序科, level: bureau, parent: bureau}"
PERSON = "  - {id: head, name: 局主要负责人, email: head@office.example}"
POST = "  - {person: head, role: unit_head, unit: bureau, from: 2026-01-01}"

ONE_MISTAKE = {
    "unknown key": Mistake(old="due_day: 13", new="due_dya: 13", wrong="levels.bureau.due_dya", right="due_day"),
    "unknown key in a list": Mistake(
        old=PERSON, new=PERSON.replace("email", "mail: 1, email"), wrong="mail", right="是不是 email"
    ),
    "unknown key like none": Mistake(
        old="language: zh ", new="xyzzy: 1\nlanguage: zh ", at="xyzzy", wrong="xyzzy", right="timezone"
    ),
    "unknown section": Mistake(old="log:", new="logging:", wrong="没有 logging 这个键", right="log"),
    "duplicate key": Mistake(
        old="language: zh ",
        new="language: en\nlanguage: zh ",
        at="language: zh ",
        wrong="键 language 重复（第 8 行已有）",
        right="只写一次",
    ),
    "duplicate unit": Mistake(
        old=MARKET,
        new=f"{MARKET}\n{MARKET.replace('市场秩序科', '又一科')}",
        at="又一科",
        wrong="market 重复",
        right="一次",
    ),
    "duplicate person": Mistake(
        old=PERSON,
        new=f"{PERSON}\n{PERSON.replace('局主要负责人', '又一人')}",
        at="又一人",
        wrong="head 重复",
        right="一次",
    ),
    "duplicate appointment": Mistake(
        old=POST, new=f"{POST}\n{POST} # again", at="# again", wrong="unit_head 任职重复", right="删去"
    ),
    "person without an address": Mistake(
        old=PERSON, new="  - {id: head, name: 局主要负责人}", wrong="缺少 organisation.people.9.email", right="补上"
    ),
    "bad address": Mistake(old="head@office.example", new="head@office", at="  - {id: market.head", wrong="", right=""),
    "due day 32": Mistake(old="due_day: 13", new="due_day: 32", wrong="levels.bureau.due_day 的值“32”", right="31"),
    "due day 0": Mistake(old="due_day: 15", new="due_day: 0", wrong="levels.district.due_day 的值“0”", right="1"),
    "due day in words": Mistake(old="due_day: 13", new="due_day: 十三", wrong="十三", right="整数"),
    "unknown parent": Mistake(
        old=MARKET, new=MARKET.replace("parent: bureau", "parent: buro"), wrong="上级 buro 不存在", right="bureau"
    ),
    "no parent": Mistake(
        old=MARKET, new=MARKET.replace("parent: bureau", "parent: null"), wrong="没有写上级", right="bureau"
    ),
    "parent of a wrong level": Mistake(
        old=MARKET, new=MARKET.replace("parent: bureau", "parent: patrol"), wrong="patrol 层级不对", right="district"
    ),
    "root with a parent": Mistake(
        old="level: root, parent: null", new="level: root, parent: bureau", wrong="不应有上级", right="null"
    ),
    "unknown person in an appointment": Mistake(
        old=POST,
        new=f"{POST}\n{POST.replace('person: head', 'person: ghost')}",
        at="ghost",
        wrong="人员 ghost 不存在",
        right="people",
    ),
    "unknown unit in an appointment": Mistake(
        old=POST,
        new=f"{POST}\n{POST.replace('unit: bureau', 'unit: moon')}",
        at="moon",
        wrong="单位 moon 不存在",
        right="units",
    ),
    "to before from": Mistake(
        old=POST, new=POST.replace("2026-01-01}", "2026-01-01, to: 2025-12-31}"), wrong="先后颠倒", right="不早于 from"
    ),
    "no such date": Mistake(
        old=POST, new=POST.replace("2026-01-01", "2026-02-30"), wrong="from 的值“2026-02-30”", right="2026-10-10"
    ),
    "nobody for a step": Mistake(old=f"{POST}\n", new="", at="code: bureau", wrong="“第一签字”", right="unit_head"),
    "the drafter is the only signer": Mistake(
        old="{person: market.head, role: section_head",
        new="{person: market.clerk, role: section_head",
        at=MARKET,
        wrong="没有人能签字",
        right="drafter_may_sign",
    ),
    "unknown role": Mistake(
        old=POST,
        new=f"{POST}\n{POST.replace('unit_head', 'boss')}",
        at="boss",
        wrong="role 的值“boss”",
        right="section_head",
    ),
    "unknown level": Mistake(
        old=MARKET,
        new=MARKET.replace("level: bureau", "level: team"),
        wrong="level 的值“team”",
        right="root、district、bureau",
    ),
    "unknown roll": Mistake(
        old="roll: previous", new="roll: back", wrong="roll 的值“back”", right="previous、next、none"
    ),
    "bad time": Mistake(old='digest_time: "08:30"', new='digest_time: "8点半"', wrong="8点半", right="17:00"),
    "a time as a number": Mistake(
        old='digest_time: "08:30"', new="digest_time: 830", wrong="digest_time 的值“830”", right="17:00"
    ),
    "a date as a number": Mistake(
        old=POST, new=POST.replace("2026-01-01", "20260101"), wrong="from 的值“20260101”", right="2026-10-10"
    ),
    "a mistyped role of the only signer": Mistake(
        old=POST, new=POST.replace("unit_head", "unit_haed"), wrong="role 的值“unit_haed”", right="unit_head"
    ),
    "a mistyped level above others": Mistake(
        old="level: district, parent: district",
        new="level: distrikt, parent: district",
        wrong="level 的值“distrikt”",
        right="district",
    ),
    "time past midnight": Mistake(
        old='digest_time: "08:30"', new="digest_time: 25:00", wrong="digest_time", right="17:00"
    ),
    "bad timezone": Mistake(old="Asia/Shanghai ", new="Asia/Wenzhou ", wrong="Asia/Wenzhou", right="Asia/Shanghai"),
    "bad database": Mistake(
        old="sqlite:///kaoji.db",
        new="mysql://kaoji:secret@localhost/kaoji",
        wrong="database.url 的写法不对",
        right="postgresql+psycopg",
    ),
    "ladder out of order": Mistake(
        old="interview_after_days: 4", new="interview_after_days: 9", wrong="2、9、7", right="interview_after_days <"
    ),
    "a reminder twice": Mistake(
        old="remind_days: [3, 1, 0]", new="remind_days: [3, 1, 3]", wrong="3 天的提醒写了两次", right="只写一次"
    ),
    "a reminder before the opening": Mistake(
        old="remind_days: [3, 1, 0]", new="remind_days: [30, 1]", wrong="提前 30 天的提醒不起作用", right="小于 15"
    ),
    "a reminder after the deadline": Mistake(
        old='# remind_time: "09:00"',
        new='remind_time: "18:00"',
        wrong="当天 18:00 的提醒晚于截止时刻 17:00",
        right="remind_time",
    ),
    "one sister": Mistake(old="  - 西山区\n", new="", at="sisters", wrong="三区比较", right="两个姊妹区"),
    "the own district as a sister": Mistake(
        old="  - 西山区", new="  - 示例区", at="sisters", wrong="三区比较", right="两个姊妹区"
    ),
    "the system's name": Mistake(
        old=PERSON,
        new=f"{PERSON}\n  - {{id: system, name: 某人, email: some@office.example}}",
        at="id: system",
        wrong="system",
        right="另",
    ),
    "a code with a slash": Mistake(
        old=PERSON,
        new=f"{PERSON}\n  - {{id: a/b, name: 某人, email: some@office.example}}",
        at="a/b",
        wrong="a/b",
        right="“/”",
    ),
    "a link with an end": Mistake(
        old='link_base: ""',
        new="link_base: http://kaoji.office.example/",
        wrong="link_base",
        right="不带",
    ),
    "an unknown kind of encryption": Mistake(
        old="tls: none", new="tls: ssl", wrong="mail.tls 的值“ssl”", right="starttls"
    ),
    "a user without a password": Mistake(
        old="# username: kaoji", new="username: kaoji", wrong="没有密码", right="password_env"
    ),
    "two passwords": Mistake(
        old="# username: kaoji",
        new="username: kaoji\n  password_file: secret\n  password_env: SECRET",
        at="password_env: S",
        wrong="写了两处",
        right="只写一处",
    ),
    "no such certificates": Mistake(
        old="# ca_file: ca.pem", new="ca_file: ca.pem", wrong="ca.pem", right="mail.ca_file"
    ),
    "missing password variable": Mistake(
        old="# username: kaoji",
        new="username: kaoji\n  password_env: KAOJI_SECRET",
        at="KAOJI_SECRET",
        wrong="环境变量 KAOJI_SECRET 没有设置",
        right="mail.password_env",
    ),
    "missing password file": Mistake(
        old="# username: kaoji",
        new="username: kaoji\n  password_file: secret",
        at="password_file: secret",
        wrong="读不出邮件密码",
        right="mail.password_file",
    ),
    "a list where keys belong": Mistake(
        old="  level: info", new="  - info", at="log:", wrong="log 的值", right="键: 值"
    ),
    "no name of the office": Mistake(
        old="office: 示例区城市管理局", new="# office:", at="# yaml-language-server", wrong="缺少 office", right="补上"
    ),
    "an empty name": Mistake(old="name: 局主要负责人", new='name: " "', wrong="name", right="不能为空"),
    "a day worked and off": Mistake(
        old="workdays: []                    # 另加的上班日，如 [2027-02-20]\n  holidays: []",
        new="workdays: [2027-02-20]\n  holidays: [2027-02-20]",
        at="holidays: [2027",
        wrong="2027-02-20 既写成上班日又写成休息日",
        right="删去其中一处",
    ),
    "a year called complete by one day": Mistake(
        old="holidays: []",
        new="holidays: [2027-01-01]\n  complete_years: [2027]",
        at="complete_years: [2027]",
        wrong="2027 年只写了 1 个工作日放假",
        right="complete_years",
    ),
    "due before the opening": Mistake(
        old="due_day: 13", new="due_day: 1", wrong="每月 1 日的时限有时早于当期开启", right="推迟 due_day"
    ),
    "one mailbox for two": Mistake(
        old="email: head@office.example",
        new="email: Office@office.example",
        wrong="head 和 office 的邮件地址相同",
        right="shared: true",
    ),
    "a first period of another millennium": Mistake(
        old='# first_period: "2027-01"', new='first_period: "0001-01"', wrong="“0001-01”", right="2000 至 2099"
    ),
    "a first period of another century": Mistake(
        old='# first_period: "2027-01"', new='first_period: "2206-11"', wrong="“2206-11”", right="2000 至 2099"
    ),
    "a number nobody counts to": Mistake(
        old="due_day: 13", new=f"due_day: {'9' * 5000}", wrong="levels.bureau.due_day 的值“999", right="位数太多"
    ),
    "a number as a name": Mistake(old="name: 局主要负责人", new="name: 12", wrong="“12”", right="加引号"),
}


@pytest.mark.parametrize("name", ONE_MISTAKE)
def test_a_mistake_is_told_alone_with_its_line_and_what_would_be_right(tmp_path: Path, name: str) -> None:
    mistake = ONE_MISTAKE[name]
    config = an_office(tmp_path, (mistake.old, mistake.new))

    problems = problems_of(config)

    assert len(problems) == 1, "\n".join(map(str, problems))
    assert (problems[0].file, problems[0].line) == ("config.yaml", line_of(config, mistake.at or mistake.new.strip()))
    assert mistake.wrong in problems[0].wrong
    assert mistake.right in problems[0].right
    assert str(problems[0]).startswith(f"config.yaml:{problems[0].line}  ")


def test_a_mistyped_post_is_not_told_as_a_step_without_people(tmp_path: Path) -> None:
    posts = [
        (f"role: clerk, unit: {unit}", f"role: admin, unit: {unit}") for unit in ("market", "sanitation", "patrol")
    ]

    (problem,) = problems_of(an_office(tmp_path, ("# drafter: clerk ", "drafter: admim "), *posts))

    assert "levels.bureau.drafter 的值“admim”" in problem.wrong


@pytest.mark.parametrize(
    "address",
    ["head", "head@", "@office.example", "head@office", "a b@office.example", "a@b@office.example", "头@office.example",
     "head@office.example,b@office.example", "head@.example", "head@office.", '"张三" <head@office.example>'],
)  # fmt: skip
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    config = an_office(tmp_path, (PERSON, f"  - {{id: head, name: 局主要负责人, email: '{address}'}}"))

    (problem,) = problems_of(config)

    assert problem.line == line_of(config, "局主要负责人")
    assert address in problem.wrong + problem.right
    assert "name@office.example" in problem.right


def test_each_unit_of_a_cycle_is_named(tmp_path: Path) -> None:
    config = an_office(
        tmp_path,
        (MARKET, MARKET.replace("parent: bureau", "parent: patrol")),
        ("name: 执法一中队, level: bureau, parent: bureau", "name: 执法一中队, level: bureau, parent: market"),
    )

    problems = problems_of(config)

    cyclic = [problem for problem in problems if "循环" in problem.wrong]
    assert [problem.line for problem in cyclic] == [line_of(config, "code: market"), line_of(config, "code: patrol")]
    assert "最终归到 root" in cyclic[0].right


def test_a_unit_above_itself_is_a_cycle(tmp_path: Path) -> None:
    config = an_office(tmp_path, (MARKET, MARKET.replace("parent: bureau", "parent: market")))

    assert any("market 的上下级成了循环" in problem.wrong for problem in problems_of(config))


def test_an_office_without_a_root_is_told_so(tmp_path: Path) -> None:
    config = an_office(tmp_path, ("level: root, parent: null", "level: district, parent: bureau"))

    assert any("没有 level 为 root 的单位" in problem.wrong for problem in problems_of(config))


# --- seldom meant --------------------------------------------------------------------------------------------------

LIAISON = "  - {person: market.clerk, role: liaison, unit: market, from: 2026-01-01}"
SELDOM_MEANT = {
    "the bureau before its sections": (
        "due_day: 15",
        "due_day: 10",
        "due_day: 10",
        "单位 10 日报区，早于科室 13 日报单位",
    ),
    "no liaison": (LIAISON, "", MARKET, "market 没有对接人"),
    "two liaisons": (
        LIAISON,
        f"{LIAISON}\n{LIAISON.replace('market.clerk', 'market.head')}",
        "market.head, role: liaison",
        "market 同时有两名对接人：market.clerk、market.head",
    ),
    "one signer in both posts": (
        "{person: deputy.one, role: leader, unit: market",
        "{person: market.head, role: leader, unit: market",
        MARKET,
        "market 的两级签字是同一个人：market.head",
    ),
}


@pytest.mark.parametrize("name", SELDOM_MEANT)
def test_what_is_seldom_meant_is_a_warning_and_starts(tmp_path: Path, name: str) -> None:
    old, new, at, wrong = SELDOM_MEANT[name]
    config = an_office(tmp_path, (old, new))

    (warning,) = read(config).warnings

    assert (warning.file, warning.line) == ("config.yaml", line_of(config, at))
    assert wrong in warning.wrong
    assert warning.right


def test_a_liaison_who_follows_another_is_no_second_one(tmp_path: Path) -> None:
    handed_on = f"{LIAISON[:-1]}, to: 2026-06-30}}\n" + LIAISON.replace("market.clerk", "market.head").replace(
        "2026-01-01", "2026-07-01"
    )

    assert read(an_office(tmp_path, (LIAISON, handed_on))).warnings == ()


def test_the_sample_warns_of_nothing() -> None:
    assert read(SAMPLE).warnings == ()


def test_a_mailbox_marked_as_shared_may_be_two_peoples(tmp_path: Path) -> None:
    settings = read(an_office(tmp_path, ("email: head@office.example}", "email: office@office.example, shared: true}")))

    assert [one.email for one in settings.office.people].count("office@office.example") == 2


def test_a_link_base_may_be_left_empty(tmp_path: Path) -> None:
    assert read(SAMPLE).mail.link_base == ""
    assert read(an_office(tmp_path, ('  link_base: ""', "  # nothing"))).mail.link_base == ""


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606, 0o604])
def test_a_password_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    config = an_office(tmp_path, ("# username: kaoji", "username: kaoji\n  password_file: secret"))
    (tmp_path / "secret").write_text("a secret", encoding="utf-8")
    (tmp_path / "secret").chmod(mode)

    (problem,) = problems_of(config)

    assert problem.line == line_of(config, "password_file: secret")
    assert f"权限是 {mode:04o}" in problem.wrong
    assert "chmod 600 secret" in problem.right
    assert "a secret" not in str(problem)


# --- all at once ---------------------------------------------------------------------------------------------------

MANY: list[tuple[str, str, str]] = [
    ("due_day: 13", "due_day: 32", "levels.bureau.due_day 的值“32”"),
    ("heartbeat_seconds: 15", "heart_beat: 15", "没有 daemon.heart_beat 这个键"),
    ("Asia/Shanghai ", "Asia/Wenzhou ", "Asia/Wenzhou"),
    ("deduction_after_days: 7", "deduction_after_days: 3", "2、4、3"),
    ("remind_days: [3, 1, 0]", "remind_days: [1, 1]", "写了两次"),
    (PERSON, "  - {id: head, name: 局主要负责人}", "people.9.email"),
    ("assessor@office.example", "assessor", "“assessor”"),
    ("code: sanitation", "code: market", "单位代码 market 重复"),
    ("id: patrol.head", "id: market.clerk", "人员编号 market.clerk 重复"),
    ("name: 执法一中队, level: bureau, parent: bureau", "name: 执法一中队, level: bureau, parent: patrol", "循环"),
    ("{person: head, role: unit_head", "{person: ghost, role: unit_head", "人员 ghost 不存在"),
    ("district, from: 2026-01-01", "district, from: 2026-01-01, to: 2025-01-01", "先后颠倒"),
    ("role: liaison, unit: patrol", "role: friend, unit: patrol", "role 的值“friend”"),
    ("sqlite:///kaoji.db", "kaoji.db", "database.url"),
    ("# username: kaoji", "username: kaoji\n  password_env: KAOJI_SECRET", "环境变量 KAOJI_SECRET 没有设置"),
    ("log:\n", "log:\n  level: debug\n", "键 level 重复"),
]  # fmt: skip
MANY_IN_THE_TABLE: list[tuple[str, str, str]] = [
    ("signs,店招", "stalls,店招", "指标代码 stalls 重复"),
    ("market,11,4", "moon,11,4", "牵头单位 moon"),
    ("sanitation,11,6", "sanitation,eleven,6", "eleven"),
]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """An office with many mistakes in both files."""
    changes = [(old, new) for old, new, _ in MANY]
    return an_office(tmp_path, *changes, indicators=[(old, new) for old, new, _ in MANY_IN_THE_TABLE])


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(many: Path) -> None:
    problems = problems_of(many)

    told = "\n".join(map(str, problems))
    assert [said for _, _, said in (*MANY, *MANY_IN_THE_TABLE) if said not in told] == []
    assert [(problem.file, problem.line) for problem in problems] == sorted(
        (problem.file, problem.line) for problem in problems
    )
    assert len(set(problems)) == len(problems)


@pytest.mark.parametrize(
    "command",
    [
        ["serve"],
        ["check"],
        ["check", "--json"],
        ["office", "apply"],
        ["office", "apply", "--yes", "--json"],
    ],
)
def test_with_a_wrong_configuration_nothing_starts(
    many: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    before = sorted(many.parent.rglob("*"))

    status = main(["--config", str(many), *command])

    said = capsys.readouterr()
    *mistakes, remedy = said.err.splitlines()
    assert (status, said.out) == (1, "")
    assert mistakes == [str(problem) for problem in problems_of(many)]
    assert "什么也不会启动" in remedy
    assert sorted(many.parent.rglob("*")) == before


def test_the_daemon_as_a_process_does_not_start_either(many: Path) -> None:
    kaoji = Path(sys.executable).with_name("kaoji")

    refused = subprocess.run(
        [kaoji, "--config", many, "serve"], capture_output=True, text=True, timeout=30, check=False
    )

    assert (refused.returncode, refused.stdout) == (1, "")
    assert "Traceback" not in refused.stderr
    assert not (many.parent / "kaoji.db").exists()


# --- the table of indicators ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line", "wrong", "right"),
    [
        (("field,", ""), 1, "缺少列 field", "target_rank"),
        (("signs,店招", "stalls,店招"), 3, "指标代码 stalls 重复（第 2 行已有）", "不同"),
        (("stalls,", ","), 2, "code 是空的", "填写"),
        (("stalls,", "a/b,"), 2, "“a/b”", "“/”"),
        (("stalls,", "overdue,"), 2, "“overdue”", "另"),
        ((",流动摊点管理", ","), 2, "name 是空的", "填写"),
        (("market,11,4", "market,eleven,4"), 2, "field“eleven”", "11"),
        (("market,11,4", "market,0,4"), 2, "field“0”", "11"),
        (("market,11,4", "market,,4"), 2, "field“”", "11"),
        (("market,11,4", "market,11,12"), 2, "target_rank“12”", "1 到 11"),
        (("market,11,4", "market,11,前四"), 2, "target_rank“前四”", "留空"),
        (("market,11,4", "moon,11,4"), 2, "牵头单位 moon", "market、sanitation、patrol"),
        (("market,11,4", "district,11,4"), 2, "牵头单位 district", "bureau"),
        (("流动摊点巡查和取缔", "巡查,取缔"), 2, "比表头多", "引号"),
    ],
)
def test_a_mistake_in_the_table_is_told_with_its_line(
    tmp_path: Path, change: Change, line: int, wrong: str, right: str
) -> None:
    config = an_office(tmp_path, indicators=[change])

    problems = problems_of(config)

    assert len(problems) == 1, "\n".join(map(str, problems))
    assert (problems[0].file, problems[0].line) == ("indicators.csv", line)
    assert wrong in problems[0].wrong
    assert right in problems[0].right


@pytest.mark.parametrize(
    ("change", "line", "wrong"),
    [
        (("signs,店招店牌规范", "signs,流动摊点 管理"), 3, "指标 signs 与 stalls 同名"),
        (("market,11,4", f"market,{'9' * 3999},4"), 2, "field“99999999999999999999…”"),
        (("market,11,4", f"market,11,{'9' * 3999}"), 2, "target_rank“99999999999999999999…”"),
        (("重点路段", "重" * 4001), 2, "main_content 一格超过 4000 个字"),
        (("店招整治率", "x" * 200_000), 3, "有一格太长"),
        (("market,11,4", "市场秩序科,11,4"), 2, "牵头单位 市场秩序科 不能牵头"),
        (("field,", "code,"), 1, "field（参加排名个数）"),
        (("year_end_target", "year_end_target,代码"), 1, "列 code 写了两次"),
    ],
)
def test_a_monster_in_the_table_is_told_with_its_line(tmp_path: Path, change: Change, line: int, wrong: str) -> None:
    problem = problems_of(an_office(tmp_path, indicators=[change]))[0]

    assert (problem.file, problem.line) == ("indicators.csv", line)
    assert wrong in problem.wrong
    assert len(str(problem)) < 200


def test_a_unit_named_instead_of_its_code_is_told_its_code(tmp_path: Path) -> None:
    (problem,) = problems_of(an_office(tmp_path, indicators=[("market,11,4", "市场秩序科,11,4")]))

    assert problem.right == "请写单位的代码 market"


HEADER = "code,name,main_content,lead_unit,field,target_rank,year_end_target"


@pytest.mark.parametrize(
    "header",
    [
        "代码,名称,主要内容,牵头单位,参加排名个数,目标名次,年终承诺目标",
        "代码,name, 主要内容 ,lead_unit,参加排名个数,target_rank,年终承诺目标",
    ],
)
def test_the_header_may_be_chinese(tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str) -> None:
    config = an_office(tmp_path, indicators=[(HEADER, header)])

    assert read(config).office.indicators == read(SAMPLE).office.indicators


LINES = ("重点路段流动摊点巡查和取缔", '"巡查\n取缔"')


def test_a_cell_may_have_several_lines(tmp_path: Path) -> None:
    settings = read(an_office(tmp_path, indicators=[LINES]))

    assert settings.office.indicators[0].main_content == "巡查\n取缔"


def test_empty_cells_beyond_the_header_are_no_mistake(tmp_path: Path) -> None:
    assert read(an_office(tmp_path, indicators=[("全市前4\n", "全市前4,,\n")])).office.indicators


def test_lines_are_counted_as_an_editor_shows_them(tmp_path: Path) -> None:
    (problem,) = problems_of(an_office(tmp_path, indicators=[LINES, ("market,11,5", "moon,11,5")]))

    assert problem.line == 4


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_table_is_read_as_spreadsheet_programs_save_it(tmp_path: Path, encoding: str) -> None:
    config = an_office(tmp_path)
    table = config.with_name("indicators.csv")
    table.write_text(table.read_text(encoding="utf-8-sig") + ",,,,,,\n", encoding=encoding, newline="\r\n")

    assert read(config).office.indicators == read(SAMPLE).office.indicators


@pytest.mark.parametrize("content", ["code,名".encode("utf-16"), b"\x00\xff\xfe\x81", b""])
def test_a_table_of_an_unknown_encoding_or_an_empty_one_is_named(tmp_path: Path, content: bytes) -> None:
    config = an_office(tmp_path)
    config.with_name("indicators.csv").write_bytes(content)

    (problem,) = problems_of(config)

    assert (problem.file, problem.line) == ("indicators.csv", 1)
    assert problem.right


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    config = an_office(tmp_path)
    config.with_name("indicators.csv").unlink()

    (problem,) = problems_of(config)

    assert (problem.file, problem.line) == ("indicators.csv", 1)
    assert "读不出" in problem.wrong


def test_the_table_may_stand_elsewhere(tmp_path: Path) -> None:
    config = an_office(tmp_path, ("indicators: indicators.csv", "indicators: tables/all.csv"))
    (tmp_path / "tables").mkdir()
    config.with_name("indicators.csv").rename(tmp_path / "tables" / "all.csv")

    assert read(config).office.indicators


# --- the files themselves ------------------------------------------------------------------------------------------


def test_mistakes_in_a_file_of_its_own_are_told_with_its_name(tmp_path: Path) -> None:
    config = in_two_files(tmp_path, ("due_day: 13", "due_day: 32"), ("code: sanitation", "code: market"))
    people = config.with_name("people.yaml")

    problems = problems_of(config)

    assert ("config.yaml", line_of(config, "due_day: 32")) in [(one.file, one.line) for one in problems]
    repeated = next(one for one in problems if "单位代码 market 重复" in one.wrong)
    assert (repeated.file, repeated.line) == ("people.yaml", line_of(people, "环境卫生科"))


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "读不出"),
        ("", "organisation 的值“（空）”"),
        ("- a\n", "organisation 的值"),
        ("units: [\n", "不是正确的 YAML"),
    ],
)
def test_a_broken_file_of_its_own_is_told_once(tmp_path: Path, content: str | None, wrong: str) -> None:
    config = in_two_files(tmp_path)
    people = config.with_name("people.yaml")
    if content is None:
        people.unlink()
    else:
        people.write_text(content, encoding="utf-8")

    (problem,) = problems_of(config)

    assert Path(problem.file).name == "people.yaml"
    assert wrong in problem.wrong


@pytest.mark.parametrize(
    ("content", "line", "wrong"),
    [
        (b"", 1, "不是一份配置"),
        (b"# nothing yet\n", 1, "不是一份配置"),
        (b"- office\n- people\n", 1, "不是一份配置"),
        (b"office\n", 1, "不是一份配置"),
        ("office: 局\ntimezone: [\n".encode(), 3, "不是正确的 YAML"),
        ("office: 局\noffice: 局: 局\n".encode(), 2, "不是正确的 YAML"),
        ("office: 局\n".encode("gb18030"), 1, "不是 UTF-8 编码"),
        ("office: 局\n".encode("utf-16"), 1, "不是"),
        (b"office: !!python/object/apply:os.getcwd []\n", 1, "不是正确的 YAML"),
        (b"office: &a [*a]\n", 1, "不是正确的 YAML"),
        (b"office: *nobody\n", 1, "不是正确的 YAML"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_with_its_line(
    tmp_path: Path, content: bytes, line: int, wrong: str
) -> None:
    config = an_office(tmp_path)
    config.write_bytes(content)

    (problem,) = problems_of(config)

    assert (problem.file, problem.line) == ("config.yaml", line)
    assert wrong in problem.wrong
    assert problem.right


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)

    assert "读不出" in problem.wrong


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    config = an_office(tmp_path)
    config.write_text(config.read_text(encoding="utf-8"), encoding="utf-8-sig")

    assert read(config).office.name == "示例区城市管理局"


@pytest.mark.parametrize("key", ["1: 2", "null: 2", "2026-01-01: 2", "true: 1"])
def test_a_key_that_is_no_text_is_named(tmp_path: Path, key: str) -> None:
    config = an_office(tmp_path, ("language: zh ", f"{key}\nlanguage: zh "))

    (problem,) = problems_of(config)

    assert problem.line == line_of(config, key)


def test_every_role_can_be_appointed(tmp_path: Path) -> None:
    posts = "\n".join(f"  - {{person: head, role: {role.value}, unit: district, from: 2026-01-01}}" for role in Role)

    settings = read(an_office(tmp_path, (POST, f"{POST}\n{posts}")))

    assert {one.role for one in settings.office.appointments if one.unit == "district"} == set(Role)


# --- the quick reading of `kaoji status` ---------------------------------------------------------------------------


def said_by_status(config: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    status = main(["--config", str(config), "status", "--json"])
    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert "内部错误" not in said.err
    return said.err.splitlines()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("  url: sqlite:///kaoji.db", "  - a: [\n  url: x"), "YAML"),
        (("  url: sqlite:///kaoji.db", "  url: [a]"), "database"),
        (("sender: kaoji@office.example", "sender: kaoji"), "mail.sender"),
        (("# longest_downtime: 15", "longest_downtime: long"), "longest_downtime"),
    ],
)
def test_status_tells_a_broken_machine_half_in_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change, named: str
) -> None:
    wrong, remedy = said_by_status(an_office(tmp_path, change), capsys)

    assert named in wrong
    assert "kaoji check" in remedy


@pytest.mark.parametrize(
    "change",
    [
        ("organisation: ", "organization: "),
        ("{code: market, name", "{kode: market, name"),
        ("indicators: indicators.csv", "indicators: none.csv"),
        ("rules:\n", "rules: [\n"),
    ],
)
def test_an_office_at_work_answers_from_its_records_whatever_its_files_say_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Change
) -> None:
    config = a_working_office(tmp_path)
    config.write_text(changed(config.read_text(encoding="utf-8"), [change]), encoding="utf-8")

    assert main(["--config", str(config), "who", "market.clerk"]) == 0

    assert "市场秩序科填报人" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"- a\n", b"office\n", "office: 局\n".encode("gb18030"), b"a: &a [*a]\n"])
def test_status_of_what_is_no_configuration_is_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    config = an_office(tmp_path)
    config.write_bytes(content)

    wrong, remedy = said_by_status(config, capsys)

    assert "config.yaml" in wrong
    assert "kaoji check" in remedy


def test_status_without_a_configuration_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, remedy = said_by_status(tmp_path / "none.yaml", capsys)

    assert "none.yaml" in wrong
    assert "--config" in remedy


def test_status_of_a_folder_is_two_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong, remedy = said_by_status(tmp_path, capsys)

    assert str(tmp_path) in wrong
    assert remedy


def test_a_mistake_in_the_address_of_the_database_repeats_no_password(tmp_path: Path) -> None:
    config = an_office(tmp_path, ("sqlite:///kaoji.db", "mysql://kaoji:s3cret@localhost/kaoji"))

    with pytest.raises(ConfigError) as refused:
        load(config, environment={})

    assert "database.url" in str(refused.value)
    assert "s3cret" not in str(refused.value)
