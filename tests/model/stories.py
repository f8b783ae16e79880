"""Random stories, told step by step to the naive model and to the product, which must answer and look alike.

A story is a list of sentences. When one fails, Hypothesis shortens it and prints the sentences that are left. Things
are picked by their age, the newest first, so that a story stays a story when steps are left out.
"""

import os
import random
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from time import perf_counter
from typing import Any, ClassVar, NoReturn

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.model.outcomes import Outcome
from tests.model.wall_clock import DESK_ZONE, MINUTES, at_the_desk
from tests.model.world import USERS, World

NIGHTLY = os.environ.get("GUESTKEY_NIGHTLY") == "1"
GATE_SEED = 20261127
SUMMARY = "model"
"""The property of a test that `tests/conftest.py` prints at the end: how much was told, and by which seed."""
PAUSE = timedelta(seconds=2)
"""Time between two steps. A user's change claims priority on the ledger for a second, even one that is then refused:
agents and the clean-up stand back meanwhile (rule 21), which under a clock that stands still would never end."""
STARTS = [
    datetime(2026, 11, 23, 12, tzinfo=UTC),
    datetime(2027, 3, 27, 10, tzinfo=UTC),  # the day before clocks go forward in Berlin
    datetime(2027, 10, 30, 11, 30, tzinfo=UTC),  # the day before they go back
    datetime(2027, 1, 31, 11, tzinfo=UTC),  # a day that February does not have
    datetime(2027, 4, 29, 20, tzinfo=UTC),  # the evening before midnight is skipped in Cairo
]
WAITS = {
    "a minute": timedelta(minutes=1),
    "six minutes": timedelta(minutes=6),
    "an hour": timedelta(hours=1),
    "five hours": timedelta(hours=5),
    "a day": timedelta(days=1),
    "eight days": timedelta(days=8),
    "forty days": timedelta(days=40),
    "190 days": timedelta(days=190),
}
EDGE = {"a second before": -1, "exactly": 0, "a second after": 1}
TENANTS, AGENTS, ACTIONS = ["acme", "globex"], ["sven", "dora", "emil"], ["enter", "export"]
DEPARTMENTS = [(), ("support",), ("development",), ("support", "development")]
GRANTEES = [
    *(("agent", agent) for agent in [*AGENTS, "frieda"]),
    *(("department", department) for department in ("support", "development")),
]
PERIODS = ["1h", "2h", "4h", "today", "1w", "2w", "1mo", "permanent"]
NAMING = ("grant_id", "request_id", "login_id", "about")
"""Members that name the subject of a view or an entry."""
ZONES = {"acme": ["Europe/Berlin", "Africa/Cairo"], "globex": ["America/New_York", "Europe/Berlin"]}
APPROVERS = {
    "acme": [("anna@acme.example", "giulia@acme.example"), ("anna@acme.example",), ()],
    "globex": [("carla@globex.example",), ()],
}

RECIPIENTS = [None, None, ("anna@acme.example",), ("ben@acme.example",)]
SOME_TENANTS = [*TENANTS, *TENANTS, "initech"]
MAX_CHOICES = 7
"""The kind of a step, and its members."""
NO_YES = [False, True]
DAYS_AHEAD, CLOCKS = [1, 0, 2, 3, 14, 15], ["09:00", "09:15", "17:45", "08:45", "09:05"]
ACCESS = ["let_in"] * 4 + ["enter"] * 4 + ["revoke"] * 2 + ["log_out", "set_agent", "set_agent"]
REQUESTS = ["ask"] * 4 + ["approve"] * 3 + ["decline", "withdraw", "send_again", "enter"]
CALLBACKS = ["book"] * 4 + ["queue_up"] * 2 + ["move"] * 3 + ["take"] * 2 + ["give_up_slot", "cancel", "close"]
DESK, TIME = ["set_lines", "close_day", "open_day"], ["wait", "wait", "wait_for_an_end", "wait_for_an_end", "clean_up"]
PEOPLE = ["set_right", "set_tenant"]
THEMES = {
    "access": [*ACCESS, *TIME, "set_right", "sweep"],
    "requests": [*REQUESTS, *PEOPLE, *TIME, "set_agent"],
    "call-backs": [*CALLBACKS, *DESK, "wait", "wait_for_an_end", "sweep"],
    "everything": [*ACCESS, *REQUESTS, *CALLBACKS, *DESK, *PEOPLE, *TIME, *TIME, "sweep"],
}
"""Steps of a story, the likely ones more than once. A story with few kinds of steps leads deeper into them."""
NEEDED = {
    **dict.fromkeys(["revoke"], "grants"),
    **dict.fromkeys(["approve", "decline", "withdraw", "send_again"], "requests"),
    **dict.fromkeys(["log_out"], "logins"),
    **dict.fromkeys(["move", "give_up_slot", "cancel", "take", "close"], "calls"),
    **dict.fromkeys(["wait", "wait_for_an_end"], "may_wait"),
}
"""The things without which a step is not taken."""


