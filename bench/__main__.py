"""`python -m bench [PART …]`: runs the given parts, or all parts, and lists the missed targets at the end."""

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
    "artifact": processes.stub,
    "requests": nullcontext,
    "warm": processes.stub,
    "growth": nullcontext,
    "ledger": processes.dynamodb,
    "bookings": nullcontext,
    "cost": nullcontext,
}
"""Each part with the context manager that starts its DynamoDB, if it needs one, and yields the endpoint."""


def main() -> None:
    """Run the parts one after another, because parts that run at the same time distort each other's results."""
    parser = ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parts = parser.parse_args().parts or list(PARTS)
    if unknown := set(parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    verdicts = [line for part in parts for line in _run(part) if line.endswith((MET, MISSED))]
    missed = [line for line in verdicts if line.endswith(MISSED)]
    print(f"\nTargets: {len(verdicts) - len(missed)} met, {len(missed)} missed.")
    print(*missed, sep="\n")


def _run(part: str) -> list[str]:
    """Run one part, print its output line by line, and return the lines."""
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
        sys.exit(f"bench: {part} failed with exit code {process.returncode}")
    return lines


if __name__ == "__main__":
    main()
