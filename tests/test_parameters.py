"""The parameters that CloudFormation takes or refuses before it creates anything.

The emulator's engine evaluates patterns and rules. It refuses functions that CloudFormation refuses in rules, too.
"""

from typing import Any

import pytest
from ministack.services.cloudformation import engine

from tests import stack
from tests.rows_and_columns import each_row

ISSUERS = {f"{name}Issuer": f"https://id.vendor.example/{name}" for name in ("Tenant", "Support", "Vendor")}
ADDRESS = {"BaseUrl": "https://support.vendor.example"}
SENDER = {"MailSender": "Example Support <support@vendor.example>"}
CERTIFICATE = {"CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d-4e5f"}
DOMAIN = {"DomainName": "support.vendor.example"} | CERTIFICATE
WEB_ACL = {"WebAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/guestkey/0a1b2c3d-4e5f"}
POOLS = {"CreateUserPools": "yes"}
FIRST = {"Protection": "no"}
"""The first deployment: nothing is protected, and neither the address nor the sender needs to be known."""
WORKING = {
    "first deployment": ISSUERS | FIRST,
    "first deployment with pools": POOLS | FIRST,
    "second deployment, with the address": POOLS | FIRST | ADDRESS | SENDER,
    "production": ISSUERS | ADDRESS | SENDER,
    "production with pools": POOLS | ADDRESS | SENDER,
    "production with a domain": ISSUERS | DOMAIN | SENDER | {"HostedZoneId": "Z0123456789ABCDEFGHIJ"},
    "production behind a web ACL": ISSUERS | DOMAIN | WEB_ACL | SENDER,
    "a base path at another gateway": ISSUERS | SENDER | {"BaseUrl": "https://vendor.example/access"},
    "a mail domain": ISSUERS | ADDRESS | SENDER | {"MailDomain": "vendor.example"},
    "development": ISSUERS | {"Stage": "development"},
    "local": ISSUERS | {"Stage": "development", "TenantIssuer": "http://127.0.0.1:4567/tenant", **ADDRESS},
}


def refusal(**given: str) -> str | None:
    """Return why CloudFormation refuses these parameters, or None if it takes them."""
    template = stack.template()
    try:
        engine._check_rules_section(template)
        values = engine._resolve_parameters(template, [{"Key": name, "Value": given[name]} for name in given])
        engine._evaluate_rules(template, values, {})
    except ValueError as refused:
        return str(refused)
    return None


@each_row("name", WORKING)
def test_each_documented_set_of_parameters_is_taken(name: str) -> None:
    assert refusal(**WORKING[name]) is None


def test_the_defaults_are_refused_with_what_to_do() -> None:
    said = refusal()

    assert said is not None
    assert "TenantIssuer is empty. Set it to the issuer of your users' tokens, or set CreateUserPools=yes." in said


