"""The naive model's call-backs and its memory of idempotency keys: the half of the world that decides no access."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local import sample
from tests.model.outcomes import No, Outcome
from tests.model.wall_clock import is_offered, quarters_of, text_of

KEY_LIFE = timedelta(hours=24)
MAX_BOOKINGS = 20
LINES = 2
TAKEN_AHEAD = timedelta(hours=1)
USERS = {user.user_id: user for user in sample.USERS}
CHOOSES_NO_SLOT = {"giulia"}
"""Her language is Italian; everybody else of the sample world speaks German or English."""
OPEN = {"booked", "waiting", "taken"}


def state_of(closed_as: str | None, taken_by: str | None, ends_at: datetime | None, at: datetime) -> str:
    """Return the state of a call-back; one without an end waits in the queue."""
    if closed_as or taken_by:
        return closed_as or "taken"
    if ends_at is None:
        return "waiting"
    return "booked" if at < ends_at else "unreached"


@dataclass
class Callback:
    """A call-back as it stands."""

    name: str
    tenant: str
    user: str
    topic: str
    quarters: list[datetime]
    """The quarter-hours of its slot; none in the queue."""
    asked_at: datetime
    joined_at: datetime | None
    """When it joined the queue."""
    taken_by: str | None = None
    taken_name: str | None = None
    person: int | None = None
    """The person who took it, by the agent's number."""
    left_at: datetime | None = None
    """When the agent left who had taken it; the clean-up has not written it down yet."""
    closed_as: str | None = None
    version: int = 0

    @property
    def starts_at(self) -> datetime | None:
        return self.quarters[0] if self.quarters else None

    @property
    def ends_at(self) -> datetime | None:
        return self.quarters[-1] + timedelta(minutes=15) if self.quarters else None

    def state(self, at: datetime) -> str:
        return state_of(self.closed_as, self.taken_by, self.ends_at, at)


@dataclass
class Answer:
    """The answer under an idempotency key: a new one, or the one that was given before."""

    about: str | None
    is_new: bool


