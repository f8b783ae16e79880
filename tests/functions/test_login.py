"""POST /v1/support/logins: the login is recorded before an agent enters."""

import json
import re
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import pytest
import time_machine

from guestkey.rules.logins import MAX_LOGINS_AN_HOUR
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.personas import ANNA, BEN, CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row, probes

REASON = "The import of the listings stands still"
TO_ACME = {"tenant_id": "acme", "reason": REASON}
KEY = {"Idempotency-Key": "a-key-of-svens"}


def post(body: Any = TO_ACME, *, caller: Caller = SVEN, **how: Any) -> Answer:
    return call("POST", "/v1/support/logins", None if "raw" in how else body, caller=caller, **how)


def recorded(tenant_id: str = "acme") -> list[str]:
    return [keys.id_in(item["SK"]["S"]) for item in reversed(table.items(keys.of_tenant(tenant_id), keys.LOGIN))]


def last_entry(tenant_id: str = "acme") -> Any:
    caller = ANNA if tenant_id == "acme" else CARLA
    return json.loads(call("GET", "/v1/ledger", caller=caller, query={"limit": 100}).text.splitlines()[-1])


# ------------------------------------------------------------------ it works


def test_sven_enters_with_a_reason() -> None:
    grant = factories.grant()
    answer = post(TO_ACME | {"ticket": "T-4711"})

    assert answer.status == 201
    assert answer.body == {
        "login_id": recorded()[0],
        "tenant_id": "acme",
        "agent": {
            "id": "sven",
            "name": "Sven Brandt",
            "kind": "person",
            "accountable": None,
            "departments": ["support"],
        },
        "reason": REASON,
        "reason_salt": answer.body["reason_salt"],
        "ticket": "T-4711",
        "access": "change",
        "may_export": False,
        "logged_in_at": "2026-11-23T12:00:00Z",
        "ended_at": None,
        "end": None,
        "grant_id": grant.grant_id,
        "access_ends_at": "2026-11-23T13:00:00Z",
        "end_cause": None,
    }


def test_it_is_in_the_ledger_with_the_reason_only_as_its_hash() -> None:
    factories.grant()
    login = post().body

    entry = last_entry()
    assert (entry["what"], entry["about"]) == ("login.recorded", login["login_id"])
    assert entry["by"] == {"type": "agent", "id": "sven"}
    assert re.fullmatch("[0-9a-f]{32}", login["reason_salt"])
    assert entry["data"]["reason_sha256"] == sha256(f"{login['reason_salt']}:{REASON}".encode()).hexdigest()
    assert post().body["reason_salt"] != login["reason_salt"], "each text has a salt of its own"
    assert REASON not in str(table.items("TENANT#acme", "ENTRY#"))


@pytest.mark.parametrize(("own", "recorded"), [({}, "T-9"), ({"ticket": None}, "T-9"), ({"ticket": "T-1"}, "T-1")])
def test_a_login_takes_over_the_ticket_of_the_request_that_its_grant_answers(
    own: dict[str, Any], recorded: str
) -> None:
    factories.approved(factories.requested(ticket="T-9"))

    login = post(TO_ACME | own).body
    assert login["ticket"] == recorded
    assert call("GET", "/v1/logins", caller=ANNA).body["items"][0]["ticket"] == recorded


def test_a_login_takes_over_the_ticket_of_the_grant_that_it_names_and_of_no_other() -> None:
    factories.approved(factories.requested(ticket="T-9"))
    named = factories.grant(period="4h")

    login = post().body
    assert (login["grant_id"], login["ticket"]) == (named.grant_id, None)


def test_the_ticket_of_a_permanent_grant_is_taken_over_long_after(world: time_machine.Traveller) -> None:
    factories.approved(factories.requested(ticket="T-9", period="permanent"))
    world.shift(timedelta(days=300))

    assert post().body["ticket"] == "T-9"


def test_without_a_ticket_there_is_none() -> None:
    factories.grant()

    assert post().body["ticket"] is None
    assert post(TO_ACME | {"ticket": None}).body["ticket"] is None


def test_a_departments_grant_lets_in_its_members_and_the_login_names_the_person() -> None:
    grant = factories.grant("support", may_export=True)
    body = post().body

    assert (body["agent"]["id"], body["grant_id"], body["may_export"]) == ("sven", grant.grant_id, True)
    assert post(caller=DORA).code == "no_live_grant"


