"""Life of a login, and the end of its access: exact from the history, never too late from the live keys.

The oracle steps second by second over a short time line and looks at each second for a grant that covered the agent.
It shares no code with the rules, only types.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from guestkey.rules.access import covering, named
from guestkey.rules.access_end import AccessEnd, end_by_door, end_of_access, settled
from guestkey.rules.door import NO_DOOR, Door, Voiding, Word
from guestkey.rules.grants import Grant, LiveKey, LiveKeys
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import (
    End,
    EndCause,
    Login,
    enter,
    has_covered_since,
    is_open,
    log_out,
    next_due_at,
)
from guestkey.rules.people import Agent, Grantee, GranteeType, Person
from guestkey.rules.periods import Period
from tests.rows_and_columns import each_row, rounds

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LONG_AGO = NOON - timedelta(days=400)

SVEN = Agent(
    agent_id="sven",
    name="Sven Brandt",
    email="sven@vendor.example",
    departments=("support",),
    is_active=True,
    changed_at=LONG_AGO,
).succeeds(None)
SALT = "5a17" * 8
TO_SVEN = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")
TO_DORA = Grantee(type=GranteeType.AGENT, id="dora", name="Dora Vogel")
TO_SUPPORT = Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support")
TO_DEVELOPMENT = Grantee(type=GranteeType.DEPARTMENT, id="development", name="Development")


def changed(before: Agent = SVEN, **said: Any) -> Agent:
    """Return the record after a PUT of the vendor that says this."""
    return replace(before, **said).succeeds(before)


def key(
    to: Grantee = TO_SVEN,
    *,
    granted_at: datetime = NOON,
    ends_at: datetime | None = NOON + HOUR,
    revoked_before_at: datetime | None = None,
) -> LiveKey:
    return LiveKey(
        grant_id="A",
        grantee=to,
        may_export=True,
        granted_at=granted_at,
        ends_at=ends_at,
        revoked_before_at=revoked_before_at,
    )


def grant(
    to: Grantee = TO_SVEN,
    *,
    granted_at: datetime = NOON,
    ends_at: datetime | None = NOON + HOUR,
    revoked_at: datetime | None = None,
) -> Grant:
    return Grant(
        tenant_id="acme",
        grant_id="A",
        grantee=to,
        period=Period.ONE_HOUR,
        may_export=True,
        granted_at=granted_at,
        granted_by=Person(user_id="anna", name="Anna Albrecht"),
        ends_at=ends_at,
        review_at=None,
        revoked_at=revoked_at,
    )


def entered(
    under: LiveKey | None = None, *, agent: Agent = SVEN, ticket: str | None = "T-1", at: datetime = NOON
) -> Login:
    return enter(
        login_id="L",
        tenant_id="acme",
        agent=agent,
        grant=under or key(),
        access=AccessLevel.CHANGE,
        may_export=True,
        reason="The import stands still",
        reason_salt=SALT,
        ticket=ticket,
        now=at,
    )


# --- Entering and leaving --------------------------------------------------------------------------------------------


@each_row(
    ("own", "granted", "recorded"),
    [(None, None, None), ("T-1", None, "T-1"), (None, "T-9", "T-9"), ("T-1", "T-9", "T-1")],
)
def test_a_login_without_a_ticket_takes_over_the_grants(own, granted, recorded):
    assert entered(replace(key(), ticket=granted), ticket=own).ticket == recorded


def test_a_login_always_names_the_person_and_the_grant():
    login = entered(key(TO_SUPPORT))

    assert (login.agent_id, login.agent_name, login.departments) == ("sven", "Sven Brandt", ("support",))
    assert (login.tenant_id, login.login_id, login.grant_id) == ("acme", "L", "A")
    assert (login.reason, login.ticket, login.may_export) == ("The import stands still", "T-1", True)
    assert (login.logged_in_at, login.access_ends_at) == (NOON, NOON + HOUR)
    assert (login.reason_salt, login.incarnation, login.memberships) == (SALT, 1, (1,))
    assert (login.ended_at, login.end) == (None, None)


@each_row(
    ("agent", "incarnation", "memberships"),
    [
        (replace(SVEN, incarnation=3, departments=("support", "x"), memberships=(2, 5)), 3, (2, 5)),
        (replace(SVEN, departments=("support", "x"), memberships=()), 1, (0, 0)),
    ],
)
def test_a_login_keeps_the_numbers_of_the_person_and_the_memberships(agent, incarnation, memberships):
    login = entered(agent=agent)

    assert (login.incarnation, login.memberships) == (incarnation, memberships)


def test_sven_ends_his_login():
    login = log_out(entered(), NOON + MINUTE)

    assert (login.ended_at, login.end) == (NOON + MINUTE, End.LOGGED_OUT)


def test_ending_an_ended_login_changes_nothing():
    over = settled(entered(), AccessEnd(NOON + MINUTE, EndCause.REVOKED), NOON + HOUR)

    assert log_out(over, NOON + 2 * HOUR) == over


# --- State -----------------------------------------------------------------------------------------------------------


def test_a_login_reads_as_open_until_access_is_over():
    login = settled(entered(), AccessEnd(NOON + 2 * HOUR, until=NOON + 2 * HOUR), NOON + HOUR)

    assert (login.ended_at, login.end, login.access_ends_at) == (None, None, NOON + 2 * HOUR)


@each_row("later", [timedelta(0), SECOND, timedelta(days=300)])
def test_a_login_ends_when_access_ended_even_if_it_is_read_much_later(later):
    login = settled(entered(), AccessEnd(NOON + HOUR, until=NOON + HOUR), NOON + HOUR + later)

    assert (login.ended_at, login.end, login.access_ends_at) == (NOON + HOUR, End.ACCESS_OVER, NOON + HOUR)


def test_a_login_that_a_revoke_ended_says_so_and_no_longer_the_end_of_its_grant():
    login = settled(entered(), AccessEnd(NOON + MINUTE, EndCause.REVOKED), NOON + 2 * MINUTE)

    assert (login.ended_at, login.end, login.access_ends_at) == (NOON + MINUTE, End.ACCESS_OVER, NOON + MINUTE)
    assert login.end_cause is EndCause.REVOKED


def test_a_membership_counts_until_it_is_left_and_not_when_it_begins_anew():
    login = entered(key(TO_SUPPORT))
    left = changed(departments=(), changed_at=NOON)
    back = changed(left, departments=("support",), changed_at=NOON)

    assert has_covered_since(login, TO_SUPPORT, SVEN)
    assert has_covered_since(login, TO_SUPPORT, changed(departments=("x", "support"), changed_at=NOON + SECOND))
    assert not has_covered_since(login, TO_SUPPORT, left)
    assert not has_covered_since(login, TO_SUPPORT, back), "within the same second, too"
    assert has_covered_since(login, TO_SVEN, back), "his own grant does not depend on departments"


@each_row(
    ("to", "was_covered"),
    [
        (TO_SVEN, True),
        (replace(TO_SVEN, incarnation=2), False),
        (TO_DORA, False),
        (TO_SUPPORT, True),
        (TO_DEVELOPMENT, False),
    ],
)
def test_a_login_was_covered_by_grants_to_the_person_and_to_the_departments_of_that_moment(to, was_covered):
    assert to.covers(entered()) is was_covered


@each_row("to", [TO_SVEN, TO_SUPPORT])
def test_no_grant_covers_an_inactive_agent_even_if_the_record_has_kept_the_persons_number(to):
    assert not has_covered_since(entered(), to, replace(SVEN, is_active=False))


def test_another_person_behind_the_id_continues_no_login():
    login = entered()
    gone = changed(is_active=False, changed_at=NOON)
    back = changed(gone, is_active=True, changed_at=NOON)

    assert back.incarnation == 2
    for agent in (gone, back):
        assert not is_open(login, [key(), key(TO_SUPPORT)], agent)
    assert end_of_access(login, [grant(ends_at=None)], back, NOON) == AccessEnd(NOON, EndCause.AGENT_LEFT)


def test_in_logins_from_before_numbers_a_change_of_the_agent_ends_a_departments_proof():
    login = replace(entered(key(TO_SUPPORT)), memberships=None)

    assert has_covered_since(login, TO_SUPPORT, replace(SVEN, changed_at=NOON))
    assert not has_covered_since(login, TO_SUPPORT, replace(SVEN, changed_at=NOON + SECOND))
    again = end_of_access(login, [grant(TO_SUPPORT)], replace(SVEN, changed_at=NOON + SECOND))
    assert again.at == NOON + HOUR, "the overview cannot tell that he left in between"


def test_a_login_under_a_permanent_grant_reads_as_open_without_an_end():
    login = settled(entered(), AccessEnd(None), NOON + timedelta(days=300))

    assert (login.ended_at, login.access_ends_at) == (None, None)


def test_a_login_that_sven_ended_keeps_its_end():
    login = log_out(entered(), NOON + MINUTE)

    assert settled(login, AccessEnd(NOON + HOUR), NOON + 2 * HOUR) == login


# --- End of access ---------------------------------------------------------------------------------------------------


@each_row(
    ("grants", "over"),
    [
        ([grant()], NOON + HOUR),
        ([grant(ends_at=None)], None),
        ([grant(revoked_at=NOON + MINUTE)], NOON + MINUTE),
        ([grant(revoked_at=NOON)], NOON),
        ([], NOON),
        ([grant(TO_DORA)], NOON),
        ([grant(), grant(granted_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)], NOON + 2 * HOUR),
        ([grant(), grant(granted_at=NOON + HOUR + SECOND, ends_at=None)], NOON + HOUR),
        ([grant(granted_at=NOON + MINUTE, ends_at=None), grant()], None),
        ([grant(ends_at=None, revoked_at=NOON + 2 * HOUR), grant(TO_SUPPORT)], NOON + 2 * HOUR),
        ([grant(ends_at=None), grant(), grant(ends_at=None)], None),
    ],
)
def test_access_ends_at_the_first_moment_without_a_covering_grant(grants, over):
    assert end_of_access(entered(), grants, SVEN).at == over


@each_row(
    ("to", "agent", "over"),
    [
        (TO_SUPPORT, changed(departments=(), changed_at=NOON + MINUTE), NOON + MINUTE),
        (TO_SUPPORT, changed(is_active=False, changed_at=NOON + MINUTE), NOON + MINUTE),
        (TO_SVEN, changed(is_active=False, changed_at=NOON + MINUTE), NOON + MINUTE),
        (TO_SVEN, changed(departments=(), changed_at=NOON + MINUTE), NOON + HOUR),
        (TO_SUPPORT, changed(departments=("support", "x"), changed_at=NOON + MINUTE), NOON + HOUR),
        (TO_SUPPORT, changed(departments=(), changed_at=NOON + 2 * HOUR), NOON + HOUR),
    ],
)
def test_leaving_the_department_or_becoming_inactive_ends_access_at_that_moment(to, agent, over):
    assert end_of_access(entered(key(to)), [grant(to)], agent).at == over


@each_row("changed_at", [NOON, NOON - SECOND])
def test_a_change_that_was_stored_only_after_the_login_counts_at_once(changed_at):
    """The clocks of two functions differ: a change may have an earlier time than the login stored before it."""
    left = changed(departments=(), changed_at=changed_at)

    assert end_of_access(entered(key(TO_SUPPORT)), [grant(TO_SUPPORT)], left).at == NOON


def test_a_departments_grant_counts_from_the_moment_sven_joined():
    grants = [grant(ends_at=NOON + HOUR), grant(TO_DEVELOPMENT, ends_at=NOON + 2 * HOUR)]
    in_time = changed(departments=("support", "development"), changed_at=NOON + HOUR)

    assert end_of_access(entered(), grants, in_time).at == NOON + 2 * HOUR
    assert end_of_access(entered(), grants, replace(in_time, changed_at=NOON + HOUR + SECOND)).at == NOON + HOUR


def numbered(seq: int, given: Grant, *, revoke: int | None = None) -> Grant:
    """Return the grant with the numbers of its ledger entries."""
    return replace(given, granted_seq=seq, revoked_seq=revoke)


REVOKED_AT_8 = numbered(4, grant(ends_at=None, revoked_at=NOON + 20 * SECOND), revoke=8)
"""The grant of Sven's login, which has the number 5."""


