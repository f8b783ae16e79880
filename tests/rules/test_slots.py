"""Languages that may choose a slot, and the slots of a day: named days, then two years compared with an oracle."""

import random
from datetime import date, datetime, timedelta

import pytest

from guestkey.rules.slots import CHOOSING_LANGUAGES, Slot, may_choose_slot, offered, slot_at
from local import sample
from tests.rows_and_columns import IS_NIGHTLY, each_row
from tests.rules import desks
from tests.rules.desks import at, calendar, desk

# --- Languages that may choose ---------------------------------------------------------------------------------------


@each_row(
    "locale",
    ["de", "de-DE", "de-AT", "de-CH", "en", "en-GB", "en-US", "en-AU", "en-001", "es", "es-ES", "es-MX", "es-419"],
)
def test_german_english_austrian_swiss_german_and_spanish_users_choose(locale):
    assert may_choose_slot(locale)


@each_row("locale", ["DE", "de-at", "DE-ch", "EN-us", "eS-Mx", "de_DE", "de_CH", "en_GB", "ES_mx"])
def test_neither_case_nor_an_underscore_matters(locale):
    assert may_choose_slot(locale)


@each_row("locale", ["it", "it-IT", "fr", "fr-CH", "it-CH", "pt-BR", "nl", "zh-CN", "gsw", "gsw-CH", "dsb", "est"])
def test_users_of_other_languages_join_the_queue(locale):
    assert not may_choose_slot(locale)


@each_row("locale", ["de-LI", "de-LU", "de-BE", "de-IT", "de-US", "de-276"])
def test_german_of_another_country_is_not_on_the_list(locale):
    assert not may_choose_slot(locale)


@each_row("locale", [None, "", " "])
def test_a_user_without_a_language_joins_the_queue(locale):
    assert not may_choose_slot(locale)


@each_row(
    "locale",
    [
        " de", "de ", "de\n", "de-", "-de", "de--DE", "de-DE-", "d", "deutsch", "german", "de-D", "de-DEU",
        "de-DE.UTF-8", "de-DE@euro", "en-", "en-*", "en-1", "en-12", "en-1234", "en-U1", "en/US", "en US", "en-GB,de",
        "en-GB;q=0.8", "*", "de-DE-1996", "en-Latn-US", "\uff45\uff4e", "en-\uff35\uff33", "en-\u0660\u0660\u0661",
        "en\u2010US", "es\x00",
    ],
)  # fmt: skip
def test_a_malformed_language_joins_the_queue(locale):
    assert not may_choose_slot(locale)


def test_the_sample_desk_has_the_default_languages():
    assert tuple(sample.DESK["slot_languages"]) == CHOOSING_LANGUAGES


@each_row(
    ("languages", "may", "may_not"),
    [
        (["it", "it-CH"], ["it", "IT-ch"], ["it-IT", "de", "en"]),
        (["fr-*"], ["fr-FR", "fr_ca"], ["fr", "it"]),
        (["PT-BR"], ["pt-br"], ["pt", "pt-PT"]),
        (["es-419"], ["es-419"], ["es", "es-MX"]),
        ([], [], ["de", "en", "", None]),
    ],
)
def test_the_desk_may_set_other_languages(languages, may, may_not):
    assert all(may_choose_slot(locale, languages) for locale in may)
    assert not any(may_choose_slot(locale, languages) for locale in may_not)


# --- Named days ------------------------------------------------------------------------------------------------------

OPEN = calendar()
MONDAY, SUNDAY = date(2026, 11, 23), date(2026, 11, 29)
THE_SUNDAY_BEFORE = at("2026-11-22 12:00")
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)


def topic(minutes=15):
    return next(topic for topic in desk().topics if topic.minutes == minutes)


def listed(there=None, days_off=OPEN, *, minutes=15, now=THE_SUNDAY_BEFORE, first=MONDAY, days=1):
    there = there or desk(topics=[{"id": "any", "minutes": minutes, "names": {"en": "Any"}}])
    return list(offered(there, days_off, there.topics[0], now, first, days))


def starts(*args, **kwargs):
    return [slot.starts_at for slot in listed(*args, **kwargs)]


