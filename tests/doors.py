"""Moves the door of a tenant: by its routes, and as the functions that are still to come will write it."""

from datetime import datetime
from typing import Any

import time_machine

from guestkey.rules.instants import text_of
from guestkey.store import clock
from guestkey.store.access import doors
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.ledger import ledger
from tests import table
from tests.calls import call
from tests.personas import ANNA
from tests.table import Raw

Told = tuple[int, datetime, str]
"""Number, moment and word of a voiding."""


def next_number(tenant_id: str = "acme") -> int:
    """Return the number of the next entry: a voiding with it ends everything that is recorded so far."""
    state = ledger.read_state(tenant_id)
    assert state
    return state.next_seq


def put_door(tenant_id: str = "acme", *, kind: str | None = "door", version: int = 1, **said: Any) -> None:
    """Write the door as its writers will: the item, and its version on the ledger head.

    With a new voiding the door is due at once, so that the clean-up writes down what ended. Without one it stays due
    from when it was.
    """
    item: Raw = {"PK": {"S": keys.of_tenant(tenant_id)}, "SK": {"S": keys.DOOR}, "form": {"N": "1"}}
    item |= {"kind": {"S": kind}} if kind else {}
    item |= {"version": {"N": str(version)}}
    for name, value in said.items():
        item[name] = value if isinstance(value, dict) else {"BOOL": value} if isinstance(value, bool) else number(value)
    before = next(iter(table.items(*keys.door(tenant_id))), {})
    if any(item.get(name) != before.get(name) for name in ("voidings", "login_voidings")):
        item |= {"due": {"S": index_keys.due_on(tenant_id)}, "due_at": {"S": text_of(clock.now())}}
    else:
        item |= {name: before[name] for name in ("due", "due_at") if name in before}
    [head] = table.items(*keys.ledger(tenant_id))
    table.put([item, head | {"door": {"N": str(version)}}])


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def voidings(*told: Told) -> dict[str, str]:
    said = ",".join(f'{{"seq":{seq},"at":"{at:%Y-%m-%dT%H:%M:%SZ}","word":"{word}"}}' for seq, at, word in told)
    return {"S": f"[{said}]"}


def last_of(told: list[Told]) -> int:
    """Return the number of the last of these voidings, 0 without any."""
    return told[-1][0] if told else 0


def lock(at: datetime) -> None:
    """Let Anna lock her account."""
    _move("PUT", at)


def unlock(at: datetime, *, keep_grants: bool = False) -> None:
    """Let Anna lift the lock, which ends what was given before; an account that is not locked is locked first."""
    if not doors.of_tenant("acme").is_locked:
        lock(at)
    _move("DELETE", at, keep_grants=keep_grants)


def _move(method: str, at: datetime, **body: Any) -> None:
    with time_machine.travel(at, tick=False):
        answer = call(method, "/v1/lockdown", body, caller=ANNA)
    assert answer.status == 200, answer.text


def close(at: datetime) -> None:
    seq = next_number()
    told = voidings((seq, at, "closed"))
    put_door(closed=True, void_before=seq, voidings=told, logins_void_before=seq, login_voidings=told)
