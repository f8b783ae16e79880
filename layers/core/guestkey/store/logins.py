"""Logins in the table.

A login and the proof that its grant is live, and its agent active and still a member, are one transaction: a revoke
that came first wins.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import Busy, NotFound, TooManyRequests
from guestkey.rules.access import covering, named
from guestkey.rules.grants import LiveKey
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What, digest
from guestkey.rules.logins import MOST_LOGINS_AN_HOUR, End, Login, is_unchanged, log_out, look_at, over_at, settled
from guestkey.rules.people import Agent
from guestkey.rules.periods import LONGEST_PERIOD
from guestkey.store import counts, grants, keys, ledger, livekeys, once, own, people, refusals
from guestkey.store.counts import CountItem
from guestkey.store.once import Once
from guestkey.store.table import (
    Change,
    InstantAttribute,
    Item,
    Texts,
    Unmet,
    due_no_more,
    find_all,
    newest_first,
    pauses,
    side_by_side,
)

MOST_AT_ONCE = 1_000
"""How many grants are read in one request when a login's end is sought in the history."""
ID_LAG = timedelta(minutes=1)
"""An id is made after the moment that its record bears, and no function runs that long."""
LOGGED_IN = "login"


class Vanished(Exception):
    """The grant that was to be named, the agent or the membership went before the login was stored."""


class LoginItem(Item, discriminator="login"):
    """One entry."""

    agent_id = UnicodeAttribute()
    agent_name = UnicodeAttribute()
    departments = Texts()
    reason = UnicodeAttribute()
    ticket = UnicodeAttribute(null=True)
    may_export = BooleanAttribute()
    logged_in_at = InstantAttribute()
    grant_id = UnicodeAttribute()
    access_ends_at = InstantAttribute(null=True)
    ended_at = InstantAttribute(null=True)
    end = UnicodeAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class Doorstep:
    """What a login stands on, read in one round trip."""

    agent: Agent
    keys: list[LiveKey]
    tip: ledger.Tip | None
    refusals: list[CountItem]


def doorstep(agent_id: str, tenant_id: str, wanted: Once | None, now: datetime) -> Doorstep:
    """Read whatever may refuse a login early: AgentInactive, or an answer kept before."""
    agent, head = keys.agent(agent_id), keys.ledger(tenant_id)
    found, knocks, live = side_by_side(
        lambda: find_all([agent, head, *once.kept_at(wanted)]),
        lambda: refusals.of_agent(agent_id, tenant_id),
        lambda: list(livekeys.of_tenant(tenant_id)),
    )
    record = people.active_agent_of(found.get(agent))
    once.replay(wanted, found, now)
    tip = ledger.tip_of(found[head]) if head in found else None
    return Doorstep(agent=record, keys=live, tip=tip, refusals=knocks)


def add(login: Login, at: Doorstep, covered_by: LiveKey, wanted: Once | None) -> None:
    """Keep a login, with its ledger entry.

    Raises Vanished: read again, another grant may cover. Raises TooManyRequests past the hour's limit, or the answer
    another request was given.
    """
    assert at.tip
    now = login.logged_in_at
    unreported = refusals.unreported(at.refusals)
    logged_in = keys.count(LOGGED_IN, login.agent_id, login.tenant_id, now)

    def compose(change: Change, _: ledger.Tip) -> None:
        change.check("grant", livekeys.LiveItem, keys.live(login.tenant_id, login.grant_id), livekeys.condition(now))
        change.check(
            "agent", people.AgentItem, keys.agent(login.agent_id), people.condition_covered(covered_by.grantee)
        )
        change.add("login", _item(login))
        change.put("own", own.item(keys.own_login(login.agent_id, login.login_id), login.tenant_id, _ttl(login)))
        once.keep(change, wanted, now)
        change.update("limit", counts.item(logged_in), counts.up(now), counts.at_most(MOST_LOGINS_AN_HOUR))
        refusals.report(change, unreported)

    data: Data = {
        "grant_id": login.grant_id,
        "may_export": login.may_export,
        "reason_sha256": digest(login.reason),
        "refusals_before": refusals.number_of(unreported),
    }
    note = Note(what=What.LOGIN_RECORDED, by=_by(login.agent_id), about=login.login_id, data=data, at=now)
    try:
        ledger.write(at.tip, [note], compose, own="login", stands_back=True)
    except Unmet as unmet:
        once.replay_winner(wanted, unmet)
        if unmet.found.keys() & {"grant", "agent"}:
            raise Vanished from unmet
        if "limit" in unmet.found:
            raise TooManyRequests(retry_after=counts.seconds_left(now)) from unmet
        raise


def turn_away(at: Doorstep, now: datetime) -> None:
    """Remember that an agent was refused. At a tenant that is not registered there is nobody to remember it for."""
    if at.tip:
        refusals.remember(at.agent.agent_id, at.tip, at.refusals, now)


