"""Every place that refuses names sentences in both languages that speak of just the particulars it gives."""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from string import Formatter
from typing import NamedTuple

import pytest

from app.place import PROJECT
from states import errors
from states.errors import ReasonMissing, Refused, Stale, WrongActor
from states.gaps import Gap, GapKind
from states.office import SYSTEM, Named
from states.refusals import REFUSALS, Change, Particular, filled

CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
KINDS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Refused)}


class Raised(NamedTuple):
    """A place that refuses: where, by which code, with which particulars."""

    where: str
    code: str
    particulars: frozenset[str]


def places() -> Iterator[Raised]:
    """Every call of a refusal's class in the product."""
    for package in ("states", "workflow", "storage", "documents", "notifications", "app"):
        for path in (PROJECT / package).rglob("*.py"):
            where = path.relative_to(PROJECT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KINDS:
                    code = node.args[0]
                    assert isinstance(code, ast.Constant), f"{where}:{node.lineno}: a code stands where it is raised"
                    assert len(node.args) == 1, f"{where}:{node.lineno}"
                    yield Raised(
                        f"{where}:{node.lineno}",
                        str(code.value),
                        frozenset(str(one.arg) for one in node.keywords),
                    )


def spoken_of(*sentences: str) -> set[str]:
    """The particulars in some sentences."""
    return {name for sentence in sentences for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("place", [*places()], ids=lambda place: f"{place.code}-{place.where}")
def test_a_refusal_gives_just_the_particulars_its_sentences_speak_of(place: Raised) -> None:
    told = REFUSALS[place.code]

    assert spoken_of(told.message, told.remedy) == place.particulars
    assert spoken_of(told.message_en, told.remedy_en) == place.particulars


def test_no_sentence_is_kept_that_nobody_says() -> None:
    assert set(REFUSALS) - {place.code for place in places()} == set()


@pytest.mark.parametrize("code", REFUSALS)
def test_each_language_is_its_own(code: str) -> None:
    told = REFUSALS[code]

    assert CJK.search(told.message)
    assert CJK.search(told.remedy)
    assert not CJK.search(told.message_en + told.remedy_en)
    assert told.message_en.endswith((".", "}"))
    assert told.remedy_en.endswith(".")


# --- how particulars are worded --------------------------------------------------------------------------------------

MA, WANG = Named("ma.head", "马科长"), Named("wang", "")
CHANGES = (
    Change(actor=MA, kind="report_signed", how="edit", to_state="section_signed", level="bureau"),
    Change(actor=Named(SYSTEM, ""), kind="holder_reminded", how="edit", to_state=None, level="bureau"),
)
EXCEL = Gap(
    indicator=Named("szcg", "City looks"),
    kind=GapKind.BECAME_TIME,
    place="[a.xlsx]Oct!4",
    text="05:11:00",
    typed="5:11",
    field=11,
)
ENGLISH_GAP = (
    "a.xlsx Oct row 4 “City looks”: the latest rank 5:11 was made a time by Excel (05:11:00); "
    "set the cell to text and write 5/11 again"
)


@pytest.mark.parametrize(
    ("particular", "chinese", "english"),
    [
        (MA, "马科长（ma.head）", "马科长 (ma.head)"),
        (WANG, "wang", "wang"),
        ((MA, WANG), "马科长（ma.head）、wang", "马科长 (ma.head), wang"),
        (Named(SYSTEM, ""), "系统", "the system"),
        (datetime.fromisoformat("2015-10-13T17:00:00+08:00"), "2015-10-13 17:00", "2015-10-13 17:00"),
        (
            CHANGES,
            "马科长（ma.head）签字（科室已签）；系统提醒",
            "signed by 马科长 (ma.head) (signed by the section head); reminder by the system",
        ),
        (
            (EXCEL,),
            "a.xlsx Oct 第4行 “City looks”最新排名5:11 被 Excel 变成了时间（05:11:00），请把单元格设为文本后重填 5/11",
            ENGLISH_GAP,
        ),
    ],
)
def test_a_particular_is_worded_by_what_it_is(particular: Particular, chinese: str, english: str) -> None:
    assert filled("{it}", {"it": particular}, "zh") == chinese
    assert filled("{it}", {"it": particular}, "en") == english


def test_a_refusal_says_itself_in_either_language() -> None:
    refused = Stale("other_content", of="2015-10/shirong")

    assert (str(refused), refused.remedy) == (
        "2015-10/shirong 的内容与您看到的不同",
        "请重新打开报表，看过现在的内容再签",
    )
    assert refused.in_words("en")[0] == "2015-10/shirong no longer says what you saw."


def test_an_act_is_named_and_told_what_it_must_say() -> None:
    refused = ReasonMissing("words_missing", act="return")

    assert (refused.message, refused.remedy) == ("退回必须写明理由", "请写明理由后重新提交")
    assert refused.in_words("en")[0] == "To return, say in words the reason."


def test_a_refusal_without_what_it_speaks_of_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        WrongActor("not_liaison", actor=MA)
