"""Field types of inputs: texts trimmed and NFC-normalised without deceptive characters, ids of a fixed form."""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from guestkey.edge import addresses
from guestkey.rules.limits import (
    EXTERNAL_ID,
    MAX_DESCRIPTION_LENGTH,
    MAX_EMAIL_LENGTH,
    MAX_LOCALE_LENGTH,
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    MAX_PHONE_LENGTH,
    MAX_REASON_LENGTH,
    MAX_TICKET_LENGTH,
    MAX_VERSION_LENGTH,
    MIN_REASON_LENGTH,
    SLUG,
    ULID,
)
from guestkey.rules.periods import known_zone

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
"""Years 2000 to 2999: day arithmetic fails at the limits of `date`."""
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order of displayed text (Unicode UAX #9)."""


class Input(BaseModel):
    """A request body. Unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _tidy(text: object) -> object:
    return unicodedata.normalize("NFC", text.strip().replace("\r\n", "\n")) if isinstance(text, str) else text


def _on_one_line(text: str) -> str:
    _refuse_tricks(text)
    if "=?" in text:
        raise ValueError("`=?` is not allowed: mail programs would decode what follows")
    return text


def _on_some_lines(text: str) -> str:
    _refuse_tricks(text.replace("\n", ""))
    return text


def _refuse_tricks(text: str) -> None:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDIRECTIONAL:
            raise ValueError("control characters and bidirectional overrides are not allowed")


def _mailable(typed: str) -> str:
    address = addresses.mailable(typed)
    if address is None:
        raise ValueError("not an address that can be mailed: the part before the @ must be ASCII")
    return address


def _zone(name: str) -> str:
    if known_zone(name) is None:
        raise ValueError("not the name of a time zone in the IANA database")
    return name


def _moment(text: object) -> datetime:
    if isinstance(text, str) and _MOMENT.fullmatch(text):
        try:
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("not a moment with an offset, such as 2026-11-24T10:15:00+01:00 (RFC 3339)")


def _day(text: object) -> date:
    if isinstance(text, str) and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("not a day, such as 2026-11-24")


Tidy = BeforeValidator(_tidy)
OnOneLine = AfterValidator(_on_one_line)
OnSomeLines = AfterValidator(_on_some_lines)

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH), Tidy, OnOneLine]
Version = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VERSION_LENGTH), Tidy, OnOneLine]
Reason = Annotated[str, StringConstraints(min_length=MIN_REASON_LENGTH, max_length=MAX_REASON_LENGTH), Tidy, OnOneLine]
Ticket = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TICKET_LENGTH), Tidy, OnOneLine]
Note = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_LENGTH), Tidy, OnSomeLines]
Description = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION_LENGTH), Tidy, OnSomeLines]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PHONE_LENGTH), Tidy, OnOneLine]
"""A number as typed. `phones.e164` interprets it by country."""
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Converted to UTC from any offset."""
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
ExternalId = Annotated[str, StringConstraints(pattern=f"^{EXTERNAL_ID.pattern}$")]
"""The id of a tenant, user, agent or department."""
Slug = Annotated[str, StringConstraints(pattern=f"^{SLUG.pattern}$")]
"""The id of a topic."""
LoginId = Annotated[str, StringConstraints(pattern=f"^{ULID.pattern}$")]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[
    str, StringConstraints(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=MAX_LOCALE_LENGTH)
]
Locale = Annotated[
    str, StringConstraints(pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=MAX_LOCALE_LENGTH)
]
"""A language tag as sent by browsers and identity providers, with `-` or `_`."""
Country = Annotated[str, StringConstraints(pattern="^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Email = Annotated[
    str,
    StringConstraints(pattern=addresses.TYPED, max_length=MAX_EMAIL_LENGTH),
    Tidy,
    OnOneLine,
    AfterValidator(_mailable),
]
"""An address that can be mailed, in its ASCII form. It need not exist."""
