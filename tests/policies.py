"""The policies of the template's functions, with all values filled in, and the decision that IAM makes on a request.

The decision is that of the local stack's evaluator. `tests/test_roles.py` compares the policies with the roles that SAM
generates, and `tests/local` tests the evaluator.
"""

import os
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from ministack.core.iam_evaluator import (
    EvalContext,
    ParsedStatement,
    evaluate,
    fnmatch_iam_cs,
    parse_policy_document,
)

from tests import stack

TABLE = stack.with_arns("Table.Arn")
Document = dict[str, Any]


def function_in(folder: str) -> str:
    """Return the logical id of the function whose code is in a folder."""
    (name,) = (
        name for name, found in stack.of_type("AWS::Serverless::Function").items() if stack.folder_of(found) == folder
    )
    return name


def documents(function: str, **given: Any) -> list[Document]:
    """Return the policy documents of a function: its own, and those of the template that it shares with others."""
    policies = stack.of_type("AWS::Serverless::Function")[function].get("Policies", [])
    found = [
        stack.resource(policy["Ref"])["PolicyDocument"] if set(policy) == {"Ref"} else policy for policy in policies
    ]
    return [stack.with_arns(stack.value_of(document, stack.parameters(**given))) for document in found]


@cache
def statements(folder: str) -> tuple[ParsedStatement, ...]:
    """Return the statements of a function, for the sender that the tests mail from."""
    found = documents(function_in(folder), MailSender=os.environ["MAIL_SENDER"])
    return tuple(statement for document in found for statement in parse_policy_document(document))


def allows(said: tuple[ParsedStatement, ...], action: str, resource: str, keys: dict[str, Any]) -> bool:
    """Say whether statements allow an action on a resource for a request with these condition keys."""
    context = EvalContext(
        principal_arn=f"arn:aws:iam::{stack.ACCOUNT}:role/function",
        principal_type="AssumedRole",
        principal_account=stack.ACCOUNT,
        action=action,
        resource_arn=resource,
        region=stack.REGION,
        service_context={name.lower(): value for name, value in keys.items()},
    )
    return str(evaluate(context, [list(said)]).decision) == "Allow"


def unused(said: tuple[ParsedStatement, ...], uses: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    """Yield what no use needs: actions, resources and values of conditions of the statements that allow."""
    known = list(uses)
    for statement in said:
        if statement.effect != "Allow":
            continue
        met = [one for one in known if allows((statement,), *one)]
        for action in statement.actions:
            if not any(used == action for used, _, _ in met):
                yield f"{action} on {', '.join(statement.resources)}"
        for resource in statement.resources:
            if not any(fnmatch_iam_cs(used, resource) for _, used, _ in met):
                yield f"{', '.join(statement.actions)} on {resource}"
        for key, values in (pair for keys in statement.conditions.values() for pair in keys.items()):
            named = {one for _, _, keys in met for one in _listed(keys.get(key, []))}
            for value in _listed(values):
                if not any(fnmatch_iam_cs(one, value) for one in named):
                    yield f"{key} {value} of {', '.join(statement.actions)}"


def _listed(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else said
