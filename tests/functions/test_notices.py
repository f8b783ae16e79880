"""GET and PUT /v1/notices: which notices come at once, and which in the digest of the day."""

import json
from typing import Any

from guestkey.edge.mail.compose import Kind
from guestkey.rules.notices import CHOOSABLE, DEFAULTS, NoticeKind
from guestkey.store.dynamodb import keys
from tests import factories, table
from tests.calls import Answer, call
from tests.notify import Notify, text_of_mail
from tests.personas import ANNA, BEN, CARLA, GIULIA, Caller
from tests.rows_and_columns import each_row

AT_ONCE = "immediate"
UNCHANGED = {
    "granted": "immediate",
    "revoked": "immediate",
    "ended": "digest",
    "agent_left": "immediate",
    "review": "immediate",
    "support_in": "immediate",
    "later_logins": "digest",
    "approvers_changed": "immediate",
    "right_changed": "immediate",
    "notices_changed": "immediate",
    "locked": "immediate",
    "unlocked": "immediate",
}
CAN_BE_DIGEST = CHOOSABLE | {NoticeKind.LATER_LOGINS}
NOTICES_CHANGED = "Geändert: Wie Sie von Support-Zugängen erfahren"


def show(*, caller: Caller = ANNA) -> Answer:
    return call("GET", "/v1/notices", caller=caller)


def put(kinds: Any, *, caller: Caller = ANNA) -> Answer:
    return call("PUT", "/v1/notices", {"kinds": kinds}, caller=caller)


def last_entry() -> dict[str, Any]:
    said = call("GET", "/v1/ledger", caller=GIULIA, query={"limit": 100}).text
    last: dict[str, Any] = json.loads(said.splitlines()[-1])
    return last


# ------------------------------------------------------------------ it works


def test_without_a_choice_ends_by_time_and_later_logins_come_in_the_digest() -> None:
    assert (show().status, show().body) == (200, {"kinds": UNCHANGED})


def test_a_kind_that_is_left_out_keeps_its_delivery() -> None:
    put({"granted": "digest"})
    answer = put({"ended": AT_ONCE, "revoked": "digest"})

    expected = UNCHANGED | {"granted": "digest", "ended": AT_ONCE, "revoked": "digest"}
    assert (answer.status, answer.body) == (200, {"kinds": expected})
    assert show(caller=GIULIA).body == {"kinds": expected}
    assert show(caller=CARLA).body == {"kinds": UNCHANGED}


def test_a_change_is_one_ledger_entry_with_the_choice() -> None:
    put({"granted": "digest", "revoked": AT_ONCE, "ended": AT_ONCE})
    entry = last_entry()

    assert (entry["what"], entry["about"], entry["by"]) == ("notices.changed", "acme", {"type": "user", "id": "anna"})
    assert entry["data"] == {
        "agent_left": "immediate", "ended": "immediate", "granted": "digest", "revoked": "immediate",
    }  # fmt: skip


def test_the_whole_answer_can_be_put_again_and_what_changes_nothing_writes_nothing() -> None:
    put({"agent_left": "digest"})
    for kinds in (show().body["kinds"], {}, {"agent_left": "digest"}, {"granted": None}):
        with table.unchanged():
            assert put(kinds).body["kinds"] == UNCHANGED | {"agent_left": "digest"}


def test_every_delivery_can_be_chosen_back() -> None:
    put({"ended": AT_ONCE})
    assert put({"ended": "digest"}).body == {"kinds": UNCHANGED}


def test_a_change_is_mailed_to_all_approvers_also_to_the_user_who_made_it(notify: Notify) -> None:
    put({"granted": "digest", "ended": AT_ONCE})
    again = notify.new()
    notify.deliver(again)
    notify.deliver(again)

    assert notify.mailed == [("anna@acme.example", NOTICES_CHANGED), ("giulia@acme.example", NOTICES_CHANGED)]
    written = text_of_mail(notify.mails[0]).replace("\r\n", "\n")
    assert "\n- Freigabe abgelaufen: sofort per E-Mail\n- Freigabe erteilt: in der Tagesübersicht\n" in written
    assert "\n- Geändert von: anna\n" in written
    assert set(notify.published) == {"notices.changed"}


