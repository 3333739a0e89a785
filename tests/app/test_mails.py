"""`kaoji mail`, and what `kaoji check` says of mail: nothing that did not arrive is forgotten, nor red for ever."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from app.bootstrap import Serving, put_together, read_settings
from app.cli import main
from app.clock import SystemClock
from app.config import ConfigError, load
from app.mailing import dispatcher_for
from notifications.sink import MailSink, read_maildir
from storage.database import open_database
from tests.app.builders import a_working_office, all_sent, an_office, changed, line_of, url_of
from tests.notifications.smtp_server import Stage, a_port_nobody_listens_on, an_smtp_server
from workflow.ports import Delivery, Message

Run = Callable[..., tuple[int, str, str]]
PERSON = "market.clerk"
OLD, NEW = "market.clerk@office.example", "clerk.of.market@office.example"


@pytest.fixture(scope="module")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a mail server that takes everything."""
    with MailSink(tmp_path_factory.mktemp("mail")) as sink:
        yield sink.port


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory, mail_server: int) -> Path:
    """An office at work, its mails all sent but three to one person, which are dead; to copy."""
    config = a_working_office(tmp_path_factory.mktemp("founded"), ("port: 2525", f"port: {mail_server}"))
    theirs = [mail.id for mail in mails(config) if mail.recipient == PERSON][:3]
    all_sent(config, but=lambda mail: mail.id in theirs)
    assert dead(config) == theirs
    return config


