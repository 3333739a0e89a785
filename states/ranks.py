"""Reading the rank column and the comparison column (spec, part 6): a reading is certain or it is `unreadable`.

A cell is cut into clauses; each must match one of the grammars below from its first to its last character, and together
they must say one thing. Nothing is searched for inside text that is not understood.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from itertools import pairwise

DISTRICTS = 3
LONGEST_CLAUSE = 100  # longer ones are prose


class RankKind(StrEnum):
    """What a rank cell says: a rank, that there is none, or nothing that can be read with certainty."""

    RANKED = "ranked"
    NONE = "none"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RankReading:
    """What was read in one rank cell. All but `kind` are None for `unreadable`; a single rank has `best == worst`.

    `tied` and `estimated` are False for `none`. `three_district_rank` is the place stated among the three districts.
    """

    kind: RankKind
    best: int | None = None
    worst: int | None = None
    stated_field: int | None = None
    tied: bool | None = None
    estimated: bool | None = None
    three_district_rank: int | None = None


UNREADABLE = RankReading(kind=RankKind.UNREADABLE)


# The words. Patterns stay text: `re` compiles and keeps them at first use, so that importing costs nothing.
# Repeated words are possessive (`*+`): 排名列 can be cut in two ways, and a long row of it in far too many.

DIGITS = "一二三四五六七八九"
FORMAL = str.maketrans("壹贰叁肆伍陆柒捌玖拾", DIGITS + "十")
SIGNS = str.maketrans(
    dict.fromkeys("[{【〔〖「", "(") | dict.fromkeys("]}】〕〗」", ")")
    | dict.fromkeys("‐‑‒–—―−─━~∼〜", "-") | dict.fromkeys("∕⁄\\", "/")
    | dict.fromkeys("⬆▲", "↑") | dict.fromkeys("⬇▼", "↓")
)  # fmt: skip

NUMBER = rf"(?:[1-9][0-9]{{0,2}}|[{DIGITS}]?十[{DIGITS}]?|[{DIGITS}])"
PAIR = "|".join(DIGITS[start : start + 2] for start in range(8))  # 五六名 is the fifth or the sixth
UNIT = "(?:位次|名次|位|名)"
MONTH = r"(?:(?:截至|截止|截止到|至)?(?:20[0-9]{2}年)?(?:1[0-2]|[1-9])(?:-(?:1[0-2]|[1-9]))?月份?(?:底|末)?)"
PAST = "(?:上个?月|上期|上次|上一期|上个?季度|去年同期|上年同期|去年|上年)"
NOW = "(?:截[至止]目前|本月|当月|本期|目前|当前|现|最新)"
NEAR = (
    "(?:全市|市里|市级|市|县市区|我区|本区|我局|龙湾区?|排名|名次|位次|排位|位列|位居|排在|名列|暂列|暂居|暂排|排|列|居"
    f"|处于|在|为|是|暂时|{NOW}|:)"
)
CONTEXT = (
    f"(?:{MONTH}|第?[一二三四1-4]季度|月度|季度|考核|考评|考绩办?|测评|通报|公布|综合|总体|累计|得分排名|成绩排名|中)"
)
ESTIMATE = "(?:初步(?:预估|预计|估计|测算)|预估|预计|预测|暂估|估计|估算|测算|大约|大概|约|估|左右|上下|预$)"
TIE = f"(?:[与和同][^0-9{DIGITS}十第不未无没上,]{{1,8}}?并列|并列|同列)"
# A number without a word behind it ends where its digits do: 共111 is not the first of eleven.
FIELD = (
    f"(?:{NUMBER}[名家位]中|(?:共有?{NUMBER}(?:个|(?![0-9{DIGITS}十]))|{NUMBER}个)"
    "(?:县市区|区县|县区|单位|地区|区|县)?(?:中|里)?)"
)
WORDS = f"(?:{NEAR}|{CONTEXT}|{ESTIMATE}|{TIE})"

PLACE = (
    "(?:(?P<first>首位?|榜首|头名)|(?P<last>末位|末名|末尾|垫底|最后(?:[一1][名位])?)"
    f"|倒数第(?P<from_last>{NUMBER}){UNIT}?|(?:前(?P<top>{NUMBER})|后(?P<bottom>{NUMBER})){UNIT}?"
    f"|第?(?P<pair>{PAIR})[名位]"
    f"|(?P<mark>第0?|no[.:]?)?(?P<place>{NUMBER})(?P<unit>{UNIT})?(?:(?P<join>[-至到、])第?(?P<end>{NUMBER})(?P<end_unit>{UNIT})?)?)"
)
RANK = (
    f"(?P<lead>{WORDS}*+)(?P<before>{FIELD})?(?P<more>{WORDS}*+){PLACE}(?P<tail>(?:{ESTIMATE}|{TIE})*+)"
    f"(?P<after>(?:/共?|共){NUMBER}{UNIT}?(?:个?(?:县市区|区县|县区|单位|地区)|个)?)?(?P<rest>{ESTIMATE}*+)"
)
LABEL = f"(?:{WORDS}|数据|统计)++"
OUTCOME = "(?:公布|发布|通报|下发|公开|反馈|出来|出炉|出|排名|排位|排序|名次|位次|考核|考评|数据|结果|成绩)"
SUBJECT = f"(?:{NEAR}|{MONTH}|月度|季度|考绩办|市局|上级|考核|通报|结果|数据|成绩|该项|本项|此项|该|指标|因|由于)*+"
NEITHER = "(?:暂时没有|还没有|没有|暂时无|暂无|尚无|暂时未|暂未|尚未|还未|未|暂不|不需|不|无需|无|还没|没)"
NOTHING = (
    f"{SUBJECT}(?:{NEITHER}(?:进行|开展|作|予|参与|参加|列入|纳入|全市|市|月度)*{OUTCOME}{{1,2}}|暂?无法(?:进行)?(?:排名|排位|预估)"
    "|暂无|尚无|没有|无)(?:要求|情况)?"
)
YEAR_END = (
    "(?:待|等待|为|属于?|因)?(?:市里?)?(?:年终|年底|年末|年度(?=考核|考评))(?:统一|一次性|集中|才|再|进行)*"
    f"{OUTCOME}{{1,2}}(?:指标|项目|后)?"
)
AWAITED = f"(?:待|等待?)(?:市里?|上级|考绩办|考核后)*{OUTCOME}{{1,2}}"
BETTER = "上升|提升|提高|前进|进步|前移|回升|升|进"
WORSE = "下降|后退|退步|下滑|下跌|后移|回落|降|退"
CHANGE = (
    f"(?:[较比与同和](?P<since>{PAST}|{MONTH})(?:排名|名次)?(?:相比)?)?(?:(?:排名|名次)?(?:(?:(?P<better>{BETTER})|{WORSE})了?"
    rf"(?P<steps>{NUMBER})个?{UNIT}?|(?P<same>持平|不变|[无没]有?变化))|(?:(?P<up>↑)|↓)(?P<arrow_steps>{NUMBER})?{UNIT}?)"
)
STANDING = "(?:处于?|位于|属于?)?(?:全市)?(?:中等|中上游|中游|中下游|上游|下游|靠前|靠后|前列)(?:水平|位置)?"
TOPIC = "(?:主要)?(?:与先进区)?(?:优势|不足|差距|短板|亮点|问题|原因)(?:是|在|为|:)"
REMARK = f"{TOPIC}[^0-9{DIGITS}十百两第名排列前后首末倒并未不无没非否待误省年月季分率%/-]+"

CUT = (
    rf"[(),;!。\n]|\.(?![0-9])|、(?=三区)|(?<![0-9{DIGITS}十])、|、(?![0-9{DIGITS}十])|(?<![十第])(?=三区)|(?=[↑↓])"
    f"|(?=[较比与同和](?:{PAST}|[0-9]+月))|(?<![较比与同和])(?={PAST})|(?<=[0-9位名])(?=上升|下降|前进|后退|进|退)"
)
ELSEWHERE = f"{PAST}|目标|力争|争取|有望|确保|全省|全国"  # a comparison of another time, hope or field


class _Says(StrEnum):
    """What one clause of a rank cell says."""

    PLACE = auto()
    DISTRICT = auto()
    NOTHING = auto()
    WORDS = auto()
    PAST = auto()
    REMARK = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clause:
    """One understood clause; `is_now` when it opens with a word such as 本月."""

    says: _Says
    text: str
    best: int = 0
    worst: int = 0
    field: int | None = None
    tied: bool = False
    estimated: bool = False
    is_bare: bool = False
    is_now: bool = False
    move: tuple[str, int] | None = None
    """Since when, and by how many places better; worse is below 0."""


def read_rank(text: str, field: int) -> RankReading:
    """Read one cell of 最新排名（或预估排名）(spec, part 6); what is not wholly understood is `unreadable`."""
    clauses = [_clause(clause, field) for clause in _clauses(text)]
    known = [clause for clause in clauses if clause is not None]
    if len(known) < len(clauses) or _past_may_reach(known) or _is_cut_off(text):
        return UNREADABLE
    districts = {clause.best for clause in known if clause.says is _Says.DISTRICT}
    stated = {clause.field for clause in known if clause.says is not _Says.DISTRICT and clause.field is not None}
    if len(districts) > 1 or stated - {field} or _is_adrift(known):
        return UNREADABLE
    reading = _ranked_or_none(known, stated_field=field if stated else None)
    if not _can_have_moved(reading, known, field):
        return UNREADABLE
    return replace(reading, three_district_rank=districts.pop()) if districts and reading != UNREADABLE else reading


def three_district_place(
    text: str, *, own: str, sisters: tuple[str, ...], field: int, own_rank: int | None
) -> int | None:
    """Read the place among the three districts from the comparison column (spec, part 6), or None.

    Every sister's place must be stated; the own place is taken from the column, else `own_rank` is.
    """
    found = _places_by_district(text, own, sisters, field)
    if found is None or not set(sisters) <= found.keys():
        return None
    # 三区中鹿城第1、瓯海第3 counts among three, the rank cell among all: they cannot be compared.
    place = found.get(own, None if "三区" in _plain(text) else own_rank)
    if place is None or not 1 <= place <= field:
        return None
    return 1 + sum(found[sister] < place for sister in sisters)


def _plain(text: str) -> str:
    """Bring widths, signs, numerals and white space to one spelling."""
    drawn = "".join(map(_plain_character, text)).casefold().translate(FORMAL).translate(SIGNS)
    spaced = re.sub(r"\s+", " ", drawn).strip()
    if re.fullmatch(r"[0-9]+\.0+", spaced):  # a number cell of a spreadsheet
        return spaced.partition(".")[0]
    parted = re.sub(r" (?=在?(?:三|3)个?区)", ",", spaced)
    # White space between digits stays, and no grammar knows it: "1 1" may be 11 or two places.
    joined = re.sub(r"(?<![0-9]) | (?![0-9])", "", parted)
    named = re.sub(r"县[(、]?市[、)]?区\)?|县[(、]市、区\)", "县市区", joined)
    return re.sub(r"在?(?:三个?|(?<![0-9第])3个?)区", "三区", re.sub("-+", "-", named))


def _plain_character(character: str) -> str:
    """Return the plain form. ² and ① stay: they may be notes, and 第1² is not the twelfth place."""
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKC", character)
    is_note = plain != character and character.isnumeric() and not character.isdecimal()
    return character if is_note else plain


def _clauses(text: str) -> list[str]:
    """Cut a cell where one statement ends and the next begins."""
    return [clause for clause in re.split(CUT, _plain(text)) if clause]


def _clause(text: str, field: int) -> _Clause | None:
    """Understand one clause of a rank cell, or None."""
    if len(text) > LONGEST_CLAUSE:
        return None
    if past := re.match(PAST, text):
        place = _place(text[past.end() :], field)
        return _Clause(says=_Says.PAST, text=past.group(), best=place.best, worst=place.worst) if place else None
    if text.startswith("三区"):
        return _district(text)
    if re.fullmatch(f"{NOTHING}|{YEAR_END}|{AWAITED}", text):
        return _Clause(says=_Says.NOTHING, text=text)
    if change := re.fullmatch(CHANGE, text):
        return _Clause(says=_Says.REMARK, text=text, move=(change["since"] or "", _steps(change)))
    if re.fullmatch(f"{STANDING}|{REMARK}", text):
        return _Clause(says=_Says.REMARK, text=text)
    return _words(text) or _place(text, field)


def _steps(change: re.Match[str]) -> int:
    """Return by how many places better; an arrow alone is at least one."""
    if change["same"]:
        return 0
    steps = _number(change["steps"] or change["arrow_steps"] or "1")
    return steps if change["better"] or change["up"] else -steps


def _district(text: str) -> _Clause | None:
    """Understand 三区第2."""
    rest = re.sub("^三区(?:之?[中内里间]|比较)*", "", text)
    place = _place(rest, DISTRICTS)
    if place is None or place.best != place.worst or place.estimated or "市" in rest:
        return None
    return replace(place, says=_Says.DISTRICT) if place.field in (None, DISTRICTS) else None


def _words(text: str) -> _Clause | None:
    """Understand a clause that only names the size of the field, a month, an estimate or a tie."""
    if not re.fullmatch(f"{LABEL}|{WORDS}*+{FIELD}", text):
        return None
    field = re.search(f"{FIELD}$", text)
    return _Clause(
        says=_Says.WORDS,
        text=text,
        field=_number_in(field.group()) if field else None,
        tied=_has(TIE, text),
        estimated=_has(ESTIMATE, text),
        is_now=re.match(NOW, text) is not None,
    )


def _place(text: str, field: int) -> _Clause | None:
    """Understand a clause that states a place or a range of places within the field."""
    match = re.fullmatch(RANK, text)
    span = _span(match, field) if match else None
    if match is None or span is None or not 1 <= span[0] <= span[1] <= field or (match["before"] and match["after"]):
        return None
    around = "".join(match[name] or "" for name in ("lead", "more", "tail", "rest"))
    is_bare = bool(match["place"]) and not (match["mark"] or match["unit"] or match["end_unit"])
    if is_bare and _has(CONTEXT, around) and not _has("排名|名次|位次", around):  # 9月5 is a date, 考核5 a score
        return None
    size = match["before"] or match["after"]
    return _Clause(
        says=_Says.PLACE,
        text=text,
        best=span[0],
        worst=span[1],
        field=_number_in(size) if size else None,
        tied=_has(TIE, around),
        estimated=_has(ESTIMATE, around),
        is_bare=is_bare,
        is_now=re.match(NOW, text) is not None,
    )


def _span(match: re.Match[str], field: int) -> tuple[int, int] | None:
    """Return best and worst place of a match, unchecked against the field."""
    if match["first"] or match["last"]:
        return (1, 1) if match["first"] else (field, field)
    if match["from_last"]:
        place = field + 1 - _number(match["from_last"])
        return place, place
    if match["top"]:
        return 1, _number(match["top"])
    if match["bottom"]:
        return field + 1 - _number(match["bottom"]), field
    if match["pair"]:
        return _number(match["pair"][0]), _number(match["pair"][1])
    return _written_span(match, field)


def _written_span(match: re.Match[str], field: int) -> tuple[int, int] | None:
    """Return the places written as numbers, where they are surely places."""
    unmarked = not (match["mark"] or match["unit"] or match["end_unit"])
    if unmarked and not (match["place"].isdecimal() and (match["end"] or "0").isdecimal()):
        return None  # a lone 一 is as often a dash
    best = _number(match["place"])
    worst = _number(match["end"] or match["place"])
    if match["join"] and unmarked and worst == field and match.group() == f"{best}{match['join']}{worst}":
        return None  # 5-11 may be the fifth of eleven
    if match["join"] == "、" and not (match["end_unit"] and worst == best + 1):
        return None
    return (best, worst) if best < worst or not match["join"] else None


def _is_cut_off(text: str) -> bool:
    """Tell whether a bracket lacks its other half: what stood there may have been 预估, or another number."""
    depth = 0
    for character in _plain(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return True
    return depth > 0


def _can_have_moved(reading: RankReading, clauses: Sequence[_Clause], field: int) -> bool:
    """Tell whether the cell's movements agree with its rank: 第1 cannot come of a fall by five places."""
    moves = [clause.move for clause in clauses if clause.move is not None]
    if any(one[0] == other[0] and one[1] != other[1] for one, other in pairwise(sorted(moves))):
        return False  # both up and down
    if reading.best is None or reading.worst is None:
        return not any(steps for _, steps in moves)
    pasts = {clause.text: clause for clause in clauses if clause.says is _Says.PAST}
    for since, steps in moves:
        # What it was before: somewhere in the field, and where the cell itself says it was.
        first, last = reading.best + steps, reading.worst + steps
        if last < 1 or first > field:
            return False
        past = pasts.get(since) or (next(iter(pasts.values())) if not since and len(pasts) == 1 else None)
        if past is not None and (past.worst < first or past.best > last):
            return False
    return True


