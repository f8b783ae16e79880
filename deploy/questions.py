"""The questions of the first deployment, at most six, each with a default and a check of its answer at once.

An answer is taken from the environment, else from `deployment.toml`, else from the operator at a terminal, else it is
the default. Without a terminal a wrong answer ends the command.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

from deploy import account as accounts
from deploy import domains, issuers, mail
from deploy.account import Account
from deploy.answers import ENVIRONMENTS, Answers, declared, load
from deploy.findings import Standing, of
from deploy.stacks import Stack
from local.faults import Fault

POOLS = "pools"
NONE = "none"
STAGE, REGION, ISSUERS, SENDER, DOMAIN, OPERATOR = (
    "STAGE",
    "REGION",
    "ISSUERS",
    "MAIL_SENDER",
    "DOMAIN",
    "OPERATOR_MAIL",
)
Check = Callable[[str], str]
"""Returns what is wrong with an answer, or an empty text."""


@dataclass
class Asker:
    """Asks the questions in turn. `read` returns a line from the operator; None if there is no terminal."""

    read: Callable[[str], str] | None
    asked: int = 0

    def ask(self, setting: str, text: str, default: str, check: Check, known: str | None = None) -> str:
        """Return the answer to one question. Raises Fault if an answer that the operator cannot repeat is wrong."""
        given = os.environ.get(setting, known)
        if given is not None or self.read is None:
            answer = default if given is None else given
            answer = "" if answer == NONE else answer
            if trouble := check(answer):
                message = f"{setting}: {trouble}"
                raise Fault(message)
            return answer
        self.asked += 1
        print(f"\n{self.asked}. {text}", file=sys.stderr)
        while True:
            answer = self.read(f"   [{default or NONE}] ").strip() or default
            answer = "" if answer == NONE else answer
            if not (trouble := check(answer)):
                return answer
            print(f"   {trouble}", file=sys.stderr)


def terminal() -> Callable[[str], str] | None:
    """Return the function that reads a line from the terminal, or None if the command has no terminal."""

    def read(prompt: str) -> str:
        print(prompt, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            message = "no answer came; run again, the given answers are kept"
            raise Fault(message)
        return line

    return read if sys.stdin.isatty() else None


def ask_all(asker: Asker, environment: str | None) -> Answers:
    """Return the answers for an environment, and save each as soon as it is checked. Without one, ask for the stage."""
    if environment is None:
        stage = asker.ask(
            STAGE, "A stack to try (development) or for customers (production)?", "development", _is_stage
        )
        environment = ENVIRONMENTS[stage]
    answers = load(environment)
    is_new = not answers.is_saved
    answers.region = asker.ask(
        REGION,
        "Which AWS region?",
        accounts.default_region(),
        _is_known_region,
        answers.region or None,
    )
    account = Account(answers.region)
    _require_credentials(account)
    if is_new:
        # A stack that was deployed without this command keeps its parameters.
        answers.parameters = _deployed(account, answers.stack_name) | answers.parameters
    answers.save()
    _ask_issuers(asker, account, answers)
    answers.save()
    _ask_sender(asker, account, answers)
    answers.save()
    _ask_domain(asker, account, answers)
    answers.save()
    _ask_operator(asker, answers)
    answers.save()
    return answers


def _require_credentials(account: Account) -> None:
    for found in of("credentials", lambda: accounts.credentials(account)):
        if found.standing is Standing.FAIL:
            message = f"credentials: {found.seen}\n{found.action}"
            raise Fault(message)


def _deployed(account: Account, stack_name: str) -> dict[str, str]:
    deployed = Stack(account, stack_name).parameters()
    return {name: value for name, value in deployed.items() if name in declared()}


def _ask_issuers(asker: Asker, account: Account, answers: Answers) -> None:
    def check(answer: str) -> str:
        return "" if answer == POOLS else _trouble_with(answer.split(), account)

    known = None
    if answers.parameters.get("CreateUserPools") == "yes":
        known = POOLS
    elif all(answers.has(name) for name in issuers.PARAMETERS):
        known = " ".join(answers.parameters[name] for name in issuers.PARAMETERS)
    text = (
        "Where do your users, agents and backend get their tokens? Give the issuer of your identity provider (one\n"
        "   address for all, or three: users, agents, backend), or `pools` to create three Cognito user pools."
    )
    answer = asker.ask(ISSUERS, text, POOLS, check, known)
    if answer == POOLS:
        answers.parameters["CreateUserPools"] = "yes"
        return
    addresses = answer.split()
    answers.parameters["CreateUserPools"] = "no"
    answers.parameters |= dict(zip(issuers.PARAMETERS, addresses * (3 // len(addresses)), strict=True))
    for name in ("TenantAudience", "SupportAudience", "VendorAudience"):
        answers.parameters.setdefault(name, str(declared()[name]["Default"]))


def _trouble_with(addresses: list[str], account: Account) -> str:
    if len(addresses) not in {1, 3}:
        return "give one address, or three (users, agents, backend) with blanks between them, or: pools"
    troubles = (issuers.problem(address, may_be_http=account.is_emulated) for address in addresses)
    return next((". ".join(trouble) for trouble in troubles if trouble), "")


def _ask_sender(asker: Asker, account: Account, answers: Answers) -> None:
    def check(sender: str) -> str:
        probe = Answers(answers.environment, answers.stack_name, answers.file, answers.region, dict(answers.parameters))
        probe.parameters["MailSender"] = sender
        if not sender:
            return ""
        failed = [one for one in of("mail sender", lambda: mail.check(account, probe)) if one.standing is Standing.FAIL]
        return "\n".join(f"{one.seen}.\n{one.action}" for one in failed).replace("\n", "\n   ")

    text = "Sender of mails, such as Example Support <support@vendor.example>? Leave it out to send no mails for now."
    answer = asker.ask(SENDER, text, "", check, answers.parameters.get("MailSender"))
    answers.parameters["MailSender"] = answer


def _ask_domain(asker: Asker, account: Account, answers: Answers) -> None:
    if "DomainName" not in declared():
        return
    place = domains.place_of(account, answers)

    def check(domain: str) -> str:
        if not domain:
            return ""
        if domain.count(".") < 1 or "/" in domain or ":" in domain:
            return f"{domain!r} is no domain; give a name such as access.vendor.example"
        if answers.has("CertificateArn") or domains.find_certificate(place, domain):
            return ""
        return f"no issued certificate of ACM in {place.region} covers {domain}; request one first, or answer: none"

    text = "Domain of the API, such as access.vendor.example? Leave it out for an address of AWS."
    answer = asker.ask(DOMAIN, text, "", check, answers.parameters.get("DomainName"))
    answers.parameters["DomainName"] = answer
    if answer and not answers.has("CertificateArn"):
        answers.parameters["CertificateArn"] = domains.find_certificate(place, answer)
    if answer and "HostedZoneId" not in answers.parameters:
        answers.parameters["HostedZoneId"] = domains.find_zone(account, answer)


def _ask_operator(asker: Asker, answers: Answers) -> None:
    def check(address: str) -> str:
        return "" if not address or mail.ADDRESS.fullmatch(address) else f"{address!r} is no mail address"

    text = "Your mail address, for alarms and for the mails to the first customer?"
    answer = asker.ask(OPERATOR, text, "", check, answers.parameters.get("OperatorMail"))
    answers.parameters["OperatorMail"] = answer
    if answer:
        answers.parameters["Monitoring"] = "yes"


def _is_stage(answer: str) -> str:
    return "" if answer in ENVIRONMENTS else f"{answer!r} is no stage; answer {' or '.join(ENVIRONMENTS)}"


def _is_known_region(answer: str) -> str:
    if not answer:
        return "name one, such as eu-central-1"
    return (
        ""
        if accounts.is_region(answer)
        else f"AWS has no region {answer!r} with Lambda; name one, such as eu-central-1"
    )
