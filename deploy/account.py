"""The AWS account of a deployment: its clients, and the checks of credentials, region and Lambda's limits."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound

from deploy.findings import Finding, fail, note, ok
from local.processes import LOOPBACK

MIN_CONCURRENCY = 100
"""Nineteen functions share the account's concurrency, and AWS keeps 100 of it unreserved."""
CONCURRENCY_QUOTA = "L-B99A9384"
NAME_LIMIT = 64
"""The stack's schedule group has the stack's name, and EventBridge Scheduler allows 64 characters."""


@dataclass(frozen=True)
class Account:
    """The account that the credentials of the environment belong to, in one region."""

    region: str

    def client(self, service: str) -> Any:
        """Return a client of a service. A call takes at most some seconds, so that a report never hangs."""
        # The type stubs of boto3 accept a service as a literal name only.
        make: Any = boto3.client
        config = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 3})
        return make(service, region_name=self.region or None, config=config)

    @property
    def is_emulated(self) -> bool:
        """Whether the calls go to the local emulator and not to AWS."""
        return urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in {LOOPBACK, "localhost"}


def default_region() -> str:
    """Return the region of the environment or the profile, or an empty text."""
    try:
        return boto3.Session().region_name or ""
    except ProfileNotFound:
        return ""


@cache
def is_region(name: str) -> bool:
    """Return whether botocore knows a region of this name."""
    session = boto3.Session(region_name="us-east-1")
    partitions = session.get_available_partitions()
    return any(name in session.get_available_regions("lambda", one) for one in partitions)


def credentials(account: Account) -> Iterator[Finding]:
    """Check that AWS accepts the credentials, and name the account."""
    action = "Sign in, such as with: aws configure sso, and export AWS_PROFILE. Any of the usual places will do."
    try:
        who = account.client("sts").get_caller_identity()
    except (NoCredentialsError, ProfileNotFound) as error:
        yield fail("credentials", str(error), action)
    except ClientError as error:
        yield fail("credentials", f"AWS refuses them: {error.response['Error'].get('Message')}", action)
    else:
        yield ok("credentials", f"account {who['Account']}, as {who['Arn'].rsplit(':', 1)[-1]}")


def region(account: Account) -> Iterator[Finding]:
    """Check that a region is named and known."""
    if not account.region:
        action = "Answer the question of make first-deploy, or write region into deployment.toml, or set AWS_REGION."
        yield fail("region", "none is set; samconfig.toml names none, on purpose", action)
    elif not is_region(account.region):
        action = "Name a region such as eu-central-1, in deployment.toml."
        yield fail("region", f"AWS has no region {account.region!r} with Lambda", action)
    else:
        yield ok("region", account.region)


def concurrency(account: Account, stage: str) -> Iterator[Finding]:
    """Check that the account may run more functions at the same time than a new account."""
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    limit, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    seen = f"{limit} functions may run at the same time, {free} of them are not reserved"
    if free >= MIN_CONCURRENCY:
        yield ok("Lambda concurrency", seen)
        return
    action = (
        "Enough to try Guestkey, not for customers: a burst of checks gets 5xx. Ask for 1,000; it is free:\n"
        f"aws service-quotas request-service-quota-increase --service-code lambda --quota-code {CONCURRENCY_QUOTA} "
        "--desired-value 1000"
    )
    yield note("Lambda concurrency", f"{seen}; new accounts have 10" if stage == "production" else seen, action)


def stack_name(name: str) -> Iterator[Finding]:
    """Check the form and length of the stack's name."""
    action = "Write a shorter stack_name into deployment.toml: letters, digits and hyphens, and a letter first."
    if len(name) > NAME_LIMIT:
        yield fail("stack name", f"{name} has {len(name)} characters; {NAME_LIMIT} are allowed", action)
    elif not (name[:1].isalpha() and name.isascii() and name.replace("-", "").isalnum()):
        yield fail("stack name", f"{name!r} has a character that CloudFormation refuses", action)
    else:
        yield ok("stack name", name)
