"""Composing of e-mails from texts and facts.

Subjects and links consist of fixed texts, ids and settings only. Text that a person typed appears in the body only,
sanitised by `sanitize.shown` and escaped by the template. See docs/decisions/0010.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from guestkey import settings
from guestkey.edge.mail.i18n import Catalogue, catalogue
from guestkey.edge.mail.sanitize import is_defanged, shown
from guestkey.edge.mail.send import Mail
from guestkey.edge.web import palette
from guestkey.rules.callbacks import Callback, SlotChange
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Head
from guestkey.rules.limits import MAX_REASON_LENGTH, ULID
from guestkey.rules.logins import Login
from guestkey.rules.people import Tenant
from guestkey.rules.periods import Period

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "texts"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_templates.globals.update(palette.colours())
_text, _html = _templates.get_template("mail.txt"), _templates.get_template("mail.html")


class Kind(StrEnum):
    """The kind of an e-mail; also the name of its section in the catalogues."""

    ACTIVATION = "activation"
    GRANTED = "granted"
    REVOKED = "revoked"
    ENDED = "ended"
    REVIEW = "review"
    SUPPORT_IN = "support_in"
    CALLBACK_BOOKED = "callback_booked"
    CALLBACK_WAITING = "callback_waiting"
    CALLBACK_MOVED = "callback_moved"
    CALLBACK_CANCELLED = "callback_cancelled"
    CALLBACK_REMINDER = "callback_reminder"


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """Facts of an activation e-mail. `departments` are names."""

    tenant: Tenant
    request_id: str
    agent_name: str
    departments: Sequence[str]
    reason: str
    ticket: str | None
    period: Period
    may_export: bool
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class GrantFacts:
    """Facts of a notice that a grant was given, revoked, ended or is due for review."""

    tenant: Tenant
    grant: Grant
    head: Head


@dataclass(frozen=True, kw_only=True)
class LoginFacts:
    """Facts of a notice about the first login under a grant. `departments` are names."""

    tenant: Tenant
    login: Login
    departments: Sequence[str]
    head: Head


@dataclass(frozen=True, kw_only=True)
class CallbackFacts:
    """Facts of an e-mail about a call-back. `topic` is a name; the times are those of `change`, not of the record."""

    tenant: Tenant
    callback: Callback
    change: SlotChange
    topic: str
    head: Head


Facts = RequestFacts | GrantFacts | LoginFacts | CallbackFacts
_FACTS: dict[Kind, type[Facts]] = {
    Kind.ACTIVATION: RequestFacts,
    Kind.GRANTED: GrantFacts,
    Kind.REVOKED: GrantFacts,
    Kind.ENDED: GrantFacts,
    Kind.REVIEW: GrantFacts,
    Kind.SUPPORT_IN: LoginFacts,
    Kind.CALLBACK_BOOKED: CallbackFacts,
    Kind.CALLBACK_WAITING: CallbackFacts,
    Kind.CALLBACK_MOVED: CallbackFacts,
    Kind.CALLBACK_CANCELLED: CallbackFacts,
    Kind.CALLBACK_REMINDER: CallbackFacts,
}


def write(kind: Kind, language: str, facts: Facts) -> Mail:
    """Return the e-mail of that kind in that language, with times in the tenant's zone.

    Raises ValueError for facts of another kind, and for a request id or BASE_URL of which no link can be made.
    """
    if not isinstance(facts, _FACTS[kind]):
        raise ValueError(f"{type(facts).__name__} are not the facts of {kind}")
    words = catalogue(language)
    by = _by(kind, facts)
    rows = [(words.text("labels", label), value) for label, value in _rows(kind, words, facts)]
    tenant = shown(facts.tenant.name)
    head = None if isinstance(facts, RequestFacts) else facts.head
    values = {
        "language": words.language,
        "subject": words.text(kind, "subject"),
        "greeting": words.text("shared", "greeting"),
        "opening": words.text(kind, "opening", agent=by, by=by),
        "rows": rows,
        "link": _link(facts.request_id) if isinstance(facts, RequestFacts) else None,
        "button": words.text(kind, "button") if isinstance(facts, RequestFacts) else None,
        "address": words.text(kind, "address") if isinstance(facts, RequestFacts) else None,
        "closing": words.paragraphs(kind, "closing"),
        "keep": words.text("shared", "keep"),
        "head": head,
        "unlinked": words.text("shared", "unlinked") if is_defanged(by, tenant, *dict(rows).values()) else None,
        "footer": words.text("callbacks" if isinstance(facts, CallbackFacts) else "shared", "footer", tenant=tenant),
    }
    return Mail(
        subject=words.text(kind, "subject"),
        text=_text.render(values),
        html=_html.render(values),
        head=head,
    )


def _link(request_id: str) -> str:
    """Return the address of the page of an activation e-mail. The fragment never reaches a server or its logs."""
    if not settings.BASE_URL.startswith(("https://", "http://")) or not ULID.fullmatch(request_id):
        raise ValueError("no link can be made of this BASE_URL and this request's id")
    return f"{settings.BASE_URL}/activate#{request_id}"


def _by(kind: Kind, facts: Facts) -> str:
    """Return the name of the person who acted. A grant may be revoked when the e-mail about its giving is written."""
    match facts:
        case RequestFacts():
            return _agent(facts.agent_name, facts.departments)
        case LoginFacts():
            return _agent(facts.login.agent_name, facts.departments)
        case CallbackFacts():
            return shown(facts.callback.requested_by.name)
        case _:
            revoked_by = facts.grant.revoked_by if kind is Kind.REVOKED else None
            return shown((revoked_by or facts.grant.granted_by).name)


def _rows(kind: Kind, words: Catalogue, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the facts of an e-mail, each with the key of its label."""
    zone = facts.tenant.zone
    yield "account", f"{shown(facts.tenant.name)} ({shown(facts.tenant.customer_name)})"
    match facts:
        case RequestFacts():
            yield "asked_by", _by(kind, facts)
            yield "reason", words.text("shared", "quoted", text=shown(facts.reason, MAX_REASON_LENGTH))
            if facts.ticket:
                yield "ticket", shown(facts.ticket)
            yield "period", words.text("periods", facts.period)
            yield "export", words.text("export", "asked" if facts.may_export else "not_asked")
            yield "answer_by", words.moment(facts.expires_at, zone)
        case LoginFacts(login=login):
            yield "signed_in", _by(kind, facts)
            yield "signed_in_at", words.moment(login.logged_in_at, zone)
            yield "reason", words.text("shared", "quoted", text=shown(login.reason, MAX_REASON_LENGTH))
            yield "export", words.text("export", "allowed" if login.may_export else "not_allowed")
            yield "access_until", words.end(login.access_ends_at, zone)
        case CallbackFacts(change=change):
            if change.slot:
                yield "called_at", words.moment(change.slot.starts_at, zone)
            if change.earlier:
                yield "earlier_at", words.moment(change.earlier.starts_at, zone)
            yield from _matter(words, facts)
        case _:
            grant = facts.grant
            yield "grantee", words.text("grantees", grant.grantee.type, name=shown(grant.grantee.name))
            yield "given_by", shown(grant.granted_by.name)
            yield "given_at", words.moment(grant.granted_at, zone)
            yield from _end_of_grant(kind, words, facts)