@dataclass
class Told:
    """How much was told: steps that were taken, and stories that came to their end."""

    summary: str = ""
    steps: int = 0
    stories: int = 0


class TimeIsUp(BaseException):
    """Ends the telling of stories. Hypothesis lets it pass, as it does an interrupt."""


class Mismatch(AssertionError):
    """The product does not do as the model says."""


class Choice:
    """Chooses by numbers that were drawn: each is used once, and 0 stands for the first, the simplest."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = iter(numbers)

    def __call__[T](self, some: Sequence[T]) -> T:
        return some[next(self._numbers) % len(some)]

    def newest(self, things: dict[str, Any]) -> str:
        """Return the name of one of the five newest things."""
        return self(list(things)[:-6:-1])


class Stories(RuleBasedStateMachine):
    """The steps of a story. A subclass says what the product is, and how closely it is looked at after each step."""

    keys: ClassVar[list[str | None]] = [None, None, "k1", "k2"]
    limit_seconds: ClassVar[float | None] = None
    looks_at_all: ClassVar[bool] = False
    told: ClassVar[Told] = Told()
    _began: ClassVar[float] = 0
    _is_failing: ClassVar[bool] = False

    product: Any
    model: World

    def __init__(self) -> None:
        super().__init__()
        self.sentence = ""
        self.steps = 0
        self.verbs: list[str] = []
        self.model = World(STARTS[0])

    def open_product(self, at: datetime) -> Any:
        """Return the product in the sample world, with its clock at that moment."""
        raise NotImplementedError

    def set_clock(self, to: datetime) -> None:
        """Move the product's clock."""
        raise NotImplementedError

    def teardown(self) -> None:
        """Compare everything once more when the story is over."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception):
            self._fails()
        if error is None:
            self._look(TENANTS, is_deep=True)
            self.told.stories += 1

    @initialize(theme=st.sampled_from(list(THEMES)), start=st.sampled_from(STARTS))
    def begin(self, theme: str, start: datetime) -> None:
        if self._is_over():
            raise TimeIsUp
        self.sentence = f"The story begins at {start:%Y-%m-%d %H:%M}"
        self.verbs = THEMES[theme]
        self.model = World(start)
        self.product = self.open_product(start)

    @rule(choices=st.tuples(*[st.integers(0, 119)] * MAX_CHOICES))
    def step(self, choices: tuple[int, ...]) -> None:
        """Take a step, if there is already the thing that it needs. A few small numbers choose all of it."""
        one_of, self.sentence = Choice(choices), "(nothing)"
        verb = one_of(self.verbs)
        if getattr(self.model, NEEDED.get(verb, ""), True):
            getattr(self, f"_{verb}")(one_of)

    # --- Users ---------------------------------------------------------------------------------------------------

    def _let_in(self, one_of: Choice) -> None:
        user, grantee, period = one_of(list(USERS)), one_of(GRANTEES), one_of(PERIODS)
        may_export, key = one_of(NO_YES), one_of(self.keys)
        said = f"{user} lets {grantee[1]} in for {period}{_with(may_export)}{_under(key)}"
        self._step(said, "let_in", user=user, grantee=grantee, period=period, may_export=may_export, key=key)

    def _revoke(self, one_of: Choice) -> None:
        user, grant = one_of(list(USERS)), one_of.newest(self.model.grants)
        self._step(f"{user} revokes {grant}", "revoke", user=user, grant=grant)

    def _approve(self, one_of: Choice) -> None:
        user, request = one_of(list(USERS)), one_of.newest(self.model.requests)
        period, may_export, key = one_of([None, *PERIODS]), one_of([None, *NO_YES]), one_of(self.keys)
        said = f"{user} approves {request} (period: {period}, export: {may_export}){_under(key)}"
        self._step(said, "approve", user=user, request=request, period=period, may_export=may_export, key=key)

    def _decline(self, one_of: Choice) -> None:
        user, request = one_of(list(USERS)), one_of.newest(self.model.requests)
        self._step(f"{user} declines {request}", "decline", user=user, request=request)

    def _book(self, one_of: Choice) -> None:
        user, topic, starts_at, key = one_of(list(USERS)), one_of(list(MINUTES)), self._slot(one_of), one_of(self.keys)
        said = f"{user} books a {topic} for {starts_at:%Y-%m-%d %H:%MZ}{_under(key)}"
        self._step(said, "book", user=user, topic=topic, starts_at=starts_at, key=key)

    def _queue_up(self, one_of: Choice) -> None:
        user, key = one_of(list(USERS)), one_of(self.keys)
        said = f"{user} joins the queue{_under(key)}"
        self._step(said, "book", user=user, topic="question", starts_at=None, key=key)

    def _move(self, one_of: Choice) -> None:
        user, callback, starts_at = one_of(list(USERS)), one_of.newest(self.model.calls), self._slot(one_of)
        said = f"{user} moves {callback} to {starts_at:%Y-%m-%d %H:%MZ}"
        self._step(said, "move", user=user, callback=callback, starts_at=starts_at)

    def _give_up_slot(self, one_of: Choice) -> None:
        user, callback = one_of(list(USERS)), one_of.newest(self.model.calls)
        self._step(f"{user} moves {callback} to the queue", "move", user=user, callback=callback, starts_at=None)

    def _cancel(self, one_of: Choice) -> None:
        user, callback = one_of(list(USERS)), one_of.newest(self.model.calls)
        self._step(f"{user} cancels {callback}", "cancel", user=user, callback=callback)

    # --- Agents --------------------------------------------------------------------------------------------------

    def _ask(self, one_of: Choice) -> None:
        agent, tenant, recipients = one_of(AGENTS), one_of(SOME_TENANTS), one_of(RECIPIENTS)
        period, may_export, key = one_of(PERIODS), one_of(NO_YES), one_of(self.keys)
        said = f"{agent} asks {tenant} ({recipients or 'all'}) for {period}{_with(may_export)}{_under(key)}"
        asked = {"recipients": recipients, "period": period, "may_export": may_export, "key": key}
        self._step(said, "ask", agent=agent, tenant=tenant, **asked)

    def _send_again(self, one_of: Choice) -> None:
        agent, request = one_of(AGENTS), one_of.newest(self.model.requests)
        self._step(f"{agent} has {request} mailed again", "send_again", agent=agent, request=request)

    def _withdraw(self, one_of: Choice) -> None:
        agent, request = one_of(AGENTS), one_of.newest(self.model.requests)
        self._step(f"{agent} withdraws {request}", "withdraw", agent=agent, request=request)

    def _enter(self, one_of: Choice) -> None:
        agent, tenant, key = one_of(AGENTS), one_of(SOME_TENANTS), one_of(self.keys)
        self._step(f"{agent} logs in at {tenant}{_under(key)}", "enter", agent=agent, tenant=tenant, key=key)

    def _log_out(self, one_of: Choice) -> None:
        agent, login = one_of(AGENTS), one_of.newest(self.model.logins)
        self._step(f"{agent} logs out of {login}", "log_out", agent=agent, login=login)

    def _take(self, one_of: Choice) -> None:
        agent, callback = one_of(AGENTS), one_of.newest(self.model.calls)
        self._step(f"{agent} takes {callback}", "take", agent=agent, callback=callback)

    def _close(self, one_of: Choice) -> None:
        agent, callback = one_of(AGENTS), one_of.newest(self.model.calls)
        outcome = one_of(["reached", "unreached"])
        self._step(f"{agent} closes {callback}: {outcome}", "close", agent=agent, callback=callback, outcome=outcome)

    # --- The vendor ----------------------------------------------------------------------------------------------

    def _set_right(self, one_of: Choice) -> None:
        user, may_grant = one_of(list(USERS)), one_of(NO_YES)
        said = f"The vendor {'gives the right to' if may_grant else 'takes the right from'} {user}"
        self._step(said, "set_right", user=user, may_grant=may_grant)

    def _set_tenant(self, one_of: Choice) -> None:
        tenant = one_of(TENANTS)
        zone, approvers = one_of(ZONES[tenant]), one_of(APPROVERS[tenant])
        said = f"The vendor puts {tenant} into {zone}, with the approvers {approvers}"
        self._step(said, "set_tenant", tenant=tenant, time_zone=zone, approvers=approvers)

    def _set_agent(self, one_of: Choice) -> None:
        agent, departments, is_active = one_of(AGENTS), one_of(DEPARTMENTS), one_of([True, True, False])
        said = f"The vendor puts {agent} into {departments}, {'active' if is_active else 'inactive'}"
        self._step(said, "set_agent", agent=agent, departments=departments, is_active=is_active)

    def _set_lines(self, one_of: Choice) -> None:
        lines = one_of([1, 2])
        self._step(f"The number of lines of the desk is {lines}", "set_lines", lines=lines)

    def _close_day(self, one_of: Choice) -> None:
        day = self._day(one_of)
        self._step(f"The desk is closed on {day}", "close_day", day=day)

    def _open_day(self, one_of: Choice) -> None:
        day = self._day(one_of)
        self._step(f"The desk is open again on {day}", "open_day", day=day)

    # --- Time ----------------------------------------------------------------------------------------------------

    def _wait(self, one_of: Choice) -> None:
        wait = one_of(list(WAITS))
        self._wait_until(f"{wait} passes", self.model.now + WAITS[wait])

    def _wait_for_an_end(self, one_of: Choice) -> None:
        edges = self.model.edges()
        to = edges[min(one_of(range(5)), len(edges) - 1)] if edges else self.model.now
        edge = one_of(list(EDGE))
        self._wait_until(f"time passes until {edge} an end", max(to + timedelta(seconds=EDGE[edge]), self.model.now))

    def _clean_up(self, _: Choice) -> None:
        self.sentence = self._at("the clean-up runs")
        self._count_step()
        before = {tenant: len(self.model.ledger[tenant]) for tenant in TENANTS}
        self.product.clean_up()
        written = {tenant: self.product.ledger_views(tenant)[before[tenant] :] for tenant in TENANTS}
        for complaint in self.model.clean_up(written):
            self._fail(complaint)
        self._look(TENANTS)
        self._tick()

    def _sweep(self, _: Choice) -> None:
        self._step("DynamoDB deletes expired items", "sweep")

    # --- How a step is told --------------------------------------------------------------------------------------

    def _step(self, sentence: str, verb: str, **said: Any) -> None:
        self.sentence = self._at(sentence)
        self._count_step()
        expected, found = self.model.do(verb, **said), self.product.do(verb, **said)
        self.sentence += f" → {expected.about or expected.said or expected.status}"
        self._same("the answer", expected, found)
        self._look([_tenant_of(said, self.model, expected)], said.get("agent"))
        self._tick()

    def _wait_until(self, sentence: str, to: datetime) -> None:
        self.sentence = self._at(f"{sentence}: it is {to:%Y-%m-%d %H:%M:%S}")
        self._count_step()
        self.model.now = to
        self.set_clock(to)
        self._look([TENANTS[self.steps % 2]])

    def _tick(self) -> None:
        self.model.now += PAUSE
        self.set_clock(self.model.now)

    def _look(self, where: Iterable[str], agent: str | None = None, *, is_deep: bool = False) -> None:
        """Compare checks and, at the end of a story or where it costs little, every overview and the ledger."""
        deep = is_deep or self.looks_at_all
        asked = AGENTS if deep else [agent or AGENTS[self.steps % 2]]
        for tenant in where:
            for one in asked:
                for action in ACTIONS if deep else ["export"]:
                    self._check(tenant, one, action, None)
            logins = [login for login in self.model.logins.values() if login.tenant == tenant]
            for login in logins if is_deep else logins[-3:] if deep else logins[-1:]:
                self._check(tenant, login.agent, "enter", login.name)
            if deep:
                self._check(tenant, "frieda", "enter", None)
                self._check(tenant, "sven", "enter", "unknown")
                self._look_at_views(tenant, logins, is_deep)
        if deep:
            self._same("the seats", self.model.seats_held(), self.product.seats_held())
            for one in AGENTS:
                if self.model.agents[one][-1].is_active:
                    self._same("the queue", self.model.queue(one), self.product.queue(one))
                    self._same(f"access of {one}", self.model.access(one), self.product.access(one))

    def _look_at_views(self, tenant: str, logins: list[Any], is_deep: bool) -> None:
        for login in logins[-2:]:
            self._check(tenant, login.agent, "export", login.name)
            self._check(tenant, "dora" if login.agent == "sven" else "sven", "enter", login.name)
        for view in ("grant_views", "live_views", "login_views", "request_views", "open_callback"):
            expected, found = getattr(self.model, view)(tenant), getattr(self.product, view)(tenant)
            self._same(f"{view} of {tenant}", expected, found)
        pending = self.model.request_views(tenant, "pending")
        self._same(f"pending requests of {tenant}", pending, self.product.request_views(tenant, "pending"))
        if is_deep:
            expected, found = self.model.ledger_views(tenant), self.product.ledger_views(tenant)
            told = [_as_told(entry, one["data"]) for entry, one in zip(found, expected, strict=False)]
            self._same(f"the ledger of {tenant}", expected, [*told, *found[len(told) :]])

    def _check(self, tenant: str, agent: str, action: str, login: str | None) -> None:
        right, found = self.model.check(tenant, agent, action, login), self.product.check(tenant, agent, action, login)
        if found not in right:
            inside = f" within {login}" if login else ""
            self._same(f"the check whether {agent} may {action} {tenant}{inside}", right[0], found)

    def _same(self, about: str, expected: Any, found: Any) -> None:
        if expected == found:
            return
        if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
            expected, found = next((one, two) for one, two in zip(expected, found, strict=True) if one != two)
        if isinstance(expected, dict) and isinstance(found, dict):
            names = [name for name in {**expected, **found} if expected.get(name) != found.get(name)]
            about += "".join(f" {expected[name]}" for name in NAMING if name in expected)
            expected, found = ({name: one.get(name) for name in names} for one in (expected, found))
        self._fail(f"{about}: the model has {expected}, the product {found}")

    def _fail(self, how: str) -> NoReturn:
        self._fails()
        raise Mismatch(self._at(how))

    def _count_step(self) -> None:
        self.steps += 1
        self.told.steps += 1

    def _day(self, one_of: Choice) -> date:
        return (self.model.now + timedelta(days=one_of(DAYS_AHEAD))).astimezone(DESK_ZONE).date()

    def _slot(self, one_of: Choice) -> datetime:
        return at_the_desk(self._day(one_of), one_of(CLOCKS))

    def _at(self, sentence: str) -> str:
        return f"{self.model.now:%Y-%m-%d %H:%M:%S}  {sentence}"

    def _repr_step(self, *_: Any) -> str:
        """Print a step as its sentence; Hypothesis asks for it when a failing story is told for the last time."""
        return self.sentence

    @classmethod
    def _fails(cls) -> None:
        cls._is_failing = True

    @classmethod
    def _is_over(cls) -> bool:
        """Say whether the time is up. A failure is told again without a limit, until it is as short as it can be."""
        return cls.limit_seconds is not None and not cls._is_failing and perf_counter() - cls._began > cls.limit_seconds

    @classmethod
    def tell(cls, *, steps: int, steps_a_story: int, limit_seconds: float | None = None) -> Told:
        """Tell stories of so many steps in all, or until the time is up, and return how much was told."""
        chance = random.SystemRandom().randrange(2**32) if NIGHTLY else GATE_SEED
        number = int(os.environ.get("GUESTKEY_SEED", chance))
        choice = settings(
            max_examples=-(-steps // steps_a_story),
            stateful_step_count=steps_a_story + 1,  # its beginning counts as one
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        )
        cls.told, cls.limit_seconds = Told(), limit_seconds
        cls._began, cls._is_failing = perf_counter(), False
        try:
            with redirect_stdout(StringIO()), suppress(TimeIsUp):  # the functions log
                run_state_machine_as_test(seed(number)(cls), settings=choice)
        except Exception as error:
            error.add_note(f"GUESTKEY_SEED={number} tells these stories again.")
            raise
        seconds = perf_counter() - cls._began
        cls.told.summary = (
            f"{cls.__name__}: {cls.told.steps:,} steps in {cls.told.stories:,} stories, {seconds:.0f} s, "
            f"GUESTKEY_SEED={number}"
        )
        return cls.told


def _with(may_export: bool) -> str:
    return ", with export" if may_export else ""


def _under(key: str | None) -> str:
    return f", under the key {key}" if key else ""


def _tenant_of(said: dict[str, Any], model: World, outcome: Outcome) -> str:
    """Return the tenant that a step is about."""
    if "user" in said:
        return USERS[said["user"]].tenant_id
    for things, name in ((model.requests, "request"), (model.logins, "login"), (model.calls, "callback")):
        if name in said:
            return str(getattr(things[said[name]], "tenant"))  # noqa: B009 # each kind of thing has it
    tenant = said.get("tenant")
    return tenant if tenant in TENANTS else TENANTS[0]


def _as_told(entry: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with those of its data that the model speaks of."""
    told = {name: value for name, value in entry["data"].items() if name in data}
    return {"what": entry["what"], "about": entry["about"], "by": entry["by"], "at": entry["at"], "data": told}
