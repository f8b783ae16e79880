"""Telephone numbers: parsed as typed, stored in E.164 (`+4924144686122`), shown in national notation.

libphonenumber validates a number by the numbering plan of its country, which does not prove that it is in use. Short
numbers such as 112 are refused, because a support desk cannot call them, and numbers that cost the caller extra.
"""

import re
from contextlib import suppress

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
)
from phonenumbers import region_code_for_number as country_of

from guestkey.edge.http.problem import fault
from guestkey.errors import InputInvalid
from guestkey.rules.phone_text import cleaned

_AS_TYPED = re.compile(r"[( ]*\+?[\d\s()./-]+")
"""No other characters: libphonenumber would read letters as digits, and extensions, which E.164 cannot hold."""

_TRUNK_ZERO = re.compile(r"\( *0 *\)")
_COSTS_EXTRA = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST, PhoneNumberType.PERSONAL_NUMBER})
"""Personal numbers, such as +44 70 and +41 878, lead anywhere, at a price that their holder may choose."""
_NO_COUNTRY = "001"
"""Region of satellite telephones and of premium numbers without a country, such as +979."""


def e164(typed: str, country: str) -> str:
    """Return a number typed in that country, in national form or beginning with +. Raises InputInvalid.

    Letters and extensions are refused, because removing them would give another number.
    """
    number = _read(typed, country)
    if number is None:
        detail = "not a valid telephone number; without a country code it must be one of the country of your account"
        raise InputInvalid(errors=[fault(detail, "phone")])
    if _costs_extra(number):
        detail = "a premium-rate, shared-cost or similar number costs the caller extra; give an ordinary number"
        raise InputInvalid(errors=[fault(detail, "phone")])
    return format_number(number, PhoneNumberFormat.E164)


def national(e164: str, country: str) -> str:
    """Return a stored number as people of that country write it: one of their own without the country code."""
    number = parse(e164)
    is_own = country_of(number) == country
    return format_number(number, PhoneNumberFormat.NATIONAL if is_own else PhoneNumberFormat.INTERNATIONAL)


def is_international(typed: str) -> bool:
    """Say whether a number begins with + and is valid, so that it can be called from anywhere."""
    return typed.startswith("+") and _read(typed, None) is not None


def _read(typed: str, country: str | None) -> PhoneNumber | None:
    """Return the valid number, if it is one. Where a country dials no zero ahead, `(0)` is left out."""
    text = cleaned(typed)
    if not _AS_TYPED.fullmatch(text):
        return None
    for candidate in dict.fromkeys([text, _TRUNK_ZERO.sub("", text)]):
        with suppress(NumberParseException):
            number = parse(candidate, country)
            if is_valid_number(number):
                return number
    return None


def _costs_extra(number: PhoneNumber) -> bool:
    kind = number_type(number)
    return kind in _COSTS_EXTRA or (country_of(number) == _NO_COUNTRY and kind != PhoneNumberType.TOLL_FREE)
