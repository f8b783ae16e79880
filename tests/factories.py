"""Factories: each stores a grant, a login and so on in one line, through the real store; `bulk_…` store many at once.

Each takes the persona and, if needed, the moment: `grant(SVEN)`, `grant("development", at=LONG_AGO)`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any

import time_machine
from moto.dynamodb.models.table import Table

from guestkey import settings
from guestkey.edge import holidays
from guestkey.edge.http import ids
from guestkey.edge.http.claims import has_right_by_default
from guestkey.rules import callbacks as callback_rules
from guestkey.rules import grants as rules
from guestkey.rules import logins as login_rules
from guestkey.rules import requests as request_rules
from guestkey.rules.access import Action, Open, decide
from guestkey.rules.callbacks import Callback, Outcome, book
from guestkey.rules.door import NO_DOOR
from guestkey.rules.grants import Grant
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import End, Login, enter
from guestkey.rules.people import Accountable, Agent, Department, Grantee, GranteeType, Tenant, User
from guestkey.rules.periods import DEFAULT_PERIOD, Period
from guestkey.rules.policy import NO_RULES
from guestkey.rules.requests import MailState, Request, State, approve, ask, decline
from guestkey.rules.slots import Slot, slot_at
from guestkey.store.access import giving, grants, live_keys, logins, migration
from guestkey.store.callbacks import booking, callbacks, changes, desks
from guestkey.store.callbacks.seats import SlotItem
from guestkey.store.dynamodb import counters, keys
from guestkey.store.dynamodb.retry import transact
from guestkey.store.ledger import ledger
from guestkey.store.registry import ownership, people, registering, tenants
from guestkey.store.requests import approvals, asking, rate_limits, requests
from local import sample
from tests import table
from tests.calls import call
from tests.personas import ANNA, BACKEND, DORA, SVEN, Caller

MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
"""Noon in UTC: 13:00 at Acme (Berlin), 07:00 at Globex (New York)."""
SALT = "0123456789abcdef" * 2
"""The salt of every text that a factory stores."""
LONG_AGO = datetime(2024, 11, 1, tzinfo=UTC)
"""The time of the sample world's registration."""
YEARS_KNOWN = (2026, 2028)
"""Years whose holidays are stored, each with the next one, so that the clean-up stores none during a test."""
TUESDAY_AT_TEN = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
"""10:00 on the next morning, in the support desk's time zone (Berlin)."""
VENDOR = By(type=ByType.VENDOR, id=BACKEND.id)


def sample_world() -> None:
    """Fill the empty table with the sample world: through the vendor's routes once, then from a snapshot."""
    table.restore(_sample_world())


@cache
def _sample_world() -> Table:
    with time_machine.travel(LONG_AGO, tick=False):
        for path, body in sample.orders():
            answer = call("PUT", path, body, caller=BACKEND)
            assert answer.status == 200, answer.text
    for at in (LONG_AGO, LONG_AGO + migration.WAITS):
        migration.go_on(at, lambda: True)
    for year in YEARS_KNOWN:
        holidays.store_missing(MONDAY_NOON.replace(year=year))
    return table.picture()


def now() -> datetime:
    """Return the current time, in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def user(caller: Caller) -> User:
    """Return a caller as a `User` of the rules."""
    claims = caller.claims
    return User(
        tenant_id=caller.tenant_id,
        user_id=caller.id,
        name=caller.name,
        email=claims.get("email"),
        locale=claims.get("locale"),
        has_right_by_default=has_right_by_default(claims),
    )


def holds_right(tenant_id: str, user_id: str, *, by_default: bool = True) -> bool:
    """Say whether a user holds the right, by the table and by the default of the user's token."""
    return tenants.holds_right(
        User(tenant_id=tenant_id, user_id=user_id, name=user_id, has_right_by_default=by_default)
    )


