"""Notices: their recipients, and a record of those who were already notified, so that a repeated event sends nothing.

A grant has at most one notice of each kind, and of each review, so its id, the kind and the day of the review name the
record; a call-back has one for each of its versions. The record is written after the e-mails were sent: without a
record an e-mail may be sent twice. The notice that support is in is sent for one login of each person, grant and day,
which is claimed beforehand.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from guestkey.rules.callbacks import Callback
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Head, digest
from guestkey.rules.lockdown import Lock
from guestkey.rules.logins import Login
from guestkey.rules.notices import BY_DEFAULT, NoticeChoice
from guestkey.rules.people import Tenant, address_hash, distinct
from guestkey.rules.requests import Request
from guestkey.store.access import grant_lists, grants, lockdown, logins
from guestkey.store.callbacks import callbacks, desks
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item, epoch
from guestkey.store.dynamodb.reads import find_all
from guestkey.store.dynamodb.transaction import (
    ConditionFailed,
    OutcomeUnknown,
    TransactionConflict,
    single_write,
)
from guestkey.store.dynamodb.unreadable import expect, read_or_none
from guestkey.store.ledger import ledger
from guestkey.store.registry import approvers, notice_choices, people, tenants
from guestkey.store.registry.approvers import Approvers
from guestkey.store.requests import requests

KEPT_FOR = approvers.KEPT_FOR
ANSWERED = "answered"
"""Names the notice to the agent of a request, which ends once."""


class NoticeItem(Item, discriminator="notice"):
    """Hashes of the addresses that were notified; for a first login also the login."""

    notified = UnicodeSetAttribute(null=True, attr_name="told")
    login_id = UnicodeAttribute(null=True)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One notice: recipients, language, and the recipients who were notified already."""

    tenant: Tenant
    key: keys.Key
    to: tuple[str, ...]
    language: str
    notified: frozenset[str]
    kept_until: datetime
    choice: NoticeChoice = BY_DEFAULT
    """The tenant's choice of deliveries; read for a notice about a grant only."""

    @property
    def remaining(self) -> list[str]:
        """The addresses that were not notified yet, each once, in whatever case it is spelled."""
        return [address for address in distinct(self.to) if _marks_of(address).isdisjoint(self.notified)]


def of_grant(tenant_id: str, grant_id: str, which: str, now: datetime) -> tuple[Notice, Grant, Head] | None:
    """Return the notice `which` about a grant, with the grant and the head of the tenant's ledger.

    None if the grant does not exist. Strongly consistent.
    """
    tenant, grant, head = keys.tenant(tenant_id), keys.grant(tenant_id, grant_id), keys.ledger(tenant_id)
    key, choice = keys.notice(tenant_id, grant_id, which), keys.notice_choice(tenant_id)
    found = find_all([tenant, grant, head, key, choice])
    if not found.keys() >= {tenant, grant, head}:
        return None
    notice = to_approvers(tenants.tenant_of(found[tenant]), record_in(found, key), now + KEPT_FOR)
    notice = replace(notice, choice=notice_choices.choice_in(found, tenant_id))
    shown = grant_lists.with_accountable(grants.grant_of(found[grant]))
    return notice, shown, ledger.state_of(found[head]).head


def of_login(
    tenant_id: str, grant_id: str, login_id: str, kind: str, now: datetime
) -> tuple[Notice, Login, bool] | None:
    """Return the notice of a person's first login under a grant on a day of the tenant's calendar, and claim it.

    The last value says whether this login is the first: another one of that person, grant and day may have been. None
    if the login does not exist any more. Strongly consistent.
    """
    tenant, stored = keys.tenant(tenant_id), keys.login(tenant_id, login_id)
    found = find_all([tenant, stored, of_grant := keys.notice(tenant_id, grant_id, kind)])
    if not found.keys() >= {tenant, stored}:
        return None
    owner, login = tenants.tenant_of(found[tenant]), logins.login_of(found[stored])
    day = login.logged_in_at.astimezone(owner.zone).date()
    key = keys.notice(tenant_id, grant_id, f"{kind}#{login.agent_id}#{login.incarnation}#{day}")
    record = record_in(find_all([key]), key)
    notice = to_approvers(owner, record, now + KEPT_FOR)
    if record.login_id not in {None, login_id}:
        return notice, login, False
    # Earlier versions had one notice for each grant, which may have reached some recipients.
    if (earlier := record_in(found, of_grant)).login_id == login_id:
        notice = replace(notice, notified=notice.notified | frozenset(earlier.notified or ()))
    return notice, login, bool(record.login_id) or _claim(notice, login_id)


def of_change(tenant_id: str, seq: int, kind: str, now: datetime) -> tuple[Notice, Approvers] | None:
    """Return the notice of a change of recipients, to the addresses before and after it, with these addresses.

    None if entry `seq` of the ledger changed nothing of that. Strongly consistent.
    """
    tenant, stored = keys.tenant(tenant_id), keys.approvers(tenant_id, seq)
    found = find_all([tenant, stored, key := keys.notice(tenant_id, str(seq), kind)])
    if not found.keys() >= {tenant, stored}:
        return None
    changed = approvers.approvers_of(found[stored])
    notice = to_approvers(tenants.tenant_of(found[tenant]), record_in(found, key), now + KEPT_FOR)
    return replace(notice, to=changed.all), changed


