"""What time has ended, written down: each end once, however often, however late and by however many it is looked for.

Nobody's access hangs on it. An end is written down a while after it came, when whoever acted before it has been
answered: a grant given in the last second may prolong a login, and what stands in the ledger is never taken back.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from pynamodb.exceptions import UpdateError

from guestkey.errors import TenantUnknown
from guestkey.rules.grants import Grant, State
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.logins import look_at
from guestkey.rules.requests import State as RequestState
from guestkey.store import due, grants, keys, ledger, logins, requests
from guestkey.store.due import Reminder
from guestkey.store.grants import GrantItem
from guestkey.store.keys import Key
from guestkey.store.logins import LoginItem
from guestkey.store.requests import RequestItem
from guestkey.store.table import LOST_RACE, Change, Item, Unmet, code_of, due_no_more

SETTLED_AFTER = timedelta(minutes=1)
"""After so long an end is final: no function that serves a caller runs that long."""


class Came(StrEnum):
    """What came of a look, whoever wrote it down."""

    GRANT_ENDED = "grants_ended"
    REVIEW_DUE = "reviews_due"
    REQUEST_EXPIRED = "requests_expired"
    LOGIN_ENDED = "logins_ended"
    LOGIN_OPEN = "logins_open"
    NOTHING = "nothing"


def look(reminder: Reminder, now: datetime) -> Came:
    """Look at what is due, and write down what time has made of it.

    Raises Busy where the tenant's ledger stays contended. What cannot be made sense of raises whatever it raises.
    """
    item = _find(reminder.key)
    if item is None or item.due_at != reminder.due_at:
        return Came.NOTHING
    return _LOOKS[type(item)](item, reminder, now)


def look_at_swept(live_key: Key, now: datetime) -> Came:
    """Look at the grant whose live key the table has swept."""
    tenant_id, grant_id = live_key.pk.removeprefix(keys.of_tenant("")), live_key.sk.removeprefix(keys.LIVE)
    item = _find(keys.grant(tenant_id, grant_id))
    return _look_at_grant(item, now) if item else Came.NOTHING


def _look_at_grant(item: Item, now: datetime) -> Came:
    grant, settled = grants.grant_of(item), now - SETTLED_AFTER
    if grant.state(settled) is State.ENDED:
        return _end(grant, now)
    if grant.state(settled) is State.LIVE and grant.review_at and grant.review_at <= settled:
        return _ask_for_review(grant, now)
    return Came.NOTHING


def _end(grant: Grant, now: datetime) -> Came:
    assert grant.ends_at
    untold = GrantItem.pk.exists() & GrantItem.ended_told_at.does_not_exist() & GrantItem.revoked_at.does_not_exist()

    def compose(change: Change, _: ledger.Tip) -> None:
        item = GrantItem(*keys.grant(grant.tenant_id, grant.grant_id))
        change.update("grant", item, [GrantItem.ended_told_at.set(now), *due_no_more()], untold)

    data = {"ends_at": text_of(grant.ends_at)}
    note = Note(what=What.GRANT_ENDED, by=By(type=ByType.SYSTEM), about=grant.grant_id, data=data, at=now)
    try:
        ledger.write(_tip(grant.tenant_id), [note], compose, stands_back=True)
    except Unmet:
        return Came.NOTHING
    return Came.GRANT_ENDED


def _ask_for_review(grant: Grant, now: datetime) -> Came:
    """Mark the grant, upon which its review is asked for. It goes on as before, so the ledger tells nothing of it."""
    standing = GrantItem.due_at.exists() & GrantItem.revoked_at.does_not_exist()
    item = GrantItem(*keys.grant(grant.tenant_id, grant.grant_id))
    try:
        item.update([GrantItem.review_told_at.set(now), *due_no_more()], condition=standing)
    except UpdateError as error:
        if code_of(error) not in LOST_RACE:
            raise
        return Came.NOTHING
    return Came.REVIEW_DUE


def _look_at_request(item: Item, _: Reminder, now: datetime) -> Came:
    request = requests.request_of(item)
    if request.closed_as or request.state(now - SETTLED_AFTER) is not RequestState.EXPIRED:
        return Came.NOTHING
    requests.expire(request, now)
    return Came.REQUEST_EXPIRED


def _look_at_login(item: Item, reminder: Reminder, now: datetime) -> Came:
    login = logins.login_of(item)
    [reads] = logins.settle(login.tenant_id, [login], now - SETTLED_AFTER)
    if reads.ended_at is None:
        due.put_off(reminder, look_at(reads, now))
        return Came.LOGIN_OPEN
    try:
        logins.write_end(reads, _tip(login.tenant_id), now)
    except Unmet:
        return Came.NOTHING
    return Came.LOGIN_ENDED


_LOOKS: dict[type[Item], Callable[[Item, Reminder, datetime], Came]] = {
    GrantItem: lambda item, _, now: _look_at_grant(item, now),
    LoginItem: _look_at_login,
    RequestItem: _look_at_request,
}
"""How each kind of item that may be due is looked at."""


def _find(key: Key) -> Item | None:
    try:
        return Item.get(*key, consistent_read=True)
    except Item.DoesNotExist:
        return None


def _tip(tenant_id: str) -> ledger.Tip:
    tip = ledger.tip(tenant_id)
    if tip is None:
        raise TenantUnknown
    return tip
