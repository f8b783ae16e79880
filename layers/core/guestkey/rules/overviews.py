"""Filters of the two overviews, of grants and of logins."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from guestkey.rules.grants import Grant, State
from guestkey.rules.logins import Login
from guestkey.rules.periods import start_of_day
from guestkey.rules.search import matches


class LoginState(StrEnum):
    """State of a login."""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Conditions that all hold; one of None or without text always does. Days are those of the tenant's time zone."""

    since: datetime | date | None = None
    until: datetime | date | None = None
    """A moment is exclusive, a day counts until its end."""
    words: str = ""
    agent_id: str | None = None
    department_id: str | None = None
    state: State | LoginState | None = None
    may_export: bool | None = None

    @classmethod
    def of(
        cls,
        words: str,
        since: datetime | date | None,
        until: datetime | date | None,
        agent_id: str | None,
        department_id: str | None,
        may_export: bool | None,
        state: State | LoginState | None,
    ) -> Self:
        """Return the filter of these conditions, in the order in which the routes name them."""
        return cls(
            words=words,
            since=since,
            until=until,
            agent_id=agent_id,
            department_id=department_id,
            may_export=may_export,
            state=state,
        )

    def parts(self) -> list[str]:
        """Return the conditions as parts of a cursor's scope."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self))
        return [f"{name}={value}" for name, value in given if value not in (None, "")]

    def begin(self, zone: ZoneInfo) -> datetime | None:
        """Return the first moment that the filter admits."""
        return self.since if isinstance(self.since, datetime | None) else start_of_day(self.since, zone)

    def end(self, zone: ZoneInfo) -> datetime | None:
        """Return the first moment that the filter no longer admits."""
        if isinstance(self.until, datetime | None):
            return self.until
        return start_of_day(date.fromordinal(self.until.toordinal() + 1), zone)

    def admits_grant(self, grant: Grant, at: datetime, zone: ZoneInfo, departments: Collection[str] = ()) -> bool:
        """Say whether a grant, in its state of that moment, was live in the time and has all the properties.

        A grant is an agent's if it names the agent or one of `departments`, to which the agent belongs.
        """
        begin, end = self.begin(zone), self.end(zone)
        names = [grant.grantee.name, grant.grantee.id, grant.granted_by.name, grant.ticket or ""]
        return (
            (begin is None or grant.was_live_since(begin))
            and (end is None or grant.granted_at < end)
            and (self.agent_id in (None, grant.grantee.agent_id) or _is_of(grant, departments))
            and (self.department_id is None or (grant.grantee.agent_id, grant.grantee.id) == (None, self.department_id))
            and self.state in (None, grant.state(at))
            and self.may_export in (None, grant.may_export)
            and matches(" ".join([*names, grant.revoked_by.name if grant.revoked_by else ""]), self.words)
        )

    def admits_login(self, login: Login, zone: ZoneInfo) -> bool:
        """Say whether a login began in the time and has all the properties."""
        begin, end = self.begin(zone), self.end(zone)
        names = [login.agent_name, login.agent_id, *login.departments]
        return (
            (begin is None or login.logged_in_at >= begin)
            and (end is None or login.logged_in_at < end)
            and self.agent_id in (None, login.agent_id)
            and (self.department_id is None or self.department_id in login.departments)
            and self.state in (None, LoginState.ENDED if login.ended_at else LoginState.OPEN)
            and self.may_export in (None, login.may_export)
            and matches(" ".join([*names, login.reason, login.ticket or ""]), self.words)
        )


def _is_of(grant: Grant, departments: Collection[str]) -> bool:
    return grant.grantee.agent_id is None and grant.grantee.id in departments
