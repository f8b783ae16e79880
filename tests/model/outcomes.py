"""Outcomes of a step, as the model expects them and as the product answers."""

from typing import NamedTuple

STATUS = {
    "right_missing": 403,
    "agent_inactive": 403,
    "no_live_grant": 403,
    "slots_not_offered": 403,
    "not_yours": 403,
    "policy_forbids": 403,
    "not_found": 404,
    "grantee_unknown": 404,
    "tenant_unknown": 404,
    "grant_ended": 409,
    "request_closed": 409,
    "callback_open": 409,
    "callback_closed": 409,
    "locked_down": 409,
    "slot_taken": 409,
    "already_taken": 409,
    "too_early": 409,
    "request_expired": 410,
    "tenant_closed": 410,
    "input_invalid": 422,
    "no_approvers": 422,
    "recipient_unknown": 422,
    "slot_not_offered": 422,
    "export_not_asked": 422,
    "change_not_asked": 422,
    "accountable_unknown": 422,
    "idempotency_key_reused": 422,
    "too_many_requests": 429,
}


class Outcome(NamedTuple):
    """Status of an answer, the code of a refusal or another fact that it tells, and the name of its subject."""

    status: int
    said: str | None = None
    about: str | None = None


class No(Exception):
    """A refusal of the model."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        self.outcome = Outcome(STATUS[code], f"{code} {detail}" if detail else code)
        super().__init__(code)
