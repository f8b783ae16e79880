"""Response bodies of the routes that clients poll: the agents in a tenant's account, and whether anything changed."""

from datetime import datetime
from typing import Self

from guestkey.edge.responses.lockdown import Lock
from guestkey.edge.responses.people import DirectoryAgent
from guestkey.edge.responses.response import Instant, Response
from guestkey.rules import lockdown
from guestkey.store.access import presence


class Inside(Response):
    """An agent in the account, with the names of the departments.

    `reason`, `ticket` and `grant_ids` are null for users without the right.
    """

    login_id: str
    agent: DirectoryAgent
    department_names: list[str]
    since: Instant
    access_ends_at: Instant | None
    reason: str | None
    ticket: str | None
    grant_ids: list[str] | None

    @classmethod
    def of(cls, inside: presence.Inside, holds_right: bool) -> Self:
        """Return the part that the user may see."""
        login = inside.login
        return cls(
            login_id=login.login_id,
            agent=DirectoryAgent.of(inside.agent),
            department_names=inside.department_names,
            since=login.logged_in_at,
            access_ends_at=login.access_ends_at,
            reason=login.reason if holds_right else None,
            ticket=login.ticket if holds_right else None,
            grant_ids=inside.grant_ids if holds_right else None,
        )


class Presence(Response):
    """The agents in the account now, the last to come first. At `next_change_at` an access ends by the clock.

    `locked` is the lock of the account, null while there is none.
    """

    items: list[Inside]
    locked: Lock | None
    next_change_at: Instant | None

    @classmethod
    def of(cls, found: list[presence.Inside], lock: lockdown.Lock | None, holds_right: bool) -> Self:
        """Return the answer to a user."""
        ends: list[datetime] = [one.login.access_ends_at for one in found if one.login.access_ends_at]
        return cls(
            items=[Inside.of(one, holds_right) for one in found],
            locked=lock and Lock.of(lock, holds_right),
            next_change_at=min(ends, default=None),
        )


class Pulse(Response):
    """Number of the ledger's last entry, and how many requests wait for an answer, some of them perhaps expired."""

    seq: int
    requests_waiting: int
