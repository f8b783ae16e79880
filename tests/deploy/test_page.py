"""Runs each command of docs/operating.md on the local stack, as the page has it, and looks at its effect.

The stack has the template's Cognito pools. In place of the AWS CLI runs `tests/deploy/aws_cli.py`, whose requests
botocore validates. The test ends with the count of the commands: one that is not run has its reason below.
"""

from collections.abc import Callable, Iterator

import pytest

from local import build
from local.stack import Stack
from tests import stack
from tests.deploy import page_stacks, page_steps
from tests.deploy.operators import NIGHTLY
from tests.deploy.page_commands import all_commands
from tests.deploy.page_operator import Operator
from tests.journeys.stacks import free_ports, running

pytestmark = NIGHTLY
SECTIONS = (
    "By event",
    "Somebody must be out, now",
    "An agent leaves",
    "Key rotation",
    "SIEM",
    "A web ACL in front",
    "Cognito pools",
    "The sender",
    "Leave the sandbox",
    "Bounces and complaints",
    "The clean-up",
    "Reminders",
    "Dead letters",
    "Restore",
)
"""The sections whose blocks this test runs."""
ONE_SECRET, NO_SUPPRESSION = "the emulator knows one secret of a client", "the emulator suppresses no address"
NO_FAILED_ROLLBACK = "the emulator takes each update back"
STAND_IN = {
    "aws cognito-idp add-user-pool-client-secret --client-id --user-pool-id": ONE_SECRET,
    "aws cognito-idp list-user-pool-client-secrets --client-id --user-pool-id": ONE_SECRET,
    "aws sesv2 list-suppressed-destinations": NO_SUPPRESSION,
    "aws sesv2 delete-suppressed-destination --email-address": NO_SUPPRESSION,
    "aws cloudformation continue-update-rollback --stack-name": NO_FAILED_ROLLBACK,
    "aws cloudformation continue-update-rollback --region --stack-name": NO_FAILED_ROLLBACK,
    "aws service-quotas request-service-quota-increase --desired-value --quota-code --service-code": (
        "the emulator has no service quotas"
    ),
}
"""Commands that a server receives whose answers are written after AWS's documentation, and why."""
DRILL, POOLS, PRODUCTION = (f"tests/deploy/test_drill{name}.py" for name in ("", "_pools", "_production"))
ELSEWHERE = {
    'eval "$(make rehearsal)"': (DRILL, "begin(made)"),
    'eval "$(make rehearsal POOLS=yes)"': ("tests/deploy/operators.py", "begin(made, with_pools=with_pools)"),
    "make first-deploy": (POOLS, '["make", "first-deploy"]'),
    "make first-deploy ENV=prod": (PRODUCTION, '["make", "first-deploy", "ENV=prod"]'),
    "make preflight": (POOLS, 'runs("preflight")'),
    "make preflight ENV=prod": (PRODUCTION, '== "make preflight ENV=prod"'),
    "make deploy ENV=prod": (PRODUCTION, '"A new version"'),
    "make smoke": (POOLS, 'runs("smoke"'),
    "make smoke ENV=prod": (PRODUCTION, "len(commands) == 3"),
    "make smoke ENV=prod URL=https://access.vendor.example": (PRODUCTION, "len(commands) == 3"),
    "sam delete --config-env prod": (PRODUCTION, '"delete", "--config-env", "prod"'),
    "python -m bench cost": ("tests/bench/test_cost.py", "cost.of_a_million"),
}
"""Commands that another drill runs, or whose function it calls: its file, and the words there by which it does."""
NOT_RUN = {
    "git pull": "it changes the operator's clone, and git is not ours to test",
    "git checkout v1.2.3": "as git pull, and there is no such version",
    "sam delete": "as with --config-env prod, which is run",
    "sam build": "as make deploy does",
    "sam deploy": "as make deploy does",
    "make deploy": "as with ENV=prod, which is run",
    "make setup": "no test runs before it",
    "make rehearsal STOP=yes": "it ends the rehearsal of the operator's own checkout",
    "make bench": "its parts are measured by hand",
    "python -m bench bookings": "as make bench",
}
"""Commands that no test runs as they are written, and why."""


RUN_OTHERWISE = {"from pycognito import Cognito", "printf %s sven@vendor.example | sha256sum"}
"""Commands of this test that are neither of the AWS CLI nor curl."""


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """The local stack with its sample world, updated to the template's pools."""
    made = Stack(tmp_path_factory.mktemp("page") / "stack", *free_ports(2))
    with running(made):
        parameters = made.parameters() | {"CreateUserPools": "yes"}
        outputs = made.deployment.deploy(build.BUILT, build.ARCHIVES, parameters)
        made_operator = Operator(made, outputs, tmp_path_factory.mktemp("operator"))
        with made_operator.client:
            yield made_operator


STEPS: tuple[Callable[[Operator], None], ...] = (
    page_steps.people,
    page_steps.subscription,
    page_steps.emergency,
    page_steps.sandbox_and_dead_letters,
    page_steps.records_of_the_stream,
    page_steps.cleanup,
    page_steps.reminders,
    page_steps.secrets_of_the_backend,
    page_steps.the_sender,
    page_steps.suppressed,
    page_steps.limits,
    page_steps.web_acl,
    page_steps.logs,
    page_steps.restore,
    page_stacks.failed_first_deployment,
    page_stacks.failed_deletion,
    page_stacks.failed_rollback,
    page_steps.leaving,
)


def test_each_command_of_the_page_runs_and_achieves_what_the_page_says(
    operator: Operator, measured: Callable[[str], None]
) -> None:
    """One test, because the sections are one operator's day and because the commands are counted together."""
    for step in STEPS:
        step(operator)

    commands, ran = all_commands(), operator.shell.ran()
    here = {name for name in commands if name in ran or name in RUN_OTHERWISE}
    missing = commands - here - ELSEWHERE.keys() - NOT_RUN.keys()
    assert not missing, f"neither run nor named with a reason: {sorted(missing)}"
    assert not here & (ELSEWHERE.keys() | NOT_RUN.keys())
    assert here >= STAND_IN.keys()
    for name, (file, words) in ELSEWHERE.items():
        assert words in (stack.PROJECT / file).read_text(), f"{file} does not run {name}"
    reasons = "; ".join(f"{name}: {why}" for name, why in NOT_RUN.items())
    measured(
        f"docs/operating.md: of {len(commands)} commands {len(here)} run here, {len(STAND_IN)} of them with an answer "
        f"written after AWS's documentation, {len(ELSEWHERE)} in other drills, {len(NOT_RUN)} not: {reasons}"
    )
    assert (len(commands), len(here), len(STAND_IN), len(ELSEWHERE)) == (63, 41, 7, 12)
