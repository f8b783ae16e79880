"""The commands behind the Makefile: `python -m local up | url | token | reset | down | mails | status`.

Results go to standard output, progress and errors to standard error. An error prints one line and exits with code 1.
"""

import argparse
import json
import os
import sys

from local import sample
from local.build import PROJECT
from local.faults import Fault
from local.processes import Background
from local.stack import ISSUER_PORT_SETTING, PORT_SETTING, Stack

FOLDER = PROJECT / ".local"
DEFAULT_PORT, DEFAULT_ISSUER_PORT = 4566, 4567


def stack_of_this_project() -> Stack:
    """Return the developer's stack.

    A port comes from the environment, else from the running process, else from the defaults. Raises Fault if the
    environment variable is not a port number.
    """
    ports = []
    for setting, process, default in (
        (PORT_SETTING, "emulator", DEFAULT_PORT),
        (ISSUER_PORT_SETTING, "provider", DEFAULT_ISSUER_PORT),
    ):
        wanted = os.environ.get(setting)
        if wanted and not wanted.isdecimal():
            message = f"{setting} must be a port number, not {wanted!r}"
            raise Fault(message)
        ports.append(int(wanted) if wanted else Background(process, FOLDER).port or default)
    return Stack(FOLDER, *ports)


def run(arguments: argparse.Namespace) -> None:
    """Run one command on the developer's stack."""
    stack = stack_of_this_project()
    match arguments.command:
        case "up":
            print(f"the stack answers at {stack.up()}", file=sys.stderr)
        case "url":
            stack.require_running()
            print(stack.url)
        case "token":
            print(stack.token(arguments.who))
        case "reset":
            stack.reset()
        case "down":
            stack.down()
        case "mails":
            print(json.dumps(stack.mails(), indent=2, ensure_ascii=False))
        case "status":
            print(json.dumps(stack.status(), indent=2))


def main() -> None:
    """Parse the command line and run the command. An error prints one line and exits with code 1."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the whole stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the stack or update it; return when the API answers")
    commands.add_parser("url", help="print the base URL of the API")
    token = commands.add_parser("token", help="print a new token, valid for one hour")
    token.add_argument("who", choices=sample.everybody(), metavar="WHO", help=", ".join(sample.everybody()))
    commands.add_parser("reset", help="empty the table and load the sample world again")
    commands.add_parser("down", help="stop the stack; its data is kept")
    commands.add_parser("mails", help="print all sent e-mails as JSON")
    commands.add_parser("status", help="print addresses, process ids and outputs as JSON")
    try:
        run(parser.parse_args())
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")


if __name__ == "__main__":
    main()