@each_row(
    ("grants", "end"),
    [
        ([grant()], AccessEnd(NOON + HOUR, EndCause.TIME, NOON + HOUR)),
        ([grant(ends_at=None)], AccessEnd(None)),
        ([REVOKED_AT_8], AccessEnd(NOON + 20 * SECOND, EndCause.REVOKED)),
        (
            [REVOKED_AT_8, grant(ends_at=NOON + 10 * SECOND)],
            AccessEnd(NOON + 20 * SECOND, EndCause.REVOKED, NOON + 10 * SECOND),
        ),
        ([REVOKED_AT_8, grant()], AccessEnd(NOON + HOUR, EndCause.TIME, NOON + HOUR)),
    ],
)
def test_the_end_of_access_has_its_cause_and_the_last_end_by_the_clock_in_any_order_of_the_grants(grants, end):
    login = replace(entered(), recorded_seq=5)

    assert end_of_access(login, grants, SVEN) == end
    assert end_of_access(login, grants[::-1], SVEN) == end


@each_row(
    ("grants", "over"),
    [
        # Given after the revoke by its number, before it by its function's clock: there was a gap.
        ([REVOKED_AT_8, numbered(9, grant(granted_at=NOON + 10 * SECOND))], 20 * SECOND),
        # Given before the revoke by its number, after it by its function's clock: there was none.
        ([REVOKED_AT_8, numbered(7, grant(granted_at=NOON + 30 * SECOND))], HOUR),
        # The second has an earlier time than the third, and is met only through it.
        (
            [
                REVOKED_AT_8,
                numbered(9, grant(granted_at=NOON + 30 * SECOND, ends_at=NOON + 2 * HOUR)),
                numbered(7, grant(granted_at=NOON + 40 * SECOND)),
            ],
            2 * HOUR,
        ),
        # The third began before the end of the second by the clock, though after the revoke of the first.
        (
            [
                REVOKED_AT_8,
                numbered(3, grant(ends_at=NOON + 5 * SECOND)),
                numbered(9, grant(granted_at=NOON + 4 * SECOND)),
            ],
            HOUR,
        ),
        # Of two that time ends, the one that ends last meets the third; of two that were revoked, likewise.
        (
            [
                numbered(4, grant()),
                numbered(6, grant(granted_at=NOON + MINUTE, ends_at=NOON + 10 * MINUTE)),
                numbered(7, grant(granted_at=NOON + HOUR / 2, ends_at=NOON + 2 * HOUR)),
            ],
            2 * HOUR,
        ),
        (
            [
                numbered(3, grant(ends_at=None, revoked_at=NOON + 10 * SECOND), revoke=12),
                REVOKED_AT_8,
                numbered(10, grant(granted_at=NOON + 30 * SECOND)),
            ],
            HOUR,
        ),
    ],
)
def test_numbers_tell_whether_a_grant_came_before_a_revoke_and_clocks_whether_before_an_end_by_time(grants, over):
    login = replace(entered(), recorded_seq=5)

    assert end_of_access(login, grants, SVEN).at == NOON + over
    assert end_of_access(login, grants[::-1], SVEN).at == NOON + over


