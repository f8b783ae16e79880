"""The recorder of permissions finds a missing and an unused one, in the real calls of a function."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from ministack.core.iam_evaluator import ParsedStatement

from tests import permissions, policies
from tests.calls import call
from tests.permissions import Use
from tests.personas import ANNA

TO_SVEN = {"grantee": {"type": "agent", "id": "sven"}}
WRITES = "dynamodb:PutItem"


@contextmanager
def with_policies(said: tuple[ParsedStatement, ...]) -> Iterator[None]:
    """Give every function these policies, and forget what was checked before."""
    with patch.object(policies, "statements", lambda folder: said), patch.object(permissions, "used", set()):
        yield


def give() -> None:
    assert call("POST", "/v1/grants", TO_SVEN, caller=ANNA).status == 201


def planted(change: dict[str, list[str]], of: str = WRITES) -> tuple[ParsedStatement, ...]:
    """Return the statements of the grant function, with another list in those that allow an action."""
    return tuple(
        replace(one, **change) if of in one.actions and one.effect == "Allow" else one
        for one in policies.statements("grant")
    )


@pytest.mark.parametrize(
    "change",
    [
        {"actions": ["dynamodb:UpdateItem"]},
        {"resources": [f"{policies.TABLE}/index/due"]},
        {"conditions": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["CALLER#*"]}}},
        {"conditions": {"StringEquals": {"dynamodb:EnclosingOperation": "TransactGetItems"}}},
    ],
    ids=["action", "resource", "partition", "operation"],
)
def test_a_missing_permission_fails_the_test_whose_function_needs_it(change: dict[str, list[str]]) -> None:
    with with_policies(planted(change)), pytest.raises(AssertionError, match="the role of grant does not allow"):
        give()


def test_a_denied_attribute_fails_the_test_too() -> None:
    of_revoke = with_policies(policies.statements("revoke"))
    with of_revoke, pytest.raises(AssertionError, match="the role of grant does not allow"):
        give()


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"actions": [WRITES, "dynamodb:DeleteItem"]}, "dynamodb:DeleteItem"),
        ({"resources": [policies.TABLE, f"{policies.TABLE}/index/due"]}, "index/due"),
        (
            {"conditions": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["TENANT#*", "CALLER#*", "DESK"]}}},
            "dynamodb:LeadingKeys DESK",
        ),
    ],
    ids=["action", "resource", "partition"],
)
def test_an_unused_permission_is_named(change: dict[str, list[str]], finding: str) -> None:
    used: set[Use] = set()
    with patch.object(permissions, "used", used):
        give()
    said = planted(change)
    with patch.object(policies, "statements", lambda folder: said if folder == "grant" else ()):
        lines = permissions.unused(used)

    assert [line for line in lines if line.startswith("grant: ") and finding in line]


def test_a_worker_sends_its_uses_to_the_process_that_compares_them() -> None:
    one = Use("grant", WRITES, policies.TABLE, (("dynamodb:LeadingKeys", ("TENANT#…",)),))
    with patch.object(permissions, "used", {one}):
        sent = permissions.to_lists()
    collected: set[Use] = set()
    with patch.object(permissions, "used", collected):
        permissions.add(sent)

    assert collected == {one}
