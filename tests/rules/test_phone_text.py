"""Pasted telephone numbers: what is replaced, what is dropped, and what stays for the refusal of the number."""

from guestkey.rules.phone_text import cleaned
from tests.rows_and_columns import each_row


@each_row(
    ("pasted", "number"),
    [
        ("\uff10\uff12\uff14\uff11", "0241"),
        ("\u0660\u0662\u0664\u0661", "0241"),
        ("02\u201041\u201144\u201386\u201412\uff0d2", "02-41-44-86-12-2"),
        ("02\u221241\u204344\u30fc86\uff7012", "02-41-44-86-12"),
        ("02\u00a041\u200944\u202f86\u300012", "02 41 44 86 12"),
        ("02\u204441\u221544\uff0f86", "02/41/44/86"),
        ("02\u00b741\u202244\u221986\u202412\uff0e2", "02.41.44.86.12.2"),
        ("\uff0b49\uff080\uff09241 \ufe6249", "+49(0)241 +49"),
        ("\ufeff02\u200b41\u00ad44\u2060\u200e", "024144"),
    ],
    ids=ascii,
)
def test_characters_of_the_same_meaning_become_ascii_and_invisible_ones_go(pasted: str, number: str) -> None:
    assert cleaned(pasted) == number


@each_row("typed", ["", "+49 (0)241/446-86.122", "0241 4468612\u00b2", "0241 \u2460", "0800 FLOWERS", "0241,12#3;4_5"])
def test_a_number_with_other_characters_keeps_them(typed: str) -> None:
    assert cleaned(typed) == typed


@each_row(
    ("pasted", "number"),
    [
        ("tel:0241", "0241"),
        ("Tel. 0241", "0241"),
        ("PHONE: 0241", "0241"),
        ("callto:0241", "0241"),
        ("\u00a0tel.:\u2009\u202a0241\u202c\n", "0241"),
        ("tel0241", "tel0241"),
        ("tel:tel:0241", "tel:0241"),
        ("0241 tel:0242", "0241 tel:0242"),
        ("tel:", ""),
    ],
    ids=ascii,
)
def test_one_label_ahead_of_a_number_goes_with_the_blanks_around_it(pasted: str, number: str) -> None:
    assert cleaned(pasted) == number
