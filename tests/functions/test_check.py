"""POST /v1/vendor/checks: may this agent enter, or export, now?"""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from botocore.awsrequest import AWSResponse

from guestkey.store.dynamodb import keys
from tests import factories, invalid_inputs, table
from tests.calls import Answer, call
from tests.factories import MONDAY_NOON
from tests.personas import ANNA, BACKEND, CARLA, DORA, EMIL, SVEN, Caller
from tests.rows_and_columns import each_row, probes
from tests.store import wire

ENTER = {"tenant_id": "acme", "agent_id": "sven", "action": "enter"}
NO = {"allowed": False, "grant_id": None, "access": None, "may_export": False, "ends_at": None}


def post(body: Any = ENTER, *, caller: Caller = BACKEND, **how: Any) -> Answer:
    return call("POST", "/v1/vendor/checks", None if "raw" in how else body, caller=caller, **how)


def ask(agent: Caller = SVEN, tenant_id: str = "acme", action: str = "enter", login_id: str | None = None) -> Any:
    body = {"tenant_id": tenant_id, "agent_id": agent.id, "action": action} | (
        {"login_id": login_id} if login_id else {}
    )
    answer = post(body)
    assert answer.status == 200
    return answer.body


# ------------------------------------------------------------------ it works


def test_sven_may_enter_while_annas_grant_is_live() -> None:
    grant = factories.grant()
    answer = post()

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == {
        "allowed": True,
        "reason": "granted",
        "grant_id": grant.grant_id,
        "access": "change",
        "may_export": False,
        "ends_at": "2026-11-23T13:00:00Z",
    }


def test_a_permanent_grant_has_no_end() -> None:
    factories.grant(period="permanent")

    assert ask()["ends_at"] is None


def test_without_a_grant_entry_is_denied() -> None:
    assert ask() == NO | {"reason": "no_live_grant"}


def test_sven_may_export_only_where_export_was_granted() -> None:
    factories.grant()
    assert ask(action="export") == NO | {"reason": "export_not_granted"}

    exporting = factories.grant(may_export=True)
    assert ask(action="export")["grant_id"] == exporting.grant_id


def test_a_check_changes_nothing() -> None:
    factories.grant()
    with table.unchanged():
        ask()
        ask(DORA)


def test_carlas_grant_gives_no_access_to_acme() -> None:
    factories.grant(by=CARLA)

    assert ask(tenant_id="globex")["allowed"]
    assert not ask(tenant_id="acme")["allowed"]


def test_svens_grant_gives_dora_no_access() -> None:
    factories.grant()

    assert ask(DORA) == NO | {"reason": "no_live_grant"}


@each_row(("tenant_id", "agent_id"), [("nobody", "sven"), ("acme", "nobody"), ("nobody", "nobody")])
def test_unknown_names_have_no_live_grant(tenant_id: str, agent_id: str) -> None:
    factories.grant()
    answer = post({"tenant_id": tenant_id, "agent_id": agent_id, "action": "enter"})

    assert tuple(answer) == (200, NO | {"reason": "no_live_grant"})
    with_login = post(
        {"tenant_id": tenant_id, "agent_id": agent_id, "action": "enter", "login_id": invalid_inputs.UNKNOWN_ID}
    )
    assert tuple(with_login) == (200, NO | {"reason": "no_live_grant"})


def test_an_inactive_agent_is_denied_despite_any_grant() -> None:
    factories.agent("emil", "support")
    factories.grant(EMIL)
    factories.grant("support")
    assert ask(EMIL)["allowed"]

    factories.agent("emil", "support", is_active=False)
    assert ask(EMIL) == NO | {"reason": "agent_inactive"}


# ------------------------------------------------------------------ departments


def test_a_newcomer_to_the_department_is_in_and_a_leaver_is_out() -> None:
    factories.grant("support")
    assert ask(SVEN)["allowed"]
    assert not ask(DORA)["allowed"]

    factories.agent("dora", "development", "support")
    factories.agent("sven", "development")
    assert ask(DORA)["allowed"]
    assert ask(SVEN) == NO | {"reason": "no_live_grant"}


def test_an_agent_who_leaves_the_department_keeps_personal_grants() -> None:
    factories.grant("support")
    own = factories.grant(SVEN)
    factories.agent("sven")

    assert ask()["grant_id"] == own.grant_id