def of_lock(tenant_id: str, seq: int, locked_seq: int, kind: str, now: datetime) -> tuple[Notice, Lock | None] | None:
    """Return the notice of a lock or a lift, which is entry `seq` of the ledger, with the record of the lock, if any.

    None if the tenant does not exist. Strongly consistent.
    """
    tenant, stored = keys.tenant(tenant_id), keys.lock(tenant_id, locked_seq)
    found = find_all([tenant, stored, key := keys.notice(tenant_id, str(seq), kind)])
    if tenant not in found:
        return None
    notice = to_approvers(tenants.tenant_of(found[tenant]), record_in(found, key), now + KEPT_FOR)
    return notice, read_or_none(lockdown.lock_of, found[stored]) if stored in found else None


def of_policy(tenant_id: str, seq: int, kind: str, now: datetime) -> Notice | None:
    """Return the notice of a change of the policy, which is entry `seq` of the ledger; None without the tenant."""
    tenant, key = keys.tenant(tenant_id), keys.notice(tenant_id, str(seq), kind)
    found = find_all([tenant, key])
    if tenant not in found:
        return None
    return to_approvers(tenants.tenant_of(found[tenant]), record_in(found, key), now + KEPT_FOR)


def of_answer(
    tenant_id: str, request_id: str, grant_id: str | None, language: str, now: datetime
) -> tuple[Notice, Request, Grant | None] | None:
    """Return the notice to the agent whose request was closed, with the request and the grant it led to.

    None if the request does not exist any more or the person who asked has left. Strongly consistent.
    """
    tenant, stored = keys.tenant(tenant_id), keys.request(tenant_id, request_id)
    granted = [keys.grant(tenant_id, grant_id)] if grant_id else []
    found = find_all([tenant, stored, *granted, key := keys.notice(tenant_id, request_id, ANSWERED)])
    if not found.keys() >= {tenant, stored}:
        return None
    request = requests.request_of(found[stored])
    agent = people.agents([request.agent_id]).get(request.agent_id)
    if agent is None or not agent.is_active or agent.incarnation != request.incarnation:
        return None
    notice = Notice(
        tenant=tenants.tenant_of(found[tenant]),
        key=key,
        to=(agent.email,),
        language=language,
        notified=frozenset(record_in(found, key).notified or ()),
        kept_until=now + KEPT_FOR,
    )
    return notice, request, next((grants.grant_of(found[grant]) for grant in granted if grant in found), None)


def of_callback(
    tenant_id: str, callback_id: str, which: str, now: datetime
) -> tuple[Notice, Callback, str, Head] | None:
    """Return a notice to the user of a call-back, with the call-back, its topic's name, and the ledger's head.

    `which` names the notice among all notices about that call-back. None if it does not exist. Strongly consistent.
    """
    tenant, stored, head = keys.tenant(tenant_id), keys.callback(tenant_id, callback_id), keys.ledger(tenant_id)
    found = find_all([tenant, stored, head, keys.desk(), key := keys.notice(tenant_id, callback_id, which)])
    if not found.keys() >= {tenant, stored, head}:
        return None
    owner, callback = tenants.tenant_of(found[tenant]), callbacks.stored_callback(found[stored])
    notice = Notice(
        tenant=owner,
        key=key,
        to=(callback.email,) if callback.email else (),
        language=callback.locale or owner.language,
        notified=frozenset(record_in(found, key).notified or ()),
        kept_until=now + KEPT_FOR,
    )
    topic = desks.topic_name(found.get(keys.desk()), callback.topic, notice.language)
    return notice, callback, topic, ledger.state_of(found[head]).head


def mark_notified(notice: Notice, addresses: Iterable[str]) -> None:
    """Store that these addresses were notified.

    The e-mails are sent already. A failure here may lead to a second e-mail if the event is repeated; raising it would
    make the event be repeated.
    """
    if notified := set(map(address_hash, addresses)):
        with suppress(ConditionFailed, TransactionConflict, OutcomeUnknown, PynamoDBException):
            _update(notice, [NoticeItem.notified.add(notified)])


def _marks_of(address: str) -> set[str]:
    """Return the marks that stand for an address. Earlier versions stored the hash of its exact spelling."""
    return {address_hash(address), digest(address)}


def to_approvers(tenant: Tenant, record: NoticeItem, kept_until: datetime) -> Notice:
    """Return a notice to the approvers of a tenant, with the record of those who were notified."""
    return Notice(
        tenant=tenant,
        key=keys.Key(record.pk, record.sk),
        to=tenant.approver_emails,
        language=tenant.language,
        notified=frozenset(record.notified or ()),
        kept_until=kept_until,
    )


def _claim(notice: Notice, login_id: str) -> bool:
    is_free = NoticeItem.login_id.does_not_exist() | (NoticeItem.login_id == login_id)
    with suppress(ConditionFailed):
        _update(notice, [NoticeItem.login_id.set(login_id)], is_free)
        return True
    return False


def _update(notice: Notice, actions: list[Action], condition: Condition | None = None) -> None:
    always = [NoticeItem.kind.set(NoticeItem), NoticeItem.ttl.set(epoch(notice.kept_until))]
    with single_write():
        NoticeItem(*notice.key).update([*always, *actions], condition=condition)


def record_in(found: dict[keys.Key, Item], key: keys.Key) -> NoticeItem:
    """Return the record of a notice that was read together with others, an empty one if there is none."""
    return expect(NoticeItem, found.get(key, NoticeItem(*key)))
