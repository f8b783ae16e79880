"""A deliberately naive model of the rules of access: users, agents, grants, requests, logins, checks, the ledger.

It knows nothing of tables, keys, transactions or indexes, and imports nothing of the product. Each question is answered
by looking at everything that ever happened. Things have the names g1, r1, l1, c1 … in the order in which they came.

The model says what the product does today. Four of its sentences are looser than rule 19 or 21, each for a reason:

- `check` may take a login for over although access never paused, where a live key cannot prove that it did not (rule 9,
  decision 0002). The model says exactly where; everywhere else, and always in the other direction, it is strict.
- The overview knows of a department that the agent left only the latest change of departments or activity: until then
  it takes the membership of the login to have counted, and from then on one that began later (`_is_remembered`).
- The clean-up may write the end of a login up to a day late (decision 0014, `clean_up`).
- Ends that one run of the clean-up writes may stand in any order.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from local import sample
from tests.model.callbacks import Callbacks
from tests.model.outcomes import No, Outcome
from tests.model.wall_clock import end_of, review_of, six_months_before, text_of

LONG_AGO = datetime(2024, 11, 1, tzinfo=UTC)
LAST_YEAR = datetime(2028, 6, 1, tzinfo=UTC)
A_DAY, REQUEST_LIFE, FINAL_AFTER = timedelta(days=1), timedelta(hours=24), timedelta(minutes=1)
END_WRITTEN_WITHIN = A_DAY + 2 * FINAL_AFTER
MAX_PENDING, MAX_SENDINGS_OF_AGENT, MAX_SENDINGS_TO_TENANT, MAX_UNKNOWN = 5, 20, 40, 10
MAX_GRANTS = 200
USERS = {user.user_id: user for user in sample.USERS}
OWNERS = frozenset({"giulia", "carla"})
"""Users who hold the right by default where the vendor ties it to a claim."""
View = dict[str, Any]


class Membership(NamedTuple):
    """The kind, the departments and the activity of an agent from some moment on."""

    since: datetime
    departments: tuple[str, ...]
    is_active: bool
    person: int
    """Which person is behind the id: another one after the agent was inactive."""
    began: dict[str, int]
    """Which of the agent's changes began the membership in each department."""
    name: str
    accountable: tuple[str, str] | None = None
    """Id and name of the person who is accountable for software; None for a person."""

    @property
    def is_software(self) -> bool:
        return self.accountable is not None

    @property
    def kind(self) -> View:
        accountable = {"id": self.accountable[0], "name": self.accountable[1]} if self.accountable else None
        return {"kind": "software" if self.is_software else "person", "accountable": accountable}


@dataclass
class Grant:
    """A grant as it was given, and when it was revoked."""

    name: str
    tenant: str
    grantee: tuple[str, str]
    period: str
    access: str
    may_export: bool
    may_automate: bool
    given_at: datetime
    given_by: str
    ends_at: datetime | None
    review_at: datetime | None
    request: str | None
    ticket: str | None
    consented: str
    """The grantee's name when it was given."""
    person: int = 1
    is_software: bool = False
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    left_at: datetime | None = None
    voided_at: datetime | None = None
    voided_as: str | None = None
    is_void: bool = False
    """Whether a voiding came after it was given, even one that came after its end."""
    is_end_written: bool = False

    @property
    def over_at(self) -> datetime | None:
        return self.revoked_at or self.voided_at or self.left_at or self.ends_at

    def is_live(self, at: datetime) -> bool:
        return self.given_at <= at and (self.over_at is None or at < self.over_at)

    def is_review_due(self, at: datetime) -> bool:
        return self.review_at is not None and self.review_at <= at and self.is_live(at)

    def lets_in(self, agent: str, membership: Membership, at: datetime) -> bool:
        names = [("agent", agent), *(("department", department) for department in membership.departments)]
        if self.grantee[0] == "department":
            is_the_person = self.may_automate or not membership.is_software
        else:
            is_the_person = self.person == membership.person
        return membership.is_active and self.grantee in names and is_the_person and self.is_live(at)

    def state(self, at: datetime) -> str:
        if self.revoked_at:
            return "revoked"
        return "ended" if self.over_at and self.over_at <= at else "live"

    def end(self, at: datetime) -> str | None:
        causes = {"revoked": "revoked", "ended": self.voided_as or ("agent_left" if self.left_at else "time")}
        return causes.get(self.state(at))


@dataclass
class Request:
    """A request as it was made, and how it was closed."""

    name: str
    tenant: str
    agent: str
    recipients: tuple[str, ...]
    ticket: str | None
    period: str
    access: str
    may_export: bool
    asked_at: datetime
    asks: Membership
    closed_as: str | None = None
    left_at: datetime | None = None
    """When its agent left; the clean-up has not written it down yet."""
    answered_at: datetime | None = None
    answered_by: str | None = None
    grant: str | None = None

    def state(self, at: datetime) -> str:
        return self.closed_as or ("expired" if self.asked_at + REQUEST_LIFE <= at else "pending")


