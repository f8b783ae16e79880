"""`python -m local up | url | token | reset | down | mails | status`: what the Makefile calls.

Answers go to standard output, everything else to standard error; a fault is one line there, and exit code 1.
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
USUAL_PORT, USUAL_ISSUER_PORT = 4566, 4567


def stack_of_this_project() -> Stack:
    """Return the developer's stack: at the ports the environment names, else where it runs, else at the usual ones."""
    ports = []
    for setting, process, usual in (
        (PORT_SETTING, "emulator", USUAL_PORT),
        (ISSUER_PORT_SETTING, "provider", USUAL_ISSUER_PORT),
    ):
        wanted = os.environ.get(setting)
        if wanted and not wanted.isdecimal():
            message = f"{setting} must be a port number, not {wanted!r}"
            raise Fault(message)
        ports.append(int(wanted) if wanted else Background(process, FOLDER).port or usual)
    return Stack(FOLDER, *ports)


def run(arguments: argparse.Namespace) -> None:
    """Do what the command says."""
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
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m local", description="The whole stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="bring the stack up to date and return when it answers")
    commands.add_parser("url", help="print the API's base address")
    token = commands.add_parser("token", help="print a fresh token")
    token.add_argument("who", choices=sample.everybody(), metavar="WHO", help=", ".join(sample.everybody()))
    commands.add_parser("reset", help="go back to the sample world")
    commands.add_parser("down", help="stop the stack; it keeps what it knows")
    commands.add_parser("mails", help="print the mails sent so far, as JSON")
    commands.add_parser("status", help="print what runs where, as JSON")
    try:
        run(parser.parse_args())
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")


if __name__ == "__main__":
    main()
