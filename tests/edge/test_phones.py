"""Telephone numbers: as typed, as stored, and as shown."""

import pytest

from guestkey.edge import phones
from guestkey.errors import InputInvalid


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("0241 44686122", "DE", "+4924144686122"),
        ("0241/446 86-122", "DE", "+4924144686122"),
        ("(0241) 446.86.122", "DE", "+4924144686122"),
        ("+49 241 446 86 122", "CH", "+4924144686122"),
        ("+49 (0)241 44686122", "AT", "+4924144686122"),
        ("0049 241 44686122", "DE", "+4924144686122"),
        ("011 49 241 44686122", "US", "+4924144686122"),
        ("0171 1234567", "DE", "+491711234567"),
        ("+41 31 511 27 92", "DE", "+41315112792"),
        ("031 511 27 92", "CH", "+41315112792"),
        ("+43 (1) 3619857-60", "DE", "+431361985760"),
        ("06 6982 1234", "IT", "+390669821234"),
        ("(212) 555-2368", "US", "+12125552368"),
        ("+44 20 7946 0958", "DE", "+442079460958"),
        ("\uff10\uff12\uff14\uff11 \uff14\uff14\uff16\uff18\uff16\uff11\uff12\uff12", "DE", "+4924144686122"),
    ],
)
def test_a_valid_number_is_stored_in_one_form(typed, country, stored):
    assert phones.e164(typed, country) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "+", "0", "1234", "0241", "241 44686122 99 88 77 66 55", "+49", "+49 1", "+999 12345678",
        "112", "110", "+49112", "911",
        "0241 44686122 ext. 12", "0241 44686122x12", "0241 44686122;ext=12", "0241 44686122#12", "0241 44686122,12",
        "0800 FLOWERS", "call me", "tel:+4924144686122", "+49 241 4468O122",
        "anna@acme.example", "++49 241 44686122", "+49+241 44686122", "1" * 300,
    ],
)  # fmt: skip
def test_short_numbers_extensions_letters_and_other_malformed_numbers_are_refused(typed):
    with pytest.raises(InputInvalid) as refused:
        phones.e164(typed, "DE")

    (fault,) = refused.value.members["errors"]
    assert fault["pointer"] == "#/phone"
    assert not typed.strip() or typed not in fault["detail"]


def test_a_number_is_valid_only_in_some_countries():
    assert phones.e164("031 511 27 92", "CH") == "+41315112792"
    with pytest.raises(InputInvalid):
        phones.e164("031 511 27 92", "US")


def test_without_a_known_country_only_the_international_form_is_valid():
    assert phones.e164("+41 31 511 27 92", "XX") == "+41315112792"
    with pytest.raises(InputInvalid):
        phones.e164("031 511 27 92", "XX")


@pytest.mark.parametrize(
    ("stored", "country", "shown"),
    [
        ("+4924144686122", "DE", "0241 44686122"),
        ("+4924144686122", "CH", "+49 241 44686122"),
        ("+41315112792", "CH", "031 511 27 92"),
        ("+41315112792", "DE", "+41 31 511 27 92"),
        ("+12125552368", "US", "(212) 555-2368"),
        ("+12125552368", "CA", "+1 212-555-2368"),
        ("+442079460958", "XX", "+44 20 7946 0958"),
    ],
)
def test_a_number_is_shown_in_national_form_in_its_own_country_only(stored, country, shown):
    assert phones.national(stored, country) == shown
    assert phones.e164(shown, country) == stored


@pytest.mark.parametrize(
    "number", ["+49 241 446 86 122", "+43 (1) 3619857-60", "+49 241 44686-112", "+41 31 511 27 92", "+80012345678"]
)
def test_a_number_with_its_country_code_can_be_called_from_anywhere(number):
    assert phones.is_international(number)


@pytest.mark.parametrize("number", ["0241 44686122", "112", "+49112", "49 241 44686122", "", "+49 241 44686122 x1"])
def test_a_short_number_or_one_without_country_code_cannot(number):
    assert not phones.is_international(number)
