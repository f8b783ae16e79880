"""The order of grants, revokes, logins and voidings, told by ledger numbers while clocks differ (rule 9).

Each step of a random story runs under a clock that is up to two seconds off. An oracle that knows only the ledger says
which logins are open. The overview must agree; a check may take a login for over, never the reverse.
"""

import random
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import time_machine

from tests import factories, table
from tests.doors import Told
from tests.edge import post
from tests.model.lockdown import Doorkeeper
from tests.model.on_handlers import Handlers
from tests.model.on_rules import Rules
from tests.rows_and_columns import rounds

START = datetime(2027, 3, 1, 10, tzinfo=UTC)
SKEW_SECONDS = 2
STEPS = 14
GRANTEES = [("agent", "sven"), ("department", "support")]
PAUSES = [0, 0, 0, 1, 1, 2, 5, 600, 3595, 3598, 3599, 3600, 3601, 3602]
"""Seconds between two steps: most follow each other at once, some fall around the end of an hour's grant."""
VERBS = [*["let_in"] * 3, *["revoke"] * 2, *["enter"] * 3, "lock", "lift", "lift_and_void"]


class Span(NamedTuple):
    """A grant as the ledger tells of it: the number of its entry and that of its revoke or voiding, and its times."""

    given: int
    given_at: datetime
    cut_off: int | None
    ends_at: datetime

    def outlasts(self, number: int, at: datetime) -> bool:
        """Say whether it had not ended when the entry of this number and time was written."""
        return number < self.cut_off if self.cut_off else at <= self.ends_at

    def is_over(self, now: datetime) -> bool:
        return self.cut_off is not None or self.ends_at <= now


class Seen(NamedTuple):
    """How often the product and the oracle differed in a story, and in how many comparisons."""

    compared: int
    differences: Counter[str]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spans_of(ledger: list[dict[str, Any]], voidings: list[Told]) -> dict[str, Span]:
    spans = {}
    for entry in (entry for entry in ledger if entry["what"] == "grant.given"):
        name, number, ends_at = entry["about"], entry["seq"], at(entry["data"]["ends_at"])
        cuts = [one["seq"] for one in ledger if (one["what"], one["about"]) == ("grant.revoked", name)]
        cuts += [seq for seq, voided_at, _ in voidings if number < seq and voided_at < ends_at]
        spans[name] = Span(number, at(entry["at"]), min(cuts, default=None), ends_at)
    return spans


def cover_of(login: dict[str, Any], spans: dict[str, Span]) -> set[str]:
    """Return the grants that cover the agent from the login on without a gap, by looking at each pair of them."""
    number, moment = login["seq"], at(login["at"])
    able = {name: span for name, span in spans.items() if span.outlasts(number, moment)}
    cover = {name for name, span in able.items() if span.given < number}
    while more := {
        name
        for name, span in able.items()
        if name not in cover and any(able[other].outlasts(span.given, span.given_at) for other in cover)
    }:
        cover |= more
    return cover


class OrderStory:
    """One story, told to a product under skewed clocks."""

    def __init__(self, product: Any, set_clock: Callable[[datetime], None], seed: int) -> None:
        self._product, self._set_clock = product, set_clock
        self._door: Doorkeeper = product.doorkeepers["acme"]
        self._draw = random.Random(seed)
        self._time = START
        self._names: dict[str, list[str]] = {"let_in": [], "enter": []}
        self._sentences = [f"seed {seed}"]
        self._seen = Seen(0, Counter())

    def tell(self) -> Seen:
        """Take the steps, and look at every login after each."""
        for _ in range(STEPS):
            self._time += timedelta(seconds=self._draw.choice(PAUSES))
            getattr(self, f"_{self._draw.choice(VERBS)}")()
            self._look()
        return self._seen

    def _let_in(self) -> None:
        grantee = self._draw.choice(GRANTEES)
        self._do("let_in", user="anna", grantee=grantee, period="1h", may_export=False, key=None)

    def _revoke(self) -> None:
        if self._names["let_in"]:
            self._do("revoke", user="anna", grant=self._draw.choice(self._names["let_in"]))

    def _enter(self) -> None:
        self._do("enter", agent="sven", tenant="acme", ticket=None, key=None)

    def _lock(self) -> None:
        if not self._door.is_locked:
            self._do("move_door", tenant="acme", move="lock")

    def _lift(self) -> None:
        if self._door.is_locked:
            self._do("move_door", tenant="acme", move="lift")

    def _lift_and_void(self) -> None:
        if self._door.is_locked:
            self._do("move_door", tenant="acme", move="lift_and_void")

    def _do(self, verb: str, **said: Any) -> None:
        now = self._skew()
        outcome = self._product.do(verb, **said)
        self._sentences.append(f"{now:%H:%M:%S} {verb} {said} → {outcome}")
        if outcome.status == 201:
            self._names[verb].append(outcome.about)

    def _look(self) -> None:
        now = self._skew()
        ledger = self._product.ledger_views("acme")
        spans = spans_of(ledger, self._door.voidings)
        shown = {one["login_id"]: one for one in self._product.login_views("acme")}
        for login in (entry for entry in ledger if entry["what"] == "login.recorded"):
            name, cover = login["about"], cover_of(login, spans)
            is_void = any(login["seq"] < seq for seq, *_ in [*self._door.voidings, *self._door.login_voidings])
            is_over = is_void or all(spans[one].is_over(now) for one in cover)
            assert is_over or not self._door.is_locked
            is_allowed = self._product.check("acme", "sven", "enter", name)["allowed"]
            differences = {
                "overview": (shown[name]["ended_at"] is not None) != is_over,
                "falsely open": is_allowed and is_over,
                "falsely shut": not is_allowed and not is_over,
                "shut without a reason": not (is_allowed or is_void)
                and any(spans[one].given < login["seq"] and not spans[one].is_over(now) for one in cover),
            }
            self._seen.differences.update(kind for kind, is_different in differences.items() if is_different)
            self._seen = self._seen._replace(compared=self._seen.compared + 1)
            bad = [kind for kind in differences if differences[kind] and kind != "falsely shut"]
            assert not bad, "\n".join([*self._sentences, f"{now:%H:%M:%S} {name}: {bad}, {shown[name]}"])

    def _skew(self) -> datetime:
        now = self._time + timedelta(seconds=self._draw.randint(-SKEW_SECONDS, SKEW_SECONDS))
        self._set_clock(now)
        return now


def on_rules(seed: int) -> Seen:
    product = Rules(START)
    return OrderStory(product, lambda now: setattr(product, "now", now), seed).tell()


def on_handlers(seed: int) -> Seen:
    with ExitStack() as opened:
        clock = opened.enter_context(time_machine.travel(START, tick=False))
        opened.enter_context(table.on_moto())
        factories.sample_world()
        opened.enter_context(post.fake_ses())
        return OrderStory(Handlers(), clock.move_to, seed).tell()


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("tell", "stories"),
    [(on_rules, rounds(2_000, gate=100)), (on_handlers, rounds(2_000, gate=20))],
    ids=["rules", "handlers"],
)
def test_ledger_numbers_tell_the_order_while_clocks_differ(
    tell: Callable[[int], Seen], stories: int, measured: Callable[[str], None]
) -> None:
    seen = [tell(seed) for seed in range(stories)]
    compared, found = sum(one.compared for one in seen), sum((one.differences for one in seen), Counter[str]())
    measured(f"{stories} stories, {compared} comparisons: {dict(found)}")

    assert compared > 5 * stories
    assert set(found) <= {"falsely shut"}
