"""The parameters of the two deployments: no mail before the address is known, and protection at the end only."""

from collections.abc import Iterator

import pytest

from deploy.answers import Answers, declared, load
from deploy.first import SENDING, FirstDeployment
from deploy.stacks import Stack
from tests.deploy.served import Reply, Served, serving

URL = "https://abc.execute-api.eu-central-1.amazonaws.com"
DESCRIBED = (
    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>guestkey</StackName>"
    "<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-01T00:00:00Z</CreationTime><Outputs><member>"
    f"<OutputKey>ApiUrl</OutputKey><OutputValue>{URL}/</OutputValue></member></Outputs></member></Stacks>"
    "</DescribeStacksResult></DescribeStacksResponse>"
)
SENDER = "Support <support@vendor.example>"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """CloudFormation with a stack, in what looks like a real account: its address is not the emulator's."""
    with serving({"POST / DescribeStacks": Reply(200, DESCRIBED.encode(), {"Content-Type": "text/xml"})}) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", served.url)
        yield served


def answers_for(environment: str, **parameters: str) -> Answers:
    answers = load(environment)
    answers.region = "eu-central-1"
    answers.parameters |= parameters
    return answers


def test_the_first_deployment_can_send_no_mail_and_protects_nothing() -> None:
    first = FirstDeployment(answers_for("prod", MailSender=SENDER, MailDomain="vendor.example")).first_parameters()

    assert [first[name] for name in SENDING] == ["", "", ""]
    assert first["Protection"] == "no"
    assert first["Stage"] == "production"


def test_the_second_has_the_address_the_sender_and_the_protection(aws: Served) -> None:
    final = FirstDeployment(answers_for("prod", MailSender=SENDER)).final_parameters()

    assert (final["BaseUrl"], final["MailSender"]) == (URL, SENDER)
    assert final["Protection"] == "yes"
    assert final.keys() <= declared().keys()


def test_a_stack_for_customers_without_a_sender_stays_unprotected(aws: Served) -> None:
    final = FirstDeployment(answers_for("prod", MailSender="")).final_parameters()

    assert final["Protection"] == "no"


def test_a_domain_of_ones_own_is_no_base_url(aws: Served) -> None:
    final = FirstDeployment(answers_for("default", DomainName="access.vendor.example")).final_parameters()

    assert "BaseUrl" not in final


def test_a_remedy_names_the_stack_and_its_region(aws: Served) -> None:
    aws.table["POST / DescribeStacks"].body = DESCRIBED.replace("CREATE_COMPLETE", "ROLLBACK_FAILED").encode()
    stack = Stack(FirstDeployment(answers_for("default")).account, "guestkey")

    assert "delete-stack --stack-name guestkey --region eu-central-1" in stack.remedy()
