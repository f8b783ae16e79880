"""The ledger in the table: its head, its entries, and the one way of writing a change together with its entries.

The chain's safety rests on one condition: the head still has the number that was read. A wish on the head is a hint
that keeps a user's change from starving: whoever writes for an agent, or for nobody, stands back while it stands, at
most a second.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from guestkey.errors import Busy
from guestkey.rules.ledger import START, By, ByType, Entry, Head, Note, What, entry_after, parsed, to_line
from guestkey.store import keys
from guestkey.store.table import Change, Contended, InstantAttribute, Item, Uncertain, Unmet, code_of, pauses

WISH_SECONDS = 1.0
TRIES = 25
LONGEST_PAUSE, SHORTEST_PAUSE, SHORTENED_BY = 0.6, 0.05, 0.075
"""Before the second try at most the longest, before each later one at most so much less, in seconds."""
PATIENCE_SECONDS = 6.0
"""After this no further try begins: the caller must have an answer before the function is out of time."""


class HeadItem(Item, discriminator="ledger_head"):
    """Where a tenant's ledger ends, and what every change of the tenant's grants must agree on."""

    seq = NumberAttribute()
    hash = UnicodeAttribute()
    live_at_most = NumberAttribute(default=0)
    revoked_at = InstantAttribute(null=True)
    wanted_until = NumberAttribute(null=True)
    """Until when, in seconds since the epoch, all stand back who do not write for a user or the vendor."""


class EntryItem(Item, discriminator="ledger_entry"):
    """One entry as it was written; nothing ever changes it."""

    seq = NumberAttribute()
    at = InstantAttribute()
    what = UnicodeAttribute()
    by_type = UnicodeAttribute()
    by_id = UnicodeAttribute(null=True)
    about = UnicodeAttribute()
    data = JSONAttribute()
    prev_hash = UnicodeAttribute()
    hash = UnicodeAttribute()


@dataclass(frozen=True, kw_only=True)
class Tip:
    """The head as read, beside what it carries for the tenant's grants."""

    tenant_id: str
    head: Head
    live_at_most: int
    """No fewer than the live grants there are: counted up by giving, down by revoking, never by time."""
    revoked_at: datetime | None
    """When the tenant last revoked any grant."""
    wanted_until: float

    @property
    def is_wanted(self) -> bool:
        """Say whether a user's change is waiting for the next number."""
        return self.wanted_until > time.time()


def tip(tenant_id: str) -> Tip | None:
    """Return the tenant's head, strongly consistent; None where the tenant is not registered."""
    try:
        return tip_of(HeadItem.get(*keys.ledger(tenant_id), consistent_read=True))
    except HeadItem.DoesNotExist:
        return None


def wish(tenant_id: str) -> Tip | None:
    """Return the tenant's head and, in the same request, ask the agents' writers to stand back for a second."""
    item = HeadItem(*keys.ledger(tenant_id))
    for pause in pauses(4):
        time.sleep(pause)
        try:
            item.update([HeadItem.wanted_until.set(time.time() + WISH_SECONDS)], condition=HeadItem.pk.exists())
        except UpdateError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return None
            if code_of(error) != "TransactionConflictException":
                raise
        else:
            return tip_of(item)
    return tip(tenant_id)