@pytest.fixture
def kaoji(office: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line on that office: status, standard output, standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["--config", str(office), *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def mails(office: Path, state: Delivery | None = None) -> Sequence[Message]:
    with open_database(url_of(office), read_only=True) as database:
        return database.messages(state=state)


def dead(office: Path) -> list[int]:
    return [mail.id for mail in mails(office, Delivery.DEAD)]


def address_corrected(office: Path) -> None:
    text = office.read_text(encoding="utf-8")
    assert f"email: {OLD}" in text
    office.write_text(text.replace(f"email: {OLD}", f"email: {NEW}"), encoding="utf-8")


def taken_in(kaoji: Run) -> None:
    """The corrected address becomes the office's."""
    assert kaoji("office", "apply", "--yes", "--as", "office", "--reason", "地址写错了")[0] == 0


def findings(kaoji: Run, what: str) -> list[dict[str, object]]:
    return [one for one in json.loads(kaoji("check", "--json")[1]) if one["what"] == what]


# --- list and show -------------------------------------------------------------------------------------------------


def test_mails_are_listed_with_what_came_of_them(kaoji: Run, office: Path) -> None:
    status, printed, said = kaoji("mail", "list", "--state", "dead", "--json")

    lines = json.loads(printed)
    assert (status, said) == (0, "")
    assert [line["mail"] for line in lines] == dead(office)
    assert {(line["recipient"], line["address"], line["state"]) for line in lines} == {(PERSON, OLD, "dead")}
    assert {line["last_error"] for line in lines} == {"550 no such mailbox"}
    everything = json.loads(kaoji("mail", "list", "--json")[1])
    assert len(everything) == len(mails(office))
    theirs = json.loads(kaoji("mail", "list", "--person", PERSON, "--json")[1])
    assert 3 <= len(theirs) < len(everything)


def test_the_list_is_chinese_with_names_beside_ids(kaoji: Run) -> None:
    _, printed, _ = kaoji("mail", "list", "--person", PERSON)

    assert "市场秩序科填报人（market.clerk）" in printed
    assert "未送达" in printed
    assert "已发出" in printed
    words = set(re.findall(r"[a-z_]{4,}", printed.replace("550 no such mailbox", "")))
    assert words <= {"market", "clerk", "such", "mailbox"}


def test_a_mail_is_shown_as_its_reader_sees_it_with_every_attempt(kaoji: Run, office: Path) -> None:
    number = dead(office)[0]

    status, printed, _ = kaoji("mail", "show", str(number))

    assert status == 0
    assert "第 1 次" in printed
    assert "被永久拒收  550 no such mailbox" in printed
    assert OLD in printed
    document = json.loads(kaoji("mail", "show", str(number), "--json")[1])
    assert document["attempts_made"][0]["outcome"] == "permanent"
    assert document["text"] in printed


def test_what_is_not_there_is_said_in_two_lines(kaoji: Run) -> None:
    for arguments in (("show", "9999"), ("list", "--person", "nobody"), ("retry", "9999", "--as", "head")):
        status, printed, said = kaoji("mail", *arguments)

        assert (status, printed, len(said.splitlines())) == (1, "", 2)
    assert kaoji("mail", "list", "--state", "uncertain")[1] == "没有这样的邮件\n"


# --- again ---------------------------------------------------------------------------------------------------------


def test_an_address_corrected_sends_its_dead_mails_again_by_itself(kaoji: Run, office: Path) -> None:
    before = {mail.id: mail.message_id for mail in mails(office, Delivery.DEAD)}
    address_corrected(office)

    taken_in(kaoji)

    again = [mail for mail in mails(office) if mail.id in before]
    assert {mail.id: mail.message_id for mail in again} == before
    assert {(mail.state, mail.address, mail.original_address) for mail in again} == {(Delivery.PENDING, NEW, OLD)}
    assert kaoji("audit", "verify")[0] == 0
    assert [one["ok"] for one in findings(kaoji, "数据库")] == []
    retried = [row for row in events(office) if row[0] == "mails_retried"]
    assert len(retried) == 1
    assert NEW in retried[0][2]


def events(office: Path) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection:
        return connection.execute("SELECT kind, actor, payload FROM event ORDER BY seq").fetchall()


def test_mails_that_still_wait_go_to_the_corrected_address_too(kaoji: Run, office: Path) -> None:
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection, connection:
        connection.execute("UPDATE message SET state = 'pending' WHERE state = 'dead'")
    address_corrected(office)

    taken_in(kaoji)

    assert {mail.address for mail in mails(office, Delivery.PENDING)} == {NEW}


def test_a_report_shows_which_of_its_mails_did_not_arrive(kaoji: Run, office: Path) -> None:
    (lost, *_) = [mail for mail in mails(office, Delivery.DEAD) if "report" in mail.facts]
    ref = str(lost.facts["report"])

    printed = kaoji("status", ref)[1]

    assert f"没有送达：第 {lost.id} 号邮件" in printed
    assert f"kaoji mail show {lost.id}" in printed
    for number in dead(office):
        assert kaoji("mail", "acknowledge", str(number), "--as", "office", "--reason", "已电话告知")[0] == 0
    assert "没有送达" not in kaoji("status", ref)[1]


@pytest.mark.parametrize("which", ["each", "all"])
def test_dead_mails_are_sent_again_on_demand_and_it_is_known_who_demanded(kaoji: Run, office: Path, which: str) -> None:
    numbers = dead(office)
    asked = map(str, numbers) if which == "each" else ["--dead"]

    status, printed, said = kaoji("mail", "retry", *asked, "--as", "office")

    assert (status, said) == (0, "")
    assert f"共 {len(numbers)} 封" in printed
    assert [mail.id for mail in mails(office, Delivery.PENDING)] == numbers
    assert {mail.original_address for mail in mails(office, Delivery.PENDING)} == {None}
    assert events(office)[-1][:2] == ("mails_retried", "office")
    assert kaoji("audit", "verify")[0] == 0


def test_only_dead_mails_are_sent_again_and_only_by_who_is_known(kaoji: Run, office: Path) -> None:
    sent, numbers = mails(office, Delivery.SENT)[0].id, dead(office)

    for arguments in ((str(sent), "--as", "head"), (str(numbers[0]), "--as", "nobody"), ("--as", "head")):
        assert kaoji("mail", "retry", *arguments)[0] == 1

    assert dead(office) == numbers


def test_a_command_repeated_under_its_id_has_one_effect(kaoji: Run, office: Path) -> None:
    (number, *_) = dead(office)
    demand = ("mail", "retry", str(number), "--as", "head", "--command-id", "once")

    first, second = kaoji(*demand), kaoji(*demand)

    assert (first[0], second[0]) == (0, 0)
    assert "此前已经办理" in second[1]
    assert sum(kind == "mails_retried" for kind, _, _ in events(office)) == 1


def test_a_mail_leaves_and_is_shown_with_the_office_s_own_salutation(kaoji: Run, office: Path, tmp_path: Path) -> None:
    stated = changed(office.read_text(encoding="utf-8"), [("# salutation: 同志", "salutation: 您好  #")])
    office.write_text(stated, encoding="utf-8")
    number = dead(office)[0]
    assert kaoji("mail", "retry", "--dead", "--as", "office")[0] == 0

    async def send(running: Serving, sink: MailSink) -> None:
        dispatcher = dispatcher_for(running, sink=(sink.host, sink.port))
        await dispatcher.drain()
        await dispatcher.close()

    with MailSink(tmp_path / "sent") as sink, put_together(read_settings(office), SystemClock()) as running:
        asyncio.run(send(running, sink))

    assert [mail.text.splitlines()[0] for mail in read_maildir(tmp_path / "sent")] == ["市场秩序科填报人您好："] * 3
    assert "市场秩序科填报人您好：" in kaoji("mail", "show", str(number))[1].splitlines()


# --- taken note of -------------------------------------------------------------------------------------------------


def test_check_names_what_did_not_arrive_until_somebody_took_note(kaoji: Run, office: Path) -> None:
    (finding,) = [one for one in findings(kaoji, "邮件") if not one["ok"]]
    assert "市场秩序科填报人" in str(finding["detail"])
    assert "3 封没有送达" in str(finding["detail"])
    worded = re.sub(rf"{OLD}|{PERSON}|\d+-\d+/\w+|550 no such mailbox", "", str(finding["detail"]))
    assert not re.search("[a-z]", worded)
    assert all(str(number) in str(finding["remedy"]) for number in dead(office))

    told = ("--reason", "已电话告知本人")
    status, printed, _ = kaoji("mail", "acknowledge", *map(str, dead(office)), "--as", "office", *told)

    assert (status, kaoji("check")[0]) == (0, 0)
    assert "已登记" in printed
    assert {(mail.acknowledged_by, mail.acknowledged_note) for mail in mails(office, Delivery.DEAD)} == {
        ("office", "已电话告知本人")
    }
    assert "已登记" in kaoji("mail", "list", "--state", "dead")[1]
    assert "已电话告知本人" in kaoji("mail", "show", str(dead(office)[0]))[1]
    assert kaoji("audit", "verify")[0] == 0


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_taking_note_needs_words(kaoji: Run, office: Path, reason: tuple[str, ...]) -> None:
    assert kaoji("mail", "acknowledge", str(dead(office)[0]), "--as", "office", *reason)[0] == 1

    assert all(mail.acknowledged_at is None for mail in mails(office))


# --- what else check sees ------------------------------------------------------------------------------------------


def harm(office: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(office.parent / "kaoji.db")) as connection, connection:
        connection.execute(statement, values)


def text_of(ago: timedelta) -> str:
    return f"{SystemClock().now() - ago:%Y-%m-%dT%H:%M:%S.%fZ}"


@pytest.mark.parametrize(("days", "is_well"), [(0, True), (4, False)])
def test_check_sees_a_daemon_that_is_dead(kaoji: Run, office: Path, days: int, *, is_well: bool) -> None:
    at = text_of(timedelta(days=days))
    harm(office, "INSERT INTO heartbeat (id, at, pid, host, started_at) VALUES (1, ?, 4711, 'server', ?)", at, at)

    (finding,) = findings(kaoji, "守护进程")

    assert finding["ok"] is is_well
    assert "4711" in str(finding["detail"])


def test_check_sees_a_clock_nobody_believes(kaoji: Run, office: Path) -> None:
    at = text_of(timedelta(days=-1))
    harm(office, "INSERT INTO heartbeat (id, at, pid, host, started_at) VALUES (1, ?, 4711, 'server', ?)", at, at)

    (finding,) = findings(kaoji, "时钟")

    assert not finding["ok"]
    assert "kaoji resume" in str(finding["remedy"])


@pytest.mark.parametrize(("minutes", "is_well"), [(5, True), (60, False)])
def test_check_sees_how_long_mail_waits_and_why(kaoji: Run, office: Path, minutes: int, *, is_well: bool) -> None:
    harm(
        office,
        "UPDATE message SET state = 'pending', last_error = '服务器不接受发件人', created_at = ? WHERE state = 'dead'",
        text_of(timedelta(minutes=minutes)),
    )

    (finding,) = findings(kaoji, "邮件")

    assert finding["ok"] is is_well
    assert "3 封等候发送" in str(finding["detail"])
    assert "服务器不接受发件人" in str(finding["detail"])


def test_check_sees_mails_that_are_held(kaoji: Run, office: Path) -> None:
    at = text_of(timedelta())
    harm(
        office,
        "INSERT INTO heartbeat (id, at, pid, host, started_at, held_since, held_reason)"
        " VALUES (1, ?, 1, 'server', ?, ?, '刚从备份恢复')",
        at,
        at,
        at,
    )

    assert any("刚从备份恢复" in str(one["detail"]) and not one["ok"] for one in findings(kaoji, "邮件"))


def test_check_says_in_plain_chinese_what_is_wrong_with_the_server_and_once_what_to_do(
    kaoji: Run, office: Path
) -> None:
    port = a_port_nobody_listens_on()
    text = office.read_text(encoding="utf-8")
    office.write_text(re.sub(r"port: \d+", f"port: {port}", text), encoding="utf-8")

    (finding,) = findings(kaoji, "邮件服务器")

    assert not finding["ok"]
    assert str(finding["detail"]) == f"邮件服务器 127.0.0.1:{port} 不能使用：连接被拒绝，那里没有邮件服务在运行"
    assert str(finding["remedy"]).count("mail.host") == 1


def test_check_sees_that_the_server_does_not_take_our_sender(kaoji: Run, office: Path) -> None:
    with an_smtp_server({"mail": ["554 not from here"]}) as server:
        text = office.read_text(encoding="utf-8")
        office.write_text(re.sub(r"port: \d+", f"port: {server.port}", text), encoding="utf-8")
        (finding,) = findings(kaoji, "邮件服务器")

    assert not finding["ok"]
    assert "554 not from here" in str(finding["detail"])
    assert "mail.sender" in str(finding["remedy"])


# --- a test mail ---------------------------------------------------------------------------------------------------


def test_a_test_mail_says_what_the_server_answered(kaoji: Run, office: Path, tmp_path: Path) -> None:
    with MailSink(tmp_path / "try") as sink:
        text = office.read_text(encoding="utf-8")
        office.write_text(re.sub(r"port: \d+", f"port: {sink.port}", text), encoding="utf-8")
        status, printed, said = kaoji("mail", "test", "zhang@office.example")

    assert (status, said) == (0, "")
    assert "250 kept" in printed
    (mail,) = read_maildir(tmp_path / "try")
    assert (mail.address, "测试邮件" in mail.subject) == ("zhang@office.example", True)


@pytest.mark.parametrize(
    ("stage", "answer"), [("mail", "554 not from here"), ("rcpt", "550 no such mailbox"), ("body", "550 spam")]
)
def test_a_test_mail_refused_says_so_in_two_lines(kaoji: Run, office: Path, stage: Stage, answer: str) -> None:
    with an_smtp_server({stage: [answer]}) as server:
        text = office.read_text(encoding="utf-8")
        office.write_text(re.sub(r"port: \d+", f"port: {server.port}", text), encoding="utf-8")
        status, printed, said = kaoji("mail", "test", "zhang@office.example")

    assert (status, printed, len(said.splitlines())) == (1, "", 2)
    assert answer in said


@pytest.mark.parametrize("address", ["张三@office.example", "a b", "a@b\r\nRCPT TO:<x@y>", ""])
def test_a_test_mail_to_what_is_no_address_says_so(kaoji: Run, address: str) -> None:
    status, printed, said = kaoji("mail", "test", address)

    assert (status, printed) == (1, "")
    assert "不能用" in said


# --- passwords in clear --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "tls", "is_well"),
    [
        ("mail.office.example", "none", False),
        ("10.0.0.5", "none", False),
        ("mail.office.example", "starttls", True),
        ("mail.office.example", "tls", True),
        ("localhost", "none", True),
        ("127.0.0.1", "none", True),
        ("'::1'", "none", True),
    ],
)
def test_a_password_never_crosses_the_network_in_clear(tmp_path: Path, host: str, tls: str, *, is_well: bool) -> None:
    config = an_office(
        tmp_path,
        ("host: 127.0.0.1", f"host: {host}"),
        ("tls: none", f"tls: {tls}"),
        ("# username: kaoji", "username: kaoji"),
        ("# password_env: KAOJI_MAIL_PASSWORD", "password_env: KAOJI_MAIL_PASSWORD"),
    )

    def read() -> None:
        load(config, environment={"KAOJI_MAIL_PASSWORD": "opens nothing"})

    if is_well:
        read()
        return
    with pytest.raises(ConfigError) as refused:
        read()
    (problem,) = refused.value.problems
    assert problem.line == line_of(config, "  tls: ")
    assert "明文" in problem.wrong
