"""Checks of the sender of mails: its form, its standing in SES, and the sandbox."""

import re
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.answers import Answers
from deploy.findings import Finding, fail, note, ok

ADDRESS = re.compile(r"[^@\s<>]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def form_problem(sender: str) -> str:
    """Return what is wrong with the form of a sender such as `Example Support <support@vendor.example>`, or nothing."""
    if ADDRESS.fullmatch(parseaddr(sender)[1]):
        return ""
    return f"{sender!r} is no sender; give an address, or Name <address>"


def check(account: Account, answers: Answers) -> Iterator[Finding]:
    """Check the sender in SES of the stack's region."""
    sender = answers.parameters.get("MailSender", "")
    if not sender:
        action = "Everything else works. When SES has your sender, write MailSender into deployment.toml and deploy."
        yield note("mail sender", "none; no mails go out", action)
        return
    if trouble := form_problem(sender):
        yield fail("mail sender", trouble, "Correct MailSender in deployment.toml.")
        return
    ses, address = account.client("sesv2"), parseaddr(sender)[1]
    yield _identity(ses, address, answers.parameters.get("MailDomain", ""), account.region)
    yield from _standing(ses.get_account(), account.region)


def _identity(ses: Any, address: str, own_domain: str, region: str) -> Finding:
    domain = address.rpartition("@")[2]
    # SES uses the address if it has it, else the domain, else a parent of the domain.
    parents = [domain.split(".", count)[-1] for count in range(domain.count("."))]
    for identity in [address, *parents]:
        if (found := _find(ses, identity)) is None:
            continue
        if found["VerifiedForSendingStatus"]:
            return ok("mail sender", f"SES has verified {identity}")
        if identity == own_domain:
            action = "Add the records MailDkim1, MailDkim2, MailDkim3, MailFromMx and MailFromSpf to its DNS and wait."
            return note("mail sender", f"SES has not verified {identity} yet: every mail is refused", action)
        action = (
            f"Follow the link in the mail that SES sent to {address}, or add its DNS records. See it with:\n"
            f"aws sesv2 get-email-identity --email-identity {identity}"
        )
        return fail("mail sender", f"SES knows {identity} and has not verified it: every mail is refused", action)
    if own_domain and (domain == own_domain or domain.endswith(f".{own_domain}")):
        action = "Add the five DNS records of the outputs after the deployment; until then every mail is refused."
        return note("mail sender", f"the stack creates {own_domain} in SES", action)
    action = (
        f"Verify one: aws sesv2 create-email-identity --email-identity {address}, then follow the link in its mail.\n"
        f'Or let the stack create the domain: write MailDomain = "{domain}" into deployment.toml.\n'
        "Or leave MailSender empty for now: no mails go out, everything else works."
    )
    return fail("mail sender", f"SES in {region} knows neither {address} nor {domain}", action)


def _standing(standing: dict[str, Any], region: str) -> Iterator[Finding]:
    if not standing["SendingEnabled"]:
        action = "See the mail of AWS to the account's owner, and the SES console under Account dashboard."
        yield fail("SES", f"sending is switched off for this account in {region}", action)
    elif not standing["ProductionAccessEnabled"]:
        action = (
            "Mails reach verified addresses only, 200 a day. Before customers depend on it ask for production access:\n"
            "docs/operating.md, Leave the sandbox. It takes about a day."
        )
        yield note("SES", f"the account is in the sandbox in {region}", action)
    elif standing["EnforcementStatus"] != "HEALTHY":
        action = (
            "AWS reviews the account because of bounces or complaints. See docs/operating.md, Bounces and complaints."
        )
        yield note("SES", f"the account's status is {standing['EnforcementStatus']}", action)
    else:
        yield ok("SES", f"{standing['SendQuota']['Max24HourSend']:,.0f} mails a day")


def _find(ses: Any, identity: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ses.get_email_identity(EmailIdentity=identity)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NotFoundException":
            return None
        raise
    return found
