"""Which functions could write a forged live key, door, entry, person or mail, by the policies of the template.

The code of a function is taken to do as it likes with the permissions of its role: each request is decided by IAM's
evaluator, for every function, alone and in a transaction. The functions that may are named here, with the reason.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from guestkey.store.access import doors
from guestkey.store.access.doors import DoorItem
from guestkey.store.access.live_keys import LiveKeyItem
from guestkey.store.access.policies import PolicyItem
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import Item, required_attributes
from guestkey.store.ledger.ledger import EntryItem
from guestkey.store.registry.people import AgentItem
from guestkey.store.registry.tenants import GivenRightItem, RightItem, TenantItem
from local import condition_keys
from tests import permissions, policies, stack
from tests.rows_and_columns import each_row

GIVING = {"grant", "approval"}
APPENDING = {
    "agent_callbacks",
    "approval",
    "booking",
    "cleanup",
    "desk_settings",
    "grant",
    "lockdown",
    "login_record",
    "notice_settings",
    "policy",
    "registry",
    "request",
    "revoke",
}
"""Functions that add entries. IAM cannot tell an entry that is replaced from one that is added."""
DELETING = {"agent_callbacks", "booking", "cleanup", "desk_settings", "login_record", "registry", "revoke"}
"""Functions that delete items of a tenant. IAM sees the partition key of a deletion, and not its sort key."""
OF_LOCKS = {"locked", "void_before", "voidings"}
OF_RULES = {*doors.RULES, "policy_version", "next_rules"}
MAILING = {"notify", "reminder", "request"}
ACME = keys.of_tenant("acme")
SHARED_BY_ALL = {
    "PK",
    "SK",
    "kind",
    "ttl",
    "by_grantee",
    "by_grantee_sort",
    "directory",
    "directory_sort",
    "due",
    "due_at",
}
"""Keys and index keys. Changing them lets nobody in: a live key is read in its tenant's partition."""

Request = tuple[str, dict[str, Any]]


def put(sk: str, attributes: Iterator[str] | set[str] | frozenset[str], pk: str = ACME) -> Request:
    return "PutItem", {
        "Item": {"PK": {"S": pk}, "SK": {"S": sk}, "kind": {"S": "x"}, **{a: {"S": "x"} for a in attributes}}
    }


def update(sk: str, attribute: str, pk: str = ACME) -> Request:
    key = {"PK": {"S": pk}, "SK": {"S": sk}}
    return "UpdateItem", {"Key": key, "UpdateExpression": "SET #0 = :0", "ExpressionAttributeNames": {"#0": attribute}}


def delete(sk: str, pk: str = ACME) -> Request:
    return "DeleteItem", {"Key": {"PK": {"S": pk}, "SK": {"S": sk}}}


def functions_that_may(request: Request) -> set[str]:
    """Return the functions that may send a request, alone or as a part of a transaction."""
    operation, body = request
    together = {"TransactItems": [{operation.removesuffix("Item"): body}]}
    return {
        folder
        for folder in stack.folders()
        if any(
            all(permissions.is_allowed(use) for use in permissions.uses_of(folder, "dynamodb", *one))
            for one in (request, ("TransactWriteItems", together))
        )
    }


def attributes(kind: type[Item]) -> set[str]:
    """Return the names of the attributes that items of a kind have, without those that every item may have."""
    return {str(one.attr_name) for one in kind.get_attributes().values()} - SHARED_BY_ALL


def required(kind: type[Item]) -> set[str]:
    return {str(kind.get_attributes()[name].attr_name) for name in required_attributes(kind)} - {"PK", "SK"}


# ------------------------------------------------------------------ live keys


def test_a_live_key_that_a_check_can_read_is_written_by_grant_and_approval_only() -> None:
    assert functions_that_may(put("LIVE#forged", required(LiveKeyItem))) == GIVING
    assert functions_that_may(put("LIVE#forged", attributes(LiveKeyItem))) == GIVING


@each_row("attribute", sorted(attributes(LiveKeyItem)))
def test_no_function_changes_a_live_key(attribute: str) -> None:
    # The condition of a revoke names the end of the grant. The ticket is a text for people, which decides nothing.
    exempt = {"ends_at": {"revoke"}, "ticket": functions_that_may(update("LIVE#one", "note"))}

    assert functions_that_may(update("LIVE#one", attribute)) == exempt.get(attribute, set())


# ------------------------------------------------------------------ the door


def test_a_door_that_can_be_read_is_written_by_lockdown_and_policy_only() -> None:
    assert functions_that_may(put(keys.DOOR, required(DoorItem))) == {"lockdown", "policy"}