@each_row(
    ("changed_at", "end"),
    [
        (NOON + HOUR - SECOND, AccessEnd(NOON + HOUR - SECOND, EndCause.DEPARTMENT_LEFT)),
        (NOON + HOUR, AccessEnd(NOON + HOUR, EndCause.DEPARTMENT_LEFT)),
        (NOON + HOUR + SECOND, AccessEnd(NOON + HOUR, EndCause.TIME, NOON + HOUR)),
    ],
)
def test_leaving_the_department_has_happened_when_it_is_stored_also_in_the_second_of_the_grants_end(changed_at, end):
    left = changed(departments=(), changed_at=changed_at)

    assert end_of_access(entered(key(TO_SUPPORT)), [grant(TO_SUPPORT)], left) == end


def test_the_person_left_when_another_one_is_behind_the_id_and_not_at_that_ones_later_change():
    gone = changed(is_active=False, changed_at=NOON + MINUTE)
    back = changed(gone, is_active=True, departments=("support", "development"), changed_at=NOON + 2 * MINUTE)

    for grants in ([grant()], [grant(), grant(TO_SUPPORT)]):
        end = end_of_access(entered(), grants, back, left_at=NOON + MINUTE)
        assert end == AccessEnd(NOON + MINUTE, EndCause.AGENT_LEFT)


