"""Which resource a permission is asked for."""

import json
from email.utils import parseaddr
from typing import Any

from local.patches.internals import iam_actions, ses

SEND = "/v2/email/outbound-emails"


def ask_for_the_sender() -> None:
    """Ask whether somebody may send mail *as this sender*.

    AWS looks for `ses:SendEmail` on the sender's identity, the address or else its domain; 1.5.33 looks for it on
    everything, and a function that may send from one address only may not send at all. Drop it when it names the
    identity.
    """
    name = iam_actions._ses_v2_resource_arn

    def name_sender(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if path != SEND:
            return str(name(method, path, body, region, account))
        address = parseaddr(json.loads(body).get("FromEmailAddress", ""))[1]
        identity = ses._notification_identity(address)
        return f"arn:aws:ses:{region}:{account}:identity/{identity[0] if identity else address}"

    iam_actions._ses_v2_resource_arn = name_sender


def ask_for_the_group() -> None:
    """Ask whether somebody may change a schedule *of this group*.

    AWS names a schedule with its group, which a request has in its body, or to delete in its query; 1.5.33 takes each
    for one of the group `default`. Drop it when it names the group.
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
