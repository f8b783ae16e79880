"""Limits of an agent's requests: pending ones, sendings in an hour, unknown names. See docs/decisions/0012."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
import time_machine

from guestkey.rules.requests import MAX_PENDING, MAX_SENDINGS_OF_AGENT, MAX_SENDINGS_TO_TENANT, MAX_UNKNOWN, Request
from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import Answer, call
from tests.edge import post as mailing
from tests.factories import MONDAY_NOON
from tests.personas import DORA, SVEN, Caller
from tests.store import wire

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
ACME = {"tenant_id": "acme", "reason": "The import stands still"}
TO_ANNA = ACME | {"recipients": ["anna@acme.example"]}
TO_UNKNOWN = ACME | {"recipients": ["nobody@acme.example"]}
GLOBEX = ACME | {"tenant_id": "globex"}
UNKNOWN_TENANT = ACME | {"tenant_id": "nobody"}
KEY = {"Idempotency-Key": "a-key-of-svens"}


def ask(body: Any = ACME, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("POST", "/v1/support/requests", body, caller=caller, **how)


def look(tenant_id: str, *, caller: Caller = SVEN) -> Answer:
    return call("GET", f"/v1/support/tenants/{tenant_id}", caller=caller)


def send_again(request: Request) -> Answer:
    return call("POST", f"/v1/support/requests/{request.request_id}/send", caller=SVEN)


def assert_too_many(answer: Answer, retry_after: timedelta) -> None:
    assert (answer.status, answer.code) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == str(int(retry_after.total_seconds()))


# ------------------------------------------------------------------ pending requests


def asked(number: int) -> list[Request]:
    """Create so many requests of Sven at Acme, a minute apart, the last a minute ago."""
    return [
        factories.requested(at=MONDAY_NOON - (number - nth) * MINUTE, recipients=["anna@acme.example"])
        for nth in range(number)
    ]


def test_the_sixth_pending_request_of_sven_at_acme_is_too_many(mails: list[mailing.Sent]) -> None:
    asked(MAX_PENDING - 1)
    assert ask().status == 201
    mails.clear()
    with table.unchanged():
        answer = ask()

    assert_too_many(answer, DAY - 4 * MINUTE)
    assert mails == []
    assert ask(GLOBEX).status == 201, "the limit counts for each tenant"
    assert ask(caller=DORA).status == 201, "and for each agent"


def test_when_the_first_expires_there_is_room_for_one(world: time_machine.Traveller) -> None:
    asked(MAX_PENDING)
    world.move_to(MONDAY_NOON + DAY - 5 * MINUTE - SECOND)
    assert_too_many(ask(), SECOND)

    world.shift(SECOND)
    assert ask().status == 201
    assert_too_many(ask(), MINUTE)


def test_when_all_have_expired_there_is_room_for_five() -> None:
    with time_machine.travel(MONDAY_NOON - DAY, tick=False):
        for _ in range(MAX_PENDING):
            factories.requested(recipients=["anna@acme.example"])

    assert [ask(TO_ANNA).status for _ in range(MAX_PENDING + 1)] == [201] * MAX_PENDING + [429]


@pytest.mark.parametrize("close", [factories.approved, factories.declined, factories.withdrawn])
def test_an_answered_or_withdrawn_request_makes_room(close: Callable[[Request], object]) -> None:
    requests = asked(MAX_PENDING)
    close(requests[2])

    assert ask().status == 201
    assert_too_many(ask(), DAY - 5 * MINUTE)


def test_an_answer_does_not_change_the_agents_items() -> None:
    requests = asked(2)
    before = table.items("AGENT#sven")
    factories.approved(requests[0])
    factories.declined(requests[1])

    assert table.items("AGENT#sven") == before


def test_a_request_deleted_by_ttl_makes_room() -> None:
    requests = asked(MAX_PENDING)
    table.drop(keys.request("acme", requests[0].request_id))

    assert ask().status == 201


def test_the_counter_has_its_ttl_after_the_last_possible_pending_request() -> None:
    ask()

    kept = table.one(keys.pending("sven", "acme"))
    assert kept and kept["ttl"]["N"] == str(int((MONDAY_NOON + 3 * DAY).timestamp()))


def test_a_counter_deleted_during_a_request_is_read_again() -> None:
    factories.requested(at=MONDAY_NOON - 4 * DAY)
    with table.meanwhile(lambda: table.drop(keys.pending("sven", "acme"))):
        assert ask().status == 201


def test_of_two_requests_at_the_same_moment_one_gets_the_last_place() -> None:
    asked(MAX_PENDING - 1)
    with table.meanwhile(ask):
        answer = ask()

    assert_too_many(answer, DAY - 4 * MINUTE)


def test_a_stored_response_does_not_count_as_a_request() -> None:
    first = ask(headers=KEY)
    asked(MAX_PENDING - 1)

    assert ask(headers=KEY).text == first.text
    assert ask().status == 429


# ------------------------------------------------------------------ sendings in an hour

OF_SVEN = partial(factories.counted_sendings, of=SVEN)
TO_ACME = partial(factories.counted_sendings, of="acme")
BOUNDS = {"of an agent": (OF_SVEN, MAX_SENDINGS_OF_AGENT), "to a tenant": (TO_ACME, MAX_SENDINGS_TO_TENANT)}
every_bound = pytest.mark.parametrize(("counted", "most"), BOUNDS.values(), ids=BOUNDS)
Counted = Callable[[int], None]


@every_bound
def test_a_request_counts_as_one_to_however_many_it_goes(
    counted: Counted, most: int, world: time_machine.Traveller, mails: list[mailing.Sent]
) -> None:
    world.move_to(MONDAY_NOON + 10 * MINUTE)
    counted(most - 2)
    assert ask().status == 201, "one more, to two approvers"
    assert ask(TO_ANNA).status == 201, "and one to one approver"
    for body in (ACME, TO_ANNA):
        with table.unchanged():
            assert_too_many(ask(body), 50 * MINUTE)

    assert len(mails) == 3
    world.move_to(MONDAY_NOON + HOUR - SECOND)
    assert_too_many(ask(TO_ANNA), SECOND)
    world.move_to(MONDAY_NOON + HOUR)
    assert ask(TO_ANNA).status == 201


@every_bound
def test_sending_again_counts_as_one_too(counted: Counted, most: int, mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    counted(most - 1)
    assert send_again(request).status == 200
    with table.unchanged():
        assert_too_many(send_again(request), HOUR)

    assert len(mails) == 2


def test_sendings_are_counted_per_agent_over_all_tenants() -> None:
    factories.counted_sendings(MAX_SENDINGS_OF_AGENT)

    assert_too_many(ask(GLOBEX), HOUR)
    assert ask(caller=DORA).status == 201


def test_sendings_are_counted_per_tenant_over_all_agents() -> None:
    factories.counted_sendings(MAX_SENDINGS_TO_TENANT, of="acme")

    assert_too_many(ask(), HOUR)
    assert_too_many(ask(caller=DORA), HOUR)
    assert ask(GLOBEX).status == 201


def test_twenty_requests_may_go_to_as_many_as_a_tenant_can_register(mails: list[mailing.Sent]) -> None:
    factories.tenant("initech", approver_emails=tuple(f"approver{number}@initech.example" for number in range(20)))
    request = factories.requested(tenant_id="initech")
    for _ in range(MAX_SENDINGS_OF_AGENT - 1):
        assert send_again(request).status == 200

    assert len(mails) == 20 * (MAX_SENDINGS_OF_AGENT - 1)
    assert_too_many(send_again(request), HOUR)
    assert_too_many(ask(GLOBEX), HOUR)


def test_ten_requests_to_a_tenant_without_approvers_count_against_no_limit(mails: list[mailing.Sent]) -> None:
    factories.tenant("initech", approver_emails=())
    nowhere = ACME | {"tenant_id": "initech"}
    with table.unchanged():
        answers = [ask(nowhere | named) for named in ({}, {"recipients": ["nobody@initech.example"]}) * MAX_UNKNOWN]

    assert {(answer.status, answer.code) for answer in answers} == {(422, "no_approvers")}
    assert look("initech").status == 200
    assert ask().status == 201


def test_sending_again_to_a_tenant_without_approvers_counts_against_no_limit(mails: list[mailing.Sent]) -> None:
    request = factories.requested()
    factories.tenant("acme", approver_emails=())
    with table.unchanged():
        answers = [send_again(request) for _ in range(MAX_SENDINGS_OF_AGENT + 1)]

    assert {(answer.status, answer.code) for answer in answers} == {(422, "no_approvers")}
    assert mails == []


def test_a_sending_that_ses_refused_is_counted() -> None:
    factories.counted_sendings(MAX_SENDINGS_OF_AGENT - 1)
    with mailing.fake_ses(lambda _: (HTTPStatus.BAD_REQUEST, "MessageRejected", "no")):
        assert ask(TO_ANNA).body["mail"] == "failed"

    assert_too_many(ask(TO_ANNA), HOUR)


def test_of_two_requests_at_the_same_moment_only_one_is_the_last_of_the_hour(mails: list[mailing.Sent]) -> None:
    factories.counted_sendings(MAX_SENDINGS_OF_AGENT - 1)
    with table.meanwhile(lambda: ask(GLOBEX | {"recipients": ["carla@globex.example"]})):
        assert_too_many(ask(), HOUR)

    assert mailing.recipients(mails) == ["carla@globex.example"]


def test_the_limit_of_pending_requests_is_checked_before_that_of_sendings() -> None:
    asked(MAX_PENDING)
    factories.counted_sendings(MAX_SENDINGS_OF_AGENT)

    assert_too_many(ask(), DAY - 5 * MINUTE)


# ------------------------------------------------------------------ unknown names

GUESSES: dict[str, Callable[[], Answer]] = {
    "asking an unknown tenant": lambda: ask(UNKNOWN_TENANT),
    "asking an unknown recipient": lambda: ask(TO_UNKNOWN),
    "looking at an unknown tenant": lambda: look("nobody"),
    "looking at what cannot be one": lambda: look("N%20obody"),
}
KNOWN: dict[str, Callable[[], Answer]] = {
    "asking": ask,
    "asking Anna": lambda: ask(TO_ANNA),
    "looking": lambda: look("acme"),
}


@pytest.mark.parametrize("guess", GUESSES.values(), ids=GUESSES)
def test_ten_unknown_names_an_hour_are_answered_and_further_calls_are_refused(
    guess: Callable[[], Answer], world: time_machine.Traveller, mails: list[mailing.Sent]
) -> None:
    world.move_to(MONDAY_NOON + 15 * MINUTE)
    factories.counted_unknown(MAX_UNKNOWN - 1)
    assert all(known().status in (200, 201) for known in KNOWN.values())
    mails.clear()
    assert guess().status in (404, 422)

    with table.unchanged():
        for call_again in (guess, *KNOWN.values(), *GUESSES.values()):
            assert_too_many(call_again(), 45 * MINUTE)
    assert mails == []
    world.move_to(MONDAY_NOON + HOUR)
    assert guess().status in (404, 422)
    assert look("acme").status == 200


def test_after_that_a_known_name_is_refused_with_the_same_bytes_as_an_unknown_one() -> None:
    factories.counted_unknown(MAX_UNKNOWN)
    refused = [answer() for answer in (*KNOWN.values(), *GUESSES.values())]

    assert len({(answer.status, answer.text, str(answer.headers)) for answer in refused}) == 1


def test_the_limit_of_unknown_names_is_ten() -> None:
    assert [look("nobody").status for _ in range(MAX_UNKNOWN + 1)] == [404] * MAX_UNKNOWN + [429]


def test_unknown_names_are_counted_per_agent() -> None:
    factories.counted_unknown(MAX_UNKNOWN)

    assert look("acme", caller=DORA).status == 200
    assert look("nobody", caller=DORA).status == 404


def test_a_stored_response_is_returned_beyond_the_limit_of_unknown_names() -> None:
    first = ask(headers=KEY)
    factories.counted_unknown(MAX_UNKNOWN)

    assert ask(headers=KEY).text == first.text


def test_an_agent_beyond_the_limit_can_still_use_existing_requests() -> None:
    request = factories.requested()
    factories.counted_unknown(MAX_UNKNOWN)

    assert send_again(request).status == 200
    assert call("GET", "/v1/support/requests", caller=SVEN).status == 200
    assert call("DELETE", f"/v1/support/requests/{request.request_id}", caller=SVEN).status == 200


@pytest.mark.parametrize("guess", GUESSES.values(), ids=GUESSES)
def test_of_two_unknown_names_at_the_same_moment_one_is_the_tenth(guess: Callable[[], Answer]) -> None:
    factories.counted_unknown(MAX_UNKNOWN - 1)
    with table.meanwhile(lambda: look("nobody")):
        assert_too_many(guess(), HOUR)


def test_an_unknown_name_that_cannot_be_counted_is_not_answered() -> None:
    def script(request: wire.Request, send: wire.Send) -> Any:
        return wire.cancelled(request, "TransactionConflict", "AGENT#") if request.is_write else send()

    with wire.through(script) as came:
        answer = look("nobody")

    assert (answer.status, answer.code) == (503, "busy")
    assert sum(request.is_write for request in came) == 4


def test_an_unknown_name_with_a_transaction_conflict_is_counted_at_the_retry() -> None:
    def script(request: wire.Request, send: wire.Send) -> Any:
        is_first = request.is_write and request.nth == 1
        return wire.cancelled(request, "TransactionConflict", "AGENT#") if is_first else send()

    with wire.through(script):
        assert look("nobody").status == 404
    kept = table.one(keys.counter_of_agent("unknown", "sven", MONDAY_NOON))
    assert kept and kept["number"]["N"] == "1"
