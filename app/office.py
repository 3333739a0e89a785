"""`kaoji office`: what the office has defined, and how that is changed (spec, part 2.1)."""

import argparse
import json
import uuid
from collections.abc import Iterator
from typing import Any, Final

from app.acts import console_user
from app.answers import print_json
from app.bootstrap import Serving, put_together, read_settings
from app.clock import SystemClock
from app.names import names_of
from app.naming import resolve_person
from app.place import office_place, place
from app.refusals import Unusable
from app.still_needed import refuse_what_is_needed
from states import commands as c
from states.canonical import canonical
from states.definitions import bodies_of, changes
from states.events import DefinitionChange
from storage.database import open_database
from workflow.queries import Document


def apply(parsed: argparse.Namespace) -> int:
    """`kaoji office apply`: shows what the files would change, one line each, and does it with `--yes`.

    Raises ConfigError with every mistake of the files, Unusable where open work needs what they lack.
    """
    where = office_place(parsed)
    with put_together(read_settings(where.config), SystemClock(), where.database) as running:
        records = {row.kind: row.body for row in running.database.definitions()}
        if not records:
            raise Unusable("系统还没有开始工作，没有什么可变更", "首次启动守护进程（kaoji serve）时按配置文件建立")
        files = bodies_of(running.settings.definitions)
        differing = changes(records, files)
        if differing:
            refuse_what_is_needed(running.database, running.settings.office)
        event = _applied(parsed, records, files, running) if differing and parsed.yes else None
    if parsed.json:
        print_json({"changes": [_document(one) for one in differing], "event": event})
        return 0
    if not differing:
        print("配置文件与现行规则相同，没有变动")
        return 0
    for one in differing:
        print(said(one))
    if event is None:
        print(f"以上 {len(differing)} 处还没有生效；确认无误后，加 --yes --as 办理人 --reason 理由")
    else:
        print(f"以上 {len(differing)} 处已生效（流转记录第 {event} 条），守护进程不必重启")
    return 0


def _applied(parsed: argparse.Namespace, records: dict[str, str], files: dict[str, str], running: Serving) -> int:
    if parsed.actor is None:
        raise Unusable("没有写明是谁变更的", "请用 --as 写明办理人，用 --reason 写明理由")
    command = c.DefineOffice(
        command_id=parsed.command_id or str(uuid.uuid4()),
        actor=resolve_person(parsed.actor, names_of(records)),
        door="console",
        proof=console_user(),
        bodies=tuple(files.items()),
        reason=parsed.text,
    )
    answer = running.workflow.execute(command)
    running.keep_mark()
    return answer.events[0].seq


def show(parsed: argparse.Namespace) -> int:
    """`kaoji office show`: which version of each kind of rule is in force, and since which event."""
    with open_database(place(parsed).machine().database_url, read_only=True) as database:
        rows = database.definitions()
    if parsed.json:
        print_json(
            [
                {"kind": row.kind, "version": row.version, "since": row.since_seq, "body": json.loads(row.body)}
                for row in rows
            ]
        )
        return 0
    for row in rows:
        print(f"{_KINDS[row.kind]}：第 {row.version} 版，自流转记录第 {row.since_seq} 条起（{row.sha256[:16]}…）")
    if not rows:
        print("系统还没有开始工作，首次启动守护进程（kaoji serve）时按配置文件建立")
    return 0


# --- a change in words -----------------------------------------------------------------------------------------------

_KINDS: Final = {
    "organisation": "组织",
    "indicators": "指标",
    "levels": "两级报送",
    "policies": "规则与定时器",
    "calendar": "日历",
}
_ITEMS: Final = {"units": "单位", "people": "人员", "appointments": "任职", "indicators": "指标"}
_FIELDS: Final = {
    "name": "名称",
    "level": "层级",
    "parent": "上级单位",
    "email": "邮件地址",
    "language": "语言",
    "until": "到",
    "main_content": "主要内容",
    "lead_unit": "牵头单位",
    "field": "参加排名个数",
    "target_rank": "目标名次",
    "year_end_target": "年终承诺目标",
}


def said(one: DefinitionChange) -> str:
    """The change in one line: `人员 market.clerk：邮件地址 由 a@b 改为 c@d`."""
    sort, _, key = one.item.partition(" ")
    named = f"{_ITEMS[sort]} {key}" if sort in _ITEMS else f"{_KINDS[one.kind]} {key or sort}"
    if one.before is None:
        return f"{named}：新增"
    if one.after is None:
        return f"{named}：去掉"
    before, after = json.loads(one.before), json.loads(one.after)
    if isinstance(before, dict) and isinstance(after, dict):
        return f"{named}：{'；'.join(_field_changes(before, after))}"
    return f"{named}：由 {_value(before)} 改为 {_value(after)}"


def _field_changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield f"{_FIELDS.get(name, name)} 由 {_value(before.get(name))} 改为 {_value(after.get(name))}"


def _value(value: Any) -> str:
    if value is None or value in ("", []):
        return "（空）"
    if isinstance(value, list):
        return "、".join(map(_value, value))
    return value if isinstance(value, str) else canonical(value)


def _document(one: DefinitionChange) -> Document:
    return {
        "kind": one.kind,
        "item": one.item,
        "before": None if one.before is None else json.loads(one.before),
        "after": None if one.after is None else json.loads(one.after),
    }