def _past_may_reach(clauses: Iterable[_Clause]) -> bool:
    """Tell whether something stated after a past place may belong to the past as well: 上月第7，三区第3."""
    past = False
    for clause in clauses:
        if past and not clause.is_now and clause.says not in (_Says.PAST, _Says.REMARK):
            return True
        past = clause.says is _Says.PAST or (past and not clause.is_now)
    return False


def _is_adrift(clauses: list[_Clause]) -> bool:
    """Tell whether words after a district place may be meant for it alone: 三区第2（并列）, 三区第三（末位）."""
    return any(
        before.says is _Says.DISTRICT
        and (
            (after.says is _Says.WORDS and after.tied)
            or (after.says is _Says.PLACE and "市" not in after.text and after.field is None)
        )
        for before, after in pairwise(clauses)
    )


def _ranked_or_none(clauses: list[_Clause], stated_field: int | None) -> RankReading:
    """Join what the clauses say, but for the districts; contradictions are unreadable."""
    tied = any(clause.tied for clause in clauses if clause.says is not _Says.DISTRICT)
    estimated = any(clause.estimated for clause in clauses)
    nothing = any(clause.says is _Says.NOTHING for clause in clauses)
    places = [clause for clause in clauses if clause.says is _Says.PLACE]
    if nothing and not places and not tied and not estimated:
        return RankReading(kind=RankKind.NONE, tied=False, estimated=False)
    if not places or not _agree(places) or (nothing and not estimated):
        return UNREADABLE
    return RankReading(
        kind=RankKind.RANKED,
        best=places[0].best,
        worst=places[0].worst,
        stated_field=stated_field,
        tied=tied,
        estimated=estimated,
    )