def test_a_departments_grant_to_the_next_person_behind_the_id_continues_no_login():
    gone = changed(is_active=False, changed_at=NOON + MINUTE)
    back = changed(gone, is_active=True, departments=("development",), changed_at=NOON + MINUTE)

    end = end_of_access(entered(), [grant(), grant(TO_DEVELOPMENT)], back, left_at=NOON + MINUTE)

    assert end == AccessEnd(NOON + MINUTE, EndCause.AGENT_LEFT)


def test_as_long_as_the_person_is_the_same_the_leaving_of_an_earlier_one_ends_nothing():
    left = changed(departments=(), changed_at=NOON + MINUTE)

    end = end_of_access(entered(key(TO_SUPPORT)), [grant(TO_SUPPORT)], left, left_at=NOON)

    assert end == AccessEnd(NOON + MINUTE, EndCause.DEPARTMENT_LEFT)


def test_a_membership_that_begins_anew_in_the_second_in_which_it_ended_continues_no_login():
    left = changed(departments=(), changed_at=NOON + MINUTE)
    back = changed(left, departments=("support",), changed_at=NOON + MINUTE)

    end = end_of_access(entered(key(TO_SUPPORT)), [grant(TO_SUPPORT)], back)

    assert end == AccessEnd(NOON + MINUTE, EndCause.DEPARTMENT_LEFT)


