"""Finds the commands of docs/operating.md, and gives each a name: the program, the operation, and the options."""

import re
from collections.abc import Iterable, Iterator

from deploy.stacks import REMEDIES
from tests.docs import FENCED, blocks, page

NESTED = re.compile(r"\$\((?:output|physical) \w+\)")
REST = r"""((?:'[^']*'|"[^"]*"|[^`|;)\n'"])*)"""
AWS = re.compile(rf"\baws ([a-z0-9-]+) ([a-z0-9-]+){REST}")
CURL = re.compile(rf"^ *curl {REST}", re.MULTILINE)
INLINE = re.compile(r"`((?:aws|sam|make|python|printf|eval|git|curl) [^`]+)`")
OTHERS = ("make", "git", "sam")


def joined(text: str) -> str:
    """Return a text whose commands are on one line each, with X for an output or a physical id."""
    return NESTED.sub("X", re.sub(r"\\\n\s*", " ", text))


def lines_of(block: str) -> list[str]:
    """Return the commands of a block without their comments."""
    lines = (line.partition(" #")[0].strip() for line in joined(block).splitlines())
    return [line for line in lines if line]


def aws_commands(text: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield service, operation and options of each command of the AWS CLI in a text."""
    for service, operation, rest in AWS.findall(joined(text)):
        if service != "configure":
            yield service, operation, tuple(re.findall(r"(?<=\s--)[a-z][a-z0-9-]*", rest))


def name_of(program: str, operation: Iterable[str], options: Iterable[str]) -> str:
    """Return the name of a command: equal for two calls that differ in values and in the order of options only."""
    return " ".join([program, *operation, *(f"--{option}" for option in sorted(set(options)))])


def all_aws_commands() -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the commands of the AWS CLI on the page, and those that the deployment's commands print."""
    text = page("operating.md")
    parts = ["\n".join(blocks(text, "sh")), "\n".join(_inline(text)), "\n".join(REMEDIES.values())]
    return sorted({command for part in parts for command in aws_commands(part)})


def all_commands() -> set[str]:
    """Return the names of all commands of the page, and of those that the deployment's commands print."""
    text = page("operating.md")
    inline, shell = _inline(text), blocks(text, "sh")
    found = {name_of(f"aws {service}", [operation], given) for service, operation, given in all_aws_commands()}
    for block in shell:
        found |= {name_of("curl", [], re.findall(r"(?<!\S)--([a-z-]+)", rest)) for rest in CURL.findall(joined(block))}
        found |= {line for line in lines_of(block) if line.split()[0] in OTHERS}
    found |= {one for one in inline if not one.startswith("aws ")}
    return found | {block.splitlines()[0] for block in blocks(text, "python")}


def _inline(text: str) -> list[str]:
    return INLINE.findall(FENCED.sub("", text).replace("\n", " "))
