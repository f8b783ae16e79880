"""Logins in the table.

A login and the proof that its grant is live, its agent active and still a member are one transaction: a revoke that
came first wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import NotFound
from guestkey.rules.grants import LiveKeys
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What, salted_digest
from guestkey.rules.logins import MAX_LOGINS_AN_HOUR, End, Login, next_due_at
from guestkey.rules.people import Agent
from guestkey.store.access import live_keys, open_logins, refusals, settling
from guestkey.store.access.refusals import RefusalCount
from guestkey.store.dynamodb import counters, idempotency, index_keys, keys
from guestkey.store.dynamodb.idempotency import IdempotencyRecord
from guestkey.store.dynamodb.mapping import attributes_of, value_of
from guestkey.store.dynamodb.models import InstantAttribute, Item, Numbers, Texts, epoch, remove_due
from guestkey.store.dynamodb.reads import find, find_all, first_id_at, newest_first, side_by_side
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.dynamodb.unreadable import expect, read_or_none, readable
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState
from guestkey.store.registry import ownership, people

LOGGED_IN = "login"
MAX_LOGIN_TRIES = 3
"""Tries to name a covering grant when the grant named before is no longer live."""


class LoginItem(Item, discriminator="login"):
    """One login."""

    agent_id = UnicodeAttribute()
    agent_name = UnicodeAttribute()
    departments = Texts()
    incarnation = NumberAttribute(default=1)
    is_software = BooleanAttribute(null=True)
    accountable_id = UnicodeAttribute(null=True)
    accountable_name = UnicodeAttribute(null=True)
    memberships = Numbers()
    reason = UnicodeAttribute()
    reason_salt = UnicodeAttribute(null=True)
    ticket = UnicodeAttribute(null=True)
    access = UnicodeAttribute(null=True)
    may_export = BooleanAttribute()
    logged_in_at = InstantAttribute()
    grant_id = UnicodeAttribute()
    access_ends_at = InstantAttribute(null=True)
    hours_end = InstantAttribute(null=True)
    ended_at = InstantAttribute(null=True)
    end = UnicodeAttribute(null=True)
    end_cause = UnicodeAttribute(null=True)
    recorded_seq = NumberAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class LoginContext:
    """State loaded before a login is written: agent, live keys, ledger state and refusals, in one round trip."""

    agent: Agent
    live: LiveKeys
    ledger: LedgerState | None
    """None if the tenant is not registered."""
    refusals: list[RefusalCount]


def load_context(agent_id: str, tenant_id: str, record: IdempotencyRecord | None, now: datetime) -> LoginContext:
    """Return the state that a new login depends on. Raises AgentInactive, or ReplayResponse."""
    agent, head = keys.agent(agent_id), keys.ledger(tenant_id)
    found, refused, live = side_by_side(
        lambda: find_all([agent, head, *idempotency.record_keys(record)]),
        lambda: refusals.of_agent(agent_id, tenant_id),
        lambda: live_keys.of_tenant(tenant_id),
    )
    active = people.active_agent_of(found.get(agent))
    idempotency.replay(record, found, now, active.incarnation)
    state = ledger.state_in(found, tenant_id)
    return LoginContext(agent=active, live=live, ledger=state, refusals=refusals.of_person(active, refused))


def save(login: Login, context: LoginContext, record: IdempotencyRecord | None) -> None:
    """Store a login and its ledger entry in one transaction.

    Raises TooManyRequests above the limit of the hour, ConditionFailed when the grant, the agent or the membership has
    changed or another entry reported the refusals, or Busy.
    """
    assert context.ledger
    now = login.logged_in_at
    unreported = refusals.unreported(context.refusals)
    counter = keys.counter(LOGGED_IN, login.agent_id, login.tenant_id, now)

    def add_writes(transaction: Transaction, state: LedgerState) -> None:
        live_keys.check_live(transaction, login.tenant_id, login.grant_id, now)
        people.check_unchanged(transaction, context.agent)
        transaction.add("login", _item(replace(login, recorded_seq=state.next_seq)))
        own = keys.own_login(login.agent_id, login.login_id)
        ownership.put(transaction, own, login.tenant_id, _ttl(login))
        open_logins.put(transaction, login, _ttl(login))
        idempotency.store_response(transaction, record, now, login.incarnation)
        counters.count(transaction, counter, MAX_LOGINS_AN_HOUR, now)
        refusals.report(transaction, unreported)

    data: Data = {
        "grant_id": login.grant_id,
        "access": login.access.value,
        "accountable_id": login.accountable.agent_id if login.accountable else None,
        "may_export": login.may_export,
        "reason_sha256": salted_digest(login.reason, login.reason_salt),
        "refusals_before": refusals.number_of(unreported),
    }
    note = Note(what=What.LOGIN_RECORDED, by=_by(login.agent_id), about=login.login_id, data=data, at=now)
    try:
        ledger.write(
            context.ledger, [note], add_writes, idempotent_write="login", yields_to_users=True, door=context.live.door
        )
    except ConditionFailed as error:
        counters.refuse_at_limit(error, now)
        raise


def record_refusal(context: LoginContext, now: datetime) -> None:
    """Record that the agent was refused. An unregistered tenant has no ledger for it."""
    if context.ledger:
        refusals.remember(context.agent, context.ledger, context.refusals, now)


def load_own(agent: Agent, login_id: str, now: datetime) -> Login:
    """Return an agent's own login as of `now`, not one of an earlier person of this id. Raises NotFound."""
    tenant_id = ownership.tenant_of(keys.own_login(agent.agent_id, login_id))
    login = find_one(tenant_id, login_id)
    if login is None or login.incarnation != agent.incarnation:
        raise NotFound
    return settling.settle(tenant_id, [login], now)[0]


