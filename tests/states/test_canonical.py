"""Canonical JSON, instants as text and the hashes made of them: one value, one sequence of bytes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.canonical import canonical, content_sha256, instant_text, sha256
from states.models import Flag
from tests.states.builders import an_entry

INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3))]))


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"b": 1, "a": [2]}) == canonical({"a": [2], "b": 1}) == '{"a":[2],"b":1}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_canonical_text_is_json_and_stands_for_one_value(value: object) -> None:
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


def test_characters_stand_for_themselves() -> None:
    assert canonical("排名𠮷") == '"排名𠮷"'
    assert sha256("排名") == hashlib.sha256("排名".encode()).hexdigest()


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2015, 10, 13, 9, tzinfo=UTC), "2015-10-13T09:00:00.000000Z"),
        (datetime(2015, 10, 13, 9, 0, 0, 1, tzinfo=UTC), "2015-10-13T09:00:00.000001Z"),
        (datetime(2015, 10, 13, 17, tzinfo=timezone(timedelta(hours=8))), "2015-10-13T09:00:00.000000Z"),
    ],
)
def test_an_instant_is_written_in_utc_at_one_width(instant: datetime, text: str) -> None:
    assert instant_text(instant) == text


@given(INSTANTS.filter(lambda one: 2 < one.year < 9998), INSTANTS.filter(lambda one: 2 < one.year < 9998))
def test_instants_sort_as_their_texts(one: datetime, other: datetime) -> None:
    assert (one < other) == (instant_text(one) < instant_text(other))


def test_a_naive_instant_is_never_written() -> None:
    naive = datetime(2015, 10, 13, 17)  # noqa: DTZ001  the mistake under test

    with pytest.raises(ValueError, match="没有时区"):
        instant_text(naive)


def test_the_hash_of_content_covers_name_order_and_every_written_cell() -> None:
    entry = an_entry("szcg")
    contents = {
        content_sha256("2015-10/shirong", [entry, an_entry("srzz")]),
        content_sha256("2015-10/shirong", [an_entry("srzz"), entry]),
        content_sha256("2015-11/shirong", [entry, an_entry("srzz")]),
        content_sha256("2015-10/shirong", [entry]),
        content_sha256("2015-10/shirong", [an_entry("szcg", rank_text="第05")]),
        content_sha256("2015-10/shirong", [an_entry("szcg", comparison="")]),
        content_sha256("2015-10/shirong", [an_entry("szcg", target="")]),
    }

    assert len(contents) == 7


def test_cells_cannot_be_shifted_into_each_other() -> None:
    one = an_entry("szcg", rank_text="第5", comparison="")
    other = an_entry("szcg", rank_text="", comparison="第5")

    assert content_sha256("r", [one]) != content_sha256("r", [other])


def test_judging_does_not_change_the_content() -> None:
    assert content_sha256("r", [an_entry(flags=tuple(Flag))]) == content_sha256("r", [an_entry()])
