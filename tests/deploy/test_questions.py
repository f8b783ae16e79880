"""The questions of a first deployment: at most six, each answer checked at once, none asked twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy import issuers, questions
from deploy.answers import load
from deploy.questions import Asker
from local.faults import Fault
from tests.deploy.served import Reply, Served, serving

MAX_QUESTIONS = 6
XML = {"Content-Type": "text/xml"}
WHO = (
    b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/one</Arn><Account>1</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)
DESCRIBED = (
    b"<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>guestkey</StackName>"
    b"<StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-11-01T00:00:00Z</CreationTime><Parameters>%s"
    b"</Parameters></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
)


def error(code: str, message: str) -> bytes:
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>".encode()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """SES with one verified address, in an account that looks emulated, so that issuers may be http."""
    standing = {"SendingEnabled": True, "ProductionAccessEnabled": True, "EnforcementStatus": "HEALTHY"}
    table = {
        "GET /v2/email/account": Reply(200, standing | {"SendQuota": {"Max24HourSend": 200}}),
        "GET /v2/email/identities/support%40vendor.example": Reply(200, {"VerifiedForSendingStatus": True}),
    }
    with serving(table) as served:
        served.default = Reply(404, {"message": "unknown"}, {"x-amzn-errortype": "NotFoundException"})
        served.table["POST / GetCallerIdentity"] = Reply(200, WHO, XML)
        served.table["POST / DescribeStacks"] = Reply(
            400, error("ValidationError", "Stack guestkey does not exist"), XML
        )
        served.table[f"GET {issuers.DISCOVERY}"] = Reply(200, {"issuer": served.url, "jwks_uri": served.url + "/keys"})
        served.table["GET /keys"] = Reply(200, {"keys": [{"kty": "RSA", "kid": "one"}]})
        monkeypatch.setenv("AWS_ENDPOINT_URL", served.url)
        yield served


def typing(*lines: str) -> Callable[[str], str]:
    """Return the input of an operator who types these lines, and nothing after them."""
    waiting = iter(lines)

    def read(prompt: str) -> str:
        line = next(waiting, None)
        assert line is not None, f"there is a further question: {prompt}"
        return line + "\n"

    return read


def test_the_defaults_are_six_times_return_and_make_a_stack_to_try(
    aws: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    asker = Asker(typing(*[""] * MAX_QUESTIONS))
    answers = questions.ask_all(asker, None)

    assert asker.asked <= MAX_QUESTIONS
    assert (answers.environment, answers.region, answers.stage) == ("default", "eu-central-1", "development")
    assert answers.parameters["CreateUserPools"] == "yes"
    assert (answers.parameters["MailSender"], answers.parameters["OperatorMail"]) == ("", "")
    assert capsys.readouterr().err.count("\n1. ") == 1


def test_a_wrong_answer_is_explained_at_once_and_the_question_repeated(
    aws: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    asker = Asker(
        typing(
            *("staging", "production"),
            *("eu-central-9", "eu-central-1"),
            *("https://tenant.invalid", f"{aws.url} {aws.url}", f"{aws.url}/", aws.url),
            *("Support", "nobody@vendor.example", "Support <support@vendor.example>"),
            *("you", "you@vendor.example"),
        )
    )
    asker.read = _without_domain(asker.read)
    answers = questions.ask_all(asker, None)
    said = capsys.readouterr().err

    assert answers.parameters["VendorIssuer"] == aws.url
    assert answers.parameters["VendorAudience"] == "guestkey-vendor"
    assert answers.parameters["MailSender"] == "Support <support@vendor.example>"
    assert (answers.parameters["OperatorMail"], answers.parameters["Monitoring"]) == ("you@vendor.example", "yes")
    for words in (
        "'staging' is no stage; answer development or production",
        "no region 'eu-central-9'",
        "does not exist",
        "give one address, or three",
        "a slash at the end counts",
        "'Support' is no sender",
        "SES in eu-central-1 knows neither nobody@vendor.example nor vendor.example",
        "'you' is no mail address",
    ):
        assert words in said, words


def _without_domain(read: Callable[[str], str] | None) -> Callable[[str], str]:
    """Return an input that answers the question for the domain with none; an older template has no such question."""
    assert read
    from deploy.answers import declared

    count = iter(range(100))
    wanted = 11 if "DomainName" in declared() else None
    return lambda prompt: "none\n" if next(count) == wanted else read(prompt)


def test_an_interrupted_operator_is_asked_only_for_the_rest(aws: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="a further question"):
        questions.ask_all(Asker(typing("eu-central-1", "pools")), "prod")
    asker = Asker(typing(*[""] * 3))
    questions.ask_all(asker, "prod")

    assert asker.asked <= 3
    again = Asker(typing())
    assert questions.ask_all(again, "prod").region == "eu-central-1"
    assert again.asked == 0


def test_without_a_terminal_the_environment_answers_and_a_wrong_answer_ends_it(
    aws: Served, monkeypatch: pytest.MonkeyPatch, answers_file: Path
) -> None:
    monkeypatch.setenv(questions.REGION, "eu-central-1")
    monkeypatch.setenv(questions.ISSUERS, f"{aws.url} {aws.url} {aws.url}")
    assert questions.ask_all(Asker(None), "prod").parameters["CreateUserPools"] == "no"

    monkeypatch.setenv(questions.SENDER, "nobody@vendor.example")
    with pytest.raises(Fault, match="MAIL_SENDER: SES in eu-central-1 knows neither"):
        questions.ask_all(Asker(None), "prod")
    assert load("prod").parameters["TenantIssuer"] == aws.url


def test_none_takes_an_earlier_answer_back(aws: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(questions.REGION, "eu-central-1")
    monkeypatch.setenv(questions.SENDER, "support@vendor.example")
    assert questions.ask_all(Asker(None), "default").has("MailSender")

    monkeypatch.setenv(questions.SENDER, questions.NONE)
    assert not questions.ask_all(Asker(None), "default").has("MailSender")


def test_a_stack_that_was_deployed_by_hand_keeps_its_parameters(aws: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"TenantIssuer": aws.url, "SupportIssuer": aws.url, "VendorIssuer": aws.url, "RetentionDays": "500"}
    members = "".join(
        f"<member><ParameterKey>{name}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
        for name, value in kept.items()
    )
    aws.table["POST / DescribeStacks"] = Reply(200, DESCRIBED % members.encode(), XML)
    monkeypatch.setenv(questions.REGION, "eu-central-1")
    answers = questions.ask_all(Asker(None), "prod")

    assert answers.parameters.items() >= {**kept, "CreateUserPools": "no", "Stage": "production"}.items()


def test_refused_credentials_end_it_before_the_second_question(aws: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.table["POST / GetCallerIdentity"] = Reply(403, error("ExpiredToken", "expired"), XML)

    with pytest.raises(Fault, match="credentials: AWS refuses them: expired"):
        questions.ask_all(Asker(typing("eu-central-1")), "prod")
