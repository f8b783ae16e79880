"""The result of one check, as the operator reads it: a standing, a subject, an observation and an action."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from botocore.exceptions import BotoCoreError, ClientError

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
INDENT = " " * 7


class Standing(StrEnum):
    """The outcome of a check. Only `FAIL` makes a command end with exit code 1."""

    OK = "ok"
    NOTE = "note"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of a report."""

    standing: Standing
    subject: str
    seen: str
    action: str = ""
    """The next step for the operator, a complete sentence or a command. Empty if there is none."""

    @property
    def text(self) -> str:
        """The line, and below it the action."""
        line = f"{self.standing:<5}  {self.subject}: {self.seen}"
        return line + "".join(f"\n{INDENT}{part}" for part in self.action.splitlines())


def ok(subject: str, seen: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(Standing.OK, subject, seen)


def note(subject: str, seen: str, action: str = "") -> Finding:
    """Return a finding that the operator should read, and that stops nothing."""
    return Finding(Standing.NOTE, subject, seen, action)


def fail(subject: str, seen: str, action: str) -> Finding:
    """Return a finding that must be corrected."""
    return Finding(Standing.FAIL, subject, seen, action)


Check = Callable[[], Iterable[Finding]]


def of(subject: str, check: Check) -> list[Finding]:
    """Run a check and return its findings. An error of AWS becomes a finding, so that the other checks still run."""
    try:
        return list(check())
    except ClientError as error:
        said = error.response.get("Error", {})
        code, message = said.get("Code", "error"), said.get("Message", "")
        if code in DENIED:
            action = f"Give these credentials the permission for {error.operation_name}, or have somebody check it."
            return [note(subject, f"not checked: {message or code}", action)]
        return [fail(subject, f"{error.operation_name} failed: {code} {message}".strip(), "Correct it and run again.")]
    except (LookupError, TypeError, ValueError) as error:
        seen = f"an answer of AWS was not understood: {type(error).__name__} {error}"
        return [fail(subject, seen, "Something may be missing. Run make deploy, or report it to us with this line.")]
    except BotoCoreError as error:
        action = "Check the network, the proxy settings and the credentials, and run again."
        return [fail(subject, f"AWS was not reached: {error}", action)]


def show(findings: Iterable[Finding]) -> bool:
    """Print findings on standard output as they come, and return whether none of them failed."""
    good = True
    for finding in findings:
        print(finding.text, flush=True)
        good = good and finding.standing is not Standing.FAIL
    sys.stdout.flush()
    return good
