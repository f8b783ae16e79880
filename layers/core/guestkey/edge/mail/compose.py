"""Composing of e-mails from texts and facts.

Subjects and links consist of fixed texts, ids, numbers and settings only. Text that a person typed appears in the body
only, sanitised by `sanitize.shown` and escaped by the template. See docs/decisions/0010.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from guestkey.edge.mail import answers, callbacks, changes, digests, links, locks
from guestkey.edge.mail.answers import AnswerFacts
from guestkey.edge.mail.changes import ApproverFacts, NoticeFacts, PolicyFacts, RightFacts
from guestkey.edge.mail.digests import DigestFacts
from guestkey.edge.mail.facts import CallbackFacts, GrantFacts, LoginFacts, RequestFacts
from guestkey.edge.mail.i18n import Catalogue, catalogue
from guestkey.edge.mail.locks import LockFacts
from guestkey.edge.mail.people import MAX_ID_SHOWN, agent_shown, grantee_shown
from guestkey.edge.mail.sanitize import NOTHING, is_defanged, shown
from guestkey.edge.mail.send import Mail
from guestkey.edge.web import palette
from guestkey.rules.limits import MAX_REASON_LENGTH, ULID

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

SHORT_NUMBER_LENGTH = 6


class Kind(StrEnum):
    """The kind of an e-mail; also the name of its section in the catalogues."""

    ACTIVATION = "activation"
    GRANTED = "granted"
    REVOKED = "revoked"
    ENDED = "ended"
    AGENT_LEFT = "agent_left"
    REVIEW = "review"
    SUPPORT_IN = "support_in"
    APPROVERS_CHANGED = "approvers_changed"
    RIGHT_CHANGED = "right_changed"
    NOTICES_CHANGED = "notices_changed"
    POLICY_CHANGED = "policy_changed"
    POLICY_WAITING = "policy_waiting"
    POLICY_WITHDRAWN = "policy_withdrawn"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    DIGEST = "digest"
    REQUEST_APPROVED = "request_approved"
    REQUEST_DECLINED = "request_declined"
    REQUEST_EXPIRED = "request_expired"
    CALLBACK_BOOKED = "callback_booked"
    CALLBACK_WAITING = "callback_waiting"
    CALLBACK_MOVED = "callback_moved"
    CALLBACK_CHANGED = "callback_changed"
    CALLBACK_CANCELLED = "callback_cancelled"
    CALLBACK_STRANDED = "callback_stranded"
    CALLBACK_REMINDER = "callback_reminder"


Facts = (
    RequestFacts
    | GrantFacts
    | LoginFacts
    | ApproverFacts
    | RightFacts
    | NoticeFacts
    | PolicyFacts
    | LockFacts
    | DigestFacts
    | AnswerFacts
    | CallbackFacts
)
_FACTS: dict[Kind, type[Facts]] = {
    Kind.ACTIVATION: RequestFacts,
    Kind.GRANTED: GrantFacts,
    Kind.REVOKED: GrantFacts,
    Kind.ENDED: GrantFacts,
    Kind.AGENT_LEFT: GrantFacts,
    Kind.REVIEW: GrantFacts,
    Kind.SUPPORT_IN: LoginFacts,
    Kind.APPROVERS_CHANGED: ApproverFacts,
    Kind.RIGHT_CHANGED: RightFacts,
    Kind.NOTICES_CHANGED: NoticeFacts,
    Kind.POLICY_CHANGED: PolicyFacts,
    Kind.POLICY_WAITING: PolicyFacts,
    Kind.POLICY_WITHDRAWN: PolicyFacts,
    Kind.LOCKED: LockFacts,
    Kind.UNLOCKED: LockFacts,
    Kind.DIGEST: DigestFacts,
    Kind.REQUEST_APPROVED: AnswerFacts,
    Kind.REQUEST_DECLINED: AnswerFacts,
    Kind.REQUEST_EXPIRED: AnswerFacts,
    Kind.CALLBACK_BOOKED: CallbackFacts,
    Kind.CALLBACK_WAITING: CallbackFacts,
    Kind.CALLBACK_MOVED: CallbackFacts,
    Kind.CALLBACK_CHANGED: CallbackFacts,
    Kind.CALLBACK_CANCELLED: CallbackFacts,
    Kind.CALLBACK_STRANDED: CallbackFacts,
    Kind.CALLBACK_REMINDER: CallbackFacts,
}
_FOOTERS: dict[type[Facts], str] = {CallbackFacts: "callbacks", AnswerFacts: "answers", ApproverFacts: "changes"}
"""Sections of the catalogues with a footer of their own."""


def write(kind: Kind, language: str, facts: Facts) -> Mail:
    """Return the e-mail of that kind in that language, with times in the tenant's zone.

    The header's subject tells it from others of its kind; the heading in the body is the text without that. Raises
    ValueError for facts of another kind, and for a request id or BASE_URL of which no link can be made.
    """
    if not isinstance(facts, _FACTS[kind]):
        raise ValueError(f"{type(facts).__name__} are not the facts of {kind}")
    words = catalogue(language)
    by = _by(kind, words, facts)
    rows = [(words.text("labels", label), value) for label, value in _rows(kind, words, facts)]
    tenant, values_shown = shown(facts.tenant.name), [value for _, value in rows]
    head = None if isinstance(facts, RequestFacts | AnswerFacts) else facts.head
    values = {
        "language": words.language,
        "subject": words.text(kind, "subject"),
        "greeting": words.text("shared", "greeting"),
        "opening": words.text(kind, "opening", agent=by, by=by),
        "rows": rows,
        "link": _link(kind, facts),
        "button": words.text("shared", "view_request" if isinstance(facts, RequestFacts) else "view_grant"),
        "address": words.text("shared", "address"),
        "closing": words.paragraphs(kind, "closing"),
        "keep": words.text("shared", "keep"),
        "head": head,
        "unlinked": words.text("shared", "unlinked") if is_defanged(by, tenant, *values_shown) else None,
        "footer": words.text(_FOOTERS.get(type(facts), "shared"), "footer", tenant=tenant),
    }
    return Mail(
        subject=f"{words.text(kind, 'subject')} ({', '.join(_distinctions(words, facts))})",
        text=_text.render(values),
        html=_html.render(values),
        head=head,
    )


def _link(kind: Kind, facts: Facts) -> str | None:
    """Return the address of the page on which the recipient can act, or None where nothing is left to be done."""
    match facts:
        case RequestFacts():
            return links.to_request(facts.request_id)
        case GrantFacts() if kind in {Kind.GRANTED, Kind.REVIEW}:
            return links.to_grant(facts.grant.grant_id)
        case LoginFacts():
            return links.to_grant(facts.login.grant_id)
        case _:
            return None


def _distinctions(words: Catalogue, facts: Facts) -> Iterator[str]:
    """Yield the facts of fixed form that keep a mail program from folding two different matters into one thread."""
    match facts:
        case RequestFacts():
            yield shown(facts.agent_id, MAX_ID_SHOWN)
            yield words.short_period(facts.period)
            yield _number(facts.request_id)
        case GrantFacts(grant=grant):
            yield shown(grant.grantee.id, MAX_ID_SHOWN)
            yield words.short_period(grant.period)
            yield _number(grant.grant_id)
        case LoginFacts(login=login):
            yield shown(login.agent_id, MAX_ID_SHOWN)
            yield _number(login.login_id)
        case AnswerFacts(request=request):
            yield shown(request.tenant_id, MAX_ID_SHOWN)
            yield words.short_period(facts.grant.period if facts.grant else request.period)
            yield _number(request.request_id)
        case CallbackFacts():
            yield _number(facts.callback.callback_id)
        case DigestFacts():
            yield facts.day.isoformat()
            yield facts.span
        case _:
            yield str(facts.head.seq)


def _number(ulid: str) -> str:
    """Return a short number for people: the end of an id, which is random. Nothing but an id's characters is taken."""
    return ulid[-SHORT_NUMBER_LENGTH:] if ULID.fullmatch(ulid) else NOTHING