def grant(
    to: Caller | str = SVEN,
    *,
    by: Caller = ANNA,
    period: Period | str = DEFAULT_PERIOD,
    access: AccessLevel | str = "change",
    may_export: bool = False,
    may_automate: bool = False,
    at: datetime | None = None,
    grant_id: str | None = None,
) -> Grant:
    """Give a grant to an agent (or, by its id, a department), as the grant function would at that moment."""
    with time_machine.travel(at or now(), tick=False):
        who, moment, new_id = user(by), now(), grant_id or ids.new_id()
        named = (GranteeType.DEPARTMENT, to) if isinstance(to, str) else (GranteeType.AGENT, to.id)
        return transact(
            load=lambda: giving.load_context(who, *named, None, moment),
            decide=lambda context: rules.give(
                door=context.door,
                rules=context.policy.rules_at(moment),
                grant_id=new_id,
                by=who,
                grantee=replace(context.grantee, may_automate=may_automate),
                period=Period(period),
                tenant=context.tenant,
                access=AccessLevel(access),
                may_export=may_export,
                now=moment,
            ),
            save=lambda given, context: giving.save(given, context, None),
        )


def revoked(given: Grant, *, by: Caller = ANNA, at: datetime | None = None) -> Grant:
    """Revoke a grant at that moment."""
    with time_machine.travel(at or now(), tick=False):
        return revoke(user(by), given.grant_id, now())


def revoke(who: User, grant_id: str, moment: datetime) -> Grant:
    """Revoke a grant, as the revoke function does."""
    return transact(
        load=lambda: grants.load_for_change(who, grant_id),
        decide=lambda context: rules.revoke(context.grant, who, moment),
        save=grants.save_revoked,
    )


def login(
    agent: Caller = SVEN,
    tenant_id: str = "acme",
    *,
    reason: str = "The import stands still",
    ticket: str | None = None,
    at: datetime | None = None,
    login_id: str | None = None,
) -> Login:
    """Record a login of an agent whom a live grant covers, as `login_record` would at that moment."""
    with time_machine.travel(at or now(), tick=False):
        moment, new_id = now(), login_id or ids.new_id()

        def entered(context: logins.LoginContext) -> Login:
            decision = decide(context.live, context.agent, Action.VIEW, moment)
            assert isinstance(decision, Open), f"no live grant of {tenant_id} covers {agent.id}"
            return enter(
                login_id=new_id,
                tenant_id=tenant_id,
                agent=context.agent,
                grant=decision.grant,
                access=decision.access,
                may_export=decision.may_export,
                reason=reason,
                reason_salt=SALT,
                ticket=ticket,
                now=moment,
            )

        return transact(
            load=lambda: logins.load_context(agent.id, tenant_id, None, moment),
            decide=entered,
            save=lambda login, context: logins.save(login, context, None),
        )


def logged_out(entered: Login, *, at: datetime | None = None) -> Login:
    """Let the agent end a login at that moment."""
    with time_machine.travel(at or now(), tick=False):
        return log_out(entered.agent_id, entered.login_id, now())


def log_out(agent_id: str, login_id: str, moment: datetime) -> Login:
    """End an agent's own login, as `login_record` does."""
    return transact(
        load=lambda: logins.load_own(people.active_agent(agent_id), login_id, moment),
        decide=lambda login: login_rules.log_out(login, moment),
        save=logins.save_logged_out,
    )


def requested(
    agent: Caller = SVEN,
    tenant_id: str = "acme",
    *,
    recipients: Sequence[str] | None = None,
    reason: str = "The import stands still",
    ticket: str | None = None,
    period: Period | str = DEFAULT_PERIOD,
    access: AccessLevel | str = "change",
    may_export: bool = False,
    mail: MailState = MailState.SENT,
    at: datetime | None = None,
    request_id: str | None = None,
) -> Request:
    """Store an agent's request, as the request function would at that moment; no mail is sent."""
    with time_machine.travel(at or now(), tick=False):
        moment, new_id = now(), request_id or ids.new_id()
        made = transact(
            load=lambda: asking.load_context(agent.id, tenant_id, None, moment),
            decide=lambda context: ask(
                request_id=new_id,
                agent=context.agent,
                tenant=context.tenant,
                recipients=recipients,
                reason=reason,
                reason_salt=SALT,
                ticket=ticket,
                period=Period(period),
                access=AccessLevel(access),
                may_export=may_export,
                life=settings.REQUEST_LIFE,
                rules=NO_RULES,
                now=moment,
            ),
            save=lambda request, context: asking.save(request, context, None),
        )
        asking.save_mail_state(made, mail, None)
        return replace(made, mail=mail)