def _agree(places: list[_Clause]) -> bool:
    """Tell whether all state one place, each in its own words: 第5（5/11）, but not 5,5."""
    meanings = {(place.best, place.worst, place.tied, place.estimated) for place in places}
    return len(meanings) == 1 and len({place.text for place in places}) == len(places)


def _places_by_district(text: str, own: str, sisters: tuple[str, ...], field: int) -> dict[str, int] | None:
    """Return each district's stated place; None where statements contradict or cannot be told from scores."""
    names = {own: f"(?:{_stem(own)}区?|我区|本区)"} | {sister: f"{_stem(sister)}区?" for sister in sisters}
    found: dict[str, int] = {}
    bare = other_numbers = False
    for clause in _statements(text, names.values()):
        district, place = _statement(clause, names, field)
        if district is None or place is None:
            other_numbers |= _has("[0-9]", clause)
            if _has(ELSEWHERE, clause) and not re.fullmatch(CHANGE, clause):
                return None
            continue
        bare |= place.is_bare
        if found.setdefault(district, place.best) != place.best:
            return None
    # 鹿城3、瓯海5、龙湾8分: a number without 第 is a place only where nothing else is counted.
    return None if bare and other_numbers else found


def _stem(district: str) -> str:
    """Return the name as people shorten it, fit for a pattern."""
    return re.escape(district[:-1] if district[-1:] in "区县市" and len(district) > 2 else district)


