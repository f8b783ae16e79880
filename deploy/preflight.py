"""`make preflight`: all that can be known before a deployment, in seconds. It changes nothing in the account."""

import shutil
import subprocess
from collections.abc import Iterator

from deploy import account as accounts
from deploy import domains, issuers, mail, stacks
from deploy.account import Account
from deploy.answers import Answers, declared
from deploy.findings import Finding, Standing, fail, note, of, ok
from deploy.sam import BUILT, artifact_problems
from local.build import RUNTIME, sam_environment


def findings(answers: Answers) -> Iterator[Finding]:
    """Yield the result of each check. Without usable credentials the checks of the account are left out."""
    account = Account(answers.region or accounts.default_region())
    yield from tools()
    yield from parameters(answers)
    yield from accounts.stack_name(answers.stack_name)
    yield from artifact(answers)
    found = [*of("region", lambda: accounts.region(account))]
    yield from found
    yield from of("issuers", lambda: issuers.check(answers, may_be_http=account.is_emulated))
    if any(one.standing is Standing.FAIL for one in found):
        return
    who = of("credentials", lambda: accounts.credentials(account))
    yield from who
    if any(one.standing is Standing.FAIL for one in who):
        return
    yield from of("Lambda concurrency", lambda: accounts.concurrency(account, answers.stage))
    yield from of("mail sender", lambda: mail.check(account, answers))
    yield from of("mail domain", lambda: stacks.mail_domain(account, answers))
    yield from of("domain", lambda: domains.check(account, answers))
    yield from of("stack", lambda: stacks.check(account, answers))


def tools() -> Iterator[Finding]:
    """Check that sam and the Python of the functions are there."""
    sam, python = (shutil.which(name, path=sam_environment()["PATH"]) for name in ("sam", RUNTIME))
    if sam is None or python is None:
        yield fail("tools", f"{'sam' if sam is None else RUNTIME} is missing", "make setup installs it.")
        return
    pip = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    if pip.returncode != 0:
        yield fail("tools", f"{python} has no pip, which sam build needs", "rm -r .venv; make setup")
    else:
        yield ok("tools", f"sam, and {RUNTIME} with pip")


def artifact(answers: Answers) -> Iterator[Finding]:
    """Check the last build if there is one. A deployment builds anew and checks again."""
    if (BUILT / "template.yaml").exists():
        first, *others = artifact_problems(answers) or [""]
        if first:
            yield note("build", first, "\n".join([*others, "make deploy and make first-deploy build anew."]))
        else:
            yield ok("build", "up to date")


def parameters(answers: Answers) -> Iterator[Finding]:
    """Check that the template declares each parameter, and that each value is one of those that it allows."""
    known, action = declared(), "Correct deployment.toml."
    wrong = False
    for name, value in answers.parameters.items():
        if name not in known:
            wrong = True
            yield fail("parameters", f"the template has no parameter {name}", action)
        elif (allowed := known[name].get("AllowedValues")) and value not in map(str, allowed):
            wrong = True
            yield fail("parameters", f"{name} is {value!r}, not one of {', '.join(map(str, allowed))}", action)
    if not wrong:
        yield ok("parameters", f"{len(answers.parameters)} set, all known to the template")
