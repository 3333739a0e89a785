"""Events as canonical JSON and back: one value, one sequence of bytes."""

from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states import codec
from states import events as e

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


def test_a_fact_with_a_naive_instant_is_never_written() -> None:
    naive = datetime(2015, 10, 13, 17)  # noqa: DTZ001  the mistake under test

    with pytest.raises(ValueError, match="没有时区"):
        codec.encode(e.PeriodOpened(period="2015-10", due_instant=naive))