def save_logged_out(ended: Login, login: Login) -> None:
    """Store that the agent ended a login; a login that had ended before stays as it is.

    Raises ConditionFailed if its end was stored meanwhile, or Busy.
    """
    if login.ended_at:
        return
    assert ended.ended_at
    state = ledger.read_state(ended.tenant_id)
    assert state
    save_end(ended, state, ended.ended_at)


def save_end(ended: Login, state: LedgerState, now: datetime) -> None:
    """Store the end of a login and its ledger entry. Raises ConditionFailed if its end was stored before, or Busy."""
    assert ended.ended_at and ended.end
    actions: list[Action] = [LoginItem.ended_at.set(ended.ended_at), LoginItem.end.set(ended.end.value), *remove_due()]
    by = _by(ended.agent_id)
    if ended.end is End.ACCESS_OVER:
        actions.append(LoginItem.access_ends_at.set(ended.ended_at))
        assert ended.end_cause
        actions.append(LoginItem.end_cause.set(ended.end_cause.value))
        by = By(type=ByType.SYSTEM)

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        item = LoginItem(*keys.login(ended.tenant_id, ended.login_id))
        transaction.update("login", item, actions, LoginItem.pk.exists() & LoginItem.ended_at.does_not_exist())
        open_logins.delete(transaction, ended.tenant_id, ended.login_id)

    data = {"end": ended.end.value, "ended_at": text_of(ended.ended_at)}
    note = Note(what=What.LOGIN_ENDED, by=by, about=ended.login_id, data=data, at=now)
    ledger.write(state, [note], add_writes, yields_to_users=True)


def find_one(tenant_id: str, login_id: str) -> Login | None:
    """Return a login as it was stored, strongly consistent. One that cannot be read lets nobody in: it is none."""
    item = find(Item, keys.login(tenant_id, login_id))
    return read_or_none(login_of, item) if item else None


def find_many(tenant_id: str, login_ids: Iterable[str]) -> list[Login]:
    """Return the existing ones of up to a hundred logins as they were stored."""
    return list(readable(login_of, find_all(keys.login(tenant_id, id) for id in login_ids).values()))


def overview(
    tenant_id: str,
    now: datetime,
    behind: str | None,
    batch: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[tuple[str, Login]]:
    """Yield the logins as of `now`, newest first, each with its position in the list.

    With `since` and `until`, only ids of about that time are read.
    """
    first = first_id_at(since - settling.ID_LAG) if since else ""
    below = min(behind or keys.LAST, first_id_at(until + settling.ID_LAG) if until else keys.LAST)
    stored = newest_first(LoginItem, keys.of_tenant(tenant_id), keys.LOGIN, first, below, batch)
    for some in batched(readable(login_of, stored), batch):
        yield from ((login.login_id, login) for login in settling.settle(tenant_id, list(some), now))


def login_of(item: Item) -> Login:
    """Return the login of an item that was read together with others."""
    item = expect(LoginItem, item)
    return value_of(Login, item, tenant_id=keys.tenant_id_in(item.pk), login_id=keys.id_in(item.sk))


def _by(agent_id: str) -> By:
    return By(type=ByType.AGENT, id=agent_id)


def _item(login: Login) -> LoginItem:
    return LoginItem(
        *keys.login(login.tenant_id, login.login_id),
        **attributes_of(login, LoginItem),
        due=index_keys.due_on(login.tenant_id),
        due_at=next_due_at(login, login.logged_in_at),
        ttl=_ttl(login),
    )


def _ttl(login: Login) -> int:
    return epoch(login.logged_in_at + settings.RETENTION)
