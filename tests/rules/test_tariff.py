"""Promise and cost of the emergency line, at their boundaries."""

from datetime import timedelta
from decimal import Decimal

from guestkey.rules.hours import is_open
from guestkey.rules.tariff import answered_within, cost
from tests.rows_and_columns import each_row
from tests.rules.desks import at, calendar, desk

TWO, TEN = timedelta(hours=2), timedelta(hours=10)
CHRISTMAS = calendar("2026-12-25")


@each_row(
    ("day", "why"),
    [
        ("2026-11-23", "a Monday"),
        ("2026-11-21", "a Saturday"),
        ("2026-11-22", "a Sunday"),
        ("2026-12-25", "a public holiday"),
        ("2026-03-29", "two o'clock becomes three"),
        ("2026-10-25", "three o'clock becomes two"),
        ("2027-01-01", "a new year"),
    ],
)
@each_row(
    ("clock", "within"),
    [
        ("00:00:00", TEN),
        ("07:29:59", TEN),
        ("07:30:00", TWO),
        ("12:00:00", TWO),
        ("21:59:59", TWO),
        ("22:00:00", TEN),
        ("23:59:59", TEN),
    ],
)
def test_the_promise_is_two_hours_by_day_and_ten_by_night(day, why, clock, within):
    assert answered_within(desk(), at(f"{day} {clock}")) == within, why


@each_row("fold", [0, 1])
def test_in_the_hour_that_occurs_twice_it_is_night_both_times(fold):
    assert answered_within(desk(), at("2026-10-25 02:30", fold=fold)) == TEN


def test_a_promise_may_change_in_an_hour_that_occurs_twice_and_then_changes_twice():
    at_three = desk(
        emergency=[
            {"from": "02:30", "until": "24:00", "answered_within_hours": 2},
            {"from": "00:00", "until": "02:30", "answered_within_hours": 10},
        ]
    )
    moments = [at("2026-10-25 02:15") + timedelta(minutes=30) * number for number in range(4)]

    assert [answered_within(at_three, moment) for moment in moments] == [TEN, TWO, TEN, TWO]
    assert answered_within(at_three, at("2026-03-29 01:59:59")) == TEN
    assert answered_within(at_three, at("2026-03-29 01:59:59") + timedelta(seconds=1)) == TWO


def test_the_promise_follows_the_desks_clock_for_every_country():
    from_zurich_at_nine = at("2026-11-23 09:00", "Europe/Zurich")

    assert answered_within(desk(), from_zurich_at_nine) == TWO
    assert answered_within(desk(time_zone="America/New_York"), from_zurich_at_nine) == TEN


def test_the_emergency_line_promises_something_while_the_support_line_is_closed():
    noon = at("2026-12-25 12:00")

    assert not is_open(desk(), CHRISTMAS, noon)
    assert answered_within(desk(), noon) == TWO


def test_without_a_promise_none_is_returned():
    assert answered_within(desk(emergency=[]), at("2026-11-23 12:00")) is None


# --- The fee ---------------------------------------------------------------------------------------------------------


@each_row("country", ["DE", "AT", "CH"])
@each_row(
    ("lasting", "amount"),
    [
        (timedelta(0), "0.00"),
        (timedelta(seconds=1), "5.95"),
        (timedelta(minutes=4, seconds=59), "5.95"),
        (timedelta(minutes=5), "5.95"),
        (timedelta(minutes=5, seconds=1), "11.90"),
        (timedelta(minutes=5, milliseconds=1), "11.90"),
        (timedelta(minutes=10), "11.90"),
        (timedelta(minutes=10, seconds=1), "17.85"),
        (timedelta(hours=1), "71.40"),
        (timedelta(days=1), "1713.60"),
    ],
)
def test_each_started_five_minutes_cost_five_ninety_five(country, lasting, amount):
    fee = desk().fee_for(country)

    assert fee
    assert fee.currency == "EUR"
    assert str(cost(fee, lasting)) == amount


@each_row("country", ["IT", "FR", "US", "LI"])
def test_an_unlisted_country_has_neither_a_number_nor_a_fee(country):
    assert desk().fee_for(country) is None
    assert (desk().numbers_for(country).support, desk().numbers_for(country).emergency) == (None, None)


def test_a_desk_may_have_no_fee():
    assert desk(fee=None).fee_for("DE") is None


def test_money_is_calculated_exactly():
    fee = desk(fee={"amount": "0.10", "currency": "EUR", "per_started_minutes": 1, "countries": ["DE"]}).fee_for("DE")

    assert fee
    assert cost(fee, timedelta(minutes=3)) == Decimal("0.30")
