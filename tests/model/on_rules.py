"""The product as the model's stories drive it: the pure rules alone, over dictionaries instead of a table.

The store's part is as simple here as possible: no transactions, no idempotency keys, no indexes.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from guestkey import errors
from guestkey.rules import access_end, callbacks, grants, lockdown, logins, requests
from guestkey.rules.access import Action, Open, covering, decide, decide_within, named, union
from guestkey.rules.accountability import Registered, register
from guestkey.rules.callback_entries import note
from guestkey.rules.callbacks import Callback
from guestkey.rules.callbacks import Outcome as CallOutcome
from guestkey.rules.desk import Calendar, desk_of
from guestkey.rules.door import NO_DOOR, Door, Voiding, Word
from guestkey.rules.grants import Grant, LiveKey, LiveKeys
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import START, By, ByType, Head, Note, Position, What, entry_after, to_line
from guestkey.rules.levels import AccessLevel
from guestkey.rules.lockdown import Lock
from guestkey.rules.logins import Login
from guestkey.rules.people import (
    Accountable,
    Agent,
    Department,
    Grantee,
    GranteeType,
    Tenant,
    User,
    grantee,
    other_name,
)
from guestkey.rules.periods import Period, months_before
from guestkey.rules.policy import NO_RULES
from guestkey.rules.requests import Request
from guestkey.rules.seats import seats
from guestkey.rules.slots import Slot, may_choose_slot, slot_at
from guestkey.rules.verify import verify
from local import sample
from tests.model.lockdown import Doorkeeper
from tests.model.outcomes import Outcome
from tests.model.wall_clock import holidays_until
from tests.model.world import FINAL_AFTER, LONG_AGO

USERS = {user.user_id: user for user in sample.USERS}
VENDOR, SYSTEM = By(type=ByType.VENDOR, id=sample.BACKEND), By(type=ByType.SYSTEM)
HOLIDAYS = holidays_until(2031)
SALT = "5a17" * 8
View = dict[str, Any]


class Rules:
    """The rules under a story."""

    def __init__(self, now: datetime) -> None:
        self.now = LONG_AGO
        self._tenants = {
            one.tenant_id: Tenant(**vars(one) | {"customer_name": one.tenant_id}) for one in sample.TENANTS
        }
        self._agents = {
            one.agent_id: Agent(
                agent_id=one.agent_id,
                name=one.name,
                email=one.email,
                departments=one.departments,
                is_active=one.active,
                changed_at=LONG_AGO,
            ).succeeds(None)
            for one in sample.AGENTS
        }
        self._left_at: dict[tuple[str, int], datetime] = {}
        self.set_agent("robo", ("support",), True, "Robo", "sven")
        self.doorkeepers = {tenant: Doorkeeper() for tenant in self._tenants}
        self._doors: dict[str, Door] = {}
        self._locks: dict[str, Lock] = {}
        self._without_right: set[str] = set()
        self._grants: dict[str, Grant] = {}
        self._live: dict[str, dict[str, LiveKey]] = {tenant: {} for tenant in self._tenants}
        self._revoked: dict[str, Position] = {}
        self._ends_written: set[str] = set()
        self._requests: dict[str, Request] = {}
        self._logins: dict[str, Login] = {}
        self._looks: dict[str, datetime] = {}
        self._refused: dict[tuple[str, int, str, str], int] = {}
        self._counted: Counter[tuple[str, str, str]] = Counter()
        self._calls: dict[str, Callback] = {}
        self._joined: dict[str, datetime] = {}
        self._seats: dict[datetime, set[str]] = {}
        self._desk = desk_of(sample.DESK)
        self._heads: dict[str, Head] = dict.fromkeys(self._tenants, START)
        self._lines: dict[str, list[str]] = {tenant: [] for tenant in self._tenants}
        for tenant in self._tenants:
            self._write(tenant, What.TENANT_CHANGED, VENDOR, tenant)
        for user in sample.USERS:
            if not user.may_grant:
                self.set_right(user.user_id, False)
        self.now = now

    def do(self, verb: str, **said: Any) -> Outcome:
        """Take one step, and return the answer."""
        try:
            outcome: Outcome = getattr(self, verb)(**said)
        except errors.RequestClosed as refused:
            return Outcome(refused.status, f"{refused.code} {refused.members['state']} {refused.members['grant_id']}")
        except errors.Refused as refused:
            return Outcome(refused.status, refused.code)
        return outcome

    # --- Users ---------------------------------------------------------------------------------------------------

    def let_in(
        self,
        user: str,
        grantee: tuple[str, str],
        period: str,
        may_export: bool,
        key: None,
        access: str | None = None,
        may_automate: bool = False,
    ) -> Outcome:
        by = self._holding_right(user)
        given = grants.give(
            door=self._door(by.tenant_id),
            rules=NO_RULES,
            grant_id=f"g{len(self._grants) + 1:02}",
            by=by,
            grantee=replace(self._grantee(*grantee), may_automate=may_automate),
            period=Period(period),
            tenant=self._tenants[by.tenant_id],
            access=AccessLevel(access or "change"),
            may_export=may_export,
            now=self.now,
        )
        self._count({("given", user, self._hour()): grants.MAX_GRANTS_AN_HOUR}, 1)
        self._keep(given)
        return Outcome(201, None, given.grant_id)

    def revoke(self, user: str, grant: str) -> Outcome:
        by = self._holding_right(user)
        found = self._with_leaving(self._own(self._grants, grant, by.tenant_id))
        revoked = grants.revoke(found, by, self.now)
        if revoked != found:
            seq = self._next_seq(by.tenant_id)
            self._grants[grant] = replace(revoked, revoked_seq=seq)
            self._live[by.tenant_id].pop(grant, None)
            self._revoked[by.tenant_id] = Position(seq, self.now)
            self._note(by.tenant_id, grants.revoked(revoked))
        return Outcome(200, None, grant)

    def keep(self, user: str, grant: str) -> Outcome:
        by = self._holding_right(user)
        found = self._with_leaving(self._own(self._grants, grant, by.tenant_id))
        kept = grants.keep(found, self._tenants[by.tenant_id].zone, self.now)
        if kept != found:
            self._grants[grant] = kept
            self._note(by.tenant_id, grants.kept(kept, by, self.now))
        return Outcome(200, None, grant)

    def approve(
        self,
        user: str,
        request: str,
        period: str | None,
        may_export: bool | None,
        key: None,
        access: str | None = None,
    ) -> Outcome:
        by = self._holding_right(user)
        found = self._as_it_is(self._own(self._requests, request, by.tenant_id))
        requests.require_pending(found, self.now)
        approval = requests.approve(
            found,
            door=self._door(by.tenant_id),
            rules=NO_RULES,
            by=by,
            grantee=self._grantee("agent", found.agent_id),
            tenant=self._tenants[by.tenant_id],
            grant_id=f"g{len(self._grants) + 1:02}",
            period=Period(period) if period else None,
            access=AccessLevel(access) if access else None,
            may_export=may_export is True,
            now=self.now,
        )
        self._count({("given", user, self._hour()): grants.MAX_GRANTS_AN_HOUR}, 1)
        self._requests[request] = approval.request
        self._write(by.tenant_id, What.REQUEST_APPROVED, _user(user), request)
        self._keep(approval.grant)
        return Outcome(201, None, approval.grant.grant_id)

    def decline(self, user: str, request: str) -> Outcome:
        by = self._holding_right(user)
        found = self._as_it_is(self._own(self._requests, request, by.tenant_id))
        self._requests[request] = requests.decline(found, by=by, note=None, note_salt=SALT, now=self.now)
        self._write(by.tenant_id, What.REQUEST_DECLINED, _user(user), request)
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
        key: None,
        access: str | None = None,
    ) -> Outcome:
        by = self._active(agent)
        unknown = ("unknown", agent, self._hour())
        if tenant not in self._tenants:
            self._count({unknown: requests.MAX_UNKNOWN}, 1)
            raise errors.TenantUnknown
        self._count({unknown: requests.MAX_UNKNOWN - 1}, 0)
        name = f"r{len(self._requests) + 1:02}"
        try:
            made = requests.ask(
                request_id=name,
                agent=by,
                tenant=self._tenants[tenant],
                recipients=recipients,
                reason="The import stands still",
                reason_salt=SALT,
                ticket=ticket,
                period=Period(period),
                access=AccessLevel(access or "change"),
                may_export=may_export,
                life=timedelta(hours=24),
                rules=NO_RULES,
                now=self.now,
            )
        except errors.RecipientUnknown:
            self._count({unknown: requests.MAX_UNKNOWN}, 1)
            raise
        own = [one for one in self._requests.values() if (one.agent_id, one.tenant_id) == (agent, tenant)]
        own = [one for one in own if one.incarnation == by.incarnation]
        if sum(one.state(self.now) is requests.State.PENDING for one in own) >= requests.MAX_PENDING:
            raise errors.TooManyRequests
        self._count_sending(agent, tenant)
        self._requests[name] = made
        self._write(tenant, What.REQUEST_MADE, _agent(agent), name)
        return Outcome(201, None, name)

    def send_again(self, agent: str, request: str) -> Outcome:
        found = self._own_of(self._requests, request, agent)
        requests.require_pending(found, self.now)
        requests.still_registered(found, self._tenants[found.tenant_id])
        self._count_sending(agent, found.tenant_id)
        return Outcome(200, None, request)

    def withdraw(self, agent: str, request: str) -> Outcome:
        found = self._own_of(self._requests, request, agent)
        withdrawn = requests.withdraw(found, self.now)
        if withdrawn != found:
            self._requests[request] = withdrawn
            self._write(found.tenant_id, What.REQUEST_WITHDRAWN, _agent(agent), request)
        return Outcome(200, None, request)

    def enter(self, agent: str, tenant: str, ticket: str | None, key: None) -> Outcome:
        by = self._active(agent)
        live = self._behind_door(tenant)
        decision = decide(live, by, Action.VIEW, self.now)
        if live.door.is_closed:
            raise errors.TenantClosed
        if not isinstance(decision, Open):
            self._refuse(agent, tenant)
            raise errors.PolicyForbids(rule="locked") if live.door.is_locked else errors.NoLiveGrant
        login = logins.enter(
            login_id=f"l{len(self._logins) + 1:02}",
            tenant_id=tenant,
            agent=by,
            grant=decision.grant,
            access=decision.access,
            may_export=decision.may_export,
            reason="The import stands still",
            reason_salt=SALT,
            ticket=ticket,
            now=self.now,
        )
        self._logins[login.login_id] = replace(login, recorded_seq=self._next_seq(tenant))
        self._looks[login.login_id] = logins.next_due_at(login, self.now)
        data: dict[str, str | int | bool | None] = {
            "grant_id": login.grant_id,
            "access": login.access.value,
            "accountable_id": login.accountable.agent_id if login.accountable else None,
            "may_export": login.may_export,
            "refusals_before": self._report(agent, tenant),
        }
        self._write(tenant, What.LOGIN_RECORDED, _agent(agent), login.login_id, **data)
        return Outcome(201, None, login.login_id)

    def log_out(self, agent: str, login: str) -> Outcome:
        found = self._settled(self._own_of(self._logins, login, agent), self.now)
        ended = logins.log_out(found, self.now)
        if ended != found:
            self._end(ended, _agent(agent))
        assert ended.ended_at
        return Outcome(200, f"{ended.end} {text_of(ended.ended_at)}", login)

    # --- Call-backs ----------------------------------------------------------------------------------------------

    def book(self, user: str, topic: str, starts_at: datetime | None, key: None) -> Outcome:
        by = _as_user(user)
        self._require_choice(user, starts_at)
        slot = self._slot(topic, starts_at)
        if self._open(by.tenant_id):
            raise errors.CallbackOpen
        made = callbacks.book(
            callback_id=f"c{len(self._calls) + 1:02}",
            by=by,
            topic=topic,
            description="The import stands still",
            description_salt=SALT,
            phone="+4924144686122",
            phone_shown="0241 44686122",
            slot=slot,
            now=self.now,
        )
        self._save(None, made, What.CALLBACK_BOOKED, _user(user))
        return Outcome(201, None, made.callback_id)

    def move(self, user: str, callback: str, starts_at: datetime | None) -> Outcome:
        self._require_choice(user, starts_at)
        found = self._own(self._calls, callback, USERS[user].tenant_id)
        stays = found.slot and found.slot.starts_at == starts_at
        slot = found.slot if stays else self._slot(found.topic, starts_at)
        return self._change(callback, What.CALLBACK_MOVED, _user(user), lambda one: callbacks.move(one, slot, self.now))

    def cancel(self, user: str, callback: str) -> Outcome:
        self._own(self._calls, callback, USERS[user].tenant_id)
        return self._change(callback, What.CALLBACK_CANCELLED, _user(user), lambda one: callbacks.cancel(one, self.now))

    def take(self, agent: str, callback: str) -> Outcome:
        by = self._active(agent)
        return self._change(callback, What.CALLBACK_TAKEN, _agent(agent), lambda one: callbacks.take(one, by, self.now))

    def release(self, agent: str, callback: str) -> Outcome:
        by = self._active(agent)
        return self._change(
            callback, What.CALLBACK_RELEASED, _agent(agent), lambda one: callbacks.release(one, by, self.now)
        )

    def hand(self, agent: str, callback: str, colleague: str) -> Outcome:
        by, to = self._active(agent), self._agents[colleague]
        if not to.is_active:
            raise errors.InputInvalid
        return self._change(
            callback, What.CALLBACK_HANDED, _agent(agent), lambda one: callbacks.hand(one, by, to, self.now)
        )

    def close(self, agent: str, callback: str, outcome: str) -> Outcome:
        by, how = self._active(agent), CallOutcome(outcome)
        return self._change(
            callback, What.CALLBACK_CLOSED, _agent(agent), lambda one: callbacks.close(one, by, how, None, SALT)
        )

    # --- The vendor ----------------------------------------------------------------------------------------------

    def set_right(self, user: str, may_grant: bool) -> Outcome:
        if (user not in self._without_right) != may_grant:
            self._without_right ^= {user}
            self._write(USERS[user].tenant_id, What.RIGHT_CHANGED, VENDOR, user, may_grant=may_grant)
        return Outcome(200)

    def set_tenant(self, tenant: str, time_zone: str, approvers: tuple[str, ...]) -> Outcome:
        changed = replace(self._tenants[tenant], time_zone=time_zone, approver_emails=approvers)
        if changed != self._tenants[tenant]:
            self._tenants[tenant] = changed
            self._write(tenant, What.TENANT_CHANGED, VENDOR, tenant, time_zone=time_zone)
        return Outcome(200)

    def set_agent(
        self, agent: str, departments: tuple[str, ...], is_active: bool, name: str, accountable: str | None = None
    ) -> Outcome:
        was = self._agents.get(agent)
        given = Agent(
            agent_id=agent,
            name=name,
            email=f"{agent}@vendor.example",
            departments=departments,
            is_active=is_active,
            changed_at=self.now,
            is_software=accountable is not None,
            accountable=Accountable(agent_id=accountable, name="") if accountable else None,
        )
        stored = Registered(
            before=was,
            named=self._agents.get(accountable or ""),
            former=self._agents.get(was.depends_on or "") if was else None,
            dependent=tuple(self._agents[one] for one in was.accountable_for) if was else (),
        )
        after, beside = register(given, stored)
        for old, new in [(was, after), *((one.before, one.after) for one in beside)]:
            if new.differs(old):
                self._agents[new.agent_id] = new
            if old and new.incarnation > old.incarnation:
                self._left_at[old.agent_id, old.incarnation] = self.now
        return Outcome(200)

    def move_door(self, tenant: str, move: str) -> Outcome:
        seq, door, rita = (
            self._next_seq(tenant),
            self._door(tenant),
            User(tenant_id=tenant, user_id="rita", name="Rita"),
        )
        self.doorkeepers[tenant].move(move, seq, self.now)
        if move in ("close", "reopen"):
            self._doors[tenant] = _closed(door, seq, self.now) if move == "close" else replace(door, is_closed=False)
        elif move == "lock":
            lock = lockdown.lock(door, None, by=rita, reason=None, reason_salt="", now=self.now)
            self._locks[tenant], self._doors[tenant] = lock, door.locked(seq, self.now)
            self._note(tenant, lockdown.locked(lock, rita, self.now))
        else:
            lifted = lockdown.lift(door, self._locks[tenant], by=rita, keep_grants=move == "lift", now=self.now)
            assert lifted and door.last_lock
            self._doors[tenant] = door.lifted(seq, self.now, keep_grants=move == "lift")
            self._note(tenant, lockdown.unlocked(lifted, door.last_lock.seq, rita, self.now))
        return Outcome(200)

    # --- Time ----------------------------------------------------------------------------------------------------

    def sweep(self) -> Outcome:
        """Delete the live keys whose time is over."""
        for live in self._live.values():
            for name in [name for name, key in live.items() if key.ends_at and key.ends_at < self.now]:
                del live[name]
        return Outcome(200)

    def clean_up(self) -> None:
        """Write down each end that time caused a minute ago or earlier."""
        final = self.now - FINAL_AFTER
        for grant in map(self._with_leaving, self._grants.values()):
            if grant.state(final) is grants.State.ENDED and grant.grant_id not in self._ends_written:
                self._ends_written.add(grant.grant_id)
                self._live[grant.tenant_id].pop(grant.grant_id, None)
                self._note(grant.tenant_id, grants.ended(grant, self.now))
        for request in list(self._requests.values()):
            left_at = self._left_at.get((request.agent_id, request.incarnation))
            closed = requests.close_for_leaver(request, left_at) if left_at and left_at <= final else request
            if closed != request:
                self._requests[request.request_id] = closed
                self._write(request.tenant_id, What.REQUEST_WITHDRAWN, SYSTEM, request.request_id)
            elif request.closed_as is None and request.state(final) is requests.State.EXPIRED:
                self._requests[request.request_id] = requests.expire(request)
                self._write(request.tenant_id, What.REQUEST_EXPIRED, SYSTEM, request.request_id)
        self._release_from_leavers(final)
        for login in [one for one in self._logins.values() if one.ended_at is None]:
            is_void = self._door(login.tenant_id).voiding_of_login(login.recorded_seq)
            if is_void or self._looks[login.login_id] <= final:
                current = self._settled(login, final)
                if current.ended_at and current.ended_at <= final:
                    self._end(current, SYSTEM)
                else:
                    self._looks[login.login_id] = logins.next_due_at(current, self.now)

    def _release_from_leavers(self, final: datetime) -> None:
        for one in list(self._calls.values()):
            current = self._as_taken(one)
            if one.taken_by and current != one and self._left_at[one.taken_by.person] <= final:
                self._calls[one.callback_id] = current
                self._note(one.tenant_id, note(current, What.CALLBACK_RELEASED, SYSTEM, self.now, one))

    # --- What others see -----------------------------------------------------------------------------------------

    def check(self, tenant: str, agent: str, action: str, login: str | None) -> View:
        live, by, wanted = self._behind_door(tenant), self._agents.get(agent), Action(action)
        if login is None:
            decision = decide(live, by, wanted, self.now)
        else:
            found = self._logins.get(login)
            own = found if found and found.tenant_id == tenant else None
            decision = decide_within(own, live, by, wanted, self.now)
        if isinstance(decision, Open):
            grant = decision.grant
            return {
                "allowed": True,
                "reason": "granted",
                "grant_id": grant.grant_id,
                "access": decision.access.value,
                "may_export": decision.may_export,
                "ends_at": _text(grant.ends_at),
            }
        return {
            "allowed": False,
            "reason": decision.reason.value,
            "grant_id": None,
            "access": None,
            "may_export": False,
            "ends_at": None,
        }

    def grant_views(self, tenant: str) -> list[View]:
        start = months_before(self.now, 6, self._tenants[tenant].zone)
        found = map(self._with_leaving, self._of(self._grants, tenant))
        return self._ranked([one for one in found if one.was_live_since(start)])

    def live_views(self, tenant: str) -> list[View]:
        named = [self._grants[name] for name, key in self._live[tenant].items() if key.is_live(self.now)]
        found = map(self._with_leaving, named)
        return self._ranked([one for one in found if one.state(self.now) is grants.State.LIVE])

    def login_views(self, tenant: str) -> list[View]:
        return [self._login_view(self._settled(one, self.now)) for one in reversed(self._of(self._logins, tenant))]

    def _login_view(self, one: Login) -> View:
        return {
            "login_id": one.login_id,
            "agent": {
                "id": one.agent_id,
                "name": one.agent_name,
                "departments": sorted(one.departments),
                **_kind(one.is_software, one.accountable),
                "present_name": other_name(one.agent_name, self._agents[one.agent_id]),
            },
            "ticket": one.ticket,
            "access": one.access.value,
            "may_export": one.may_export,
            "logged_in_at": text_of(one.logged_in_at),
            "ended_at": _text(one.ended_at),
            "end": one.end.value if one.end else None,
            "grant_id": one.grant_id,
            "granted_by": vars(self._grants[one.grant_id].granted_by),
            "access_ends_at": _text(one.access_ends_at),
        }

    def request_views(self, tenant: str, state: str | None = None) -> list[View]:
        found = map(self._as_it_is, reversed(self._of(self._requests, tenant)))
        return [_request_view(one, self.now) for one in found if state in (None, one.state(self.now).value)]

    def access(self, agent: str) -> list[View]:
        found = {tenant: covering(self._behind_door(tenant), self._agents[agent], self.now) for tenant in self._live}
        return [
            {
                "tenant_id": tenant,
                "ends_at": _text(named(some).ends_at),
                "access": union(some).value,
                "may_export": any(key.may_export for key in some),
                "grant_ids": [key.grant_id for key in some],
            }
            for tenant, some in found.items()
            if some
        ]

    def ledger_views(self, tenant: str) -> list[View]:
        lines = self._lines[tenant]
        assert not verify([line.encode() for line in lines], self._heads[tenant]).findings
        return [json.loads(line) for line in lines]

    def open_callback(self, tenant: str) -> View | None:
        found = self._open(tenant)
        if found is None:
            return None
        return {
            "callback_id": found.callback_id,
            "kind": found.kind.value,
            "state": found.state(self.now).value,
            "topic": found.topic,
            "starts_at": _text(found.slot.starts_at if found.slot else None),
            "ends_at": _text(found.slot.ends_at if found.slot else None),
            "requested_at": text_of(found.requested_at),
            "requested_by": vars(found.requested_by),
            "agent": {"id": found.taken_by.agent_id, "name": found.taken_by.name} if found.taken_by else None,
            "version": found.version,
        }

    def queue(self, _: str) -> list[str]:
        waiting = [name for name, one in self._calls.items() if one.slot is None and one.closed_as is None]
        return sorted(waiting, key=lambda name: self._joined[name])

    def seats_held(self) -> dict[str, list[str]]:
        return {text_of(quarter): sorted(names) for quarter, names in self._seats.items() if names}

    # --- The store -----------------------------------------------------------------------------------------------

    def _keep(self, given: Grant) -> None:
        revoked, seq = self._revoked.get(given.tenant_id), self._next_seq(given.tenant_id)
        self._grants[given.grant_id] = replace(given, granted_seq=seq)
        self._live[given.tenant_id][given.grant_id] = LiveKey(
            grant_id=given.grant_id,
            grantee=given.grantee,
            access=given.access,
            may_export=given.may_export,
            granted_at=given.granted_at,
            ends_at=given.ends_at,
            revoked_before_at=revoked.at if revoked else None,
            revoked_before_seq=revoked.seq if revoked else None,
            granted_seq=seq,
            ticket=given.ticket,
        )
        self._note(given.tenant_id, grants.given(given))

    def _behind_door(self, tenant: str) -> LiveKeys:
        return LiveKeys.behind(self._door(tenant), self._live.get(tenant, {}).values())

    def _door(self, tenant: str) -> Door:
        return self._doors.get(tenant, NO_DOOR)

    def _settled(self, login: Login, at: datetime) -> Login:
        if login.ended_at:
            return login
        left_at = self._left_at.get((login.agent_id, login.incarnation))
        door = self._door(login.tenant_id)
        given = [grants.under(door, grant) for grant in self._of(self._grants, login.tenant_id)]
        over = access_end.end_of_access(login, given, self._agents[login.agent_id], left_at)
        return access_end.settled(login, access_end.end_by_door(login, over, door), at)

    def _with_leaving(self, grant: Grant) -> Grant:
        person = (grant.grantee.agent_id or "", grant.grantee.incarnation)
        return grants.under(self._door(grant.tenant_id), replace(grant, left_at=self._left_at.get(person)))

    def _as_it_is(self, request: Request) -> Request:
        left_at = self._left_at.get((request.agent_id, request.incarnation))
        now = self._agents[request.agent_id]
        request = replace(request, present_name=other_name(request.agent_name, now))
        return requests.close_for_leaver(request, left_at) if left_at else request

    def _end(self, ended: Login, by: By) -> None:
        assert ended.ended_at and ended.end
        stored = self._logins[ended.login_id]
        over = ended.end is logins.End.ACCESS_OVER
        access_ends_at = ended.ended_at if over else stored.access_ends_at
        self._logins[ended.login_id] = replace(ended, access_ends_at=access_ends_at)
        data = {"end": ended.end.value, "ended_at": text_of(ended.ended_at)}
        self._write(ended.tenant_id, What.LOGIN_ENDED, by, ended.login_id, **data)

    def _change(self, name: str, what: What, by: By, rule: Callable[[Callback], Callback]) -> Outcome:
        if name not in self._calls:
            raise errors.NotFound
        before = self._as_taken(self._calls[name])
        after = rule(before)
        if after != before:
            self._save(before, after, what, by)
        return Outcome(200, None, name)

    def _as_taken(self, one: Callback) -> Callback:
        """Return a call-back as it is: an open one of a leaver is not taken."""
        has_left = one.taken_by and one.closed_as is None and one.taken_by.person in self._left_at
        return replace(one, taken_by=None) if has_left else one

    def _save(self, before: Callback | None, after: Callback, what: What, by: By) -> None:
        moving = seats(before, after)
        if any(len(self._seats.get(quarter, ())) >= self._desk.lines for quarter in moving.taken):
            raise errors.SlotTaken
        if what in (What.CALLBACK_BOOKED, What.CALLBACK_MOVED):
            self._count({("booked", str(by.id), self._hour()): callbacks.MAX_BOOKINGS_AN_HOUR}, 1)
        for quarter in moving.taken:
            self._seats.setdefault(quarter, set()).add(after.callback_id)
        for quarter in moving.freed:
            self._seats[quarter].discard(after.callback_id)
        if after.slot is None and (before is None or before.slot is not None):
            self._joined[after.callback_id] = self.now
        self._calls[after.callback_id] = after
        self._note(after.tenant_id, note(after, what, by, self.now, before))

    def _open(self, tenant: str) -> Callback | None:
        own = map(self._as_taken, self._of(self._calls, tenant))
        return next((one for one in own if one.is_open(self.now)), None)

    def _slot(self, topic: str, starts_at: datetime | None) -> Slot | None:
        if starts_at is None:
            return None
        calendar = Calendar(closed=frozenset(HOLIDAYS), years=frozenset(range(2020, 2031)))
        about = self._desk.topic(topic)
        slot = slot_at(self._desk, calendar, about, self.now, starts_at) if about else None
        if slot is None:
            raise errors.SlotNotOffered
        return slot

    def _require_choice(self, user: str, starts_at: datetime | None) -> None:
        if starts_at and not may_choose_slot(USERS[user].locale, self._desk.slot_languages):
            raise errors.SlotsNotOffered

    def _holding_right(self, user: str) -> User:
        if user in self._without_right:
            raise errors.RightMissing
        return _as_user(user)

    def _active(self, agent: str) -> Agent:
        if not self._agents[agent].is_active:
            raise errors.AgentInactive
        return self._agents[agent]

    def _grantee(self, type: str, id: str) -> Grantee:
        if type == "department":
            return Grantee(type=GranteeType.DEPARTMENT, id=id, name=sample.DEPARTMENTS[id])
        if id not in self._agents or not self._agents[id].is_active:
            raise errors.GranteeUnknown
        return grantee(self._agents[id])

    def _own[T: (Grant, Request, Callback)](self, things: dict[str, T], name: str, tenant: str) -> T:
        if name not in things or things[name].tenant_id != tenant:
            raise errors.NotFound
        return things[name]

    def _own_of[T: (Request, Login)](self, things: dict[str, T], name: str, agent: str) -> T:
        self._active(agent)
        is_own = name in things and things[name].agent_id == agent
        if not is_own or things[name].incarnation != self._agents[agent].incarnation:
            raise errors.NotFound
        return things[name]

    def _of[T: (Grant, Request, Login, Callback)](self, things: dict[str, T], tenant: str) -> list[T]:
        return [one for one in things.values() if one.tenant_id == tenant]

    def _ranked(self, found: list[Grant]) -> list[View]:
        now = self.now
        first = [one for one in found if one.is_permanent and one.state(now) is grants.State.LIVE]
        rest = [one for one in found if one not in first]
        return [_grant_view(self._shown(one), now) for one in [*reversed(first), *reversed(rest)]]

    def _shown(self, grant: Grant) -> Grant:
        """Return the grant with the present name of its grantee, where it differs."""
        id, consented = grant.grantee.id, grant.grantee.name
        department = Department(department_id=id, name=sample.DEPARTMENTS.get(id, ""))
        now = self._agents[id] if grant.grantee.agent_id else department
        accountable = self._agents[id].accountable if grant.grantee.is_software else None
        shown = replace(grant.grantee, present_name=other_name(consented, now), accountable=accountable)
        return replace(grant, grantee=shown)

    def _refuse(self, agent: str, tenant: str) -> None:
        if tenant not in self._tenants:
            return
        who = (agent, self._agents[agent].incarnation, tenant, self._hour())
        if who in self._refused:
            self._refused[who] += 1
            return
        before = self._report(agent, tenant)
        self._refused[who] = 0
        self._write(tenant, What.LOGIN_REFUSED, _agent(agent), agent, refusals_before=before)

    def _report(self, agent: str, tenant: str) -> int:
        hours = [who for who in self._refused if who[:3] == (agent, self._agents[agent].incarnation, tenant)]
        number = sum(self._refused[who] for who in hours)
        self._refused |= dict.fromkeys(hours, 0)
        return number

    def _count_sending(self, agent: str, tenant: str) -> None:
        of_agent, to_tenant = ("of", agent, self._hour()), ("to", tenant, self._hour())
        self._count({of_agent: requests.MAX_SENDINGS_OF_AGENT, to_tenant: requests.MAX_SENDINGS_TO_TENANT}, 1)

    def _count(self, limits: dict[tuple[str, str, str], int], number: int) -> None:
        if any(self._counted[name] + number > limit for name, limit in limits.items()):
            raise errors.TooManyRequests
        self._counted.update(dict.fromkeys(limits, number))

    def _hour(self) -> str:
        return text_of(self.now)[:13]

    def _write(self, tenant: str, what: What, by: By, about: str, **data: str | int | bool | None) -> None:
        self._note(tenant, Note(what=what, by=by, about=about, data=data, at=self.now))

    def _next_seq(self, tenant: str) -> int:
        return self._heads[tenant].seq + 1

    def _note(self, tenant: str, note: Note) -> None:
        entry = entry_after(self._heads[tenant], tenant, note)
        self._heads[tenant] = entry.head
        self._lines[tenant].append(to_line(entry))


def _closed(door: Door, seq: int, now: datetime) -> Door:
    """Return the door as the function that closes accounts will leave it."""
    voiding = Voiding(seq=seq, at=now, word=Word.CLOSED)
    return replace(
        door,
        is_closed=True,
        void_before=seq,
        logins_void_before=seq,
        voidings=(*door.voidings, voiding),
        login_voidings=(*door.login_voidings, voiding),
    )


def _user(name: str) -> By:
    return By(type=ByType.USER, id=name)


def _agent(name: str) -> By:
    return By(type=ByType.AGENT, id=name)


def _as_user(name: str) -> User:
    one = USERS[name]
    return User(tenant_id=one.tenant_id, user_id=name, name=one.name, email=one.email, locale=one.locale)


def _text(at: datetime | None) -> str | None:
    return text_of(at) if at else None


NO_KIND: View = {"kind": None, "accountable": None}


def _kind(is_software: bool, accountable: Accountable | None) -> View:
    shown = {"id": accountable.agent_id, "name": accountable.name} if accountable else None
    return {"kind": "software" if is_software else "person", "accountable": shown}


def _grant_view(one: Grant, now: datetime) -> View:
    return {
        "grant_id": one.grant_id,
        "grantee": {
            "type": one.grantee.type.value,
            "id": one.grantee.id,
            "name": one.grantee.name,
            "present_name": one.grantee.present_name,
            **(_kind(one.grantee.is_software, one.grantee.accountable) if one.grantee.agent_id else NO_KIND),
        },
        "period": one.period.value,
        "access": one.access.value,
        "may_export": one.may_export,
        "may_automate": one.may_automate,
        "state": one.state(now).value,
        "granted_at": text_of(one.granted_at),
        "granted_by": vars(one.granted_by),
        "ends_at": _text(one.ends_at),
        "review_at": _text(one.review_at),
        "review_due": one.is_review_due(now),
        "revoked_at": _text(one.revoked_at),
        "revoked_by": vars(one.revoked_by) if one.revoked_by else None,
        "end": one.end(now),
        "request_id": one.request_id,
    }


def _request_view(one: Request, now: datetime) -> View:
    return {
        "request_id": one.request_id,
        "agent": {
            "id": one.agent_id,
            "name": one.agent_name,
            "present_name": one.present_name,
            **_kind(one.is_software, one.accountable),
        },
        "ticket": one.ticket,
        "period": one.period.value,
        "access": one.access.value,
        "may_export": one.may_export,
        "state": one.state(now).value,
        "requested_at": text_of(one.requested_at),
        "expires_at": text_of(one.expires_at),
        "answered_at": _text(one.answered_at),
        "answered_by": vars(one.answered_by) if one.answered_by else None,
        "grant_id": one.grant_id,
    }
