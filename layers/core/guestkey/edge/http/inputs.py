"""Field types of inputs: texts trimmed and NFC-normalised without deceptive characters, ids of a fixed form.

Every text of every route goes through `Line` or `Lines`: this is the one place that decides on its characters.
"""

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
from guestkey.rules import phone_text
from guestkey.rules.limits import (
    EXTERNAL_ID,
    MAX_DESCRIPTION_LENGTH,
    MAX_EMAIL_LENGTH,
    MAX_LOCALE_LENGTH,
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    MAX_PHONE_LENGTH,
    MAX_QUERY_LENGTH,
    MAX_REASON_LENGTH,
    MAX_TICKET_LENGTH,
    MAX_VERSION_LENGTH,
    MIN_REASON_LENGTH,
    SLUG,
    ULID,
)
from guestkey.rules.periods import known_zone
from guestkey.rules.visible import MIN_LETTERS_OF_A_REASON, is_visible, letters

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})")
_DAY = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")
"""Years 2000 to 2999: day arithmetic fails at the limits of `date`."""
_BREAK = re.compile("\r\n|[\t\n\v\f\r\x85\u2028\u2029]")
"""A tab, or an end of a line or a paragraph."""
BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the order of displayed text (Unicode UAX #9)."""


class Input(BaseModel):
    """A request body. Unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _line(typed: object) -> object:
    """Return a text as one line: a pasted tab or line break becomes a blank."""
    return _tidy(_BREAK.sub(" ", typed)) if isinstance(typed, str) else typed


def _lines(typed: object) -> object:
    """Return a text of several lines, each ended by a line feed: a pasted tab becomes a blank."""
    return _tidy(_BREAK.sub("\n", typed.replace("\t", " "))) if isinstance(typed, str) else typed


def _tidy(typed: str) -> str:
    text = unicodedata.normalize("NFC", typed.strip())
    for character in text:
        is_control = unicodedata.category(character) in ("Cc", "Cs") and character != "\n"
        if is_control or character in BIDIRECTIONAL:
            raise ValueError("control characters and bidirectional overrides are not allowed")
    return text


def _visible(text: str) -> str:
    if text and not is_visible(text):
        raise ValueError("nothing in this text can be seen")
    return text


def _reason(text: str) -> str:
    if letters(text) < MIN_LETTERS_OF_A_REASON:
        raise ValueError(f"a reason has at least {MIN_LETTERS_OF_A_REASON} letters or digits that can be seen")
    return text


def _phone(typed: object) -> object:
    return _line(phone_text.cleaned(_BREAK.sub(" ", typed))) if isinstance(typed, str) else typed


def _mailable(typed: str) -> str:
    address = addresses.mailable(typed)
    if address is None:
        raise ValueError(
            "not an address that can be mailed: the part before the @ must be ASCII, without `=?` or stray dots"
        )
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


def _day_or_moment(text: object) -> date:
    if isinstance(text, str) and _DAY.fullmatch(text):
        return _day(text)
    at = _moment(text.replace(" ", "+") if isinstance(text, str) else text)  # an unescaped plus arrives as a blank
    if not _DAY.match(f"{at:%Y-%m-%d}"):
        raise ValueError("not a moment of the years 2000 to 2999")
    return at


def _day(text: object) -> date:
    if isinstance(text, str) and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("not a day, such as 2026-11-24")


Line = BeforeValidator(_line)
Lines = BeforeValidator(_lines)
Visible = AfterValidator(_visible)

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH), Line, Visible]
Version = Annotated[str, StringConstraints(min_length=1, max_length=MAX_VERSION_LENGTH), Line, Visible]
Reason = Annotated[
    str, StringConstraints(min_length=MIN_REASON_LENGTH, max_length=MAX_REASON_LENGTH), Line, AfterValidator(_reason)
]
Ticket = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TICKET_LENGTH), Line, Visible]
Note = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NOTE_LENGTH), Lines, Visible]
Description = Annotated[str, StringConstraints(min_length=1, max_length=MAX_DESCRIPTION_LENGTH), Lines, Visible]
SearchWords = Annotated[str, StringConstraints(max_length=MAX_QUERY_LENGTH), Line]
Phone = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PHONE_LENGTH), BeforeValidator(_phone)]
"""A number as typed, without the marks that a copy adds to it. `phones.e164` interprets it by country."""
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Converted to UTC from any offset."""
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
DayOrMoment = Annotated[datetime | date, BeforeValidator(_day_or_moment), WithJsonSchema({"type": "string"})]
"""A day, or a moment in UTC."""
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
    Line,
    AfterValidator(_mailable),
]
"""An address that can be mailed, in its ASCII form. It need not exist."""