def test_the_revoke_of_a_departments_grant_prolongs_nothing_after_sven_has_left_it():
    login = replace(entered(key(TO_SUPPORT)), recorded_seq=5)
    left = changed(departments=(), changed_at=NOON + 10 * SECOND)
    revoked = replace(REVOKED_AT_8, grantee=TO_SUPPORT)

    end = end_of_access(login, [revoked, numbered(7, grant(granted_at=NOON + 15 * SECOND))], left)

    assert end == AccessEnd(NOON + 10 * SECOND, EndCause.DEPARTMENT_LEFT)


@each_row(
    ("granted_at", "seq", "over"),
    [
        (NOON + 21 * SECOND, None, 20 * SECOND),
        (NOON + 20 * SECOND, None, HOUR),
        (NOON + 5 * SECOND, 9, 20 * SECOND),
        (NOON + 5 * SECOND, 7, HOUR),
        (NOON + 4 * SECOND, 7, HOUR),
    ],
)
def test_a_grant_to_svens_new_department_counts_when_both_it_and_the_membership_have_begun(granted_at, seq, over):
    """He joined after 5 seconds; a revoke ended his own grant after 20."""
    login = replace(entered(), recorded_seq=5)
    joined = changed(departments=("support", "development"), changed_at=NOON + 5 * SECOND)
    given = replace(grant(TO_DEVELOPMENT, granted_at=granted_at), granted_seq=seq)

    assert end_of_access(login, [REVOKED_AT_8, given], joined).at == NOON + over


@each_row(
    ("over", "end"),
    [
        (AccessEnd(None), AccessEnd(NOON + MINUTE, EndCause.LOCKED)),
        (AccessEnd(NOON + HOUR, EndCause.TIME, NOON + HOUR), AccessEnd(NOON + MINUTE, EndCause.LOCKED)),
        (AccessEnd(NOON + MINUTE + SECOND, EndCause.REVOKED), AccessEnd(NOON + MINUTE, EndCause.LOCKED)),
        (AccessEnd(NOON + MINUTE, EndCause.TIME, NOON + HOUR), AccessEnd(NOON + MINUTE, EndCause.TIME)),
        (AccessEnd(NOON, EndCause.REVOKED), AccessEnd(NOON, EndCause.REVOKED)),
    ],
)
def test_a_lockdown_ends_a_login_unless_its_access_was_over_by_then(over, end):
    locked = Voiding(seq=10, at=NOON + MINUTE, word=Word.LOCKED)
    door = Door(logins_void_before=10, login_voidings=(locked,))

    assert end_by_door(replace(entered(), recorded_seq=9), over, door) == end
    assert end_by_door(replace(entered(), recorded_seq=10), over, door) == over