def test_an_agent_of_the_departments_name_is_not_the_department() -> None:
    factories.grant("support")
    factories.agent("support")

    assert not post(ENTER | {"agent_id": "support"}).body["allowed"]


# ------------------------------------------------------------------ the union


def test_the_grant_that_ends_last_is_named_and_a_permanent_one_last_of_all() -> None:
    factories.grant(period="2h")
    longest = factories.grant("support", period="4h")
    factories.grant(period="1h")
    assert ask()["grant_id"] == longest.grant_id

    permanent = factories.grant("support", period="permanent")
    factories.grant(period="1mo")
    assert ask()["grant_id"] == permanent.grant_id


def test_of_two_that_end_together_the_lower_id_is_named() -> None:
    first, second = factories.grant(period="permanent"), factories.grant(period="permanent")
    assert first.grant_id < second.grant_id

    assert ask()["grant_id"] == first.grant_id


def test_export_is_allowed_if_any_covering_grant_allows_it_and_that_one_is_named() -> None:
    exporting = factories.grant(may_export=True, period="1h")
    lasting = factories.grant("support", period="permanent")

    entering = ask()
    assert (entering["grant_id"], entering["may_export"], entering["ends_at"]) == (lasting.grant_id, True, None)
    export = ask(action="export")
    assert (export["grant_id"], export["ends_at"]) == (exporting.grant_id, "2026-11-23T13:00:00Z")


def test_ending_one_never_ends_another() -> None:
    short, long = factories.grant(), factories.grant(period="2h")
    factories.revoked(long)

    assert ask()["grant_id"] == short.grant_id


# ------------------------------------------------------------------ too late


def test_the_end_is_exclusive_and_an_expired_key_gives_no_access(
    world: time_machine.Traveller,
) -> None:
    grant = factories.grant()
    world.move_to(MONDAY_NOON + timedelta(minutes=59, seconds=59), tick=False)
    assert ask()["allowed"]

    world.move_to(MONDAY_NOON + timedelta(hours=1), tick=False)
    assert table.one(keys.live("acme", grant.grant_id))
    assert ask() == NO | {"reason": "no_live_grant"}


@pytest.mark.parametrize("operation", ["GetItem", "Query"])
@pytest.mark.parametrize("with_login", [False, True])
def test_a_grant_that_ends_while_the_table_is_read_lets_nobody_in(
    world: time_machine.Traveller, with_login: bool, operation: str
) -> None:
    factories.grant()
    login_id = factories.login().login_id if with_login else None
    world.move_to(MONDAY_NOON + timedelta(minutes=59, seconds=59), tick=False)
    assert ask(login_id=login_id)["allowed"]

    def script(request: wire.Request, send: wire.Send) -> AWSResponse:
        answer = send()
        if request.operation == operation:
            world.move_to(MONDAY_NOON + timedelta(hours=1), tick=False)
        return answer

    with wire.through(script):
        assert ask(login_id=login_id) == NO | {"reason": "no_live_grant"}


# ------------------------------------------------------------------ its reads


def test_it_reads_agent_and_live_keys_strongly_consistent() -> None:
    factories.grant()
    with wire.watched() as came:
        ask()

    assert [(request.operation, request.body.get("ConsistentRead")) for request in ordered(came)] == [
        ("GetItem", True),
        ("Query", True),
    ]


def test_of_a_login_it_reads_agent_login_and_live_keys_strongly_consistent() -> None:
    factories.grant()
    login = factories.login()
    with wire.watched() as came:
        ask(login_id=login.login_id)

    read = [(request.body["Key"]["SK"]["S"], request.body["ConsistentRead"]) for request in ordered(came)[:2]]
    assert sorted(read) == [(keys.login("acme", login.login_id).sk, True), (keys.PROFILE, True)]
    assert [request.body["ConsistentRead"] for request in ordered(came)[2:]] == [True]


def ordered(came: list[wire.Request]) -> list[wire.Request]:
    """Return requests that were sent at the same time in an order that does not depend on threads."""
    return sorted(came, key=lambda request: request.operation)


# ------------------------------------------------------------------ inside a login


def test_inside_his_own_open_login_sven_may_go_on() -> None:
    factories.grant()

    assert ask(login_id=factories.login().login_id)["reason"] == "granted"


