"""The command line: parses, calls one function, prints. Everything heavy is imported by the command that needs it.

Errors go to standard error, one line of what is wrong and one of what to do, with exit status 1; 2 for wrong usage.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.streams import speak_plainly, undecodable
from app.usage import Parser

if TYPE_CHECKING:
    from states.acts import Act, Argument

Run = Callable[[argparse.Namespace], int]

OF_THE_DEMONSTRATION: Final = frozenset(
    {"status", "inbox", "history", "why", "who", "rank", "route", "report", "case", "liaison", "audit", "check"}
)
"""Commands the demonstration's office may be asked too. What founds, serves or restores an office is not among them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status."""
    speak_plainly()
    given = sys.argv[1:] if arguments is None else list(arguments)
    bad = undecodable(given)
    if bad is not None:
        print(f"命令行里有认不出的字节：{bad}", file=sys.stderr)
        print("请用终端的编码（一般是 UTF-8）重新输入；没有办理任何事", file=sys.stderr)
        return 2
    asked = _of_the_demonstration(given)
    top = parser(asked)
    parsed = top.parse_args(asked)
    if parsed.demo and parsed.command not in OF_THE_DEMONSTRATION:
        top.error(f"{parsed.command} 不能用于演示（--demo）")
    if parsed.demo and (parsed.config or parsed.database):
        top.error("--demo 已指明演示单位，不能再写 --config 或 --database")
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # noqa: BLE001  the last resort: known faults are explained, others named
        from app.refusals import explain

        for line in explain(fault):
            print(line, file=sys.stderr)
        return 1


def _of_the_demonstration(given: list[str]) -> list[str]:
    """`demo COMMAND …` is `--demo COMMAND …`; `demo` alone and `demo mail` are commands of their own."""
    place = 0
    while place < len(given) and given[place].startswith("-"):
        place += 2 if given[place] in ("--config", "--database") else 1
    asks = given[place : place + 1] == ["demo"] and given[place + 1 : place + 2] != ["mail"]
    if asks and set(given[place + 1 : place + 2]) & OF_THE_DEMONSTRATION:
        return [*given[:place], "--demo", *given[place + 1 :]]
    return given