def _by(kind: Kind, words: Catalogue, facts: Facts) -> str:
    """Return the name of the person who acted. A grant may be revoked when the e-mail about its giving is written."""
    match facts:
        case RequestFacts():
            return agent_shown(words, facts.agent_name, facts.agent_id, facts.departments, facts.accountable)
        case LoginFacts(login=login):
            return agent_shown(words, login.agent_name, login.agent_id, facts.departments, login.accountable)
        case CallbackFacts():
            return shown(facts.callback.requested_by.name)
        case LockFacts():
            return shown(facts.by.name)
        case ApproverFacts() | RightFacts() | NoticeFacts() | PolicyFacts() | DigestFacts() | AnswerFacts():
            return ""
        case _:
            revoked_by = facts.grant.revoked_by if kind is Kind.REVOKED else None
            return shown((revoked_by or facts.grant.granted_by).name)


def _rows(kind: Kind, words: Catalogue, facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield the facts of an e-mail, each with the key of its label."""
    zone = facts.tenant.zone
    yield "account", f"{shown(facts.tenant.name)} ({shown(facts.tenant.customer_name)})"
    match facts:
        case RequestFacts():
            yield "asked_by", _by(kind, words, facts)
            yield "reason", words.text("shared", "quoted", text=shown(facts.reason, MAX_REASON_LENGTH))
            if facts.ticket:
                yield "ticket", shown(facts.ticket)
            yield "period", words.text("periods", facts.period)
            yield "access", words.text("access", facts.access)
            yield "export", words.text("export", "asked" if facts.may_export else "not_asked")
            yield "answer_by", words.moment(facts.expires_at, zone)
        case LoginFacts(login=login):
            yield "signed_in", _by(kind, words, facts)
            yield "signed_in_at", words.moment(login.logged_in_at, zone)
            yield "reason", words.text("shared", "quoted", text=shown(login.reason, MAX_REASON_LENGTH))
            yield "access", words.text("access", login.access)
            yield "export", words.text("export", "allowed" if login.may_export else "not_allowed")
            yield "access_until", words.end(login.access_ends_at, zone)
        case CallbackFacts():
            yield from callbacks.rows(kind, words, facts)
        case ApproverFacts() | RightFacts() | NoticeFacts() | PolicyFacts():
            yield from changes.rows(words, facts)
        case LockFacts():
            yield from locks.rows(words, facts)
        case DigestFacts():
            yield from digests.rows(words, facts)
        case AnswerFacts():
            yield from answers.rows(words, facts)
        case _:
            grant = facts.grant
            yield "grantee", grantee_shown(words, grant.grantee)
            yield "given_by", shown(grant.granted_by.name)
            yield "given_at", words.moment(grant.granted_at, zone)
            yield from _end_of_grant(kind, words, facts)


def _end_of_grant(kind: Kind, words: Catalogue, facts: GrantFacts) -> Iterator[tuple[str, str]]:
    grant, zone = facts.grant, facts.tenant.zone
    if kind is Kind.REVOKED:
        assert grant.revoked_at and grant.revoked_by
        yield "was_valid_until", words.end(grant.ends_at, zone)
        yield "revoked_by", shown(grant.revoked_by.name)
        yield "revoked_at", words.moment(grant.revoked_at, zone)
        return
    if kind is Kind.ENDED:
        yield "ended_at", words.end(grant.over_at, zone)
        return
    if kind is Kind.AGENT_LEFT:
        assert grant.left_at
        yield "ended_at", words.moment(grant.left_at, zone)
        return
    yield "valid_until", words.end(grant.ends_at, zone)
    yield "access", words.text("access", grant.access)
    yield "export", words.text("export", "allowed" if grant.may_export else "not_allowed")
    if kind is Kind.GRANTED and grant.review_at:
        yield "review_at", words.moment(grant.review_at, zone)
