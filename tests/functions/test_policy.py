"""GET, PUT and DELETE /v1/policy: a customer's rules, the tighter ones at once, the looser ones a day later."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from guestkey.rules.policy import MAX_LOOSENINGS_AN_HOUR
from guestkey.store import clock
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.unreadable import Unreadable
from tests import factories, table
from tests.calls import Answer, call
from tests.doors import put_door
from tests.functions.test_order import check, enter, entered, give
from tests.notify import Notify, text_of_mail
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, GIULIA, SVEN, Caller
from tests.rows_and_columns import each_row

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
OFF: dict[str, Any] = {
    "max_period": None,
    "no_permanent": False,
    "named_only": False,
    "grantees": None,
    "export": "asked",
    "max_access": None,
    "hours": None,
    "zone": None,
    "ticket_required": False,
    "approvers": [],
}
MAILED = (
    "Geändert: Die Regeln für Support-Zugänge",
    "Lockerung der Regeln für Support-Zugänge angekündigt",
    "Zurückgezogen: Lockerung der Regeln für Support-Zugänge",
)
WORKDAY = [{"from": "09:00", "until": "18:00"}]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), WORKDAY)
SVEN_ONLY = [{"type": "agent", "id": "sven"}]


def version(caller: Caller = ANNA) -> int:
    return int(call("GET", "/v1/policy", caller=caller).body["version"])


def put(caller: Caller = ANNA, seen: int | None = None, **rules: Any) -> Answer:
    body = {"version": version(caller) if seen is None else seen, "rules": rules}
    return call("PUT", "/v1/policy", body, caller=caller)


def policy(caller: Caller = ANNA) -> Any:
    return call("GET", "/v1/policy", caller=caller).body


def withdraw(caller: Caller = ANNA) -> Answer:
    return call("DELETE", "/v1/policy/waiting", caller=caller)


def entries(*whats: str) -> list[dict[str, Any]]:
    said = call("GET", "/v1/ledger", caller=GIULIA, query={"limit": 100}).text
    found = [json.loads(line) for line in said.splitlines()]
    return [one for one in found if one["what"] in whats] if whats else found


def granting(caller: Caller = ANNA, grantee: str = "sven", type: str = "agent", **said: Any) -> Answer:
    return call("POST", "/v1/grants", {"grantee": {"type": type, "id": grantee}, **said}, caller=caller)


def put_head_without_door() -> None:
    [head] = table.items(*keys.ledger("acme"))
    table.put([{name: value for name, value in head.items() if name != "door"}])


# ------------------------------------------------------------------ it works


def test_a_tenant_without_a_policy_has_every_rule_off() -> None:
    answer = call("GET", "/v1/policy", caller=ANNA)

    assert (answer.status, answer.body) == (200, {"version": 0, "rules": OFF, "waiting": None, "breaking": []})


def test_tighter_rules_count_from_the_answer_on() -> None:
    answer = put(max_period="4h", named_only=True, hours=WEEK, grantees=SVEN_ONLY, approvers=["anna"])

    assert (answer.status, answer.body["version"], answer.body["waiting"]) == (200, 1, None)
    assert answer.body["rules"] == OFF | {
        "max_period": "4h",
        "named_only": True,
        "grantees": SVEN_ONLY,
        "hours": WEEK,
        "zone": "Europe/Berlin",
        "approvers": ["anna"],
    }
    assert policy(GIULIA) == answer.body
    assert policy(CARLA)["version"] == 0


FORBIDDEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("max_period", {"max_period": "4h"}, {"period": "today"}),
    ("max_period", {"max_period": "1mo"}, {"period": "permanent"}),
    ("no_permanent", {"no_permanent": True}, {"period": "permanent"}),
    ("named_only", {"named_only": True}, {"type": "department", "grantee": "support"}),
    ("grantees", {"grantees": SVEN_ONLY}, {"grantee": "dora"}),
    ("export", {"export": "never"}, {"may_export": True}),
    ("max_access", {"max_access": "view"}, {"access": "change"}),
    ("approvers", {"approvers": ["giulia"]}, {}),
]


def test_without_rules_all_that_a_rule_could_forbid_is_given() -> None:
    assert {granting(**said).status for _, _, said in FORBIDDEN} == {201}


@each_row("rule, rules, said", FORBIDDEN)
def test_a_grant_that_a_rule_forbids_is_refused_with_its_name(rule: str, rules: Any, said: Any) -> None:
    table.drop(keys.policy("acme"))
    table.drop(keys.door("acme"))
    put_head_without_door()
    put(**rules)
    before = table.items()

    answer = granting(**said)

    assert (answer.status, answer.code, answer.body["rule"]) == (403, "policy_forbids", rule)
    assert table.items() == before


def test_what_the_rules_allow_is_given() -> None:
    put(max_period="4h", no_permanent=True, named_only=True, grantees=SVEN_ONLY, export="never", approvers=["anna"])

    assert granting(period="4h").status == 201


def test_an_approval_and_a_request_are_refused_by_a_rule_too() -> None:
    ask = {"tenant_id": "acme", "reason": "Invoice 4711 is wrong", "period": "1w"}
    request_id = call("POST", "/v1/support/requests", ask, caller=SVEN).body["request_id"]
    put(max_period="4h")

    path = f"/v1/requests/{request_id}/approve"
    assert call("POST", path, {}, caller=ANNA).body["rule"] == "max_period"
    assert call("POST", "/v1/support/requests", ask, caller=SVEN).body["rule"] == "max_period"
    assert call("POST", path, {"period": "4h"}, caller=ANNA).status == 201


def test_where_a_ticket_is_required_requests_and_logins_need_one() -> None:
    without = factories.requested()
    put(ticket_required=True)
    ask = {"tenant_id": "acme", "reason": "Invoice 4711 is wrong"}
    enters = {"tenant_id": "acme", "reason": "Invoice 4711 is wrong"}
    give()

    assert call("POST", "/v1/support/requests", ask, caller=SVEN).body["rule"] == "ticket_required"
    assert call("POST", f"/v1/requests/{without.request_id}/approve", {}, caller=ANNA).body["rule"] == "ticket_required"
    assert call("POST", "/v1/support/logins", enters, caller=SVEN).body["rule"] == "ticket_required"
    assert call("POST", "/v1/support/logins", enters | {"ticket": "T-1"}, caller=SVEN).status == 201
    assert call("POST", "/v1/support/requests", ask | {"ticket": "T-1"}, caller=SVEN).status == 201


# ------------------------------------------------------------------ the door


def acts(action: str, login: str | None = None) -> str:
    body = {"tenant_id": "acme", "agent_id": "sven", "action": action} | ({"login_id": login} if login else {})
    return str(call("POST", "/v1/vendor/checks", body, caller=BACKEND).body["reason"])


def test_export_never_and_max_access_count_at_once_for_live_grants() -> None:
    granting(period="permanent", access="change", may_export=True)
    login = entered()
    assert {acts(action, login) for action in ("view", "change", "export")} == {"granted"}

    put(export="never", max_access="view")

    assert (acts("view", login), acts("change", login), acts("export", login)) == (
        "granted",
        "change_not_granted",
        "export_not_granted",
    )
    [access] = call("GET", "/v1/support/access", caller=SVEN).body["items"]
    assert (access["access"], access["may_export"]) == ("view", False)


def test_a_login_ends_with_the_hours_and_nothing_revives_it(world: time_machine.Traveller) -> None:
    put(hours=WEEK)
    granting(period="permanent")
    login = entered()
    [inside] = call("GET", "/v1/presence", caller=ANNA).body["items"]
    assert inside["access_ends_at"] == "2026-11-23T17:00:00Z"
    put(hours=None)

    world.move_to("2026-11-23T16:59:59Z", tick=False)
    assert acts("view", login) == "granted"
    world.move_to("2026-11-23T17:00:00Z", tick=False)
    assert (acts("view"), acts("view", login), enter(clock.now()).body["rule"]) == (
        "outside_hours",
        "outside_hours",
        "hours",
    )
    assert call("GET", "/v1/support/access", caller=SVEN).body["items"] == []
    assert call("GET", "/v1/presence", caller=ANNA).body["items"] == []
    world.move_to("2026-11-24T08:00:00Z", tick=False)
    assert (acts("view"), acts("view", login)) == ("granted", "no_login")
    world.shift(DAY)
    assert (policy()["rules"]["hours"], acts("view", login)) == (None, "no_login")

    [ended] = call("GET", "/v1/logins", caller=ANNA).body["items"]
    assert (ended["ended_at"], ended["end"], ended["end_cause"]) == ("2026-11-23T17:00:00Z", "access_over", "hours")


def test_tighter_hours_end_open_logins_at_once_and_later_ones_at_their_end(
    clean_up: Any, world: time_machine.Traveller
) -> None:
    granting(period="permanent")
    login = entered()

    put(hours={"mon": [{"from": "14:00", "until": "18:00"}]})

    assert acts("view", login) == "outside_hours"
    world.shift(timedelta(hours=2))
    assert (acts("view"), acts("view", login)) == ("granted", "no_login")
    assert acts("view", entered(clock.now())) == "granted"
    clean_up()
    [end] = entries("login.ended")
    assert (end["about"], end["data"]["ended_at"]) == (login, "2026-11-23T12:00:00Z")


def test_a_lock_and_its_lift_leave_the_rules_and_a_change_leaves_the_lock() -> None:
    give()
    put(hours={"sun": WORKDAY}, max_access="view")
    call("PUT", "/v1/lockdown", caller=ANNA)
    assert acts("view") == "locked"
    put(hours={"sun": WORKDAY}, max_access="view", no_permanent=True)
    assert acts("view") == "locked"

    call("DELETE", "/v1/lockdown", {"keep_grants": True}, caller=ANNA)
    assert acts("view") == "outside_hours"
    assert policy()["rules"]["max_access"] == "view"


def test_hours_of_no_day_let_nobody_in() -> None:
    give()
    put(hours={})

    assert acts("view") == "outside_hours"


# ------------------------------------------------------------------ loosening waits


def test_looser_rules_wait_a_day_and_not_a_second_less(world: time_machine.Traveller) -> None:
    give()
    put(max_period="4h", max_access="view")

    answer = put(max_period="4h")

    assert (answer.status, answer.body["version"]) == (202, 2)
    assert answer.body["rules"]["max_access"] == "view"
    assert answer.body["waiting"] == {
        "rules": OFF | {"max_period": "4h"},
        "counts_from": "2026-11-24T12:00:00Z",
        "by": {"user_id": "anna", "name": "Anna Albrecht"},
    }
    world.shift(DAY - SECOND)
    assert granting(access="change").body["rule"] == "max_access"
    granting(access="view")
    assert acts("change") == "change_not_granted"
    world.shift(SECOND)
    assert granting(access="change").status == 201
    assert acts("change") == "granted"
    assert (policy()["rules"], policy()["waiting"], version()) == (OFF | {"max_period": "4h"}, None, 2)


def test_of_one_change_the_tighter_rules_count_and_the_looser_ones_wait(world: time_machine.Traveller) -> None:
    put(max_period="1w", hours=WEEK, grantees=[*SVEN_ONLY, {"type": "agent", "id": "dora"}])

    answer = put(max_period="4h", hours=WEEK | {"sat": WORKDAY}, grantees=SVEN_ONLY, no_permanent=True)

    assert answer.status == 202
    assert answer.body["rules"] == OFF | {
        "max_period": "4h",
        "hours": WEEK,
        "zone": "Europe/Berlin",
        "grantees": SVEN_ONLY,
        "no_permanent": True,
    }
    assert answer.body["waiting"]["rules"]["hours"] == WEEK | {"sat": WORKDAY}
    changed, waiting = entries("policy.changed", "policy.waiting")[-2:]
    assert (changed["what"], changed["data"]["max_period"], changed["data"]["version"]) == ("policy.changed", "4h", 2)
    assert (waiting["what"], waiting["data"]["counts_from"]) == ("policy.waiting", "2026-11-24T12:00:00Z")


def test_any_right_holder_withdraws_what_waits_and_it_never_counts(world: time_machine.Traveller) -> None:
    put(max_access="view")
    put()

    answer = withdraw(GIULIA)

    assert (answer.status, answer.body["waiting"], answer.body["version"]) == (200, None, 3)
    [entry] = entries("policy.withdrawn")
    assert (entry["by"]["id"], entry["data"]["counts_from"]) == ("giulia", "2026-11-24T12:00:00Z")
    before = table.items()
    assert withdraw().body["version"] == 3
    assert table.items() == before
    world.shift(2 * DAY)
    assert policy()["rules"]["max_access"] == "view"


def test_tightening_more_keeps_the_moment_that_was_announced_and_loosening_more_does_not(
    world: time_machine.Traveller,
) -> None:
    put(max_access="view", no_permanent=True, max_period="4h")
    put(no_permanent=True, max_period="4h")
    world.shift(timedelta(hours=1))

    assert put(no_permanent=True, max_period="2h").body["waiting"]["counts_from"] == "2026-11-24T12:00:00Z"
    assert put(max_period="2h").body["waiting"]["counts_from"] == "2026-11-24T13:00:00Z"


def test_wanting_again_what_counts_withdraws_what_waits() -> None:
    put(max_access="view")
    put()

    answer = put(max_access="view")

    assert (answer.status, answer.body["waiting"]) == (200, None)
    assert len(entries("policy.withdrawn")) == 1


# ------------------------------------------------------------------ breaking


def test_grants_that_break_a_rule_are_listed_and_revoked_twenty_at_a_time() -> None:
    short = granting().body["grant_id"]
    broken = sorted([granting(period="permanent").body["grant_id"], granting(grantee="support", type="department")
                     .body["grant_id"]] + [granting(period="1w").body["grant_id"] for _ in range(19)])  # fmt: skip

    assert put(max_period="today", named_only=True).body["breaking"] == broken

    first = call("POST", "/v1/policy/breaking/revoke", caller=ANNA)
    assert (first.status, first.body) == (200, {"revoked": broken[:20], "left": 1})
    assert call("POST", "/v1/policy/breaking/revoke", caller=ANNA).body == {"revoked": broken[20:], "left": 0}
    assert call("POST", "/v1/policy/breaking/revoke", caller=ANNA).body == {"revoked": [], "left": 0}
    assert policy()["breaking"] == []
    live = call("GET", "/v1/grants", caller=ANNA, query={"state": "live"}).body["items"]
    assert [one["grant_id"] for one in live] == [short]


# ------------------------------------------------------------------ mails


def test_changed_waiting_and_withdrawn_rules_are_mailed_at_once_to_all_approvers_also_to_the_one_who_acted(
    notify: Notify,
) -> None:
    put(max_access="view")
    put()
    withdraw(GIULIA)
    again = notify.new()
    notify.deliver(again)
    notify.deliver(again)

    approvers = ("anna@acme.example", "giulia@acme.example")
    assert notify.mailed == [(address, subject) for subject in MAILED for address in approvers]
    waiting = text_of_mail(notify.mails[2]).replace("\r\n", "\n").replace("\xa0", " ")
    assert "\n- Gilt ab: Dienstag, 24. November 2026, 13:00 Uhr (Europe/Berlin)\n- Geändert von: anna\n" in waiting


def test_the_rules_of_a_tenant_that_is_gone_are_mailed_to_nobody(notify: Notify) -> None:
    put(max_access="view")
    table.drop(keys.tenant("acme"))

    assert notify.deliver() == []
    assert notify.mailed == []


# ------------------------------------------------------------------ the vendor


def test_the_vendor_moves_neither_zone_nor_hours_and_changes_no_rule() -> None:
    put(hours=WEEK, approvers=["anna"])
    before = policy()
    body = {
        "name": "Acme",
        "version": "1",
        "language": "de",
        "country": "DE",
        "approver_emails": ["new@acme.example"],
        "time_zone": "Pacific/Auckland",
    }
    assert call("PUT", "/v1/vendor/tenants/acme", body, caller=BACKEND).status == 200
    call("PUT", "/v1/vendor/tenants/acme/users/ben/right", {"may_grant": True}, caller=BACKEND)

    assert policy() == before
    assert put(hours=WEEK, approvers=["anna"], no_permanent=True).body["rules"]["zone"] == "Europe/Berlin"


def test_agents_see_the_version_of_the_policy_and_no_rule() -> None:
    assert call("GET", "/v1/support/tenants/acme", caller=SVEN).body["policy_version"] == 0
    put(no_permanent=True)

    shown = call("GET", "/v1/support/tenants/acme", caller=SVEN).body
    assert (shown["policy_version"], "rules" in shown) == (1, False)


# ------------------------------------------------------------------ who may not


@each_row(
    "caller, code",
    [(BEN, "right_missing"), (ANNA.but(act={"sub": "sven"}), "acting_for_another")],
)
def test_who_does_not_hold_the_right_or_acts_for_another_neither_sees_nor_changes_rules(
    caller: Caller, code: str
) -> None:
    before = table.items()
    for answer in (
        call("GET", "/v1/policy", caller=caller),
        call("PUT", "/v1/policy", {"version": 0, "rules": {}}, caller=caller),
        withdraw(caller),
        call("POST", "/v1/policy/breaking/revoke", caller=caller),
    ):
        assert (answer.status, answer.code) == (403, code)
    assert table.items() == before


# ------------------------------------------------------------------ at the same moment, and odd states


def test_a_change_of_rules_that_the_user_has_not_seen_is_refused() -> None:
    put(no_permanent=True)
    before = table.items()

    answer = put(GIULIA, seen=0, named_only=True)

    assert (answer.status, answer.code, answer.body["version"]) == (409, "policy_changed", 1)
    assert table.items() == before


def test_wanting_the_same_rules_again_changes_nothing() -> None:
    put(no_permanent=True)
    before = table.items()

    assert (put(no_permanent=True).status, table.items() == before) == (200, True)


def test_looser_rules_have_a_limit_for_each_user_and_hour_and_tighter_ones_and_withdrawals_have_none() -> None:
    put(max_access="view")
    factories.counted_for_user(counters.RULED, MAX_LOOSENINGS_AN_HOUR - 1)
    assert put().status == 202
    assert withdraw().status == 200

    assert (put().status, put(max_access="view", no_permanent=True).status) == (429, 200)


def test_a_policy_that_cannot_be_read_is_not_overwritten_and_lets_nothing_be_given() -> None:
    put(no_permanent=True)
    [item] = table.items(*keys.policy("acme"))
    rules = json.loads(item["rules"]["S"]) | {"a_rule_of_a_newer_version": True}
    table.put([item | {"rules": {"S": json.dumps(rules)}}])

    for act in (policy, put, granting):
        with pytest.raises(Unreadable):
            act()


@each_row(
    ("part", "said"),
    [
        ("rules", {"no_permanent": "yes"}),
        ("rules", {"no_permanent": 1}),
        ("waiting", {"a_member_of_a_newer_version": True}),
        ("waiting", {"rules": None}),
    ],
)
def test_a_policy_with_a_part_of_another_form_cannot_be_read(part: str, said: Any) -> None:
    put(no_permanent=True, ticket_required=True)
    put(no_permanent=True)
    [item] = table.items(*keys.policy("acme"))
    stored = json.loads(item[part]["S"]) | said
    table.put([item | {part: {"S": json.dumps(stored)}}])

    with pytest.raises(Unreadable):
        policy()
    table.put([item])


def test_beside_a_door_of_a_newer_version_no_rule_is_changed() -> None:
    put_door(form={"N": "9"})

    with pytest.raises(Unreadable):
        put(seen=0, no_permanent=True)


def test_a_policy_whose_door_is_of_another_version_is_read_again_and_then_busy() -> None:
    """As between the two writes of one change, which no reader of one request can tell from a lost item."""
    put(no_permanent=True)
    table.drop(keys.policy("acme"))

    answer = call("GET", "/v1/policy", caller=ANNA)
    assert (answer.status, answer.code) == (503, "busy")


def test_a_tenant_that_is_not_registered_has_no_policy() -> None:
    assert call("GET", "/v1/policy", caller=ANNA.but(tenant_id="nowhere")).code == "tenant_unknown"


def test_a_right_taken_away_a_moment_ago_counts() -> None:
    def take() -> None:
        call("PUT", "/v1/vendor/tenants/acme/users/anna/right", {"may_grant": False}, caller=BACKEND)

    with table.meanwhile(take):
        assert put(seen=0, no_permanent=True).code == "right_missing"

    assert policy(GIULIA)["rules"] == OFF


def test_a_door_with_rules_has_a_form_that_older_code_does_not_let_through() -> None:
    for hours, form in ((None, "1"), (WEEK, "2"), (None, "2")):
        put(max_period="4h", hours=hours)
        [door] = table.items(*keys.door("acme"))
        assert door["form"] == {"N": form}


@each_row(
    "said",
    [
        {"max_access": {"S": "all"}},
        {"hours": {"S": '{"week": {"noday": []}}'}, "zone": {"S": "Europe/Berlin"}},
        {"hours": {"S": '{"week": {}}'}, "zone": {"S": "Europe/Atlantis"}},
        {"export_never": False},
        {"next_rules": {"S": '{"export_never": true}'}},
        {"next_rules": {"S": '{"export_never": true, "counts_from": "2026-11-24T12:00:00Z"}'}},
    ],
)
def test_a_door_with_a_rule_that_is_not_understood_bars_everything(said: Any) -> None:
    put_door(form={"N": "2"}, **said)

    assert acts("view") == "locked"


# ------------------------------------------------------------------ bad input


@each_row(
    "rules",
    [
        {"max_period": "permanent"},
        {"max_access": "change"},
        {"export": "two"},
        {"approvals": {"needed": 2, "for": ["all"]}},
        {"grantees": []},
        {"grantees": [{"type": "agent", "id": f"a{number}"} for number in range(51)]},
        {"approvers": [f"u{number}" for number in range(51)]},
        {"hours": {"mon": [{"from": "18:00", "until": "09:00"}]}},
        {"hours": {"mon": [{"from": "09:00", "until": "12:00"}, {"from": "11:00", "until": "13:00"}]}},
        {"zone": "Europe/Berlin"},
        {"no_permanent": "yes"},
    ],
)
def test_bad_input_and_rules_that_are_not_enforced_yet_are_refused_and_nothing_is_stored(rules: Any) -> None:
    before = table.items()
    assert put(**rules).code == "input_invalid"
    assert table.items() == before
    assert (check(), DORA is not None) == ("no_live_grant", True)