def test_a_working_day_has_a_slot_in_each_quarter_hour():
    found = listed()

    assert len(found) == 36
    assert found[0] == Slot(starts_at=at("2026-11-23 09:00"), ends_at=at("2026-11-23 09:15"))
    assert found[-1] == Slot(starts_at=at("2026-11-23 17:45"), ends_at=at("2026-11-23 18:00"))
    assert found == sorted(found)


def test_a_longer_topic_begins_on_the_same_grid_and_ends_within_the_hours():
    found = listed(minutes=30)

    assert [slot.starts_at for slot in found] == starts()[:-1]
    assert {slot.ends_at - slot.starts_at for slot in found} == {2 * QUARTER}
    assert found[0].quarters == (at("2026-11-23 09:00"), at("2026-11-23 09:15"))


def test_a_topic_longer_than_the_hours_has_no_slot():
    assert starts(desk(hours=desks.hours("09:00-09:45"), topics=[sample.DESK["topics"][0] | {"minutes": 60}])) == []


def test_weekends_and_closed_days_have_none():
    assert starts(first=SUNDAY - DAY, days=2) == []
    assert starts(days_off=calendar("2026-11-23")) == []
    assert {start.date() for start in starts(days_off=calendar("2026-11-25"), days=7)} == {
        MONDAY + DAY * number for number in (0, 1, 3, 4)
    }


def test_a_year_of_which_the_holidays_are_not_written_has_none():
    christmas = at("2026-12-28 12:00")

    assert starts(now=christmas, first=date(2026, 12, 29), days=14, days_off=calendar(years=[2027]))[0] == at(
        "2027-01-01 09:00"
    )
    assert starts(now=christmas, first=date(2026, 12, 29), days=14, days_off=calendar(years=[2026]))[-1] == at(
        "2026-12-31 17:45"
    )
    assert starts(now=christmas, first=date(2026, 12, 29), days=14, days_off=calendar(years=[])) == []


@each_row(
    ("now", "earliest"),
    [
        ("2026-11-23 09:00:00", "2026-11-23 11:00"),
        ("2026-11-23 09:00:01", "2026-11-23 11:15"),
        ("2026-11-23 08:59:59", "2026-11-23 11:00"),
        ("2026-11-23 06:00:00", "2026-11-23 09:00"),
        ("2026-11-23 15:45:00", "2026-11-23 17:45"),
    ],
)
def test_the_earliest_slot_begins_when_the_lead_time_is_over(now, earliest):
    assert starts(now=at(now))[0] == at(earliest)


def test_a_lead_time_beyond_the_end_of_the_day_leaves_no_slot():
    assert starts(now=at("2026-11-23 15:45:01")) == []


@each_row(
    ("now", "latest"),
    [
        ("2026-11-09 12:00:00", "2026-11-23 12:00"),
        ("2026-11-09 11:59:59", "2026-11-23 11:45"),
        ("2026-11-09 12:14:59", "2026-11-23 12:00"),
        ("2026-11-09 20:00:00", "2026-11-23 17:45"),
    ],
)
def test_the_latest_slot_begins_fourteen_times_twenty_four_hours_from_now(now, latest):
    assert starts(now=at(now))[-1] == at(latest)


def test_fourteen_days_over_a_clock_change_are_as_many_hours():
    """In winter the local time is an hour less than at the time of asking in summer."""
    assert starts(now=at("2026-10-19 12:00"), first=date(2026, 11, 2))[-1] == at("2026-11-02 11:00")


def test_a_slot_may_span_adjacent_hours_and_midnight():
    touching = desk(hours=desks.hours("09:00-12:00", "12:00-18:00"), topics=[sample.DESK["topics"][1]])
    all_day = desk(hours=desks.hours("00:00-24:00"), topics=[sample.DESK["topics"][1]])

    assert at("2026-11-23 11:45") in starts(touching)
    assert len(starts(all_day)) == 96
    assert starts(all_day)[-1] == at("2026-11-23 23:45")
    assert starts(all_day, calendar("2026-11-24"))[-1] == at("2026-11-23 23:30")
    assert starts(all_day, calendar(years=[2026]), now=at("2026-12-30 12:00"), first=date(2026, 12, 31))[-1] == at(
        "2026-12-31 23:30"
    )


