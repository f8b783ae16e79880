"""Findings of the verifier in tampered copies of a ledger, and their texts."""

import contextlib
import io
import itertools
import json
import runpy
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

import guestkey
from guestkey.__main__ import ACCIDENTS, WORDS, main
from guestkey.rules.findings import Accident, Fault
from guestkey.rules.ledger import (
    START,
    By,
    ByType,
    Head,
    Note,
    What,
    entry_after,
    to_line,
)
from guestkey.rules.ledger_form import MAX_FINDINGS, MAX_LINE_BYTES
from guestkey.rules.verify import verify
from tests.rows_and_columns import IS_NIGHTLY, each_row

MONDAY_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def ledger(length, tenant_id="acme"):
    """Return a sound ledger; every third entry is a login of Sven's, with text that needs escaping."""
    head, entries = START, []
    for n in range(length):
        note = Note(
            what=What.GRANT_GIVEN if n % 3 else What.LOGIN_RECORDED,
            by=By(type=ByType.USER, id="anna") if n % 3 else By(type=ByType.AGENT, id="sven"),
            about=f"01KJQ2V9Y0ZC4M8T6R3W5X{n:04}",
            data={"period": "1h", "may_export": False, "n": n} if n % 3 else {"name": 'Sven "Ö" \u001f\\', "end": None},
            at=MONDAY_NOON + timedelta(hours=n),
        )
        entries.append(entry_after(head, tenant_id, note))
        head = entries[-1].head
    return entries


def lines(entries):
    return [to_line(entry).encode() + b"\n" for entry in entries]


def rewritten(entry, **fields):
    """Return the entry with other content and a matching hash, as a vendor would forge it."""
    fields = {name: fields.get(name, getattr(entry, name)) for name in ("what", "by", "about", "data", "at")}
    return entry_after(Head(seq=entry.seq - 1, hash=entry.prev_hash), entry.tenant_id, Note(**fields))


def found(copy, kept=None, **expected):
    """Return the findings without their texts: fault, line, and the number or numbers."""
    return [summary(finding) for finding in verify(copy, kept, **expected).findings]


def summary(finding):
    several = finding.seq != finding.to_seq
    return (finding.fault.value, finding.line, (finding.seq, finding.to_seq) if several else finding.seq)


FORTY = ledger(40)
TWENTY = FORTY[:20]
COPY = lines(TWENTY)
HEAD = TWENTY[-1].head
SEVENTEEN = TWENTY[16]


def with_line_17(line):
    return [*COPY[:16], line if line.endswith(b"\n") else line + b"\n", *COPY[17:]]


def edited(old, new):
    assert COPY[16].count(old) == 1
    return with_line_17(COPY[16].replace(old, new))


# --- Sound copies ----------------------------------------------------------------------------------------------------


@each_row("kept", [None, HEAD, TWENTY[0].head, TWENTY[9].head])
def test_a_sound_copy_is_clean_and_gives_its_head(kept):
    report = verify(COPY, kept)

    assert report.is_clean
    assert (report.tenant_id, report.first, report.head, report.stopped_at) == ("acme", 1, HEAD, None)
    assert report.is_compared is (kept is not None)


def test_an_empty_file_is_not_clean_and_has_no_head():
    report = verify([])

    assert not report.is_clean
    assert (report.tenant_id, report.first, report.head) == (None, None, None)


def test_line_ends_of_another_system_are_no_fault():
    assert found([line.replace(b"\n", b"\r\n") for line in COPY]) == []
    assert found([*COPY[:-1], COPY[-1].rstrip()]) == []


def test_a_page_is_verified_for_the_entries_in_it():
    report = verify(COPY[10:15], start=11)

    assert report.is_clean
    assert (report.first, report.head) == (11, TWENTY[14].head)


def test_a_page_that_begins_right_after_the_kept_head_is_checked_against_it():
    assert found(COPY[10:], TWENTY[9].head, start=11) == []
    assert found(COPY[10:], replace(TWENTY[9].head, hash="a" * 64), start=11) == [("rewritten", None, 10)]


