"""Random stories of a support desk: the steps of customers, agents and the vendor, by turns."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from tests.model.desk.calls import Call
from tests.model.desk.cast import AGENTS, BACKEND, USERS
from tests.model.desk.comparing import Comparing
from tests.model.desk.hours import TOPICS, Window, begin_of, day_of
from tests.model.telling import Choice

A_DAY, A_YEAR = timedelta(days=1), timedelta(days=366)
STARTS = [
    datetime(2026, 11, 23, 12, tzinfo=UTC),
    datetime(2027, 3, 25, 8, tzinfo=UTC),  # before clocks go forward in Berlin, and Easter
    datetime(2027, 10, 28, 8, tzinfo=UTC),  # before they go back, and a holiday
    datetime(2026, 12, 21, 8, tzinfo=UTC),  # before Christmas and a new year
]
SOME_USERS = ["anna", "carla", "lucia", "emma", "omar", "anna", "carla", "lucia", "emma", "omar", "giulia", "kenji"]
SOME_AGENTS = ["sven", "dora", "sven", "dora", "emil"]
"""The likely ones more than once, so that most steps change something."""
ACTORS = [*SOME_AGENTS, BACKEND, BACKEND]
ORDERS = [
    ("+4924144686122", "The import stands still"),
    ("+4924144686122", "The export stands still"),
    ("+34911234567", "The export stands still"),
]
"""Telephone numbers and descriptions."""
REASONS = ["Two colleagues are ill", "We know the answer by now"]
MOSTLY = [True, True, True, False]
DAYS_AHEAD = [1, 2, 0, 3, 1, 1, 0, 6, 13, 14, 15]
PARTS: list[Window | None] = [None, ("09:00", "12:00"), ("10:00", "10:30"), ("14:15", "24:00"), None]
EXTRA: list[Window] = [
    ("18:00", "20:00"),
    ("01:00", "04:00"),
    ("10:00", "13:00"),
    ("00:00", "02:30"),
    ("22:00", "24:00"),
]
"""Some lie in the hours that a clock change skips or repeats."""
NOT_OFFERED = [timedelta(hours=hours, minutes=minutes) for hours, minutes in [(9, 0), (3, 45), (17, 45), (10, 7)]]
"""Times of a day, since its begin, that are not offered on most days."""
EDGE_SECONDS = [0, -1, 1, 0]
CUSTOMERS = ["book"] * 8 + ["queue_up"] * 3 + ["move"] * 4 + ["correct"] * 3 + ["give_up_slot", "cancel"]
SUPPORT = ["take"] * 7 + ["close"] * 4 + ["release", "release", "hand", "hand", "move_for", "queue_for", "cancel_for"]
CLOSING = ["close_day"] * 3 + ["open_day"] * 2 + ["add_hours"] * 3 + ["drop_hours", "set_topics", "set_topics"]
VENDOR = [*CLOSING, "set_lines", "set_hours", "set_horizon", "leave", "come_back", "come_back"]
TIME = ["wait_for_an_edge"] * 8 + ["wait_an_hour"] * 2 + ["next_morning"] * 5 + ["clean_up", "repeat_news"]
THEMES = {
    "everything": [*CUSTOMERS, *SUPPORT, *VENDOR, *TIME],
    "agents": [*CUSTOMERS, *SUPPORT, *SUPPORT, "leave", "leave", "come_back", "come_back", "clean_up", *TIME],
    "stranding": [*CUSTOMERS, *CLOSING, "set_lines", "set_horizon", "clean_up", *TIME[:10]],
}
NEEDED = dict.fromkeys({*CUSTOMERS, *SUPPORT} - {"book", "queue_up"}, "calls")


class DeskStories(Comparing):
    """Stories of a desk on the real handlers."""

    themes: ClassVar[dict[str, list[str]]] = THEMES
    starts: ClassVar[list[datetime]] = STARTS
    needed: ClassVar[dict[str, str]] = NEEDED

    # --- Customers -----------------------------------------------------------------------------------------------

    def _book(self, one_of: Choice) -> None:
        user, topic, (phone, text) = self._caller(one_of), one_of(list(TOPICS)), one_of(ORDERS)
        starts_at = self._slot(one_of, topic)
        said = f"{user} books a {topic} {_at(starts_at)}"
        self._step(said, "book", user=user, topic=topic, starts_at=starts_at, phone=phone, description=text)

    def _queue_up(self, one_of: Choice) -> None:
        user, topic = self._caller(one_of), one_of(list(TOPICS))
        said = {"user": user, "topic": topic, "starts_at": None, "phone": ORDERS[0][0], "description": ORDERS[0][1]}
        self._step(f"{user} joins the queue for a {topic}", "book", **said)

    def _move(self, one_of: Choice) -> None:
        user, callback = self._user_and_call(one_of)
        starts_at = self._slot(one_of, self.model.calls[callback].topic)
        self._step(
            f"{user} moves {callback} {_at(starts_at)}", "change", user=user, callback=callback, starts_at=starts_at
        )

    def _give_up_slot(self, one_of: Choice) -> None:
        user, callback = self._user_and_call(one_of)
        self._step(f"{user} moves {callback} to the queue", "change", user=user, callback=callback, starts_at=None)

    def _correct(self, one_of: Choice) -> None:
        user, callback = self._user_and_call(one_of)
        put = one_of([["phone"], ["description"], ["phone", "description"], ["starts_at", "phone"]])
        (phone, text), starts_at = one_of(ORDERS), self.model.calls[callback].starts_at
        values = {"phone": phone, "description": text, "starts_at": starts_at}
        change = {name: values[name] for name in put}
        self._step(f"{user} puts {put} of {callback} right", "change", user=user, callback=callback, **change)

    def _cancel(self, one_of: Choice) -> None:
        user, callback = self._user_and_call(one_of)
        self._step(f"{user} cancels {callback}", "cancel", user=user, callback=callback)

    # --- Support -------------------------------------------------------------------------------------------------

    def _take(self, one_of: Choice) -> None:
        ready = [one for one in self._open() if not one.taken_by and self._is_ready(one)]
        callback = one_of(ready).name if ready and _is_likely(one_of) else self._newest(one_of)
        agent = one_of(SOME_AGENTS)
        self._step(f"{agent} takes {callback}", "take", agent=agent, callback=callback)

    def _release(self, one_of: Choice) -> None:
        agent, callback = self._agent_and_call(one_of)
        self._step(f"{agent} releases {callback}", "release", agent=agent, callback=callback)

    def _hand(self, one_of: Choice) -> None:
        agent, callback = self._agent_and_call(one_of)
        colleague = one_of(SOME_AGENTS)
        said = f"{agent} hands {callback} on to {colleague}"
        self._step(said, "hand", agent=agent, callback=callback, colleague=colleague)

    def _close(self, one_of: Choice) -> None:
        agent, callback = self._agent_and_call(one_of)
        outcome = one_of(["reached", "unreached"])
        self._step(f"{agent} closes {callback}: {outcome}", "close", agent=agent, callback=callback, outcome=outcome)

    def _move_for(self, one_of: Choice) -> None:
        actor, callback, reason = one_of(ACTORS), self._newest(one_of), one_of(REASONS)
        starts_at = self._slot(one_of, self.model.calls[callback].topic)
        said = f"{actor} moves {callback} {_at(starts_at)}: {reason}"
        self._step(said, "move_for", actor=actor, callback=callback, starts_at=starts_at, reason=reason)

    def _queue_for(self, one_of: Choice) -> None:
        actor, callback, reason = one_of(ACTORS), self._newest(one_of), one_of(REASONS)
        said = f"{actor} moves {callback} to the queue: {reason}"
        self._step(said, "move_for", actor=actor, callback=callback, starts_at=None, reason=reason)

    def _cancel_for(self, one_of: Choice) -> None:
        actor, callback, reason = one_of(ACTORS), self._newest(one_of), one_of(REASONS)
        said = f"{actor} cancels {callback}: {reason}"
        self._step(said, "cancel_for", actor=actor, callback=callback, reason=reason)

    def _leave(self, one_of: Choice) -> None:
        takers = sorted({one.taken_by for one in self._open() if one.taken_by})
        agent = one_of(takers or SOME_AGENTS)
        self._step(f"{agent} leaves", "set_agent", agent=agent, is_active=False)

    def _come_back(self, one_of: Choice) -> None:
        agent = one_of([agent for agent in AGENTS if not self.model.active[agent]] or SOME_AGENTS)
        self._step(f"{agent} comes back", "set_agent", agent=agent, is_active=True)

    # --- The vendor ----------------------------------------------------------------------------------------------

    def _close_day(self, one_of: Choice) -> None:
        day, window = self._booked_day(one_of), one_of(PARTS)
        self._step(f"The desk is closed on {day}, {window or 'all day'}", "close_day", day=day, window=window)

    def _open_day(self, one_of: Choice) -> None:
        day = one_of(sorted(self.model.desk.closures, reverse=True)[:3] or [self._day(one_of)])
        self._step(f"The desk is open again on {day}", "open_day", day=day)

    def _add_hours(self, one_of: Choice) -> None:
        days = [day_of(self.model.now + number * A_DAY) for number in range(1, 14)]
        changes = [day for day in days if begin_of(day + A_DAY) - begin_of(day) != A_DAY]
        day = one_of(changes if changes and _is_likely(one_of) else [day for day in days if day.weekday() > 3] or days)
        window = one_of(EXTRA if day not in changes else EXTRA[1:2])
        self._step(f"The desk works on {day}, {window}", "add_hours", day=day, window=window)

    def _drop_hours(self, one_of: Choice) -> None:
        day = one_of(sorted(self.model.desk.openings, reverse=True)[:3] or [self._day(one_of)])
        self._step(f"The extra hours of {day} are deleted", "drop_hours", day=day)

    def _set_topics(self, one_of: Choice) -> None:
        topics = one_of([list(TOPICS), ["question"], list(TOPICS), ["consultation", "technical"]])
        self._set_desk(f"The topics are {topics}", topics=topics)

    def _set_lines(self, one_of: Choice) -> None:
        lines = one_of([1, 2, 3])
        self._set_desk(f"The desk has {lines} lines", lines=lines)

    def _set_hours(self, one_of: Choice) -> None:
        until = one_of(["18:00", "16:00", "18:00"])
        self._set_desk(f"The desk works until {until}", until=until)

    def _set_horizon(self, one_of: Choice) -> None:
        days = one_of([14, 1, 14, 5])
        self._set_desk(f"Calls are booked at most {days} days ahead", horizon_days=days)

    def _set_desk(self, said: str, **put: Any) -> None:
        names = ("lines", "until", "horizon_days", "topics")
        self._step(said, "set_desk", **{name: getattr(self.model.desk, name) for name in names} | put)

    # --- Time ----------------------------------------------------------------------------------------------------

    def _wait_for_an_edge(self, one_of: Choice) -> None:
        edges = self.model.edges()[:3] or [self.model.now + timedelta(hours=3)]
        self._wait_until(max(one_of(edges) + timedelta(seconds=one_of(EDGE_SECONDS)), self.model.now))

    def _wait_an_hour(self, _: Choice) -> None:
        self._wait_until(self.model.now + timedelta(hours=1))

    def _next_morning(self, _: Choice) -> None:
        self._wait_until(begin_of(day_of(self.model.now) + A_DAY) + timedelta(hours=8, minutes=50))

    def _clean_up(self, _: Choice) -> None:
        self._wait_until(self.model.now + timedelta(minutes=2))  # an end is written down a minute after it
        self._step("The clean-up runs", "clean_up")

    def _repeat_news(self, _: Choice) -> None:
        self._say("The stream's last records come again")
        self._same("the mails", [], self.product.repeat_news()[0])

    # --- What is chosen ------------------------------------------------------------------------------------------

    def _open(self) -> list[Call]:
        return [call for call in self.model.calls.values() if call.is_open(self.model.now)]

    def _is_ready(self, call: Call) -> bool:
        return call.starts_at is None or call.starts_at - timedelta(hours=1) <= self.model.now

    def _newest(self, one_of: Choice) -> str:
        """Choose a call, mostly an open one."""
        found = self._open()[::-1]
        return one_of(found).name if found and _is_likely(one_of) else one_of.newest(self.model.calls)

    def _caller(self, one_of: Choice) -> str:
        """Choose a user, mostly of a tenant that waits for no call."""
        free = [user for user in SOME_USERS if not self.model.open_call(USERS[user].tenant)]
        return one_of(free if free and _is_likely(one_of) else SOME_USERS)

    def _user_and_call(self, one_of: Choice) -> tuple[str, str]:
        callback = self._newest(one_of)
        own = [user for user in USERS if USERS[user].tenant == self.model.calls[callback].tenant]
        return one_of(own if _is_likely(one_of) else SOME_USERS), callback

    def _agent_and_call(self, one_of: Choice) -> tuple[str, str]:
        taken = [call for call in self._open() if call.taken_by][::-1]
        callback = one_of(taken).name if taken and _is_likely(one_of) else self._newest(one_of)
        own = self.model.calls[callback].taken_by
        return own if own and _is_likely(one_of) else one_of(SOME_AGENTS), callback

    def _day(self, one_of: Choice) -> date:
        return day_of(self.model.now) + one_of(DAYS_AHEAD) * A_DAY

    def _booked_day(self, one_of: Choice) -> date:
        booked = [day_of(one.starts_at) for one in self._open() if one.starts_at]
        return one_of(booked) if booked and _is_likely(one_of) else self._day(one_of)

    def _slot(self, one_of: Choice, topic: str) -> datetime:
        """Choose a time: mostly an offered one, a contended one, one in extra hours, or one not offered."""
        day, how = self._day(one_of), one_of([*["offered"] * 6, *["contended"] * 4, "extra", "extra", "off"])
        contended = [one.quarters[-1] for one in self._open() if one.quarters]
        if how == "contended" and contended:
            return one_of(contended)
        extra = [day for day in self.model.desk.openings if day >= day_of(self.model.now)]
        if how == "extra" and extra:
            day = extra[-1]
        offered = list(self.model.desk.offered(topic, self.model.now, day, 1))
        if how == "off" or not offered:
            return begin_of(day) + one_of(NOT_OFFERED)
        return one_of([offered[0], *offered[:2], offered[-1], offered[len(offered) // 2]])


def _is_likely(one_of: Choice) -> bool:
    return one_of(MOSTLY)


def _at(starts_at: datetime | None) -> str:
    return f"for {starts_at:%Y-%m-%d %H:%MZ}" if starts_at else "to the queue"
