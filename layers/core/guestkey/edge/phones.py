"""Telephone numbers: parsed as typed, stored in E.164 (`+4924144686122`), shown in national notation.

libphonenumber validates a number by the numbering plan of its country, which does not prove that it is in use. Short
numbers such as 112 are refused, because a support desk cannot call them.
"""

import re

from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, format_number, is_valid_number, parse
from phonenumbers import region_code_for_number as country_of

from guestkey.edge.http.problem import fault
from guestkey.errors import InputInvalid

_AS_TYPED = re.compile(r"\+?[\d\s()./-]+")
"""No other characters: libphonenumber would read letters as digits, and extensions, which E.164 cannot hold."""


def e164(typed: str, country: str) -> str:
    """Return a number typed in that country, in national form or beginning with +. Raises InputInvalid.

    Letters and extensions are refused, because removing them would give another number.
    """
    number = _read(typed, country)
    if number is None:
        detail = "not a valid telephone number; without a country code it must be one of the country of your account"
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
    if not _AS_TYPED.fullmatch(typed):
        return None
    try:
        number = parse(typed, country)
    except NumberParseException:
        return None
    return number if is_valid_number(number) else None
