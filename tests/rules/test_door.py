"""The door of a tenant: the grants and logins that a lockdown, or the end of the tenant, has ended."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guestkey.errors import LockedDown, TenantClosed
from guestkey.rules.door import LONG_AGO, MAX_VOIDINGS, NO_DOOR, Door, Voiding, Word
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LOCKED_AT_20 = Voiding(seq=20, at=NOON, word=Word.LOCKED)
LOCKED_AT_30 = Voiding(seq=30, at=NOON + timedelta(hours=1), word=Word.LOCKED)
LOCKED_TWICE = Door(version=2, void_before=30, voidings=(LOCKED_AT_20, LOCKED_AT_30))
LOGINS_FIRST = Door(logins_void_before=20, login_voidings=(LOCKED_AT_20,), void_before=30, voidings=(LOCKED_AT_30,))
LOGINS_LAST = Door(logins_void_before=30, login_voidings=(LOCKED_AT_30,), void_before=20, voidings=(LOCKED_AT_20,))


@each_row(
    ("seq", "voiding"),
    [
        (None, LOCKED_AT_20),
        (19, LOCKED_AT_20),
        (20, LOCKED_AT_30),
        (29, LOCKED_AT_30),
        (30, None),
        (31, None),
    ],
)
def test_the_first_voiding_after_a_grant_ended_it(seq, voiding):
    assert LOCKED_TWICE.voiding_of_grant(seq) == voiding


@each_row(
    ("door", "seq", "voiding"),
    [
        (LOGINS_FIRST, None, LOCKED_AT_20),
        (LOGINS_FIRST, 19, LOCKED_AT_20),
        (LOGINS_FIRST, 20, LOCKED_AT_30),
        (LOGINS_FIRST, 29, LOCKED_AT_30),
        (LOGINS_FIRST, 30, None),
        (LOGINS_LAST, None, LOCKED_AT_20),
        (LOGINS_LAST, 19, LOCKED_AT_20),
        (LOGINS_LAST, 20, LOCKED_AT_30),
        (LOGINS_LAST, 29, LOCKED_AT_30),
        (LOGINS_LAST, 30, None),
    ],
)
def test_the_first_voiding_after_a_login_ended_it_whether_of_logins_or_of_all_grants(door, seq, voiding):
    assert door.voiding_of_login(seq) == voiding


def test_a_voiding_of_logins_ends_no_grant():
    assert LOGINS_LAST.voiding_of_grant(20) is None


@each_row(("is_closed", "word"), [(False, Word.LOCKED), (True, Word.CLOSED)])
def test_of_a_voiding_that_the_door_no_longer_lists_only_the_number_is_known(is_closed, word):
    door = Door(void_before=30, is_closed=is_closed)

    assert door.voiding_of_grant(29) == Voiding(seq=30, at=LONG_AGO, word=word)
    assert door.voiding_of_grant(30) is None


@each_row("seq", [None, 1])
def test_a_tenant_without_a_stored_door_has_voided_nothing(seq):
    assert NO_DOOR.voiding_of_grant(seq) is None
    assert NO_DOOR.voiding_of_login(seq) is None


def test_nothing_is_given_at_a_locked_or_closed_tenant_and_the_end_of_the_tenant_goes_first():
    locked = Door(is_locked=True)

    NO_DOOR.require_open()
    with pytest.raises(LockedDown):
        locked.require_open()
    with pytest.raises(TenantClosed):
        replace(locked, is_closed=True).require_open()


def test_a_lock_ends_the_logins_and_its_lift_the_grants_unless_they_are_kept():
    locked = NO_DOOR.locked(20, NOON)
    assert locked == Door(version=1, is_locked=True, logins_void_before=20, login_voidings=(LOCKED_AT_20,))
    assert locked.last_lock == LOCKED_AT_20

    kept = locked.lifted(30, LOCKED_AT_30.at, keep_grants=True)
    assert kept == replace(locked, version=2, is_locked=False)
    ended = locked.lifted(30, LOCKED_AT_30.at, keep_grants=False)
    assert ended == replace(kept, void_before=30, voidings=(LOCKED_AT_30,))
    assert ended.last_lock == LOCKED_AT_20


def test_the_last_ten_voidings_of_each_kind_are_kept():
    door = NO_DOOR
    for number in range(1, MAX_VOIDINGS + 2):
        door = door.locked(2 * number, NOON).lifted(2 * number + 1, NOON, keep_grants=False)

    assert MAX_VOIDINGS == 10
    assert [one.seq for one in door.login_voidings] == list(range(4, 23, 2))
    assert [one.seq for one in door.voidings] == list(range(5, 24, 2))


def test_the_last_lock_is_told_from_the_end_of_the_account():
    closed = replace(LOCKED_AT_30, word=Word.CLOSED)

    assert Door(login_voidings=(LOCKED_AT_20, closed)).last_lock == LOCKED_AT_20
    assert Door(login_voidings=(closed,)).last_lock is None