def approved(
    request: Request,
    *,
    by: Caller = ANNA,
    period: Period | str | None = None,
    access: AccessLevel | str | None = None,
    may_export: bool = False,
    at: datetime | None = None,
) -> Grant:
    """Let a user approve a request at that moment."""
    with time_machine.travel(at or now(), tick=False):
        who, moment, new_id = user(by), now(), ids.new_id()
        approval = transact(
            load=lambda: approvals.load_context(who, request.request_id, None, moment),
            decide=lambda context: approve(
                context.request,
                door=context.door,
                rules=context.policy.rules_at(moment),
                by=who,
                grantee=context.agent,
                tenant=context.tenant,
                grant_id=new_id,
                period=Period(period) if period else None,
                access=AccessLevel(access) if access else None,
                may_export=may_export,
                now=moment,
            ),
            save=lambda approval, context: approvals.save_approved(approval, context, None),
        )
        return approval.grant


def declined(request: Request, *, by: Caller = ANNA, note: str | None = None, at: datetime | None = None) -> Request:
    """Let a user decline a request at that moment."""
    with time_machine.travel(at or now(), tick=False):
        who, moment = user(by), now()
        return transact(
            load=lambda: approvals.load_context(who, request.request_id, None, moment),
            decide=lambda context: decline(context.request, by=who, note=note, note_salt=SALT, now=moment),
            save=approvals.save_declined,
        )


def withdrawn(request: Request, *, at: datetime | None = None) -> Request:
    """Withdraw a request at that moment, as its agent would."""
    with time_machine.travel(at or now(), tick=False):
        return withdraw(request.agent_id, request.request_id, now())


def withdraw(agent_id: str, request_id: str, moment: datetime) -> Request:
    """Withdraw an agent's own request, as the request function does."""
    return transact(
        load=lambda: requests.find_own(people.active_agent(agent_id), request_id),
        decide=lambda request: request_rules.withdraw(request, moment),
        save=lambda withdrawn, request: asking.save_withdrawn(withdrawn, request, moment),
    )


def desk(**changes: Any) -> None:
    """Put the support desk's record again, with some members changed."""
    desks.put(desks.record() | changes)


def callback(
    by: Caller = ANNA,
    starts_at: datetime | None = None,
    *,
    topic: str = "question",
    description: str = "The import stands still",
    at: datetime | None = None,
    callback_id: str | None = None,
) -> Callback:
    """Book a slot, or join the queue if no time is given, as the booking function would at that moment."""
    with time_machine.travel(at or now(), tick=False):
        known = desks.current(now())
        about = known.desk.topic(topic)
        slot = slot_at(known.desk, known.calendar, about, now(), starts_at) if about and starts_at else None
        assert slot or starts_at is None, "the desk offers no slot at this time"
        context = booking.load_for_booking(user(by), slot, known.desk.lines, None, now())
        asked = book(
            callback_id=callback_id or ids.new_id(),
            by=user(by),
            topic=topic,
            description=description,
            description_salt=SALT,
            phone="+4924144686122",
            phone_shown="0241 44686122",
            slot=slot,
            now=now(),
        )
        booking.save_booked(asked, context, known.desk.lines, None)
        return asked


def moved(asked: Callback, starts_at: datetime | None, *, by: Caller = ANNA) -> Callback:
    """Move a call-back to another slot, or to the queue."""
    known = desks.current(now())
    about = known.desk.topic(asked.topic)
    slot = slot_at(known.desk, known.calendar, about, now(), starts_at) if about and starts_at else None
    assert slot or starts_at is None, "the desk offers no slot at this time"
    return move(user(by), asked.callback_id, slot, known.desk.lines, now())


