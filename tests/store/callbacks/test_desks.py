"""The desk's record and its closed days in the table."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from botocore.exceptions import ClientError
from pynamodb.exceptions import PutError

from guestkey.errors import DeskUnknown
from guestkey.rules.slots import CHOOSING_LANGUAGES
from guestkey.store.callbacks import desks
from guestkey.store.callbacks.desks import HolidaySource
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import OutcomeUnknown
from local import sample
from tests import table
from tests.factories import MONDAY_NOON

HERE = HolidaySource(country="DE", subdivision="NW", source="a calendar 1")
NEW_YEAR, LABOUR_DAY, CHRISTMAS = date(2026, 1, 1), date(2026, 5, 1), date(2026, 12, 25)
PARTY = date(2026, 12, 4)
OF_2026 = {NEW_YEAR: "Neujahr", LABOUR_DAY: "Erster Mai", CHRISTMAS: "Erster Weihnachtstag"}


@pytest.fixture(autouse=True)
def _without_any_closed_day(world: time_machine.Traveller) -> None:
    for item in table.items(keys.DESK, keys.CLOSED):
        table.drop((keys.DESK, item["SK"]["S"]))


def closed(at: datetime = MONDAY_NOON) -> set[date]:
    calendar = desks.current(at).calendar
    return {*calendar.closed, *calendar.closures}


def years(at: datetime = MONDAY_NOON) -> set[int]:
    return set(desks.current(at).calendar.years)


def test_without_a_record_the_desk_is_unknown_and_slot_languages_have_their_default() -> None:
    assert desks.slot_languages(MONDAY_NOON) == tuple(sample.DESK["slot_languages"])
    table.drop(keys.desk())
    desks.clear_cache()

    for ask in (desks.record, lambda: desks.current(MONDAY_NOON)):
        with pytest.raises(DeskUnknown):
            ask()
    assert desks.slot_languages(MONDAY_NOON) == CHOOSING_LANGUAGES


def test_a_desk_stored_for_the_first_time_is_read_at_once() -> None:
    table.drop(keys.desk())
    desks.clear_cache()
    with pytest.raises(DeskUnknown):
        desks.current(MONDAY_NOON)

    table.put([desks.DeskItem(*keys.desk(), record=sample.DESK).to_dynamodb_dict()])
    assert desks.current(MONDAY_NOON).desk.lines == 2


def test_written_holidays_are_closed_days() -> None:
    assert (closed(), years()) == (set(), set())

    desks.write_holidays(2026, HERE, OF_2026)

    assert (closed(), years()) == (set(OF_2026), {2026})
    assert desks.holiday_sources([2025, 2026, 2027]) == {2026: HERE}


def test_writing_the_same_holidays_again_changes_nothing() -> None:
    desks.write_holidays(2026, HERE, OF_2026)

    with table.unchanged():
        desks.write_holidays(2026, HERE, OF_2026)


def test_new_holidays_replace_those_of_the_same_year_only() -> None:
    desks.write_holidays(2026, HERE, OF_2026)
    desks.write_holidays(2027, HERE, {date(2027, 1, 1): "Neujahr"})

    vienna = HolidaySource(country="AT", subdivision=None, source="a calendar 1")
    desks.write_holidays(2026, vienna, {NEW_YEAR: "Neujahr", date(2026, 10, 26): "Nationalfeiertag"})

    assert closed() == {NEW_YEAR, date(2026, 10, 26), date(2027, 1, 1)}
    assert desks.holiday_sources([2026]) == {2026: vienna}


def test_the_holidays_of_another_place_do_not_make_a_year_known() -> None:
    desks.write_holidays(2026, HERE, OF_2026)
    desks.write_holidays(2027, HolidaySource(country="DE", subdivision=None, source="a calendar 1"), {})

    assert years() == {2026}
    desks.put(sample.DESK | {"subdivision": None})
    assert years() == {2027}


def test_a_year_is_known_only_after_all_its_holidays_are_written() -> None:

    with table.failing(_unavailable(), at="PutItem"), pytest.raises(PutError):
        desks.write_holidays(2026, HERE, OF_2026)

    assert closed() == set(OF_2026)
    assert years() == set()


def test_a_closure_closes_a_day_and_deleting_it_opens_the_day_again() -> None:
    desks.put_closure(PARTY, "Office party")
    assert closed() == {PARTY}

    desks.delete_closure(PARTY)
    assert closed() == set()


def test_a_day_closed_for_two_reasons_stays_closed_until_both_are_removed() -> None:
    desks.write_holidays(2026, HERE, OF_2026)
    desks.put_closure(CHRISTMAS, "Nobody wants to work")
    desks.put_closure(PARTY, "Office party")

    desks.delete_closure(CHRISTMAS)
    assert closed() == {*OF_2026, PARTY}
    desks.put_closure(CHRISTMAS, "Nobody wants to work")
    desks.write_holidays(2026, HERE, {})
    assert closed() == {CHRISTMAS, PARTY}


def test_deleting_a_closure_that_does_not_exist_writes_nothing() -> None:
    desks.write_holidays(2026, HERE, OF_2026)

    with table.unchanged():
        desks.delete_closure(PARTY)
        desks.delete_closure(CHRISTMAS)


def test_deleting_a_closure_raises_an_error_when_the_table_is_unavailable() -> None:
    with table.failing(_unavailable(), at="UpdateItem"), pytest.raises(OutcomeUnknown):
        desks.delete_closure(PARTY)


def test_closed_days_of_last_year_are_read_and_older_ones_are_not() -> None:
    for year in (2024, 2025, 2026, 2027, 2031):
        desks.put_closure(date(year, 12, 31), "Inventory")

    assert {day.year for day in closed()} == {2025, 2026, 2027, 2031}
    assert {day.year for day in closed(datetime(2027, 1, 1, tzinfo=UTC))} == {2026, 2027, 2031}


def test_the_desk_is_cached_for_some_seconds_and_not_when_the_clock_goes_back() -> None:
    before = desks.current(MONDAY_NOON)

    assert desks.current(MONDAY_NOON + timedelta(seconds=9)) is before
    assert desks.current(MONDAY_NOON + timedelta(seconds=10)) is not before
    assert desks.current(MONDAY_NOON) is not before


def _unavailable() -> ClientError:
    return ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "UpdateItem")
