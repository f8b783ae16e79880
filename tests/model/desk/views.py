"""What the users and agents of a desk's year see, by the model: each answer comes from looking at every call."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.model.desk.calls import Call
from tests.model.desk.hours import Desk, day_of, quarters_of
from tests.model.wall_clock import LEAD, QUARTER, text_of

AN_HOUR = timedelta(hours=1)
View = dict[str, Any]


@dataclass
class Seen:
    """The desk and all calls there ever were, by their names, at a moment."""

    now: datetime
    desk: Desk = field(default_factory=Desk)
    calls: dict[str, Call] = field(default_factory=dict)

    def open_call(self, tenant: str) -> Call | None:
        found = [call for call in self.calls.values() if call.tenant == tenant and call.is_open(self.now)]
        assert len(found) <= 1
        return found[0] if found else None

    def open_view(self, tenant: str) -> View | None:
        found = self.open_call(tenant)
        return found.view(self.now) if found else None

    def lists(self, agent: str, day: date) -> dict[str, list[View]]:
        waiting = [call for call in self.calls.values() if call.joined_at and call.closed_as is None]
        taken = [call for call in self.calls.values() if call.taken_by == agent and call.closed_as is None]
        return {
            "booked": [one.view(self.now) for one in self._booked_on(day)],
            "waiting": [one.view(self.now) for one in sorted(waiting, key=lambda one: str(one.joined_at))],
            "taken": [one.view(self.now) for one in taken],
        }

    def seats(self) -> dict[str | None, list[str]]:
        held: dict[str | None, list[str]] = {}
        for call in self.calls.values():
            for quarter in call.quarters:
                held.setdefault(text_of(quarter), []).append(call.name)
        return held

    def calendars(self) -> dict[str, tuple[datetime, datetime | None]]:
        """Return the one event of each call that has a slot and was not cancelled."""
        return {call.name: (call.quarters[0], call.ends_at) for call in self.calls.values() if call.quarters}

    def free_slots(self, topic: str, first: date, days: int) -> Iterator[View]:
        held = Counter(quarter for call in self.calls.values() for quarter in call.quarters)
        for starts_at in self.desk.offered(topic, self.now, first, days):
            quarters = quarters_of(starts_at, topic)
            if free := max(0, self.desk.lines - max(held[quarter] for quarter in quarters)):
                yield {"starts_at": text_of(starts_at), "ends_at": text_of(quarters[-1] + QUARTER), "free": free}

    def open_on(self, day: date) -> list[str]:
        """Return the open calls that begin on a day of the desk, by time."""
        found = [one for one in self._booked_on(day) if one.is_open(self.now)]
        return [one.name for one in found]

    def reminders(self) -> list[tuple[str, datetime]]:
        """Return the reminders to come: which call, and when."""
        ahead = [call for call in self.calls.values() if call.is_ahead(self.now) and call.stranded_by is None]
        found = [(call.name, call.starts_at - AN_HOUR) for call in ahead if call.starts_at]
        return sorted((name, at) for name, at in found if at > self.now)

    def edges(self) -> list[datetime]:
        """Return the moments to come at which something begins or ends for an open call, the next one first."""
        slots = [call.quarters for call in self.calls.values() if call.quarters and call.is_open(self.now)]
        times = {at for one in slots for at in (one[0] - LEAD, one[0] - AN_HOUR, one[0], one[-1] + QUARTER)}
        return sorted(at for at in times if at > self.now)

    def _booked_on(self, day: date) -> list[Call]:
        found = [call for call in self.calls.values() if call.quarters and day_of(call.quarters[0]) == day]
        return sorted(found, key=lambda one: (one.quarters, one.name))
