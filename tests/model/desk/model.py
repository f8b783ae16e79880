"""A deliberately naive model of the support desk and its call-backs, written from the rules (20 to 27) alone.

It knows nothing of tables, keys, streams or schedules. Seats, open call-backs, lists and calendars are no records here:
each question is answered by looking at every call there ever was. Calls are named c0001, c0002 … in their order.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any

from tests.model.desk.calls import Call, Mail
from tests.model.desk.cast import AGENTS, BACKEND, CHOOSES_NO_SLOT, USERS
from tests.model.desk.hours import ALL_DAY, Window, day_of, quarters_of
from tests.model.desk.views import AN_HOUR, Seen, View
from tests.model.outcomes import STATUS
from tests.model.wall_clock import text_of

MAX_BOOKINGS_AN_HOUR, MAX_ALTERNATIVES, MAX_DAYS_AHEAD = 20, 3, 14


class Refusal(Exception):
    """A refusal of the model."""

    def __init__(self, code: str, **more: Any) -> None:
        self.answer: View = {"status": STATUS[code], "code": code, **more}
        super().__init__(code)


class Model(Seen):
    """The desk, its agents, and all calls; each step returns the right answer."""

    def __init__(self, now: datetime) -> None:
        super().__init__(now)
        self.active = {agent: agent != "emil" for agent in AGENTS}
        self.mails: list[Mail] = []
        """Mails of the last step."""
        self.entries: list[tuple[str, str]] = []
        """Ledger entries of the last step: what happened to which call."""
        self._counted: Counter[tuple[str, str]] = Counter()

    def do(self, verb: str, **said: Any) -> View:
        """Take one step, and return the right answer."""
        self.mails, self.entries = [], []
        try:
            answer: View = getattr(self, verb)(**said)
        except Refusal as refusal:
            return refusal.answer
        return answer

    # --- Users ---------------------------------------------------------------------------------------------------

    def book(self, user: str, topic: str, starts_at: datetime | None, phone: str, description: str) -> View:
        self._require_choice(user, starts_at)
        if topic not in self.desk.topics:
            raise Refusal("input_invalid")
        if starts_at:
            self._require_offered(starts_at, topic)
        if found := self.open_call(USERS[user].tenant):
            raise Refusal("callback_open", callback=found.view(self.now))
        call = Call(f"c{len(self.calls) + 1:04}", user, topic, starts_at, phone, description, self.now)
        self._require_room(call, starts_at)
        self._count(user)
        call.joined_at = None if starts_at else self.now
        self.calls[call.name] = call
        self._write("callback.booked", call)
        kind = "callback_booked" if starts_at else "callback_waiting"
        self.mails.append(call.mail_of_change(kind, before=None))
        return {**self._done(call), "status": 201}

    def change(self, user: str, callback: str, **put: Any) -> View:
        """Move a call of the user's tenant, or put its number or its text right; absent members stay."""
        self._require_choice(user, put.get("starts_at"))
        return self._change(self._own(user, callback), put, user=user)

    def cancel(self, user: str, callback: str) -> View:
        return self._cancel(self._own(user, callback))

    # --- Support and the vendor ----------------------------------------------------------------------------------

    def move_for(self, actor: str, callback: str, starts_at: datetime | None, reason: str) -> View:
        self._require_active(actor)
        return self._change(self._any(callback), {"starts_at": starts_at}, reason=reason)

    def cancel_for(self, actor: str, callback: str, reason: str) -> View:
        self._require_active(actor)
        return self._cancel(self._any(callback), reason)

    def take(self, agent: str, callback: str) -> View:
        call = self._for_agent(agent, callback)
        if call.taken_by not in (None, agent):
            raise Refusal("already_taken")
        if call.taken_by is None:
            if call.starts_at and self.now < call.starts_at - AN_HOUR:
                raise Refusal("too_early")
            call.taken_by = agent
            self._write("callback.taken", call)
        return self._done(call)

    def release(self, agent: str, callback: str) -> View:
        call = self._for_agent(agent, callback)
        if call.taken_by not in (None, agent):
            raise Refusal("not_yours")
        if call.taken_by:
            call.taken_by = None
            self._write("callback.released", call)
        return self._done(call)

    def hand(self, agent: str, callback: str, colleague: str) -> View:
        self._require_active(agent)
        if not self.active[colleague]:
            raise Refusal("input_invalid")
        call = self._for_agent(agent, callback)
        if call.taken_by != colleague:
            if call.taken_by != agent:
                raise Refusal("not_yours")
            call.taken_by = colleague
            self._write("callback.handed", call)
        return self._done(call)

    def close(self, agent: str, callback: str, outcome: str) -> View:
        self._require_active(agent)
        call = self._any(callback)
        if call.taken_by != agent:
            raise Refusal("not_yours")
        if call.closed_as not in (None, outcome):
            raise Refusal("callback_closed")
        if call.closed_as is None:
            call.closed_as = outcome
            self._write("callback.closed", call)
        return self._done(call)

    def set_agent(self, agent: str, is_active: bool) -> View:
        """Who turns inactive has taken nothing any more; what they closed stays theirs (rules 3 and 22)."""
        if self.active[agent] and not is_active:
            for call in self.calls.values():
                if call.taken_by == agent and call.closed_as is None:
                    call.taken_by, call.has_leaver = None, True
        self.active[agent] = is_active
        return {"status": 200}

    # --- The desk ------------------------------------------------------------------------------------------------

    def set_desk(self, **put: Any) -> View:
        for name, value in put.items():
            setattr(self.desk, name, value)
        return self._with_stranded()

    def close_day(self, day: date, window: Window | None) -> View:
        self.desk.closures[day] = window or ALL_DAY
        return self._with_stranded(callback_ids=self.open_on(day))

    def open_day(self, day: date) -> View:
        self.desk.closures.pop(day, None)
        return self._with_stranded(callback_ids=self.open_on(day))

    def add_hours(self, day: date, window: Window) -> View:
        self.desk.openings[day] = window
        return self._with_stranded()

    def drop_hours(self, day: date) -> View:
        self.desk.openings.pop(day, None)
        return self._with_stranded()

    # --- Time ----------------------------------------------------------------------------------------------------

    def clean_up(self) -> View:
        """Record that leavers' calls are free, and mark the calls that the desk as it is cannot keep."""
        for call in self.calls.values():
            if call.has_leaver:
                self._write("callback.released", call)
        self._mark_stranded()
        return {"status": 200}

    def remind(self) -> View:
        """Mail those whose call begins in an hour."""
        for call in self.calls.values():
            if call.starts_at == self.now + AN_HOUR and call.is_open(self.now) and call.stranded_by is None:
                self.mails.append(call.mail("callback_reminder", about=call.starts_at))
        return {"status": 200}

    # --- How it follows ------------------------------------------------------------------------------------------

    def _change(self, call: Call, put: View, reason: str | None = None, user: str | None = None) -> View:
        before = call.starts_at
        to = put.get("starts_at", before)
        is_move = to != before
        if is_move and to:
            self._require_offered(to, call.topic, **({} if call.topic in self.desk.topics else {"queue_only": True}))
        self._require_open(call)
        corrected = {name: put.get(name, getattr(call, name)) for name in ("phone", "description")}
        if not is_move and corrected == {name: getattr(call, name) for name in corrected}:
            return self._done(call)
        if is_move:
            self._require_room(call, to)
        if user:
            self._count(user)
        if is_move:
            call.starts_at, call.joined_at = to, None if to else self.now
            call.taken_by = call.stranded_by = None
        call.phone, call.description = corrected["phone"], corrected["description"]
        call.version, call.reason = call.version + 1, reason
        self._write("callback.moved", call)
        kind = "callback_changed" if not is_move else "callback_moved" if to else "callback_waiting"
        self.mails.append(call.mail_of_change(kind, before))
        return self._done(call)

    def _cancel(self, call: Call, reason: str | None = None) -> View:
        if call.closed_as != "cancelled":
            self._require_open(call)
            call.closed_as, call.version, call.reason = "cancelled", call.version + 1, reason
            self._write("callback.cancelled", call)
            self.mails.append(call.mail_of_change("callback_cancelled", before=call.starts_at))
        return self._done(call)

    def _with_stranded(self, **more: list[str]) -> View:
        self._mark_stranded()
        stranded = [call for call in self.calls.values() if call.is_ahead(self.now) and call.stranded_by]
        in_order = sorted(stranded, key=lambda call: (call.quarters[0], call.tenant))
        return {"status": 200, "stranded": [call.name for call in in_order], **more}

    def _mark_stranded(self) -> None:
        """Mark the calls ahead that the desk cannot keep; of too many at one time, the first ones stay."""
        held: Counter[datetime] = Counter()
        for call in [one for one in self.calls.values() if one.is_ahead(self.now)]:
            cause = self._cause(call, held)
            held.update([] if cause else call.quarters)
            if cause != call.stranded_by:
                call.stranded_by = cause
                self._write("callback.stranded", call)
                self.mails += [call.mail("callback_stranded", about=call.starts_at)] if cause else []

    def _cause(self, call: Call, held: Counter[datetime]) -> str | None:
        if not all(self.desk.is_worked(quarter) for quarter in call.quarters):
            return "closed"
        if call.topic not in self.desk.topics:
            return "topic"
        return "lines" if any(held[quarter] >= self.desk.lines for quarter in call.quarters) else None

    def _write(self, what: str, call: Call) -> None:
        call.has_leaver = False
        self.entries.append((what, call.name))

    def _done(self, call: Call) -> View:
        return {"status": 200, **call.view(self.now)}

    # --- Refusals ------------------------------------------------------------------------------------------------

    def _require_choice(self, user: str, starts_at: datetime | None) -> None:
        if starts_at and user in CHOOSES_NO_SLOT:
            raise Refusal("slots_not_offered")

    def _require_offered(self, starts_at: datetime, topic: str, **more: bool) -> None:
        if not self.desk.is_offered(starts_at, topic, self.now):
            raise Refusal("slot_not_offered", **more)

    def _require_room(self, call: Call, starts_at: datetime | None) -> None:
        """Refuse a slot with a full quarter-hour that is new to the call; offer the next free slots."""
        own = call.quarters if call.name in self.calls else []
        new = set(quarters_of(starts_at, call.topic) if starts_at else []) - set(own)
        others = Counter(at for one in self.calls.values() if one is not call for at in one.quarters)
        if any(others[quarter] >= self.desk.lines for quarter in new):
            free = list(self.free_slots(call.topic, day_of(self.now), MAX_DAYS_AHEAD + 1))
            later = [one for one in free if one["starts_at"] > str(text_of(starts_at))]
            earlier = [one for one in free if one["starts_at"] < str(text_of(starts_at))]
            raise Refusal("slot_taken", next=(later or earlier[::-1])[:MAX_ALTERNATIVES])

    def _require_open(self, call: Call) -> None:
        if not call.is_open(self.now):
            raise Refusal("callback_closed")

    def _require_active(self, actor: str) -> None:
        if actor != BACKEND and not self.active[actor]:
            raise Refusal("agent_inactive")

    def _for_agent(self, agent: str, callback: str) -> Call:
        self._require_active(agent)
        call = self._any(callback)
        self._require_open(call)
        return call

    def _any(self, callback: str) -> Call:
        if callback not in self.calls:
            raise Refusal("not_found")
        return self.calls[callback]

    def _own(self, user: str, callback: str) -> Call:
        call = self._any(callback)
        if call.tenant != USERS[user].tenant:
            raise Refusal("not_found")
        return call

    def _count(self, user: str) -> None:
        """Refuse the twenty-first booking or change of a user in an hour (rule 16)."""
        hour = user, f"{self.now:%Y-%m-%d %H}"
        if self._counted[hour] >= MAX_BOOKINGS_AN_HOUR:
            raise Refusal("too_many_requests")
        self._counted[hour] += 1
