"""Every refusal has a status of the contract and a code of its own."""

from collections.abc import Iterator

from guestkey import errors
from guestkey.edge.http import problem

CONTRACT = {
    400: {"json_invalid"},
    403: {
        "scope_missing",
        "right_missing",
        "acting_for_another",
        "claim_invalid",
        "claims_missing",
        "agent_inactive",
        "no_live_grant",
        "policy_forbids",
        "slots_not_offered",
        "not_yours",
    },
    404: {"not_found", "grantee_unknown", "tenant_unknown", "no_callback", "desk_unknown"},
    409: {
        "grant_ended",
        "too_many_grants",
        "locked_down",
        "policy_changed",
        "request_closed",
        "callback_open",
        "callback_closed",
        "slot_taken",
        "already_taken",
        "too_early",
    },
    410: {"request_expired", "tenant_closed"},
    415: {"not_json"},
    422: {
        "input_invalid",
        "accountable_unknown",
        "change_not_asked",
        "cursor_invalid",
        "no_approvers",
        "recipient_unknown",
        "department_unknown",
        "slot_not_offered",
        "export_not_asked",
        "idempotency_key_reused",
    },
    429: {"too_many_requests"},
    503: {"busy"},
}
"""Statuses and codes, as section 4 of the specification lists them."""


def refusals(kind: type[errors.Refused] = errors.Refused) -> Iterator[type[errors.Refused]]:
    for child in kind.__subclasses__():
        yield child
        yield from refusals(child)


def test_each_has_the_status_of_the_contract() -> None:
    assert [refusal for refusal in refusals() if refusal.code not in CONTRACT[refusal.status]] == []


def test_each_code_is_its_name_in_small_letters() -> None:
    for refusal in refusals():
        words = "".join(f"_{c.lower()}" if c.isupper() else c for c in refusal.__name__)
        assert refusal.code == words.removeprefix("_")


def test_each_says_when_and_what_in_a_sentence() -> None:
    for refusal in refusals():
        assert refusal.__doc__ and refusal.__doc__ != errors.Refused.__doc__, refusal
        assert refusal.title.endswith("."), refusal


def test_every_code_of_the_contract_is_a_refusal() -> None:
    assert set().union(*CONTRACT.values()) == {refusal.code for refusal in refusals()}


def test_no_two_have_the_same_code() -> None:
    codes = [refusal.code for refusal in refusals()]

    assert len(codes) == len(set(codes))


def test_a_refusals_own_members_are_shown_and_its_detail_defaults_to_the_title() -> None:
    shown = problem.problem(errors.TooManyRequests(retry_after=7))
    assert shown["headers"]["Retry-After"] == "7"
    assert "retry_after" not in shown["body"]

    assert '"detail":"Not found."' in problem.problem(errors.NotFound())["body"]
    assert '"grant_id":"x"' in problem.problem(errors.NotFound("Gone.", grant_id="x"))["body"]