def test_a_newcomer_to_the_department_is_in_and_a_leaver_is_out() -> None:
    factories.grant("support")
    factories.agent("dora", "support", name="Dora Vogel")
    factories.agent("sven", "development")

    assert post(caller=DORA).body["agent"] == {
        "id": "dora",
        "name": "Dora Vogel",
        "kind": "person",
        "accountable": None,
        "departments": ["support"],
    }
    assert post().code == "no_live_grant"


def test_the_covering_grant_that_ends_last_is_named_and_export_is_of_the_union() -> None:
    factories.grant(may_export=True)
    long = factories.grant("support", period="1w")
    body = post().body

    assert (body["grant_id"], body["may_export"]) == (long.grant_id, True)
    assert body["access_ends_at"] == "2026-11-30T12:00:00Z"


def test_under_a_permanent_grant_access_has_no_end() -> None:
    factories.grant(period="permanent")

    assert post().body["access_ends_at"] is None


def test_a_reason_is_trimmed_and_normalised() -> None:
    factories.grant()

    typed = "  Zu\u0308rich:\u3000Import\r\nsteht\tauf /x?q=? \n"

    assert post(TO_ACME | {"reason": typed}).body["reason"] == "Zürich:\u3000Import steht auf /x?q=?"


@pytest.mark.parametrize(
    "reason", ["abc", "x" * 500, "𠀀" * 500, "🔑 abc", "Grüße, 你好, שלום", "<b>&amp;</b>", "'; DROP TABLE--"]
)
def test_any_valid_reason_of_one_line_is_stored(reason: str) -> None:
    factories.grant()

    assert post(TO_ACME | {"reason": reason}).body["reason"] == reason


def test_two_logins_may_be_open_at_once() -> None:
    factories.grant()

    assert post().body["login_id"] != post().body["login_id"]
    assert len(recorded()) == 2


# ------------------------------------------------------------------ no live grant


def test_without_a_grant_sven_is_refused_and_nothing_is_recorded() -> None:
    answer = post()

    assert (answer.status, answer.code) == (403, "no_live_grant")
    assert recorded() == []
    assert factories.what_happened() == ["login.refused"]


def test_an_unknown_tenant_gets_the_same_bytes_and_no_ledger() -> None:
    known, unknown = post(), post(TO_ACME | {"tenant_id": "nobody"})

    assert (unknown.status, unknown.text) == (403, known.text)
    assert table.items("TENANT#nobody") == []


def test_carlas_grant_does_not_let_sven_into_acme() -> None:
    factories.grant(by=CARLA)

    assert post().code == "no_live_grant"
    assert post(TO_ACME | {"tenant_id": "globex"}).status == 201


