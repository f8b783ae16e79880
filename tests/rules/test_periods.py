"""The end of a grant: named nights, then every time zone compared with an oracle.

The oracle is `whenever`, which has its own time zone arithmetic (in Rust; not `zoneinfo`). Both read the same data, the
`tzdata` package: the machine's tz database may be another release, and then correct results would differ.

The ordinary run compares the edges of every zone in 16 years and 20,000 random grants, the same each time.
`GUESTKEY_NIGHTLY=1` compares the edges from 1900 to 2060 and 1,000,000 random grants, others each night; a failure
prints the grant, which is enough to reproduce it.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata
import whenever
from hypothesis import given
from hypothesis import strategies as st

from guestkey.rules.periods import (
    DEFAULT_PERIOD,
    Period,
    day_of,
    digest_due_at,
    end_of,
    known_zone,
    months_before,
    review_at,
    start_of_day,
)
from tests.rows_and_columns import IS_NIGHTLY, each_row

RANDOM_GRANTS = 1_000_000 if IS_NIGHTLY else 6_000

TZ_DATA = Path(tzdata.__file__).parent / "zoneinfo"
ZONES = (TZ_DATA.parent / "zones").read_text().split()
MICROSECOND = timedelta(microseconds=1)

whenever.reset_tzpath([str(TZ_DATA)])
whenever.clear_tzcache()


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone from the tzdata package, not from this machine's tz database."""
    with (TZ_DATA / name).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def local(text: str, name: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone(name), fold=fold).astimezone(UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- Named nights ----------------------------------------------------------------------------------------------------


def test_a_grant_lasts_an_hour_by_default():
    assert DEFAULT_PERIOD is Period("1h")


@each_row(
    ("day", "name", "starts_at"),
    [
        ("2026-11-23", "Europe/Berlin", "2026-11-22T23:00:00"),
        ("2011-12-29", "Pacific/Apia", "2011-12-29T10:00:00"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00"),
        ("2012-01-01", "Pacific/Apia", "2011-12-31T10:00:00"),
        ("2027-04-30", "Africa/Cairo", "2027-04-29T22:00:00"),
        ("2024-11-03", "America/Havana", "2024-11-03T04:00:00"),
        ("2024-11-04", "America/Havana", "2024-11-04T05:00:00"),
    ],
)
def test_a_day_begins_with_its_first_instant_and_a_missing_one_with_the_next(day, name, starts_at):
    """In Apia 30 December 2011 was skipped, in Cairo this midnight is, and Havana had it twice."""
    assert start_of_day(date.fromisoformat(day), zone(name)) == utc(starts_at)


def test_in_every_zone_the_calendar_shows_the_day_from_its_start_on_and_not_before():
    days = [date(2011, 12, 30), date(2011, 12, 31), *(date(2026, 3, 28) + timedelta(days) for days in (0, 1, 2))]
    for name in ZONES:
        for day in days:
            starts_at = start_of_day(day, zone(name))
            assert day_of(starts_at, zone(name)) >= day > day_of(starts_at - MICROSECOND, zone(name)), (name, day)


@each_row(("period", "hours"), [("1h", 1), ("2h", 2), ("4h", 4)])
@each_row("granted_at", ["2026-03-29T00:30:00", "2026-10-25T00:30:00", "2026-06-01T12:00:00"])
def test_hours_are_elapsed_time_even_on_the_night_of_a_clock_change(period, hours, granted_at):
    end = end_of(Period(period), utc(granted_at), zone("Europe/Berlin"))

    assert end == utc(granted_at) + timedelta(hours=hours)


@each_row("period", [Period.ONE_HOUR, Period.TODAY, Period.ONE_WEEK, Period.ONE_MONTH])
def test_the_zone_in_which_the_moment_is_written_makes_no_difference(period):
    berlin = zone("Europe/Berlin")
    written_in_utc = utc("2026-03-29T00:30:00.123456")

    ends = {
        end_of(period, written_in_utc.astimezone(writer), berlin)
        for writer in (UTC, berlin, zone("Pacific/Apia"), timezone(timedelta(hours=-3, seconds=-7)))
    }

    assert len(ends) == 1
    end = ends.pop()
    assert end is not None
    assert end.tzinfo is UTC


def test_a_permanent_grant_has_no_end():
    assert end_of(Period.PERMANENT, utc("2026-03-02T12:00:00"), zone("Europe/Berlin")) is None


@each_row("period", [Period.ONE_HOUR, Period.TODAY, Period.TWO_WEEKS, Period.ONE_MONTH])
def test_a_time_without_a_zone_is_refused(period):
    with pytest.raises(ValueError, match=r"^a time without a zone is not an instant$"):
        end_of(period, datetime(2026, 3, 2, 12), zone("Europe/Berlin"))  # noqa: DTZ001


@each_row(
    ("name", "granted_at", "ends_at"),
    [
        pytest.param("Europe/Berlin", "2026-03-02T00:00", "2026-03-03T00:00", id="given_at_midnight_itself"),
        pytest.param("Europe/Berlin", "2026-03-02T23:59:59.999999", "2026-03-03T00:00", id="given_at_the_last_moment"),
        pytest.param("Europe/Berlin", "2026-12-31T09:00", "2027-01-01T00:00", id="new_years_eve"),
        pytest.param("Europe/Berlin", "2028-02-28T09:00", "2028-02-29T00:00", id="before_a_leap_day"),
        pytest.param("America/Santiago", "2026-09-05T20:00", "2026-09-06T01:00", id="santiago_skips_midnight"),
        pytest.param("Africa/Cairo", "2026-04-23T20:00", "2026-04-24T01:00", id="cairo_skips_midnight"),
        pytest.param("Asia/Beirut", "2026-03-28T20:00", "2026-03-29T01:00", id="beirut_skips_midnight"),
        pytest.param("America/Havana", "2025-11-01T20:00", "2025-11-02T00:00", id="havana_has_two_midnights"),
        pytest.param("America/St_Johns", "2010-11-06T20:00", "2010-11-07T00:00", id="st_johns_goes_back_at_one_past"),
        pytest.param("America/Toronto", "1919-03-30T20:00", "1919-03-31T00:30", id="toronto_skips_23_30_to_00_30"),
        pytest.param("Pacific/Apia", "2011-12-29T20:00", "2011-12-31T00:00", id="apia_skips_a_whole_day"),
        pytest.param("Pacific/Kwajalein", "1993-08-20T20:00", "1993-08-22T00:00", id="kwajalein_skips_a_whole_day"),
        pytest.param("Africa/Monrovia", "1971-06-01T20:00", "1971-06-02T00:00", id="monrovia_is_44_30_behind"),
        pytest.param("Africa/Monrovia", "1972-01-06T20:00", "1972-01-07T00:44:30", id="monrovia_skips_44_30"),
    ],
)
def test_a_today_grant_ends_at_the_first_instant_of_the_next_local_day(name, granted_at, ends_at):
    assert end_of(Period.TODAY, local(granted_at, name), zone(name)) == local(ends_at, name)


@each_row(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-02", 24),
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Havana", "2025-11-02", 25),
        ("America/Sao_Paulo", "2018-02-17", 25),
    ],
)
def test_a_today_grant_given_at_midnight_lasts_that_whole_day(name, day, hours):
    midnight = local(day, name)

    assert end_of(Period.TODAY, midnight, zone(name)) == midnight + timedelta(hours=hours)


def test_a_today_grant_given_between_two_midnights_in_st_johns_ends_at_the_second():
    """At 00:01 on 7 November the clock went back to 23:01 on the 6th. The first midnight has passed by then."""
    second_half_past_eleven = local("2010-11-06T23:30", "America/St_Johns", fold=1)

    end = end_of(Period.TODAY, second_half_past_eleven, zone("America/St_Johns"))

    assert end == second_half_past_eleven + timedelta(minutes=30)


def test_a_today_grant_given_in_the_minute_between_two_midnights_lasts_to_the_end_of_the_day_it_names():
    first_half_minute = local("2010-11-07T00:00:30", "America/St_Johns")

    end = end_of(Period.TODAY, first_half_minute, zone("America/St_Johns"))

    assert end == local("2010-11-08T00:00", "America/St_Johns")


@each_row(
    ("period", "name", "granted_at", "ends_at"),
    [
        pytest.param("1w", "Europe/Berlin", "2026-03-25T09:15:42", "2026-04-01T09:15:42", id="over_the_spring_change"),
        pytest.param("2w", "Europe/Berlin", "2026-10-20T09:15:42", "2026-11-03T09:15:42", id="over_the_autumn_change"),
        pytest.param("1w", "Europe/Berlin", "2026-03-22T02:30", "2026-03-29T03:30", id="skipped_moves_by_the_gap"),
        pytest.param("1w", "Australia/Lord_Howe", "2026-09-27T02:10", "2026-10-04T02:40", id="by_half_an_hour"),
        pytest.param("1w", "Europe/Berlin", "2026-10-18T02:30", "2026-10-25T02:30", id="doubled_is_the_first"),
        pytest.param("1w", "Pacific/Apia", "2011-12-23T09:00", "2011-12-31T09:00", id="into_the_day_apia_skipped"),
        pytest.param("2w", "Pacific/Apia", "2011-12-20T09:00", "2012-01-03T09:00", id="over_the_day_apia_skipped"),
        pytest.param("1mo", "Europe/Berlin", "2026-01-31T09:00", "2026-02-28T09:00", id="clamped"),
        pytest.param("1mo", "Europe/Berlin", "2028-01-30T09:00", "2028-02-29T09:00", id="clamped_to_the_leap_day"),
        pytest.param("1mo", "Europe/Berlin", "2028-02-29T09:00", "2028-03-29T09:00", id="from_the_leap_day"),
        pytest.param("1mo", "Europe/Berlin", "2026-12-31T09:00", "2027-01-31T09:00", id="over_new_year"),
        pytest.param("1mo", "Europe/Berlin", "2026-02-28T02:30", "2026-03-28T02:30", id="the_day_before_the_change"),
        pytest.param("1mo", "America/New_York", "2026-02-08T02:30", "2026-03-08T03:30", id="into_a_gap"),
        pytest.param(
            "1mo",
            "Africa/Cairo",
            "2010-08-31T23:00",
            "2010-09-30T23:00",
            id="doubled_is_the_first_though_given_in_winter_time",
        ),
        pytest.param("1mo", "Pacific/Apia", "2011-11-30T09:00", "2011-12-31T09:00", id="a_month_into_the_skipped_day"),
    ],
)
def test_longer_grants_end_at_the_same_wall_clock_time(period, name, granted_at, ends_at):
    assert end_of(Period(period), local(granted_at, name), zone(name)) == local(ends_at, name)


def test_a_week_from_the_second_half_past_two_ends_at_half_past_two():
    granted_at = local("2026-10-25T02:30", "Europe/Berlin", fold=1)

    assert end_of(Period.ONE_WEEK, granted_at, zone("Europe/Berlin")) == local("2026-11-01T02:30", "Europe/Berlin")


def test_microseconds_are_kept():
    end = end_of(Period.ONE_MONTH, local("2026-01-31T09:00:00.000001", "Europe/Berlin"), zone("Europe/Berlin"))

    assert end == local("2026-02-28T09:00:00.000001", "Europe/Berlin")


def test_a_permanent_grant_is_reviewed_180_calendar_days_later_at_the_same_wall_clock_time():
    granted_at = local("2026-01-15T09:00", "Europe/Berlin")

    review = review_at(granted_at, zone("Europe/Berlin"))

    assert review == local("2026-07-14T09:00", "Europe/Berlin")
    assert review - granted_at == timedelta(days=180, hours=-1)


@each_row(
    ("now", "months", "then"),
    [
        ("2026-08-31T09:00", 6, "2026-02-28T09:00"),
        ("2028-08-31T09:00", 6, "2028-02-29T09:00"),
        ("2026-03-02T12:00", 6, "2025-09-02T12:00"),
        ("2026-01-01T00:00", 1, "2025-12-01T00:00"),
        ("2026-12-31T00:00", 12, "2025-12-31T00:00"),
        ("2026-09-29T02:30", 6, "2026-03-29T03:30"),
        ("2026-03-02T12:00", 0, "2026-03-02T12:00"),
    ],
)
def test_an_overview_begins_on_the_same_day_of_an_earlier_month(now, months, then):
    since = months_before(local(now, "Europe/Berlin"), months, zone("Europe/Berlin"))

    assert since == local(then, "Europe/Berlin")


@each_row("name", ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC", "Asia/Calcutta"])
def test_a_zone_is_known_by_its_iana_name(name):
    assert known_zone(name) == ZoneInfo(name)


@each_row(
    "name",
    [
        "",
        "Berlin",
        "Europe",
        "Europe/",
        "europe/berlin",
        " Europe/Berlin",
        "Europe/Berlin\n",
        "Europe/Berlin\0",
        "Europe//Berlin",
        "Europe/../Europe/Berlin",
        "../../etc/passwd",
        "/etc/localtime",
        "/usr/share/zoneinfo/Europe/Berlin",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "posixrules",
        "tzdata.zi",
        "localtime",
        "Factory",
        "+01:00",
        "CET-1CEST",
        "\ud800",
        "Europe/Berlin" * 1000,
    ],
)
def test_any_other_string_is_refused_as_a_zone(name):
    assert known_zone(name) is None


@each_row(
    ("at", "name", "due_at"),
    [
        ("2026-11-23T00:00:00", "Europe/Berlin", "2026-11-24T07:00:00"),
        ("2026-11-23T23:59:59", "Europe/Berlin", "2026-11-24T07:00:00"),
        ("2026-03-28T12:00:00", "Europe/Berlin", "2026-03-29T07:00:00"),
        ("2026-10-24T12:00:00", "Europe/Berlin", "2026-10-25T07:00:00"),
        ("2026-12-31T12:00:00", "Asia/Kathmandu", "2027-01-01T07:00:00"),
        ("2018-11-03T12:00:00", "America/Sao_Paulo", "2018-11-04T07:00:00"),
        ("2011-12-29T12:00:00", "Pacific/Apia", "2011-12-31T07:00:00"),
    ],
)
def test_a_digest_is_due_at_seven_of_the_next_local_day(at, name, due_at):
    """Berlin's clock changes on both nights of 2026; in Apia 30 December 2011 was skipped."""
    moment = local(at, name)

    assert digest_due_at(day_of(moment, zone(name)), zone(name)) == local(due_at, name)


@given(
    at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    name=st.sampled_from(ZONES),
)
def test_a_digest_is_due_after_everything_of_its_day_as_the_oracle_says(at, name):
    day = day_of(at, zone(name))
    due_at = digest_due_at(day, zone(name))
    wall = whenever.Date(day.year, day.month, day.day).add(days=1).at(whenever.Time(7))

    assert at < due_at
    assert due_at == wall.assume_tz(name, disambiguation="compatible").to_instant().to_stdlib()


# --- Every zone, compared with the oracle ----------------------------------------------------------------------------


def expected_end(period: Period, granted: whenever.ZonedDateTime) -> whenever.Instant | None:
    match period:
        case Period.ONE_HOUR | Period.TWO_HOURS | Period.FOUR_HOURS:
            return granted.to_instant().add(hours=int(period[0]))
        case Period.TODAY:
            return next_day(granted)
        case Period.ONE_WEEK | Period.TWO_WEEKS:
            return on_the_wall(granted, granted.to_plain().add(weeks=int(period[0])))
        case Period.ONE_MONTH:
            return on_the_wall(granted, granted.to_plain().add(months=1))
        case Period.PERMANENT:
            return None


def on_the_wall(granted: whenever.ZonedDateTime, wall: whenever.PlainDateTime) -> whenever.Instant:
    """Compute an end by local time; of a time that occurs twice take the first (rule 6).

    `granted.add(months=1)` takes the one with the offset of the start and ignores `disambiguation`.
    """
    assert granted.tz_id
    return wall.assume_tz(granted.tz_id, disambiguation="compatible").to_instant()


def next_day(at: whenever.ZonedDateTime) -> whenever.Instant:
    """Step from one clock change to the next; between them local time is linear, so midnight can be calculated."""
    today = at.date()
    tomorrow = today.add(days=1).at(whenever.Time())
    while True:
        midnight = at.to_instant() + (tomorrow.assume_utc() - at.to_plain().assume_utc())
        change = at.next_transition()
        if change is None or midnight < change.to_instant():
            return midnight
        if change.date() > today:
            return change.to_instant()
        at = change


def mismatches(name: str, granted_at: datetime) -> Iterator[str]:
    """Return the mismatches with the oracle of every calendar rule, for one grant in one zone."""
    own, other = zone(name), whenever.Instant(granted_at).to_tz(name)
    pairs = [(period.value, end_of(period, granted_at, own), expected_end(period, other)) for period in Period]
    wall = other.to_plain()
    pairs.append(("review", review_at(granted_at, own), on_the_wall(other, wall.add(days=180))))
    pairs.append(("six months", months_before(granted_at, 6, own), on_the_wall(other, wall.subtract(months=6))))
    for what, our_end, their_end in pairs:
        if our_end != (their_end and their_end.to_stdlib()):
            yield f"{what} granted at {granted_at.isoformat()} in {name}: {our_end}, expected {their_end}"


FIRST, LAST = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC))
EDGE_YEARS = range(1900, 2060) if IS_NIGHTLY else (2011, 2026, 2037)
BEFORE = [
    timedelta(0),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=14),
    timedelta(days=30),
]
CALENDAR_EDGES = [
    datetime(2027, 1, 31, 12, tzinfo=UTC),
    datetime(2028, 1, 29, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2028, 2, 29, 12, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def one_name_for_each_clock() -> list[str]:
    """Return one zone for each distinct data: many names are links to the same bytes."""
    names: dict[bytes, str] = {}
    for name in ZONES:
        names.setdefault((TZ_DATA / name).read_bytes(), name)
    return list(names.values())


def edges(name: str) -> Iterator[datetime]:
    """Yield the moments around each clock change, and those from which a period ends there."""
    at = whenever.Instant(FIRST).to_tz(name)
    while (change := at.next_transition()) is not None and change.year < LAST.year:
        if change.year in EDGE_YEARS:
            for before in BEFORE:
                for beside in (-timedelta(seconds=1), timedelta(0), timedelta(seconds=1)):
                    yield change.to_instant().to_stdlib() - before + beside
        at = change


@pytest.mark.no_cover
@pytest.mark.slow
def test_at_the_edges_of_every_clock_the_oracle_agrees():
    found = [
        line
        for name in one_name_for_each_clock()
        for granted_at in (*edges(name), *CALENDAR_EDGES)
        for line in mismatches(name, granted_at)
    ]

    assert found == []


@pytest.mark.no_cover
@pytest.mark.slow
def test_for_random_grants_in_every_zone_the_oracle_agrees():
    chance = random.Random(None if IS_NIGHTLY else 20261122)
    span = int((LAST - FIRST) / MICROSECOND)
    found = [
        line
        for n in range(RANDOM_GRANTS)
        for line in mismatches(ZONES[n % len(ZONES)], FIRST + chance.randrange(span) * MICROSECOND)
    ]

    assert found == []


@given(
    period=st.sampled_from([period for period in Period if period is not Period.PERMANENT]),
    granted_at=st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    name=st.sampled_from(ZONES),
)
def test_a_grant_is_always_live_when_it_is_given(period, granted_at, name):
    end = end_of(period, granted_at, zone(name))

    assert end is not None
    assert end > granted_at
    assert end.tzinfo is UTC
