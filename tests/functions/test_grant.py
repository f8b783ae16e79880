"""POST /v1/grants: a user lets an agent or a whole department in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.grants import MAX_LIVE_GRANTS
from guestkey.store.access import live_keys
from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BEN, CARLA, DORA, EMIL, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row, probes
from tests.store import wire

TO_SVEN = {"grantee": {"type": "agent", "id": "sven"}}
TO_SUPPORT = {"grantee": {"type": "department", "id": "support"}}
KEY = {"Idempotency-Key": "a-key-of-annas"}


def post(body: Any = TO_SVEN, *, caller: Caller = ANNA, **how: Any) -> Answer:
    return call("POST", "/v1/grants", None if "raw" in how else body, caller=caller, **how)


def live(tenant_id: str = "acme") -> list[str]:
    return [key.grant_id for key in live_keys.of_tenant(tenant_id).keys]


# ------------------------------------------------------------------ it works


def test_anna_lets_sven_in_for_an_hour() -> None:
    answer = post()

    assert answer.status == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body == {
        "grant_id": live()[0],
        "grantee": {
            "type": "agent",
            "id": "sven",
            "name": "Sven Brandt",
            "present_name": None,
            "kind": "person",
            "accountable": None,
        },
        "period": "1h",
        "access": "change",
        "may_export": False,
        "may_automate": False,
        "state": "live",
        "granted_at": "2026-11-23T12:00:00Z",
        "granted_by": {"user_id": "anna", "name": "Anna Albrecht"},
        "ends_at": "2026-11-23T13:00:00Z",
        "review_at": None,
        "review_due": False,
        "revoked_at": None,
        "revoked_by": None,
        "end": None,
        "request_id": None,
    }


def test_anna_lets_a_whole_department_in() -> None:
    support = {
        "type": "department",
        "id": "support",
        "name": "Support",
        "present_name": None,
        "kind": None,
        "accountable": None,
    }
    assert post(TO_SUPPORT).body["grantee"] == support


def test_it_is_in_the_ledger() -> None:
    grant_id = post(TO_SVEN | {"period": "1w", "may_export": True}).body["grant_id"]

    said = call("GET", "/v1/ledger", caller=ANNA).text.splitlines()[-1]
    assert f'"about":"{grant_id}"' in said
    assert '"by":{"id":"anna","type":"user"}' in said
    assert '"what":"grant.given"' in said
    assert (
        '"data":{"access":"change","ends_at":"2026-11-30T12:00:00Z","grantee_id":"sven","grantee_type":"agent",'
        '"may_automate":false,"may_export":true,'
        '"period":"1w","request_id":null}'
    ) in said


@pytest.mark.parametrize(
    ("period", "ends_at"),
    [
        ("1h", "2026-11-23T13:00:00Z"),
        ("2h", "2026-11-23T14:00:00Z"),
        ("4h", "2026-11-23T16:00:00Z"),
        ("today", "2026-11-23T23:00:00Z"),
        ("1w", "2026-11-30T12:00:00Z"),
        ("2w", "2026-12-07T12:00:00Z"),
        ("1mo", "2026-12-23T12:00:00Z"),
        ("permanent", None),
    ],
)
def test_each_period_ends_by_acmes_calendar(period: str, ends_at: str | None) -> None:
    answer = post(TO_SVEN | {"period": period})

    assert (answer.status, answer.body["period"], answer.body["ends_at"]) == (201, period, ends_at)


def test_today_ends_when_carlas_day_does_in_new_york() -> None:
    assert post(TO_SVEN | {"period": "today"}, caller=CARLA).body["ends_at"] == "2026-11-24T05:00:00Z"


def test_a_permanent_grant_is_due_for_review_after_180_days_by_the_wall_clock() -> None:
    # 13:00 in Berlin is 12:00 UTC in November and 11:00 UTC in May.
    assert post(TO_SVEN | {"period": "permanent"}).body["review_at"] == "2027-05-22T11:00:00Z"


def test_the_live_key_has_its_ttl_at_the_end_and_the_history_much_later() -> None:
    grant_id = post().body["grant_id"]

    key, history = table.one(keys.live("acme", grant_id)), table.one(keys.grant("acme", grant_id))
    assert key and history
    assert key["ttl"]["N"] == str(int((MONDAY_NOON + timedelta(hours=1)).timestamp()))
    assert history["ttl"]["N"] == str(int((MONDAY_NOON + timedelta(hours=1, days=400)).timestamp()))


def test_a_permanent_grant_has_no_ttl() -> None:
    grant_id = post(TO_SVEN | {"period": "permanent"}).body["grant_id"]

    for key in (keys.live, keys.grant, keys.permanent_grant):
        item = table.one(key("acme", grant_id))
        assert item and "ttl" not in item


def test_export_is_allowed_only_if_anna_chose_it() -> None:
    assert post(TO_SVEN | {"may_export": True}).body["may_export"] is True
    assert post(TO_SVEN | {"may_export": False}).body["may_export"] is False


def test_grants_overlap_freely() -> None:
    assert post().body["grant_id"] != post().body["grant_id"]
    assert len(live()) == 2


def test_a_user_without_a_name_in_the_token_has_the_id_as_name() -> None:
    answer = post(caller=ANNA.but(name=None, email=None, locale=None))

    assert answer.body["granted_by"] == {"user_id": "anna", "name": "anna"}


def test_a_name_in_the_token_is_cut_to_one_line_of_200_characters() -> None:
    answer = post(caller=ANNA.but(name="  Anna\r\n\u202eBcc: x" + "x" * 300))

    assert answer.body["granted_by"]["name"] == f"Anna Bcc: x{'x' * 187}"


def test_a_grant_that_loses_a_race_and_gets_no_claim_on_the_ledger_is_given_all_the_same() -> None:
    with table.meanwhile(factories.grant), table.failing(table.CONFLICT, at="UpdateItem"):
        answer = post(TO_SUPPORT)

    assert answer.status == 201
    assert len(live()) == 2


# ------------------------------------------------------------------ refused callers


def test_a_user_without_the_right_is_refused_and_nothing_is_stored() -> None:
    with table.unchanged():
        status, problem = post(caller=BEN)

    assert status == 403
    assert problem["code"] == "right_missing"
    assert list(live_keys.of_tenant("acme").keys) == []


def test_a_right_taken_away_counts_from_the_next_call_on(world: time_machine.Traveller) -> None:
    post()
    factories.right(ANNA, may_grant=False)

    assert post().code == "right_missing"
    factories.right(ANNA, may_grant=True)
    assert post().status == 201


def test_a_right_taken_away_while_anna_grants_counts() -> None:
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = post()

    assert (answer.status, answer.code) == (403, "right_missing")
    assert live() == []


def test_a_token_that_acts_for_anna_is_refused() -> None:
    with table.unchanged():
        answer = post(caller=ANNA.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


@each_row("caller", invalid_inputs.USERS)
def test_a_token_without_the_required_claims_is_refused(caller: Caller) -> None:
    with table.unchanged():
        answer = post(caller=caller)

    assert (answer.status, answer.code) == (403, "claims_missing")


def test_an_agents_token_lacks_the_tenant_claim() -> None:
    assert post(caller=SVEN).code == "claims_missing"


def test_a_user_of_an_unregistered_tenant_finds_no_tenant() -> None:
    answer = post(caller=ANNA.but(tenant_id="nobody"))

    assert (answer.status, answer.code) == (404, "tenant_unknown")
    assert table.items("TENANT#nobody") == []


def test_carlas_grant_gives_no_access_to_acme() -> None:
    post(caller=CARLA)

    assert live("acme") == []
    assert len(live("globex")) == 1


# ------------------------------------------------------------------ grantees


@pytest.mark.parametrize(
    "grantee",
    [
        {"type": "agent", "id": "nobody"},
        {"type": "agent", "id": "emil"},
        {"type": "agent", "id": "support"},
        {"type": "department", "id": "sven"},
        {"type": "department", "id": "nobody"},
    ],
    ids=str,
)
def test_only_an_active_agent_or_a_department_can_be_let_in(grantee: dict[str, str]) -> None:
    with table.unchanged():
        answer = post({"grantee": grantee})

    assert (answer.status, answer.code) == (404, "grantee_unknown")


def test_an_inactive_agent_gets_the_same_bytes_as_an_unknown_one() -> None:
    emil, unknown = ({"grantee": {"type": "agent", "id": id}} for id in (EMIL.id, "nobody"))

    assert post(emil).text == post(unknown).text


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(TO_SVEN))
def test_a_hostile_body_is_refused_and_nothing_is_stored(sent: dict[str, Any], status: int, code: str) -> None:
    with table.unchanged():
        answer = post(**sent)

    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        grantee=[*invalid_inputs.NO_TEXTS, "sven", {}, {"type": "agent"}, {"id": "sven"}],
        period=[*invalid_inputs.NO_TEXTS, *probes("1H", rest=["", "3h", "1h ", "forever", "PERMANENT"])],
        may_export=invalid_inputs.NO_BOOLEANS,
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    with table.unchanged():
        answer = post(TO_SVEN | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"].split("/")[1] for fault in answer.body["errors"]} == {field}


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        id=invalid_inputs.NO_EXTERNAL_IDS, type=probes("AGENT", None, rest=["", "user", 1, ["agent"]]), more=["x"]
    ),
)
def test_a_malformed_grantee_is_refused(field: str, value: Any) -> None:
    answer = post({"grantee": TO_SVEN["grantee"] | {field: value}})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/grantee/{field}"]


def test_an_error_names_the_field_and_does_not_repeat_its_value() -> None:
    answer = post({"grantee": {"type": "agent", "id": "S3cret!"}})

    assert "S3cret!" not in answer.text


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;charset=x"])
def test_json_is_read_with_any_content_type(kind: str) -> None:
    assert post(headers={"content-type": kind}).status == 201


@each_row("kind", ["multipart/form-data", "multipart/form-data; boundary=x", "text/plain", "image/png", ""])
def test_an_empty_body_is_refused_with_any_content_type(kind: str) -> None:
    answer = post(raw="", headers={"content-type": kind})

    assert (answer.status, answer.code) == (422, "input_invalid")


def test_a_body_in_base64_is_read() -> None:
    assert post(raw=b'{"grantee": {"type": "agent", "id": "sven"}}').status == 201


# ------------------------------------------------------------------ which refusal comes first


def test_the_claims_come_before_the_input_and_the_input_before_the_right() -> None:
    assert post(raw="{", caller=ANNA.acting()).code == "acting_for_another"
    assert post(raw="{", caller=BEN).code == "json_invalid"
    assert post({}, caller=BEN).code == "input_invalid"


def test_the_right_comes_before_existence_and_existence_before_a_stored_response() -> None:
    unknown = {"grantee": {"type": "agent", "id": "nobody"}}
    assert post(unknown, caller=BEN).code == "right_missing"

    post(headers=KEY)
    assert post(unknown, headers=KEY).code == "grantee_unknown"


def test_a_stored_response_comes_before_the_state() -> None:
    kept = post(headers=KEY)
    factories.bulk_live(MAX_LIVE_GRANTS)

    assert post(headers=KEY).text == kept.text
    assert post().code == "too_many_grants"


# ------------------------------------------------------------------ limit


@pytest.mark.slow
def test_the_501st_live_grant_is_too_many_until_one_is_revoked() -> None:
    factories.bulk_live(MAX_LIVE_GRANTS - 1)
    given = post()
    assert given.status == 201
    with table.unchanged():
        answer = post()
    assert (answer.status, answer.code) == (409, "too_many_grants")

    call("DELETE", f"/v1/grants/{given.body['grant_id']}", caller=GIULIA)
    assert post().status == 201
    assert post(caller=CARLA).status == 201, "the limit counts for each tenant"


def test_the_501st_live_grant_is_too_many_until_one_has_ended_by_time(world: time_machine.Traveller) -> None:
    factories.bulk_live(MAX_LIVE_GRANTS - 1)
    post()
    world.shift(timedelta(minutes=59, seconds=59))
    assert post(headers=KEY).code == "too_many_grants"

    world.shift(timedelta(seconds=1))
    assert post(headers=KEY).status == 201, "the grant has ended; its refused key was not stored"
    assert post().code == "too_many_grants"


def test_a_grant_that_a_quicker_request_gave_a_second_later_counts(world: time_machine.Traveller) -> None:
    factories.bulk_live(MAX_LIVE_GRANTS - 1)
    factories.grant(at=factories.now() + timedelta(seconds=1))

    assert post().code == "too_many_grants"


# ------------------------------------------------------------------ twice


def test_without_a_key_two_requests_are_two_grants() -> None:
    assert post().body != post().body


def test_the_same_key_and_body_give_the_first_answer_again() -> None:
    first = post(headers=KEY)
    with table.unchanged():
        again = post(headers=KEY)

    assert (again.status, again.text) == (201, first.text)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert len(live()) == 1


@pytest.mark.parametrize("name", ["idempotency-key", "IDEMPOTENCY-KEY", "Idempotency-key"])
def test_the_keys_header_may_be_written_in_any_case(name: str) -> None:
    first = post(headers=KEY)

    assert post(headers={name: KEY["Idempotency-Key"]}).text == first.text


def test_an_equal_body_in_other_notation_is_the_same_body() -> None:
    first = post(headers=KEY, raw='{"grantee": {"type": "agent", "id": "sven"}, "period": "1h"}')
    again = post(headers=KEY, raw='{"period":"1h",\n "grantee":{"id":"\\u0073ven","type":"agent"}}')

    assert again.text == first.text


def test_the_same_key_with_another_body_is_refused() -> None:
    post(headers=KEY)
    with table.unchanged():
        answer = post(TO_SUPPORT, headers=KEY)

    assert (answer.status, answer.code) == (422, "idempotency_key_reused")


def test_the_same_key_of_a_colleague_is_another_key() -> None:
    assert post(headers=KEY).body["grant_id"] != post(headers=KEY, caller=GIULIA).body["grant_id"]


def test_the_same_key_of_a_user_of_the_same_name_at_another_tenant_is_another_key() -> None:
    namesake = ANNA.but(tenant_id="globex")

    assert post(headers=KEY).body["grant_id"] != post(headers=KEY, caller=namesake).body["grant_id"]
    assert (len(live("acme")), len(live("globex"))) == (1, 1)


def test_the_same_key_of_an_agent_of_the_same_name_is_another_key() -> None:
    namesake = ANNA.but(sub="sven")
    grant = post(headers=KEY, caller=namesake)
    sent = {"tenant_id": "acme", "reason": "The import stands still"}
    login = call("POST", "/v1/support/logins", sent, caller=SVEN, headers=KEY)

    assert (grant.status, login.status) == (201, 201)
    assert login.body["grant_id"] == grant.body["grant_id"]


@each_row("key", ["", " ", "two words", "x" * 65, "schlüssel", "tab\tbed", "\x00", "\x7f"])
def test_a_malformed_key_is_refused(key: str) -> None:
    with table.unchanged():
        answer = post(headers={"idempotency-key": key})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert answer.body["errors"][0]["pointer"] == "Idempotency-Key"


@pytest.mark.parametrize("key", ["x", "!" * 64, "~#/|"])
def test_a_key_of_one_to_64_visible_characters_is_taken(key: str) -> None:
    assert post(headers={"idempotency-key": key}).text == post(headers={"idempotency-key": key}).text


def test_a_key_expires_after_24_hours_with_or_without_ttl_deletion(world: time_machine.Traveller) -> None:
    first = post(headers=KEY)
    world.shift(timedelta(hours=24) - timedelta(seconds=1))
    assert post(headers=KEY).text == first.text
    assert post(TO_SUPPORT, headers=KEY).code == "idempotency_key_reused"

    world.shift(timedelta(seconds=1))
    later = post(TO_SUPPORT, headers=KEY)
    assert later.status == 201
    assert post(TO_SUPPORT, headers=KEY).text == later.text


def test_a_revoked_grants_key_still_gives_the_first_answer(world: time_machine.Traveller) -> None:
    first = post(headers=KEY)
    call("DELETE", f"/v1/grants/{first.body['grant_id']}", caller=ANNA)

    assert post(headers=KEY).text == first.text
    assert live() == []


def test_a_refused_request_stores_no_key() -> None:
    assert post({"grantee": {"type": "agent", "id": "nobody"}}, headers=KEY).status == 404
    assert post(headers=KEY, caller=BEN).status == 403

    assert post(headers=KEY).status == 201


def test_a_user_who_lost_the_right_gets_no_stored_response() -> None:
    post(headers=KEY)
    factories.right(ANNA, may_grant=False)

    assert post(headers=KEY).code == "right_missing"


def test_the_loser_of_a_race_for_a_key_gets_the_winners_response() -> None:
    won: list[Answer] = []
    with table.meanwhile(lambda: won.append(post(headers=KEY))):
        lost = post(headers=KEY)

    assert (lost.status, lost.text) == (201, won[0].text)
    assert len(live()) == 1


def test_the_loser_of_a_race_for_a_key_with_another_body_is_refused() -> None:
    with table.meanwhile(lambda: post(headers=KEY)):
        lost = post(TO_SUPPORT, headers=KEY)

    assert lost.code == "idempotency_key_reused"
    assert len(live()) == 1


# ------------------------------------------------------------------ at the same moment


def test_a_grant_that_loses_the_race_for_the_ledgers_next_number_takes_the_one_after() -> None:
    with table.meanwhile(lambda: post({"grantee": {"type": "agent", "id": DORA.id}}, caller=GIULIA)):
        assert post().status == 201

    assert factories.what_happened() == ["grant.given", "grant.given"]
    assert len(live()) == 2


def test_the_500th_grant_is_given_once() -> None:
    factories.bulk_live(MAX_LIVE_GRANTS - 1)
    with table.meanwhile(lambda: post(caller=GIULIA)):
        assert post().code == "too_many_grants"


# ------------------------------------------------------------------ the calendar


def test_an_end_stays_when_the_tenants_zone_changes() -> None:
    grant = post(TO_SVEN | {"period": "today"}).body
    factories.tenant("acme", time_zone="America/Los_Angeles")

    assert call("GET", f"/v1/grants/{grant['grant_id']}", caller=ANNA).body == grant


def test_an_hour_given_in_the_night_of_the_clock_change_is_3600_seconds(world: time_machine.Traveller) -> None:
    world.move_to(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))

    assert post().body["ends_at"] == "2026-10-25T01:30:00Z"


def test_a_fault_has_a_pointer_of_rfc_6901() -> None:
    answer = post({"grantee": {"type": "agent", "id": "sven"}, "a/b~c": 1})

    assert [fault["pointer"] for fault in answer.body["errors"]] == ["#/a~1b~0c"]


# ------------------------------------------------------------------ priority


def test_a_refused_user_does_not_claim_priority() -> None:
    """A user without the right must not keep agents' logins waiting by asking again and again, on any route."""
    given, request = factories.grant(DORA, period="permanent"), factories.requested()
    changes: list[tuple[str, str, Any]] = [
        ("POST", "/v1/grants", TO_SVEN),
        ("DELETE", f"/v1/grants/{given.grant_id}", None),
        ("POST", f"/v1/grants/{given.grant_id}/keep", None),
        ("POST", f"/v1/requests/{request.request_id}/approve", None),
        ("POST", f"/v1/requests/{request.request_id}/decline", None),
        ("PUT", "/v1/notices", {"kinds": {"granted": "digest"}}),
    ]
    for method, path, body in changes:
        with table.unchanged(), wire.watched() as sent:
            refused = call(method, path, body, caller=BEN)

        assert refused.code == "right_missing"
        assert {request.operation for request in sent} == {"BatchGetItem"}, path


def test_a_right_holder_who_lost_a_race_claims_priority_for_the_second_try() -> None:
    with table.meanwhile(lambda: factories.grant(DORA)), wire.watched() as sent:
        assert call("POST", "/v1/grants", {"grantee": {"type": "agent", "id": "sven"}}, caller=ANNA).status == 201

    assert [request.operation for request in sent][-3:] == ["TransactWriteItems", "UpdateItem", "TransactWriteItems"]
