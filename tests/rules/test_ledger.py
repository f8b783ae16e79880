"""How a ledger's entries are numbered, linked, hashed and written."""

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guestkey.rules.ledger import (
    START,
    By,
    ByType,
    Head,
    Note,
    Position,
    What,
    digest,
    entry_after,
    salted_digest,
    to_line,
)
from guestkey.rules.ledger_form import MAX_LINE_BYTES, canonical
from tests.rows_and_columns import each_row

MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA = By(type=ByType.USER, id="anna")

GIVEN = Note(
    what=What.GRANT_GIVEN,
    by=ANNA,
    about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D",
    data={"period": "1w", "may_export": False, "ends_at": None, "minutes": 30, "grantee_name": "Zoë \U0001f511"},
    at=MONDAY_NOON,
)

# Written by hand, as a verifier in another language builds it.
GIVEN_WITHOUT_HASH = (
    '{"about":"01KJQ2V9Y0ZC4M8T6R3W5X7B1D","at":"2026-03-02T12:00:00Z","by":{"id":"anna","type":"user"},'
    '"data":{"ends_at":null,"grantee_name":"Zoë \U0001f511","may_export":false,"minutes":30,"period":"1w"},'
    '"prev_hash":"0000000000000000000000000000000000000000000000000000000000000000",'
    '"seq":1,"tenant_id":"acme","what":"grant.given"}'
)
GIVEN_HASH = hashlib.sha256(GIVEN_WITHOUT_HASH.encode()).hexdigest()


def noting(**data):
    return dataclasses.replace(GIVEN, data=data)


# --- Entries ---------------------------------------------------------------------------------------------------------


def test_the_first_entry_has_number_1_and_64_zeros_as_previous_hash():
    entry = entry_after(START, "acme", GIVEN)

    assert (entry.tenant_id, entry.seq, entry.prev_hash) == ("acme", 1, "0" * 64)
    assert (entry.what, entry.by, entry.about) == (What.GRANT_GIVEN, ANNA, GIVEN.about)
    assert (entry.at, entry.data) == (MONDAY_NOON, GIVEN.data)


def test_an_entrys_hash_is_that_of_its_canonical_json_without_the_hash():
    assert entry_after(START, "acme", GIVEN).hash == GIVEN_HASH


def test_an_entrys_line_is_canonical_json_with_the_hash_in_its_place():
    hash_field = f'"hash":"{GIVEN_HASH}",'
    before, after = GIVEN_WITHOUT_HASH.split('"prev_hash"')

    assert to_line(entry_after(START, "acme", GIVEN)) == f'{before}{hash_field}"prev_hash"{after}'


def test_approving_writes_two_entries_linked_by_hash():
    approved = entry_after(Head(seq=16, hash="a" * 64), "acme", dataclasses.replace(GIVEN, what=What.REQUEST_APPROVED))
    given = entry_after(approved.head, "acme", GIVEN)

    assert (approved.seq, given.seq) == (17, 18)
    assert approved.prev_hash == "a" * 64
    assert given.prev_hash == approved.hash


def test_an_entry_keeps_its_time_in_utc_and_in_whole_seconds():
    berlin = timezone(timedelta(hours=1))
    at = datetime(2026, 3, 2, 13, 0, 0, 999_999, tzinfo=berlin)

    entry = entry_after(START, "acme", dataclasses.replace(GIVEN, at=at))

    assert entry.at == MONDAY_NOON
    assert entry.at.tzinfo is UTC
    assert entry.hash == GIVEN_HASH


def test_the_system_has_no_id():
    entry = entry_after(START, "acme", dataclasses.replace(GIVEN, by=By(type=ByType.SYSTEM)))

    assert json.loads(to_line(entry))["by"] == {"type": "system", "id": None}


def test_changing_the_callers_data_later_does_not_change_the_entry():
    data = {"period": "1w"}
    entry = entry_after(START, "acme", noting(**data))
    data["period"] = "permanent"

    assert entry.data == {"period": "1w"}


@each_row(
    "value",
    [
        1.0,
        float("nan"),
        Decimal(1),
        2**53,
        -(2**53),
        ["1w"],
        {"period": "1w"},
        b"1w",
        MONDAY_NOON,
        "half a pair \ud800",
    ],
)
def test_data_holds_only_strings_integers_booleans_and_null(value):
    with pytest.raises(ValueError):  # noqa: PT011 - several messages, none part of the contract
        entry_after(START, "acme", noting(value=value))


@each_row("name", ["", "Period", "mayExport", "may-export", "may export", "1st", "_id", "größe", "\u017f"])
def test_names_in_data_are_ascii_snake_case(name):
    with pytest.raises(ValueError, match="snake_case"):
        entry_after(START, "acme", noting(**{name: 1}))


@each_row("value", [2**53 - 1, -(2**53) + 1, 0, True, False, None, "", What.GRANT_GIVEN])
def test_valid_data_is_read_back_unchanged(value):
    entry = entry_after(START, "acme", noting(value=value))

    back = json.loads(to_line(entry))["data"]["value"]
    assert back == value
    assert isinstance(value, type(back))