def test_a_page_that_begins_later_than_the_kept_head_does_not_reach_it():
    assert found(COPY[10:], TWENTY[4].head, start=11) == [("missing", 1, (6, 10))]


def test_a_copy_that_does_not_begin_with_the_first_entry_or_the_one_asked_for_is_not_clean():
    assert found(COPY[10:], HEAD) == [("missing", 1, (1, 10))]
    assert found(COPY[10:], HEAD, start=10) == [("missing", 1, 10)]
    assert found(COPY[10:], HEAD, start=11) == found(COPY[10:], HEAD, start=12) == []


def test_an_entry_of_an_unknown_kind_is_no_fault():
    later = rewritten(TWENTY[-1], what="grant.lent")

    assert found([*COPY[:-1], *lines([later])]) == []


# --- One entry edited ------------------------------------------------------------------------------------------------


@each_row(
    ("old", "new"),
    [
        pytest.param(b'"may_export":false', b'"may_export":true', id="data"),
        pytest.param(b'"anna"', b'"carla"', id="by"),
        pytest.param(b'"grant.given"', b'"grant.ended"', id="what"),
        pytest.param(b"T04:00:00Z", b"T05:00:00Z", id="at"),
        pytest.param(b'"tenant_id":"acme"', b'"tenant_id":"acmf"', id="tenant_id"),
        pytest.param(b'"seq":17', b'"seq":71', id="seq_later"),
        pytest.param(b'"seq":17', b'"seq":18', id="seq_the_next"),
        pytest.param(b'"seq":17', b'"seq":7', id="seq_an_earlier_one"),
        pytest.param(SEVENTEEN.hash.encode(), b"a" * 64, id="hash"),
        pytest.param(SEVENTEEN.prev_hash.encode(), b"a" * 64, id="prev_hash"),
    ],
)
@each_row("kept", [None, HEAD, SEVENTEEN.head])
def test_an_edited_entry_is_named_and_no_other(old, new, kept):
    assert found(edited(old, new), kept) == [("edited", 17, 17)]


