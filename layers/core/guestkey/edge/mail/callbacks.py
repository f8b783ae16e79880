"""The facts of e-mails about call-backs, which calendars show as well."""

from collections.abc import Iterator

from guestkey.edge.mail.facts import CallbackFacts
from guestkey.edge.mail.i18n import Catalogue, catalogue
from guestkey.edge.mail.sanitize import shown
from guestkey.rules.limits import MAX_REASON_LENGTH

CHANGED, STRANDED = "callback_changed", "callback_stranded"
"""Two kinds of e-mail with other facts."""


def rows(kind: str, words: Catalogue, facts: CallbackFacts) -> Iterator[tuple[str, str]]:
    """Yield the facts of an e-mail about a call-back, each with the key of its label."""
    change, zone = facts.change, facts.tenant.zone
    if change.slot:
        yield "called_at", words.moment(change.slot.starts_at, zone)
    if change.earlier and kind != CHANGED:
        yield "earlier_at", words.moment(change.earlier.starts_at, zone)
    if facts.is_by_support and kind != STRANDED:
        yield "changed_by", words.text("callbacks", "support")
    if facts.reason and kind != STRANDED:
        yield "reason", words.text("shared", "quoted", text=shown(facts.reason, MAX_REASON_LENGTH))
    yield from _matter(words, facts)


def matter(language: str, facts: CallbackFacts) -> str:
    """Return the subject of a call-back for a calendar: one line for each fact."""
    words = catalogue(language)
    return "\n".join(f"{words.text('labels', label)}: {value}" for label, value in _matter(words, facts))


def _matter(words: Catalogue, facts: CallbackFacts) -> Iterator[tuple[str, str]]:
    yield "called", shown(facts.callback.requested_by.name)
    yield "phone", facts.callback.phone_shown
    yield "topic", shown(facts.topic)
    yield "description", words.text("shared", "quoted", text=shown(facts.callback.description, MAX_REASON_LENGTH))