@each_row("tenant_id", ["", "~acme", "|acme", "a b", "acme\n", "a" * 129])
def test_an_entry_that_cannot_be_verified_is_refused(tenant_id):
    with pytest.raises(ValueError, match="not the fields"):
        entry_after(START, tenant_id, GIVEN)


def test_an_entry_longer_than_the_verifier_reads_is_refused():
    with pytest.raises(ValueError, match="longer than"):
        entry_after(START, "acme", noting(name="x" * MAX_LINE_BYTES))


def test_an_entry_may_be_as_long_as_a_reader_takes():
    rest = len(to_line(entry_after(START, "acme", noting(name=""))))
    longest = entry_after(START, "acme", noting(name="x" * (65_536 - rest)))

    assert len(to_line(longest)) == 65_536
    with pytest.raises(ValueError, match=r"^longer than 65,536 bytes$"):
        entry_after(START, "acme", noting(name="x" * (65_537 - rest)))


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match=r"^a time without a zone is not an instant$"):
        entry_after(START, "acme", dataclasses.replace(GIVEN, at=datetime(2026, 3, 2, 12)))  # noqa: DTZ001


def test_an_entry_cannot_be_changed():
    entry = entry_after(START, "acme", GIVEN)

    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.seq = 2  # type: ignore[misc] # which is the point


def test_the_kinds_of_entries_are_exactly_those_of_the_contract():
    assert " ".join(What) == (
        "grant.given grant.kept grant.revoked grant.ended "
        "request.made request.approved request.declined request.withdrawn request.expired "
        "login.recorded login.refused login.ended agent.left right.changed tenant.changed "
        "notices.changed policy.changed policy.waiting policy.withdrawn access.locked access.unlocked "
        "callback.booked callback.moved callback.cancelled callback.taken "
        "callback.released callback.handed callback.closed callback.stranded"
    )
    assert " ".join(ByType) == "user agent vendor system"


# --- Canonical JSON --------------------------------------------------------------------------------------------------


def test_a_string_is_written_as_in_rfc_8785():
    """RFC 8785: the string of the example in section 3.2.2, and its bytes from section 3.2.4."""
    text = json.loads(r'"\u20ac$\u000F\u000aA' + "'" + r'\u0042\u0022\u005c\\\"\/"')

    assert (
        canonical({"string": text})
        == b'{"string":'
        + bytes.fromhex("22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22")
        + b"}"
    )


def test_literals_are_written_and_names_sorted_as_in_rfc_8785():
    assert canonical({"b": True, "a": None, "a_1": False, "aa": -7, "a1": 10**15}) == (
        b'{"a":null,"a1":1000000000000000,"a_1":false,"aa":-7,"b":true}'
    )


def test_control_characters_have_their_short_or_lower_case_escape_and_nothing_else_is_escaped():
    """RFC 8785, section 3.2.2.2."""
    controls = "".join(map(chr, range(0x20)))

    assert (
        canonical({"a": controls + "\x7f\u2028/\U0001f511"})
        == (
            '{"a":"'
            r"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"
            r"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f"
            '\x7f\u2028/\U0001f511"}'
        ).encode()
    )


@given(st.dictionaries(st.text("ab_1").map("a".__add__), st.none() | st.booleans() | st.text()))
def test_canonical_json_is_json_with_one_way_to_write_it(fields):
    written = canonical(fields)

    assert json.loads(written) == fields
    assert canonical(dict(reversed(fields.items()))) == written


# --- Digests and heads -----------------------------------------------------------------------------------------------


def test_a_text_is_in_the_ledger_as_its_sha_256():
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("Größe") == hashlib.sha256(b"Gr\xc3\xb6\xc3\x9fe").hexdigest()


def test_a_typed_text_is_in_the_ledger_as_the_sha_256_of_its_salt_and_itself():
    salt = "0123456789abcdef0123456789abcdef"

    assert salted_digest("Größe", salt) == hashlib.sha256(f"{salt}:Größe".encode()).hexdigest()
    assert salted_digest("Größe", salt) != salted_digest("Größe", salt[::-1])
    assert salted_digest(None, salt) is None
    with pytest.raises(AssertionError):
        salted_digest("Größe", None)


def test_a_written_head_is_parsed_back_unchanged():
    head = Head(seq=999_999_999_999_999, hash="0123456789abcdef" * 4)

    assert Head.parse(str(head)) == head


LATER = MONDAY_NOON + timedelta(seconds=1)


@each_row(
    ("one", "other", "precedes"),
    [
        (Position(1, LATER), Position(2, MONDAY_NOON), True),
        (Position(2, MONDAY_NOON), Position(1, LATER), False),
        (Position(3, MONDAY_NOON), Position(3, MONDAY_NOON), False),
        (Position(None, MONDAY_NOON), Position(None, LATER), True),
        (Position(None, MONDAY_NOON), Position(None, MONDAY_NOON), False),
        (Position(None, MONDAY_NOON), Position(1, MONDAY_NOON), True),
        (Position(None, LATER), Position(1, MONDAY_NOON), False),
        (Position(1, MONDAY_NOON), Position(None, LATER), True),
        (Position(1, MONDAY_NOON), Position(None, MONDAY_NOON), False),
    ],
)
def test_numbers_tell_which_change_came_first_and_times_only_where_one_has_none(one, other, precedes):
    assert one.precedes(other) is precedes