def test_the_end_is_exclusive_even_if_the_expired_key_still_exists(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    world.shift(timedelta(minutes=59, seconds=59))
    assert post().status == 201

    world.shift(timedelta(seconds=1))
    assert table.one(keys.live("acme", grant.grant_id))
    assert post().code == "no_live_grant"


def test_a_revoked_grant_gives_no_access() -> None:
    factories.revoked(factories.grant())

    assert post().code == "no_live_grant"


# ------------------------------------------------------------------ refusals


def test_the_first_refusal_of_an_hour_is_in_the_ledger_and_later_ones_are_counted() -> None:
    for _ in range(4):
        assert post().status == 403

    assert factories.what_happened() == ["login.refused"]
    assert last_entry()["by"] == {"type": "agent", "id": "sven"}
    assert last_entry()["about"] == "sven"
    assert last_entry()["data"] == {"refusals_before": 0}


def test_counted_refusals_are_reported_with_the_next_entry() -> None:
    for _ in range(4):
        post()
    factories.grant()
    post()
    assert last_entry()["data"]["refusals_before"] == 3

    post()
    assert last_entry()["data"]["refusals_before"] == 0, "and it is reported once"


def test_the_first_refusal_of_the_next_hour_reports_the_count_of_the_last(world: time_machine.Traveller) -> None:
    for _ in range(3):
        post()
    world.shift(timedelta(hours=1))
    post()

    assert factories.what_happened() == ["login.refused", "login.refused"]
    assert last_entry()["data"] == {"refusals_before": 2}


def test_each_agent_and_each_tenant_has_its_own_first_refusal() -> None:
    post()
    post(caller=DORA)
    post(TO_ACME | {"tenant_id": "globex"})

    assert factories.what_happened("acme") == ["login.refused", "login.refused"]
    assert factories.what_happened("globex") == ["login.refused"]


def test_the_first_refusal_yields_to_a_users_change_and_is_reported_later(
    world: time_machine.Traveller,
) -> None:
    ledger.claim_priority("acme")
    assert post().code == "no_live_grant"
    assert factories.what_happened() == []

    world.shift(timedelta(seconds=2))
    assert post().code == "no_live_grant"
    assert last_entry()["data"] == {"refusals_before": 1}


def test_a_refusal_that_loses_the_race_for_the_ledger_is_counted_with_the_same_answer() -> None:
    with table.meanwhile(lambda: factories.grant(DORA)):
        answer = post()

    assert (answer.status, answer.code) == (403, "no_live_grant")
    assert factories.what_happened() == ["grant.given"]
    post()
    assert last_entry()["data"] == {"refusals_before": 1}


# ------------------------------------------------------------------ at the same moment


def test_a_revoke_that_came_first_wins() -> None:
    grant = factories.grant()
    with table.meanwhile(lambda: factories.revoked(grant)):
        answer = post()

    assert (answer.status, answer.code) == (403, "no_live_grant")
    assert recorded() == []


def test_if_the_named_grant_vanished_another_that_covers_is_named() -> None:
    named, other = factories.grant(period="4h"), factories.grant("support")
    with table.meanwhile(lambda: factories.revoked(named)):
        answer = post()

    assert (answer.status, answer.body["grant_id"]) == (201, other.grant_id)


def test_if_every_grant_vanishes_during_the_tries_no_refusal_is_recorded_and_sven_may_retry() -> None:
    named = [factories.grant(period=period) for period in ("1mo", "2w", "1w")]
    factories.grant()
    with table.meanwhile(*(partial(factories.revoked, grant) for grant in named)):
        answer = post()

    assert (answer.status, answer.code) == (503, "busy")
    assert "login.refused" not in factories.what_happened()
    assert post().status == 201


def test_an_agent_who_leaves_the_department_meanwhile_is_refused() -> None:
    factories.grant("support")
    with table.meanwhile(lambda: factories.agent("sven", "development")):
        answer = post()

    assert answer.code == "no_live_grant"
    assert recorded() == []


def test_an_agent_who_becomes_inactive_meanwhile_is_refused() -> None:
    factories.grant()
    with table.meanwhile(lambda: factories.agent("sven", "support", is_active=False)):
        answer = post()

    assert answer.code == "agent_inactive"
    assert recorded() == []


def test_a_login_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    factories.grant()
    with table.meanwhile(lambda: factories.grant(DORA)):
        assert post().status == 201

    assert factories.what_happened() == ["grant.given", "grant.given", "login.recorded"]


# ------------------------------------------------------------------ rate limit


def test_the_61st_login_of_an_hour_is_too_many(world: time_machine.Traveller) -> None:
    world.move_to(factories.MONDAY_NOON + timedelta(minutes=10))
    factories.grant(period="2h")
    factories.grant(by=CARLA)
    factories.counted_logins(MAX_LOGINS_AN_HOUR - 2)
    factories.login()
    assert post(headers=KEY).status == 201

    with table.unchanged():
        answer = post()
        assert post(headers=KEY).status == 201, "a replayed response is not another login"
    assert (answer.status, answer.code) == (429, "too_many_requests")
    assert answer.headers["retry-after"] == str(50 * 60)
    assert post(TO_ACME | {"tenant_id": "globex"}).status == 201, "the limit counts for each tenant"

    world.shift(timedelta(minutes=50))
    assert post().status == 201


# ------------------------------------------------------------------ refused callers


@each_row("caller", [EMIL, SVEN.but(sub="nobody"), ANNA], ids=["inactive", "unknown", "a user's id"])
def test_only_an_active_agent_is_accepted_and_nothing_is_stored(caller: Caller) -> None:
    factories.grant("support")
    with table.unchanged():
        answer = post(caller=caller)

    assert (answer.status, answer.code) == (403, "agent_inactive")


def test_a_token_that_acts_for_sven_is_refused() -> None:
    factories.grant()
    with table.unchanged():
        answer = post(caller=SVEN.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", invalid_inputs.AGENTS)
def test_a_token_without_the_required_claim_is_refused(caller: Caller) -> None:
    assert post(caller=caller).code == "claims_missing"


def test_a_tenant_in_an_agents_token_gives_no_access() -> None:
    factories.grant(DORA)

    assert post(caller=SVEN.but(tenant_id="acme")).code == "no_live_grant"


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(TO_ACME))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    factories.grant()
    with table.unchanged():
        answer = post(**sent)

    assert (answer.status, answer.code) == (status, code)


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        tenant_id=invalid_inputs.NO_EXTERNAL_IDS,
        reason=[
            *invalid_inputs.NO_TEXTS,
            "ab",
            "x" * 501,
            *invalid_inputs.TRICKS,
            *invalid_inputs.UNSEEN,
            *probes(rest=["", "  ab  ", "x" * 20_000]),
        ],
        ticket=[5, "", "x" * 101, *invalid_inputs.TRICKS, *probes(rest=[True, ["T-1"], "   "])],
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    factories.grant()
    with table.unchanged():
        answer = post(TO_ACME | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


@each_row(
    "sent", [{"raw": "{"}, {"raw": "{}"}, {"headers": invalid_inputs.PLAIN}, {"headers": {"idempotency-key": ""}}]
)
def test_an_inactive_agent_is_refused_before_the_input_is_validated(sent: dict[str, Any]) -> None:
    assert post(caller=EMIL, **sent).code == "agent_inactive"


# ------------------------------------------------------------------ twice


def test_the_same_key_and_body_give_the_first_answer_again(world: time_machine.Traveller) -> None:
    factories.grant()
    first = post(headers=KEY)
    world.shift(timedelta(minutes=5))
    with table.unchanged():
        again = post(headers={"IDEMPOTENCY-KEY": "a-key-of-svens"})

    assert (again.status, again.text) == (201, first.text)
    assert recorded() == [first.body["login_id"]]


def test_the_same_key_with_another_body_is_refused() -> None:
    factories.grant()
    post(headers=KEY)
    with table.unchanged():
        answer = post(TO_ACME | {"ticket": "T-1"}, headers=KEY)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_a_stored_response_comes_before_the_state() -> None:
    grant = factories.grant()
    first = post(headers=KEY)
    factories.revoked(grant)

    assert post(headers=KEY).text == first.text
    assert post().code == "no_live_grant"


def test_the_same_key_of_another_agent_is_another_key() -> None:
    factories.grant("support")
    factories.grant(DORA)

    assert post(headers=KEY).body["login_id"] != post(headers=KEY, caller=DORA).body["login_id"]


def test_a_refused_request_stores_no_key() -> None:
    assert post(headers=KEY).code == "no_live_grant"
    factories.grant()

    assert post(headers=KEY).status == 201


def test_the_loser_of_a_race_for_a_key_gets_the_winners_response() -> None:
    factories.grant()
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(post(headers=KEY))):
        lost = post(headers=KEY)

    assert (lost.status, lost.text) == (201, won[0].text)
    assert len(recorded()) == 1


def test_a_key_expires_after_24_hours(world: time_machine.Traveller) -> None:
    factories.grant(period="1w")
    first = post(headers=KEY)
    world.shift(timedelta(hours=24))

    later = post(headers=KEY)
    assert later.status == 201
    assert later.body["login_id"] != first.body["login_id"]


def test_without_a_key_requests_are_never_merged() -> None:
    factories.grant()

    assert post().body["login_id"] != post().body["login_id"]


def test_the_log_has_ids_and_codes_but_no_reason(capsys: pytest.CaptureFixture[str]) -> None:
    factories.grant()
    capsys.readouterr()
    post(TO_ACME | {"ticket": "T-4711"})

    (line,) = capsys.readouterr().out.splitlines()
    said = json.loads(line)
    assert {name: said[name] for name in ("route", "status", "agent_id")} == {
        "route": "POST /v1/support/logins",
        "status": 201,
        "agent_id": "sven",
    }
    assert REASON not in line
    assert "T-4711" not in line
    assert "@" not in line


def test_the_time_of_a_login_is_in_whole_seconds() -> None:
    factories.grant()

    assert datetime.fromisoformat(post().body["logged_in_at"]) == factories.MONDAY_NOON


def test_an_attempt_to_grant_without_the_right_gives_no_access() -> None:
    # Ben lacks the right, so his call is refused.
    call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=BEN)

    assert post().code == "no_live_grant"