def test_without_a_record_there_is_no_entry() -> None:
    factories.grant()

    assert ask(login_id=invalid_inputs.UNKNOWN_ID) == NO | {"reason": "no_login"}


def test_another_agents_login_gives_no_access() -> None:
    factories.grant("support")
    factories.grant(DORA)
    login = factories.login(SVEN)

    assert ask(DORA, login_id=login.login_id) == NO | {"reason": "no_login"}


def test_a_login_at_another_tenant_gives_no_access_here() -> None:
    factories.grant()
    factories.grant(by=CARLA)

    assert ask(login_id=factories.login(SVEN, "globex").login_id)["reason"] == "no_login"


def test_an_ended_login_gives_no_access() -> None:
    factories.grant()
    login = factories.login()
    factories.logged_out(login)

    assert ask(login_id=login.login_id) == NO | {"reason": "no_login"}
    assert ask()["allowed"], "but Sven may begin again"


def test_a_login_ended_by_lost_access_stays_over_after_a_new_grant(world: time_machine.Traveller) -> None:
    grant = factories.grant()
    login = factories.login()
    world.shift(timedelta(minutes=1))
    factories.revoked(grant)
    assert ask(login_id=login.login_id)["reason"] == "no_live_grant"
    world.shift(timedelta(minutes=1))
    factories.grant()

    assert ask(login_id=login.login_id)["reason"] == "no_login"


def test_a_login_goes_on_under_another_grant_that_takes_over_in_time(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    world.shift(timedelta(minutes=30))
    factories.grant()
    world.shift(timedelta(minutes=45))

    assert ask(login_id=login.login_id)["allowed"]


def test_a_login_is_over_when_the_next_grant_came_too_late(world: time_machine.Traveller) -> None:
    factories.grant()
    login = factories.login()
    world.shift(timedelta(hours=1, seconds=1))
    factories.grant()

    assert ask(login_id=login.login_id)["reason"] == "no_login"


def test_export_inside_a_login_needs_its_grant_first() -> None:
    factories.grant()
    login = factories.login()

    assert ask(login_id=login.login_id, action="export") == NO | {"reason": "export_not_granted"}


# ------------------------------------------------------------------ refused callers


def test_a_token_that_acts_for_the_backend_is_refused() -> None:
    answer = post(caller=BACKEND.acting())

    assert (answer.status, answer.code) == (403, "acting_for_another")


def test_a_token_that_names_no_backend_is_refused() -> None:
    assert post(caller=BACKEND.but(sub=None)).code == "claims_missing"


# ------------------------------------------------------------------ bad input


@each_row(("sent", "status", "code"), invalid_inputs.bodies(ENTER))
def test_a_hostile_body_is_refused(sent: dict[str, Any], status: int, code: str) -> None:
    answer = post(**sent)

    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "allowed" not in answer.text


@each_row(
    ("field", "value"),
    invalid_inputs.wrong(
        tenant_id=invalid_inputs.NO_EXTERNAL_IDS,
        agent_id=invalid_inputs.NO_EXTERNAL_IDS,
        action=[*invalid_inputs.NO_TEXTS, *probes("ENTER", "enter|export", rest=["", "enter ", "leave"])],
        login_id=[
            *(value for value in invalid_inputs.NO_TEXTS if value is not None),
            "",
            "x",
            invalid_inputs.UNKNOWN_ID.lower(),
            f"{invalid_inputs.UNKNOWN_ID}\n",
            "8" * 26,
        ],
    ),
)
def test_a_field_of_the_wrong_type_is_refused(field: str, value: Any) -> None:
    answer = post(ENTER | {field: value})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == [f"#/{field}"]


def test_a_login_id_of_null_is_refused_and_not_read_as_a_missing_one() -> None:
    factories.grant()

    answer = post(ENTER | {"login_id": None})

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert [fault["pointer"] for fault in answer.body["errors"]] == ["#/login_id"]


@each_row("field", ENTER)
def test_a_missing_field_is_named(field: str) -> None:
    answer = post({name: value for name, value in ENTER.items() if name != field})

    assert answer.body["errors"] == [{"pointer": f"#/{field}", "detail": "Field required"}]


def test_the_claims_come_before_the_input() -> None:
    assert post(raw="{", caller=BACKEND.acting()).code == "acting_for_another"


def test_a_check_does_not_depend_on_any_users_right() -> None:
    factories.right(ANNA, may_grant=False)

    assert post().status == 200