def move(who: User, callback_id: str, slot: Slot | None, lines: int, moment: datetime) -> Callback:
    """Move a call-back, as the booking function does."""
    rule, by = partial(callback_rules.move, slot=slot, now=moment), By(type=ByType.USER, id=who.user_id)
    return changes.change(who.tenant_id, callback_id, What.CALLBACK_MOVED, by, rule, moment, lines)


def cancelled(asked: Callback, *, by: Caller = ANNA) -> Callback:
    """Cancel a call-back."""
    return cancel(user(by), asked.callback_id, now())


def cancel(who: User, callback_id: str, moment: datetime) -> Callback:
    """Cancel a call-back, as the booking function does."""
    rule, by = partial(callback_rules.cancel, now=moment), By(type=ByType.USER, id=who.user_id)
    return changes.change(who.tenant_id, callback_id, What.CALLBACK_CANCELLED, by, rule, moment)


def taken(asked: Callback, agent: Caller = SVEN, *, at: datetime | None = None) -> Callback:
    """Let an agent take a call-back: a booked one an hour before its slot, if it is still ahead."""
    soonest = asked.slot.starts_at - callback_rules.TAKEN_AHEAD if asked.slot else now()
    with time_machine.travel(at or max(now(), soonest), tick=False):
        rule = partial(callback_rules.take, agent=people.active_agent(agent.id), now=now())
        return _by_agent(agent, asked.callback_id, What.CALLBACK_TAKEN, rule)


def closed(asked: Callback, agent: Caller = SVEN, outcome: Outcome = Outcome.REACHED) -> Callback:
    """Let the agent close a call-back."""
    rule = partial(
        callback_rules.close, agent=people.active_agent(agent.id), outcome=outcome, note=None, note_salt=SALT
    )
    return _by_agent(agent, asked.callback_id, What.CALLBACK_CLOSED, rule)


def _by_agent(agent: Caller, callback_id: str, what: What, rule: callback_rules.Rule) -> Callback:
    by = By(type=ByType.AGENT, id=agent.id)
    return changes.change(callbacks.tenant_of(callback_id), callback_id, what, by, rule, now())


def seats(starts_at: datetime, number: int) -> None:
    """Let that many other tenants hold a quarter-hour: stores the slot's item only, no call-backs."""
    item = SlotItem(*keys.slot(starts_at), holders={f"other-{one}#{ids.new_id()}" for one in range(number)})
    table.put([item.to_dynamodb_dict()])


def seats_held() -> dict[datetime, set[str]]:
    """Return the ids of the call-backs by quarter-hour, for each quarter-hour with a holder."""
    items = [item for item in table.items() if item["kind"]["S"] == "slot" and "holders" in item]
    return {
        keys.slot_start(keys.Key(item["PK"]["S"], item["SK"]["S"])): {
            one.partition("#")[2] for one in item["holders"]["SS"]
        }
        for item in items
    }


def tenant(
    tenant_id: str,
    *,
    name: str = "A tenant",
    customer_name: str | None = None,
    time_zone: str = "Europe/Berlin",
    approver_emails: tuple[str, ...] = ("somebody@tenant.example",),
) -> Tenant:
    """Register a tenant."""
    made = Tenant(
        tenant_id=tenant_id,
        name=name,
        customer_name=customer_name or tenant_id,
        version="1",
        time_zone=time_zone,
        language="en",
        country="DE",
        approver_emails=approver_emails,
    )
    tenants.put_tenant(made, VENDOR, now())
    return made


def department(department_id: str, name: str | None = None) -> Department:
    """Register a department."""
    made = Department(department_id=department_id, name=name or department_id.title())
    registering.put_department(made)
    return made