def test_the_end_of_the_tenant_ends_a_login_but_by_no_clock_before_it_was_recorded():
    closed = Voiding(seq=10, at=NOON - SECOND, word=Word.CLOSED)
    door = Door(is_closed=True, void_before=10, voidings=(closed,))

    assert end_by_door(entered(), AccessEnd(None), door) == AccessEnd(NOON, EndCause.CLOSED)


# --- Checks inside a login -------------------------------------------------------------------------------------------


def test_a_grant_from_before_the_login_keeps_it_open():
    assert is_open(entered(), [key(TO_SUPPORT, granted_at=NOON - MINUTE)], SVEN)
    assert is_open(entered(), [key(revoked_before_at=NOON)], SVEN)


def test_without_a_covering_grant_a_login_is_over():
    assert not is_open(entered(), [], SVEN)


def test_a_login_that_was_ended_stays_over():
    assert not is_open(log_out(entered(), NOON + MINUTE), [key()], SVEN)


@each_row("granted_at", [NOON + MINUTE, NOON + HOUR])
def test_a_grant_given_before_the_named_one_ends_prolongs_the_login(granted_at):
    assert is_open(entered(), [key(granted_at=granted_at)], SVEN)


def test_a_grant_given_after_the_named_one_ended_does_not_prolong_it():
    assert not is_open(entered(), [key(granted_at=NOON + HOUR + SECOND)], SVEN)


def test_a_login_under_a_permanent_grant_is_prolonged_at_any_time():
    login = entered(key(ends_at=None))

    assert is_open(login, [key(granted_at=NOON + timedelta(days=300), ends_at=None)], SVEN)


@each_row(("revoked_before_at", "goes_on"), [(NOON - SECOND, True), (NOON, False), (NOON + SECOND, False)])
def test_something_revoked_since_the_login_may_have_been_the_named_grant(revoked_before_at, goes_on):
    prolonging = key(granted_at=NOON + MINUTE, revoked_before_at=revoked_before_at)

    assert is_open(entered(), [prolonging], SVEN) is goes_on


@each_row(
    ("seq", "at", "goes_on"),
    [
        (6, NOON + SECOND, True),
        (6, NOON, True),
        (8, NOON - SECOND, False),
        (None, NOON - SECOND, True),
        (None, NOON, False),
        (None, NOON + SECOND, False),
    ],
)
def test_a_revoke_came_before_the_login_by_its_number_and_without_one_in_an_earlier_second(seq, at, goes_on):
    login = replace(entered(), recorded_seq=7)
    prolonging = key(granted_at=NOON + MINUTE, revoked_before_at=at)

    assert is_open(login, [replace(prolonging, granted_seq=9, revoked_before_seq=seq)], SVEN) is goes_on


def test_after_a_change_of_his_departments_only_what_cannot_have_changed_keeps_a_login_open():
    more = changed(departments=("support", "development"), changed_at=NOON + SECOND)
    left = changed(departments=(), changed_at=NOON + SECOND)
    anew = changed(left, departments=("support",), changed_at=NOON + SECOND)

    assert is_open(entered(), [key(TO_SUPPORT)], more), "joining another department ends nothing"
    assert not is_open(entered(), [key(TO_DEVELOPMENT)], more)
    assert not is_open(entered(), [key(TO_SUPPORT)], anew)
    assert is_open(entered(), [key(TO_SVEN)], anew)
    later = key(TO_SVEN, granted_at=NOON + MINUTE)
    assert not is_open(entered(key(TO_SUPPORT)), [later], anew), "he may have come in by the membership that ended"


# --- Compared with the oracle ----------------------------------------------------------------------------------------

