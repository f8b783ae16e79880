"""The commands of docs/operating.md: each exists, with its options, and is run by a test or named with a reason."""

from deploy.stacks import REMEDIES
from tests.deploy.aws_cli import OF_THE_CLI, operations, options
from tests.deploy.page_commands import all_aws_commands, all_commands, aws_commands, lines_of, name_of
from tests.deploy.test_page import ELSEWHERE, NOT_RUN, SECTIONS, STAND_IN
from tests.docs import blocks, page, section
from tests.rows_and_columns import each_row


@each_row("service, operation, given", all_aws_commands())
def test_every_command_of_the_aws_cli_exists_with_its_options(
    service: str, operation: str, given: tuple[str, ...]
) -> None:
    known = operations(service)
    assert operation in known, f"aws {service} {operation}"

    assert set(given) <= options(known[operation]).keys() | OF_THE_CLI


def test_the_commands_are_found_with_their_options() -> None:
    found = list(aws_commands('queue=$(aws sqs create-queue --queue-name "$A-b" \\\n   --query X) # aws configure sso'))

    assert found == [("sqs", "create-queue", ("queue-name", "query"))]
    assert lines_of("git pull\nmake deploy ENV=prod     # asks") == ["git pull", "make deploy ENV=prod"]
    assert name_of("aws", ["sqs", "create-queue"], ["query", "a", "a"]) == "aws sqs create-queue --a --query"
    assert "aws lambda put-function-concurrency --function-name --reserved-concurrent-executions" in all_commands()


def test_each_block_of_commands_is_in_a_section_that_a_test_runs() -> None:
    """The drill of each night counts the commands; this finds a new block, or a new command elsewhere, in the gate."""
    text = page("operating.md")
    run = [block for title in SECTIONS for block in blocks(section(text, title), "sh")]
    others = [block for block in blocks(text, "sh") if block not in run]

    assert all(set(lines_of(block)) <= ELSEWHERE.keys() | NOT_RUN.keys() for block in others), others
    assert ELSEWHERE.keys() | NOT_RUN.keys() | STAND_IN.keys() <= all_commands()
    assert len(REMEDIES) == 6
