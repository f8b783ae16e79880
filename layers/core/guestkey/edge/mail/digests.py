"""The facts of the digest: everything of a day that was not mailed at once, one line for each ledger entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from guestkey.edge.mail.i18n import Catalogue
from guestkey.edge.mail.people import agent_shown, grantee_shown
from guestkey.edge.mail.sanitize import shown
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import Entry, Head, What
from guestkey.rules.logins import Login
from guestkey.rules.notices import kind_of
from guestkey.rules.people import Tenant

MAX_REASON_SHOWN = 120
"""Limit of a reason in a line. The login overview has all of it."""


@dataclass(frozen=True, kw_only=True)
class DigestLine:
    """One ledger entry of the digest, with the record it is about. `departments` are names."""

    entry: Entry
    about: Grant | Login
    departments: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class DigestFacts:
    """Facts of a digest: its day, the span of its entries, the lines in order, and the number of further entries."""

    tenant: Tenant
    day: date
    first_seq: int
    last_seq: int
    lines: Sequence[DigestLine]
    further: int
    head: Head

    @property
    def span(self) -> str:
        """The numbers of the first and the last entry."""
        return f"{self.first_seq}-{self.last_seq}"


def rows(words: Catalogue, facts: DigestFacts) -> Iterator[tuple[str, str]]:
    """Yield the facts of a digest, each with the key of its label."""
    yield "entries", facts.span
    for line in facts.lines:
        yield _label(line), " · ".join(_parts(words, facts, line))
    if facts.further:
        yield "further", words.text("digest", "further", number=str(facts.further))


def _label(line: DigestLine) -> str:
    return "later_login" if isinstance(line.about, Login) else kind_of(line.entry).value


def _parts(words: Catalogue, facts: DigestFacts, line: DigestLine) -> Iterator[str]:
    zone, entry, about = facts.tenant.zone, line.entry, line.about
    if isinstance(about, Login):
        yield words.moment(about.logged_in_at, zone)
        yield agent_shown(words, about.agent_name, about.agent_id, line.departments, about.accountable)
        yield words.text("shared", "quoted", text=shown(about.reason, MAX_REASON_SHOWN))
        yield words.text("access", about.access)
        if about.may_export:
            yield words.text("digest", "with_export")
        return
    if entry.what is What.GRANT_ENDED:
        yield words.end(about.over_at, zone)
    else:
        yield words.moment(entry.at, zone)
    yield grantee_shown(words, about.grantee)
    if entry.what is What.GRANT_GIVEN:
        yield words.text("access", about.access)
        yield words.text("digest", "by", name=shown(about.granted_by.name))
        yield words.text("digest", "until", end=words.end(about.ends_at, zone))
    elif about.revoked_by and entry.what is What.GRANT_REVOKED:
        yield words.text("digest", "by", name=shown(about.revoked_by.name))
