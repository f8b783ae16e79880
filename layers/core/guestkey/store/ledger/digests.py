"""Digests: the ledger entries of a local day that are told in one mail on the next morning.

A digest collects numbers of entries, in a set, so a repeated event adds nothing. The clean-up closes it when it is due,
which the table's stream reports; from then on it does not change. See docs/decisions/0032.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from pynamodb.attributes import NumberSetAttribute
from pynamodb.expressions.update import Action

from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Entry, Head, What
from guestkey.rules.logins import Login
from guestkey.rules.people import Tenant
from guestkey.rules.periods import day_of, digest_due_at
from guestkey.store.access import grant_lists, grants, logins
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import InstantAttribute, Item, epoch, remove_due
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import ConditionFailed, TransactionConflict, single_write
from guestkey.store.dynamodb.unreadable import expect, read_or_none
from guestkey.store.ledger import ledger, notices
from guestkey.store.ledger.notices import KEPT_FOR, Notice
from guestkey.store.registry import tenants

MAX_LINES = 60
"""Limit of entries in one mail, which counts the further ones: Gmail truncates a mail at 102 kB."""
NOTICE = "digest"


class DigestItem(Item, discriminator="digest"):
    """The numbers of the entries of one digest."""

    entries = NumberSetAttribute()
    closed_at = InstantAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A digest with its notice: the first entries with the records they are about, and how many follow."""

    notice: Notice
    first_seq: int
    last_seq: int
    events: tuple[tuple[Entry, Grant | Login], ...]
    further: int
    head: Head


def add(tenant: Tenant, entry: Entry, now: datetime) -> date:
    """Add an entry to the digest of its day and return the day.

    An event may come after that digest was closed. Unless the entry is in it already, it is added to today's.
    """
    day = day_of(entry.at, tenant.zone)
    with suppress(ConditionFailed):
        _add(tenant, day, entry.seq, now)
        return day
    key = keys.digest(tenant.tenant_id, day)
    closed = expect(DigestItem, find_all([key])[key])
    if entry.seq not in closed.entries:
        _add(tenant, day := day_of(now, tenant.zone), entry.seq, now)
    return day


def close(item: DigestItem, now: datetime) -> bool:
    """Close a digest, which makes the stream deliver it, and say whether this did it."""
    with suppress(ConditionFailed, TransactionConflict):
        with single_write():
            DigestItem(item.pk, item.sk).update(
                [DigestItem.closed_at.set(now), *remove_due()], condition=DigestItem.due_at.exists()
            )
        return True
    return False


def load(tenant_id: str, day: date, now: datetime) -> Digest | None:
    """Return the digest of a day, or None if it or its tenant does not exist. Strongly consistent.

    Entries about records that do not exist any more, or cannot be read, are left out.
    """
    tenant, stored, head = keys.tenant(tenant_id), keys.digest(tenant_id, day), keys.ledger(tenant_id)
    found = find_all([tenant, stored, head, key := keys.notice(tenant_id, day.isoformat(), NOTICE)])
    if not found.keys() >= {tenant, stored, head}:
        return None
    item = expect(DigestItem, found[stored])
    numbers = sorted(map(int, item.entries))
    return Digest(
        notice=notices.to_approvers(tenants.tenant_of(found[tenant]), notices.record_in(found, key), now + KEPT_FOR),
        first_seq=numbers[0],
        last_seq=numbers[-1],
        events=_events(tenant_id, list(islice(numbers, MAX_LINES))),
        further=max(0, len(numbers) - MAX_LINES),
        head=ledger.state_of(found[head]).head,
    )


def _add(tenant: Tenant, day: date, seq: int, now: datetime) -> None:
    due_at = digest_due_at(day, tenant.zone)
    actions: list[Action] = [
        DigestItem.kind.set(DigestItem),
        DigestItem.due.set(DigestItem.due | index_keys.due_on(tenant.tenant_id)),
        DigestItem.due_at.set(DigestItem.due_at | due_at),
        DigestItem.ttl.set(epoch(max(due_at, now) + KEPT_FOR)),
        DigestItem.entries.add({seq}),
    ]
    with single_write():
        DigestItem(*keys.digest(tenant.tenant_id, day)).update(actions, condition=DigestItem.closed_at.does_not_exist())


def _events(tenant_id: str, numbers: list[int]) -> tuple[tuple[Entry, Grant | Login], ...]:
    wanted = [keys.entry(tenant_id, seq) for seq in numbers]
    stored = find_all(wanted)
    entries = [ledger.entry_in(stored[key]) for key in wanted if key in stored]
    found = find_all({_about(entry) for entry in entries})
    records = {key: record for key, item in found.items() if (record := read_or_none(_record, item))}
    return tuple((entry, records[key]) for entry in entries if (key := _about(entry)) in records)


def _about(entry: Entry) -> Key:
    key_of = keys.login if entry.what is What.LOGIN_RECORDED else keys.grant
    return key_of(entry.tenant_id, entry.about)


def _record(item: Item) -> Grant | Login:
    if isinstance(item, logins.LoginItem):
        return logins.login_of(item)
    return grant_lists.with_accountable(grants.grant_of(item))
