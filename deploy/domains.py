"""The API's own domain: finds its certificate and its hosted zone, and checks both."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from deploy.account import Account
from deploy.answers import Answers
from deploy.findings import Finding, fail, note, ok

ISSUED = "ISSUED"
EDGE_REGION = "us-east-1"
"""The region of certificates of CloudFront, which serves the domain if the stack has a web ACL."""
MIN_REMAINING = timedelta(days=14)


def covers(name: str, domain: str) -> bool:
    """Return whether a name of a certificate covers a domain. A wildcard covers exactly one label."""
    name, domain = name.lower(), domain.lower()
    if name.startswith("*."):
        return domain.partition(".")[2] == name[2:] and not domain.startswith(".")
    return name == domain


def place_of(account: Account, answers: Answers) -> Account:
    """Return the account in the region in which the domain's certificate must be."""
    return Account(EDGE_REGION) if answers.has("WebAclArn") else account


def find_certificate(account: Account, domain: str) -> str:
    """Return the ARN of an issued certificate of the region that covers the domain, or an empty text."""
    pages = account.client("acm").get_paginator("list_certificates").paginate(CertificateStatuses=[ISSUED])
    for page in pages:
        for summary in page["CertificateSummaryList"]:
            names = [summary["DomainName"], *summary.get("SubjectAlternativeNameSummaries", [])]
            if any(covers(name, domain) for name in names):
                return str(summary["CertificateArn"])
    return ""


def find_zone(account: Account, domain: str) -> str:
    """Return the id of the public hosted zone with the longest name that contains the domain, or an empty text."""
    pages = account.client("route53").get_paginator("list_hosted_zones").paginate()
    zones = [zone for page in pages for zone in page["HostedZones"] if not zone.get("Config", {}).get("PrivateZone")]
    fitting = [zone for zone in zones if _contains(zone["Name"], domain)]
    best = max(fitting, key=lambda zone: len(zone["Name"]), default=None)
    return str(best["Id"]).removeprefix("/hostedzone/") if best else ""


def check(account: Account, answers: Answers) -> Iterator[Finding]:
    """Check the certificate and the hosted zone of the API's domain, if it has one."""
    domain = answers.parameters.get("DomainName", "")
    if not domain:
        yield ok("domain", "none: the API gets an address of AWS")
        return
    arn = answers.parameters.get("CertificateArn", "")
    place = place_of(account, answers)
    yield from _certificate(place, domain, arn) if arn else [_missing(domain, place.region)]
    zone = answers.parameters.get("HostedZoneId", "")
    if zone:
        yield _zone(account, domain, zone)
    else:
        action = f"After the deployment add a CNAME or alias record for {domain}, as the outputs say."
        yield note("DNS", "no hosted zone of this account: the stack creates no record", action)


def _missing(domain: str, region: str) -> Finding:
    action = (
        f"aws acm request-certificate --region {region} --domain-name {domain} --validation-method DNS\n"
        "Add its DNS record, wait until it is issued, and run again; the certificate is then found."
    )
    return fail("certificate", f"no issued certificate in {region} covers {domain}", action)


def _certificate(account: Account, domain: str, arn: str) -> Iterator[Finding]:
    subject, region = "certificate", arn.split(":")[3] if arn.count(":") >= 5 else ""
    if region != account.region:
        action = f"The API needs a certificate in {account.region}. Request one there and set CertificateArn."
        yield fail(subject, f"it is of the region {region or 'unknown'}, not of {account.region}", action)
        return
    try:
        found: dict[str, Any] = account.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    except ClientError as error:
        yield fail(subject, f"ACM does not have it: {error.response['Error']['Code']}", "Correct CertificateArn.")
        return
    names = [found["DomainName"], *found.get("SubjectAlternativeNames", [])]
    expires = found.get("NotAfter")
    if not any(covers(name, domain) for name in names):
        yield fail(
            subject, f"it is for {', '.join(dict.fromkeys(names))}, not for {domain}", "Request one for the domain."
        )
    elif found["Status"] != ISSUED:
        yield fail(subject, f"its status is {found['Status']}", "Add its validation record to the DNS and wait.")
    elif expires and expires < datetime.now(UTC) + MIN_REMAINING:
        yield fail(subject, f"it ends at {expires:%Y-%m-%d}", "Renew it: ACM does so if its DNS record is still there.")
    else:
        yield ok(subject, f"covers {domain}")


def _zone(account: Account, domain: str, zone: str) -> Finding:
    try:
        found = account.client("route53").get_hosted_zone(Id=zone)["HostedZone"]
    except ClientError as error:
        return fail(
            "DNS", f"Route 53 does not have the zone {zone}: {error.response['Error']['Code']}", "Correct HostedZoneId."
        )
    if found.get("Config", {}).get("PrivateZone"):
        return fail("DNS", f"the zone {zone} is private", "Name the public zone, or leave HostedZoneId empty.")
    if not _contains(found["Name"], domain):
        return fail("DNS", f"the zone {zone} is of {found['Name']}, not of {domain}", "Correct HostedZoneId.")
    return ok("DNS", f"the stack creates the record in the zone {found['Name']}")


def _contains(zone: str, domain: str) -> bool:
    name = zone.rstrip(".").lower()
    return domain.lower() == name or domain.lower().endswith(f".{name}")
