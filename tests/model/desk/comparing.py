"""How a story of a desk is told to the model and to the product, and compared.

After each step these are compared: the answer, the mails with their invitations, the ledger's entries, the customer's
open call and an agent's lists; once a day, and at the end, everything.
"""

from contextlib import ExitStack
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from tests.model.desk.calls import Mail
from tests.model.desk.cast import AGENTS, TENANTS
from tests.model.desk.hours import day_of
from tests.model.desk.model import Model
from tests.model.desk.on_handlers import Handlers
from tests.model.telling import PAUSE, Telling

A_YEAR = timedelta(days=366)


class Comparing(Telling):
    """One story of a desk, of at most a year."""

    bookings: ClassVar[int] = 0
    mails: ClassVar[int] = 0
    """Counted over all stories of a run."""

    model: Model
    product: Handlers

    def __init__(self) -> None:
        super().__init__()
        self._opened = ExitStack()

    def open_model(self, at: datetime) -> Model:
        self._over_at, self._looked_on = at + A_YEAR, day_of(at)
        return Model(at)

    def open_product(self, at: datetime) -> Handlers:
        return Handlers(at, self._opened)

    def set_clock(self, to: datetime) -> None:
        self.product.set_clock(to)

    def close_product(self) -> None:
        self._opened.close()

    def step(self, choices: tuple[int, ...]) -> None:
        """Take a step, if the year is not over."""
        if self.model.now < self._over_at:
            super().step(choices)

    def end(self) -> None:
        self._look_at_all()
        super().end()

    # --- How a step is told --------------------------------------------------------------------------------------

    def _step(self, sentence: str, verb: str, **said: Any) -> None:
        self._say(sentence)
        expected, found = self.model.do(verb, **said), self.product.do(verb, **said)
        self.sentences[-1] += f" → {expected.get('code') or expected.get('callback_id') or expected['status']}"
        self._same("the answer", expected, found)
        type(self).bookings += expected["status"] == 201
        self._hear_news()
        if "callback_id" in expected:
            call = self.model.calls[expected["callback_id"]]
            self._same("the open call", self.model.open_view(call.tenant), self.product.open_view(call.tenant))
            self._look_at_lists(day_of(call.starts_at or self.model.now))
        self._tick()

    def _wait_until(self, to: datetime) -> None:
        self._say(f"Time passes until {to:%Y-%m-%d %H:%M:%S}")
        self._pass_time(to)
        if day_of(to) != self._looked_on:
            self._looked_on = day_of(to)
            self._look_at_all()

    def _tick(self) -> None:
        self._pass_time(self.model.now + PAUSE)

    def _pass_time(self, to: datetime) -> None:
        """Move the clocks; on the way the schedules fire, each at its moment."""
        for at in sorted({to, *(at for _, at in self.model.reminders() if at <= to)}):
            self.model.now = at
            self.set_clock(at)
            self.model.do("remind")
            self.product.do("remind")
            self._hear_news()

    def _hear_news(self) -> None:
        mailed, entries = self.product.news()
        self._same("the entries", sorted(self.model.entries), sorted(entries))
        expected, found = sorted(self.model.mails, key=_order), sorted(mailed, key=lambda one: _order(one[0]))
        self._same("the mails", [one._replace(shows=()) for one in expected], [mail for mail, _ in found])
        for mail, (_, text) in zip(expected, found, strict=True):
            missing = [one for one in mail.shows if one not in text]
            self._same(f"texts missing in the mail {mail}", [], missing)
        type(self).mails += len(found)

    def _look_at_lists(self, day: date) -> None:
        for agent in [agent for agent in AGENTS if self.model.active[agent]][:1]:
            expected, found = self.model.lists(agent, day), self.product.lists(agent, day)
            for name, one in expected.items():
                self._same(f"{agent}'s list {name} of {day}", one, found[name])

    def _look_at_all(self) -> None:
        for tenant in TENANTS:
            self._same(f"the open call of {tenant}", self.model.open_view(tenant), self.product.open_view(tenant))
        keys = self.product.open_keys()
        open_calls = {tenant: call.name for tenant in TENANTS if (call := self.model.open_call(tenant))}
        self._same("the open keys", open_calls, {tenant: keys.get(tenant) for tenant in open_calls})
        self._same("the seats", self.model.seats(), self.product.seats())
        self._same("the reminders", self.model.reminders(), self.product.reminders())
        shown = {
            name: (one.starts_at, one.ends_at)
            for name, one in self.product.calendars.items()
            if one.method == "REQUEST"
        }
        self._same("the calendars", self.model.calendars(), shown)
        for agent in AGENTS:
            if self.model.active[agent]:
                taken = self.model.lists(agent, day_of(self.model.now))["taken"]
                self._same(f"taken by {agent}", taken, self.product.lists(agent, day_of(self.model.now))["taken"])
        topic = self.model.desk.topics[-1]
        first = day_of(self.model.now)
        free = list(self.model.free_slots(topic, first, 3))
        self._same(f"the slots for a {topic}", free, self.product.free_slots("omar", topic, first, 3))


def _order(mail: Mail) -> tuple[str, str]:
    return mail.to, mail.kind
