"""Telephone numbers: as typed, as stored, and as shown."""

import pytest

from guestkey.edge import phones
from guestkey.errors import InputInvalid
from tests.rows_and_columns import each_row


@each_row(
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
        ("\u202a+49 (0) 241 44686122\u202c", "AT", "+4924144686122"),
        ("+49\u00a0241\u2011446\u201386\u2014122", "DE", "+4924144686122"),
        ("\uff0b\uff14\uff19 241 446\u221286 122", "DE", "+4924144686122"),
        ("\ufeff0241\u2044446\uff0f86\u200b122\u200e", "DE", "+4924144686122"),
        ("\u0660\u0662\u0664\u0661\u202f44686122", "DE", "+4924144686122"),
        ("tel:+49-241-44686122", "US", "+4924144686122"),
        ("Tel.: 0241 / 44 68 61 22", "DE", "+4924144686122"),
        ("+49 (0)241\u00b7446\u00b786\u00b7122", "DE", "+4924144686122"),
        ("+39 (0)6 6982 1234", "DE", "+390669821234"),
        ("+34 (0) 912 345 678", "DE", "+34912345678"),
        ("+352 ( 0 ) 27 12 34 56", "DE", "+35227123456"),
        ("(+49) 241 44686122", "US", "+4924144686122"),
        ("+49 [0] 241~446\uff5e86\u223c122", "AT", "+4924144686122"),
        ("\uff3b0241\uff3d446\u30fb86\u2027122", "DE", "+4924144686122"),
        ("\ufe590241\ufe5a\u3164446\u280086122", "DE", "+4924144686122"),
        ("0\ufe0f\u20e32\ufe0f\u20e341 446\u034f86122", "DE", "+4924144686122"),
        ("0800 330 1000", "DE", "+498003301000"),
        ("(212) 555-2368", "US", "+12125552368"),
        ("+44 20 7946 0958", "DE", "+442079460958"),
        ("\uff10\uff12\uff14\uff11 \uff14\uff14\uff16\uff18\uff16\uff11\uff12\uff12", "DE", "+4924144686122"),
    ],
)
def test_a_valid_number_is_stored_in_one_form(typed, country, stored):
    assert phones.e164(typed, country) == stored


@each_row(
    "typed",
    [
        "", " ", "+", "0", "1234", "0241", "241 44686122 99 88 77 66 55", "+49", "+49 1", "+999 12345678",
        "112", "110", "+49112", "911",
        "0241 44686122 ext. 12", "0241 44686122x12", "0241 44686122;ext=12", "0241 44686122#12", "0241 44686122,12",
        "0800 FLOWERS", "call me", "tel:", "tel:tel:0241 44686122", "tel:+4924144686122;ext=5", "0241 4468612²",
        "0241 44686122 \u2460", "+49 241 4468O122",
        "anna@acme.example", "++49 241 44686122", "(+ +49) 241 44686122", "+49+241 44686122",
        "0241 446\u033686122", "1" * 300,
    ],
)  # fmt: skip
def test_short_numbers_extensions_letters_and_other_malformed_numbers_are_refused(typed):
    with pytest.raises(InputInvalid) as refused:
        phones.e164(typed, "DE")

    (fault,) = refused.value.members["errors"]
    assert fault["pointer"] == "#/phone"
    assert not typed.strip() or typed not in fault["detail"]


@each_row(
    "typed",
    [
        "+49 900 5123456", "0900 5 123456", "+49 (0) 900 5123456", "\u202a+49\u2011900\u20115123456\u202c",
        "tel:+499005123456", "+49 180 5 123456", "+49 137 1234567", "+43 900 123456", "+43 930 123456",
        "+43 820 123456", "+41 900 123 456", "+41 901 123 456", "+41 906 123 456", "+41 842 123 456",
        "+41 878 123 456", "+44 871 234 5678", "+44 70 1234 5678", "+1 900 555 1234", "+34 803 123 456",
        "+34 902 123 456", "+33 899 12 34 56", "+31 900 123456", "+39 166 123456", "+979 123 456 789",
        "+881 6 1234 5678", "+808 1234 5678",
    ],
)  # fmt: skip
def test_a_number_that_costs_the_caller_extra_is_refused_with_the_reason(typed):
    with pytest.raises(InputInvalid) as refused:
        phones.e164(typed, "DE")

    assert "costs the caller extra" in refused.value.members["errors"][0]["detail"]


def test_a_number_is_valid_only_in_some_countries():
    assert phones.e164("031 511 27 92", "CH") == "+41315112792"
    with pytest.raises(InputInvalid):
        phones.e164("031 511 27 92", "US")


def test_without_a_known_country_only_the_international_form_is_valid():
    assert phones.e164("+41 31 511 27 92", "XX") == "+41315112792"
    with pytest.raises(InputInvalid):
        phones.e164("031 511 27 92", "XX")


@each_row(
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


@each_row(
    "number", ["+49 241 446 86 122", "+43 (1) 3619857-60", "+49 241 44686-112", "+41 31 511 27 92", "+80012345678"]
)
def test_a_number_with_its_country_code_can_be_called_from_anywhere(number):
    assert phones.is_international(number)


@each_row("number", ["0241 44686122", "112", "+49112", "49 241 44686122", "", "+49 241 44686122 x1"])
def test_a_short_number_or_one_without_country_code_cannot(number):
    assert not phones.is_international(number)
