"""Life of a grant: given, live, ended by time or revoked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guestkey.errors import GrantEnded
from guestkey.rules.door import NO_DOOR, Door, Voiding, Word
from guestkey.rules.grants import (
    Grant,
    GrantEnd,
    LiveKey,
    LiveKeys,
    State,
    ended,
    give,
    given,
    keep,
    kept,
    revoke,
    revoked,
    under,
)
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Grantee, GranteeType, Person, Tenant, User, address_hash
from guestkey.rules.periods import Period
from guestkey.rules.policy import NO_RULES
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

ACME = Tenant(
    tenant_id="acme",
    name="Acme Immobilien GmbH",
    customer_name="acme",
    version="Enterprise 24.3",
    time_zone="Europe/Berlin",
    language="de",
    country="DE",
    approver_emails=(),
)
ANNA = User(tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE")
GIULIA = User(tenant_id="acme", user_id="giulia", name="Giulia Galli")
SVEN = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")
LIVE_KEY = LiveKey(
    grant_id="01J", grantee=SVEN, may_export=False, granted_at=NOON, ends_at=NOON + HOUR, revoked_before_at=None
)


LOCKED = Voiding(seq=20, at=NOON + SECOND, word=Word.LOCKED)
LOCKED_DOOR = Door(void_before=20, voidings=(LOCKED,))


def granted(period: Period = Period.ONE_HOUR, *, may_export: bool = False) -> Grant:
    return give(
        door=NO_DOOR,
        rules=NO_RULES,
        grant_id="01J",
        by=ANNA,
        grantee=SVEN,
        period=period,
        tenant=ACME,
        access=AccessLevel.CHANGE,
        may_export=may_export,
        now=NOON,
    )


# --- Giving ----------------------------------------------------------------------------------------------------------


def test_a_grant_names_user_grantee_and_time():
    grant = granted()

    assert (grant.tenant_id, grant.grant_id, grant.grantee) == ("acme", "01J", SVEN)
    assert grant.granted_by == Person(user_id="anna", name="Anna Albrecht")
    assert (grant.granted_at, grant.period) == (NOON, Period.ONE_HOUR)
    assert (grant.revoked_at, grant.revoked_by, grant.request_id) == (None, None, None)


def test_its_clock_starts_when_it_is_given_and_its_end_is_fixed():
    assert granted().ends_at == NOON + HOUR
    assert granted().review_at is None
    assert not granted().is_permanent


def test_a_day_ends_by_the_tenants_calendar():
    assert granted(Period.TODAY).ends_at == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_a_permanent_grant_has_no_end_and_is_reviewed_after_180_days():
    grant = granted(Period.PERMANENT)

    assert grant.is_permanent
    assert grant.ends_at is None
    assert grant.review_at == datetime(2027, 5, 22, 11, tzinfo=UTC)  # 13:00 in Berlin, on both days


@each_row("may_export", [True, False])
def test_export_is_as_the_user_chose(may_export):
    assert granted(may_export=may_export).may_export is may_export


# --- State -----------------------------------------------------------------------------------------------------------


def test_a_grant_is_live_until_its_end_which_is_exclusive():
    grant = granted()

    assert grant.state(NOON) is State.LIVE
    assert grant.state(NOON + HOUR - SECOND) is State.LIVE
    assert grant.state(NOON + HOUR) is State.ENDED
    assert grant.over_at == NOON + HOUR
    assert (grant.end(NOON + HOUR - SECOND), grant.end(NOON + HOUR)) == (None, GrantEnd.TIME)


def test_a_permanent_grant_is_live_until_it_is_revoked():
    grant = granted(Period.PERMANENT)

    assert grant.state(NOON + timedelta(days=10_000)) is State.LIVE
    assert grant.over_at is None


def test_a_revoked_grant_stays_revoked_after_its_end():
    grant = revoke(granted(), ANNA, NOON + SECOND)

    assert grant.state(NOON + SECOND) is State.REVOKED
    assert grant.state(NOON + 2 * HOUR) is State.REVOKED
    assert grant.over_at == NOON + SECOND


@each_row(
    ("grant", "start", "was_live"),
    [
        (granted(), NOON + HOUR - SECOND, True),
        (granted(), NOON + HOUR, False),
        (granted(), NOON - timedelta(days=400), True),
        (granted(Period.PERMANENT), NOON + timedelta(days=400), True),
        (revoke(granted(Period.PERMANENT), ANNA, NOON + HOUR), NOON + HOUR - SECOND, True),
        (revoke(granted(Period.PERMANENT), ANNA, NOON + HOUR), NOON + HOUR, False),
    ],
)
def test_a_grant_reports_whether_it_was_live_since_a_moment(grant, start, was_live):
    assert grant.was_live_since(start) is was_live


# --- Behind a door ---------------------------------------------------------------------------------------------------


@each_row(("seq", "voided"), [(None, LOCKED), (19, LOCKED), (20, None), (21, None)])
def test_a_voiding_ended_the_grants_with_a_lower_number_and_those_without_one(seq, voided):
    grant = replace(granted(), granted_seq=seq)

    assert under(LOCKED_DOOR, grant) == replace(grant, voided=voided)


@each_row(("at", "ended_at"), [(NOON - SECOND, NOON), (NOON, NOON), (NOON + SECOND, NOON + SECOND)])
def test_a_grant_does_not_end_before_it_was_given_though_the_clocks_of_functions_differ(at, ended_at):
    door = Door(void_before=20, voidings=(replace(LOCKED, at=at),))

    assert under(door, granted()).over_at == ended_at


def test_a_grant_stored_as_voided_keeps_its_voiding():
    closed = replace(granted(), voided=replace(LOCKED, word=Word.CLOSED))

    assert under(LOCKED_DOOR, closed) == closed


def test_a_check_does_not_read_the_keys_of_voided_grants():
    keys = [replace(LIVE_KEY, grant_id=f"01{seq}", granted_seq=seq) for seq in (None, 19, 20, 21)]

    assert LiveKeys.behind(LOCKED_DOOR, keys) == LiveKeys((keys[2], keys[3]), LOCKED_DOOR)


# --- Revoking --------------------------------------------------------------------------------------------------------


def test_a_revoked_grant_names_the_user_who_revoked_it():
    grant = revoke(granted(), GIULIA, NOON + SECOND)

    assert (grant.revoked_at, grant.revoked_by) == (NOON + SECOND, Person(user_id="giulia", name="Giulia Galli"))
    assert replace(grant, revoked_at=None, revoked_by=None) == granted()


def test_the_hashes_of_their_addresses_tell_who_needs_no_mail_about_the_grant_and_its_revoke():
    by_anna = revoke(granted(), ANNA, NOON + SECOND)
    by_giulia = revoke(granted(), GIULIA, NOON + SECOND)

    assert by_anna.granted_by_address == by_anna.revoked_by_address == address_hash("Anna@ACME.example")
    assert by_giulia.revoked_by_address is None


def test_revoking_twice_changes_nothing():
    once = revoke(granted(), ANNA, NOON + SECOND)

    assert revoke(once, GIULIA, NOON + 2 * SECOND) == once
    assert revoke(once, GIULIA, NOON + 2 * HOUR) == once


def test_a_grant_that_time_ended_cannot_be_revoked_any_more():
    with pytest.raises(GrantEnded):
        revoke(granted(), ANNA, NOON + HOUR)


def test_a_permanent_grant_can_be_revoked_at_any_time():
    assert revoke(granted(Period.PERMANENT), ANNA, NOON + timedelta(days=1000)).state(NOON) is State.REVOKED


# --- The live key ----------------------------------------------------------------------------------------------------


@each_row(
    ("at", "ends_at", "is_live"),
    [
        (NOON - SECOND, NOON + HOUR, False),
        (NOON, NOON + HOUR, True),
        (NOON + HOUR - SECOND, NOON + HOUR, True),
        (NOON + HOUR, NOON + HOUR, False),
        (NOON + timedelta(days=2), NOON + HOUR, False),
        (NOON - SECOND, None, False),
        (NOON + timedelta(days=10_000), None, True),
    ],
)
def test_a_live_key_gives_access_from_its_start_until_before_its_end(at, ends_at, is_live):
    assert replace(LIVE_KEY, ends_at=ends_at).is_live(at) is is_live


def test_a_grant_whose_agent_leaves_in_the_second_of_its_end_was_ended_by_time():
    grant = replace(granted(), left_at=NOON + timedelta(hours=1))

    assert grant.end(NOON + timedelta(hours=1)) is GrantEnd.TIME


# --- Its ledger entries ----------------------------------------------------------------------------------------------


def test_the_ledger_tells_who_let_whom_in_for_how_long_and_whether_with_export():
    grant = give(
        door=NO_DOOR,
        rules=NO_RULES,
        grant_id="01J",
        by=ANNA,
        grantee=SVEN,
        period=Period.TWO_HOURS,
        tenant=ACME,
        access=AccessLevel.VIEW,
        may_export=True,
        now=NOON,
        request_id="01K",
    )

    assert given(grant) == Note(
        what=What.GRANT_GIVEN,
        by=By(type=ByType.USER, id="anna"),
        about="01J",
        data={
            "grantee_type": "agent",
            "grantee_id": "sven",
            "period": "2h",
            "access": "view",
            "may_automate": False,
            "may_export": True,
            "ends_at": "2026-11-23T14:00:00Z",
            "request_id": "01K",
        },
        at=NOON,
    )


def test_of_a_permanent_grant_it_tells_no_end_and_without_a_request_none():
    data = given(granted(Period.PERMANENT)).data

    assert (data["ends_at"], data["request_id"], data["may_export"]) == (None, None, False)


def test_the_ledger_tells_who_revoked():
    grant = revoke(granted(), GIULIA, NOON + SECOND)

    assert revoked(grant) == Note(
        what=What.GRANT_REVOKED, by=By(type=ByType.USER, id="giulia"), about="01J", data={}, at=NOON + SECOND
    )


@each_row(
    ("grant", "data"),
    [
        (granted(), {"ends_at": "2026-11-23T13:00:00Z"}),
        (
            replace(granted(), left_at=NOON + SECOND),
            {"ends_at": "2026-11-23T13:00:00Z", "end": "agent_left"},
        ),
        (replace(granted(Period.PERMANENT), left_at=NOON + SECOND), {"ends_at": None, "end": "agent_left"}),
        (replace(granted(Period.PERMANENT), voided=LOCKED), {"ends_at": None, "end": "locked"}),
        (
            replace(granted(), voided=replace(LOCKED, word=Word.CLOSED)),
            {"ends_at": "2026-11-23T13:00:00Z", "end": "closed"},
        ),
    ],
)
def test_the_ledger_tells_when_time_would_have_ended_the_grant_and_what_ended_it_before(grant, data):
    assert ended(grant, NOON + HOUR) == Note(
        what=What.GRANT_ENDED, by=By(type=ByType.SYSTEM), about="01J", data=data, at=NOON + HOUR
    )


# --- Keeping ---------------------------------------------------------------------------------------------------------


def test_a_permanent_grant_is_kept_from_the_second_its_review_is_due():
    grant = granted(Period.PERMANENT)
    due = grant.review_at
    assert due

    assert keep(grant, ACME.zone, due - SECOND) is grant
    again = keep(grant, ACME.zone, due)
    assert again == replace(grant, review_at=datetime(2026, 11, 18, 12, tzinfo=UTC).replace(year=2027))
    assert keep(again, ACME.zone, due + SECOND) is again
    assert kept(again, GIULIA, due) == Note(
        what=What.GRANT_KEPT,
        by=By(type=ByType.USER, id="giulia"),
        about="01J",
        data={"review_at": "2027-11-18T12:00:00Z"},
        at=due,
    )


def test_a_review_is_due_and_a_grant_can_be_kept_until_its_agent_leaves():
    grant = granted(Period.PERMANENT)
    due = grant.review_at
    assert due
    left = replace(grant, left_at=due + SECOND)

    moments = (due - SECOND, due, due + SECOND)
    assert [left.is_review_due(at) for at in moments] == [False, True, False]
    assert keep(left, ACME.zone, due).review_at == datetime(2027, 11, 18, 12, tzinfo=UTC)
    with pytest.raises(GrantEnded):
        keep(left, ACME.zone, due + SECOND)


def test_a_grant_that_is_over_cannot_be_kept():
    with pytest.raises(GrantEnded):
        keep(revoke(granted(Period.PERMANENT), ANNA, NOON), ACME.zone, NOON)
