"""Tenants and agents, the agents that a grant covers, and the search by name."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

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
