"""Events as canonical JSON and back: one value, one sequence of bytes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states import codec
from states import events as e
from states.models import Flag
from tests.states.builders import an_entry

KINDS = get_args(e.Event)
INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(-timedelta(hours=3))]))
st.register_type_strategy(datetime, INSTANTS.filter(lambda instant: 2 < instant.year < 9998))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_fact_comes_back_as_it_was(kind: type[e.Event]) -> None:
    @settings(max_examples=8)
    @given(st.from_type(kind))
    def comes_back(event: e.Event) -> None:
        text = codec.encode(event)
        again = codec.decode(codec.kind_of(kind), text)
        assert again == event
        assert codec.encode(again) == text

    comes_back()


def test_every_kind_has_a_name_of_its_own() -> None:
    names = {codec.kind_of(kind) for kind in KINDS}

    assert len(names) == len(KINDS)
    assert codec.kind_of(e.ReportSigned) == "report_signed"


def test_an_unknown_kind_is_no_event() -> None:
    with pytest.raises(KeyError):
        codec.decode("report_burnt", "{}")


def test_a_payload_that_lacks_a_field_is_no_event() -> None:
    with pytest.raises(KeyError):
        codec.decode("report_sent", "{}")


def test_the_order_of_keys_does_not_matter() -> None:
    assert codec.canonical({"b": 1, "a": [2]}) == codec.canonical({"a": [2], "b": 1}) == '{"a":[2],"b":1}'


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=8))
def test_canonical_text_is_json_and_stands_for_one_value(value: object) -> None:
    assert json.loads(codec.canonical(value)) == value
    assert codec.canonical(json.loads(codec.canonical(value))) == codec.canonical(value)


def test_characters_stand_for_themselves() -> None:
    assert codec.canonical("排名𠮷") == '"排名𠮷"'
    assert codec.sha256("排名") == hashlib.sha256("排名".encode()).hexdigest()


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2015, 10, 13, 9, tzinfo=UTC), "2015-10-13T09:00:00.000000Z"),
        (datetime(2015, 10, 13, 9, 0, 0, 1, tzinfo=UTC), "2015-10-13T09:00:00.000001Z"),
        (datetime(2015, 10, 13, 17, tzinfo=timezone(timedelta(hours=8))), "2015-10-13T09:00:00.000000Z"),
    ],
)
def test_an_instant_is_written_in_utc_at_one_width(instant: datetime, text: str) -> None:
    assert codec.instant_text(instant) == text


@given(INSTANTS.filter(lambda one: 2 < one.year < 9998), INSTANTS.filter(lambda one: 2 < one.year < 9998))
def test_instants_sort_as_their_texts(one: datetime, other: datetime) -> None:
    assert (one < other) == (codec.instant_text(one) < codec.instant_text(other))


def test_a_naive_instant_is_never_written() -> None:
    naive = datetime(2015, 10, 13, 17)  # noqa: DTZ001  the mistake under test

    with pytest.raises(ValueError, match="没有时区"):
        codec.instant_text(naive)
    with pytest.raises(ValueError, match="没有时区"):
        codec.encode(e.PeriodOpened(period="2015-10", due_instant=naive))


def test_the_hash_of_content_covers_name_order_and_every_written_cell() -> None:
    entry = an_entry("szcg")
    contents = {
        codec.content_sha256("2015-10/shirong", [entry, an_entry("srzz")]),
        codec.content_sha256("2015-10/shirong", [an_entry("srzz"), entry]),
        codec.content_sha256("2015-11/shirong", [entry, an_entry("srzz")]),
        codec.content_sha256("2015-10/shirong", [entry]),
        codec.content_sha256("2015-10/shirong", [an_entry("szcg", rank_text="第05")]),
        codec.content_sha256("2015-10/shirong", [an_entry("szcg", comparison="")]),
        codec.content_sha256("2015-10/shirong", [an_entry("szcg", target="")]),
    }

    assert len(contents) == 7


def test_cells_cannot_be_shifted_into_each_other() -> None:
    one = an_entry("szcg", rank_text="第5", comparison="")
    other = an_entry("szcg", rank_text="", comparison="第5")

    assert codec.content_sha256("r", [one]) != codec.content_sha256("r", [other])


def test_judging_does_not_change_the_content() -> None:
    assert codec.content_sha256("r", [an_entry(flags=tuple(Flag))]) == codec.content_sha256("r", [an_entry()])
