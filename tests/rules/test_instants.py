"""Moments as the contract and the table write them."""

import time
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from guestkey.rules.instants import instant, text_of
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WHOLE_SECONDS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))


@each_row("at", [NOON, NOON.astimezone(ZoneInfo("Asia/Kathmandu")), NOON.astimezone(timezone(timedelta(hours=-12)))])
def test_a_moment_of_any_zone_is_written_in_utc_with_a_z(at):
    assert text_of(at) == "2026-11-23T12:00:00Z"


def test_the_zone_of_the_machine_makes_no_difference(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "America/New_York")
        time.tzset()
        written = text_of(NOON)
    time.tzset()

    assert written == "2026-11-23T12:00:00Z"


def test_fractions_of_a_second_are_cut_off():
    assert text_of(NOON + timedelta(microseconds=999_999)) == "2026-11-23T12:00:00Z"


@given(WHOLE_SECONDS)
def test_a_written_moment_is_read_back_unchanged_and_aware(at):
    assert instant(text_of(at)) == at
    assert instant(text_of(at)).utcoffset() == timedelta(0)


@given(WHOLE_SECONDS, WHOLE_SECONDS)
def test_texts_sort_as_time_does(one, other):
    assert (text_of(one) < text_of(other)) == (one < other)
