"""Addresses: the form in which each is kept, at the bounds of lengths and alphabets."""

from guestkey.edge.addresses import mailable
from tests.rows_and_columns import each_row

LABEL = "b" * 63
LONG = f"a@{LABEL}.{LABEL}.{LABEL}."  # 194 characters


@each_row(
    ("typed", "kept"),
    [
        ("Anna@ACME.example", "Anna@ACME.example"),
        ("anna@müller.example", "anna@xn--mller-kva.example"),
        ("anna@MÜLLER.Example", "anna@xn--mller-kva.example"),
        ("anna@mu\u0308ller.example", "anna@xn--mller-kva.example"),
        ("anna@xn--mller-kva.example", "anna@xn--mller-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@例え.example", "anna@xn--r8jz45g.example"),
        ("anna@sub.müller.example", "anna@sub.xn--mller-kva.example"),
        ("a.n.n.a@acme.example", "a.n.n.a@acme.example"),
        ("x" * 64 + "@b.example", "x" * 64 + "@b.example"),
        (f"a@{LABEL}.example", f"a@{LABEL}.example"),
        (LONG + "b" * 60, LONG + "b" * 60),
    ],
)
def test_an_address_that_can_be_mailed_is_kept_in_its_ascii_form(typed: str, kept: str) -> None:
    assert mailable(typed) == kept


@each_row(
    "typed",
    [
        "",
        "anna",
        "ännchen@acme.example",
        "ännchen@müller.example",
        "anna@localhost",
        "anna@müller",
        "anna@b\uff20c.example",
        "anna@a\u200db.example",
        "anna@\u0301a.example",
        "anna@a..ä.example",
        "anna@-a.example",
        "anna@a-.example",
        "an na@acme.example",
        "anna@ä\n.example",
        "anna@acme.example\n",
        ".anna@acme.example",
        "anna.@acme.example",
        "an..na@acme.example",
        "x" * 65 + "@b.example",
        f"a@b{LABEL}.example",
        f"a@{'ü' * 63}.example",
        LONG + "b" * 61,
    ],
    ids=ascii,
)
def test_an_address_that_cannot_be_mailed_is_none(typed: str) -> None:
    assert mailable(typed) is None
