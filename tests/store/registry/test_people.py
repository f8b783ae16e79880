"""Tenants, rights, departments and agents in the table: put as a whole, and not written when unchanged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from botocore.awsrequest import AWSResponse
from pynamodb.exceptions import PutError, TransactWriteError

from guestkey.errors import AgentInactive, Busy, DepartmentUnknown, RightMissing, TenantUnknown
from guestkey.rules.ledger import digest
from guestkey.rules.people import Agent, Department, Grantee, GranteeType, Tenant
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from guestkey.store.registry import people, registering, tenants
from tests import factories, table
from tests.factories import LONG_AGO, MONDAY_NOON, VENDOR
from tests.personas import ANNA, BEN, CARLA
from tests.store import wire
from tests.store.wire import Request, Send

SECOND = timedelta(seconds=1)
INITECH = Tenant(
    tenant_id="initech",
    name="Initech",
    customer_name="initech",
    version="1",
    time_zone="America/Chicago",
    language="en",
    country="US",
    approver_emails=("bill@initech.example", "peter@initech.example"),
)
TINA = Agent(
    agent_id="tina",
    name="Tina",
    email="tina@vendor.example",
    departments=("support",),
    is_active=True,
    changed_at=MONDAY_NOON,
)


def put(tenant: Tenant) -> None:
    tenants.put_tenant(tenant, VENDOR, factories.now())


def once_before(operation: str, act: Callable[[], object]) -> wire.Script:
    """Return a script that calls `act` just before the first request of that operation."""
    done = count()

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation == operation and next(done) == 0:
            act()
        return send()

    return script


def always(answer: Callable[[], AWSResponse], operation: str) -> wire.Script:
    """Return a script that gives requests of that operation this answer, so that they never reach the table."""
    return lambda request, send: answer() if request.operation == operation else send()


def entries(tenant_id: str) -> list[tuple[str, str]]:
    return [(entry.what.value, entry.about) for entry in ledger.entries_after(tenant_id, 0, 100) if entry.at > LONG_AGO]


# --- Tenants ---------------------------------------------------------------------------------------------------------


def test_a_new_tenant_reads_as_it_was_registered_and_begins_its_ledger():
    put(INITECH)

    assert tenants.tenant("initech") == INITECH
    found = tenants.registered(["initech", "acme", "nobody", "acme"])
    assert {id: tenant.name for id, tenant in found.items()} == {"initech": "Initech", "acme": "Acme Immobilien GmbH"}
    assert entries("initech") == [("tenant.changed", "initech")]


def test_an_unregistered_tenant_is_unknown():
    with pytest.raises(TenantUnknown):
        tenants.tenant("nobody")


def test_the_ledger_keeps_mail_addresses_only_as_their_hash():
    put(INITECH)

    [entry] = ledger.entries_after("initech", 0, 100)

    assert dict(entry.data) == {
        "name": "Initech",
        "customer_name": "initech",
        "version": "1",
        "time_zone": "America/Chicago",
        "language": "en",
        "country": "US",
        "approvers": 2,
        "approver_emails_sha256": digest("bill@initech.example\npeter@initech.example"),
    }


@pytest.mark.parametrize(
    "changed",
    [
        replace(INITECH, name="Initrode"),
        replace(INITECH, customer_name="Initrode"),
        replace(INITECH, version="2"),
        replace(INITECH, time_zone="Europe/Berlin"),
        replace(INITECH, language="es"),
        replace(INITECH, country="MX"),
        replace(INITECH, approver_emails=()),
        replace(INITECH, approver_emails=tuple(reversed(INITECH.approver_emails))),
    ],
)
def test_a_change_is_stored_with_an_entry_and_putting_the_same_again_writes_nothing(changed):
    put(INITECH)
    put(changed)
    with wire.watched() as sent:
        put(changed)

    assert tenants.tenant("initech") == changed
    assert len(entries("initech")) == 2
    assert [request.operation for request in sent] == ["BatchGetItem"]


def test_of_two_concurrent_registrations_of_a_tenant_the_second_changes_nothing():
    with wire.through(once_before("TransactWriteItems", lambda: put(INITECH))):
        put(INITECH)

    assert len(entries("initech")) == 1


def test_two_different_concurrent_registrations_of_a_tenant_are_both_in_the_ledger():
    with wire.through(once_before("TransactWriteItems", lambda: put(replace(INITECH, version="0")))):
        put(INITECH)

    assert tenants.tenant("initech") == INITECH
    assert len(entries("initech")) == 2


def test_of_two_concurrent_identical_changes_the_second_changes_nothing():
    put(INITECH)
    changed = replace(INITECH, version="2")

    with wire.through(once_before("TransactWriteItems", lambda: put(changed))):
        put(changed)

    assert len(entries("initech")) == 2


@pytest.mark.parametrize("seen_first", ["initech's record", "initech's ledger"])
def test_a_tenant_registered_during_the_read_is_read_again(seen_first):
    """A BatchGetItem reads its items at slightly different moments."""
    put(INITECH)
    hidden = keys.ledger("initech") if "record" in seen_first else keys.tenant("initech")

    def script(request: Request, send: Send) -> AWSResponse:
        if request.operation == "BatchGetItem" and request.nth == 1:
            requested_keys = request.body["RequestItems"]["guestkey"]["Keys"]
            assert {"PK": {"S": hidden.pk}, "SK": {"S": hidden.sk}} in requested_keys
            found_items = [item for item in table_items if item["SK"]["S"] != hidden.sk]
            return wire.answering({"Responses": {"guestkey": found_items}, "UnprocessedKeys": {}})
        return send()

    table_items = [item for item in table.items("TENANT#initech") if item["SK"]["S"] in {"PROFILE", "LEDGER"}]
    with wire.through(script):
        put(replace(INITECH, version="2"))

    assert tenants.tenant("initech").version == "2"
    assert len(entries("initech")) == 2


def test_putting_a_tenant_whose_condition_fails_on_every_try_is_busy():
    refused = always(
        lambda: wire.failing(400, "TransactionCanceledException", ["ConditionalCheckFailed"]), "TransactWriteItems"
    )

    with wire.through(refused), pytest.raises(Busy):
        put(INITECH)


# --- The right -------------------------------------------------------------------------------------------------------


def test_every_user_holds_the_right_until_it_is_taken_away():
    assert factories.holds_right("acme", "anna")
    assert factories.holds_right("acme", "somebody-new")
    assert not factories.holds_right("acme", "ben")
    assert factories.holds_right("globex", "ben")


def test_requiring_the_right_returns_the_tenant():
    assert tenants.require_right(factories.user(CARLA)).name == "Globex Inc."
    with pytest.raises(RightMissing):
        tenants.require_right(factories.user(BEN))
    with pytest.raises(TenantUnknown):
        tenants.require_right(factories.user(ANNA.but(tenant_id="nobody")))


def test_taking_and_giving_back_the_right_are_entries_with_the_person_who_changed_it():
    tenants.set_right("acme", "anna", False, VENDOR, "carol", factories.now())
    tenants.set_right("acme", "anna", True, VENDOR, None, factories.now())

    right_entries = [entry for entry in ledger.entries_after("acme", 0, 100) if entry.at > LONG_AGO]
    assert [(entry.about, dict(entry.data), entry.by) for entry in right_entries] == [
        ("anna", {"may_grant": False, "changed_by": "carol"}, VENDOR),
        ("anna", {"may_grant": True, "changed_by": None}, VENDOR),
    ]
    assert factories.holds_right("acme", "anna")


@pytest.mark.parametrize(("who", "may_grant"), [(ANNA, True), (BEN, False)])
def test_setting_the_right_to_its_current_value_writes_no_entry(who, may_grant):
    factories.right(who, may_grant=may_grant)

    assert entries("acme") == []


@pytest.mark.parametrize(("who", "may_grant"), [(ANNA, False), (BEN, True)])
def test_two_concurrent_identical_changes_of_a_right_write_one_entry(who, may_grant):
    def change() -> None:
        factories.right(who, may_grant=may_grant)

    with wire.through(once_before("TransactWriteItems", change)):
        change()

    assert entries("acme") == [("right.changed", who.id)]
    assert factories.holds_right("acme", who.id) is may_grant


def test_a_right_at_an_unregistered_tenant_cannot_be_changed():
    with pytest.raises(TenantUnknown):
        tenants.set_right("nobody", "anna", False, VENDOR, None, factories.now())
    assert table.items("TENANT#nobody") == []


# --- Departments -----------------------------------------------------------------------------------------------------


def test_the_directory_has_the_latest_name_of_a_department():
    factories.department("support", "Help")
    factories.department("night", "Night shift")

    departments = [who for who in people.directory() if isinstance(who, Department)]
    assert sorted(who.name for who in departments) == ["Development", "Help", "Night shift"]


def test_a_department_that_cannot_be_written_is_busy():
    refused = always(lambda: wire.failing(503, "ServiceUnavailable"), "PutItem")

    with wire.through(refused) as sent, pytest.raises(Busy):
        factories.department("night")
    assert len(sent) == 3 * wire.ATTEMPTS


def test_an_invalid_write_of_a_department_is_a_bug():
    refused = always(lambda: wire.failing(400, "ValidationException"), "PutItem")

    with wire.through(refused), pytest.raises(PutError):
        factories.department("night")


# --- Agents ----------------------------------------------------------------------------------------------------------


def test_an_agent_reads_as_registered():
    stored = registering.put_agent(TINA)

    assert stored == TINA.succeeds(None)
    assert people.agent("tina") == people.active_agent("tina") == stored
    assert people.agents(["tina", "nobody"]) == {"tina": stored}
    assert people.agent("nobody") is None


@pytest.mark.parametrize("agent_id", ["emil", "nobody"])
def test_an_inactive_or_unknown_agent_is_refused(agent_id):
    with pytest.raises(AgentInactive):
        people.active_agent(agent_id)


def test_only_active_agents_are_in_the_directory():
    registering.put_agent(TINA)
    left = registering.put_agent(replace(TINA, is_active=False))
    assert people.agent("tina") == left
    assert (left.is_active, left.incarnation) == (False, 2)

    agents = [who for who in people.directory() if isinstance(who, Agent)]

    assert sorted(who.agent_id for who in agents) == ["dora", "sven"]


def test_an_agent_belongs_only_to_existing_departments():
    with pytest.raises(DepartmentUnknown):
        registering.put_agent(replace(TINA, departments=("support", "nobody")))
    assert people.agent("tina") is None


def test_an_agent_may_belong_to_no_department():
    registering.put_agent(replace(TINA, departments=()))

    assert people.active_agent("tina").departments == ()


LATER = MONDAY_NOON + SECOND


@pytest.mark.parametrize(
    ("given", "changed_at"),
    [
        (replace(TINA, name="Tina T."), MONDAY_NOON),
        (replace(TINA, email="t@vendor.example"), MONDAY_NOON),
        (replace(TINA, departments=("development",)), LATER),
        (replace(TINA, departments=()), LATER),
        (replace(TINA, departments=("support", "development")), LATER),
        (replace(TINA, is_active=False), LATER),
    ],
)
def test_changed_at_is_the_time_of_a_change_of_departments_or_activity(given: Agent, changed_at: datetime):
    registering.put_agent(TINA)

    registering.put_agent(replace(given, changed_at=LATER))

    found = people.agent("tina")
    assert found and (found.departments, found.is_active, found.name, found.email, found.changed_at) == (
        given.departments,
        given.is_active,
        given.name,
        given.email,
        changed_at,
    )


def test_departments_in_another_order_are_the_same_departments():
    both = replace(TINA, departments=("support", "development"))
    registering.put_agent(both)

    registering.put_agent(replace(both, departments=("development", "support"), changed_at=LATER))

    assert people.active_agent("tina").changed_at == MONDAY_NOON


def test_putting_the_same_agent_again_writes_nothing():
    registering.put_agent(TINA)

    with wire.watched() as sent:
        registering.put_agent(replace(TINA, changed_at=LATER))

    assert [request.operation for request in sent] == ["BatchGetItem"]


def test_of_two_concurrent_puts_of_an_agent_the_later_is_stored():
    moved = replace(TINA, departments=("development",), changed_at=LATER)

    with wire.through(once_before("TransactWriteItems", lambda: registering.put_agent(TINA))):
        registering.put_agent(moved)

    assert people.active_agent("tina").departments == ("development",)


def test_an_agent_who_moves_away_while_renamed_has_changed_when_moved_back():
    """The rename has read the old departments. Written on that, it would hide the move in between."""
    registering.put_agent(TINA)
    away = replace(TINA, departments=("development",), changed_at=LATER)
    renamed = replace(TINA, name="Tina T.", changed_at=LATER)

    with wire.through(once_before("TransactWriteItems", lambda: registering.put_agent(away))):
        registering.put_agent(renamed)

    found = people.active_agent("tina")
    assert (found.name, found.changed_at, found.memberships) == ("Tina T.", LATER, (3,))


def test_a_put_that_conflicts_with_a_login_of_the_agent_is_retried():
    """The transaction of a login checks the agent, and DynamoDB rejects a concurrent write."""

    def script(request: Request, send: Send) -> AWSResponse:
        is_first = request.operation == "TransactWriteItems" and request.nth == 1
        reasons = ["TransactionConflict"]
        return wire.failing(400, "TransactionCanceledException", reasons) if is_first else send()

    with wire.through(script):
        stored = registering.put_agent(TINA)

    assert people.agent("tina") == stored


@pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
def test_putting_an_agent_whose_write_fails_on_every_try_is_busy(reason):
    refused = always(lambda: wire.failing(400, "TransactionCanceledException", [reason]), "TransactWriteItems")
    with wire.through(refused), pytest.raises(Busy):
        registering.put_agent(TINA)


def test_an_invalid_write_of_an_agent_is_a_bug():
    refused = always(lambda: wire.failing(400, "ValidationException"), "TransactWriteItems")
    with wire.through(refused), pytest.raises(TransactWriteError):
        registering.put_agent(TINA)


# --- Grantees --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "grantee"),
    [
        (keys.agent("sven"), Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")),
        (keys.department("support"), Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support")),
        (keys.agent("emil"), None),
        (keys.agent("nobody"), None),
        (keys.department("nobody"), None),
        (keys.tenant("acme"), None),
    ],
)
def test_an_active_agent_or_a_department_can_be_a_grantee(key, grantee):
    from guestkey.store.dynamodb.reads import find_all

    assert people.grantee_of(find_all([key]).get(key)) == grantee