def end(agent_id: str, login_id: str, now: datetime) -> Login:
    """End an agent's own login and return it; one that is over comes back as it ended. Raises NotFound."""
    tenant_id = own.tenant_of(keys.own_login(agent_id, login_id))
    for pause in pauses(4):
        time.sleep(pause)
        login = find(tenant_id, login_id)
        if login is None:
            raise NotFound
        now_reads = settle(tenant_id, [login], now)[0]
        if now_reads.ended_at:
            return now_reads
        tip = ledger.tip(tenant_id)
        assert tip
        ended = log_out(login, now)
        try:
            write_end(ended, tip, now)
        except Unmet:
            continue  # ended meanwhile: the next reading says how
        return ended
    raise Busy(retry_after=1)


def find(tenant_id: str, login_id: str) -> Login | None:
    """Return a login as it was recorded, strongly consistent."""
    try:
        return login_of(LoginItem.get(*keys.login(tenant_id, login_id), consistent_read=True))
    except LoginItem.DoesNotExist:
        return None


def before(tenant_id: str, below_id: str, batch: int) -> Iterator[Login]:
    """Yield the logins before `below_id` as they were recorded, newest first."""
    yield from map(login_of, newest_first(LoginItem, keys.of_tenant(tenant_id), keys.LOGIN, "", below_id, batch))


def settle(tenant_id: str, recorded: list[Login], now: datetime) -> list[Login]:
    """Return the logins as they read now: whoever is not covered any more is out, written down or not."""
    unended = [login for login in recorded if login.ended_at is None]
    if not unended:
        return recorded
    agents = people.agents({login.agent_id for login in unended})
    live = list(livekeys.of_tenant(tenant_id))
    ends: dict[str, datetime | None] = {}
    unclear: list[Login] = []
    for login in unended:
        agent = agents[login.agent_id]
        cover = covering(live, agent, now)
        if is_unchanged(agent, login) and any(key.granted_at <= login.logged_in_at for key in cover):
            ends[login.login_id] = named(cover).ends_at
        else:
            unclear.append(login)
    ends |= _ends_by_history(tenant_id, unclear, agents, now)
    return [settled(login, ends.get(login.login_id), now) for login in recorded]


def _ends_by_history(
    tenant_id: str, unclear: list[Login], agents: dict[str, Agent], now: datetime
) -> dict[str, datetime | None]:
    """Return when access was over for each login, from all grants given while it may have lasted."""
    if not unclear:
        return {}
    earliest = min(login.logged_in_at for login in unclear) - LONGEST_PERIOD
    known = list(grants.lasting(tenant_id, keys.LAST, MOST_AT_ONCE))
    upto = max(login.access_ends_at or now for login in unclear)
    while True:
        first, last = keys.first_id_at(earliest), keys.first_id_at(upto + ID_LAG)
        given = [*known, *grants.history(tenant_id, first, last, MOST_AT_ONCE)]
        ends = {login.login_id: over_at(login, given, agents[login.agent_id]) for login in unclear}
        reached = max(end or now for end in ends.values())
        if min(reached, now) <= upto:
            return ends
        upto = reached


def write_end(ended: Login, tip: ledger.Tip, now: datetime) -> None:
    """Keep how a login ended, with its ledger entry. Raises Unmet where its end was written down before."""
    assert ended.ended_at and ended.end
    actions: list[Action] = [LoginItem.ended_at.set(ended.ended_at), LoginItem.end.set(ended.end.value), *due_no_more()]
    by = _by(ended.agent_id)
    if ended.end is End.ACCESS_OVER:
        actions.append(LoginItem.access_ends_at.set(ended.ended_at))
        by = By(type=ByType.SYSTEM)

    def compose(change: Change, _: ledger.Tip) -> None:
        item = LoginItem(*keys.login(ended.tenant_id, ended.login_id))
        change.update("login", item, actions, LoginItem.pk.exists() & LoginItem.ended_at.does_not_exist())

    data = {"end": ended.end.value, "ended_at": text_of(ended.ended_at)}
    note = Note(what=What.LOGIN_ENDED, by=by, about=ended.login_id, data=data, at=now)
    ledger.write(tip, [note], compose, stands_back=True)


def _by(agent_id: str) -> By:
    return By(type=ByType.AGENT, id=agent_id)


def _item(login: Login) -> LoginItem:
    return LoginItem(
        *keys.login(login.tenant_id, login.login_id),
        agent_id=login.agent_id,
        agent_name=login.agent_name,
        departments=list(login.departments),
        reason=login.reason,
        ticket=login.ticket,
        may_export=login.may_export,
        logged_in_at=login.logged_in_at,
        grant_id=login.grant_id,
        access_ends_at=login.access_ends_at,
        due=keys.due_on(login.tenant_id),
        due_at=look_at(login, login.logged_in_at),
        ttl=_ttl(login),
    )


def login_of(item: Item) -> Login:
    """Return a login that was read as an item."""
    assert isinstance(item, LoginItem)
    return Login(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        login_id=item.sk.removeprefix(keys.LOGIN),
        agent_id=item.agent_id,
        agent_name=item.agent_name,
        departments=tuple(item.departments),
        reason=item.reason,
        ticket=item.ticket,
        may_export=item.may_export,
        logged_in_at=item.logged_in_at,
        grant_id=item.grant_id,
        access_ends_at=item.access_ends_at,
        ended_at=item.ended_at,
        end=End(item.end) if item.end else None,
    )


def _ttl(login: Login) -> int:
    return int((login.logged_in_at + settings.RETENTION).timestamp())
