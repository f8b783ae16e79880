"""Grants in the table: a live key that decides, a history that remembers.

The live key goes when the grant is revoked, and the table may sweep it after its end; its `ends_at` decides meanwhile.
The history keeps the whole record; a permanent grant is kept under a second key, so that it is found however old it
is.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched, chain

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.errors import Busy, GranteeUnknown, NotFound, RightMissing, TenantUnknown, TooManyGrants
from guestkey.rules.grants import MOST_LIVE_GRANTS, Grant, LiveKey, revoke
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.people import Grantee, GranteeType, Person, Tenant, User
from guestkey.rules.periods import LONGEST_PERIOD, Period
from guestkey.store import keys, ledger, livekeys, once, people, tenants
from guestkey.store.once import Once
from guestkey.store.table import (
    Change,
    InstantAttribute,
    Item,
    Unmet,
    due_no_more,
    find_all,
    newest_first,
    pauses,
    side_by_side,
)

ABSENT = tenants.RightItem.pk.does_not_exist()


class GrantItem(Item, discriminator="grant"):
    """The whole record of a grant. A permanent one stands under two keys, alike."""

    grant_id = UnicodeAttribute()
    grantee_type = UnicodeAttribute()
    grantee_id = UnicodeAttribute()
    grantee_name = UnicodeAttribute()
    period = UnicodeAttribute()
    may_export = BooleanAttribute()
    granted_at = InstantAttribute()
    granted_by_id = UnicodeAttribute()
    granted_by_name = UnicodeAttribute()
    ends_at = InstantAttribute(null=True)
    review_at = InstantAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    revoked_by_id = UnicodeAttribute(null=True)
    revoked_by_name = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    ended_told_at = InstantAttribute(null=True)
    review_told_at = InstantAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What giving a grant stands on, read in one round trip."""

    tenant: Tenant
    grantee: Grantee
    tip: ledger.Tip


