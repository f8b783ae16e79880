"""The commands behind the Makefile: `python -m deploy first | deploy | preflight | smoke [--env ENV]`.

Findings go to standard output, progress and errors to standard error. The exit code is 1 if a line is red.
"""

import argparse
import sys

from botocore.exceptions import BotoCoreError, ClientError

from deploy import preflight, questions, smoke
from deploy.account import Account, default_region
from deploy.answers import Answers, declared, load
from deploy.findings import show
from deploy.first import FirstDeployment
from deploy.sam import Sam
from deploy.stacks import Stack
from local.faults import Fault

DEFAULT = "default"


def first(arguments: argparse.Namespace) -> bool:
    """Run the first deployment, or the rest of one."""
    answers = questions.ask_all(questions.Asker(questions.terminal()), arguments.env or None)
    return FirstDeployment(answers).run()


def deploy(arguments: argparse.Namespace) -> bool:
    """Build and deploy with the stored answers; sam shows the changes and asks, unless `--yes` is given."""
    answers = _stored(arguments)
    if unknown := [name for name in answers.parameters if name not in declared()]:
        message = f"the template has no parameter {', '.join(unknown)}: correct {answers.file}"
        raise Fault(message)
    stack = Stack(Account(answers.region), answers.stack_name)
    if remedy := stack.remedy():
        message = f"{stack.name} is {stack.status}\n{remedy}"
        raise Fault(message)
    sam = Sam(answers, stack)
    sam.build()
    if arguments.yes:
        sam.deploy(answers.parameters, "deploying")
    else:
        sam.deploy_and_ask(answers.parameters)
    return True


def check_before(arguments: argparse.Namespace) -> bool:
    """Print the preflight."""
    return show(preflight.findings(_stored(arguments)))


def check_after(arguments: argparse.Namespace) -> bool:
    """Print the smoke test."""
    return show(smoke.findings(_stored(arguments), arguments.url, flood=arguments.throttle == "yes"))


def _stored(arguments: argparse.Namespace) -> Answers:
    answers = load(arguments.env or DEFAULT)
    answers.region = answers.region or default_region()
    return answers


COMMANDS = {"first": first, "deploy": deploy, "preflight": check_before, "smoke": check_after}


def main() -> None:
    """Parse the command line and run the command. An error prints its message and exits with code 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy", description="Deploy Guestkey to AWS, and check it.")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--env", default="", help="environment of samconfig.toml: default or prod")
    parser.add_argument("--url", default="", help="address of the API, if not the one of the stack")
    parser.add_argument("--throttle", default="", help="yes: provoke a 429 on the public route")
    parser.add_argument("--yes", action="store_true", help="deploy without asking")
    arguments = parser.parse_args()
    try:
        is_good = COMMANDS[arguments.command](arguments)
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"guestkey: AWS: {error}\nRun it again, it goes on.")
    except KeyboardInterrupt:
        sys.exit("\nguestkey: interrupted; run it again, it goes on")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