def _statements(text: str, names: Iterable[str]) -> Iterator[str]:
    """Cut a comparison column: as a rank cell, and before a district that follows a number or a slash."""
    follows = rf"/(?![0-9共])|(?<=[0-9位名{DIGITS}十])(?={'|'.join(names)})"
    for clause in _clauses(text):
        yield from filter(None, re.split(follows, clause))


def _statement(clause: str, names: dict[str, str], field: int) -> tuple[str | None, _Clause | None]:
    """Return the district a clause is about and the single place it states."""
    for district, name in names.items():
        if match := re.match(f"(?:其中|三区|全市|比较|情况|排名|{NOW}|{MONTH}|:)*+{name}", clause):
            rest = clause[match.end() : match.end() + LONGEST_CLAUSE]
            place = None if _has("|".join(names.values()), rest) else _place(rest, field)
            return district, place if place and place.best == place.worst and place.field in (None, field) else None
    return None, None


def _has(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def _number_in(text: str) -> int:
    """Return the one number in a matched piece."""
    match = re.search(NUMBER, text)
    return _number(match.group()) if match else 0


def _number(text: str) -> int:
    """Return the value of digits or of a Chinese numeral below a hundred."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (DIGITS.find(tens) + 1 or 1) * 10 * len(ten) + (DIGITS.index(ones) + 1 if ones else 0)