def agent(
    agent_id: str, *departments: str, name: str | None = None, is_active: bool = True, accountable: str | None = None
) -> Agent:
    """Register an agent, or change a registered one. With an accountable person it is software."""
    made = Agent(
        agent_id=agent_id,
        name=name or agent_id.title(),
        email=f"{agent_id}@vendor.example",
        departments=departments,
        is_active=is_active,
        changed_at=now(),
        is_software=accountable is not None,
        accountable=Accountable(agent_id=accountable, name="") if accountable else None,
    )
    registering.put_agent(made)
    return made


def right(who: Caller, *, may_grant: bool) -> None:
    """Give a user the right, or take it away."""
    tenants.set_right(who.tenant_id, who.id, may_grant, VENDOR, None, now())


def bulk_live(number: int, *, tenant_id: str = "acme") -> None:
    """Let Dora in that many times for four hours: one real grant, else live keys, counted in the ledger's head."""
    given = grant(DORA, by=ANNA.but(tenant_id=tenant_id), period="4h")
    key, head = table.one(keys.live(tenant_id, given.grant_id)), table.one(keys.ledger(tenant_id))
    assert key and head
    made = [key | {"SK": {"S": keys.live(tenant_id, ids.new_id()).sk}} for _ in range(number - 1)]
    counted = int(head["live_at_most"]["N"]) + number - 1
    table.put([*made, head | {"live_at_most": {"N": str(counted)}}])


def bulk_places(tenant_ids: list[str]) -> None:
    """Register tenants with grants for both Sven and his department: records and live keys only, no ledgers."""
    for tenant_id in tenant_ids:
        made = Tenant(
            tenant_id=tenant_id,
            name=tenant_id.title(),
            customer_name=tenant_id,
            version="1",
            time_zone="Europe/Berlin",
            language="en",
            country="DE",
            approver_emails=(),
        )
        to = [(GranteeType.AGENT, SVEN.id), (GranteeType.DEPARTMENT, "support")]
        given = [
            rules.give(
                door=NO_DOOR,
                rules=NO_RULES,
                grant_id=ids.new_id(),
                by=user(ANNA.but(tenant_id=tenant_id)),
                grantee=Grantee(type=type, id=id, name=id.title()),
                period=DEFAULT_PERIOD,
                tenant=made,
                access=AccessLevel.CHANGE,
                may_export=False,
                now=now(),
            )
            for type, id in to
        ]
        table.put([tenants._item(made).to_dynamodb_dict()])
        table.put([live_keys._item(one, None).to_dynamodb_dict() for one in given])


def counted_logins(number: int, agent: Caller = SVEN, tenant_id: str = "acme") -> None:
    """Set the counter of the logins that an agent recorded in this hour."""
    _count(keys.counter(logins.LOGGED_IN, agent.id, tenant_id, now()), number)


def counted_changes(number: int, agent: Caller = SVEN, tenant_id: str = "acme") -> None:
    """Set the counter of the call-backs of a tenant that an agent took, handed on or moved in this hour."""
    _count(keys.counter(counters.CHANGED, agent.id, tenant_id, now()), number)


def counted_sendings(number: int, of: Caller | str = SVEN) -> None:
    """Set the counter of the requests that an agent sent, or that were sent to a tenant, in this hour."""
    if isinstance(of, str):
        _count(keys.counter_of_tenant(rate_limits.SENDINGS, of, now()), number)
    else:
        _count(keys.counter_of_agent(rate_limits.SENDINGS, of.id, now()), number)


def counted_unknown(number: int, agent: Caller = SVEN) -> None:
    """Set the counter of the unknown tenants and recipients that an agent named in this hour."""
    _count(rate_limits.unknown(agent.id, now()), number)


def counted_for_user(what: str, number: int, user_id: str = "anna", tenant_id: str = "acme") -> None:
    """Set the counter of a user's grants, bookings or choices of notices in this hour."""
    _count(keys.counter_of_user(what, tenant_id, user_id, now()), number)


def _count(at: keys.Key, number: int) -> None:
    item = counters.CounterItem(*at, number=number, ttl=int((now() + counters.KEPT_FOR).timestamp()))
    table.put([item.to_dynamodb_dict()])


