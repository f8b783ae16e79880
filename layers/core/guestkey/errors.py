"""Every refusal of Guestkey, with its code, HTTP status and title.

Each refusal is a class. Clients may rely on its `code`, which never changes. The title is the same for every instance;
`detail` and the extra members of a refusal vary. `edge/http/problem.py` turns a refusal into a response.
"""

from typing import Any, ClassVar


class Refused(Exception):
    """The base of every refusal: the caller's request is understood and rejected."""

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, detail: str | None = None, **members: Any) -> None:
        self.detail = detail or self.title
        self.members = members
        super().__init__(self.detail)


class JsonInvalid(Refused):
    """The body is not JSON, or parsers could read it differently."""

    code, status, title = "json_invalid", 400, "The body is not acceptable JSON."


class NotJson(Refused):
    """The body's content type is not application/json."""

    code, status, title = "not_json", 415, "The body must be application/json."


class InputInvalid(Refused):
    """The body does not match the route's schema. Carries `errors`: a pointer and a detail for each fault."""

    code, status, title = "input_invalid", 422, "The input is invalid."


class CursorInvalid(Refused):
    """The cursor is damaged, or belongs to another list."""

    code, status, title = "cursor_invalid", 422, "The cursor is invalid for this list."


class DepartmentUnknown(Refused):
    """An agent is put into an unregistered department."""

    code, status, title = "department_unknown", 422, "Unknown department."


class AccountableUnknown(Refused):
    """Active software names an accountable agent who is not an active person."""

    code, status, title = "accountable_unknown", 422, "The accountable agent is not an active person."


class IdempotencyKeyReused(Refused):
    """The Idempotency-Key was used before with another body."""

    code, status, title = "idempotency_key_reused", 422, "The Idempotency-Key was used with another body."


class RightMissing(Refused):
    """The user does not hold the right. For a request it carries `ask`: the tenant's approver addresses."""

    code, status, title = "right_missing", 403, "You do not have the right to grant access to support."


class ActingForAnother(Refused):
    """The token has a claim which says that its bearer acts on behalf of another user."""

    code, status, title = "acting_for_another", 403, "A token that acts on behalf of another user cannot do this."


class ClaimsMissing(Refused):
    """The token lacks a claim that the route requires. The detail names the claim."""

    code, status, title = "claims_missing", 403, "The token lacks a required claim."


class ScopeMissing(Refused):
    """The token of the vendor's backend lacks the scope of the route. Carries it as `scope`."""

    code, status, title = "scope_missing", 403, "The token lacks the scope of this route."


class ClaimInvalid(Refused):
    """An id in the token does not have the form of ids. The detail names the claim and the form."""

    code, status, title = "claim_invalid", 403, "A claim of the token is not an id of the required form."


class AgentInactive(Refused):
    """The agent is unknown or no longer active."""

    code, status, title = "agent_inactive", 403, "The agent is not active."


class PolicyForbids(Refused):
    """A rule of the customer forbids it. Carries the name of the rule as `rule`; `locked` is the lockdown."""

    code, status, title = "policy_forbids", 403, "A rule of the customer forbids this."


class NoLiveGrant(Refused):
    """No live grant of the tenant covers the agent."""

    code, status, title = "no_live_grant", 403, "No live grant of the customer covers you."


class NotFound(Refused):
    """The resource does not exist, or belongs to another caller: both have the same response."""

    code, status, title = "not_found", 404, "Not found."


class GranteeUnknown(Refused):
    """The grantee is neither an active agent nor a department."""

    code, status, title = "grantee_unknown", 404, "Unknown agent or department."


class TenantUnknown(Refused):
    """The vendor has not registered this tenant."""

    code, status, title = "tenant_unknown", 404, "Unknown tenant."


class GrantEnded(Refused):
    """The grant ended by time before it could be revoked."""

    code, status, title = "grant_ended", 409, "The grant has already ended."


