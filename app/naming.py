"""Names for what the code knows by ids, both ways: what people write is looked up, what they read bears a name."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from app.names import Names
from states.words import post_word, word

_LISTED: Final = 20
"""So many names are given where somebody is unknown; more would hide the ones that matter."""


def person(code: object, names: Names) -> str:
    """`姓名（id）`; the system by its own name, and whoever left by the id."""
    name = names.people.get(str(code))
    return f"{name}（{code}）" if name else word(str(code))


def unit(code: object, names: Names) -> str:
    """The unit's name; the code of one that no longer exists."""
    return names.unit_names.get(str(code), str(code))


def indicator(code: object, names: Names) -> str:
    """`名称（代码）`: the code is how commands know it."""
    if code is None:
        return "逾期未报"
    name = names.indicators.get(str(code))
    return f"{name}（{code}）" if name else str(code)


def report(ref: str, names: Names) -> str:
    """`单位 2015年10月（2015-10/unit）`."""
    period, _, code = ref.partition("/")
    year, _, month = period.partition("-")
    return f"{unit(code, names)} {year}年{month.lstrip('0')}月（{ref}）"


def posts_of(code: str, names: Names, day: date | None = None) -> str:
    """What a person holds, in words: all of it, or on that day. `市容管理科填报人、市容管理科对接人`."""
    held = [post for post in names.posts if post.person == code and (day is None or post.covers(day))]
    said = dict.fromkeys(f"{unit(post.unit, names)}{post_word(post.role)}" for post in held)
    return "、".join(said) or "没有任职"


def vacant_posts(names: Names, day: date) -> list[tuple[str, str]]:
    """Unit and role of every post nobody holds that day: those that reports need, and a section's liaison officer."""
    held = {(post.unit, post.role) for post in names.posts if post.covers(day)}
    wanted = []
    for code, level in names.levels.items():
        own, above = names.needed.get(level, ((), ()))
        wanted += [(where or code, role) for role, _, where in (post.partition("@") for post in own)]
        wanted += [(code, "liaison")] if level == "bureau" else []
        wanted += [(parent, role) for role in above if (parent := names.parents.get(code)) is not None]
    return [post for post in dict.fromkeys(wanted) if post not in held]


def resolve_person(text: str, names: Names) -> str:
    """The id of the person so called, by id or by a name that only one has.

    Raises Unusable: of several of one name it tells who they are, of none whom there is.
    """
    from app.refusals import Unusable

    if text in names.people:
        return text
    same = [code for code, name in names.people.items() if name == text]
    if len(same) == 1:
        return same[0]
    if same:
        told = "；".join(f"{code}（{posts_of(code, names)}）" for code in same)
        raise Unusable(f"叫“{text}”的不止一人", f"请写编号：{told}")
    raise Unusable(f"没有人员 {text}", f"人员有：{_listed(person(code, names) for code in names.people)}")


def resolve_unit(text: str, names: Names) -> str:
    """The code of the unit so called, by code or by name; what is neither comes back as it is."""
    return _resolved(text, names.unit_names)


def resolve_report(text: str, names: Names) -> str:
    """`PERIOD/UNIT` with the unit's code, where its name was written."""
    period, slash, rest = text.partition("/")
    code, more, indicator_ = rest.partition("/")
    if not slash:
        return text
    named = _resolved(indicator_, names.indicators) if more else ""
    return f"{period}/{resolve_unit(code, names)}{more}{named}"


def _resolved(text: str, known: Mapping[str, str]) -> str:
    same = [code for code, name in known.items() if name == text]
    return same[0] if text not in known and len(same) == 1 else text


def _listed(told: Iterable[str]) -> str:
    everyone = list(told)
    more = f" 等 {len(everyone)} 人，kaoji who 列出全部" if len(everyone) > _LISTED else ""
    return "、".join(everyone[:_LISTED]) + more
