"""Credentials, region, concurrency, sender, certificate and zone, read from moto and from recorded answers of AWS."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from moto import mock_aws

from deploy import account as accounts
from deploy import domains, mail, stacks
from deploy.account import Account
from deploy.answers import Answers, load
from deploy.findings import Finding, Standing, of
from tests.deploy.served import Reply, Served, serving
from tests.rows_and_columns import each_row

REGION = "eu-central-1"
HERE = Account(REGION)
QUOTA = {"Max24HourSend": 50000, "MaxSendRate": 14, "SentLast24Hours": 0}
STANDING = {"SendingEnabled": True, "ProductionAccessEnabled": True, "EnforcementStatus": "HEALTHY", "SendQuota": QUOTA}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server with answers of AWS's JSON services."""
    with serving({"GET /v2/email/account": Reply(200, STANDING)}) as served:
        served.default = Reply(404, {"message": "unknown"}, {"x-amzn-errortype": "NotFoundException"})
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        yield served


def answers_with(**parameters: str) -> Answers:
    answers = load("prod")
    answers.region = REGION
    answers.parameters |= parameters
    return answers


def lines(found: Iterable[Finding]) -> list[tuple[str, str]]:
    kept = list(found)
    assert all(one.action for one in kept if one.standing is Standing.FAIL)
    return [(one.standing, one.seen) for one in kept]


def limits(count: int) -> Reply:
    return Reply(200, {"AccountLimit": {"ConcurrentExecutions": count, "UnreservedConcurrentExecutions": count}})


def identity(*, verified: bool) -> Reply:
    return Reply(200, {"VerifiedForSendingStatus": verified})


def test_a_new_accounts_concurrency_is_noted_with_the_command_that_raises_it(aws: Served) -> None:
    path = "GET /2016-08-19/account-settings"
    aws.table[path] = limits(10)
    (new,) = accounts.concurrency(HERE, "production")
    aws.table[path] = limits(accounts.MIN_CONCURRENCY)
    (grown,) = accounts.concurrency(HERE, "production")

    assert new.standing is Standing.NOTE
    assert "new accounts have 10" in new.seen
    assert "request-service-quota-increase" in new.action
    assert grown.standing is Standing.OK


def test_a_region_must_be_named_and_known() -> None:
    assert lines(accounts.region(HERE)) == [("ok", REGION)]
    assert lines(accounts.region(Account("")))[0] == ("FAIL", "none is set; samconfig.toml names none, on purpose")
    assert lines(accounts.region(Account("eu-central-9")))[0][0] == "FAIL"


def test_refused_credentials_are_named_with_the_way_to_new_ones(aws: Served) -> None:
    error = b"<Error><Code>ExpiredToken</Code><Message>The token is expired</Message></Error>"
    body = b"<ErrorResponse>" + error + b"</ErrorResponse>"
    aws.table["POST / GetCallerIdentity"] = Reply(403, body, {"Content-Type": "text/xml"})

    assert lines(accounts.credentials(HERE)) == [("FAIL", "AWS refuses them: The token is expired")]


def test_good_credentials_name_the_account() -> None:
    with mock_aws():
        assert lines(accounts.credentials(HERE)) == [("ok", "account 123456789012, as user/moto")]


def test_a_missing_permission_is_a_note_and_the_other_checks_go_on(aws: Served) -> None:
    denied = {"message": "not authorized to perform: ses:GetAccount"}
    aws.table["GET /v2/email/account"] = Reply(403, denied, {"x-amzn-errortype": "AccessDeniedException"})
    (found,) = of("SES", lambda: [Account(REGION).client("sesv2").get_account()])

    assert found.standing is Standing.NOTE
    assert "ses:GetAccount" in found.seen


@each_row("name, standing", [("a" * 64, "ok"), ("a" * 65, "FAIL"), ("9lives", "FAIL"), ("a_b", "FAIL"), ("", "FAIL")])
def test_the_name_of_a_stack_has_at_most_64_characters(name: str, standing: str) -> None:
    assert lines(accounts.stack_name(name))[0][0] == standing