def test_those_who_were_told_at_the_change_are_mailed_even_if_the_vendor_replaces_them(notify: Notify) -> None:
    put({"granted": "digest"})
    change = notify.new()
    factories.tenant("acme", approver_emails=("ceo@acme.example",))
    notify.deliver(change)

    assert [address for address, _ in notify.mailed] == ["anna@acme.example", "giulia@acme.example"]


# ------------------------------------------------------------------ refusals


def test_a_user_without_the_right_is_refused_and_nothing_is_stored() -> None:
    with table.unchanged():
        for answer in (show(caller=BEN), put({"granted": "digest"}, caller=BEN)):
            assert (answer.status, answer.code) == (403, "right_missing")


def test_a_token_that_acts_for_somebody_is_refused() -> None:
    with table.unchanged():
        for answer in (show(caller=ANNA.acting()), put({"granted": "digest"}, caller=ANNA.acting())):
            assert (answer.status, answer.code) == (403, "acting_for_another")


def test_a_tenant_that_is_not_registered_has_no_notices() -> None:
    stranger = ANNA.but(tenant_id="nowhere")
    for answer in (show(caller=stranger), put({"granted": "digest"}, caller=stranger)):
        assert (answer.status, answer.code) == (404, "tenant_unknown")


@each_row(
    ("kinds", "pointer"),
    [
        *(({kind.value: "digest"}, f"#/kinds/{kind}") for kind in NoticeKind if kind not in CAN_BE_DIGEST),
        ({"later_logins": "immediate"}, "#/kinds/later_logins"),
        ({"granted": "off"}, "#/kinds/granted"),
        ({"granted": True}, "#/kinds/granted"),
        ({"granted": ""}, "#/kinds/granted"),
        ({"Granted": "digest"}, "#/kinds/Granted"),
        ({"granted_with_export": "digest"}, "#/kinds/granted_with_export"),
        ([], "#/kinds"),
        (None, "#/kinds"),
    ],
    ids=str,
)
def test_a_kind_that_is_unknown_or_cannot_be_chosen_so_is_refused(kinds: Any, pointer: str) -> None:
    with table.unchanged():
        answer = put(kinds)

    assert (answer.status, answer.code) == (422, "input_invalid")
    assert {fault["pointer"] for fault in answer.body["errors"]} == {pointer}


# ------------------------------------------------------------------ at the same moment


def test_two_changes_at_the_same_moment_are_both_kept() -> None:
    with table.meanwhile(lambda: put({"revoked": "digest"}, caller=GIULIA)):
        answer = put({"granted": "digest"})

    assert answer.body["kinds"] == UNCHANGED | {"granted": "digest", "revoked": "digest"}
    with table.meanwhile(lambda: put({"revoked": AT_ONCE}, caller=GIULIA)):
        put({"agent_left": "digest"})
    assert show().body["kinds"] == UNCHANGED | {"granted": "digest", "agent_left": "digest"}


def test_a_right_that_is_taken_away_a_moment_before_counts() -> None:
    with table.meanwhile(lambda: factories.right(ANNA, may_grant=False)):
        answer = put({"granted": "digest"})

    assert (answer.status, answer.code) == (403, "right_missing")
    assert table.one(keys.notice_choice("acme")) is None


def test_a_change_that_loses_a_race_and_gets_no_claim_on_the_ledger_is_kept_all_the_same() -> None:
    with table.meanwhile(factories.grant), table.failing(table.CONFLICT, at="UpdateItem"):
        answer = put({"granted": "digest"})

    assert answer.body["kinds"] == UNCHANGED | {"granted": "digest"}


def test_the_vendors_put_of_the_tenant_leaves_the_choice_alone() -> None:
    put({"granted": "digest"})
    factories.tenant("acme")

    assert show().body["kinds"]["granted"] == "digest"


# ------------------------------------------------------------------ kinds


def test_every_kind_of_the_api_is_a_kind_of_mail_or_one_that_only_the_digest_has() -> None:
    assert {kind.value for kind in NoticeKind} - {kind.value for kind in Kind} == {"later_logins"}
    assert {kind.value: delivery.value for kind, delivery in DEFAULTS.items()} == UNCHANGED