def test_no_slot_spans_a_break():
    with_a_break = desk(hours=desks.hours("09:00-12:00", "13:00-18:00"), topics=[sample.DESK["topics"][1]])

    assert at("2026-11-23 11:30") in starts(with_a_break)
    assert at("2026-11-23 11:45") not in starts(with_a_break)


def test_a_slot_over_a_clock_change_takes_as_long_as_any():
    at_night = desk(hours=desks.hours("00:00-06:00"), topics=[sample.DESK["topics"][1]])
    found = listed(at_night, now=at("2026-10-24 12:00"), first=date(2026, 10, 25))

    assert len(found) == 4 * 7 - 1
    assert {slot.ends_at - slot.starts_at for slot in found} == {2 * QUARTER}


@each_row(
    ("first", "days"),
    [
        (date.min, 14),
        (date.max, 14),
        (MONDAY, 0),
        (MONDAY, -1),
        (date(2026, 11, 8), 14),
        (date(2026, 12, 7), 14),
        (date.min, 1),
    ],
)
def test_days_out_of_reach_have_none(first, days):
    assert starts(first=first, days=days) == []


def test_days_partly_in_reach_have_the_slots_in_reach():
    assert starts(first=date.min, days=10_000_000) == starts(first=MONDAY, days=14)
    assert starts(first=date(2026, 12, 4), days=14)[0] == at("2026-12-04 09:00")


def test_a_slot_is_found_by_its_beginning():
    assert slot_at(desk(), OPEN, topic(30), THE_SUNDAY_BEFORE, at("2026-11-23 17:30")) == Slot(
        starts_at=at("2026-11-23 17:30"), ends_at=at("2026-11-23 18:00")
    )


def test_the_first_and_the_last_moment_in_reach_are_slots_and_their_neighbours_are_none():
    now, quarter = at("2026-11-23 08:00"), timedelta(minutes=15)
    reach = desk(lead_minutes=120, horizon_days=1)

    for starts_at in (now + timedelta(hours=2), now + timedelta(hours=24, minutes=60)):
        assert slot_at(reach, OPEN, topic(15), starts_at - timedelta(hours=2), starts_at)
    assert slot_at(reach, OPEN, topic(15), now, now + timedelta(hours=2) - quarter) is None
    last = at("2026-11-24 09:30")
    assert slot_at(reach, OPEN, topic(15), last - timedelta(days=1), last)
    assert slot_at(reach, OPEN, topic(15), last - timedelta(days=1), last + quarter) is None


@each_row(
    "starts_at",
    [
        at("2026-11-23 17:45"),
        at("2026-11-23 08:45"),
        at("2026-11-23 18:00"),
        at("2026-11-23 10:10"),
        at("2026-11-23 10:00:01"),
        at("2026-11-23 10:00") + timedelta(microseconds=1),
        at("2026-11-21 10:00"),
        at("2026-11-24 10:00"),
        at("2026-11-20 10:00"),
        at("2026-12-07 10:00"),
        at("0001-01-02 00:00"),
        at("9999-12-30 00:00"),
        datetime.min.replace(tzinfo=THE_SUNDAY_BEFORE.tzinfo),
        datetime.max.replace(tzinfo=THE_SUNDAY_BEFORE.tzinfo),
    ],
    ids=str,
)
def test_a_moment_at_which_no_slot_begins_finds_none(starts_at):
    assert slot_at(desk(), calendar("2026-11-24"), topic(30), THE_SUNDAY_BEFORE, starts_at) is None


# --- Compared with an oracle -----------------------------------------------------------------------------------------

BEGIN, UNTIL = date(2026, 1, 1), date(2028, 1, 1)
ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Helsinki", "Atlantic/Azores", "America/New_York",
    "America/Los_Angeles", "America/Phoenix", "America/St_Johns", "America/Havana", "America/Santiago",
    "America/Nuuk", "America/Sao_Paulo", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Jerusalem",
    "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Adelaide", "Australia/Sydney",
    "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati", "Antarctica/Troll",
)  # fmt: skip
HOURS = {
    "tue": [{"from": "07:15", "until": "12:00"}, {"from": "13:30", "until": "20:45"}],
    "wed": [{"from": "00:00", "until": "24:00"}],
    "thu": [{"from": "00:00", "until": "12:00"}, {"from": "12:00", "until": "18:00"}],
    "fri": [{"from": "00:00", "until": "06:00"}, {"from": "09:00", "until": "18:00"}],
    "sat": [{"from": "22:30", "until": "24:00"}],
    "sun": [{"from": "00:00", "until": "03:15"}, {"from": "03:30", "until": "05:00"}],
}
"""Hours with breaks, adjacent ones, midnight, a day without any, and the nights of most clock changes."""


