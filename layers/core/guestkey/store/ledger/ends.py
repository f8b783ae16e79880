"""Stores ends that came to many grants or logins at once, each end once, with one ledger entry for each.

An end that another writer stored first, or that found the ledger busy, is left to the next run of the clean-up.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from guestkey.errors import Busy
from guestkey.rules import grants as rules
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Note
from guestkey.rules.logins import Login
from guestkey.store.access import grant_ends, logins, settling
from guestkey.store.dynamodb.transaction import ConditionFailed, Transaction
from guestkey.store.ledger import ledger
from guestkey.store.ledger.ledger import LedgerState

GRANTS_AT_ONCE = 20
"""Grants that one transaction ends: each takes up to four of its hundred writes."""


def of_grants(
    tenant_id: str,
    ended: Sequence[Grant],
    now: datetime,
    *,
    first: Sequence[Note] = (),
    add_others: Callable[[Transaction], None] = lambda transaction: None,
) -> bool:
    """Store the ends of up to GRANTS_AT_ONCE grants in one transaction, and return whether it was stored.

    `first` is written to the ledger before them, and `add_others` adds further writes. The bound of live grants stays
    as it is: a count at the limit may have left these grants out already.
    """
    if not ended:
        return True
    state = ledger.read_state(tenant_id)
    assert state

    def add_writes(transaction: Transaction, _: LedgerState) -> None:
        add_others(transaction)
        for grant in ended:
            grant_ends.record(transaction, grant, now)

    try:
        ledger.write(state, [*first, *(rules.ended(grant, now) for grant in ended)], add_writes, yields_to_users=True)
    except (ConditionFailed, Busy):
        return False
    return True


def of_logins(tenant_id: str, stored: Iterable[Login], now: datetime) -> bool:
    """Store the ends of those logins that are over, and return whether none is left for the next run."""
    is_whole = True
    settled = settling.settle(tenant_id, [login for login in stored if login.ended_at is None], now)
    for login in [login for login in settled if login.ended_at]:
        state = ledger.read_state(tenant_id)
        assert state
        try:
            with suppress(ConditionFailed):
                logins.save_end(login, state, now)
        except Busy:
            is_whole = False
    return is_whole
