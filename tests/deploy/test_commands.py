"""The commands of docs/operating.md: each exists, with its options; and those that can, run on the local stack."""

import re
from collections.abc import Iterator

from deploy.stacks import REMEDIES
from tests.deploy.aws_cli import OF_THE_CLI, operations, options
from tests.docs import blocks, page
from tests.rows_and_columns import each_row

NESTED = re.compile(r"\$\((?:output|physical) \w+\)")
COMMAND = re.compile(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)([^`|;)\n]*)")


def commands(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield service, operation and options of each command of the AWS CLI in a text."""
    joined = NESTED.sub("X", re.sub(r"\\\n\s*", " ", text))
    for service, operation, rest in COMMAND.findall(joined):
        if service != "configure":
            yield service, operation, tuple(re.findall(r"(?<= --)[a-z][a-z0-9-]*", rest))


def all_commands() -> list[tuple[str, str, tuple[str, ...]]]:
    text = page("operating.md")
    inline = "\n".join(re.findall(r"`(aws [^`]+)`", text.replace("\n", " ")))
    remedies = "\n".join(REMEDIES.values())
    return sorted({*commands("\n".join(blocks(text, "sh"))), *commands(inline), *commands(remedies)})


@each_row("service, operation, given", all_commands())
def test_every_command_of_the_aws_cli_exists_with_its_options(
    service: str, operation: str, given: tuple[str, ...]
) -> None:
    known = operations(service)
    assert operation in known, f"aws {service} {operation}"

    assert set(given) <= options(known[operation]).keys() | OF_THE_CLI


def test_the_commands_are_found_with_their_options() -> None:
    found = list(commands('queue=$(aws sqs create-queue --queue-name "$A-b" \\\n   --query X) # aws configure sso'))

    assert found == [("sqs", "create-queue", ("queue-name", "query"))]
    assert len(all_commands()) > 30
    assert ("lambda", "put-function-concurrency", ("function-name", "reserved-concurrent-executions")) in all_commands()
