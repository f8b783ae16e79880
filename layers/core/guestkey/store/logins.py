"""Logins in the table, and the counters that bound what agents can cause.

A login and the proof that its grant is live, and its agent active and still a member, are one transaction: a revoke
that came first wins. The first refusal of an agent at a tenant in an hour stands in the ledger; later ones only count.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_hex

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import AgentInactive, Busy, NotFound, TooManyRequests
from guestkey.rules.access import covering, named
from guestkey.rules.grants import LiveKey
from guestkey.rules.ledger import By, ByType, Data, Note, What, digest
from guestkey.rules.logins import MOST_LOGINS_AN_HOUR, End, Login, is_unchanged, log_out, over_at, settled
from guestkey.rules.people import Agent
from guestkey.rules.periods import LONGEST_PERIOD
from guestkey.store import grants, keys, ledger, once, people
from guestkey.store.once import Once
from guestkey.store.table import (
    Change,
    Contended,
    InstantAttribute,
    Item,
    Texts,
    Uncertain,
    Unmet,
    find_all,
    pauses,
    side_by_side,
)

COUNTED_FOR = timedelta(hours=48)
"""How long a counter may stay readable."""
MOST_HOURS_REPORTED = 10
"""How many hours of uncounted refusals one ledger entry reports; the rest waits for the next."""
MOST_AT_ONCE = 1_000
"""How many grants are read in one request when a login's end is sought in the history."""
ID_LAG = timedelta(minutes=1)
"""An id is made after the moment that its record bears, and no function runs that long."""
REFUSED, LOGGED_IN = "refused", "login"


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


class OwnItem(Item, discriminator="own_login"):
    """At which tenant an agent's own login lies."""

    tenant_id = UnicodeAttribute()


class CountItem(Item, discriminator="counter"):
    """How often an agent did something at a tenant in one hour."""

    number = NumberAttribute(default=0)
    reported = NumberAttribute(default=0)
    """How many of them the ledger knows of."""
    noted_as = UnicodeAttribute(null=True)
    """The mark of the try that wrote the hour's first into the ledger; None while the ledger does not have it."""


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
    found, refusals, live = side_by_side(
        lambda: find_all([agent, head, *([wanted.key] if wanted else [])]),
        lambda: _refusals(agent_id, tenant_id),
        lambda: list(grants.live(tenant_id)),
    )
    record = people.agent_of(found[agent]) if agent in found else None
    if record is None or not record.is_active:
        raise AgentInactive
    once.replay(wanted, found.get(wanted.key) if wanted else None, now)
    tip = ledger.tip_of(found[head]) if head in found else None
    return Doorstep(agent=record, keys=live, tip=tip, refusals=refusals)


def add(login: Login, at: Doorstep, covered_by: LiveKey, wanted: Once | None) -> None:
    """Keep a login, with its ledger entry.

    Raises Vanished: read again, another grant may cover. Raises TooManyRequests past the hour's limit, or the answer
    another request was given.
    """
    assert at.tip
    now = login.logged_in_at
    unreported = _unreported(at.refusals)
    logged_in = keys.count(LOGGED_IN, login.agent_id, login.tenant_id, now)
    below_limit = CountItem.number.does_not_exist() | (CountItem.number < MOST_LOGINS_AN_HOUR)

    def compose(change: Change, _: ledger.Tip) -> None:
        change.check("grant", grants.LiveItem, keys.live(login.tenant_id, login.grant_id), grants.condition_live(now))
        change.check(
            "agent", people.AgentItem, keys.agent(login.agent_id), people.condition_covered(covered_by.grantee)
        )
        change.add("login", _item(login))
        change.put("own", _own_item(login))
        once.keep(change, wanted, now)
        change.update("limit", _counter(logged_in), _one_more(now), below_limit)
        _report(change, unreported)

    data: Data = {
        "grant_id": login.grant_id,
        "may_export": login.may_export,
        "reason_sha256": digest(login.reason),
        "refusals_before": _to_report(unreported),
    }
    note = Note(what=What.LOGIN_RECORDED, by=_by(login.agent_id), about=login.login_id, data=data, at=now)
    try:
        ledger.write(at.tip, [note], compose, own="login", for_agent=True)
    except Unmet as unmet:
        once.replay_winner(wanted, unmet)
        if unmet.found.keys() & {"grant", "agent"}:
            raise Vanished from unmet
        if "limit" in unmet.found:
            raise TooManyRequests(retry_after=3600 - int(now.timestamp()) % 3600) from unmet
        raise


def refuse(at: Doorstep, tenant_id: str, now: datetime) -> None:
    """Remember that an agent was turned away: in the ledger once an hour, if that is free, otherwise in a counter."""
    if at.tip is None:
        return  # no such tenant: nobody's ledger
    agent_id = at.agent.agent_id
    key = keys.count(REFUSED, agent_id, tenant_id, now)
    hour = next((item for item in at.refusals if item.sk == key.sk), _counter(key))
    mark = token_hex(8)
    if hour.noted_as or not _noted(at, hour, tenant_id, now, mark):
        _count_quietly(key, now, mark)


