"""What the mails of Guestkey say.

Subjects and links are made of our own texts, ids and settings only. What a person typed stands in the body, as
`typed.shown` leaves it and escaped by the template. See docs/decisions/0010.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from guestkey import settings
from guestkey.edge.mail import Mail
from guestkey.edge.typed import LONGEST_REASON, is_taken_apart, shown
from guestkey.edge.web import palette
from guestkey.edge.words import Catalogue, catalogue
from guestkey.rules.callbacks import Callback, Told
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Head
from guestkey.rules.limits import ULID
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
    """Which mail; also the name of its section in the catalogues."""

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
class Asked:
    """What an activation mail tells. `departments` are names."""

    tenant: Tenant
    request_id: str
    agent_name: str
    departments: Sequence[str]
    reason: str
    period: Period
    may_export: bool
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OfGrant:
    """What a mail tells that a grant was given, revoked, ended or is due for review."""

    tenant: Tenant
    grant: Grant
    head: Head


@dataclass(frozen=True, kw_only=True)
class OfLogin:
    """What a mail tells of the first login under a grant. `departments` are names."""

    tenant: Tenant
    login: Login
    departments: Sequence[str]
    head: Head


@dataclass(frozen=True, kw_only=True)
class OfCallback:
    """What a mail tells whoever asked for a call-back. `topic` is a name; what `told` says counts, not the record."""

    tenant: Tenant
    callback: Callback
    told: Told
    topic: str
    head: Head


Facts = Asked | OfGrant | OfLogin | OfCallback
_TELLS: dict[Kind, type[Facts]] = {
    Kind.ACTIVATION: Asked,
    Kind.GRANTED: OfGrant,
    Kind.REVOKED: OfGrant,
    Kind.ENDED: OfGrant,
    Kind.REVIEW: OfGrant,
    Kind.SUPPORT_IN: OfLogin,
    Kind.CALLBACK_BOOKED: OfCallback,
    Kind.CALLBACK_WAITING: OfCallback,
    Kind.CALLBACK_MOVED: OfCallback,
    Kind.CALLBACK_CANCELLED: OfCallback,
    Kind.CALLBACK_REMINDER: OfCallback,
}


def write(kind: Kind, language: str, facts: Facts) -> Mail:
    """Return the mail of that kind in that language, its times in the tenant's zone.

    Facts of another kind of mail, and a request's id or a BASE_URL that make no link, are our bug and a ValueError.
    """
    if not isinstance(facts, _TELLS[kind]):
        raise ValueError(f"{type(facts).__name__} is not what {kind} tells")
    words = catalogue(language)
    by = _by(kind, facts)
    rows = [(words.text("labels", label), value) for label, value in _rows(kind, words, facts)]
    tenant = shown(facts.tenant.name)
    head = None if isinstance(facts, Asked) else facts.head
    said = {
        "language": words.language,
        "subject": words.text(kind, "subject"),
        "greeting": words.text("shared", "greeting"),
        "opening": words.text(kind, "opening", agent=by, by=by),
        "rows": rows,
        "link": _link(facts.request_id) if isinstance(facts, Asked) else None,
        "button": words.text(kind, "button") if isinstance(facts, Asked) else None,
        "address": words.text(kind, "address") if isinstance(facts, Asked) else None,
        "closing": words.paragraphs(kind, "closing"),
        "keep": words.text("shared", "keep"),
        "head": head,
        "unlinked": words.text("shared", "unlinked") if is_taken_apart(by, tenant, *dict(rows).values()) else None,
        "footer": words.text("callbacks" if isinstance(facts, OfCallback) else "shared", "footer", tenant=tenant),
    }
    return Mail(
        subject=words.text(kind, "subject"),
        text=_text.render(said),
        html=_html.render(said),
        head=head,
    )


def _link(request_id: str) -> str:
    """Return the address of the page behind an activation mail. The fragment never reaches a server or its logs."""
    if not settings.BASE_URL.startswith(("https://", "http://")) or not ULID.fullmatch(request_id):
        raise ValueError("no link can be made of this BASE_URL and this request's id")
    return f"{settings.BASE_URL}/activate#{request_id}"


def _by(kind: Kind, facts: Facts) -> str:
    """Return whose doing the mail tells of. A grant may be revoked by the time the mail on its giving is written."""
    match facts:
        case Asked():
            return _agent(facts.agent_name, facts.departments)
        case OfLogin():
            return _agent(facts.login.agent_name, facts.departments)
        case OfCallback():
            return shown(facts.callback.requested_by.name)
        case _:
            revoked_by = facts.grant.revoked_by if kind is Kind.REVOKED else None
            return shown((revoked_by or facts.grant.granted_by).name)


def _rows(kind: Kind, words: Catalogue, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the facts of a mail, each with the key of its label."""
    zone = facts.tenant.zone
    yield "account", f"{shown(facts.tenant.name)} ({shown(facts.tenant.tenant_id)})"
    match facts:
        case Asked():
            yield "asked_by", _by(kind, facts)
            yield "reason", words.text("shared", "quoted", text=shown(facts.reason, LONGEST_REASON))
            yield "period", words.text("periods", facts.period)
            yield "export", words.text("export", "asked" if facts.may_export else "not_asked")
            yield "answer_by", words.moment(facts.expires_at, zone)
        case OfLogin(login=login):
            yield "signed_in", _by(kind, facts)
            yield "signed_in_at", words.moment(login.logged_in_at, zone)
            yield "reason", words.text("shared", "quoted", text=shown(login.reason, LONGEST_REASON))
            yield "export", words.text("export", "allowed" if login.may_export else "not_allowed")
            yield "access_until", words.end(login.access_ends_at, zone)
        case OfCallback(told=told):
            if told.slot:
                yield "called_at", words.moment(told.slot.starts_at, zone)
            if told.earlier:
                yield "earlier_at", words.moment(told.earlier.starts_at, zone)
            yield from _matter(words, facts)
        case _:
            grant = facts.grant
            yield "grantee", words.text("grantees", grant.grantee.type, name=shown(grant.grantee.name))
            yield "given_by", shown(grant.granted_by.name)
            yield "given_at", words.moment(grant.granted_at, zone)
            yield from _end_of_grant(kind, words, facts)


def matter(language: str, facts: OfCallback) -> str:
    """Return what a call-back is about, as a calendar may show it: a line for each fact."""
    words = catalogue(language)
    return "\n".join(f"{words.text('labels', label)}: {value}" for label, value in _matter(words, facts))


def _matter(words: Catalogue, facts: OfCallback) -> Iterator[tuple[str, str]]:
    yield "called", _by(Kind.CALLBACK_BOOKED, facts)
    yield "phone", facts.callback.phone_shown
    yield "topic", shown(facts.topic)
    yield "description", words.text("shared", "quoted", text=shown(facts.callback.description, LONGEST_REASON))


def _end_of_grant(kind: Kind, words: Catalogue, facts: OfGrant) -> Iterator[tuple[str, str]]:
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
