"""Call-backs and mails about them, as the model of a desk's year has them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.model.callbacks import OPEN, state_of
from tests.model.desk.cast import AGENTS, TENANTS, USERS
from tests.model.desk.hours import TOPICS, quarters_of
from tests.model.wall_clock import text_of


class Event(NamedTuple):
    """What an invitation does to the one event of a call: REQUEST puts it at a time, CANCEL takes it away."""

    call: str
    method: str
    sequence: int
    starts_at: datetime
    ends_at: datetime


class Mail(NamedTuple):
    """A mail about a call, and texts that it must show."""

    to: str
    kind: str
    """Kind and language."""
    event: Event | None
    shows: tuple[str, ...] = ()


@dataclass
class Call:
    """A call-back as it stands."""

    name: str
    user: str
    topic: str
    starts_at: datetime | None
    phone: str
    description: str
    asked_at: datetime
    joined_at: datetime | None = None
    """When it joined the queue."""
    taken_by: str | None = None
    has_leaver: bool = False
    """Whether its agent has left and the clean-up has not recorded that it is free again."""
    closed_as: str | None = None
    reason: str | None = None
    stranded_by: str | None = None
    version: int = 0

    @property
    def tenant(self) -> str:
        return USERS[self.user].tenant

    @property
    def quarters(self) -> list[datetime]:
        """The quarter-hours in which it has a seat."""
        return quarters_of(self.starts_at, self.topic) if self.starts_at and self.closed_as != "cancelled" else []

    @property
    def ends_at(self) -> datetime | None:
        return self._end_of(self.starts_at) if self.starts_at else None

    def state(self, at: datetime) -> str:
        return state_of(self.closed_as, self.taken_by, self.ends_at, at)

    def is_open(self, at: datetime) -> bool:
        return self.state(at) in OPEN

    def is_ahead(self, at: datetime) -> bool:
        """Say whether it is open and its slot has not begun."""
        return self.starts_at is not None and at < self.starts_at and self.is_open(at)

    def view(self, at: datetime) -> dict[str, Any]:
        return {
            "callback_id": self.name,
            "tenant_id": self.tenant,
            "kind": "slot" if self.starts_at else "queue",
            "state": self.state(at),
            "topic": self.topic,
            "description": self.description,
            "phone": self.phone,
            "starts_at": text_of(self.starts_at),
            "ends_at": text_of(self.ends_at),
            "requested_at": text_of(self.asked_at),
            "requested_by": {"user_id": self.user, "name": USERS[self.user].name},
            "agent": {"id": self.taken_by, "name": AGENTS[self.taken_by]} if self.taken_by else None,
            "mail": "follows",
            "reason": self.reason,
            "stranded_by": self.stranded_by,
            "version": self.version,
        }

    def mail(self, kind: str, about: datetime | None = None) -> Mail:
        """Return a mail to the user who asked for the call; it shows a time by the clock of the user's tenant."""
        user = USERS[self.user]
        shows = (self.description, *([self._local(about)] if about else []))
        return Mail(user.email(self.user), f"{kind} {user.language}", None, shows)

    def mail_of_change(self, kind: str, before: datetime | None) -> Mail:
        """Return the mail of a change, with the invitation, and the reason if support made it."""
        mail = self.mail(kind, before if self.closed_as else self.starts_at)
        return mail._replace(event=self._event(before), shows=(*mail.shows, *([self.reason] if self.reason else [])))

    def _event(self, before: datetime | None) -> Event | None:
        """Return what the invitation does after a change: a call without a slot, before and after, has none."""
        at = self.starts_at if self.closed_as is None and self.starts_at else before
        if at is None:
            return None
        method = "REQUEST" if self.closed_as is None and self.starts_at else "CANCEL"
        return Event(self.name, method, self.version, at, self._end_of(at))

    def _end_of(self, starts_at: datetime) -> datetime:
        return starts_at + timedelta(minutes=TOPICS[self.topic])

    def _local(self, at: datetime) -> str:
        zone = TENANTS[self.tenant].zone
        wall = at.astimezone(ZoneInfo(zone))
        return f"{wall:%I:%M} {wall:%p}".lstrip("0").lower() if USERS[self.user].language == "en" else f"{wall:%H:%M}"