@dataclass
class Callbacks:
    """Call-backs of all tenants, the seats of each quarter-hour, and the answers kept for idempotency keys."""

    calls: dict[str, Callback] = field(default_factory=dict, kw_only=True)
    seats: dict[datetime, set[str]] = field(default_factory=dict, kw_only=True)
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.kept: dict[tuple[str, str, str], tuple[Any, str | None, datetime]] = {}

    def do(self, verb: str, **said: Any) -> Outcome:
        """Take one step, and return the right answer."""
        try:
            outcome: Outcome = getattr(self, verb)(**said)
        except No as no:
            return no.outcome
        return outcome

    @contextmanager
    def once(self, caller: str, route: str, key: str | None, body: Any) -> Iterator[Answer]:
        """Give the answer kept for a key, or a new one to be kept; a refusal keeps no key."""
        kept = self.kept.get((caller, route, key)) if key else None
        if kept and self.now < kept[2] + KEY_LIFE:
            if kept[0] != body:
                raise No("idempotency_key_reused")
            yield Answer(kept[1], is_new=False)
            return
        answer = Answer(None, is_new=True)
        yield answer
        if key:
            self.kept[caller, route, key] = body, answer.about, self.now

    # --- Users ---------------------------------------------------------------------------------------------------

    def book(self, user: str, topic: str, starts_at: datetime | None, key: str | None) -> Outcome:
        tenant = USERS[user].tenant_id
        self._require_choice(user, starts_at)
        with self.once(user, "callbacks", key, (topic, starts_at)) as answer:
            if answer.is_new:
                quarters = self._slot(topic, starts_at)
                if self._open(tenant):
                    raise No("callback_open")
                answer.about = f"c{len(self.calls) + 1:02}"
                self._require_room(answer.about, [], quarters)
                self._count_for_user("booked", user, MAX_BOOKINGS)
                self._shift(answer.about, [], quarters)
                joined_at = None if quarters else self.now
                self.calls[answer.about] = Callback(answer.about, tenant, user, topic, quarters, self.now, joined_at)
                data = {"topic": topic, "version": 0, "starts_at": text_of(starts_at)}
                self._write(tenant, "callback.booked", answer.about, "user", user, **data)
        return Outcome(201, None, answer.about)

    def move(self, user: str, callback: str, starts_at: datetime | None) -> Outcome:
        self._require_choice(user, starts_at)
        found = self._own(self.calls, callback, USERS[user].tenant_id)
        quarters = found.quarters if found.starts_at == starts_at else self._slot(found.topic, starts_at)
        if found.state(self.now) not in OPEN:
            raise No("callback_closed")
        if quarters != found.quarters:
            earlier = found.starts_at
            self._require_room(callback, found.quarters, quarters)
            self._count_for_user("booked", user, MAX_BOOKINGS)
            self._shift(callback, found.quarters, quarters)
            found.quarters, found.version = quarters, found.version + 1
            found.joined_at = None if quarters else self.now
            found.taken_by = found.person = found.left_at = None
            data = {
                "version": found.version,
                "starts_at": text_of(starts_at),
                "earlier_starts_at": text_of(earlier),
            }
            self._write(found.tenant, "callback.moved", callback, "user", user, **data)
        return Outcome(200, None, callback)

    def cancel(self, user: str, callback: str) -> Outcome:
        found = self._own(self.calls, callback, USERS[user].tenant_id)
        if found.closed_as != "cancelled":
            if found.state(self.now) not in OPEN:
                raise No("callback_closed")
            self._shift(callback, found.quarters, [])
            found.closed_as, found.version, found.left_at = "cancelled", found.version + 1, None
            self._write(found.tenant, "callback.cancelled", callback, "user", user, version=found.version)
        return Outcome(200, None, callback)

    # --- Agents --------------------------------------------------------------------------------------------------

    def take(self, agent: str, callback: str) -> Outcome:
        self._require_active(agent)
        found = self._any(callback)
        if found.state(self.now) not in OPEN:
            raise No("callback_closed")
        if found.taken_by not in (None, agent):
            raise No("already_taken")
        if found.taken_by is None:
            if found.starts_at and self.now < found.starts_at - TAKEN_AHEAD:
                raise No("too_early")
            found.taken_by, found.person, found.left_at = agent, self._person(agent), None
            found.taken_name = self._name_of(("agent", agent))
            self._write(found.tenant, "callback.taken", callback, "agent", agent)
        return Outcome(200, None, callback)

    def release(self, agent: str, callback: str) -> Outcome:
        self._require_active(agent)
        found = self._any(callback)
        if found.state(self.now) not in OPEN:
            raise No("callback_closed")
        if found.taken_by not in (None, agent):
            raise No("not_yours")
        if found.taken_by:
            found.taken_by = found.person = None
            self._write(found.tenant, "callback.released", callback, "agent", agent, agent_id=agent)
        return Outcome(200, None, callback)

    def hand(self, agent: str, callback: str, colleague: str) -> Outcome:
        self._require_active(agent)
        if not self._is_active(colleague):
            raise No("input_invalid")
        found = self._any(callback)
        if found.state(self.now) not in OPEN:
            raise No("callback_closed")
        if found.taken_by != colleague:
            if found.taken_by != agent:
                raise No("not_yours")
            found.taken_by, found.person = colleague, self._person(colleague)
            found.taken_name = self._name_of(("agent", colleague))
            data = {"agent_id": colleague, "earlier_agent_id": agent}
            self._write(found.tenant, "callback.handed", callback, "agent", agent, **data)
        return Outcome(200, None, callback)

    def close(self, agent: str, callback: str, outcome: str) -> Outcome:
        self._require_active(agent)
        found = self._any(callback)
        if found.taken_by != agent:
            raise No("not_yours")
        if found.closed_as not in (None, outcome):
            raise No("callback_closed")
        if found.closed_as is None:
            found.closed_as = outcome
            self._write(found.tenant, "callback.closed", callback, "agent", agent, outcome=outcome)
        return Outcome(200, None, callback)

    # --- What others see -----------------------------------------------------------------------------------------

    def open_callback(self, tenant: str) -> dict[str, Any] | None:
        found = self._open(tenant)
        if found is None:
            return None
        return {
            "callback_id": found.name,
            "kind": "slot" if found.quarters else "queue",
            "state": found.state(self.now),
            "topic": found.topic,
            "starts_at": text_of(found.starts_at),
            "ends_at": text_of(found.ends_at),
            "requested_at": text_of(found.asked_at),
            "requested_by": self.person(found.user),
            "agent": {"id": found.taken_by, "name": found.taken_name} if found.taken_by else None,
            "version": found.version,
        }

    def queue(self, _: str) -> list[str]:
        """Return the call-backs in the queue, first in first; one that was taken stays until it is closed."""
        waiting = [one for one in self.calls.values() if one.joined_at and one.closed_as is None]
        return [one.name for one in sorted(waiting, key=lambda one: str(one.joined_at))]

    def seats_held(self) -> dict[str | None, list[str]]:
        return {text_of(quarter): sorted(names) for quarter, names in self.seats.items() if names}

    def slot_ends(self) -> list[datetime | None]:
        return [one.ends_at for one in self.calls.values()]

    def answered_at(self) -> list[datetime]:
        return [at for _, _, at in self.kept.values()]

    def person(self, user: str | None) -> dict[str, str] | None:
        return {"user_id": user, "name": USERS[user].name} if user else None

    # --- How it follows ------------------------------------------------------------------------------------------

    def _open(self, tenant: str) -> Callback | None:
        found = [one for one in self._of(self.calls, tenant) if one.state(self.now) in OPEN]
        assert len(found) <= 1
        return found[0] if found else None

    def _slot(self, topic: str, starts_at: datetime | None) -> list[datetime]:
        if starts_at is None:
            return []
        if not is_offered(starts_at, topic, self.now):
            raise No("slot_not_offered")
        return quarters_of(starts_at, topic)

    def _require_room(self, name: str, before: list[datetime], after: list[datetime]) -> None:
        """Refuse a slot of which one of the quarter-hours that are new to the call-back is taken."""
        if any(len(self.seats.get(quarter, set()) - {name}) >= LINES for quarter in after if quarter not in before):
            raise No("slot_taken")

    def _shift(self, name: str, before: list[datetime], after: list[datetime]) -> None:
        """Give up the seats held before and take the others."""
        for quarter in before:
            self.seats[quarter].discard(name)
        for quarter in after:
            self.seats.setdefault(quarter, set()).add(name)

    def _require_choice(self, user: str, starts_at: datetime | None) -> None:
        if starts_at and user in CHOOSES_NO_SLOT:
            raise No("slots_not_offered")

    def _any(self, callback: str) -> Callback:
        if callback not in self.calls:
            raise No("not_found")
        return self.calls[callback]

    def _own[T](self, things: dict[str, T], name: str, tenant: str) -> T:
        found = things.get(name)
        if found is None or getattr(found, "tenant") != tenant:  # noqa: B009 # each kind of thing has it
            raise No("not_found")
        return found

    def _of[T](self, things: dict[str, T], tenant: str) -> list[T]:
        return [one for one in things.values() if getattr(one, "tenant") == tenant]  # noqa: B009

    def _drop_takes_of(self, agent: str, person: int) -> None:
        """A leaver's call-back counts as not taken, as long as it is open."""
        for one in self.calls.values():
            if (one.taken_by, one.person, one.closed_as) == (agent, person, None):
                one.taken_by, one.person, one.left_at = None, None, self.now

    def _is_active(self, agent: str) -> bool:
        raise NotImplementedError

    def _person(self, agent: str) -> int:
        raise NotImplementedError

    def _name_of(self, grantee: tuple[str, str]) -> str:
        raise NotImplementedError

    def _require_active(self, agent: str) -> None:
        raise NotImplementedError

    def _count_for_user(self, what: str, user: str, limit: int) -> None:
        raise NotImplementedError

    def _write(self, tenant: str, what: str, about: str, by_type: str, by_id: str | None, **data: Any) -> None:
        raise NotImplementedError