def ground(user: User, grantee_type: GranteeType, grantee_id: str, wanted: Once | None, now: datetime) -> Ground:
    """Read whatever may refuse a grant early: RightMissing, TenantUnknown, GranteeUnknown, or an answer kept before."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    grantee = keys.grantee(grantee_type, grantee_id)
    tip, found = side_by_side(
        lambda: ledger.wish(user.tenant_id),
        lambda: find_all([right, tenant, grantee, *once.kept_at(wanted)]),
    )
    if right in found:
        raise RightMissing
    if tip is None or tenant not in found:
        raise TenantUnknown
    named = people.grantee_of(found.get(grantee))
    if named is None:
        raise GranteeUnknown
    once.replay(wanted, found, now)
    return Ground(tenant=tenants.tenant_of(found[tenant]), grantee=named, tip=tip)


def add(
    grant: Grant,
    tip: ledger.Tip,
    wanted: Once | None,
    *,
    also: Callable[[Change], None] = lambda change: None,
    notes: Sequence[Note] = (),
) -> None:
    """Keep a grant, with its ledger entry; `also` and `notes` are what is written with it, and told before it.

    Raises RightMissing, TooManyGrants, the answer another request was given, or Unmet for a condition of `also`.
    """

    def compose(change: Change, seen: ledger.Tip) -> None:
        change.check("right", tenants.RightItem, keys.right(grant.tenant_id, grant.granted_by.user_id), ABSENT)
        history = _history(grant, keys.grant(grant.tenant_id, grant.grant_id))
        history.due, history.due_at = keys.due_on(grant.tenant_id), grant.ends_at or grant.review_at
        change.add("grant", history)
        if grant.is_permanent:
            change.add("lasting", _history(grant, keys.lasting(grant.tenant_id, grant.grant_id)))
        change.add("live", livekeys.item_of(grant, seen.revoked_at))
        also(change)
        once.keep(change, wanted, grant.granted_at)

    def counted(seen: ledger.Tip) -> ledger.Tip:
        most = seen.live_at_most
        if most >= MOST_LIVE_GRANTS:  # time has ended some of them, perhaps; the head we write on was read before
            # an earlier try of ours may have been stored although its answer was lost
            others = (key for key in livekeys.of_tenant(grant.tenant_id) if key.grant_id != grant.grant_id)
            # those that a quicker request gave a moment later count as well
            most = sum(key.ends_at is None or key.ends_at > grant.granted_at for key in others)
        if most >= MOST_LIVE_GRANTS:
            raise TooManyGrants
        return replace(seen, live_at_most=most + 1)

    try:
        ledger.write(tip, [*notes, _given(grant)], compose, own="grant", head=counted)
    except Unmet as unmet:
        if "right" in unmet.found:
            raise RightMissing from unmet
        once.replay_winner(wanted, unmet)
        raise


def end_early(user: User, grant_id: str, now: datetime) -> Grant:
    """Revoke a grant and return it; one revoked before comes back as it is.

    Raises RightMissing, NotFound, or GrantEnded where time was first.
    """
    right, key = keys.right(user.tenant_id, user.user_id), keys.grant(user.tenant_id, grant_id)
    for pause in pauses(4):
        time.sleep(pause)
        tip, found = side_by_side(lambda: ledger.wish(user.tenant_id), lambda: find_all([right, key]))
        if right in found:
            raise RightMissing
        if tip is None or key not in found:
            raise NotFound
        before = grant_of(found[key])
        revoked = revoke(before, user, now)
        if revoked == before:
            return before
        try:
            _write_revoked(revoked, tip)
        except Unmet:
            continue  # the right went, or somebody else revoked it: the next reading says which
        return revoked
    raise Busy(retry_after=1)


def find(tenant_id: str, grant_id: str) -> Grant:
    """Return one grant. Raises NotFound."""
    try:
        return grant_of(GrantItem.get(*keys.grant(tenant_id, grant_id), consistent_read=True))
    except GrantItem.DoesNotExist:
        raise NotFound from None


def find_many(tenant_id: str, grant_ids: Iterable[str]) -> dict[str, Grant]:
    """Return those of up to a hundred grants that there are, by id."""
    found = find_all(keys.grant(tenant_id, grant_id) for grant_id in grant_ids)
    return {grant.grant_id: grant for grant in map(grant_of, found.values())}


def overview(
    tenant_id: str, start: datetime, at: datetime, behind: str | None, batch: int
) -> Iterator[tuple[str, Grant]]:
    """Yield every grant that was live at any moment since `start`, each with its position in the list.

    First the permanent ones that were live at `at`, then the rest, each newest first, from behind a position on. A
    grant that ends by time was given at most a month before its end; older ones that count are permanent.
    """
    part, _, last = (behind or f"lasting:{keys.LAST}").partition(":")
    if part == "lasting":
        for grant in lasting(tenant_id, last, batch):
            if _is_lasting(grant, at):
                yield f"lasting:{grant.grant_id}", grant
        last = keys.LAST
    oldest = keys.first_id_at(start - LONGEST_PERIOD)
    for grant in chain(history(tenant_id, oldest, last, batch), lasting(tenant_id, min(oldest, last), batch)):
        if grant.was_live_since(start) and not _is_lasting(grant, at):
            yield f"rest:{grant.grant_id}", grant


def live_now(tenant_id: str, at: datetime, behind: str | None, batch: int) -> Iterator[tuple[str, Grant]]:
    """Yield the grants that are live, permanent ones first, each newest first, with their positions in the list."""
    ranked = sorted(
        ((_rank(key), key.grant_id) for key in livekeys.of_tenant(tenant_id) if key.is_live(at)), reverse=True
    )
    ahead = [(rank, grant_id) for rank, grant_id in ranked if behind is None or f"{rank}:{grant_id}" < behind]
    for some in batched(ahead, batch):
        found = find_many(tenant_id, (grant_id for _, grant_id in some))
        yield from ((f"{rank}:{grant_id}", found[grant_id]) for rank, grant_id in some if grant_id in found)


def history(tenant_id: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    """Yield the grants from `first_id` on and before `below_id`, newest first."""
    yield from _between(tenant_id, keys.GRANT, first_id, below_id, batch)


def lasting(tenant_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    """Yield the permanent grants before `below_id`, revoked or not, newest first."""
    yield from _between(tenant_id, keys.LASTING, "", below_id, batch)


def _write_revoked(revoked: Grant, tip: ledger.Tip) -> None:
    assert revoked.revoked_at and revoked.revoked_by
    at, by = revoked.revoked_at, revoked.revoked_by
    actions: list[Action] = [
        GrantItem.revoked_at.set(at),
        GrantItem.revoked_by_id.set(by.user_id),
        GrantItem.revoked_by_name.set(by.name),
        GrantItem.ttl.set(int((at + settings.RETENTION).timestamp())),
    ]
    standing = GrantItem.revoked_at.does_not_exist() & (GrantItem.ends_at.does_not_exist() | (GrantItem.ends_at > at))

    def compose(change: Change, _: ledger.Tip) -> None:
        tenant_id, grant_id = revoked.tenant_id, revoked.grant_id
        change.check("right", tenants.RightItem, keys.right(tenant_id, by.user_id), ABSENT)
        change.delete("live", livekeys.LiveItem(*keys.live(tenant_id, grant_id)))
        change.update("grant", GrantItem(*keys.grant(tenant_id, grant_id)), [*actions, *due_no_more()], standing)
        if revoked.is_permanent:
            change.update("lasting", GrantItem(*keys.lasting(tenant_id, grant_id)), actions, standing)

    note = Note(what=What.GRANT_REVOKED, by=By(type=ByType.USER, id=by.user_id), about=revoked.grant_id, data={}, at=at)

    def counted(seen: ledger.Tip) -> ledger.Tip:
        latest = max(at, seen.revoked_at or at)  # another revoke that was asked for later may have been stored first
        return replace(seen, live_at_most=max(0, seen.live_at_most - 1), revoked_at=latest)

    ledger.write(tip, [note], compose, head=counted)


def _given(grant: Grant) -> Note:
    return Note(
        what=What.GRANT_GIVEN,
        by=By(type=ByType.USER, id=grant.granted_by.user_id),
        about=grant.grant_id,
        data={
            "grantee_type": grant.grantee.type.value,
            "grantee_id": grant.grantee.id,
            "period": grant.period.value,
            "may_export": grant.may_export,
            "ends_at": text_of(grant.ends_at) if grant.ends_at else None,
            "request_id": grant.request_id,
        },
        at=grant.granted_at,
    )


def _is_lasting(grant: Grant, at: datetime) -> bool:
    return grant.is_permanent and grant.granted_at <= at and (grant.revoked_at is None or grant.revoked_at > at)


def _rank(key: LiveKey) -> int:
    return 0 if key.ends_at else 1


def _between(tenant_id: str, kind: str, first_id: str, below_id: str, batch: int) -> Iterator[Grant]:
    yield from map(grant_of, newest_first(GrantItem, keys.of_tenant(tenant_id), kind, first_id, below_id, batch))


def _history(grant: Grant, key: keys.Key) -> GrantItem:
    return GrantItem(
        *key,
        grant_id=grant.grant_id,
        grantee_type=grant.grantee.type.value,
        grantee_id=grant.grantee.id,
        grantee_name=grant.grantee.name,
        period=grant.period.value,
        may_export=grant.may_export,
        granted_at=grant.granted_at,
        granted_by_id=grant.granted_by.user_id,
        granted_by_name=grant.granted_by.name,
        ends_at=grant.ends_at,
        review_at=grant.review_at,
        request_id=grant.request_id,
        ttl=_ttl(grant.ends_at + settings.RETENTION) if grant.ends_at else None,
    )


def grant_of(item: Item) -> Grant:
    """Return a grant that was read as an item."""
    assert isinstance(item, GrantItem)
    revoked_by = Person(user_id=item.revoked_by_id, name=item.revoked_by_name) if item.revoked_at else None
    return Grant(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        grant_id=item.grant_id,
        grantee=Grantee(type=GranteeType(item.grantee_type), id=item.grantee_id, name=item.grantee_name),
        period=Period(item.period),
        may_export=item.may_export,
        granted_at=item.granted_at,
        granted_by=Person(user_id=item.granted_by_id, name=item.granted_by_name),
        ends_at=item.ends_at,
        review_at=item.review_at,
        revoked_at=item.revoked_at,
        revoked_by=revoked_by,
        request_id=item.request_id,
    )


def _ttl(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None
