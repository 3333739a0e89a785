"""People are found by id or name, and named wherever they are read of; a vacant post is told."""

from datetime import date
from pathlib import Path

import pytest

from app.bootstrap import read_settings
from app.names import Names, names_of
from app.naming import person, resolve_person, resolve_report, resolve_unit, vacant_posts
from app.refusals import Unusable
from states.definitions import bodies_of
from tests.app.builders import SAMPLE, an_office


@pytest.fixture
def names() -> Names:
    return names_in(SAMPLE)


def names_in(config: Path) -> Names:
    return names_of(bodies_of(read_settings(config).definitions))


def test_a_person_is_found_by_id_and_by_name(names: Names) -> None:
    name = names.people["market.clerk"]

    assert resolve_person("market.clerk", names) == resolve_person(name, names) == "market.clerk"
    assert person("market.clerk", names) == f"{name}（market.clerk）"
    assert person("gone", names) == "gone"
    assert person("system", names) == "系统"


def test_a_name_that_two_have_is_refused_with_who_they_are(tmp_path: Path) -> None:
    known = names_in(SAMPLE).people
    twice = an_office(tmp_path, (f"name: {known['patrol.clerk']}", f"name: {known['market.clerk']}"))

    with pytest.raises(Unusable) as refused:
        resolve_person(known["market.clerk"], names_in(twice))

    assert "不止一人" in refused.value.message
    assert "market.clerk（市场秩序科填报人" in refused.value.remedy
    assert "patrol.clerk（执法一中队填报人" in refused.value.remedy


def test_who_nobody_is_is_told_with_who_there_is(names: Names) -> None:
    with pytest.raises(Unusable) as refused:
        resolve_person("ghost", names)

    assert refused.value.message == "没有人员 ghost"
    assert "（market.clerk）" in refused.value.remedy


def test_units_and_reports_are_found_by_name_and_others_left_as_they_are(names: Names) -> None:
    assert resolve_unit("市场秩序科", names) == "market"
    assert resolve_unit("moon", names) == "moon"
    assert resolve_report("2026-11/市场秩序科", names) == "2026-11/market"
    assert resolve_report("2026-11/市场秩序科/流动摊点管理", names) == "2026-11/market/stalls"
    assert resolve_report("2026-11/market/overdue", names) == "2026-11/market/overdue"
    assert resolve_report("3", names) == "3"


def test_a_post_is_vacant_on_the_days_nobody_holds_it(tmp_path: Path) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "market.head" in line and "section_head" in line)
    ends = names_in(an_office(tmp_path, (line, line.replace("}", ", to: 2027-01-05}"))))

    assert ("market", "section_head") not in vacant_posts(ends, date(2027, 1, 5))
    assert ("market", "section_head") in vacant_posts(ends, date(2027, 1, 6))
    assert vacant_posts(names_in(SAMPLE), date(2027, 1, 6)) == []
