"""`make first-deploy`: questions, checks, deployments, a first customer and agent, and the smoke test.

The API's address is known after the first deployment only. So the first one has no sender of mails, the second one gets
the address and the sender, and for customers a third one protects the stack: no mail ever leaves with an address that
does not exist, and a failed first try leaves no protected table behind. Every step looks at the state of things, so
that the command goes on where it stopped when it runs again.
"""

import sys
import time
from dataclasses import dataclass

from deploy import preflight, smoke
from deploy.account import Account
from deploy.answers import Answers, declared
from deploy.findings import show
from deploy.registration import first_of, register
from deploy.sam import Sam
from deploy.smoke_stack import Deployed
from deploy.stacks import DELETABLE, GOOD, Stack
from deploy.tokens import at_hand
from local.build import architecture
from local.faults import Fault
from local.progress import step

SENDING = ("MailSender", "MailReplyTo", "MailDomain")
"""Parameters by which mails with links leave. The first of the two deployments leaves them empty."""


@dataclass
class FirstDeployment:
    """The steps of a first deployment, for the operator's answers."""

    answers: Answers

    def run(self) -> bool:
        """Run each step that is not done yet, and return whether the smoke test is green. Raises Fault."""
        began = time.monotonic()
        self._check()
        self._deploy()
        self._register()
        _say("smoke test")
        is_good = show(smoke.findings(self.answers, ""))
        minutes = (time.monotonic() - began) / 60
        _say(f"{'done' if is_good else 'deployed, with red lines above'}, after {minutes:.1f} minutes")
        _say(f"the answers are in {self.answers.file.name}; a new version: make deploy ENV={self.answers.environment}")
        return is_good

    @property
    def account(self) -> Account:
        """The account and region of the answers."""
        return Account(self.answers.region)

    @property
    def _stack(self) -> Stack:
        return Stack(self.account, self.answers.stack_name)

    def _check(self) -> None:
        _say("preflight")
        if self.account.is_emulated:
            # The emulator runs the functions on this machine.
            self.answers.parameters["Arch"] = architecture()
        if not show(preflight.findings(self.answers)):
            message = "preflight found errors; nothing was changed. Correct them and run make first-deploy again"
            raise Fault(message)

    def _deploy(self) -> None:
        stack = self._stack
        if (status := stack.status) in DELETABLE:
            with step(f"deleting the remains of a failed deployment ({status})"):
                stack.delete()
        sam = Sam(self.answers, stack)
        sam.build()
        if stack.status not in GOOD:
            sam.deploy(self.first_parameters(), "deploying for the first time, without mails")
        final = self.final_parameters()
        protects = final["Protection"] == "yes" and stack.parameters().get("Protection") != "yes"
        # Protection comes alone: a protected stack moves to new versions step by step, which takes 20 minutes.
        unprotected = final | ({"Protection": "no"} if protects else {})
        sam.deploy(unprotected, "deploying with the address of the API")
        if protects:
            sam.deploy(final, "protecting the stack against deletion")
        self.answers.parameters = final
        self.answers.save()

    def first_parameters(self) -> dict[str, str]:
        """Return the parameters of the first deployment: without a sender, and without protection."""
        return self.answers.parameters | dict.fromkeys(SENDING, "") | {"Protection": "no"}

    def final_parameters(self) -> dict[str, str]:
        """Return the parameters at the end: with the address, the sender and, for customers, the protection.

        A stack for customers without a sender is not complete, so the template refuses to protect it.
        """
        is_complete = self.answers.stage == "production" and self.answers.has("MailSender")
        final = self.answers.parameters | {"Protection": "yes" if is_complete else "no"}
        if not final.get("DomainName"):
            final["BaseUrl"] = self._stack.outputs()["ApiUrl"].rstrip("/")
        return {name: value for name, value in final.items() if name in declared()}

    def _register(self) -> None:
        if self.answers.registered:
            _say(f"registered before: {self.answers.registered}")
            return
        deployed = Deployed(self.account, self.answers)
        tokens = at_hand(self.account, self.answers, deployed.outputs)
        if not tokens.vendor:
            _say(f"no customer and agent are registered yet: {tokens.problem}, and run make first-deploy again")
            return
        first = first_of(self.answers, tokens)
        with step(f"registering the customer {first.tenant_id} and the agent {first.agent_id}"):
            register(smoke.address_of(deployed), tokens.vendor, first, self.answers.parameters.get("OperatorMail", ""))
        self.answers.registered = f"{first.tenant_id} {first.agent_id}"
        self.answers.save()


def _say(text: str) -> None:
    print(f"\n{text}", file=sys.stderr, flush=True)
