"""May this agent enter, or export, now? The answer is the union of all live grants that cover the agent.

It is decided from a tenant's live keys and the agent's record, read strongly consistent. Expired keys may stay readable
for days: only `ends_at` decides.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from guestkey.rules.grants import LiveKey
from guestkey.rules.logins import Login, is_open
from guestkey.rules.people import Agent


class Action(StrEnum):
    """What the vendor's product asks about."""

    ENTER = "enter"
    EXPORT = "export"


class Reason(StrEnum):
    """Why the answer is what it is."""

    GRANTED = "granted"
    NO_LIVE_GRANT = "no_live_grant"
    EXPORT_NOT_GRANTED = "export_not_granted"
    NO_LOGIN = "no_login"
    AGENT_INACTIVE = "agent_inactive"


@dataclass(frozen=True, kw_only=True)
class Open:
    """Yes. `grant` is the one to name; `may_export` is the union of all that cover the agent."""

    grant: LiveKey
    may_export: bool


@dataclass(frozen=True, kw_only=True)
class Shut:
    """No, and why."""

    reason: Reason


def covering(keys: Iterable[LiveKey], agent: Agent, at: datetime) -> list[LiveKey]:
    """Return the live keys that let the agent in at this moment. An inactive agent is let in by none."""
    if not agent.is_active:
        return []
    return [key for key in keys if key.is_live(at) and key.grantee.covers(agent)]


def named(keys: Iterable[LiveKey]) -> LiveKey:
    """Return the key to name where one must be: it ends last, a permanent one last of all, ties by the lowest id."""
    return min(keys, key=lambda key: (key.ends_at is not None, -_seconds(key.ends_at), key.grant_id))


def decide(keys: Iterable[LiveKey], agent: Agent | None, action: Action, at: datetime) -> Open | Shut:
    """Return whether the agent may begin to do this, before any login is looked at. Nobody lets an unknown agent in."""
    if agent is None:
        return Shut(reason=Reason.NO_LIVE_GRANT)
    if not agent.is_active:
        return Shut(reason=Reason.AGENT_INACTIVE)
    able = covering(keys, agent, at)
    if not able:
        return Shut(reason=Reason.NO_LIVE_GRANT)
    exporting = [key for key in able if key.may_export]
    if action is Action.EXPORT and not exporting:
        return Shut(reason=Reason.EXPORT_NOT_GRANTED)
    return Open(grant=named(exporting if action is Action.EXPORT else able), may_export=bool(exporting))


def decide_within(
    login: Login | None, keys: Iterable[LiveKey], agent: Agent | None, action: Action, at: datetime
) -> Open | Shut:
    """Return whether the agent may do this inside the login named: it must be the agent's own and still open."""
    able = list(keys)
    decision = decide(able, agent, action, at)
    if agent is None or isinstance(decision, Shut):
        return decision
    if login is None or login.agent_id != agent.agent_id or not is_open(login, covering(able, agent, at), agent):
        return Shut(reason=Reason.NO_LOGIN)
    return decision


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0
