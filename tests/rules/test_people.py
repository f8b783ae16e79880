"""Tenants and agents, the agents that a grant covers, and the search by name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from guestkey.rules import people
from guestkey.rules.people import Agent, Grantee, GranteeType, Tenant, User, are_same, distinct
from tests.rows_and_columns import each_row

SVEN = Agent(
    agent_id="sven",
    name="Sven Brandt",
    email="sven@vendor.example",
    departments=("support", "night-shift"),
    is_active=True,
    changed_at=datetime(2024, 11, 1, tzinfo=UTC),
)
"""As the vendor gives the record: without numbers."""
STORED = replace(SVEN, incarnation=3, memberships=(2, 4), joined=4, version=7)
LATER = SVEN.changed_at + timedelta(days=30)


def grantee(type: GranteeType, id: str) -> Grantee:
    return Grantee(type=type, id=id, name="")


def test_a_tenant_uses_the_calendar_of_its_own_zone():
    acme = Tenant(
        tenant_id="acme",
        name="Acme Immobilien GmbH",
        customer_name="acme",
        version="Enterprise 24.3",
        time_zone="Europe/Berlin",
        language="de",
        country="DE",
        approver_emails=(),
    )

    assert acme.zone == ZoneInfo("Europe/Berlin")


# --- Addresses -------------------------------------------------------------------------------------------------------


def test_an_address_in_two_spellings_of_case_is_one_and_the_first_spelling_stays():
    addresses = ["Anna@acme.example", "giulia@acme.example", "anna@ACME.example", "ANNA@acme.example"]

    assert distinct(addresses) == ("Anna@acme.example", "giulia@acme.example")
    assert distinct([]) == ()


@each_row(
    ("others", "same"),
    [
        (["a@acme.example", "b@acme.example"], True),
        (["b@acme.example", "A@acme.example"], True),
        (["a@acme.example"], False),
        (["a@acme.example", "b@acme.example", "c@acme.example"], False),
        ([], False),
    ],
)
def test_order_and_case_make_no_other_addresses(others, same):
    assert are_same(["a@acme.example", "B@acme.example"], others) is same


# --- Agents that a grantee covers ------------------------------------------------------------------------------------


def test_a_grant_to_sven_covers_only_sven():
    assert grantee(GranteeType.AGENT, "sven").covers(SVEN)
    assert not grantee(GranteeType.AGENT, "dora").covers(SVEN)


@each_row("department_id", SVEN.departments)
def test_a_grant_to_a_department_covers_each_of_its_agents(department_id):
    assert grantee(GranteeType.DEPARTMENT, department_id).covers(SVEN)


def test_a_grant_to_another_department_does_not_cover_sven():
    assert not grantee(GranteeType.DEPARTMENT, "development").covers(SVEN)


def test_a_department_with_an_agents_id_is_not_that_agent():
    assert not grantee(GranteeType.DEPARTMENT, "sven").covers(SVEN)
    assert not grantee(GranteeType.AGENT, "support").covers(SVEN)


def test_a_grant_to_sven_names_the_person_behind_his_id_and_covers_no_other():
    named = people.grantee(STORED)

    assert named == Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt", incarnation=3)
    assert [named.covers(replace(STORED, incarnation=number)) for number in (2, 3, 4)] == [False, True, False]


@each_row(
    ("by_default", "by_name", "holds"),
    [
        (True, None, True),
        (True, True, True),
        (True, False, False),
        (False, None, False),
        (False, True, True),
        (False, False, False),
    ],
)
def test_a_record_that_names_the_user_goes_before_the_default(by_default, by_name, holds):
    user = User(tenant_id="acme", user_id="anna", name="Anna", has_right_by_default=by_default)

    assert user.holds_right(by_name) is holds


def test_every_user_holds_the_right_by_default():
    assert User(tenant_id="acme", user_id="anna", name="Anna").holds_right(None)


# --- The numbers of an agent's record --------------------------------------------------------------------------------


def test_a_membership_has_its_number_and_0_in_records_from_before_numbers():
    assert [STORED.membership(id) for id in ("support", "night-shift", "development")] == [2, 4, None]
    assert [SVEN.membership(id) for id in ("support", "night-shift", "development")] == [0, 0, None]


def test_every_number_of_a_new_record_is_1():
    assert SVEN.succeeds(None) == replace(SVEN, incarnation=1, memberships=(1, 1), joined=1, version=1)


@each_row(
    ("said", "numbers"),
    [
        ({"name": "Sven Brandt-Vogel"}, {}),
        ({"departments": ("night-shift", "support")}, {"memberships": (4, 2)}),
        ({"departments": ("night-shift",)}, {"memberships": (4,), "changed_at": LATER}),
        ({"departments": ()}, {"memberships": (), "changed_at": LATER}),
        (
            {"departments": ("support", "development", "night-shift")},
            {"memberships": (2, 5, 4), "joined": 5, "changed_at": LATER},
        ),
        ({"departments": ("development", "sales")}, {"memberships": (5, 5), "joined": 5, "changed_at": LATER}),
        ({"is_active": False}, {"incarnation": 4, "changed_at": LATER}),
    ],
)
def test_the_vendors_record_takes_over_the_numbers_and_moves_those_that_its_change_concerns(said, numbers):
    now_given = replace(SVEN, **said, changed_at=LATER)

    assert now_given.succeeds(STORED) == replace(STORED, **said, version=8, **numbers)


@each_row(("is_active", "changed_at"), [(True, LATER), (False, SVEN.changed_at)])
def test_an_inactive_agent_keeps_the_number_of_the_person_and_so_does_the_next_active_one(is_active, changed_at):
    gone = replace(STORED, is_active=False)

    after = replace(SVEN, is_active=is_active, changed_at=LATER).succeeds(gone)

    assert (after.incarnation, after.changed_at) == (3, changed_at)


@each_row(
    ("before", "differs"),
    [
        (STORED, False),
        (replace(STORED, version=1), False),
        (replace(STORED, version=0), True),
        (replace(STORED, name="S. Brandt"), True),
        (None, True),
    ],
)
def test_a_record_is_written_where_it_says_something_new_or_the_old_one_has_no_numbers(before, differs):
    assert replace(STORED, version=8).differs(before) is differs