@each_row(
    ("given", "without", "said"),
    [
        (ISSUERS | FIRST, "TenantIssuer", "TenantIssuer is empty"),
        (ISSUERS | FIRST, "SupportIssuer", "SupportIssuer is empty"),
        (ISSUERS | FIRST, "VendorIssuer", "VendorIssuer is empty"),
        (WORKING["development"], "VendorIssuer", "VendorIssuer is empty"),
        (WORKING["production"], "BaseUrl", "MailSender needs BaseUrl or DomainName"),
        (WORKING["production"], "MailSender", "MailSender is empty"),
        (POOLS | ADDRESS, "BaseUrl", "BaseUrl and DomainName are empty"),
        (WORKING["a mail domain"], "MailSender", "MailDomain and MailReplyTo need MailSender"),
        (ISSUERS | FIRST | SENDER | ADDRESS, "BaseUrl", "MailSender needs BaseUrl or DomainName"),
        (ISSUERS | DOMAIN | ADDRESS | SENDER, "CertificateArn", "DomainName and CertificateArn"),
        (ISSUERS | DOMAIN | ADDRESS | SENDER, "DomainName", "DomainName and CertificateArn"),
        (ISSUERS | ADDRESS | SENDER | {"HostedZoneId": "Z012"}, "", "HostedZoneId needs DomainName"),
        (ISSUERS | FIRST | {"MailReplyTo": "help@vendor.example"}, "", "MailDomain and MailReplyTo need MailSender"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_created(given: dict[str, str], without: str, said: str) -> None:
    reason = refusal(**{name: value for name, value in given.items() if name != without})

    assert reason is not None
    assert said in reason


@each_row(
    ("name", "value"),
    [
        ("TenantIssuer", "https://tenant.invalid"),
        ("SupportIssuer", "https://id.support.invalid/staff"),
        ("VendorIssuer", "https://vendor.invalid:8443"),
        ("TenantIssuer", "id.vendor.example"),
        ("BaseUrl", "https://guestkey.invalid"),
        ("BaseUrl", "https://guestkey.invalid/access"),
        ("BaseUrl", "https://support.vendor.example/"),
        ("CertificateArn", "arn:aws:iam::123456789012:server-certificate/x"),
        ("DomainName", "Support.vendor.example"),
        ("WebAclArn", WEB_ACL["WebAclArn"].replace("us-east-1", "eu-central-1")),
        ("WebAclArn", WEB_ACL["WebAclArn"].replace("global", "regional")),
        ("AgentSignInUrls", "http://desk.vendor.example/"),
        ("AgentSignInUrls", ""),
        ("Protection", "maybe"),
        ("CheckConcurrency", "-1"),
    ],
)
def test_a_value_of_another_form_is_refused(name: str, value: str) -> None:
    assert refusal(**(POOLS | ADDRESS | SENDER | {name: value})) is not None


@each_row(
    ("name", "value"),
    [
        ("TenantIssuer", "https://invalid.vendor.example"),
        ("TenantIssuer", "https://id.vendor.example/invalid"),
        ("TenantIssuer", "https://notinvalid"),
        ("BaseUrl", "http://127.0.0.1:4566"),
        ("AgentSignInUrls", "https://desk.vendor.example/in,http://localhost:3000/"),
        ("CheckConcurrency", "50"),
    ],
)
def test_a_value_of_the_form_is_taken(name: str, value: str) -> None:
    assert refusal(**(ISSUERS | ADDRESS | SENDER | {name: value})) is None


def test_pools_need_no_issuers_and_no_difference_between_them() -> None:
    same = {f"{name}Audience": "same" for name in ("Tenant", "Support", "Vendor")}

    assert refusal(**POOLS, **ADDRESS, **SENDER, **same) is None
    assert refusal(**dict.fromkeys(ISSUERS, "https://id.example"), **ADDRESS, **SENDER, **same) is not None


# ------------------------------------------------------------------ what the parameters make


def base_url(**given: str) -> Any:
    made = stack.template()["Globals"]["Function"]["Environment"]["Variables"]["BASE_URL"]
    return stack.value_of(made, stack.parameters(**given))


def test_links_begin_with_the_base_url_or_else_with_the_domain_or_else_there_are_none() -> None:
    assert base_url(**ADDRESS, **DOMAIN) == ADDRESS["BaseUrl"]
    assert base_url(**DOMAIN) == "https://support.vendor.example"
    assert base_url() == ""


def test_users_sign_in_on_the_page_once_its_address_is_known() -> None:
    client = stack.resource("TenantPoolClient")

    for given, page in [
        (ADDRESS, f"{ADDRESS['BaseUrl']}/activate"),
        (DOMAIN, "https://support.vendor.example/activate"),
    ]:
        made = stack.value_of(client, stack.parameters(**POOLS, **given))
        assert (made["AllowedOAuthFlowsUserPoolClient"], made["CallbackURLs"]) == (True, [page])
    made = stack.value_of(client, stack.parameters(**POOLS))
    assert (made["AllowedOAuthFlowsUserPoolClient"], made["CallbackURLs"], made["AllowedOAuthFlows"]) == (
        False,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("given", "is_protected"), [({}, True), (FIRST, False), ({"Stage": "development"}, False)], ids=str
)
def test_only_production_is_protected_and_only_after_the_first_success(
    given: dict[str, str], is_protected: bool
) -> None:
    parameters = stack.parameters(**given)
    made = stack.template()["Resources"]

    assert stack.value_of(made["Table"]["Properties"]["DeletionProtectionEnabled"], parameters) is is_protected
    assert stack.value_of(made["Table"]["DeletionPolicy"], parameters) == ("Retain" if is_protected else "Delete")
    assert made["Table"]["UpdateReplacePolicy"] == "Retain"
    for pool in stack.of_type("AWS::Cognito::UserPool").values():
        assert stack.value_of(pool["DeletionProtection"], parameters) == ("ACTIVE" if is_protected else "INACTIVE")


def test_concurrency_is_reserved_only_where_it_is_asked_for() -> None:
    for function, parameter in (
        ("CheckFunction", "CheckConcurrency"),
        ("RevokeFunction", "RevokeConcurrency"),
        ("LockdownFunction", "RevokeConcurrency"),
    ):
        reserved = stack.resource(function)["ReservedConcurrentExecutions"]
        assert stack.value_of(reserved, stack.parameters()) is None
        assert stack.value_of(reserved, stack.parameters(**{parameter: "7"})) == "7"