def write(
    seen: Tip,
    notes: Sequence[Note],
    compose: Callable[[Change, Tip], None],
    *,
    own: str = "",
    stands_back: bool = False,
    head: Callable[[Tip], Tip] = lambda seen: seen,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Write a change and its ledger entries in one transaction, again with the next number if the race was lost.

    `compose` adds the change's own writes; `head` says what becomes of the head's other facts; `look` is called before
    each further try and may refuse, so that nobody goes on trying for what is gone. Where the write named
    `own` finds its new id taken, an earlier try was stored although its answer was lost, and all is well. Any other
    failed condition raises Unmet for the caller to put into words. Raises Busy when every try was lost. Who writes for
    an agent, or for nobody, `stands_back` for a user's wish.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    for pause in takewhile(lambda _: time.monotonic() < deadline, _shorter_and_shorter(TRIES)):
        if pause:
            time.sleep(pause)
            seen = _again(seen, stands_back)
            look()
        if stands_back and seen.is_wanted:
            continue
        change = Change()
        compose(change, seen)
        _number(change, seen, head(seen), notes, stands_back)
        try:
            return change.commit()
        except Unmet as unmet:
            if own in unmet.found:
                return None
            if set(unmet.found) - {"head"}:
                raise
        except (Contended, Uncertain):
            pass
    raise Busy(retry_after=1)


def write_once_only(seen: Tip, notes: Sequence[Note], compose: Callable[[Change, Tip], None]) -> bool:
    """Try once, on behalf of an agent, and say whether it was written."""
    if seen.is_wanted:
        return False
    change = Change()
    compose(change, seen)
    _number(change, seen, seen, notes, stands_back=True)
    try:
        change.commit()
    except (Unmet, Contended, Uncertain):
        return False
    return True


def begin(change: Change, tenant_id: str, notes: Sequence[Note]) -> None:
    """Add the first entries of a new tenant's ledger, and its head."""
    nothing = Tip(tenant_id=tenant_id, head=START, live_at_most=0, revoked_at=None, wanted_until=0)
    _number(change, nothing, nothing, notes, stands_back=False)


def since(tenant_id: str, after_seq: int, limit: int) -> Iterator[Entry]:
    """Yield the entries behind a number, in order, strongly consistent."""
    first, last = keys.entry(tenant_id, after_seq + 1).sk, keys.entry(tenant_id, 10**12 - 1).sk
    items = EntryItem.query(
        keys.of_tenant(tenant_id), EntryItem.sk.between(first, last), consistent_read=True, limit=limit
    )
    yield from (_entry(tenant_id, item) for item in items)


def entry_of(tenant_id: str, image: dict[str, Any]) -> Entry:
    """Return an entry from its image in the table's stream; one that is not whole is an error, of whatever kind."""
    entry = _entry(tenant_id, EntryItem.from_raw_data(image))
    parsed(to_line(entry).encode())
    return entry


def tip_of(item: Item) -> Tip:
    """Return a head that was read together with other items."""
    assert isinstance(item, HeadItem)
    return Tip(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        head=Head(seq=int(item.seq), hash=item.hash),
        live_at_most=int(item.live_at_most),
        revoked_at=item.revoked_at,
        wanted_until=float(item.wanted_until or 0),
    )


def _shorter_and_shorter(tries: int) -> Iterator[float]:
    """Yield how many seconds to wait before each try: none before the first, then with full jitter, ever less.

    Whoever has lost most often comes back soonest. Pauses that grow do the opposite: in a crowd those who come anew,
    and do not pause at all, win again and again, and somebody waits in vain.
    """
    yield 0.0
    for lost in range(tries - 1):
        yield random.uniform(0, max(SHORTEST_PAUSE, LONGEST_PAUSE - SHORTENED_BY * lost))


def _again(seen: Tip, stands_back: bool) -> Tip:
    fresh = tip(seen.tenant_id) if stands_back else wish(seen.tenant_id)
    return fresh or seen


def _number(change: Change, seen: Tip, becomes: Tip, notes: Sequence[Note], stands_back: bool) -> None:
    """Add the entries that follow the head, and move the head if it is still where it was read."""
    last = seen.head
    for note in notes:
        entry = entry_after(last, seen.tenant_id, note)
        change.put(f"entry {entry.seq}", _entry_item(entry))
        last = entry.head
    free = HeadItem.seq == seen.head.seq if seen.head.seq else HeadItem.pk.does_not_exist()
    if stands_back:
        free &= HeadItem.wanted_until.does_not_exist() | (HeadItem.wanted_until <= time.time())
    actions: list[Action] = [
        HeadItem.kind.set(HeadItem),
        HeadItem.seq.set(last.seq),
        HeadItem.hash.set(last.hash),
        HeadItem.live_at_most.set(becomes.live_at_most),
        HeadItem.wanted_until.remove(),
    ]
    if becomes.revoked_at:
        actions.append(HeadItem.revoked_at.set(becomes.revoked_at))
    change.update("head", HeadItem(*keys.ledger(seen.tenant_id)), actions, free)


def _entry_item(entry: Entry) -> EntryItem:
    return EntryItem(
        *keys.entry(entry.tenant_id, entry.seq),
        seq=entry.seq,
        at=entry.at,
        what=entry.what.value,
        by_type=entry.by.type.value,
        by_id=entry.by.id,
        about=entry.about,
        data=dict(entry.data),
        prev_hash=entry.prev_hash,
        hash=entry.hash,
    )


def _entry(tenant_id: str, item: EntryItem) -> Entry:
    return Entry(
        tenant_id=tenant_id,
        seq=int(item.seq),
        at=item.at,
        what=What(item.what),
        by=By(type=ByType(item.by_type), id=item.by_id),
        about=item.about,
        data=item.data,
        prev_hash=item.prev_hash,
        hash=item.hash,
    )