# ------------------------------------------------------------------ the sender


def test_a_verified_domain_is_enough_for_its_addresses(aws: Served) -> None:
    aws.table["GET /v2/email/identities/vendor.example"] = identity(verified=True)
    found = lines(mail.check(HERE, answers_with(MailSender="Support <support@mail.vendor.example>")))

    assert found == [("ok", "SES has verified vendor.example"), ("ok", "50,000 mails a day")]


def test_an_unverified_address_counts_even_if_its_domain_is_verified(aws: Served) -> None:
    aws.table["GET /v2/email/identities/support%40vendor.example"] = identity(verified=False)
    aws.table["GET /v2/email/identities/vendor.example"] = identity(verified=True)
    (first, _) = lines(mail.check(HERE, answers_with(MailSender="support@vendor.example")))

    assert first == ("FAIL", "SES knows support@vendor.example and has not verified it: every mail is refused")


def test_a_sender_that_ses_does_not_know_has_three_ways_out(aws: Served) -> None:
    found, _ = mail.check(HERE, answers_with(MailSender="support@vendor.example"))

    assert (found.standing, len(found.action.splitlines())) == (Standing.FAIL, 3)


def test_a_domain_that_the_stack_creates_is_a_note_before_and_after(aws: Served) -> None:
    answers = answers_with(MailSender="support@vendor.example", MailDomain="vendor.example")
    before, _ = lines(mail.check(HERE, answers))
    aws.table["GET /v2/email/identities/vendor.example"] = identity(verified=False)
    after, _ = lines(mail.check(HERE, answers))

    assert before == ("note", "the stack creates vendor.example in SES")
    assert after == ("note", "SES has not verified vendor.example yet: every mail is refused")


@each_row(
    "change, line",
    [
        ({"ProductionAccessEnabled": False}, ("note", f"the account is in the sandbox in {REGION}")),
        ({"SendingEnabled": False}, ("FAIL", f"sending is switched off for this account in {REGION}")),
        ({"EnforcementStatus": "PROBATION"}, ("note", "the account's status is PROBATION")),
    ],
)
def test_the_standing_of_the_account_is_read(change: dict[str, object], line: tuple[str, str]) -> None:
    assert lines(mail._standing(STANDING | change, REGION)) == [line]


def test_without_a_sender_nothing_is_asked_and_a_wrong_one_is_refused() -> None:
    assert lines(mail.check(HERE, answers_with())) == [("note", "none; no mails go out")]
    assert lines(mail.check(HERE, answers_with(MailSender="Support")))[0][0] == "FAIL"


# ------------------------------------------------------------------ the domain


@each_row(
    "name, domain, covered",
    [
        ("access.vendor.example", "access.vendor.example", True),
        ("access.vendor.example", "ACCESS.vendor.example", True),
        ("*.vendor.example", "access.vendor.example", True),
        ("*.vendor.example", "a.access.vendor.example", False),
        ("*.vendor.example", "vendor.example", False),
        ("vendor.example", "access.vendor.example", False),
    ],
)
def test_a_wildcard_covers_one_label(name: str, domain: str, covered: bool) -> None:
    assert domains.covers(name, domain) is covered


def certificate(**changes: object) -> dict[str, object]:
    arn = f"arn:aws:acm:{REGION}:123456789012:certificate/one"
    own = {"CertificateArn": arn, "DomainName": "*.vendor.example", "Status": "ISSUED"}
    return {"Certificate": own | {"NotAfter": (datetime.now(UTC) + timedelta(days=90)).timestamp()} | changes}


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, "covers access.vendor.example"),
        ({"Status": "PENDING_VALIDATION"}, "its status is PENDING_VALIDATION"),
        ({"DomainName": "vendor.example"}, "it is for vendor.example, not for access.vendor.example"),
        ({"NotAfter": (datetime.now(UTC) + timedelta(days=13)).timestamp()}, "it ends at"),
    ],
)
def test_a_certificate_must_fit(aws: Served, changes: dict[str, object], seen: str) -> None:
    made = certificate(**changes)
    aws.table["POST /"] = Reply(200, made)
    arn = f"arn:aws:acm:{REGION}:123456789012:certificate/one"
    first, *_ = lines(domains.check(HERE, answers_with(DomainName="access.vendor.example", CertificateArn=arn)))

    assert seen in first[1]
    assert first[0] == ("FAIL" if changes else "ok")


