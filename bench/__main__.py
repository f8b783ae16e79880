"""`python -m bench [PART …]`: run the parts named, or all of them, and say at the end which targets were missed."""

import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from bench import processes
from bench.lines import MET, MISSED
from bench.processes import ROOT

PARTS: dict[str, Callable[[], AbstractContextManager[str | None]]] = {
    "imports": processes.stub,
    "requests": nullcontext,
    "warm": processes.stub,
    "growth": nullcontext,
    "ledger": processes.dynamodb,
    "bookings": nullcontext,
}
"""Each part, with what it talks to."""


def main() -> None:
    """Run the parts one after another: side by side they would disturb each other."""
    parser = ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    verdicts = [line for part in parts for line in _run(part) if line.endswith((MET, MISSED))]
    missed = [line for line in verdicts if line.endswith(MISSED)]
    print(f"\nTargets: {len(verdicts) - len(missed)} met, {len(missed)} missed.")
    print(*missed, sep="\n")


def _run(part: str) -> list[str]:
    """Run one part, show what it prints as it comes, and return it."""
    lines = []
    with PARTS[part]() as endpoint:
        command = [sys.executable, "-m", f"bench.{part}"]
        env = processes.environment(endpoint)
        with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                lines.append(line.rstrip())
    if process.returncode:
        sys.exit(f"bench: {part} ended with {process.returncode}")
    return lines


if __name__ == "__main__":
    main()
