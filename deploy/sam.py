"""Runs `sam build` and `sam deploy` with the operator's answers, and shows which runs and for how long.

The parameters are passed in a file, because the command line of sam has quoting rules of its own. A file replaces the
`parameter_overrides` of `samconfig.toml`, so the answers contain those as well.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.answers import Answers, declared
from deploy.stacks import GOOD, Stack
from local import artifact
from local.build import PROJECT, sam_environment, sam_tool
from local.faults import Fault
from local.processes import last_lines

BUILT = PROJECT / ".aws-sam" / "build"
OUTPUT = PROJECT / ".aws-sam"
PAUSE_SECONDS = 2.0


def arch_of(answers: Answers) -> str:
    """Return the architecture of the functions, for which the layer is built."""
    return answers.parameters.get("Arch") or str(declared()["Arch"]["Default"])


def artifact_problems(answers: Answers) -> list[str]:
    """Return a sentence for each reason against deploying the build: stale, another architecture, no bytecode."""
    return artifact.problems(BUILT, arch_of(answers))


@dataclass(frozen=True)
class Sam:
    """The tool sam with the answers for one environment."""

    answers: Answers
    stack: Stack

    def build(self) -> None:
        """Build the layer and the functions for `Arch` into `.aws-sam/build`. Raises Fault if that fails."""
        arch = self._overrides({"Arch": arch_of(self.answers)})
        self._run("building", ["build", "--config-env", self.answers.environment, *arch], lambda: "")
        if found := artifact_problems(self.answers):
            raise Fault("\n".join(["the build cannot be deployed", *found]))

    def deploy(self, parameters: dict[str, str], doing: str) -> None:
        """Create or update the stack with these parameters. Raises Fault with the reasons of the failed resources."""
        self._run(doing, self._deployment(parameters, "--no-confirm-changeset"), self._progress, self._explained)

    def deploy_and_ask(self, parameters: dict[str, str]) -> None:
        """Deploy as `deploy` does; sam shows the changes, asks, and prints the progress itself."""
        arguments = self._deployment(parameters)
        ended = subprocess.run([sam_tool(), *arguments], cwd=PROJECT, env=_environment(), check=False)
        if ended.returncode != 0:
            raise Fault(self._explained("the deployment failed, see above"))

    def _deployment(self, parameters: dict[str, str], *more: str) -> list[str]:
        known = declared()
        chosen = {name: value for name, value in parameters.items() if name in known}
        options = ["--config-env", self.answers.environment, "--region", self.answers.region]
        options += ["--stack-name", self.answers.stack_name, "--no-fail-on-empty-changeset", *more]
        return ["deploy", *options, *self._overrides(chosen)]

    def _overrides(self, parameters: dict[str, str]) -> list[str]:
        OUTPUT.mkdir(exist_ok=True)
        # JSON is YAML, and sam chooses the format by the name.
        file = OUTPUT / f"parameters-{self.answers.environment}.yaml"
        file.write_text(json.dumps(parameters, indent=2))
        return ["--parameter-overrides", f"file://{file}"]

    def _run(
        self,
        doing: str,
        arguments: list[str],
        progress: Callable[[], str],
        explained: Callable[[str], str] = lambda end: end,
    ) -> None:
        log, began = OUTPUT / f"{arguments[0]}-{self.answers.environment}.log", time.monotonic()
        OUTPUT.mkdir(exist_ok=True)
        with log.open("w") as output:
            running = subprocess.Popen(
                [sam_tool(), *arguments],
                cwd=PROJECT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            shown = _Progress(doing, began)
            while running.poll() is None:
                shown.update(progress)
                time.sleep(0.2)
        shown.end()
        if running.returncode != 0:
            message = f"sam {arguments[0]} failed.\n{explained(_end_of(log))}\nIts log is {log.relative_to(PROJECT)}"
            raise Fault(message)

    def _progress(self) -> str:
        """Return the number of finished resources, or an empty text while CloudFormation has not begun."""
        if not self.stack.status.endswith("IN_PROGRESS"):
            return ""
        states = [one["ResourceStatus"] for one in self.stack.resources()]
        return f", {sum(state.endswith('_COMPLETE') for state in states)} of {len(states)} resources"

    def _explained(self, end: str) -> str:
        """Return the reasons of the failed resources and the way out, or the end of sam's log if there are none."""
        status = self.stack.status
        if not status or status in GOOD - {"UPDATE_ROLLBACK_COMPLETE"}:
            return end
        reasons = self.stack.reasons() or [end]
        lines = [f"{self.stack.name} is {status}. These resources failed, the first one usually causes the others:"]
        return "\n".join([*lines, *(f"  - {reason}" for reason in reasons), self.stack.remedy()]).rstrip()


def _environment() -> dict[str, str]:
    """Return the environment for sam; it writes each line of its progress at once."""
    return sam_environment() | {"PYTHONUNBUFFERED": "1"}


def _end_of(log: Path) -> str:
    """Return the error in a log of sam, or its last lines if it has none of its own."""
    end = last_lines(log)
    return end[end.index("Error: ") :] if "Error: " in end else end


class _Progress:
    """One line on a terminal that is written again and again; elsewhere a line at the beginning and one each 20 s."""

    def __init__(self, doing: str, began: float) -> None:
        self._doing, self._began, self._seen, self._asked = doing, began, "", 0.0
        self._is_terminal = sys.stderr.isatty()
        self._printed = began
        print(f"{doing} …", end="" if self._is_terminal else "\n", file=sys.stderr, flush=True)

    def update(self, progress: Callable[[], str]) -> None:
        now = time.monotonic()
        if now - self._asked > PAUSE_SECONDS:
            self._asked, self._seen = now, _quietly(progress)
        if self._is_terminal:
            print(f"\r\x1b[K{self._doing} … {now - self._began:.0f} s{self._seen}", end="", file=sys.stderr, flush=True)
        elif now - self._printed > 20:
            self._printed = now
            print(f"  {now - self._began:.0f} s{self._seen}", file=sys.stderr, flush=True)

    def end(self) -> None:
        clear = "\r\x1b[K" if self._is_terminal else ""
        print(f"{clear}{self._doing} … {time.monotonic() - self._began:.1f} s", file=sys.stderr, flush=True)


def _quietly(progress: Callable[[], str]) -> str:
    """Return the progress, or an empty text if AWS does not say it: the command itself reports errors."""
    try:
        return progress()
    except Exception:  # noqa: BLE001  # progress is for the eye only
        return ""
