"""The facts of the mail that tells an agent how their request ended."""

from collections.abc import Iterator
from dataclasses import dataclass

from guestkey.edge.mail.i18n import Catalogue
from guestkey.edge.mail.sanitize import shown
from guestkey.rules.grants import Grant
from guestkey.rules.limits import MAX_NOTE_LENGTH, MAX_REASON_LENGTH
from guestkey.rules.people import Tenant
from guestkey.rules.periods import Period
from guestkey.rules.requests import Request


@dataclass(frozen=True, kw_only=True)
class AnswerFacts:
    """Facts of a request's end: the closed request, and the grant it led to, if it is still stored.

    It has no ledger head: heads are kept out of the vendor's reach.
    """

    tenant: Tenant
    request: Request
    grant: Grant | None = None


def rows(words: Catalogue, facts: AnswerFacts) -> Iterator[tuple[str, str]]:
    """Yield the facts of an answer, each with the key of its label."""
    request, grant, zone = facts.request, facts.grant, facts.tenant.zone
    yield "reason", words.text("shared", "quoted", text=shown(request.reason, MAX_REASON_LENGTH))
    if request.answered_by and request.answered_at:
        yield "answered_by", shown(request.answered_by.name)
        yield "answered_at", words.moment(request.answered_at, zone)
    else:
        yield "expired_at", words.moment(request.expires_at, zone)
    if request.note:
        yield "note", words.text("shared", "quoted", text=shown(request.note, MAX_NOTE_LENGTH))
    if grant:
        is_lasting = grant.ends_at is None
        yield "valid_until", words.short_period(Period.PERMANENT) if is_lasting else words.end(grant.ends_at, zone)
        yield "access", words.text("access", grant.access)
        yield "export", words.text("export", "allowed" if grant.may_export else "not_allowed")
