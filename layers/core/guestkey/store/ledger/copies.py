"""Copies of a ledger for customers, line by line.

A copy leaves no entry out. One that cannot be read has a line that names its number, in which the verifier finds no
ledger entry: damage is seen, and the entries behind it stay available.
"""

from collections.abc import Iterator

from guestkey.rules.ledger import to_line
from guestkey.rules.ledger_form import canonical
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.dynamodb.unreadable import read_or_none
from guestkey.store.ledger import ledger


def lines_after(tenant_id: str, seq: int, limit: int) -> Iterator[tuple[int, str]]:
    """Yield number and line of at most `limit` entries with numbers above `seq`, in order, strongly consistent."""
    for item in ledger.items_after(tenant_id, seq, limit):
        number = int(keys.id_in(item.sk))
        yield number, read_or_none(_line, item) or _placeholder(tenant_id, number)


def _line(item: Item) -> str:
    return to_line(ledger.entry_in(item))


def _placeholder(tenant_id: str, seq: int) -> str:
    return canonical({"seq": seq, "tenant_id": tenant_id, "unreadable": True}).decode()
