"""The digest of a day: one mail on the next morning about everything that was not mailed at once, each thing once."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from guestkey.store.dynamodb import keys
from guestkey.store.ledger import digests
from guestkey.store.ledger.digests import MAX_LINES
from tests import dead_letters, factories, stream, table
from tests.calls import call
from tests.edge import post
from tests.notify import Notify, subject_of, text_of_mail
from tests.personas import ANNA, CARLA, DORA, GIULIA, SVEN
from tests.rows_and_columns import probes

ANNAS, GIULIAS, CARLAS = "anna@acme.example", "giulia@acme.example", "carla@globex.example"
DIGEST = "Support-Zugänge: Übersicht des Tages"
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
MONDAY = date(2026, 11, 23)
SEVEN = datetime(2026, 11, 24, 6, tzinfo=UTC)
"""07:00 in Berlin on Tuesday."""
REJECTED = HTTPStatus.BAD_REQUEST, "MessageRejected", "Email address is not verified."
TO_BOTH = [(ANNAS, DIGEST), (GIULIAS, DIGEST)]
CleanUp = Callable[..., dict[str, Any]]


@pytest.fixture
def morning(notify: Notify, world: time_machine.Traveller, clean_up: CleanUp) -> Callable[[], list[post.Sent]]:
    """Process what happened, go to the next morning and return the mails of it."""

    def wake() -> list[post.Sent]:
        notify.deliver()
        before = len(notify.mails)
        world.move_to(SEVEN + MINUTE)
        clean_up()
        notify.deliver()
        return [mail for mail in notify.mails[before:] if post.kind_in(subject_of(mail)) == DIGEST]

    return wake


def choose(**kinds: str) -> None:
    assert call("PUT", "/v1/notices", {"kinds": kinds}, caller=ANNA).status == 200


def enter_twice(notify: Notify) -> None:
    """Let Sven enter twice under a permanent grant: the second login comes in the digest."""
    factories.grant(period="permanent")
    factories.login()
    factories.login()
    notify.deliver()


def numbers(day: date = MONDAY, tenant_id: str = "acme") -> list[int]:
    """Return the numbers of the entries in a digest."""
    item = table.one(keys.digest(tenant_id, day))
    return sorted(map(int, item["entries"]["NS"])) if item else []


def text_of(mail: post.Sent) -> str:
    return text_of_mail(mail).replace("\r\n", "\n").replace("\xa0", " ")


def lines_of(mail: post.Sent) -> list[str]:
    """Return the lines about entries: those after the span and before the first paragraph."""
    _, _, rest = text_of(mail).partition("- Einträge des Protokolls: ")
    return rest.partition("\n\n")[0].split("\n")[1:]


# ------------------------------------------------------------------ it works


def test_a_grant_that_ended_and_the_later_logins_come_in_one_mail_on_the_next_morning(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp, morning: Callable[[], list[post.Sent]]
) -> None:
    factories.grant(DORA)
    factories.grant("support", period="1w")
    for reason in ("First", "Second", "Third"):
        factories.login(reason=reason)
    world.shift(HOUR + MINUTE)
    clean_up()

    to_anna, to_giulia = morning()

    assert [mail["Destination"]["ToAddresses"] for mail in (to_anna, to_giulia)] == [[ANNAS], [GIULIAS]]
    kinds = [line.partition(":")[0] for line in lines_of(to_anna)]
    assert kinds == ["- Anmeldung", "- Anmeldung", "- Freigabe abgelaufen"]
    assert "„Second“" in lines_of(to_anna)[0] and "„Third“" in lines_of(to_anna)[1]
    assert "„First“" not in text_of(to_anna)
    assert "14:00 Uhr (Europe/Berlin) · Dora Vogel · dora (nur diese Person)" in lines_of(to_anna)[2]
    head = call("GET", "/v1/ledger", caller=ANNA).headers["guestkey-head"]
    assert post.read(post.as_mailed(to_anna)).headers["guestkey-head"] == [head]
    assert f"Guestkey-Head: {head}" in text_of(to_anna)


def test_the_mail_names_the_span_of_its_entries(morning: Callable[[], list[post.Sent]]) -> None:
    factories.grant(period="permanent")
    for _ in range(3):
        factories.login()
    mail, _ = morning()
    last = int(call("GET", "/v1/ledger", caller=ANNA).headers["guestkey-head"].partition(":")[0])

    assert subject_of(mail) == f"{DIGEST} (2026-11-23, {last - 1}-{last})"
    assert f"\n- Einträge des Protokolls: {last - 1}-{last}\n" in text_of(mail)


def test_what_the_tenant_put_into_the_digest_is_not_mailed_at_once(
    notify: Notify, morning: Callable[[], list[post.Sent]]
) -> None:
    choose(granted="digest", revoked="digest")
    notify.deliver()
    at_once = len(notify.mails)
    factories.revoked(factories.grant(by=GIULIA), by=GIULIA)
    factories.grant(DORA, by=ANNA)

    notify.deliver()
    assert len(notify.mails) == at_once

    mail, _ = morning()
    assert [line.partition(":")[0] for line in lines_of(mail)] == [
        "- Freigabe erteilt", "- Freigabe widerrufen", "- Freigabe erteilt",
    ]  # fmt: skip
    assert "von Giulia Galli" in lines_of(mail)[1]


def test_each_tenant_gets_a_digest_of_its_own_in_its_language_and_zone(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp
) -> None:
    factories.grant(by=CARLA, period="permanent")
    factories.login(tenant_id="globex")
    factories.login(tenant_id="globex")
    notify.deliver()
    world.move_to(SEVEN + MINUTE)
    assert "digests_due" not in clean_up()
    world.move_to(datetime(2026, 11, 24, 12, 1, tzinfo=UTC))
    assert clean_up()["digests_due"] == 1
    notify.deliver()

    address, subject = notify.mails[-1]["Destination"]["ToAddresses"][0], subject_of(notify.mails[-1])
    assert (address, post.kind_in(subject)) == (CARLAS, "Support access: summary of the day")
    assert "Sign-in: Monday, 23 November 2026, 7:00 am (America/New_York)" in text_of(notify.mails[-1])


# ------------------------------------------------------------------ always at once


@pytest.mark.parametrize(
    ("how", "is_at_once"),
    [
        ({}, False),
        ({"period": "1mo"}, False),
        ({"may_export": True}, True),
        ({"period": "permanent"}, True),
    ],
)
def test_a_grant_with_export_or_without_end_is_mailed_at_once_whatever_is_chosen(
    notify: Notify, how: dict[str, Any], is_at_once: bool
) -> None:
    choose(granted="digest", revoked="digest", agent_left="digest")
    notify.deliver()
    before = len(notify.mails)
    factories.grant(by=ANNA.but(email=None), **how)
    notify.deliver()

    assert len(notify.mails) - before == (2 if is_at_once else 0)
    assert len(numbers()) == (0 if is_at_once else 1)


def test_support_in_reviews_and_changes_of_recipients_are_mailed_at_once_whatever_is_chosen(notify: Notify) -> None:
    choose(granted="digest", revoked="digest", ended="digest", agent_left="digest")
    factories.grant()
    factories.login()
    factories.right(GIULIA, may_grant=False)
    notify.deliver()

    assert [kind for address, kind in notify.mailed if address == ANNAS] == [
        "Geändert: Wie Sie von Support-Zugängen erfahren",
        "Der Support hat sich in Ihrem Konto angemeldet",
        "Geändert: Wer den Support hereinlassen darf",
    ]


# ------------------------------------------------------------------ when


@pytest.mark.parametrize(("at", "is_due"), [(SEVEN + MINUTE - SECOND, False), (SEVEN + MINUTE, True)])
def test_the_digest_is_due_at_seven_of_the_tenants_clock(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp, at: datetime, is_due: bool
) -> None:
    """The clean-up processes what is due for a minute."""
    enter_twice(notify)
    before = len(notify.mails)
    world.move_to(at)

    assert clean_up().get("digests_due", 0) == is_due
    notify.deliver()
    assert len(notify.mails) - before == (2 if is_due else 0)


@pytest.mark.parametrize(
    ("login_at", "day", "hours"),
    [
        ("2027-03-27T12:00", "2027-03-27", 18),
        ("2027-03-28T00:30", "2027-03-28", 29.5),
        ("2027-10-30T12:00", "2027-10-30", 20),
        ("2027-10-31T00:30", "2027-10-31", 31.5),
        ("2026-11-23T23:59:59", "2026-11-23", 7 + 1 / 3600),
        ("2026-11-24T00:00:00", "2026-11-24", 31),
    ],
)
def test_an_entry_comes_at_seven_of_the_next_local_day_also_where_the_clock_changes(
    notify: Notify, world: time_machine.Traveller, login_at: str, day: str, hours: float
) -> None:
    at = datetime.fromisoformat(login_at).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    world.move_to(at - MINUTE)
    factories.grant(period="permanent")
    factories.login()
    world.move_to(at)
    # A permanent grant of the minute before may belong to another day, so the first login of this day is here.
    factories.login()
    factories.login()
    notify.deliver()

    item = table.one(keys.digest("acme", date.fromisoformat(day)))
    assert item
    assert datetime.fromisoformat(item["due_at"]["S"]) - at == timedelta(hours=hours)


# ------------------------------------------------------------------ twice


def test_a_repeated_event_adds_nothing_and_mails_nothing_twice(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp
) -> None:
    factories.grant(period="permanent")
    for _ in range(3):
        factories.login()
    events = notify.new()
    notify.deliver(events)
    collected = numbers()
    with table.unchanged():
        notify.deliver(events)
    world.move_to(SEVEN + MINUTE)
    clean_up()
    woken = notify.new()
    notify.deliver(woken)
    mailed = len(notify.mails)
    with table.unchanged():
        notify.deliver([*woken, *events])
        assert clean_up() == {}

    assert len(collected) == 2
    assert len(notify.mails) == mailed
    assert notify.mailed[-2:] == TO_BOTH


def test_an_event_that_comes_after_its_digest_was_mailed_comes_in_that_of_today(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp, morning: Callable[[], list[post.Sent]]
) -> None:
    enter_twice(notify)
    factories.login(reason="The late one")
    late = notify.new()
    assert len(morning()) == 2
    notify.deliver(late)
    notify.deliver(late)

    assert len(numbers(MONDAY + timedelta(days=1))) == 1
    world.shift(timedelta(days=1))
    clean_up()
    notify.deliver()
    assert [subject_of(mail).rpartition(" (")[2][:10] for mail in notify.mails[-2:]] == ["2026-11-24"] * 2
    assert "„The late one“" in lines_of(notify.mails[-1])[0]


def test_a_notice_that_reached_one_address_goes_to_the_other_too_after_the_choice_changed(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED if address == GIULIAS else None
    factories.grant(by=ANNA.but(email=None))
    event = notify.new()
    notify.deliver(event)
    choose(granted="digest")
    notify.refuse = lambda address: None
    before = len(notify.mails)
    notify.deliver(event)

    assert notify.mailed[before:] == [(GIULIAS, "Neue Freigabe für den Support")]
    assert numbers() == []


def test_a_mail_that_fails_for_one_address_is_redriven_to_that_one_only(
    notify: Notify, morning: Callable[[], list[post.Sent]]
) -> None:
    enter_twice(notify)
    notify.refuse = lambda address: REJECTED if address == GIULIAS else None
    morning()
    assert len(dead_letters.messages()) == 1
    notify.refuse = lambda address: None
    before = len(notify.mails)

    assert notify.redrive() == {"done": 1, "dead_lettered": 0}
    assert notify.mailed[before:] == [(GIULIAS, DIGEST)]


def test_two_clean_ups_close_a_digest_once(notify: Notify, world: time_machine.Traveller, clean_up: CleanUp) -> None:
    choose(revoked="digest")
    factories.revoked(factories.grant(), by=ANNA.but(email=None))
    notify.deliver()
    world.move_to(SEVEN + MINUTE)
    with table.meanwhile(clean_up, at="UpdateItem"):
        assert clean_up() == {"nothing": 1}
    notify.deliver()

    assert notify.mailed[-2:] == TO_BOTH
    assert [mail for mail in notify.mailed if mail[1] == DIGEST] == TO_BOTH


# ------------------------------------------------------------------ nothing left


def test_a_digest_about_records_that_are_gone_is_not_sent(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp
) -> None:
    factories.grant(period="permanent")
    factories.login()
    gone = factories.login()
    notify.deliver()
    table.drop(keys.login("acme", gone.login_id))
    before = len(notify.mails)
    world.move_to(SEVEN + MINUTE)
    clean_up()
    notify.deliver()

    assert len(notify.mails) == before
    assert dead_letters.messages() == []


def test_without_a_digest_or_its_tenant_nothing_is_sent(notify: Notify, morning: Callable[[], list[post.Sent]]) -> None:
    assert morning() == []
    enter_twice(notify)
    table.drop(keys.tenant("acme"))

    assert digests.load("acme", MONDAY + timedelta(days=1), factories.now()) is None
    assert digests.load("acme", MONDAY, factories.now()) is None


def test_a_day_on_which_everything_was_mailed_at_once_has_no_digest(
    notify: Notify, morning: Callable[[], list[post.Sent]]
) -> None:
    factories.revoked(factories.grant())
    factories.grant(DORA, period="permanent")
    factories.login(DORA)

    assert morning() == []
    assert numbers() == []


# ------------------------------------------------------------------ own acts, limits, texts


def test_an_address_is_left_out_only_of_a_digest_of_nothing_but_its_own_acts(
    notify: Notify, morning: Callable[[], list[post.Sent]]
) -> None:
    choose(granted="digest", revoked="digest")
    factories.revoked(factories.grant(by=ANNA), by=ANNA)

    assert [mail["Destination"]["ToAddresses"] for mail in morning()] == [[GIULIAS]]


def test_a_digest_of_acts_of_two_users_goes_to_both(notify: Notify, morning: Callable[[], list[post.Sent]]) -> None:
    choose(granted="digest", revoked="digest")
    factories.revoked(factories.grant(by=ANNA), by=GIULIA)

    assert len(morning()) == 2


@pytest.mark.parametrize("further", probes(1, rest=[0]))
def test_a_mail_has_at_most_sixty_lines_and_counts_the_others(
    world: time_machine.Traveller, morning: Callable[[], list[post.Sent]], further: int
) -> None:
    factories.grant(period="permanent")
    for _ in range(MAX_LINES):
        factories.login()
    world.shift(HOUR)
    for _ in range(1 + further):
        factories.login()
    mail, _ = morning()

    lines = lines_of(mail)
    assert len(lines) == MAX_LINES + further
    assert lines[-1].startswith("- Weitere Einträge: 1;" if further else "- Anmeldung: ")


def test_typed_text_is_neither_a_link_nor_a_header(morning: Callable[[], list[post.Sent]]) -> None:
    factories.grant(period="permanent")
    factories.login()
    factories.login(reason="see https://evil.example <b>now</b> =?UTF-8?Q?x?=")
    mail, _ = morning()
    letter = post.read(post.as_mailed(mail))

    assert letter.links == set()
    assert "evil" not in str(letter.headers)
    assert "https[://]evil[.]example" in letter.text
    assert not letter.html.css("b")


def test_the_streams_filter_lets_a_closed_digest_through_and_no_other_change_of_it(
    notify: Notify, world: time_machine.Traveller, clean_up: CleanUp
) -> None:
    factories.grant(period="permanent")
    for _ in range(3):
        factories.login()
    notify.deliver()
    assert not [record for record in notify.new() if "DIGEST#" in str(record["dynamodb"]["Keys"])]
    world.move_to(SEVEN + MINUTE)
    clean_up()

    assert [record["dynamodb"]["Keys"]["SK"]["S"] for record in stream.since(notify.position)] == ["DIGEST#2026-11-23"]


def test_a_digest_holds_no_personal_data_and_goes_after_thirty_days(notify: Notify) -> None:
    factories.grant(SVEN, period="permanent")
    factories.login()
    factories.login()
    notify.deliver()
    item = table.one(keys.digest("acme", MONDAY))

    assert item
    assert set(item) == {"PK", "SK", "kind", "ttl", "due", "due_at", "entries"}
    assert int(item["ttl"]["N"]) == int((SEVEN + timedelta(days=30)).timestamp())