@dataclass
class Login:
    """A login as it was recorded, and its end once the ledger has it."""

    name: str
    tenant: str
    agent: str
    membership: Membership
    ticket: str | None
    access: str
    may_export: bool
    at: datetime
    grant: str
    access_ends_at: datetime | None
    voided_at: datetime | None = None
    ended_at: datetime | None = None
    end: str | None = None

    @property
    def departments(self) -> tuple[str, ...]:
        return self.membership.departments


@dataclass
class World(Callbacks):
    """Everything that has happened since the sample world was registered. `now` is the clock."""

    now: datetime
    grants: dict[str, Grant] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    logins: dict[str, Login] = field(default_factory=dict)
    refusals: list[dict[str, Any]] = field(default_factory=list)
    counted: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    is_tied: bool = False
    """Whether the vendor ties the right to a claim, whose value the tokens of OWNERS have."""
    locked: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    door_moved_at: dict[str, datetime] = field(default_factory=dict)
    """When the door of a tenant ended something for the last time."""
    locked_by_entry: dict[str, int] = field(default_factory=dict)
    """The number of the ledger entry of each tenant's last lock."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.zones = {tenant.tenant_id: tenant.time_zone for tenant in sample.TENANTS}
        self.approvers = {tenant.tenant_id: tenant.approver_emails for tenant in sample.TENANTS}
        self.by_name = {(user.tenant_id, user.user_id): False for user in sample.USERS if not user.may_grant}
        self.agents = {
            agent.agent_id: [
                Membership(
                    LONG_AGO, agent.departments, agent.active, 1, dict.fromkeys(agent.departments, 0), agent.name
                )
            ]
            for agent in sample.AGENTS
        }
        robo = Membership(LONG_AGO, ("support",), True, 1, {"support": 0}, "Robo", ("sven", "Sven Brandt"))
        self.agents["robo"] = [robo]
        self.ledger: dict[str, list[View]] = {tenant.tenant_id: [] for tenant in sample.TENANTS}
        start, self.now = self.now, LONG_AGO
        for tenant in sample.TENANTS:
            self._write(tenant.tenant_id, "tenant.changed", tenant.tenant_id, "vendor", "backend")
        for tenant_id, user in sorted(self.by_name):
            self._write(tenant_id, "right.changed", user, "vendor", "backend")
        self.now = start

    # --- Users ---------------------------------------------------------------------------------------------------

    def let_in(
        self,
        user: str,
        grantee: tuple[str, str],
        period: str,
        may_export: bool,
        key: str | None,
        access: str | None = None,
        may_automate: bool = False,
    ) -> Outcome:
        tenant = self._require_right(user)
        if grantee[0] == "agent" and not self._is_active(grantee[1]):
            raise No("grantee_unknown")
        with self.once(user, "grants", key, (grantee, period, may_export, access, may_automate)) as answer:
            if answer.is_new:
                self._require_open_door(tenant)
                self._count_for_user("given", user, MAX_GRANTS)
                level = access or "change"
                answer.about = self._give(user, tenant, grantee, period, level, may_export, may_automate)
        return Outcome(201, None, answer.about)

    def revoke(self, user: str, grant: str) -> Outcome:
        tenant = self._require_right(user)
        found = self._own(self.grants, grant, tenant)
        if found.state(self.now) == "ended":
            raise No("grant_ended")
        if found.revoked_at is None:
            found.revoked_at, found.revoked_by = self.now, user
            self._write(tenant, "grant.revoked", grant, "user", user)
        return Outcome(200, None, grant)

    def keep(self, user: str, grant: str) -> Outcome:
        tenant = self._require_right(user)
        found = self._own(self.grants, grant, tenant)
        if not found.is_live(self.now):
            raise No("grant_ended")
        if found.is_review_due(self.now):
            found.review_at = review_of(self.now, self.zones[tenant])
            self._write(tenant, "grant.kept", grant, "user", user, review_at=text_of(found.review_at))
        return Outcome(200, None, grant)

    def approve(
        self,
        user: str,
        request: str,
        period: str | None,
        may_export: bool | None,
        key: str | None,
        access: str | None = None,
    ) -> Outcome:
        tenant = self._require_right(user)
        found = self._own(self.requests, request, tenant)
        with self.once(user, f"approve {request}", key, (period, may_export, access)) as answer:
            if answer.is_new:
                self._require_pending(found)
                if access == "change" and found.access == "view":
                    raise No("change_not_asked")
                if may_export and not found.may_export:
                    raise No("export_not_asked")
                self._require_open_door(tenant)
                self._count_for_user("given", user, MAX_GRANTS)
                allowed = may_export is True
                self._write(tenant, "request.approved", request, "user", user)
                grantee = ("agent", found.agent)
                period = period or found.period
                level = access or found.access
                found.grant = answer.about = self._give(user, tenant, grantee, period, level, allowed, False, found)
                found.closed_as, found.answered_at, found.answered_by = "approved", self.now, user
        return Outcome(201, None, answer.about)

    def decline(self, user: str, request: str) -> Outcome:
        tenant = self._require_right(user)
        found = self._own(self.requests, request, tenant)
        self._require_pending(found)
        found.closed_as, found.answered_at, found.answered_by = "declined", self.now, user
        self._write(tenant, "request.declined", request, "user", user)
        return Outcome(200, None, request)

    # --- Agents --------------------------------------------------------------------------------------------------

    def ask(
        self,
        agent: str,
        tenant: str,
        recipients: tuple[str, ...] | None,
        ticket: str | None,
        period: str,
        may_export: bool,
        key: str | None,
        access: str | None = None,
    ) -> Outcome:
        self._require_active(agent)
        known = self.approvers.get(tenant)
        unknown = ("unknown", agent, self._hour())
        if known is None:
            self._count({unknown: MAX_UNKNOWN}, 1)
            raise No("tenant_unknown")
        body = tenant, recipients, ticket, period, may_export, access
        with self.once(self._who_asks(agent), "requests", key, body) as answer:
            if answer.is_new:
                if self.counted[unknown] >= MAX_UNKNOWN:
                    raise No("too_many_requests")
                if not known:
                    raise No("no_approvers")
                wanted = known if recipients is None else recipients
                if set(wanted) - set(known):
                    self._count({unknown: MAX_UNKNOWN}, 1)
                    raise No("recipient_unknown")
                others = [one for one in self.requests.values() if (one.agent, one.tenant) == (agent, tenant)]
                if sum(one.state(self.now) == "pending" for one in others) >= MAX_PENDING:
                    raise No("too_many_requests")
                self._count_sending(agent, tenant)
                answer.about = f"r{len(self.requests) + 1:02}"
                self.requests[answer.about] = Request(
                    answer.about,
                    tenant,
                    agent,
                    wanted,
                    ticket,
                    period,
                    access or "change",
                    may_export,
                    self.now,
                    self.agents[agent][-1],
                )
                self._write(tenant, "request.made", answer.about, "agent", agent)
        return Outcome(201, None, answer.about)

    def _who_asks(self, agent: str) -> str:
        """Name the person who is behind an agent's id now: another one gets no answer that was kept."""
        return f"{agent} {self._person(agent)}"

    def send_again(self, agent: str, request: str) -> Outcome:
        found = self._own_of_agent(self.requests, request, agent)
        self._require_pending(found)
        if not self.approvers[found.tenant]:
            raise No("no_approvers")
        if not set(found.recipients) & set(self.approvers[found.tenant]):
            raise No("recipient_unknown")
        self._count_sending(agent, found.tenant)
        return Outcome(200, None, request)

    def withdraw(self, agent: str, request: str) -> Outcome:
        found = self._own_of_agent(self.requests, request, agent)
        if found.closed_as != "withdrawn":
            self._require_pending(found)
            found.closed_as = "withdrawn"
            self._write(found.tenant, "request.withdrawn", request, "agent", agent)
        return Outcome(200, None, request)

    def enter(self, agent: str, tenant: str, ticket: str | None, key: str | None) -> Outcome:
        self._require_active(agent)
        with self.once(self._who_asks(agent), "logins", key, (tenant, ticket)) as answer:
            if answer.is_new:
                if tenant in self.closed:
                    raise No("tenant_closed")
                covering = self.covering(tenant, agent)
                if not covering:
                    if tenant in self.ledger:
                        self._refuse(agent, tenant)
                    raise No("policy_forbids" if tenant in self.locked else "no_live_grant")
                named, answer.about = _ends_last(covering), f"l{len(self.logins) + 1:02}"
                may_export, access = any(grant.may_export for grant in covering), _greatest(covering)
                membership = self.agents[agent][-1]
                ticket = ticket or named.ticket
                self.logins[answer.about] = Login(
                    answer.about,
                    tenant,
                    agent,
                    membership,
                    ticket,
                    access,
                    may_export,
                    self.now,
                    named.name,
                    named.ends_at,
                )
                data = {
                    "grant_id": named.name,
                    "access": access,
                    "accountable_id": membership.accountable[0] if membership.accountable else None,
                    "may_export": may_export,
                    "refusals_before": self._report(agent, tenant),
                }
                self._write(tenant, "login.recorded", answer.about, "agent", agent, **data)
        return Outcome(201, None, answer.about)

    def log_out(self, agent: str, login: str) -> Outcome:
        found = self._own_of_agent(self.logins, login, agent)
        if self._settled(found, self.now)[0] is None:
            found.ended_at, found.end = self.now, "logged_out"
            self._write(
                found.tenant, "login.ended", login, "agent", agent, end="logged_out", ended_at=text_of(self.now)
            )
        ended_at, end = self._settled(found, self.now)
        return Outcome(200, f"{end} {text_of(ended_at)}", login)

    # --- The vendor ----------------------------------------------------------------------------------------------

    def set_right(self, user: str, may_grant: bool) -> Outcome:
        who = (USERS[user].tenant_id, user)
        if self.by_name.get(who, None if self.is_tied else True) is not may_grant:
            self.by_name[who] = may_grant
            self._write(who[0], "right.changed", user, "vendor", "backend", may_grant=may_grant)
        return Outcome(200)

    def set_tenant(self, tenant: str, time_zone: str, approvers: tuple[str, ...]) -> Outcome:
        if (self.zones[tenant], self.approvers[tenant]) != (time_zone, approvers):
            self.zones[tenant], self.approvers[tenant] = time_zone, approvers
            self._write(tenant, "tenant.changed", tenant, "vendor", "backend", time_zone=time_zone)
        return Outcome(200)

    def set_agent(
        self, agent: str, departments: tuple[str, ...], is_active: bool, name: str, accountable: str | None = None
    ) -> Outcome:
        before, named = self.agents[agent][-1], None
        if accountable:
            if accountable not in self.agents or (is_active and not self._may_be_accountable(accountable)):
                raise No("accountable_unknown")
            named = (accountable, self.agents[accountable][-1].name)
        was_software = before.is_software
        self.agents[agent][-1] = before._replace(name=name, accountable=named)
        if (set(before.departments), before.is_active, was_software) != (set(departments), is_active, bool(named)):
            has_left = before.is_active and not (is_active and was_software == bool(named))
            began = {name: before.began.get(name, len(self.agents[agent])) for name in departments}
            self.agents[agent].append(
                Membership(self.now, departments, is_active, before.person + has_left, began, name, named)
            )
            if has_left:
                self._end_with(agent, before.person)
        self._follow(agent)
        return Outcome(200)

    def _may_be_accountable(self, agent: str) -> bool:
        return self._is_active(agent) and not self.agents[agent][-1].is_software

    def _follow(self, person: str) -> None:
        """Active software is inactive with the person who is accountable for it, and shows that person's name."""
        for agent, history in self.agents.items():
            latest = history[-1]
            if not latest.is_active or not latest.accountable or latest.accountable[0] != person:
                continue
            named = (person, self.agents[person][-1].name)
            history[-1] = latest._replace(accountable=named)
            if not self._may_be_accountable(person):
                ended = latest._replace(since=self.now, is_active=False, person=latest.person + 1, accountable=named)
                history.append(ended)
                self._end_with(agent, latest.person)

    def _end_with(self, agent: str, person: int) -> None:
        """Consent is for a person: what names them is over with them."""
        for grant in self.grants.values():
            if (grant.grantee, grant.person) == (("agent", agent), person) and grant.state(self.now) == "live":
                grant.left_at = self.now
        self._drop_takes_of(agent, person)
        for one in self.requests.values():
            if (one.agent, one.asks.person) == (agent, person) and one.state(self.now) == "pending":
                one.closed_as, one.left_at = "withdrawn", self.now

    # --- The door ------------------------------------------------------------------------------------------------

    def can_move_door(self, tenant: str, move: str) -> bool:
        """Say whether the move changes anything: who lifts a lock must have locked, and the like.

        Nobody locks or lifts the lock of a closed account.
        """
        if tenant in self.closed and move != "reopen":
            return False
        is_shut = tenant in (self.locked if "l" in move[:2] and move != "close" else self.closed)
        return is_shut == (move in ("lift", "lift_and_void", "reopen"))

    def move_door(self, tenant: str, move: str) -> Outcome:
        """A lock ends the open logins, a lift may end the grants given before, and closing ends both."""
        shut = self.closed if move in ("close", "reopen") else self.locked
        self._write_move(tenant, move)
        if move in ("lock", "close"):
            shut.add(tenant)
        else:
            shut.discard(tenant)
        if move in ("lift_and_void", "close"):
            for grant in self._of(self.grants, tenant):
                grant.is_void = True
                if grant.state(self.now) == "live":
                    grant.voided_at, grant.voided_as = self.now, "closed" if move == "close" else "locked"
        if move in ("lock", "close"):
            for login in self._of(self.logins, tenant):
                if login.ended_at is None and login.voided_at is None:
                    login.voided_at = self.now  # whether an earlier end is remembered may change later
        if move in ("lock", "close", "lift_and_void"):
            self.door_moved_at[tenant] = self.now
        return Outcome(200)

    def _write_move(self, tenant: str, move: str) -> None:
        if move == "lock":
            self.locked_by_entry[tenant] = len(self.ledger[tenant]) + 1
            self._write(tenant, "access.locked", tenant, "user", "rita", reason_sha256=None)
        elif move.startswith("lift"):
            data = {"keep_grants": move == "lift", "locked_seq": self.locked_by_entry[tenant]}
            self._write(tenant, "access.unlocked", tenant, "user", "rita", **data)

    # --- Time ----------------------------------------------------------------------------------------------------

    def sweep(self) -> Outcome:
        """DynamoDB deletes expired items when it likes: nothing may depend on it."""
        return Outcome(200)

    def clean_up(self, written: dict[str, list[View]]) -> list[str]:
        """Take over the ends that the clean-up has written, and return complaints about them.

        The ends of grants and requests are written by the first run that comes a minute after them. How soon a login is
        looked at depends on its age: its end is written within a day and two minutes, and exactly.
        """
        final = self.now - FINAL_AFTER
        unwritten = [grant for grant in self.grants.values() if not grant.is_end_written]
        due = [grant for grant in unwritten if grant.state(self.now if grant.is_void else final) == "ended"]
        expired = [one for one in self.requests.values() if one.closed_as is None and one.state(final) == "expired"]
        over = {name: at for name, at in self._ends_unwritten().items() if at <= final}
        left = [one for one in self.requests.values() if one.left_at and one.left_at <= final]
        final_at = {grant.name: self.door_moved_at[grant.tenant] if grant.voided_at else grant.over_at for grant in due}
        not_yet = [grant for grant in due if (at := final_at[grant.name]) and at > final]
        expected = [("grant.ended", grant.name, text_of(grant.ends_at)) for grant in due if grant not in not_yet]
        expected += [
            ("login.ended", name, text_of(at))
            for name, at in over.items()
            if at == (login := self.logins[name]).voided_at and self.door_moved_at[login.tenant] <= final
        ]
        expected += [("request.expired", one.name, None) for one in expired]
        expected += [("request.withdrawn", one.name, None) for one in left]
        dropped = [one for one in self.calls.values() if one.left_at and one.left_at <= final]
        expected += [("callback.released", one.name, None) for one in dropped]
        leavers = {(grant.tenant, grant.grantee[1]) for grant in due if grant.left_at}
        told = [(tenant, entry["about"]) for tenant in written for entry in written[tenant] if _says_left(entry)]
        found = [
            (entry["what"], entry["about"], entry["data"].get("ends_at", entry["data"].get("ended_at")))
            for tenant in written
            for entry in written[tenant]
            if not _says_left(entry)
        ]
        logins = [one for one in found if one[0] == "login.ended"]
        complaints = [f"the clean-up did not write {one}" for one in expected if one not in found]
        may_come = [("grant.ended", grant.name, text_of(grant.ends_at)) for grant in not_yet]
        allowed = [*expected, *may_come, *logins]
        complaints += [f"the clean-up wrote {one}" for one in found if one not in allowed]
        complaints += [f"the clean-up wrote {one}" for one in told if one not in leavers]
        complaints += [
            f"the clean-up wrote {one}, but access ends at {text_of(over.get(one[1]))}"
            for one in logins
            if one[1] not in over or text_of(over[one[1]]) != one[2]
        ]
        seen = {about for _, about, _ in logins}
        complaints += [
            f"the end of {name} at {text_of(at)} is not written yet"
            for name, at in over.items()
            if name not in seen and self.now >= max(at, self._changed_at(name)) + END_WRITTEN_WITHIN
        ]
        if len(found) != len(set(found)):
            complaints.append(f"the clean-up wrote something twice: {found}")
        ended = {about for what, about, _ in found if what == "grant.ended"}
        for grant in due:
            grant.is_end_written = grant.name in ended
        for one in expired:
            one.closed_as = "expired"
        for one in left:
            one.left_at = None
        for call in dropped:
            call.left_at = None
        for name in seen & over.keys():
            login = self.logins[name]
            login.ended_at, login.end, login.access_ends_at = over[name], "access_over", over[name]
        for tenant, entries in written.items():
            self.ledger[tenant] += [_bare(entry) for entry in entries]
        return complaints

    @property
    def may_wait(self) -> bool:
        """Say whether the years of which the desk knows the holidays last for another long wait."""
        return self.now < LAST_YEAR

    def edges(self) -> list[datetime]:
        """Return the moments to come at which something ends by the clock."""
        ends = [one.over_at for one in self.grants.values()] + [one.review_at for one in self.grants.values()]
        ends += [one.asked_at + REQUEST_LIFE for one in self.requests.values()]
        ends += [*self.slot_ends(), *(at + A_DAY for at in self.answered_at())]
        return sorted({at for at in ends if at is not None and at > self.now})

    # --- What others see -----------------------------------------------------------------------------------------

    def check(self, tenant: str, agent: str, action: str, login: str | None) -> list[View]:
        """Return the answers that are right. There is more than one only where a live key cannot prove enough."""
        granted = self._may_begin(tenant, agent, action)
        if login is None or not granted["allowed"]:
            return [granted]
        found = self.logins.get(login)
        if found is None or (found.tenant, found.agent) != (tenant, agent) or not self._was_open_throughout(found):
            return [_shut("no_login")]
        covering = self._covering(tenant, agent, self.now)
        return [granted] if self._is_provably_open(found, covering) else [granted, _shut("no_login")]

    def grant_views(self, tenant: str) -> list[View]:
        """The activation overview: live permanent grants first, then the rest, each newest first."""
        start = six_months_before(self.now, self.zones[tenant])
        shown = [one for one in self._of(self.grants, tenant) if one.over_at is None or one.over_at > start]
        return [self._grant_view(one) for one in _permanent_first(shown, self.now)]

    def live_views(self, tenant: str) -> list[View]:
        live = [one for one in self._of(self.grants, tenant) if one.is_live(self.now)]
        return [self._grant_view(one) for one in _permanent_first(live, self.now)]

    def login_views(self, tenant: str) -> list[View]:
        return [self._login_view(one) for one in reversed(self._of(self.logins, tenant))]

    def request_views(self, tenant: str, state: str | None = None) -> list[View]:
        found = reversed(self._of(self.requests, tenant))
        return [self._request_view(one) for one in found if state in (None, one.state(self.now))]

    def access(self, agent: str) -> list[View]:
        """Return the tenants that the agent may enter now."""
        covering = {tenant: self.covering(tenant, agent) for tenant in self.ledger}
        return [
            {
                "tenant_id": tenant,
                "ends_at": text_of(_ends_last(grants).ends_at),
                "access": _greatest(grants),
                "may_export": any(grant.may_export for grant in grants),
                "grant_ids": [grant.name for grant in grants],
            }
            for tenant, grants in covering.items()
            if grants
        ]

    def ledger_views(self, tenant: str) -> list[View]:
        return self.ledger[tenant]

    # --- How it follows ------------------------------------------------------------------------------------------

    def covering(self, tenant: str, agent: str) -> list[Grant]:
        """Return the grants that let the agent in now."""
        return [] if tenant in self.locked | self.closed else self._covering(tenant, agent, self.now)

    def _may_begin(self, tenant: str, agent: str, action: str) -> View:
        if agent in self.agents and not self._is_active(agent):
            return _shut("agent_inactive")
        if agent in self.agents and tenant in self.locked:
            return _shut("locked")
        covering = self._covering(tenant, agent, self.now)
        exporting = [grant for grant in covering if grant.may_export]
        changing = [grant for grant in covering if grant.access == "change"]
        if not covering:
            is_open = tenant not in self.closed
            return _shut("not_for_software" if is_open and self._is_for_people(tenant, agent) else "no_live_grant")
        if action == "export" and not exporting:
            return _shut("export_not_granted")
        if action in ("enter", "change") and not changing:
            return _shut("change_not_granted")
        allowing = {"export": exporting, "view": covering}.get(action, changing)
        named = _ends_last(allowing)
        return {
            "allowed": True,
            "reason": "granted",
            "grant_id": named.name,
            "access": "change" if changing else "view",
            "may_export": bool(exporting),
            "ends_at": text_of(named.ends_at),
        }

    def _is_for_people(self, tenant: str, agent: str) -> bool:
        """Say whether a live grant covers the colleagues of this software, and not the software."""
        if agent not in self.agents or not self.agents[agent][-1].is_software:
            return False
        grantees = [("department", department) for department in self.agents[agent][-1].departments]
        return any(one.grantee in grantees and one.is_live(self.now) for one in self._of(self.grants, tenant))

    def _membership(self, agent: str, at: datetime) -> Membership:
        return [one for one in self.agents[agent] if one.since <= at][-1]

    def _covering(self, tenant: str, agent: str, at: datetime) -> list[Grant]:
        if agent not in self.agents:
            return []
        membership = self._membership(agent, at)
        return [one for one in self._of(self.grants, tenant) if one.lets_in(agent, membership, at)]

    def _moments(self, login: Login) -> list[datetime]:
        """Return the login's moment and every later one at which cover may be lost."""
        ends = {one.over_at for one in self._of(self.grants, login.tenant)} | {
            one.since for one in self.agents[login.agent]
        }
        return sorted({login.at} | {at for at in ends if at and at > login.at})

    def _was_open_throughout(self, login: Login) -> bool:
        if login.ended_at or login.voided_at or self.agents[login.agent][-1].person != login.membership.person:
            return False
        return all(self._covering(login.tenant, login.agent, at) for at in self._moments(login) if at <= self.now)

    def _is_provably_open(self, login: Login, covering: list[Grant]) -> bool:
        """Say whether a check can prove it from live keys, the agent's record and the login (decision 0002)."""
        latest = self.agents[login.agent][-1]
        stays = {name for name in login.departments if self._is_same_membership(login, name)}
        revoked = [one.revoked_at for one in self._of(self.grants, login.tenant) if one.revoked_at]
        return latest.person == login.membership.person and any(
            grant.given_at <= login.at
            or (
                stays == set(login.departments)
                and (login.access_ends_at is None or grant.given_at <= login.access_ends_at)
                and not any(login.at <= at <= grant.given_at for at in revoked)
            )
            for grant in covering
            if grant.grantee[0] == "agent" or grant.grantee[1] in stays
        )

    def _is_same_membership(self, login: Login, department: str) -> bool:
        began = self.agents[login.agent][-1].began.get(department)
        return began is not None and began == login.membership.began.get(department)

    def _is_remembered(self, grant: Grant, login: Login, at: datetime) -> bool:
        """Say whether the grant covered the person at that moment, as far as the login and the agent's record tell."""
        if not grant.is_live(at):
            return False
        latest = self.agents[login.agent][-1]
        is_there = latest.person == login.membership.person
        gone_at = next((one.since for one in self.agents[login.agent] if one.person > login.membership.person), None)
        kind, name = grant.grantee
        if kind == "agent":
            is_theirs = name == login.agent and grant.person == login.membership.person
            return is_theirs and (gone_at is None or at < gone_at)
        if login.membership.is_software and not grant.may_automate:
            return False
        if is_there and self._is_same_membership(login, name):
            return True
        if name in login.departments:
            return at < (gone_at or latest.since)
        return is_there and name in latest.departments and latest.since <= at

    def _over_at(self, login: Login) -> datetime | None:
        """Return when the login ended: no grant covers the person, as far as is remembered, or a lock came first."""
        uncovered = self._uncovered_at(login)
        return min([at for at in (uncovered, login.voided_at) if at], default=None)

    def _uncovered_at(self, login: Login) -> datetime | None:
        """Return the first moment since the login at which no grant covers the person, as far as is remembered."""
        grants = self._of(self.grants, login.tenant)
        for at in self._moments(login):
            if not any(self._is_remembered(grant, login, at) for grant in grants):
                return at
        return None

    def _settled(self, login: Login, at: datetime) -> tuple[datetime | None, str | None]:
        if login.ended_at is not None:
            return login.ended_at, login.end
        over = self._over_at(login)
        return (over, "access_over") if over is not None and over <= at else (None, None)

    def _ends_unwritten(self) -> dict[str, datetime]:
        ends = {one.name: self._over_at(one) for one in self.logins.values() if one.ended_at is None}
        return {name: at for name, at in ends.items() if at is not None}

    def _changed_at(self, login: str) -> datetime:
        return self.agents[self.logins[login].agent][-1].since

    # --- Refusals ------------------------------------------------------------------------------------------------

    def _require_right(self, user: str) -> str:
        tenant = USERS[user].tenant_id
        if not self.by_name.get((tenant, user), user in OWNERS or not self.is_tied):
            raise No("right_missing")
        return tenant

    def _is_active(self, agent: str) -> bool:
        return agent in self.agents and self.agents[agent][-1].is_active

    def _person(self, agent: str) -> int:
        return self.agents[agent][-1].person

    def _require_active(self, agent: str) -> None:
        if not self._is_active(agent):
            raise No("agent_inactive")

    def _own_of_agent[T: (Request, Login)](self, things: dict[str, T], name: str, agent: str) -> T:
        self._require_active(agent)
        if name not in things or things[name].agent != agent:
            raise No("not_found")
        found = things[name]
        person = (found.membership if isinstance(found, Login) else found.asks).person
        if person != self.agents[agent][-1].person:
            raise No("not_found")
        return found

    def _require_open_door(self, tenant: str) -> None:
        if tenant in self.closed:
            raise No("tenant_closed")
        if tenant in self.locked:
            raise No("locked_down")

    def _require_pending(self, request: Request) -> None:
        state = request.state(self.now)
        if state == "expired":
            raise No("request_expired")
        if state != "pending":
            raise No("request_closed", f"{state} {request.grant}")

    # --- Changes -------------------------------------------------------------------------------------------------

    def _give(
        self,
        user: str,
        tenant: str,
        grantee: tuple[str, str],
        period: str,
        access: str,
        may_export: bool,
        may_automate: bool,
        asked: Request | None = None,
    ) -> str:
        name, ends_at = f"g{len(self.grants) + 1:02}", end_of(period, self.now, self.zones[tenant])
        review_at = None if ends_at else review_of(self.now, self.zones[tenant])
        request, ticket = (asked.name, asked.ticket) if asked else (None, None)
        person = self.agents[grantee[1]][-1].person if grantee[0] == "agent" else 1
        consented = self._name_of(grantee)
        self.grants[name] = Grant(
            name,
            tenant,
            grantee,
            period,
            access,
            may_export,
            may_automate,
            self.now,
            user,
            ends_at,
            review_at,
            request,
            ticket,
            consented,
            person,
            grantee[0] == "agent" and self.agents[grantee[1]][-1].is_software,
        )
        data = {"grantee_id": grantee[1], "may_export": may_export, "ends_at": text_of(ends_at), "request_id": request}
        data |= {"access": access, "may_automate": may_automate}
        self._write(tenant, "grant.given", name, "user", user, **data)
        return name

    def _refuse(self, agent: str, tenant: str) -> None:
        """The first refusal in an hour is an entry; later ones are reported with the next entry."""
        hour = self._hour()
        who = (agent, self._person(agent), tenant)
        is_first = not any((one["who"], one["hour"]) == (who, hour) for one in self.refusals)
        if is_first:
            unreported = self._report(agent, tenant)
            self._write(tenant, "login.refused", agent, "agent", agent, refusals_before=unreported)
        self.refusals.append({"who": who, "hour": hour, "is_reported": is_first})

    def _report(self, agent: str, tenant: str) -> int:
        who = (agent, self._person(agent), tenant)
        unreported = [one for one in self.refusals if one["who"] == who and not one["is_reported"]]
        for one in unreported:
            one["is_reported"] = True
        return len(unreported)

    def _count_sending(self, agent: str, tenant: str) -> None:
        of_agent, to_tenant = ("of", agent, self._hour()), ("to", tenant, self._hour())
        self._count({of_agent: MAX_SENDINGS_OF_AGENT, to_tenant: MAX_SENDINGS_TO_TENANT}, 1)

    def _count_for_user(self, what: str, user: str, limit: int) -> None:
        self._count({(what, user, self._hour()): limit}, 1)

    def _count(self, limits: dict[tuple[str, str, str], int], number: int) -> None:
        if any(self.counted[name] + number > limit for name, limit in limits.items()):
            raise No("too_many_requests")
        for name in limits:
            self.counted[name] += number

    def _hour(self) -> str:
        return f"{self.now:%Y-%m-%d %H}"

    def _write(self, tenant: str, what: str, about: str, by_type: str, by_id: str | None, **data: Any) -> None:
        by = {"type": by_type, "id": by_id}
        self.ledger[tenant].append({"what": what, "about": about, "by": by, "at": text_of(self.now), "data": data})

    # --- Views ---------------------------------------------------------------------------------------------------

    def _name_of(self, grantee: tuple[str, str]) -> str:
        kind, id = grantee
        return self.agents[id][-1].name if kind == "agent" else sample.DEPARTMENTS[id]

    def _grantee_view(self, one: Grant) -> View:
        kind, id = one.grantee
        names = _names(one.consented, self._name_of(one.grantee))
        who: View = {"kind": None, "accountable": None}
        if kind == "agent":
            now = self.agents[id][-1].kind if one.is_software else {"accountable": None}
            who = {"kind": "software" if one.is_software else "person", "accountable": now["accountable"]}
        return {"type": kind, "id": id, **names, **who}

    def _grant_view(self, one: Grant) -> View:
        return {
            "grant_id": one.name,
            "grantee": self._grantee_view(one),
            "period": one.period,
            "access": one.access,
            "may_export": one.may_export,
            "may_automate": one.may_automate,
            "state": one.state(self.now),
            "granted_at": text_of(one.given_at),
            "granted_by": self.person(one.given_by),
            "ends_at": text_of(one.ends_at),
            "review_at": text_of(one.review_at),
            "review_due": one.is_review_due(self.now),
            "revoked_at": text_of(one.revoked_at),
            "revoked_by": self.person(one.revoked_by),
            "end": one.end(self.now),
            "request_id": one.request,
        }

    def _login_view(self, one: Login) -> View:
        ended_at, end = self._settled(one, self.now)
        access_ends_at = self._over_at(one) if one.ended_at is None else one.access_ends_at
        departments = sorted(one.departments)
        return {
            "login_id": one.name,
            "agent": {
                "id": one.agent,
                "departments": departments,
                **one.membership.kind,
                **_names(one.membership.name, self._name_of(("agent", one.agent))),
            },
            "ticket": one.ticket,
            "access": one.access,
            "may_export": one.may_export,
            "logged_in_at": text_of(one.at),
            "ended_at": text_of(ended_at),
            "end": end,
            "grant_id": one.grant,
            "granted_by": self.person(self.grants[one.grant].given_by),
            "access_ends_at": text_of(access_ends_at),
        }

    def _request_view(self, one: Request) -> View:
        return {
            "request_id": one.name,
            "agent": {
                "id": one.agent,
                **one.asks.kind,
                **_names(one.asks.name, self._name_of(("agent", one.agent))),
            },
            "ticket": one.ticket,
            "period": one.period,
            "access": one.access,
            "may_export": one.may_export,
            "state": one.state(self.now),
            "requested_at": text_of(one.asked_at),
            "expires_at": text_of(one.asked_at + REQUEST_LIFE),
            "answered_at": text_of(one.answered_at),
            "answered_by": self.person(one.answered_by),
            "grant_id": one.grant,
        }


