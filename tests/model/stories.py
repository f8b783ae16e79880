"""Random stories about access, requests and call-backs: their steps, and the comparison after each."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from local import sample
from tests.model.lockdown import MOVES
from tests.model.outcomes import Outcome
from tests.model.telling import Choice, Telling
from tests.model.wall_clock import DESK_ZONE, MINUTES, at_the_desk
from tests.model.world import USERS, World

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
SOME_WAITS = [*list(WAITS)[:4], *list(WAITS)[:4], *list(WAITS)[:5], *WAITS]
EDGE = {"a second before": -1, "exactly": 0, "a second after": 1}
TENANTS, AGENTS = ["acme", "globex"], ["sven", "dora", "emil", "robo"]
ACTIONS = ["view", "change", "export", "enter"]
NAMES = {one.agent_id: [one.name, one.name, f"{one.name} Falk"] for one in sample.AGENTS} | {"robo": ["Robo"]}
ACCOUNTABLE = ["sven", "dora", "sven", "emil", None, "frieda"]
"""The persons whom the vendor names for Robo, who is software unless there is none."""
LEVELS = [None, "view", "view", "change"]
DEPARTMENTS = [(), ("support",), ("development",), ("support", "development")]
GRANTEES = [
    ("agent", "sven"),
    ("department", "support"),
    ("agent", "dora"),
    ("agent", "sven"),
    ("department", "development"),
    ("department", "support"),
    ("agent", "robo"),
    ("agent", "emil"),
    ("agent", "frieda"),
]
PERIODS = ["1h", "2h", "4h", "today", "1w", "2w", "1mo", "permanent"]
ZONES = {"acme": ["Europe/Berlin", "Africa/Cairo"], "globex": ["America/New_York", "Europe/Berlin"]}
APPROVERS = {
    "acme": [("anna@acme.example", "giulia@acme.example"), ("anna@acme.example",), ("anna@acme.example",), ()],
    "globex": [("carla@globex.example",), ("carla@globex.example",), ()],
}

TICKETS = [None, None, "T-1", "T-2"]
RECIPIENTS = [None, None, ("anna@acme.example",), ("ben@acme.example",)]
SOME_TENANTS = ["acme", "globex", "acme", "globex", "acme", "initech"]
SOME_AGENTS = ["sven", "dora", "sven", "dora", "robo", "emil"]
SOME_USERS = ["anna", "giulia", "carla", "anna", "ben"]
"""The likely ones more than once, so that most steps change something."""
NO_YES = [False, True]
MOSTLY = [True, True, True, False]
DAYS_AHEAD = [1, 1, 2, 1, 3, 0, 14, 15]
CLOCKS = ["09:00", "09:15", "17:45", "09:00", "09:15", "08:45", "09:05"]
ACCESS = ["let_in"] * 5 + ["enter"] * 5 + ["revoke"] * 2 + ["log_out"] * 2 + ["set_agent"]
REQUESTS = ["ask"] * 4 + ["approve"] * 3 + ["decline", "withdraw", "send_again", "enter"]
CALLBACKS = (
    ["book"] * 4
    + ["queue_up"] * 2
    + ["move"] * 3
    + ["take"] * 2
    + ["give_up_slot", "cancel", "close", "release", "hand"]
)
DOOR = ["move_door"] * 2
TIME = ["wait", "wait", "wait_for_an_end", "wait_for_an_end", "clean_up"]
PEOPLE = ["set_right", "set_tenant"]
THEMES = {
    "access": [*ACCESS, *TIME, "set_right", "sweep"],
    "requests": [*REQUESTS, *PEOPLE, *TIME, "set_agent"],
    "ends": ["let_in", "let_in", "enter", "revoke", "wait_for_an_end", "sweep", "clean_up"],
    "reviews": [
        "let_in_for_good",
        "let_in_for_good",
        "keep",
        "keep",
        "keep",
        "revoke",
        "set_agent",
        "move_door",
        *TIME,
    ],
    "answers": ["ask", "ask", "approve", "approve", "approve"],
    "call-backs": [*CALLBACKS, "set_agent", "clean_up", "wait", "wait_for_an_end", "sweep"],
    "lockdown": [*ACCESS, "ask", "approve", "move_door", "move_door", "wait", "wait_for_an_end", "clean_up", "sweep"],
    "everything": [*DOOR, *ACCESS, "keep", *REQUESTS, *CALLBACKS, *PEOPLE, *TIME, *TIME, "sweep"],
}
"""Steps of a story, the likely ones more than once. A story with few kinds of steps leads deeper into them."""
NEEDED = {
    **dict.fromkeys(["revoke", "keep"], "grants"),
    **dict.fromkeys(["approve", "decline", "withdraw", "send_again"], "requests"),
    **dict.fromkeys(["log_out"], "logins"),
    **dict.fromkeys(["move", "give_up_slot", "cancel", "take", "close", "release", "hand"], "calls"),
    **dict.fromkeys(["wait", "wait_for_an_end"], "may_wait"),
}
"""The things without which a step is not taken."""


class Stories(Telling):
    """One story, as it is told. A subclass names the product, and how closely to look at it after each step."""

    themes: ClassVar[dict[str, list[str]]] = THEMES
    starts: ClassVar[list[datetime]] = STARTS
    needed: ClassVar[dict[str, str]] = NEEDED
    keys: ClassVar[list[str | None]] = [None, None, "k1", "k2"]
    looks_at_all: ClassVar[bool] = False
    is_tied: ClassVar[bool] = False
    """Whether a claim of the token decides the default of the right."""

    model: World

    def open_model(self, at: datetime) -> World:
        return World(at, is_tied=self.is_tied)

    def end(self) -> None:
        self._look(TENANTS, is_deep=True)
        super().end()

    # --- Users ---------------------------------------------------------------------------------------------------

    def _let_in(self, one_of: Choice, periods: Sequence[str] = PERIODS) -> None:
        user, grantee, period = one_of(SOME_USERS), one_of(GRANTEES), one_of(periods)
        may_export, key, access = one_of(NO_YES), one_of(self.keys), one_of(LEVELS)
        may_automate = grantee[0] == "department" and one_of(NO_YES)
        to = f"{grantee[1]}{' and its software' if may_automate else ''}"
        said = f"{user} lets {to} in for {period}{_to(access)}{_with(may_export)}{_under(key)}"
        how = {"period": period, "access": access, "may_export": may_export, "may_automate": may_automate}
        self._step(said, "let_in", user=user, grantee=grantee, key=key, **how)

    def _let_in_for_good(self, one_of: Choice) -> None:
        self._let_in(one_of, ["permanent"])

    def _revoke(self, one_of: Choice) -> None:
        user, grant = self._user_and(one_of, self.model.grants)
        self._step(f"{user} revokes {grant}", "revoke", user=user, grant=grant)

    def _keep(self, one_of: Choice) -> None:
        user, grant = self._user_and(one_of, self.model.grants)
        self._step(f"{user} keeps {grant}", "keep", user=user, grant=grant)

    def _approve(self, one_of: Choice) -> None:
        user, request = self._user_and(one_of, self.model.requests)
        period, may_export, key = one_of([None, *PERIODS]), one_of([None, *NO_YES]), one_of(self.keys)
        how = {"period": period, "access": one_of(LEVELS), "may_export": may_export}
        said = f"{user} approves {request} {how}{_under(key)}"
        self._step(said, "approve", user=user, request=request, key=key, **how)

    def _decline(self, one_of: Choice) -> None:
        user, request = self._user_and(one_of, self.model.requests)
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
        user, callback = self._user_and(one_of, self.model.calls)
        starts_at = self._slot(one_of)
        said = f"{user} moves {callback} to {starts_at:%Y-%m-%d %H:%MZ}"
        self._step(said, "move", user=user, callback=callback, starts_at=starts_at)

    def _give_up_slot(self, one_of: Choice) -> None:
        user, callback = self._user_and(one_of, self.model.calls)
        self._step(f"{user} moves {callback} to the queue", "move", user=user, callback=callback, starts_at=None)

    def _cancel(self, one_of: Choice) -> None:
        user, callback = self._user_and(one_of, self.model.calls)
        self._step(f"{user} cancels {callback}", "cancel", user=user, callback=callback)

    # --- Agents --------------------------------------------------------------------------------------------------

    def _ask(self, one_of: Choice) -> None:
        agent, tenant, recipients = one_of(SOME_AGENTS), one_of(SOME_TENANTS), one_of(RECIPIENTS)
        period, may_export, key, ticket = one_of(PERIODS), one_of(NO_YES), one_of(self.keys), one_of(TICKETS)
        access = one_of(LEVELS)
        what = f"{period}{_to(access)}{_with(may_export)}{_for(ticket)}{_under(key)}"
        said = f"{agent} asks {tenant} ({recipients or 'all'}) for {what}"
        asked: dict[str, Any] = {"recipients": recipients, "ticket": ticket, "period": period, "may_export": may_export}
        asked |= {"key": key, "access": access}
        self._step(said, "ask", agent=agent, tenant=tenant, **asked)

    def _send_again(self, one_of: Choice) -> None:
        agent, request = self._agent_and(one_of, self.model.requests)
        self._step(f"{agent} has {request} mailed again", "send_again", agent=agent, request=request)

    def _withdraw(self, one_of: Choice) -> None:
        agent, request = self._agent_and(one_of, self.model.requests)
        self._step(f"{agent} withdraws {request}", "withdraw", agent=agent, request=request)

    def _enter(self, one_of: Choice) -> None:
        let_in = [(who, where) for who in AGENTS for where in TENANTS if self.model.covering(where, who)]
        anywhere = [(who, where) for who in AGENTS for where in (*TENANTS, "initech")]
        agent, tenant = one_of(let_in if one_of(MOSTLY) and let_in else anywhere)
        key, ticket = one_of(self.keys), one_of(TICKETS)
        said = f"{agent} logs in at {tenant}{_for(ticket)}{_under(key)}"
        self._step(said, "enter", agent=agent, tenant=tenant, ticket=ticket, key=key)

    def _log_out(self, one_of: Choice) -> None:
        agent, login = self._agent_and(one_of, self.model.logins)
        self._step(f"{agent} logs out of {login}", "log_out", agent=agent, login=login)

    def _take(self, one_of: Choice) -> None:
        agent, callback = self._agent_and(one_of, self.model.calls)
        self._step(f"{agent} takes {callback}", "take", agent=agent, callback=callback)

    def _release(self, one_of: Choice) -> None:
        agent, callback = self._agent_and(one_of, self.model.calls)
        self._step(f"{agent} releases {callback}", "release", agent=agent, callback=callback)

    def _hand(self, one_of: Choice) -> None:
        agent, callback = self._agent_and(one_of, self.model.calls)
        colleague = one_of(SOME_AGENTS)
        said = f"{agent} hands {callback} on to {colleague}"
        self._step(said, "hand", agent=agent, callback=callback, colleague=colleague)

    def _close(self, one_of: Choice) -> None:
        agent, callback = self._agent_and(one_of, self.model.calls)
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
        name, accountable = one_of(NAMES[agent]), one_of(ACCOUNTABLE) if agent == "robo" else None
        said = f"The vendor puts {name} as {agent} into {departments}, {'active' if is_active else 'inactive'}"
        said += f", software of {accountable}" if accountable else ""
        record = {"departments": departments, "is_active": is_active, "name": name, "accountable": accountable}
        self._step(said, "set_agent", agent=agent, **record)

    def _move_door(self, one_of: Choice) -> None:
        tenant = one_of(TENANTS)
        move = one_of([move for move in MOVES if self.model.can_move_door(tenant, move)])
        self._step(f"The door of {tenant}: {move}", "move_door", tenant=tenant, move=move)

    # --- Time ----------------------------------------------------------------------------------------------------

    def _wait(self, one_of: Choice) -> None:
        wait = one_of(SOME_WAITS)
        self._wait_until(f"{wait} passes", self.model.now + WAITS[wait])

    def _wait_for_an_end(self, one_of: Choice) -> None:
        edges = self.model.edges()
        to = edges[min(one_of([0, 0, 0, 1, 2]), len(edges) - 1)] if edges else self.model.now
        edge = one_of(list(EDGE))
        self._wait_until(f"time passes until {edge} an end", max(to + timedelta(seconds=EDGE[edge]), self.model.now))

    def _clean_up(self, _: Choice) -> None:
        self._say("the clean-up runs")
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
        self._say(sentence)
        expected, found = self.model.do(verb, **said), self.product.do(verb, **said)
        self.sentences[-1] += f" → {expected.about or expected.said or expected.status}"
        self._same("the answer", expected, found)
        self._look([_tenant_of(said, self.model, expected)], said.get("agent"))
        self._tick()

    def _wait_until(self, sentence: str, to: datetime) -> None:
        self._say(f"{sentence}: it is {to:%Y-%m-%d %H:%M:%S}")
        self.model.now = to
        self.set_clock(to)
        self._look([TENANTS[self.steps % 2]])

    def _look(self, where: Iterable[str], agent: str | None = None, *, is_deep: bool = False) -> None:
        """Compare checks and, at the end of a story or where it costs little, every overview and the ledger."""
        deep = is_deep or self.looks_at_all
        asked = AGENTS if deep else [agent or AGENTS[self.steps % 2]]
        for tenant in where:
            for one in asked:
                for action in ACTIONS if deep else [ACTIONS[self.steps % len(ACTIONS)]]:
                    self._check(tenant, one, action, None)
            logins = [login for login in self.model.logins.values() if login.tenant == tenant]
            for login in logins if is_deep else logins[-3:] if deep else logins[-1:]:
                self._check(tenant, login.agent, ACTIONS[self.steps % len(ACTIONS)], login.name)
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

    def _user_and(self, one_of: Choice, things: dict[str, Any]) -> tuple[str, str]:
        """Choose a thing and a user, mostly one of its tenant."""
        name = one_of.newest(things)
        own = [user for user in SOME_USERS if USERS[user].tenant_id == things[name].tenant]
        return one_of(own if one_of(MOSTLY) else SOME_USERS), name

    def _agent_and(self, one_of: Choice, things: dict[str, Any]) -> tuple[str, str]:
        """Choose a thing and an agent, mostly its own."""
        name = one_of.newest(things)
        own = getattr(things[name], "agent", None) or getattr(things[name], "taken_by", None)
        return own if own and one_of(MOSTLY) else one_of(SOME_AGENTS), name

    def _day(self, one_of: Choice) -> date:
        return (self.model.now + timedelta(days=one_of(DAYS_AHEAD))).astimezone(DESK_ZONE).date()

    def _slot(self, one_of: Choice) -> datetime:
        return at_the_desk(self._day(one_of), one_of(CLOCKS))


def _to(access: str | None) -> str:
    return f", to {access}" if access else ""


def _with(may_export: bool) -> str:
    return ", with export" if may_export else ""


def _for(ticket: str | None) -> str:
    return f", ticket {ticket}" if ticket else ""


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
