"""Words for what does not fit the shape of the configuration: where it stands, what is wrong, what would be right."""

from difflib import get_close_matches
from typing import Any

from pydantic_core import ErrorDetails

from app.config_file import Location, Problem, ReadFile
from app.config_shape import ConfigShape

_LIMITS = {
    "greater_than_equal": "应不小于 {ge}",
    "less_than_equal": "应不大于 {le}",
}
_KINDS = {
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "应为整数，位数太多",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "string_type": "应为文字；数字、日期、true 之类请加引号",
    "time_parsing": "应为时刻，如 17:00",
    "date_parsing": "应为日期，如 2026-10-10",
    "date_from_datetime_parsing": "应为日期，如 2026-10-10",
    "tuple_type": "应为列表，每项前写“- ”",
    "model_type": "应为一组“键: 值”",
}
# What a text of a form of its own should look like, by its key.
_FORMS = {
    "url": "应如 sqlite:///kaoji.db 或 postgresql+psycopg://用户@主机/库名",
    "link_base": "应如 https://kaoji.office.example，末尾不带“/”；没有网页就留空",
    "first_period": '应为期次并加引号，如 "2027-01"（年份 2000 至 2099）',
    "code": "不能为空，不能含空格和“/”，如 shirong",
    "id": "不能为空，不能含空格和“/”，如 shirong.clerk",
}
_SHOWN = 40


def in_words(error: ErrorDetails, file: ReadFile, organisation_file: ReadFile, prefix: Location) -> Problem:
    """The mistake pydantic found, at its line; `prefix` leads to the organisation in its file."""
    location = error["loc"]
    named = ".".join(str(part) for part in location)
    if location[:1] == ("organisation",) and not prefix:
        file, location = organisation_file, location[1:]
    return file.problem(location, *_wrong_and_right(error, named))


def _wrong_and_right(error: ErrorDetails, named: str) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"没有 {named} 这个键", _nearest(error)
    if kind == "missing":
        return f"缺少 {named}", "请补上这一项"
    # What should be the database's address may hold a password, wherever in it.
    wrong = f"{named} 的写法不对" if named == "database.url" else f"{named} 的值“{_shortened(error['input'])}”不对"
    if kind in _LIMITS:
        return wrong, _LIMITS[kind].format(**context)
    if kind == "value_error":
        return wrong, str(context["error"])
    if kind == "string_pattern_mismatch":
        return wrong, _FORMS.get(str(error["loc"][-1]), f"应符合 {context['pattern']}")
    if kind in ("enum", "literal_error"):
        return wrong, f"应是：{context['expected']}".replace(" or ", "、").replace(", ", "、").replace("'", "")
    return wrong, _KINDS.get(kind, f"应为：{error['msg']}")


def _shortened(given: object) -> str:
    text = "（空）" if given is None else " ".join(str(given).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _nearest(error: ErrorDetails) -> str:
    key, here = str(error["loc"][-1]), _known_keys(error["loc"][:-1])
    near = get_close_matches(key, here, n=2, cutoff=0.5)
    return f"是不是 {' 或 '.join(near)}？" if near else f"这里可以写：{'、'.join(here)}"


def all_keys() -> frozenset[str]:
    """Every key there is, wherever it belongs."""
    return frozenset(_keys_of(ConfigShape))


def _keys_of(shape: Any) -> set[str]:
    keys = {field.alias or name for name, field in shape.model_fields.items()}
    for field in shape.model_fields.values():
        inner = field.annotation
        for part in (inner, *getattr(inner, "__args__", ())):
            if hasattr(part, "model_fields"):
                keys |= _keys_of(part)
    return keys


def _known_keys(location: Location) -> list[str]:
    shape: Any = ConfigShape
    for part in location:
        if isinstance(part, int):
            continue
        inner = shape.model_fields[part].annotation
        shape = inner if hasattr(inner, "model_fields") else inner.__args__[0]
    return [field.alias or name for name, field in shape.model_fields.items()]
