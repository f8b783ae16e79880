"""Patches of IAM: the resource that a permission is checked against, and the condition keys of a request."""

import json
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any

from local import condition_keys
from local.patches.internals import app, iam_actions, iam_evaluator, ses

SEND = "/v2/email/outbound-emails"


def check_sender_identity() -> None:
    """Check `ses:SendEmail` against the identity of the sender.

    AWS checks it against the sender's identity, the address or else its domain. 1.5.33 checks it against `*`, so that a
    function with the permission for one identity cannot send. Drop the patch when ministack checks the identity.
    """
    name = iam_actions._ses_v2_resource_arn

    def name_sender(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if path != SEND:
            return str(name(method, path, body, region, account))
        address = condition_keys.sender_of(json.loads(body))
        identity = ses._notification_identity(address)
        return f"arn:aws:ses:{region}:{account}:identity/{identity[0] if identity else address}"

    iam_actions._ses_v2_resource_arn = name_sender


def check_schedule_group() -> None:
    """Check a permission on a schedule against the schedule's group.

    On AWS the ARN of a schedule contains its group, which a request has in its body, or in its query to delete. 1.5.33
    uses the group `default` for every schedule. Drop the patch when ministack uses the group of the request.
    """
    name = iam_actions.extract_resource_arn

    def name_group(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: dict[str, Any],
        region: str,
        account: str,
    ) -> str:
        arn = str(name(service, method, path, headers, body, query, region, account))
        group = json.loads(body).get("GroupName") if body and service == "scheduler" else query.get("groupName")
        if service != "scheduler" or not group:
            return arn
        return arn.replace(":schedule/default/", f":schedule/{group[0] if isinstance(group, list) else group}/")

    iam_actions.extract_resource_arn = name_group


Context = dict[str, Any]
_of_request: ContextVar[dict[str, Context]] = ContextVar("condition keys of the request, by action")
ANY_ACTION = "*"


def set_condition_keys() -> None:
    """Set the condition keys of DynamoDB's writes and of the sender of a mail.

    On AWS a write carries its partition key and the names of its attributes, and a mail the address of its sender.
    1.5.33 sets none of them, so that a condition on a partition allows every partition, and one on a sender allows no
    mail. Drop the patch when ministack sets `dynamodb:LeadingKeys`, `dynamodb:Attributes` of writes, and
    `ses:FromAddress`.
    """
    enforce, check_mail = iam_evaluator.enforce, app._enforce_ses_v2

    def read_dynamodb(body: bytes) -> Context:
        request = json.loads(body or b"{}")
        kinds = {kind for item in request.get("TransactItems", ()) for kind in item}
        operation = "TransactGetItems" if "Get" in kinds else "TransactWriteItems" if kinds else ANY_ACTION
        _of_request.set(_by_action(condition_keys.of_dynamodb(operation, request)))
        return {}

    def read_mail(method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str) -> Any:
        is_mail = path == SEND and method == "POST"
        sender = {condition_keys.FROM_ADDRESS: condition_keys.sender_of(json.loads(body))} if is_mail else {}
        _of_request.set({f"sesv2:{ANY_ACTION}": sender})
        return check_mail(method, path, headers, body, query, request_id)

    def enforce_with_keys(
        access_key: str, action: str, service: str, region: str, resource_arn: str = "*", service_context: Any = None
    ) -> Any:
        by_action = _of_request.get({}) if service in {"dynamodb", "sesv2"} else {}
        keys = by_action.get(action, by_action.get(f"{service}:{ANY_ACTION}", {}))
        context = {**(service_context or {}), **keys}
        return enforce(access_key, action, service, region, resource_arn=resource_arn, service_context=context)

    iam_actions.dynamodb_service_context = read_dynamodb
    app._enforce_ses_v2 = read_mail
    iam_evaluator.enforce = enforce_with_keys


def _by_action(checks: Iterable[condition_keys.Check]) -> dict[str, Context]:
    """Return the condition keys of each action, those of all writes of a transaction with the same action together."""
    found: dict[str, Context] = {}
    for check in checks:
        keys = found.setdefault(check.action, {})
        for name, values in check.keys.items():
            keys[name] = sorted({*keys.get(name, ()), *values})
    return found
