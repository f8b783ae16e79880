"""An emulator without a deployment, on which an operator rehearses `make first-deploy`.

`python -m local.rehearsal` starts it, empty, and prints the variables that lead the commands to it, for the shell:
`eval "$(make rehearsal)"`. One that runs is left as it is, and the variables have fresh tokens. With `--pools` they
answer that the stack creates Cognito pools, and give no token: the stack refuses those of the local issuers. `python -m
local.rehearsal --stop` ends it.
"""

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from local.build import PROJECT
from local.deployment import CREDENTIAL
from local.emulator import REGION
from local.faults import Fault
from local.issuer import Caller
from local.machines import CLIENT_ID, CLIENT_SECRET
from local.stack import Stack
from local.tokens import sign

PORT_SETTING = "GUESTKEY_REHEARSAL_PORT"
DEFAULT_PORT = 4570
FOLDER = PROJECT / ".local" / "rehearsal"
POOLS = "pools"
TENANT_ID, AGENT_ID = "first-customer", "first-agent"


def rehearsal(folder: Path, port: int) -> Stack:
    """Return the stack of a rehearsal: the API at a port, the issuers at the next one."""
    return Stack(folder, port, port + 1)


def begin(stack: Stack, *, with_pools: bool = False) -> dict[str, str]:
    """Return the variables for the commands of an operator; emulator and issuers start without any data.

    Those that run are left with all that was deployed: another terminal needs the same variables, and tokens end.
    """
    if not stack.is_running():
        stack.down()
        shutil.rmtree(stack.folder, ignore_errors=True)
        stack.start_empty()
    return _account(stack) | ({"ISSUERS": POOLS} if with_pools else _issuers_and_tokens(stack))


def _account(stack: Stack) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": stack.url,
        "AWS_ACCESS_KEY_ID": CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": CREDENTIAL,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "GUESTKEY_DEPLOYMENT": str(stack.folder.resolve() / "deployment.toml"),
    }


def _issuers_and_tokens(stack: Stack) -> dict[str, str]:
    user = {"sub": "una", "tenant_id": TENANT_ID, "name": "Una User"}
    return {
        "ISSUERS": " ".join(stack.issuer.url(caller) for caller in Caller),
        "VENDOR_CLIENT_ID": CLIENT_ID,
        "VENDOR_CLIENT_SECRET": CLIENT_SECRET,
        "TENANT_TOKEN": sign(Caller.TENANT, user, stack.issuer),
        "SUPPORT_TOKEN": sign(Caller.SUPPORT, {"sub": AGENT_ID}, stack.issuer),
    }


def main() -> None:
    """Start or end the rehearsal's emulator."""
    parser = argparse.ArgumentParser(prog="python -m local.rehearsal", description="An emulator to rehearse on.")
    parser.add_argument("--stop", action="store_true")
    parser.add_argument("--pools", action="store_true", help="for a stack that creates Cognito pools")
    arguments = parser.parse_args()
    stack = rehearsal(FOLDER, int(os.environ.get(PORT_SETTING, DEFAULT_PORT)))
    try:
        if arguments.stop:
            stack.down()
            return
        for name, value in begin(stack, with_pools=arguments.pools).items():
            print(f"export {name}={shlex.quote(value)}")
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")
    print(f"the emulator answers at {stack.url}; now: make first-deploy; to begin anew: STOP=yes", file=sys.stderr)


if __name__ == "__main__":
    main()
