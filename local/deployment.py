"""Deploys the template to the emulator through CloudFormation, with boto3.

`sam deploy` does the same, but takes ten seconds instead of one.
"""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator import BUCKET, REGION
from local.faults import Fault
from local.packages import package

STACK_NAME = "guestkey"
TEMPLATE = "template.json"
TIMEOUT_SECONDS = 120.0
# The emulator's root account uses this value as access key id and as secret.
CREDENTIAL = "test"


@dataclass(frozen=True)
class Deployment:
    """The CloudFormation stack `guestkey` in the emulator at `endpoint`."""

    endpoint: str
    region: str = REGION

    def client(self, service: str) -> Any:
        """Return a boto3 client of the emulator."""
        # The type stubs of boto3 accept a service as a literal name only.
        make: Any = boto3.client
        return make(service, **self._options())

    def is_there(self) -> bool:
        """Return whether a working stack exists. A stack whose last update was rolled back counts as working."""
        return _is_usable(self._status() or "")

    def deploy(self, built: Path, archives: Path, parameters: dict[str, str]) -> dict[str, str]:
        """Create or update the stack from the built template and return its outputs. Raises Fault if that fails."""
        s3 = self.client("s3")
        # S3 refuses the constraint for its oldest region only, which is the emulator's default.
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": self.region}} if self.region != REGION else {}
        with suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=BUCKET, **elsewhere)
        template = package(built, archives, BUCKET, s3)
        s3.put_object(Bucket=BUCKET, Key=TEMPLATE, Body=json.dumps(template))
        cloudformation = self.client("cloudformation")
        order = {
            "StackName": STACK_NAME,
            # The template is passed by URL, because a template body is limited to 51,200 bytes.
            "TemplateURL": f"{self.endpoint}/{BUCKET}/{TEMPLATE}",
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
                # CloudFormation refuses a parameter that the template does not declare.
                if name in template["Parameters"]
            ],
        }
        status = self._status()
        if status is not None and not _is_usable(status):
            # A stack whose creation failed can only be deleted, as on AWS.
            cloudformation.delete_stack(StackName=STACK_NAME)
            self._settled()
            status = None
        good = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
        try:
            if status is None:
                cloudformation.create_stack(**order)
            else:
                cloudformation.update_stack(**order)
        except ClientError as refusal:
            said = refusal.response["Error"]["Message"]
            if "No updates are to be performed" not in said:
                message = f"the deployment was refused: {said}"
                raise Fault(message) from refusal
            # The template equals the deployed one again, after an update that was rolled back.
            good |= {"UPDATE_ROLLBACK_COMPLETE"}
        stack = self._settled()
        if stack is None or stack["StackStatus"] not in good:
            message = f"the deployment failed: {self._reasons()}"
            raise Fault(message)
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def run(self, logical_id: str) -> None:
        """Invoke a function of the stack with the schedule's event and wait. Raises Fault if the function fails."""
        found = self.client("cloudformation").describe_stack_resource(
            StackName=STACK_NAME, LogicalResourceId=logical_id
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        ran = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        if "FunctionError" in ran:
            message = f"{logical_id} failed: {ran['Payload'].read().decode()}"
            raise Fault(message)

    def _options(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint,
            "region_name": self.region,
            "aws_access_key_id": CREDENTIAL,
            "aws_secret_access_key": CREDENTIAL,
            "config": Config(
                retries={"total_max_attempts": 2},
                connect_timeout=5,
                read_timeout=TIMEOUT_SECONDS,
                # The emulator runs on this machine, so no proxy of the environment is used.
                proxies={},
            ),
        }

    def table_id(self, table: str) -> str:
        """Return the table's id, which differs from the id of an earlier table with the same name."""
        return str(self.client("dynamodb").describe_table(TableName=table)["Table"]["TableId"])

    def empty(self, table: str) -> None:
        """Delete all items of the table."""
        items = boto3.resource("dynamodb", **self._options()).Table(table)
        more: dict[str, Any] = {"ConsistentRead": True}
        keys = [key["AttributeName"] for key in items.key_schema]
        with items.batch_writer() as batch:
            while more:
                page = items.scan(**more)
                for item in page["Items"]:
                    batch.delete_item(Key={key: item[key] for key in keys})
                more = more | {"ExclusiveStartKey": page["LastEvaluatedKey"]} if "LastEvaluatedKey" in page else {}

    def forget_waiting(self, queue_url: str) -> None:
        """Delete the messages of the dead-letter queue and all one-off schedules, which are the reminders."""
        self.client("sqs").purge_queue(QueueUrl=queue_url)
        scheduler = self.client("scheduler")
        for page in scheduler.get_paginator("list_schedules").paginate():
            for schedule in page["Schedules"]:
                scheduler.delete_schedule(Name=schedule["Name"], GroupName=schedule["GroupName"])

    def _status(self) -> str | None:
        try:
            found = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)
        except ClientError:
            return None
        return str(found["Stacks"][0]["StackStatus"])

    def _settled(self) -> dict[str, Any] | None:
        """Wait until no operation is in progress; return the stack, or None if it no longer exists.

        Raises Fault after 120 seconds.
        """
        cloudformation = self.client("cloudformation")
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            try:
                stack: dict[str, Any] = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
            except ClientError:
                return None
            if stack["StackStatus"] == "DELETE_COMPLETE":
                return None
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        message = f"the deployment has not completed after {TIMEOUT_SECONDS:.0f} seconds"
        raise Fault(message)

    def _reasons(self) -> str:
        """Return the failed resources with reasons, oldest first, because the first usually causes the others."""
        events = self.client("cloudformation").describe_stack_events(StackName=STACK_NAME)["StackEvents"]
        failed = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("FAILED") or "ROLLBACK_IN_PROGRESS" in event["ResourceStatus"]
        ]
        return "; ".join(failed) or "CloudFormation gives no reason"


def _is_usable(status: str) -> bool:
    return status.endswith("_COMPLETE") and status not in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