def parser(asked: Sequence[str] | None = None) -> Parser:
    """The command line, with those of its groups filled that are asked for: filling all of them takes longer than most
    answers. None fills all.
    """
    top = Parser(prog="kaoji", description="考绩指标月报：填报、签批、报送、督查")
    top.add_argument("--version", action=_Version, help="显示版本")
    top.add_argument("--config", type=Path, help="配置文件（默认 ./config.yaml，或环境变量 KAOJI_CONFIG）")
    top.add_argument("--database", help="数据库地址，代替配置文件里的 database.url")
    top.add_argument(
        "--demo", action="store_true", help="问的是演示单位（先运行 kaoji demo）；也可写作 kaoji demo 命令 …"
    )
    commands = top.add_subparsers(title="命令", dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    _processes(commands, asked)
    _questions(commands)
    for name, (about, fill) in _GROUPS.items():
        group = commands.add_parser(name, help=about, description=about)
        acts = group.add_subparsers(title="事项", required=True, metavar="ACT", parser_class=Parser)
        if asked is None or name in asked:
            fill(acts)
    return top


class _Version(argparse.Action):
    """Prints name and version; looking it up costs time, so only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, **given: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, help=given.get("help"))

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"kaoji {version('kaoji')}")
        parser.exit()


def _lazy(module: str, function: str) -> Run:
    """The command's function, imported when it runs."""

    def run(parsed: argparse.Namespace) -> int:
        from importlib import import_module

        status: int = getattr(import_module(module), function)(parsed)
        return status

    return run


def _command(commands: Any, name: str, run: Run, about: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    made.set_defaults(run=run)
    # The office may be named before or after the command.
    made.add_argument("--config", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    made.add_argument("--database", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    made.add_argument("--demo", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return made


def _with_json(made: argparse.ArgumentParser) -> argparse.ArgumentParser:
    made.add_argument("--json", action="store_true", help="只输出一份 JSON")
    return made


def _processes(commands: Any, asked: Sequence[str] | None) -> None:
    _command(commands, "serve", _lazy("app.daemon", "serve"), "启动守护进程：定时器、邮件")
    simulate = _with_json(
        _command(commands, "simulate", _lazy("app.replay", "simulate"), "在虚拟时钟上重演一个案例目录")
    )
    simulate.add_argument("directory", type=Path, metavar="DIR", help="案例目录，如 cases/longwan-2015")
    simulate.add_argument("--until", metavar="INSTANT", help="演到这一时刻为止，如 2015-11-01T09:00:00+08:00")
    simulate.add_argument("--mail", type=Path, metavar="DIR", help="把收到的邮件留在这个目录（Maildir）")
    demo = _command(
        commands, "demo", _lazy("app.replay", "demo"), "重演自带案例并显示看板；demo mail 人员 看某人收到的邮件"
    )
    demo.add_argument("what", nargs="?", choices=["mail"], metavar="mail", help="mail：查看演示中某人收到的邮件")
    demo.add_argument("person", nargs="?", metavar="PERSON", help="人员编号，如 shirong.clerk；不写则列出各人邮件数")
    resumed = _with_json(_command(commands, "resume", _lazy("app.acts", "act"), "确认时钟无误，或放行暂停的邮件"))
    founded = _command(
        commands, "init", _lazy("app.init", "init"), "新建单位：写出样例配置；改好后再运行一次，建立数据库"
    )
    founded.add_argument("directory", nargs="?", type=Path, metavar="DIR", help="单位所在的目录（默认当前目录）")
    backup = _with_json(_command(commands, "backup", _lazy("app.backup", "backup"), "备份数据库，可在运行中进行"))
    backup.add_argument("file", nargs="?", type=Path, metavar="FILE", help="备份文件（默认在数据库旁，以时间命名）")
    restored = _with_json(_command(commands, "restore", _lazy("app.backup", "restore"), "停止守护进程后，恢复一份备份"))
    for made, name in ((resumed, "resume"), (restored, "restore")):
        if asked is None or name in asked:
            from states.acts import ACTS

            _asks(made, ACTS[name])
    _command(commands, "migrate", _lazy("app.upkeep", "migrate"), "升级数据库结构")
    _with_json(_command(commands, "check", _lazy("app.check", "check"), "检查配置、数据库、日历和邮件服务器"))


def _questions(commands: Any) -> None:
    status = _with_json(
        _command(commands, "status", _lazy("app.answers", "status"), "一份报表的现状，或全部报表的看板")
    )
    status.add_argument("ref", nargs="?", metavar="REF", help="期次/单位，如 2015-10/shirong")
    status.add_argument("--period", help="期次，如 2015-10")
    status.add_argument("--unit", help="单位代码或名称")
    status.add_argument("--state", help="状态，如 draft，或看板上的词，如 已督查")
    status.add_argument("--overdue", action="store_true", help="只看逾期的")
    status.add_argument("--missing", action="store_true", help="未报清单：只看还没有报送的")
    inbox = _with_json(
        _command(commands, "inbox", _lazy("app.answers", "inbox"), "等某人办理的一切：报表、督查件、对接，各到何时")
    )
    inbox.add_argument("person", metavar="PERSON", help="人员编号或姓名")
    history = _with_json(_command(commands, "history", _lazy("app.answers", "history"), "一份报表或督查件的流转记录"))
    history.add_argument("ref", metavar="REF|CASE", help="期次/单位，督查件编号，或 期次/单位/指标")
    why = _with_json(
        _command(commands, "why", _lazy("app.answers", "why"), "一个时限、判定、督查件或扣分的依据：规则、数字、何人")
    )
    why.add_argument("ref", metavar="REF|CASE", help="期次/单位，督查件编号，或 期次/单位/指标")
    who = _with_json(_command(commands, "who", _lazy("app.answers", "who"), "谁任何职，哪些岗位空缺"))
    who.add_argument("asked", nargs="?", metavar="PERSON|UNIT", help="人员或单位，代码或名称；不写则列出全部")
    completion = _command(commands, "completion", _lazy("app.completion", "completion"), "打印命令补全脚本")
    completion.add_argument("shell", choices=["bash", "zsh", "fish"], metavar="SHELL", help="bash、zsh 或 fish")


def _rank(rank: Any) -> None:
    parse = _with_json(_command(rank, "parse", _lazy("app.answers", "rank_parse"), "读一格最新排名"))
    parse.add_argument("text", metavar="TEXT", help="这一格里写的，如 并列第2")
    parse.add_argument("--field", type=int, required=True, metavar="N", help="全市参加排名的个数")


def _open_acts(commands: Any, dest: str, written: str, about: str) -> None:
    """What is open to a person on it."""
    made = _with_json(_command(commands, "acts", _lazy("app.answers", "acts"), "某人现在可以办理什么，各需要什么"))
    made.add_argument(dest, metavar=written, help=about)
    made.add_argument("--as", dest="person", required=True, metavar="PERSON", help="人员编号或姓名")


def _acts(commands: Any, group: str) -> None:
    """Every act of that group, as the table of acts has it."""
    from states.acts import ACTS

    for act in ACTS.values():
        if act.on.group == group:
            made = _with_json(_command(commands, act.name, _lazy("app.acts", "act"), act.about or act.word[0]))
            _asks(made, act)


def _asks(made: argparse.ArgumentParser, act: "Act", *, by_whom: bool = True) -> None:
    """What an act asks for: its subject, who does it (`by_whom`: always), its words and whatever else it is told."""
    made.set_defaults(act=act.name)
    on = act.on
    if on.several:
        nargs = "+" if act.whole else "*"
        made.add_argument("subject", type=int, nargs=nargs, metavar=on.written, help=on.about)
    elif on.field:
        made.add_argument("subject", nargs=None if act.whole else "?", metavar=on.written, help=on.about)
    made.add_argument("--as", dest="actor", required=by_whom, metavar="PERSON", help="办理人，编号或姓名")
    if on.versioned:
        made.add_argument("--version", type=int, metavar="N", help="您所依据的版本；已有变化则拒绝")
    made.add_argument("--command-id", metavar="ID", help="命令编号；同一编号只办理一次")
    if act.words is not None:
        about = act.words.what + ("（必填）" if act.words.must else "")
        made.add_argument(f"--{act.words.field}", dest="text", default="", metavar="TEXT", help=about)
    for one in act.arguments:
        _told(made, one)


def _told(made: argparse.ArgumentParser, one: "Argument") -> None:
    option = one.name if one.needed else f"--{one.name.replace('_', '-')}"
    if not one.takes:
        made.add_argument(option, action="store_true", help=one.about)
    elif one.takes == "FILE":
        made.add_argument(option, type=Path, metavar=one.takes.value, help=one.about)
    else:
        made.add_argument(option, metavar=one.takes.value, help=one.about)


def _report(report: Any) -> None:
    show = _with_json(_command(report, "show", _lazy("app.answers", "status"), "一份报表的现状"))
    show.add_argument("ref", metavar="REF", help="期次/单位，如 2015-10/shirong")
    show.set_defaults(period=None, unit=None, state=None, overdue=False, missing=False)
    _open_acts(report, "ref", "REF", "期次/单位，如 2015-10/shirong")
    exported = _with_json(_command(report, "export", _lazy("app.export", "export"), "导出附1（.xlsx），可打印签字"))
    exported.add_argument("ref", metavar="REF", help="期次/单位，如 2015-10/shirong")
    exported.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="写到哪个 .xlsx 文件或文件夹（默认 期次_单位.xlsx）"
    )
    exported.add_argument("--force", action="store_true", help="文件已存在时覆盖")
    _acts(report, "report")


def _case(case: Any) -> None:
    listed = _with_json(_command(case, "list", _lazy("app.answers", "case_list"), "督查件一览"))
    listed.add_argument("--open", action="store_true", help="只看未销号的")
    listed.add_argument("--unit", help="单位代码或名称")
    show = _with_json(_command(case, "show", _lazy("app.answers", "case_show"), "一件督查件"))
    show.add_argument("case", metavar="CASE", help="编号，或 期次/单位/指标、期次/单位/overdue")
    _open_acts(case, "case", "CASE", "编号，或 期次/单位/指标、期次/单位/overdue")
    _acts(case, "case")


def _liaison(liaison: Any) -> None:
    listed = _with_json(
        _command(
            liaison, "list", _lazy("app.answers", "liaison_list"), "各单位最近一次赴市对接、是否超期，以及对接记录"
        )
    )
    listed.add_argument("--unit", help="单位代码或名称")
    _acts(liaison, "liaison")


def _mail(mail: Any) -> None:
    listed = _with_json(_command(mail, "list", _lazy("app.mails", "mail_list"), "发给谁、发成没有"))
    listed.add_argument("--state", metavar="STATE", help="只看待发、正在发送、已发出、不知是否收到或未送达的")
    listed.add_argument("--person", metavar="PERSON", help="收件人编号")
    show = _with_json(_command(mail, "show", _lazy("app.mails", "mail_show"), "一封邮件，及每次发送的结果"))
    show.add_argument("mail", type=int, metavar="ID", help="邮件编号")
    _acts(mail, "mail")
    tried = _with_json(_command(mail, "test", _lazy("app.mails", "mail_test"), "经配置的邮件服务器发一封测试邮件"))
    tried.add_argument("address", metavar="ADDRESS", help="收件地址")


def _audit(audit: Any) -> None:
    verify = _with_json(_command(audit, "verify", _lazy("app.upkeep", "audit_verify"), "验证流转记录未被改动"))
    verify.add_argument(
        "--mailbox", type=Path, action="append", metavar="PATH", help="以邮箱中的邮件为证（Maildir 或 mbox，可写多个）"
    )
    verify.add_argument(
        "--since-verified", action="store_true", help="只验证上次验证有效之后的部分（每日自检用；平时应验证全部）"
    )
    _command(audit, "export", _lazy("app.upkeep", "audit_export"), "逐行输出全部流转记录（JSON）")


def _route(route: Any) -> None:
    _with_json(_command(route, "check", _lazy("app.route", "check"), "检查配置文件里的签批路线能不能走通"))
    draw = _command(route, "draw", _lazy("app.route", "draw"), "画出现行的路线，或一份报表的路线和它所在的一步")
    draw.add_argument("ref", nargs="?", metavar="REF", help="期次/单位，如 2015-10/shirong；不写则画各级现行的路线")


def _office(office: Any) -> None:
    from states.acts import ACTS

    act = ACTS["apply"]
    _asks(_with_json(_command(office, act.name, _lazy("app.office", "apply"), act.about)), act, by_whom=False)
    _with_json(_command(office, "show", _lazy("app.office", "show"), "现行的各类规则，各自第几版、自何时起"))


_GROUPS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "office": ("办公规则：现行的，以及变更", _office),
    "route": ("签批路线：检查与画图", _route),
    "rank": ("读排名栏", _rank),
    "report": ("报表的办理", _report),
    "case": ("督查件", _case),
    "liaison": ("赴市对接", _liaison),
    "mail": ("邮件：发给谁、发成没有，重发与登记", _mail),
    "audit": ("流转记录", _audit),
}


if __name__ == "__main__":
    raise SystemExit(main())