def test_no_function_closes_a_tenant() -> None:
    assert functions_that_may(put(keys.DOOR, attributes(DoorItem))) == set()


@each_row("attribute", sorted(attributes(DoorItem) - {"version"}))
def test_a_door_is_changed_by_lockdown_and_policy_only_each_in_its_own_attributes(attribute: str) -> None:
    may = {"lockdown"} if attribute in OF_LOCKS else {"policy"} if attribute in OF_RULES else {"lockdown", "policy"}

    assert functions_that_may(update(keys.DOOR, attribute)) == (may if attribute != "closed" else set())


def test_the_rules_of_a_customer_are_written_by_policy_only() -> None:
    assert functions_that_may(put(keys.POLICY, required(PolicyItem))) == {"policy"}
    for attribute in attributes(PolicyItem) - {"version", "changed_at"}:
        assert functions_that_may(update(keys.POLICY, attribute)) == {"policy"}


def test_a_door_is_deleted_by_no_function_that_deletes_nothing() -> None:
    assert functions_that_may(delete(keys.DOOR)) == DELETING


# ------------------------------------------------------------------ entries of the ledger


@each_row("attribute", sorted(attributes(EntryItem) - {"seq", "hash"}))
def test_no_function_changes_what_an_entry_says(attribute: str) -> None:
    assert functions_that_may(update("ENTRY#000000000001", attribute)) == set()


def test_an_entry_is_put_by_functions_that_write_entries_only() -> None:
    assert functions_that_may(put("ENTRY#000000000001", attributes(EntryItem))) == APPENDING


def test_an_entry_is_deleted_by_no_function_that_deletes_nothing() -> None:
    assert functions_that_may(delete("ENTRY#000000000001")) == DELETING


# ------------------------------------------------------------------ people


@each_row(
    "kind, pk, sk",
    [
        (AgentItem, "AGENT#mallory", "PROFILE"),
        (TenantItem, ACME, "PROFILE"),
        (RightItem, ACME, "RIGHT#mallory"),
        (GivenRightItem, ACME, "RIGHT#mallory"),
    ],
)
def test_an_agent_a_tenant_and_a_right_are_written_by_the_registry_only(kind: type[Item], pk: str, sk: str) -> None:
    assert functions_that_may(put(sk, required(kind), pk)) == {"registry"}


@each_row("attribute", ["is_active", "departments", "memberships", "joined"])
def test_no_function_makes_an_agent_a_member_of_a_department(attribute: str) -> None:
    assert functions_that_may(update("PROFILE", attribute, "AGENT#mallory")) == set()


# ------------------------------------------------------------------ mails


def functions_that_may_mail(sender: str, **given: Any) -> set[str]:
    request = {"FromEmailAddress": sender}
    return {
        folder
        for folder in stack.folders()
        if all(permissions.is_allowed(use) for use in permissions.uses_of(folder, "sesv2", "SendEmail", request))
    }


@pytest.mark.parametrize(
    "sender", ["boss@vendor.example", "support@vendor.example.evil.example", "x <support@evil.example>", ""]
)
def test_no_function_mails_as_another_sender(sender: str) -> None:
    assert functions_that_may_mail(sender) == set()


def test_three_functions_mail_as_the_sender_of_the_settings() -> None:
    assert functions_that_may_mail("Käsehandel Support <support@vendor.example>") == MAILING
    assert functions_that_may_mail("Another name <Support@vendor.example>") == MAILING


@each_row(
    "sender, address",
    [
        ("support@vendor.example", "support@vendor.example"),
        ("Käsehandel Support <support@vendor.example>", "support@vendor.example"),
        ('"Support > Sales" <support@vendor.example>', "support@vendor.example"),
        ("Wsparcie Łódź <support@vendor.example>", "support@vendor.example"),
        ("<support@vendor.example>", "support@vendor.example"),
        ("", ""),
    ],
)
def test_the_policy_has_the_address_of_the_sender_and_not_its_name(sender: str, address: str) -> None:
    """A policy may have no character beyond U+00FF, so that a name in it could fail the deployment."""
    for function in ("RequestFunction", "NotifyFunction", "ReminderFunction"):
        conditions = [
            statement["Condition"]["StringEqualsIgnoreCase"]
            for document in policies.documents(function, MailSender=sender)
            for statement in document["Statement"]
            if "ses:SendEmail" in statement["Action"]
        ]
        assert conditions == [{condition_keys.FROM_ADDRESS: address}]
