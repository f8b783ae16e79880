"""Request bodies of the lockdown."""

from pydantic import StrictBool

from guestkey.edge.http.inputs import Input, Reason


class LockInput(Input):
    """Why the account is locked, if a reason is given. All approvers are mailed it."""

    reason: Reason | None = None


class LiftInput(Input):
    """Whether the grants that were given before the lock are kept. Only `true` keeps them."""

    keep_grants: StrictBool = False
