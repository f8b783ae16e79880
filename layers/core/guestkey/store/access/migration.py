"""The migration that gives open logins from before an open-login item.

Every open login is in the *due* index. The clean-up goes through it once, from the earliest time to the latest; an item
there only ever moves to a later time, so none is passed over. It begins some minutes after the upgrade, when no
function of the version before runs any more, and stores how far it has come. Until it is complete, readers of open
logins look at all logins.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import batched

from guestkey.store.access import logins, open_logins
from guestkey.store.access.logins import LoginItem
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import InstantAttribute, Item
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.retry import MAX_TRIES, growing_pauses, retry
from guestkey.store.dynamodb.transaction import ConditionFailed, OutcomeUnknown, Transaction, TransactionConflict
from guestkey.store.dynamodb.unreadable import items_of, readable
from guestkey.store.ledger import due

WAITS = timedelta(minutes=15)
"""Time between the first run of this version and the first login that gets its item."""
BATCH = 100
START, FAR = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class MigrationItem(Item, discriminator="migration"):
    """How far the migration has come in the *due* index."""

    begun_at = InstantAttribute()
    reached = InstantAttribute()
    completed_at = InstantAttribute(null=True)


def is_complete(item: Item | None) -> bool:
    """Say whether every open login has its item."""
    return isinstance(item, MigrationItem) and item.completed_at is not None


def go_on(now: datetime, has_time: Callable[[], bool]) -> int:
    """Go on while there is time, and return how many logins got an item. Raises Busy."""
    progress = find(MigrationItem, keys.migration())
    if progress is None:
        MigrationItem(*keys.migration(), begun_at=now, reached=START).save()
        return 0
    if progress.completed_at or now < progress.begun_at + WAITS:
        return 0
    number = 0
    for some in batched(due.until(FAR, since=progress.reached), BATCH):
        if not has_time():
            return number
        wanted = [item.key for item in some if item.key.sk.startswith(keys.LOGIN)]
        number += sum(readable(_put_item_of, wanted))
        progress.reached = some[-1].due_at
        progress.save()
    progress.completed_at = now
    progress.save()
    return number


def put_missing(item: Item) -> None:
    """Put the item of an open login that lacks it: a function of the version before may have recorded it later."""
    if not open_logins.is_there(keys.tenant_id_in(item.pk), keys.id_in(item.sk)):
        _put_item(item)


def open_in(tenant_id: str) -> dict[str, str]:
    """Return the agent of each login without a stored end, by login id: from all logins of the tenant."""
    begins, is_open = LoginItem.sk.startswith(keys.LOGIN), LoginItem.ended_at.does_not_exist()
    found = LoginItem.query(keys.of_tenant(tenant_id), begins, is_open, consistent_read=True)
    return {keys.id_in(item.sk): item.agent_id for item in items_of(LoginItem, found)}


def _put_item_of(key: keys.Key) -> bool:
    item = find(LoginItem, key)
    return item is not None and _put_item(item)


def _put_item(item: Item) -> bool:
    """Put the item of a login, unless it has one or has ended meanwhile. Return whether it was put."""
    login, ttl = logins.login_of(item), int(item.ttl or 0)

    def put(_: int) -> None:
        transaction = Transaction()
        is_open = LoginItem.pk.exists() & LoginItem.ended_at.does_not_exist()
        transaction.check("login", LoginItem, keys.login(login.tenant_id, login.login_id), is_open)
        open_logins.put(transaction, login, ttl)
        transaction.commit()

    with suppress(ConditionFailed):
        retry(put, growing_pauses(MAX_TRIES), on=(TransactionConflict, OutcomeUnknown))
        return True
    return False