class LockedDown(Refused):
    """The customer has locked all access: nothing can be given or approved until a user lifts the lock."""

    code, status, title = "locked_down", 409, "Access to this account is locked."


class PolicyChanged(Refused):
    """The rules of the customer were changed since the caller read them. Carries their present `version`."""

    code, status, title = "policy_changed", 409, "The rules were changed since you read them."


class TooManyGrants(Refused):
    """The tenant has reached its limit of live grants."""

    code, status, title = "too_many_grants", 409, "The limit of live grants is reached."


class RequestClosed(Refused):
    """The request was answered or withdrawn before. Carries its `state` and the `grant_id` of its grant, if any."""

    code, status, title = "request_closed", 409, "The request is already closed."


class TenantClosed(Refused):
    """The vendor has closed the tenant's account."""

    code, status, title = "tenant_closed", 410, "The account is closed."


class RequestExpired(Refused):
    """The request expired before it was answered."""

    code, status, title = "request_expired", 410, "The request has expired."


class ChangeNotAsked(Refused):
    """The approval allows changes, but the agent asked to view only."""

    code, status, title = "change_not_asked", 422, "The agent asked to view only."


class ExportNotAsked(Refused):
    """The approval allows export, which the agent did not request."""

    code, status, title = "export_not_asked", 422, "The agent did not request export."


class NoApprovers(Refused):
    """The tenant has registered no approver address, so no request can be sent to it. No limit counts this refusal."""

    code, status, title = "no_approvers", 422, "The customer has not registered an approver address."


class RecipientUnknown(Refused):
    """A recipient is not a registered approver address of the tenant."""

    code, status, title = "recipient_unknown", 422, "The recipient is not a registered approver address of the tenant."


class NoCallback(Refused):
    """The tenant has no open call-back."""

    code, status, title = "no_callback", 404, "There is no open call-back."


class DeskUnknown(Refused):
    """The vendor has not put the record of its support desk yet."""

    code, status, title = "desk_unknown", 404, "The support desk is not set up yet."


class SlotsNotOffered(Refused):
    """The support desk offers slots in some languages only; users of other languages join the queue."""

    code, status, title = "slots_not_offered", 403, "Slots are not offered in your language; you can join the queue."


class CallbackOpen(Refused):
    """The tenant has an open call-back already. Carries it as `callback`."""

    code, status, title = "callback_open", 409, "Your account already has an open call-back."


class SlotTaken(Refused):
    """All places of the slot are booked. Carries the `next` free slots."""

    code, status, title = "slot_taken", 409, "This slot is taken."


class SlotNotOffered(Refused):
    """The time is no slot of the topic. Carries `queue_only` if the desk no longer offers a moved call-back's topic."""

    code, status, title = "slot_not_offered", 422, "The time is not a slot that can be booked."


class CallbackClosed(Refused):
    """The call-back is over or cancelled, and cannot be changed any more."""

    code, status, title = "callback_closed", 409, "The call-back can no longer be changed."


class AlreadyTaken(Refused):
    """Another agent has taken the call-back."""

    code, status, title = "already_taken", 409, "Another agent has taken this call-back."


class TooEarly(Refused):
    """A booked call-back can be taken from an hour before its slot on."""

    code, status, title = "too_early", 409, "A booked call-back can be taken an hour before its time at the earliest."


class NotYours(Refused):
    """The call-back is not taken by this agent, who cannot close, release or hand it on then."""

    code, status, title = "not_yours", 403, "You have not taken this call-back."


class TooManyRequests(Refused):
    """The caller has reached a rate limit. Carries `retry_after` in seconds."""

    code, status, title = "too_many_requests", 429, "Too many requests."


class Busy(Refused):
    """AWS is unavailable, or every try lost a race on the tenant's ledger. Carries `retry_after` in seconds."""

    code, status, title = "busy", 503, "The service is temporarily unavailable."
