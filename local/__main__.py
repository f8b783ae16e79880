"""The commands behind the Makefile: `python -m local up | url | token | reset | down | mails | events | status`.

Results go to standard output, progress and errors to standard error. An error prints one line and exits with code 1.
"""

import argparse
import json
import os
import sys

from local import origins, people, sample
from local.build import PROJECT
from local.faults import Fault
from local.processes import Background
from local.stack import ISSUER_PORT_SETTING, PORT_SETTING, Stack
from local.tokens import sign

FOLDER = PROJECT / ".local"
DEFAULT_PORT, DEFAULT_ISSUER_PORT = 4566, 4567


def stack_of_this_project() -> Stack:
    """Return the developer's stack.

    A port comes from the environment, else from the running process, else from the defaults; further origins come from
    the environment, else from the last `up`. Raises Fault if an environment variable is no port number or no origins.
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
    own_origins = os.environ.get(origins.SETTING)
    return Stack(FOLDER, *ports, origins=None if own_origins is None else origins.parse(own_origins))


def token(stack: Stack, arguments: argparse.Namespace) -> str:
    """Return a token of a person of the sample world, or of another caller. Raises Fault for wrong arguments."""
    who, sub = arguments.who, arguments.sub
    if bool(who) == bool(sub):
        message = "name either WHO, a person of the sample world, or SUB, the id of another caller"
        raise Fault(message)
    if who and (arguments.tenant or arguments.kind):
        message = f"TENANT and KIND go with SUB; the sample world defines those of {who}"
        raise Fault(message)
    caller, claims = sample.claims_of(who) if who else people.claims_of(sub, arguments.tenant, arguments.kind)
    return sign(caller, claims | people.read_claims(arguments.claims or "{}"), stack.issuer)


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
            print(token(stack, arguments))
        case "reset":
            stack.reset()
        case "down":
            stack.down()
        case "mails":
            print(json.dumps(stack.mails(), indent=2, ensure_ascii=False))
        case "events":
            print(json.dumps(stack.events(), indent=2, ensure_ascii=False))
        case "status":
            print(json.dumps(stack.status(), indent=2))


def main() -> None:
    """Parse the command line and run the command. An error prints one line and exits with code 1."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the whole stack on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the stack or update it; return when the API answers")
    commands.add_parser("url", help="print the base URL of the API")
    wanted = commands.add_parser("token", help="print a new token, valid for one hour")
    wanted.add_argument("who", nargs="?", metavar="WHO", help=", ".join(sample.everybody()))
    wanted.add_argument("--sub", help="id of a caller outside the sample world")
    wanted.add_argument("--tenant", help="the tenant of a user")
    wanted.add_argument("--kind", help=f"{', '.join(people.KINDS)}; by default {people.USER}")
    wanted.add_argument("--claims", help="JSON object with further claims; null omits a claim")
    commands.add_parser("reset", help="forget all data and load the sample world again")
    commands.add_parser("down", help="stop the stack; its data is kept")
    commands.add_parser("mails", help="print all sent e-mails as JSON")
    commands.add_parser("events", help="print all events on the EventBridge bus as JSON")
    commands.add_parser("status", help="print addresses, process ids and outputs as JSON")
    try:
        run(parser.parse_args())
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")


if __name__ == "__main__":
    main()