def end(agent_id: str, login_id: str, now: datetime) -> Login:
    """End an agent's own login and return it; one that is over comes back as it ended. Raises NotFound."""
    tenant_id = _tenant_of(agent_id, login_id)
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
            _write_end(ended, tip)
        except Unmet:
            continue  # ended meanwhile: the next reading says how
        return ended
    raise Busy(retry_after=1)


def find(tenant_id: str, login_id: str) -> Login | None:
    """Return a login as it was recorded, strongly consistent."""
    try:
        return _login(LoginItem.get(*keys.login(tenant_id, login_id), consistent_read=True))
    except LoginItem.DoesNotExist:
        return None


def before(tenant_id: str, below_id: str, batch: int) -> Iterator[Login]:
    """Yield the logins before `below_id` as they were recorded, newest first."""
    within = LoginItem.sk.between(keys.LOGIN, keys.LOGIN + below_id)
    items = LoginItem.query(
        keys.of_tenant(tenant_id), within, consistent_read=True, scan_index_forward=False, page_size=batch
    )
    yield from (login for login in map(_login, items) if login.login_id != below_id)


def settle(tenant_id: str, recorded: list[Login], now: datetime) -> list[Login]:
    """Return the logins as they read now: whoever is not covered any more is out, written down or not."""
    unended = [login for login in recorded if login.ended_at is None]
    if not unended:
        return recorded
    agents = people.agents({login.agent_id for login in unended})
    live = list(grants.live(tenant_id))
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


def _noted(at: Doorstep, hour: CountItem, tenant_id: str, now: datetime, mark: str) -> bool:
    """Write the hour's first refusal into the ledger, with what was counted before; say whether that surely worked."""
    before = [item for item in _unreported(at.refusals) if item.sk != hour.sk]
    counted = int(hour.number)

    def compose(change: Change, _: ledger.Tip) -> None:
        actions = [CountItem.noted_as.set(mark), CountItem.reported.set(counted + 1)]
        change.update(
            "hour",
            _counter(keys.Key(hour.pk, hour.sk)),
            [*_one_more(now), *actions],
            CountItem.noted_as.does_not_exist(),
        )
        _report(change, before)

    agent_id = at.agent.agent_id
    data = {"refusals_before": counted + _to_report(before)}
    note = Note(what=What.LOGIN_REFUSED, by=_by(agent_id), about=agent_id, data=data, at=now)
    assert at.tip
    return ledger.write_once_only(at.tip, [note], compose)


def _count_quietly(key: keys.Key, now: datetime, mark: str) -> None:
    """Raise a counter by one, unless the try of that mark was stored and only its answer lost.

    In a transaction: one that is sent again must not count twice.
    """
    change = Change()
    not_yet = CountItem.noted_as.does_not_exist() | (CountItem.noted_as != mark)
    change.update("hour", _counter(key), _one_more(now), not_yet)
    with suppress(Unmet, Contended, Uncertain):  # the answer to the agent is the same either way
        change.commit()


def _write_end(ended: Login, tip: ledger.Tip) -> None:
    assert ended.ended_at and ended.end
    actions: list[Action] = [LoginItem.ended_at.set(ended.ended_at), LoginItem.end.set(ended.end.value)]

    def compose(change: Change, _: ledger.Tip) -> None:
        item = LoginItem(*keys.login(ended.tenant_id, ended.login_id))
        change.update("login", item, actions, LoginItem.pk.exists() & LoginItem.ended_at.does_not_exist())

    data = {"end": ended.end.value}
    note = Note(what=What.LOGIN_ENDED, by=_by(ended.agent_id), about=ended.login_id, data=data, at=ended.ended_at)
    ledger.write(tip, [note], compose, for_agent=True)


def _tenant_of(agent_id: str, login_id: str) -> str:
    try:
        return OwnItem.get(*keys.own_login(agent_id, login_id), consistent_read=True).tenant_id
    except OwnItem.DoesNotExist:
        raise NotFound from None


def _refusals(agent_id: str, tenant_id: str) -> list[CountItem]:
    counters = CountItem.sk.startswith(keys.counts(REFUSED, tenant_id))
    return list(CountItem.query(keys.agent(agent_id).pk, counters, consistent_read=True))


def _unreported(refusals: list[CountItem]) -> list[CountItem]:
    return [item for item in refusals if item.number > item.reported][:MOST_HOURS_REPORTED]


def _to_report(refusals: list[CountItem]) -> int:
    return sum(int(item.number - item.reported) for item in refusals)


def _report(change: Change, refusals: list[CountItem]) -> None:
    """Say that the entry written with this change tells of these refusals.

    One that comes in between stays unreported.
    """
    for item in refusals:
        change.update(
            f"reported {item.sk}", _counter(keys.Key(item.pk, item.sk)), [CountItem.reported.set(item.number)]
        )


def _counter(key: keys.Key) -> CountItem:
    return CountItem(*key)


def _one_more(now: datetime) -> list[Action]:
    return [
        CountItem.kind.set(CountItem),
        CountItem.number.add(1),
        CountItem.ttl.set(int((now + COUNTED_FOR).timestamp())),
    ]


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
        ttl=_ttl(login),
    )


def _own_item(login: Login) -> OwnItem:
    return OwnItem(*keys.own_login(login.agent_id, login.login_id), tenant_id=login.tenant_id, ttl=_ttl(login))


def _login(item: Item) -> Login:
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