@pytest.mark.no_cover
def test_a_month_of_slots_agrees_with_the_oracle():
    compared = sum(compare(zone, date(2026, 3, 15), date(2026, 4, 15), every=6) for zone in ZONES[:3])
    assert compared > 20_000


@pytest.mark.no_cover
@pytest.mark.slow
def test_slots_in_many_zones_agree_with_the_oracle(measured):
    """Half a year of every eighteenth zone, nightly two years of all.

    Lists reach up to fourteen days ahead, so each day is compared several times.
    """
    zones, until = (ZONES, UNTIL) if IS_NIGHTLY else (ZONES[::18], UNTIL - DAY * 545)
    compared = {zone: compare(zone, BEGIN, until, every=1 if IS_NIGHTLY else 7) for zone in zones}

    days, quarters = (until - BEGIN).days, sum(compared.values())
    measured(f"slots: {len(zones)} zones, {days} days, {quarters:,} quarter-hours compared, 0 mismatches")
    assert len(compared) >= 2
    assert min(compared.values()) > days * 24 * 4


def compare(zone, begin, until, *, every):
    """Compare the offered slots with those of the oracle, once in `every` days; return the number of slots.

    The oracle steps through the quarter-hours of UTC and converts each to local time: a slot is offered if all of its
    quarter-hours are within hours, on days that are not closed and whose year's holidays are stored.
    """
    chance = random.Random(f"{zone} {begin}")
    closed = {begin + DAY * chance.randrange((until - begin).days) for _ in range((until - begin).days // 25)}
    known = {begin.year, until.year - 1}
    lead, horizon = chance.choice([0, 120, 2_000]), chance.choice([7, 14])
    topics = [{"id": f"of-{minutes}", "minutes": minutes, "names": {"en": "Any"}} for minutes in (15, 30, 75)]
    there = desk(time_zone=zone, hours=HOURS, topics=topics, lead_minutes=lead, horizon_days=horizon)
    days_off = calendar(*map(str, closed), years=known)

    first = datetime(begin.year, begin.month, begin.day, tzinfo=THE_SUNDAY_BEFORE.tzinfo) - 2 * DAY
    walked = [first + QUARTER * number for number in range(((until - begin).days + 20) * 96)]
    shown = [desks.wall(quarter, zone) for quarter in walked]
    is_open = [wall.day not in closed and wall.day.year in known and desks.is_within(wall, HOURS) for wall in shown]

    compared = 0
    for number in range(0, (until - begin).days, every):
        now = first + DAY * (number + 2) + timedelta(seconds=chance.randrange(86_400))
        asked, days = desks.wall(now, zone).day + DAY * chance.randrange(-2, 4), chance.randrange(1, 15)
        topic = there.topics[number // every % len(topics)]
        at_once = topic.minutes // 15
        near = range(number * 96, min((number + 20) * 96, len(walked) - at_once))
        expected = [
            walked[index]
            for index in near
            if all(is_open[index : index + at_once])
            and asked <= shown[index].day < asked + DAY * days
            and now + timedelta(minutes=lead) <= walked[index] <= now + timedelta(hours=24 * horizon)
        ]
        found = list(offered(there, days_off, topic, now, asked, days))
        assert [slot.starts_at for slot in found] == expected, (zone, now, asked, days, topic.minutes)
        assert all(slot.ends_at - slot.starts_at == timedelta(minutes=topic.minutes) for slot in found)
        for starts_at in chance.sample([walked[index] for index in near], 8):
            may_be_found = starts_at in expected or not asked <= desks.wall(starts_at, zone).day < asked + DAY * days
            assert may_be_found or slot_at(there, days_off, topic, now, starts_at) is None
        assert all(
            slot_at(there, days_off, topic, now, start) for start in chance.sample(expected, min(2, len(expected)))
        )
        compared += len(near)
    return compared