@each_row(
    "line",
    [
        pytest.param(b"{", id="cut_short"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a_list"),
        pytest.param(b"17", id="a_number"),
        pytest.param(b"[" * 60_000, id="deep"),
        pytest.param(b"9" * 10_000, id="a_long_number"),
        pytest.param(COPY[16].strip() + b" " * MAX_LINE_BYTES, id="too_long"),
        pytest.param(COPY[16].strip() + b"X\r", id="one_letter_more"),
        pytest.param(COPY[16].replace(b'{"about"', b'{"about":"x","about"'), id="a_name_twice"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":16,"n":16'), id="a_name_twice_in_data"),
        pytest.param(COPY[16].replace(b'{"about"', b'{"a":1,"about"'), id="one_field_more"),
        pytest.param(COPY[16].replace(b'"what":"grant.given"', b'"that":"grant.given"'), id="another_field"),
        pytest.param(COPY[16].replace(b',"what":"grant.given"', b""), id="one_field_less"),
        pytest.param(COPY[16].replace(b'"type":"user"', b'"type":"user","x":1'), id="one_field_more_in_by"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":16.0'), id="a_float"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":1e1'), id="an_exponent"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":NaN'), id="nan"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":-Infinity'), id="infinity"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":9007199254740992'), id="beyond_2_to_53"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":{"m":16}'), id="a_nested_object"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":[16]'), id="a_nested_list"),
        pytest.param(COPY[16].replace(b'"n":16', b'"n":"\\ud800"'), id="half_a_pair"),
        pytest.param(COPY[16].replace(b'"n":16', b'"N":16'), id="a_name_in_capitals"),
        pytest.param(COPY[16].replace(b'"seq":17', b'"seq":true'), id="seq_true"),
        pytest.param(COPY[16].replace(b'"seq":17', b'"seq":"17"'), id="seq_text"),
        pytest.param(COPY[16].replace(b'"seq":17', b'"seq":0'), id="seq_0"),
        pytest.param(COPY[16].replace(b'"seq":17', b'"seq":-17'), id="seq_negative"),
        pytest.param(COPY[16].replace(b"T04:00:00Z", b"T04:00:00+00:00"), id="time_without_z"),
        pytest.param(COPY[16].replace(b'"acme"', b'"~acme"'), id="tenant_id_of_another_form"),
        pytest.param(COPY[16].replace(SEVENTEEN.hash.encode(), b"A" * 64), id="hash_in_capitals"),
        pytest.param(COPY[16].replace(SEVENTEEN.prev_hash.encode(), b""), id="prev_hash_empty"),
    ],
)
@each_row("kept", [None, SEVENTEEN.head])
def test_a_malformed_line_is_named_as_the_entry_whose_place_it_takes(line, kept):
    assert found(with_line_17(line), kept) == [("malformed", 17, 17)]


@each_row(
    ("line", "why"),
    [
        (b"{\xff", "not UTF-8 at byte 2"),
        (b"{1}", "not JSON at character 2"),
        (b"[" * 60_000, "nested too deep"),
        (b"x" * (MAX_LINE_BYTES + 1), "longer than 65,536 bytes"),
        (COPY[16].replace(b'"n":16', b'"n":15,"n":16'), "a duplicate name in an object"),
        (COPY[16].replace(b'"n":16', b'"n":1.6'), "the ledger holds texts, integers below 2^53"),
        (COPY[16].replace(b'"n":16', b'"n":NaN'), "the ledger holds texts, integers below 2^53"),
        (COPY[16].replace(b'"n":16', b'"n":"\\ud800"'), "half a surrogate pair"),
        (COPY[16].replace(b'"what"', b'"when"'), "not the fields of a ledger entry"),
    ],
)
def test_a_malformed_line_is_reported_with_its_cause(line, why):
    (finding,) = verify(with_line_17(line)).findings

    assert finding.why.startswith(why)


@each_row("n", [0, 19])
def test_a_malformed_first_or_last_line_is_named_by_its_place(n):
    assert found([*COPY[:n], b"{\n", *COPY[n + 1 :]], HEAD) == [("malformed", n + 1, n + 1)]


def test_an_entry_not_in_canonical_json_is_named():
    spaced = json.dumps(json.loads(COPY[16]), ensure_ascii=False).encode()

    assert found(with_line_17(spaced)) == [("malformed", 17, 17)]
    assert found(with_line_17(COPY[16].replace(b'"n":16', b'"n":16 '))) == [("malformed", 17, 17)]


def test_a_file_with_only_one_edited_entry_names_it():
    report = verify([COPY[0].replace(b'"sven"', b'"dora"')])

    assert [summary(finding) for finding in report.findings] == [("edited", 1, 1)]
    assert (report.first, report.head) == (None, None)


def test_a_file_without_a_ledger_is_reported_line_by_line_or_once_as_its_format():
    assert found([b"damaged\n", b"null\n"]) == [("malformed", 1, None), ("malformed", 2, None)]
    assert found([b"<html>\n", b"</html>\n"]) == [("other_format", 1, None)]


@each_row(
    ("line", "fault"),
    [
        (b" \t <html>\n", "other_format"),
        (b"\x0c<html>\n", "malformed"),
        (b"X<html>\n", "malformed"),
        (b"X \n", "malformed"),
        (b"\x0c\n", "malformed"),
        (b"{".ljust(MAX_LINE_BYTES, b"x"), "torn"),
        (b"{".ljust(MAX_LINE_BYTES + 1, b"x"), "malformed"),
    ],
    ids=lambda value: repr(value[:10]),
)
def test_only_blanks_may_precede_another_format_and_only_a_line_that_could_be_an_entry_is_torn(line, fault):
    assert found([line]) == [(fault, 1, None)]


def test_each_of_several_edited_entries_is_named():
    copy = [line.replace(b'"anna"', b'"carla"') for line in COPY]

    assert found(copy, HEAD) == [("edited", n, n) for n in range(1, 21) if (n - 1) % 3]


# --- Entries rewritten with a hash that fits -------------------------------------------------------------------------


def test_a_rewritten_entry_shows_at_the_next():
    forged = rewritten(SEVENTEEN, about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D")

    assert found(with_line_17(lines([forged])[0])) == [("broken", 18, 18)]


def test_a_rewritten_last_entry_shows_only_against_a_kept_head():
    forged = [*COPY[:-1], *lines([rewritten(TWENTY[-1], about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D")])]

    assert found(forged) == []
    assert found(forged, HEAD) == [("rewritten", None, 20)]


def test_an_entry_with_an_unknown_previous_hash_is_named_and_the_next_is_not():
    forged = rewritten(replace(SEVENTEEN, prev_hash="a" * 64))

    assert found(with_line_17(lines([forged])[0])) == [("broken", 17, 17)]


def test_findings_behind_one_that_only_follows_from_another_are_reported():
    unknown = [rewritten(replace(TWENTY[n], prev_hash="a" * 64)) for n in (4, 16)]
    copy = [*COPY[:4], *lines(unknown[:1]), *COPY[5:16], *lines(unknown[1:]), *COPY[17:]]
    in_latin_1 = [line.decode().encode("latin-1") for line in COPY[:7]]

    assert found(copy) == [("broken", 5, 5), ("broken", 17, 17)]
    assert found([*in_latin_1, b"{\n", *COPY[8:]]) == [("encoding", 1, 1), ("malformed", 8, 8)]


def test_two_rewritten_entries_apart_are_both_named():
    forged = [rewritten(TWENTY[n], about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D") for n in (4, 16)]
    copy = [*COPY[:4], *lines(forged[:1]), *COPY[5:16], *lines(forged[1:]), *COPY[17:]]

    assert found(copy) == [("broken", 6, 6), ("broken", 18, 18)]


def test_a_first_entry_whose_previous_hash_is_not_zeros_is_named():
    head, forged = replace(START, hash="a" * 64), []
    for entry in TWENTY[:3]:
        forged.append(rewritten(replace(entry, prev_hash=head.hash)))
        head = forged[-1].head

    assert found(lines(forged)) == [("broken", 1, 1)]


def test_a_ledger_rewritten_from_some_entry_on_is_caught_by_any_head_kept_since():
    head, forged = TWENTY[4].head, TWENTY[:5]
    for entry in TWENTY[5:]:
        forged = [*forged, rewritten(replace(entry, prev_hash=head.hash), by=By(type=ByType.USER, id="carla"))]
        head = forged[-1].head

    assert found(lines(forged)) == []
    for n, entry in enumerate(TWENTY):
        assert found(lines(forged), entry.head) == ([] if n < 5 else [("rewritten", None, n + 1)])


# --- Entries missing, doubled, moved ---------------------------------------------------------------------------------


def test_a_missing_entry_is_named():
    assert found([*COPY[:16], *COPY[17:]], HEAD) == [("missing", 17, 17)]
    assert found([*COPY[:5], *COPY[16:]]) == [("missing", 6, (6, 16))]
    assert found([*COPY[:16], *COPY[17:]], SEVENTEEN.head) == [("missing", 17, 17)]


def test_a_cut_off_end_shows_only_against_a_kept_head():
    assert found(COPY[:15]) == []
    assert found(COPY[:15], HEAD) == [("cut_off", None, (16, 20))]
    assert found(COPY[:15], TWENTY[15].head) == [("cut_off", None, 16)]
    assert found([], HEAD) == [("cut_off", None, (1, 20))]


def test_a_missing_entry_beside_an_edited_one_is_reported_separately():
    copy = [*COPY[:15], COPY[16].replace(b'"anna"', b'"carla"'), *COPY[17:]]

    assert found(copy) == [("edited", 16, 17), ("missing", 17, 16)]


def test_an_edited_entry_before_a_missing_one_keeps_its_number():
    copy = [*COPY[:15], COPY[15].replace(b'"sven"', b'"dora"'), *COPY[17:]]

    assert found(copy) == [("edited", 16, 16), ("missing", 17, 17)]


def test_of_two_malformed_lines_in_the_place_of_one_entry_the_first_takes_its_number():
    assert found([*COPY[:16], b"{\n", b"{\n", *COPY[17:]]) == [("malformed", 17, 17), ("malformed", 18, None)]


def test_of_an_entry_in_other_words_it_is_said_that_it_is_the_same():
    [finding] = verify(with_line_17(COPY[16].replace(b'":', b'": '))).findings

    assert finding.why == "unchanged, but not canonical JSON"


def test_of_entries_that_changed_places_the_one_that_stayed_is_in_order():
    assert found([COPY[0], COPY[3], COPY[2], COPY[1], *COPY[4:]], HEAD) == [
        ("out_of_order", 2, 4),
        ("out_of_order", 4, 2),
    ]


def test_the_place_of_the_longest_stretch_tells_which_entry_stayed():
    assert found([*COPY[:13], COPY[15], COPY[14], COPY[13], COPY[19]]) == [
        ("out_of_order", 14, 16),
        ("out_of_order", 16, 14),
        ("missing", 17, (17, 19)),
    ]


def test_one_long_stretch_is_in_order_rather_than_several_short_ones():
    faults = found([*COPY[10:14], COPY[1], COPY[3], COPY[5]])

    assert [one for one in faults if one[0] == "out_of_order"] == [
        ("out_of_order", line, seq) for line, seq in ((5, 2), (6, 4), (7, 6))
    ]


def test_a_copy_belongs_to_the_tenant_with_most_entries_in_however_many_stretches():
    globex = lines(ledger(20, "globex"))
    scattered = [*COPY[:2], *globex[15:], *COPY[3:5], *COPY[6:8]]
    short = [*globex[:2], *COPY[:5], globex[3], globex[5]]

    assert (verify(scattered).tenant_id, verify(short).tenant_id) == ("acme", "acme")


def test_two_entries_whose_lines_ran_together_are_missing():
    copy = [*COPY[:15], COPY[15].strip() + COPY[16], *COPY[17:]]

    assert found(copy) == [("malformed", 16, None), ("missing", 17, (16, 17))]


def test_a_malformed_line_between_sound_entries_has_no_number():
    assert found([*COPY[:16], b"{\n", *COPY[16:]], HEAD) == [("malformed", 17, None)]


def test_an_edited_copy_beside_the_entry_is_named_by_the_number_it_claims():
    assert found([*COPY[:17], COPY[16].replace(b'"anna"', b'"carla"'), *COPY[17:]]) == [("edited", 18, 17)]


def test_a_doubled_entry_is_named():
    assert found([*COPY[:17], COPY[16], *COPY[17:]], HEAD) == [("doubled", 18, 17)]
    assert found([*COPY, COPY[4]], HEAD) == [("doubled", 21, 5)]


def test_overlapping_pages_are_doubled_entries():
    assert found([*COPY[:12], *COPY[9:]], HEAD) == [("doubled", 13, (10, 12))]
    assert found([*COPY[6:], *COPY[:12]], HEAD) == [("out_of_order", 15, (1, 6)), ("doubled", 21, (7, 12))]


def test_a_partly_doubled_range_is_reported_in_parts():
    copy = [*COPY[8:14], *COPY[:8], *COPY[9:11], *COPY[14:]]

    assert found(copy) == [("out_of_order", 1, 9), ("doubled", 2, (10, 11)), ("out_of_order", 4, (12, 14))]
    assert found([copy[0], b"{\n", *copy[1:]]) == [
        ("out_of_order", 1, 9),
        ("doubled", 1, (10, 11)),
        ("out_of_order", 1, (12, 14)),
        ("malformed", 2, None),
    ]


def test_entries_repeated_across_a_gap_fill_it_and_as_few_as_possible_are_out_of_order():
    copy = [*COPY[:5], *COPY[7:10], *COPY[2:9]]

    assert found(copy) == [("doubled", 6, (8, 9)), ("out_of_order", 8, 10), ("doubled", 9, (3, 5))]


def test_another_entry_with_the_same_number_is_named():
    forged = rewritten(SEVENTEEN, about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D")

    assert [fault for fault, _, seq in found([*COPY[:17], *lines([forged]), *COPY[17:]]) if seq == 17] == ["doubled"]


def test_pages_in_the_wrong_order_are_named_as_one_range():
    assert found([*COPY[12:], *COPY[:12]], HEAD) == [("out_of_order", 1, (13, 20))]


def test_a_rewritten_entry_shows_at_the_next_on_pages_in_the_wrong_order_too():
    forged = lines([rewritten(TWENTY[11], about="01KJQ2V9Y0ZC4M8T6R3W5X7B1D")])

    assert found([*COPY[12:], *COPY[:11], *forged]) == [("broken", 1, 13), ("out_of_order", 1, (13, 20))]


def test_a_malformed_line_on_pages_in_the_wrong_order_keeps_its_number():
    assert found([*COPY[12:], *COPY[:4], b"{\n", *COPY[5:12]]) == [
        ("out_of_order", 1, (13, 20)),
        ("malformed", 13, 5),
    ]


def test_entries_of_another_tenant_are_named():
    globex = lines(ledger(3, "globex"))

    assert found([*COPY[:16], *globex, *COPY[16:]], HEAD) == [("foreign", 17, (1, 3))]
    assert found([globex[0], *COPY], HEAD) == [("foreign", 1, 1)]
    assert found(with_line_17(globex[0]), HEAD) == [("foreign", 17, 1), ("missing", 18, 17)]


def test_reading_stops_after_the_maximum_number_of_findings():
    report = verify([*COPY, *[b"{\n"] * (MAX_FINDINGS + 5)], replace(HEAD, seq=10**6))

    assert {finding.fault for finding in report.findings} == {Fault.MALFORMED}
    assert report.stopped_at == len(COPY) + MAX_FINDINGS - 1


# --- Any single tampering --------------------------------------------------------------------------------------------


@pytest.mark.no_cover
@pytest.mark.slow
def test_every_flipped_bit_is_reported_and_names_its_entry():
    copy = COPY[:3]
    for n, line in enumerate(copy):
        for position in range(n, len(line) - 1, 1 if IS_NIGHTLY else 4):
            for bit in range(8):
                changed = bytearray(line)
                changed[position] ^= 1 << bit
                again = io.BytesIO(b"".join([*copy[:n], changed, *copy[n + 1 :]]))
                findings = found(again)
                if changed.count(b"\n") == 1:
                    assert [(where, seq) for _, where, seq in findings] == [(n + 1, n + 1)], (n, position, bit)
                else:
                    assert findings, (n, position, bit)


@given(st.integers(1, 12), st.data())
def test_any_changed_byte_is_reported(length, data):
    copy = b"".join(COPY[:length])
    position = data.draw(st.integers(0, len(copy) - 2))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != copy[position]))

    assert found(io.BytesIO(copy[:position] + bytes([byte]) + copy[position + 1 :]))


@pytest.mark.no_cover
@given(st.integers(3, 40), st.data())
def test_any_deleted_entry_is_named(length, data):
    entries = FORTY[:length]
    n = data.draw(st.integers(0, length - 1))
    rest, head = lines([*entries[:n], *entries[n + 1 :]]), entries[-1].head

    match n + 1:
        case 1:
            assert verify(rest).first == 2
            assert found(rest) == [("missing", 1, 1)]
        case last if last == length:
            assert found(rest, head) == [("cut_off", None, last)]
        case seq:
            assert found(rest) == found(rest, head) == [("missing", seq, seq)]


@pytest.mark.no_cover
@given(st.integers(6, 40), st.data())
def test_any_two_entries_that_changed_places_are_named(length, data):
    copy = lines(FORTY[:length])
    one, other = sorted(data.draw(st.lists(st.integers(0, length - 1), min_size=2, max_size=2, unique=True)))
    copy[one], copy[other] = copy[other], copy[one]

    named = [("out_of_order", one + 1, other + 1), ("out_of_order", other + 1, one + 1)]
    if other == one + 1:
        assert found(copy) in ([named[0]], [named[1]])
    else:
        assert found(copy) == named


@pytest.mark.no_cover
@given(st.integers(2, 40), st.data())
def test_any_doubled_entry_is_named(length, data):
    copy = lines(FORTY[:length])
    n, place = data.draw(st.integers(0, length - 1)), data.draw(st.integers(0, length))
    copy.insert(place, copy[n])

    assert [(fault, seq) for fault, _, seq in found(copy)] == [("doubled", n + 1)]


@given(st.lists(st.integers(0, 9), max_size=30))
def test_only_the_whole_ledger_in_order_or_a_page_of_it_is_clean(order):
    copy = [COPY[n] for n in order]
    is_page = all(after == before + 1 for before, after in itertools.pairwise(order))

    assert verify(copy, start=min(order, default=0) + 1).is_clean == (is_page and bool(order))


# --- The command -----------------------------------------------------------------------------------------------------


def command(copy, *options):
    """Run `python -m guestkey verify` for a file; return the exit status and the output."""
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        file = Path(folder, "ledger.jsonl")
        if copy is not None:
            file.write_bytes(b"".join(copy))
        try:
            status = main(["verify", str(file), *options])
        except SystemExit as refusal:
            status = int(refusal.code or 0)
    return status, out.getvalue()


def test_the_command_gives_the_head_of_a_sound_copy_to_keep():
    status, words = command(COPY)

    assert status == 0
    assert words == (
        "Read entries 1 to 20 of the ledger of acme.\n"
        "Without a kept head (--head SEQ:HASH) it cannot be detected that entries were cut off at the end,\n"
        "or that the whole ledger was rewritten.\n"
        "No entry was edited, duplicated, moved or left out.\n"
        f"Keep this head for the next verification: {HEAD}\n"
    )


def test_the_command_prints_which_entries_a_kept_head_covers():
    assert command(COPY, "--head", str(HEAD)) == (
        0,
        "Read entries 1 to 20 of the ledger of acme.\n"
        "Compared with the kept head of entry 20 (--head).\n"
        "No entry was edited, duplicated, moved or left out.\n"
        f"Keep this head for the next verification: {HEAD}\n",
    )
    status, words = command(COPY, "--head", str(SEVENTEEN.head))
    assert status == 0
    assert "The kept head covers entries up to 17;" in words


def test_the_command_prints_that_entries_before_a_page_are_not_verified():
    status, words = command(COPY[10:], "--from", "11")

    assert status == 0
    assert "begins with entry 11; earlier entries cannot be verified." in words


def test_the_command_prints_its_findings_and_no_head():
    status, words = command([*COPY[:4], *COPY[5:10], *COPY[12:16], COPY[16].replace(b"anna", b"bert"), b"{\n"])

    assert status == 1
    assert words.startswith(
        "Line 5: entry 5 is missing before this line.\n"
        "Line 10: entries 11 to 12 are missing before this line.\n"
        "Line 14: entry 17 was edited: its content does not match its hash.\n"
        "Line 15: entry 18 cannot be read as a ledger entry (not JSON at character 2).\n"
    )
    assert words.endswith("Findings: 4.\n")
    assert "Keep" not in words


def test_the_command_names_a_ledger_that_was_cut_off():
    status, words = command(COPY[:15], "--head", str(HEAD))

    assert status == 1
    assert words.startswith("Entries 16 to 20 are missing at the end")
    assert "Nothing could be compared with the kept head: entry 20 is not in the copy, or cannot be read." in words


def test_the_command_reports_a_file_without_entries():
    for copy, sentence in (
        ([], "The file is empty: a ledger has at least one entry."),
        ([b"<html>\n"], "Line 1: the file is HTML here, not JSON Lines; download the ledger again."),
        ([b"damaged\n"], "Line 1: an entry cannot be read as a ledger entry (not JSON at character 1)."),
    ):
        for kept in ((), ("--head", str(HEAD))):
            status, words = command(copy, *kept)
            assert status == 1
            assert "No entry could be read." in words
            assert "left out" not in words
        assert sentence in command(copy)[1]


def test_a_copy_without_its_beginning_fails_with_the_right_head():
    status, words = command(COPY[3:7], "--head", str(TWENTY[6].head))

    assert status == 1
    assert "Line 1: entries 1 to 3 are missing before this line." in words
    assert "left out" not in words


def test_the_command_names_the_trace_of_an_editor_once_and_as_no_fault():
    status, words = command([b"\xef\xbb\xbf" + COPY[0], *(line.replace(b"\n", b"\r\n") for line in COPY[1:]), b"\n"])

    assert status == 0
    for accident in Accident:
        assert words.count(ACCIDENTS[accident]) == 1


def test_the_command_compares_with_a_head_as_a_mail_program_shows_it_and_with_a_tenant():
    pasted = f"> Guestkey-Head:\u00a0{HEAD.seq}:{HEAD.hash[:20].upper()}\n> {HEAD.hash[20:]}."

    assert command(COPY, "--head", pasted, "--tenant", "acme")[0] == 0
    assert command(COPY, "--tenant", "globex")[0] == 1


def test_the_command_does_not_load_an_endless_line_into_memory():
    status, words = command([*COPY[:16], b"x" * (5 * MAX_LINE_BYTES) + b"\n", *COPY[17:]])

    assert status == 1
    assert "Line 17: entry 17 cannot be read as a ledger entry (longer than 65,536 bytes)." in words
    assert "Findings: 1." in words


def test_the_command_stops_after_too_many_findings():
    status, words = command([b"{\n"] * (MAX_FINDINGS + 5))

    assert status == 1
    assert f"Nothing was read after line {MAX_FINDINGS}" in words


def test_the_command_refuses_a_missing_file_and_a_malformed_head():
    status, words = command(None)
    assert status == 2
    assert "No such file" in words
    for option, value, sentence in (
        ("--head", "17", "a head has the form SEQ:HASH"),
        ("--head", HEAD.hash, "a head has the form SEQ:HASH"),
        ("--from", "0", "the number of an entry is 1 or more"),
        ("--from", "1" * 16, "the number of an entry is 1 or more"),
        ("--tenant", "~acme", "not the form of a tenant's id"),
    ):
        status, words = command(COPY, option, value)
        assert status == 2
        assert sentence in words


def test_the_command_reads_standard_input():
    with (
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(b"".join(COPY)))),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        assert main(["verify", "-"]) == 0


def test_the_module_is_the_command():
    argv = mock.patch("sys.argv", ["guestkey", "verify", "-"])
    stdin = mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    with argv, stdin, contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as end:
        runpy.run_path(str(Path(guestkey.__file__).with_name("__main__.py")), run_name="__main__")

    assert end.value.code == 1


def pythons():
    """Return this Python, and the oldest supported one where it is installed."""
    return [python for python in (sys.executable, shutil.which("python3.11")) if python]


@each_row("python", pythons())
def test_the_command_runs_with_only_the_standard_library(python):
    answer = subprocess.run(
        [python, "-S", "-W", "error", "-m", "guestkey", "verify", "-"],
        cwd=Path(guestkey.__file__).parent.parent,
        input=b"".join(COPY),
        capture_output=True,
        check=False,
    )

    assert (answer.returncode, answer.stderr) == (0, b"")
    assert str(HEAD).encode() in answer.stdout


def test_every_fault_has_a_text():
    assert (set(WORDS), set(ACCIDENTS)) == (set(Fault), set(Accident))