LAST_GIVEN, HORIZON = 10, 24
"""The last second with a grant or a change, and a second by which every grant with an end is over."""
GRANTEES = [TO_SVEN, TO_SUPPORT, TO_DEVELOPMENT]
DEPARTMENTS = [(), ("support",), ("development",), ("support", "development")]


def moment(second: int) -> datetime:
    return NOON + second * SECOND


@dataclass(frozen=True, kw_only=True)
class Given:
    """A grant on the time line."""

    to: Grantee
    start: int
    end: int | None
    revoked: int | None
    after_revokes_of_its_second: bool

    def is_revoked(self, now: int) -> bool:
        return self.revoked is not None and self.revoked <= now

    def is_live(self, second: int, now: int) -> bool:
        """Whether it gave its grantee access at that second, as known at `now`."""
        if self.is_revoked(now) and self.revoked is not None and self.revoked <= second:
            return False
        return self.start <= second and (self.end is None or second < self.end)


@dataclass(frozen=True, kw_only=True)
class Story:
    """A login, all grants, and one change of the agent."""

    grants: Sequence[Given]
    before: tuple[str, ...]
    after: tuple[str, ...]
    active_after: bool
    changed: int
    change_came_after_the_login: bool
    """Applies to a change in the same second as the login."""
    logged_in: int
    now: int

    def agent(self, now: int) -> Agent:
        """Return the agent's record in the table at `now`."""
        if now < self.changed:
            return self.first
        said = {"departments": self.after, "is_active": self.active_after, "changed_at": moment(self.changed)}
        return changed(self.first, **said)

    @property
    def first(self) -> Agent:
        return replace(SVEN, departments=self.before).succeeds(None)

    def agent_at_login(self) -> Agent:
        if self.changed == self.logged_in and self.change_came_after_the_login:
            return self.agent(self.changed - 1)
        return self.agent(self.logged_in)

    def covers(self, given: Given, second: int, now: int) -> bool:
        if not given.is_live(second, now):
            return False
        changed = self.changed <= second and self.changed <= now
        departments = self.after if changed else self.before
        if changed and not self.active_after:
            return False
        return given.to is TO_SVEN or (given.to.type is GranteeType.DEPARTMENT and given.to.id in departments)

    def is_covered(self, second: int, now: int) -> bool:
        return any(self.covers(given, second, now) for given in self.grants if given.start <= now)

    def key(self, given: Given) -> LiveKey:
        revokes = [
            other.revoked
            for other in self.grants
            if other.revoked is not None and other.revoked < given.start + given.after_revokes_of_its_second
        ]
        return LiveKey(
            grant_id=f"{self.grants.index(given):02}",
            grantee=given.to,
            may_export=False,
            granted_at=moment(given.start),
            ends_at=None if given.end is None else moment(given.end),
            revoked_before_at=moment(max(revokes)) if revokes else None,
        )

    def history(self, given: Given, now: int) -> Grant:
        return grant(
            given.to,
            granted_at=moment(given.start),
            ends_at=None if given.end is None else moment(given.end),
            revoked_at=moment(given.revoked) if given.is_revoked(now) and given.revoked is not None else None,
        )

    def login(self) -> Login:
        """The login as recorded: under the covering key that ends last, without regard to later revokes."""
        agent, at = self.agent_at_login(), moment(self.logged_in)
        keys = [self.key(given) for given in self.grants if given.revoked is None or given.revoked >= self.logged_in]
        return entered(named(covering(LiveKeys.behind(NO_DOOR, keys), agent, at)), agent=agent, at=at)