def _names(consented: str, now: str) -> View:
    """Lists show the present name beside the one consented to where they differ."""
    return {"name": consented, "present_name": now if now != consented else None}


def _says_left(entry: View) -> bool:
    return bool(entry["what"] == "agent.left")


def _ends_last(grants: list[Grant]) -> Grant:
    """Return the grant to name: a permanent one last of all, ties by the lowest id."""
    permanent = [grant for grant in grants if grant.ends_at is None]
    latest = max((grant.ends_at for grant in grants if grant.ends_at), default=None)
    return (permanent or [grant for grant in grants if grant.ends_at == latest])[0]


def _permanent_first(grants: list[Grant], now: datetime) -> Iterator[Grant]:
    newest_first = grants[::-1]
    yield from (one for one in newest_first if one.ends_at is None and one.is_live(now))
    yield from (one for one in newest_first if not (one.ends_at is None and one.is_live(now)))


def _greatest(grants: list[Grant]) -> str:
    return "change" if any(grant.access == "change" for grant in grants) else "view"


def _shut(reason: str) -> View:
    nothing = {"grant_id": None, "access": None, "may_export": False, "ends_at": None}
    return {"allowed": False, "reason": reason, **nothing}


def _bare(entry: View) -> View:
    return {name: entry[name] for name in ("what", "about", "by", "at", "data")}
