"""Patches of IAM: the resource that a permission is checked against."""

import json
from email.utils import parseaddr
from typing import Any

from local.patches.internals import iam_actions, ses

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
        address = parseaddr(json.loads(body).get("FromEmailAddress", ""))[1]
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
