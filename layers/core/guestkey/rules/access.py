"""Decides whether an agent may enter, or export, now: the union of all live grants that cover the agent.

It is decided from a tenant's live keys and the agent's record, read strongly consistent. Expired keys may stay readable
for days: only `ends_at` decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from guestkey.rules.door import DoorRules
from guestkey.rules.grants import LiveKey, LiveKeys
from guestkey.rules.levels import AccessLevel, greatest
from guestkey.rules.logins import Login, is_open
from guestkey.rules.people import Agent


class Action(StrEnum):
    """Action of an agent that the product asks about.

    `enter` is the question of callers from before there were levels. It means `change`, so that an old guard never lets
    more through than was granted.
    """

    ENTER = "enter"
    VIEW = "view"
    CHANGE = "change"
    EXPORT = "export"


class Reason(StrEnum):
    """Reason for the answer to a check."""

    GRANTED = "granted"
    NO_LIVE_GRANT = "no_live_grant"
    CHANGE_NOT_GRANTED = "change_not_granted"
    EXPORT_NOT_GRANTED = "export_not_granted"
    NOT_FOR_SOFTWARE = "not_for_software"
    NO_LOGIN = "no_login"
    AGENT_INACTIVE = "agent_inactive"
    LOCKED = "locked"
    OUTSIDE_HOURS = "outside_hours"


@dataclass(frozen=True, kw_only=True)
class Open:
    """Allowed. `grant` is the grant to name; `access` and `may_export` are the union of all that cover the agent."""

    grant: LiveKey
    access: AccessLevel
    may_export: bool


@dataclass(frozen=True, kw_only=True)
class Shut:
    """Not allowed, with the reason."""

    reason: Reason


def covering(live: LiveKeys, agent: Agent, at: datetime) -> list[LiveKey]:
    """Return the live keys that cover the agent now, each with no more than the customer's rules leave of it.

    No key does for an inactive agent, or behind a barred door. Whether the hours let the agent in is another question:
    a grant covers an open login through the night, which the hours of that login have ended.
    """
    if not agent.is_active or live.door.is_barred:
        return []
    rules = live.door.rules_at(at)
    return [limited(key, rules) for key in live.keys if key.is_live(at) and key.grantee.covers(agent)]


def letting_in(live: LiveKeys, agent: Agent, at: datetime) -> list[LiveKey]:
    """Return the live keys by which the agent may begin a login now."""
    return [] if live.door.is_outside_hours(at) else covering(live, agent, at)


def limited(key: LiveKey, rules: DoorRules) -> LiveKey:
    """Return what the customer's rules leave of a live key."""
    access = rules.max_access if rules.max_access and not rules.max_access.includes(key.access) else key.access
    return replace(key, access=access, may_export=key.may_export and not rules.export_never)


def named(keys: Iterable[LiveKey]) -> LiveKey:
    """Return the key to name in an answer: a permanent one, else the one that ends last; of equals the lowest id."""
    return min(keys, key=lambda key: (key.ends_at is not None, -_seconds(key.ends_at), key.grant_id))


def union(keys: Iterable[LiveKey]) -> AccessLevel:
    """Return the level of one or more keys together: the greatest of them."""
    return greatest(key.access for key in keys)


def decide(live: LiveKeys, agent: Agent | None, action: Action, at: datetime) -> Open | Shut:
    """Return whether the agent may begin the action, without regard to logins. No grant covers an unknown agent."""
    if agent is None:
        return Shut(reason=Reason.NO_LIVE_GRANT)
    if not agent.is_active:
        return Shut(reason=Reason.AGENT_INACTIVE)
    if live.door.is_locked or live.door.is_outside_hours(at):
        return Shut(reason=Reason.LOCKED if live.door.is_locked else Reason.OUTSIDE_HOURS)
    able = covering(live, agent, at)
    if not able:
        would_be_let_in = agent.is_software and covering(live, replace(agent, is_software=False), at)
        return Shut(reason=Reason.NOT_FOR_SOFTWARE if would_be_let_in else Reason.NO_LIVE_GRANT)
    allowing = [key for key in able if _allows(key, action)]
    if not allowing:
        return Shut(reason=Reason.EXPORT_NOT_GRANTED if action is Action.EXPORT else Reason.CHANGE_NOT_GRANTED)
    return Open(grant=named(allowing), access=union(able), may_export=any(key.may_export for key in able))


def decide_within(
    login: Login | None, live: LiveKeys, agent: Agent | None, action: Action, at: datetime
) -> Open | Shut:
    """Return whether the agent may act within this login, which must be the agent's own and still open."""
    decision = decide(live, agent, action, at)
    if agent is None or isinstance(decision, Shut):
        return decision
    if login is None or login.agent_id != agent.agent_id or live.door.voiding_of_login(login.recorded_seq):
        return Shut(reason=Reason.NO_LOGIN)
    if not login.is_within_hours(at) or not is_open(login, covering(live, agent, at), agent):
        return Shut(reason=Reason.NO_LOGIN)
    return decision


def _allows(key: LiveKey, action: Action) -> bool:
    if action is Action.EXPORT:
        return key.may_export
    return key.access.includes(AccessLevel.VIEW if action is Action.VIEW else AccessLevel.CHANGE)


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