def matter(language: str, facts: CallbackFacts) -> str:
    """Return the subject of a call-back for a calendar: one line for each fact."""
    words = catalogue(language)
    return "\n".join(f"{words.text('labels', label)}: {value}" for label, value in _matter(words, facts))


def _matter(words: Catalogue, facts: CallbackFacts) -> Iterator[tuple[str, str]]:
    yield "called", _by(Kind.CALLBACK_BOOKED, facts)
    yield "phone", facts.callback.phone_shown
    yield "topic", shown(facts.topic)
    yield "description", words.text("shared", "quoted", text=shown(facts.callback.description, MAX_REASON_LENGTH))


def _end_of_grant(kind: Kind, words: Catalogue, facts: GrantFacts) -> Iterator[tuple[str, str]]:
    grant, zone = facts.grant, facts.tenant.zone
    if kind is Kind.REVOKED:
        assert grant.revoked_at and grant.revoked_by
        yield "was_valid_until", words.end(grant.ends_at, zone)
        yield "revoked_by", shown(grant.revoked_by.name)
        yield "revoked_at", words.moment(grant.revoked_at, zone)
        return
    if kind is Kind.ENDED:
        yield "ended_at", words.end(grant.ends_at, zone)
        return
    yield "valid_until", words.end(grant.ends_at, zone)
    yield "export", words.text("export", "allowed" if grant.may_export else "not_allowed")
    if kind is Kind.GRANTED and grant.review_at:
        yield "review_at", words.moment(grant.review_at, zone)


def _agent(name: str, departments: Sequence[str]) -> str:
    belongs = ", ".join(shown(department) for department in departments)
    return f"{shown(name)} ({belongs})" if belongs else shown(name)