@st.composite
def some_grant(draw: st.DrawFn, grantees: Sequence[Grantee], earliest: int, latest: int, live_at: int = 0) -> Given:
    """Draw a grant live, or revoked, in the second `live_at`, if it was given by then."""
    start = draw(st.integers(earliest, latest))
    least = max(start, live_at)
    end = draw(st.integers(least + 1, least + 5) | st.none())
    revoked = draw(st.none() | st.integers(least, least + 4 if end is None else end - 1))
    return Given(
        to=draw(st.sampled_from(grantees)),
        start=start,
        end=end,
        revoked=revoked,
        after_revokes_of_its_second=draw(st.booleans()),
    )


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Draw a story in which the login is possible: at least one grant covers the agent as stored in the table."""
    logged_in = draw(st.integers(2, 3))
    before, after = draw(st.sampled_from(DEPARTMENTS)), draw(st.sampled_from(DEPARTMENTS))
    changed, later = draw(st.just(0) | st.integers(0, LAST_GIVEN)), draw(st.booleans())
    entered_before = logged_in < changed or (logged_in == changed and later)
    active_after = draw(st.booleans()) if entered_before else True
    at_login = before if entered_before else after
    opening = [to for to in GRANTEES if to is TO_SVEN or to.id in at_login]
    first = draw(some_grant(opening, 0, logged_in, logged_in))
    rest = draw(st.lists(some_grant(GRANTEES, 1, LAST_GIVEN), min_size=1, max_size=3))
    return Story(
        grants=[first, *rest],
        before=before,
        after=after,
        active_after=active_after,
        changed=changed,
        change_came_after_the_login=later,
        logged_in=logged_in,
        now=draw(st.integers(logged_in, LAST_GIVEN + 2)),
    )


def given_once(to: Grantee, start: int, end: int | None) -> Given:
    return Given(to=to, start=start, end=end, revoked=None, after_revokes_of_its_second=True)


def moved_to_development(at: int, *grants: Given, left: tuple[str, ...] = ()) -> Story:
    """Sven logged in at 5, and it is 12 now. A change at 5 was stored after the login."""
    return Story(
        grants=grants,
        before=left,
        after=("development",),
        active_after=True,
        changed=at,
        change_came_after_the_login=True,
        logged_in=5,
        now=12,
    )


@each_row(
    ("age", "pause"),
    [
        (0 * SECOND, 5 * MINUTE),
        (20 * MINUTE + 7 * SECOND, 5 * MINUTE + SECOND),
        (3 * HOUR, 45 * MINUTE),
        (96 * HOUR, 24 * HOUR),
        (400 * 24 * HOUR, 24 * HOUR),
    ],
)
def test_the_next_check_of_a_login_is_after_a_quarter_of_its_age_within_bounds(age, pause):
    login = entered(key(ends_at=None))

    assert next_due_at(login, NOON + age) == NOON + age + pause


def test_a_login_is_checked_as_soon_as_its_access_ends_by_time():
    login = entered(key(ends_at=NOON + 3 * MINUTE))

    assert next_due_at(login, NOON) == NOON + 3 * MINUTE


@pytest.mark.no_cover
@settings(max_examples=rounds(2_000, gate=200), deadline=None)
@given(stories())
@example(moved_to_development(10, given_once(TO_SVEN, 3, 8), given_once(TO_DEVELOPMENT, 2, 20)))
@example(moved_to_development(6, given_once(TO_SUPPORT, 3, 20), given_once(TO_SVEN, 9, None), left=("support",)))
@example(moved_to_development(5, given_once(TO_SUPPORT, 3, 20), given_once(TO_SVEN, 9, None), left=("support",)))
def test_a_login_open_by_the_live_keys_was_never_interrupted(story):
    agent, login = story.agent(story.now), story.login()
    kept = [given for given in story.grants if given.start <= story.now and not given.is_revoked(story.now)]
    standing = [story.key(given) for given in kept]

    if is_open(login, covering(LiveKeys.behind(NO_DOOR, standing), agent, moment(story.now)), agent):
        assert all(story.is_covered(second, story.now) for second in range(story.logged_in, story.now + 1))


@pytest.mark.no_cover
@settings(max_examples=rounds(2_000, gate=200), deadline=None)
@given(stories())
def test_the_history_gives_the_first_second_without_a_covering_grant(story):
    agent, login = story.agent(story.now), story.login()
    history = [story.history(given, story.now) for given in story.grants if given.start <= story.now]

    uncovered = (second for second in range(story.logged_in, HORIZON) if not story.is_covered(second, story.now))
    first = next(uncovered, None)

    assert end_of_access(login, history, agent).at == (None if first is None else moment(first))
