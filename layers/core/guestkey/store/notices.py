"""Notices: what each is about, and a mark in the table of whom it was mailed to, so that one that comes again is known.

A grant has at most one notice of each kind, so its id and the kind name the mark; a call-back has one for each of its
versions. A mark is written after its mails: whoever finds none mails, perhaps again. That support is in is told of one
login only, and claimed for it before.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey import settings
from guestkey.rules.callbacks import Callback
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Head, digest
from guestkey.rules.logins import Login
from guestkey.rules.people import Tenant
from guestkey.store import callbacks, desks, grants, keys, ledger, logins, tenants
from guestkey.store.table import Item, code_of, find_all

KEPT_FOR = timedelta(days=30)
"""Longer than a record may come again: a day in the stream, and fourteen in the queue of what could not be handled."""


class NoticeItem(Item, discriminator="notice"):
    """Whom a notice was mailed to, as hashes of their addresses; of the first login of a grant, which it is."""

    told = UnicodeSetAttribute(null=True)
    login_id = UnicodeAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice, as far as it was sent."""

    tenant: Tenant
    mark: keys.Key
    to: tuple[str, ...]
    language: str
    told: frozenset[str]
    kept_until: datetime | None

    @property
    def untold(self) -> list[str]:
        """The addresses that it was not mailed to yet."""
        return [address for address in self.to if digest(address) not in self.told]


def of_grant(tenant_id: str, grant_id: str, kind: str, now: datetime) -> tuple[Notice, Grant, Head] | None:
    """Return a notice with its grant as it is now, and where the tenant's ledger ends; None if there is no such grant.

    Strongly consistent.
    """
    tenant, grant, head = keys.tenant(tenant_id), keys.grant(tenant_id, grant_id), keys.ledger(tenant_id)
    found = find_all([tenant, grant, head, mark := keys.notice(tenant_id, grant_id, kind)])
    if not found.keys() >= {tenant, grant, head}:
        return None
    notice = _to_approvers(tenants.tenant_of(found[tenant]), _mark(found, mark), now + KEPT_FOR)
    return notice, grants.grant_of(found[grant]), ledger.tip_of(found[head]).head


def of_first_login(tenant_id: str, grant_id: str, login_id: str, kind: str) -> tuple[Notice, Login] | None:
    """Return the notice of a login that is the first of its grant, and is from now on; None if another one was.

    None as well if there is no such login any more. Strongly consistent.
    """
    tenant, recorded = keys.tenant(tenant_id), keys.login(tenant_id, login_id)
    found = find_all([tenant, recorded, mark := keys.notice(tenant_id, grant_id, kind)])
    marked = _mark(found, mark)
    if not found.keys() >= {tenant, recorded} or marked.login_id not in {None, login_id}:
        return None
    login = logins.login_of(found[recorded])
    # Under a permanent grant a first login stays the first for good.
    kept_until = login.access_ends_at and login.access_ends_at + settings.RETENTION
    notice = _to_approvers(tenants.tenant_of(found[tenant]), marked, kept_until)
    return (notice, login) if marked.login_id or _claim(notice, login_id) else None


def of_callback(
    tenant_id: str, callback_id: str, which: str, now: datetime
) -> tuple[Notice, Callback, str, Head] | None:
    """Return a notice to whoever asked for a call-back, with that as it is now, its topic's name, and the ledger's end.

    `which` names the notice among all about that call-back. None if there is no such call-back. Strongly consistent.
    """
    tenant, lies, head = keys.tenant(tenant_id), keys.callback(tenant_id, callback_id), keys.ledger(tenant_id)
    found = find_all([tenant, lies, head, keys.desk(), mark := keys.notice(tenant_id, callback_id, which)])
    if not found.keys() >= {tenant, lies, head}:
        return None
    whose, callback = tenants.tenant_of(found[tenant]), callbacks.callback_of(found[lies])
    notice = Notice(
        tenant=whose,
        mark=mark,
        to=(callback.email,) if callback.email else (),
        language=callback.locale or whose.language,
        told=frozenset(_mark(found, mark).told or ()),
        kept_until=now + KEPT_FOR,
    )
    topic = desks.topic_name(found.get(keys.desk()), callback.topic, notice.language)
    return notice, callback, topic, ledger.tip_of(found[head]).head


def remember(notice: Notice, addresses: Iterable[str]) -> None:
    """Mark that a notice was mailed to these addresses.

    The mails are out: a mark that cannot be written costs another mail if the record comes again, and must not bring
    it about.
    """
    if told := {digest(address) for address in addresses}:
        with suppress(PynamoDBException):
            _update(notice, [NoticeItem.told.add(told)])


def _to_approvers(tenant: Tenant, mark: NoticeItem, kept_until: datetime | None) -> Notice:
    return Notice(
        tenant=tenant,
        mark=keys.Key(mark.pk, mark.sk),
        to=tenant.approver_emails,
        language=tenant.language,
        told=frozenset(mark.told or ()),
        kept_until=kept_until,
    )


def _claim(notice: Notice, login_id: str) -> bool:
    nobodys = NoticeItem.login_id.does_not_exist() | (NoticeItem.login_id == login_id)
    try:
        _update(notice, [NoticeItem.login_id.set(login_id)], nobodys)
    except UpdateError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _update(notice: Notice, actions: list[Action], condition: Condition | None = None) -> None:
    ttl = [NoticeItem.ttl.set(int(notice.kept_until.timestamp()))] if notice.kept_until else []
    NoticeItem(*notice.mark).update([NoticeItem.kind.set(NoticeItem), *actions, *ttl], condition=condition)


def _mark(found: dict[keys.Key, Item], key: keys.Key) -> NoticeItem:
    item = found.get(key, NoticeItem(*key))
    assert isinstance(item, NoticeItem)
    return item
