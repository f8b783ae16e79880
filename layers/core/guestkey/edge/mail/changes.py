"""The facts of notices that approver addresses, the right of a user, or the choice of notices have changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from guestkey.edge.mail.i18n import Catalogue
from guestkey.edge.mail.sanitize import shown
from guestkey.rules.ledger import Head
from guestkey.rules.notices import Delivery, NoticeKind
from guestkey.rules.people import Tenant


@dataclass(frozen=True, kw_only=True)
class ApproverFacts:
    """Facts of a notice that approver addresses changed: those added, those removed, and all that are told now."""

    tenant: Tenant
    added: tuple[str, ...]
    removed: tuple[str, ...]
    registered: tuple[str, ...]
    changed_at: datetime
    head: Head


@dataclass(frozen=True, kw_only=True)
class RightFacts:
    """Facts of a notice that a user got or lost the right. `changed_by` is the person whom the vendor named, if any."""

    tenant: Tenant
    user_id: str
    may_grant: bool
    changed_by: str | None
    changed_at: datetime
    head: Head


@dataclass(frozen=True, kw_only=True)
class NoticeFacts:
    """Facts of a notice that a user changed the delivery of notices. `kinds` has all that can be chosen."""

    tenant: Tenant
    kinds: Mapping[NoticeKind, Delivery]
    changed_by: str
    changed_at: datetime
    head: Head


@dataclass(frozen=True, kw_only=True)
class PolicyFacts:
    """Facts of a notice that a user changed the rules of the account. `counts_from` is for looser rules that wait."""

    tenant: Tenant
    changed_by: str
    changed_at: datetime
    counts_from: datetime | None
    head: Head


def rows(words: Catalogue, facts: ApproverFacts | RightFacts | NoticeFacts | PolicyFacts) -> Iterator[tuple[str, str]]:
    """Yield the facts of a change, each with the key of its label."""
    if isinstance(facts, ApproverFacts):
        if facts.added:
            yield "added", _listed(facts.added)
        if facts.removed:
            yield "removed", _listed(facts.removed)
        yield "registered", _listed(facts.registered) or words.text("rights", "no_address")
    elif isinstance(facts, NoticeFacts):
        for kind, delivery in facts.kinds.items():
            yield kind.value, words.text("deliveries", delivery)
        yield "changed_by", shown(facts.changed_by)
    elif isinstance(facts, PolicyFacts):
        if facts.counts_from:
            yield "counts_from", words.moment(facts.counts_from, facts.tenant.zone)
        yield "changed_by", shown(facts.changed_by)
    else:
        yield "user", shown(facts.user_id)
        yield "right", words.text("rights", "given" if facts.may_grant else "taken")
        yield "changed_by", shown(facts.changed_by) if facts.changed_by else words.text("rights", "by_vendor")
    yield "changed_at", words.moment(facts.changed_at, facts.tenant.zone)


def _listed(addresses: tuple[str, ...]) -> str:
    return ", ".join(shown(address) for address in addresses)
