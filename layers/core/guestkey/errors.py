"""Every way in which Guestkey says no.

Each refusal is a class with its `code`, which clients may rely on, and a title that never varies. What varies stands in
`detail` and in the extra members a refusal carries. Which HTTP status a refusal becomes is decided in `edge/http.py`.
"""

from typing import Any, ClassVar


class Refused(Exception):
    """The base of every refusal: a caller's request was understood and is not granted."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        self.detail = detail or self.title
        self.members = members
        super().__init__(self.detail)


class JsonInvalid(Refused):
    """The body is not JSON that every reader understands alike."""

    code = "json_invalid"
    status = 400
    title = "The body is not acceptable JSON."


class NotJson(Refused):
    """The body's content type is not application/json."""

    code = "not_json"
    status = 415
    title = "The body must be application/json."


class InputInvalid(Refused):
    """The body is JSON, but not what this route takes. Carries `errors`: one pointer and one detail for each fault."""

    code = "input_invalid"
    status = 422
    title = "The input is not valid."


class CursorInvalid(Refused):
    """The cursor is damaged, or belongs to another list."""

    code = "cursor_invalid"
    status = 422
    title = "The cursor does not belong to this list."


class DepartmentUnknown(Refused):
    """An agent is put into a department that nobody registered."""

    code = "department_unknown"
    status = 422
    title = "There is no such department."


class IdempotencyKeyReused(Refused):
    """The Idempotency-Key was used before with another body."""

    code = "idempotency_key_reused"
    status = 422
    title = "This Idempotency-Key was used with another body."


class RightMissing(Refused):
    """The user may not let support in. Of a request it carries `ask`: the tenant's approver addresses."""

    code = "right_missing"
    status = 403
    title = "You do not hold the right to let support in."


class ActingForAnother(Refused):
    """The token says that its bearer acts for somebody else."""

    code = "acting_for_another"
    status = 403
    title = "A token that acts for somebody else cannot do this."


class ClaimsMissing(Refused):
    """The token lacks a claim that this route needs, or the claim is not of the agreed form."""

    code = "claims_missing"
    status = 403
    title = "The token lacks a required claim."


class AgentInactive(Refused):
    """The agent is unknown or no longer active."""

    code = "agent_inactive"
    status = 403
    title = "This agent is not active."


class NoLiveGrant(Refused):
    """No live grant of the tenant covers the agent."""

    code = "no_live_grant"
    status = 403
    title = "The customer has not let you in."


class NotFound(Refused):
    """The thing does not exist, or belongs to somebody else: both answer alike."""

    code = "not_found"
    status = 404
    title = "There is no such thing."


class GranteeUnknown(Refused):
    """The grantee is no active agent and no department."""

    code = "grantee_unknown"
    status = 404
    title = "There is no such agent or department."


class TenantUnknown(Refused):
    """The vendor has not registered this tenant."""

    code = "tenant_unknown"
    status = 404
    title = "There is no such tenant."


class GrantEnded(Refused):
    """The grant ended by time before it could be revoked."""

    code = "grant_ended"
    status = 409
    title = "The grant has already ended."


class TooManyGrants(Refused):
    """The tenant holds as many live grants as it may."""

    code = "too_many_grants"
    status = 409
    title = "There are too many live grants."


class RequestClosed(Refused):
    """The request was answered or withdrawn before. Carries its `state` and the `grant_id` it led to."""

    code = "request_closed"
    status = 409
    title = "The request is closed."


class RequestExpired(Refused):
    """Nobody answered the request while it lived."""

    code = "request_expired"
    status = 410
    title = "The request has expired."


class ExportNotAsked(Refused):
    """An approval would allow export that the agent did not ask for."""

    code = "export_not_asked"
    status = 422
    title = "Export was not asked for."


class RecipientUnknown(Refused):
    """A request is to be mailed to somebody who is no registered approver, or the tenant has registered nobody."""

    code = "recipient_unknown"
    status = 422
    title = "That is no registered approver address of the tenant."


class NoCallback(Refused):
    """The tenant does not wait for a call."""

    code = "no_callback"
    status = 404
    title = "No call-back is open."


class DeskUnknown(Refused):
    """The vendor has not said yet when and how its support desk works."""

    code = "desk_unknown"
    status = 404
    title = "There is no support desk yet."


class SlotsNotOffered(Refused):
    """The support desk calls back at slots in some languages only; everybody else joins the queue."""

    code = "slots_not_offered"
    status = 403
    title = "Slots are not offered in your language; you can join the queue."


class CallbackOpen(Refused):
    """The tenant waits for a call already. Carries that `callback`."""

    code = "callback_open"
    status = 409
    title = "You have an open call-back already."


class SlotTaken(Refused):
    """Others have booked all places of the slot. Carries the `next` free slots."""

    code = "slot_taken"
    status = 409
    title = "This slot is taken."


class SlotNotOffered(Refused):
    """The time is no slot of the topic: outside support hours, off the grid, too soon or too far ahead."""

    code = "slot_not_offered"
    status = 422
    title = "This is no slot that can be booked."


class CallbackClosed(Refused):
    """The call-back is over, cancelled or taken, and cannot be changed any more."""

    code = "callback_closed"
    status = 409
    title = "The call-back can no longer be changed."


class AlreadyTaken(Refused):
    """Another agent has taken the call-back."""

    code = "already_taken"
    status = 409
    title = "Somebody else has taken this call-back."


class NotYours(Refused):
    """The call-back was not taken by the agent who closes it."""

    code = "not_yours"
    status = 403
    title = "You did not take this call-back."


class TooManyRequests(Refused):
    """The caller did this too often. Carries `retry_after` in seconds."""

    code = "too_many_requests"
    status = 429
    title = "Too many requests."


class Busy(Refused):
    """AWS is unavailable, or the tenant's ledger stayed contended. Carries `retry_after` in seconds."""

    code = "busy"
    status = 503
    title = "Guestkey cannot answer just now."