def test_a_certificate_of_another_region_is_refused_unless_cloudfront_uses_it(aws: Served) -> None:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/one"
    aws.table["POST /"] = Reply(200, certificate())
    own = {"DomainName": "access.vendor.example", "CertificateArn": arn}
    plain, *_ = lines(domains.check(HERE, answers_with(**own)))
    edge, *_ = lines(domains.check(HERE, answers_with(**own, WebAclArn="arn:aws:wafv2:us-east-1:1:global/webacl/a/b")))

    assert plain == ("FAIL", f"it is of the region us-east-1, not of {REGION}")
    assert edge[0] == "ok"


def test_the_zone_with_the_longest_fitting_name_is_found_and_a_wrong_one_is_refused() -> None:
    with mock_aws():
        zones = HERE.client("route53")
        ids = {
            name: zones.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"].rsplit("/")[-1]
            for name in ("vendor.example", "eu.vendor.example", "other.example")
        }
        assert domains.find_zone(HERE, "access.eu.vendor.example") == ids["eu.vendor.example"]
        assert domains.find_zone(HERE, "notvendor.example") == ""
        assert domains._zone(HERE, "access.vendor.example", ids["vendor.example"]).standing is Standing.OK
        assert domains._zone(HERE, "access.vendor.example", ids["other.example"]).standing is Standing.FAIL
        assert domains._zone(HERE, "access.vendor.example", "Z0UNKNOWN").standing is Standing.FAIL


def test_without_a_fitting_certificate_the_command_that_requests_one_is_shown() -> None:
    with mock_aws():
        HERE.client("acm").request_certificate(DomainName="*.vendor.example")  # pending, so it does not count
        assert domains.find_certificate(HERE, "access.vendor.example") == ""
        found, *_ = domains.check(HERE, answers_with(DomainName="access.vendor.example"))

    assert found.standing is Standing.FAIL
    assert "aws acm request-certificate" in found.action


# ------------------------------------------------------------------ the stack

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/guestkey/1"


def event(name: str, status: str, reason: str = "") -> dict[str, str]:
    own = {"LogicalResourceId": name, "ResourceStatus": status, "StackId": STACK_ID, "ResourceType": "AWS::X::Y"}
    own |= {"PhysicalResourceId": STACK_ID if name == "guestkey" else name}
    return own | ({"ResourceStatusReason": reason} if reason else {})


def test_the_reasons_are_those_of_the_last_operation_in_words_and_without_consequences() -> None:
    newest_first = [
        event("guestkey", "ROLLBACK_COMPLETE"),
        event("guestkey", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Api, Table]."),
        event("Table", "CREATE_FAILED", "Resource creation cancelled"),
        event("MailIdentity", "CREATE_FAILED", "vendor.example already exists in stack arn:aws:…"),
        event("Api", "CREATE_FAILED", "Warnings found during import: Unable to read the discovery document"),
        event("guestkey", "CREATE_IN_PROGRESS", "User Initiated"),
        event("Old", "CREATE_FAILED", "of an earlier operation"),
    ]
    api, identity_ = stacks.reasons_in(newest_first)

    assert api.startswith("Api (AWS::X::Y): Warnings found during import")
    assert api.endswith("make preflight says which.")
    assert identity_.endswith("remove it, or leave out the parameter.")


def test_each_state_in_which_an_update_is_refused_has_a_way_out() -> None:
    assert stacks.REMEDIES.keys() >= {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"}
    assert not stacks.REMEDIES.keys() & stacks.GOOD
    assert stacks.REMEDIES.keys() >= stacks.DELETABLE