def bulk_grants(number: int, *, tenant_id: str = "acme", at: datetime, permanent: bool = False) -> list[str]:
    """Put that many past grants into a tenant's history, a minute apart from `at` on; return their ids.

    This writes only the history: no live keys, no ledger entries.
    """
    who = Tenant(
        tenant_id=tenant_id,
        name="",
        customer_name="",
        version="",
        time_zone="Europe/Berlin",
        language="de",
        country="DE",
        approver_emails=(),
    )
    period = Period.PERMANENT if permanent else Period.ONE_HOUR
    made = []
    for moment in _minutes(at, number):
        with time_machine.travel(moment, tick=False):
            made.append(
                rules.give(
                    door=NO_DOOR,
                    rules=NO_RULES,
                    grant_id=ids.new_id(),
                    by=user(ANNA),
                    grantee=Grantee(type=GranteeType.AGENT, id=SVEN.id, name="Sven Brandt"),
                    period=period,
                    tenant=who,
                    access=AccessLevel.CHANGE,
                    may_export=False,
                    now=moment,
                )
            )
    key = keys.permanent_grant if permanent else keys.grant
    table.put([grants._item(given, key(tenant_id, given.grant_id)).to_dynamodb_dict() for given in made])
    return [given.grant_id for given in made]


def bulk_requests(number: int, *, tenant_id: str = "acme", at: datetime) -> list[str]:
    """Put that many withdrawn requests of Sven's into a tenant's history, a minute apart from `at`; return their ids.

    This writes neither ledger entries nor counters.
    """
    made = []
    for moment in _minutes(at, number):
        with time_machine.travel(moment, tick=False):
            made.append(
                Request(
                    tenant_id=tenant_id,
                    request_id=ids.new_id(),
                    agent_id=SVEN.id,
                    agent_name="Sven Brandt",
                    recipients=("anna@acme.example",),
                    reason="The import stands still",
                    period=DEFAULT_PERIOD,
                    may_export=False,
                    requested_at=moment,
                    expires_at=moment + settings.REQUEST_LIFE,
                )
            )
    for request in made:
        kept = requests._item(request)
        kept.closed_as = State.WITHDRAWN.value
        own = keys.own_request(SVEN.id, request.request_id)
        owned = ownership.OwnershipItem(*own, tenant_id=tenant_id, ttl=requests._ttl(request))
        table.put([kept.to_dynamodb_dict(), owned.to_dynamodb_dict()])
    return [request.request_id for request in made]


def bulk_logins(
    under: Grant,
    number: int,
    *,
    at: datetime,
    reason: str = "The import stands still",
) -> list[str]:
    """Put that many ended logins into a tenant's history, a minute apart from `at` on; return their ids."""
    made = []
    for moment in _minutes(at, number):
        with time_machine.travel(moment, tick=False):
            made.append(
                Login(
                    tenant_id=under.tenant_id,
                    login_id=ids.new_id(),
                    agent_id=SVEN.id,
                    agent_name="Sven Brandt",
                    departments=("support",),
                    reason=reason,
                    ticket=None,
                    may_export=False,
                    logged_in_at=moment,
                    grant_id=under.grant_id,
                    access_ends_at=under.ends_at,
                    ended_at=moment,
                    end=End.LOGGED_OUT,
                )
            )
    table.put([_login_item(entered) for entered in made])
    return [entered.login_id for entered in made]


def what_happened(tenant_id: str = "acme") -> list[str]:
    """Return the events in a tenant's ledger, in order, since the sample world was registered."""
    entries = ledger.entries_after(tenant_id, 0, 10_000)
    return [entry.what.value for entry in entries if entry.at > LONG_AGO]


def _login_item(entered: Login) -> table.Raw:
    raw: table.Raw = logins._item(entered).to_dynamodb_dict()
    assert entered.ended_at
    raw["ended_at"], raw["end"] = {"S": text_of(entered.ended_at)}, {"S": "logged_out"}
    return raw


def _minutes(at: datetime, number: int) -> Iterable[datetime]:
    return (at + timedelta(minutes=minute) for minute in range(number))
