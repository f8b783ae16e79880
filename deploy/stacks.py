"""The CloudFormation stack of a deployment: its state, its outputs, and the words for a failed deployment."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.answers import Answers
from deploy.findings import Finding, fail, note, ok

REMEDIES = {
    "ROLLBACK_COMPLETE": (
        "The first deployment failed and was taken back. The remains can only be deleted; make first-deploy does it.\n"
        "By hand: aws cloudformation delete-stack --stack-name {stack} --region {region}"
    ),
    "ROLLBACK_FAILED": (
        "The first deployment failed, and some resource could not be deleted: see the reasons. Delete the stack and\n"
        "keep that resource, then delete it by hand (a table: switch its deletion protection off first):\n"
        "aws cloudformation delete-stack --stack-name {stack} --region {region} --deletion-mode FORCE_DELETE_STACK"
    ),
    "CREATE_FAILED": "Delete it: aws cloudformation delete-stack --stack-name {stack} --region {region}",
    "DELETE_FAILED": (
        "Some resource could not be deleted: see the reasons. Correct them and delete again, or keep it with:\n"
        "aws cloudformation delete-stack --stack-name {stack} --region {region} --deletion-mode FORCE_DELETE_STACK"
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "The stack works as before the update, as far as it could be taken back. Correct the reason, then:\n"
        "aws cloudformation continue-update-rollback --stack-name {stack} --region {region}\n"
        "For a resource that cannot be taken back add --resources-to-skip with its logical id."
    ),
    "REVIEW_IN_PROGRESS": "It has change sets only. make first-deploy deletes it and begins again.",
}
"""The way out of each state in which CloudFormation refuses an update."""
DELETABLE = {"ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS", "CREATE_FAILED"}
"""States of a first deployment that left nothing but an empty stack: it may be deleted without asking."""
BEGINNINGS = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"}
GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
HINTS = (
    ("discovery", "API Gateway could not read an issuer's discovery document in 1.5 s: make preflight says which."),
    ("well-known", "API Gateway could not read an issuer's discovery document in 1.5 s: make preflight says which."),
    ("already exists", "Something of this name exists outside the stack: remove it, or leave out the parameter."),
    ("ConcurrentExecutions", "The account's Lambda concurrency is too small for a reservation: see make preflight."),
    ("is not authorized to perform", "The credentials lack this permission: deploy with an administrator's."),
    ("AccessDenied", "The credentials lack this permission: deploy with an administrator's."),
    ("UnreservedConcurrentExecution", "The account's Lambda concurrency is too small: see make preflight."),
    ("Rate exceeded", "AWS was asked too often: run again."),
)
"""Words in CloudFormation's reasons, with the action that they call for."""
CONSEQUENCES = ("resource creation cancelled", "resource update cancelled", "resource creation canceled")


@dataclass(frozen=True)
class Stack:
    """The stack of an environment in its account."""

    account: Account
    name: str

    def describe(self) -> dict[str, Any] | None:
        """Return the stack as CloudFormation describes it, or None if there is none."""
        try:
            found = self.account.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        described: dict[str, Any] = found[0]
        return None if described["StackStatus"] == "DELETE_COMPLETE" else described

    @property
    def status(self) -> str:
        """The status of the stack, an empty text if there is none."""
        described = self.describe()
        return str(described["StackStatus"]) if described else ""

    def outputs(self) -> dict[str, str]:
        """Return the outputs by name."""
        return {one["OutputKey"]: one["OutputValue"] for one in (self.describe() or {}).get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """Return the deployed value of each parameter."""
        return {one["ParameterKey"]: one["ParameterValue"] for one in (self.describe() or {}).get("Parameters", [])}

    def resources(self) -> list[dict[str, Any]]:
        """Return all resources, with logical id, physical id, type and status."""
        pages = self.account.client("cloudformation").get_paginator("list_stack_resources")
        return [one for page in pages.paginate(StackName=self.name) for one in page["StackResourceSummaries"]]

    def remedy(self) -> str:
        """Return the way out of the stack's state, or an empty text if it can be updated."""
        return REMEDIES.get(self.status, "").format(stack=self.name, region=self.account.region)

    def delete(self) -> None:
        """Delete the stack and wait until it is gone."""
        client = self.account.client("cloudformation")
        client.delete_stack(StackName=self.name)
        waiter = client.get_waiter("stack_delete_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 2, "MaxAttempts": 300})

    def reasons(self) -> list[str]:
        """Return the resources that failed in the last operation, in words: see `reasons_in`."""
        pages = self.account.client("cloudformation").get_paginator("describe_stack_events")
        return reasons_in(event for page in pages.paginate(StackName=self.name) for event in page["StackEvents"])


def reasons_in(events: Iterable[dict[str, Any]]) -> list[str]:
    """Return the resources that failed in the last operation, the first one first, each with its reason in words.

    `events` come newest first. Resources that were cancelled because another one failed are left out.
    """
    failed: list[str] = []
    for event in events:
        reason, status = event.get("ResourceStatusReason", "no reason given"), event["ResourceStatus"]
        if event.get("PhysicalResourceId") == event["StackId"]:
            # An operation begins with an event of the stack itself.
            if status in BEGINNINGS:
                break
        elif status.endswith("FAILED") and not reason.lower().startswith(CONSEQUENCES):
            hint = next((f" → {words}" for known, words in HINTS if known in reason), "")
            failed.append(f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}{hint}")
    return failed[::-1]


def check(account: Account, answers: Answers) -> Iterator[Finding]:
    """Check that CloudFormation would accept a deployment of the stack now."""
    stack = Stack(account, answers.stack_name)
    status = stack.status
    if not status:
        yield ok("stack", f"{answers.stack_name} does not exist yet")
    elif status.endswith("IN_PROGRESS") and status not in DELETABLE:
        yield fail("stack", f"{answers.stack_name} is {status}", "Wait until it has ended, and run again.")
    elif status in DELETABLE:
        yield note("stack", f"{answers.stack_name} is {status}", stack.remedy())
    elif remedy := stack.remedy():
        yield fail(
            "stack", f"{answers.stack_name} is {status}: {'; '.join(stack.reasons()) or 'no reason given'}", remedy
        )
    else:
        yield ok("stack", f"{answers.stack_name} exists and is {status}")


def mail_domain(account: Account, answers: Answers) -> Iterator[Finding]:
    """Check that the mail domain that the stack would create is not in SES already, outside the stack."""
    domain = answers.parameters.get("MailDomain", "")
    if not domain or Stack(account, answers.stack_name).parameters().get("MailDomain") == domain:
        return
    try:
        account.client("sesv2").get_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return
    action = "Leave MailDomain empty in deployment.toml: the sender works without it."
    yield fail("mail domain", f"SES has {domain} already, so the stack cannot create it", action)
