"""Sending by SES: one mail for each recipient, and refusals of SES."""

import logging
import os
import subprocess
import sys
import traceback
from http import HTTPStatus

import pytest
import time_machine
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from guestkey import settings
from guestkey.edge.mail import compose, send
from guestkey.edge.mail.compose import Kind
from guestkey.edge.mail.send import MailFailed
from tests.edge import post, samples
from tests.edge.samples import HEAD, MONDAY_NOON
from tests.rows_and_columns import each_row

ANNA, BERTA, GIULIA = "anna@acme.example", "berta@acme.example", "giulia@acme.example"
NOTICE = compose.write(Kind.GRANTED, "de", samples.of_grant())
ACTIVATION = compose.write(Kind.ACTIVATION, "de", samples.asked())
AT_SES = "https://email.eu-central-1.amazonaws.com"


def rejected(address: str) -> post.Refusal:
    return HTTPStatus.BAD_REQUEST, "MessageRejected", f"Email address is not verified: {address}"


def throttled(_: str) -> post.Refusal:
    return HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", "Maximum sending rate exceeded."


def test_each_recipient_gets_a_mail_of_their_own() -> None:
    with post.fake_ses() as requests:
        send.send(NOTICE, [ANNA, GIULIA])

    assert [request["Destination"] for request in requests] == [{"ToAddresses": [ANNA]}, {"ToAddresses": [GIULIA]}]
    assert GIULIA not in str(requests[0])


def test_without_recipients_nothing_is_sent() -> None:
    with post.fake_ses() as requests:
        send.send(NOTICE, [])

    assert requests == []


def test_a_mail_has_its_headers_and_both_parts() -> None:
    with post.fake_ses() as requests:
        send.send(NOTICE, [ANNA])
    received = post.read(post.as_mailed(requests[0]))

    assert received.headers == {
        "from": ["Käsehandel Support <support@vendor.example>"],
        "to": [ANNA],
        "reply-to": ["help@vendor.example"],
        "subject": ["Neue Freigabe für den Support (support, 4 Stunden, XW6YTB)"],
        "auto-submitted": ["auto-generated"],
        "guestkey-head": [str(HEAD)],
        "mime-version": ["1.0"],
    }
    assert received.parts == ["multipart/alternative", "text/plain", "text/html"]
    assert requests[0]["ConfigurationSetName"] == "guestkey"
    assert requests[0]["FromEmailAddress"] == "=?utf-8?q?K=C3=A4sehandel_Support?= <support@vendor.example>"
    assert post.as_mailed(requests[0]).isascii()


def test_an_activation_mail_has_no_ledger_head() -> None:
    with post.fake_ses() as requests:
        send.send(ACTIVATION, [ANNA])

    assert "guestkey-head" not in post.read(post.as_mailed(requests[0])).headers


def test_without_the_optional_settings_there_is_no_reply_to_and_no_configuration_set() -> None:
    program = (
        "from guestkey.edge.mail import send; from tests.edge import post\n"
        "with post.fake_ses() as requests: send.send(send.Mail(subject='s', text='t', html='h'), ['a@acme.example'])\n"
        "print(sorted(requests[0]), requests[0]['FromEmailAddress'], b'Reply-To' in post.as_mailed(requests[0]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAIL_", "BASE_"))}
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment
        | {"MAIL_SENDER": "support@vendor.example", "BASE_URL": "https://x", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert result.stdout == "['Content', 'Destination', 'FromEmailAddress'] support@vendor.example False\n"


def test_the_vendors_own_addresses_and_those_stored_before_are_sent_in_their_ascii_form() -> None:
    program = (
        "from guestkey.edge.mail import send; from tests.edge import post\n"
        "with post.fake_ses() as requests: send.send(send.Mail(subject='s', text='t', html='h'), ['a@käse.example'])\n"
        "mail = post.read(post.as_mailed(requests[0])).headers\n"
        "print(requests[0]['FromEmailAddress'], requests[0]['Destination'], mail['from'], mail['reply-to'], mail['to'])"
    )
    addresses = {"MAIL_SENDER": "Hilfe <hilfe@müller.example>", "MAIL_REPLY_TO": "Büro <buero@müller.example>"}
    environment = os.environ | addresses | {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )

    assert result.stdout.split("\n")[0] == (
        "Hilfe <hilfe@xn--mller-kva.example> {'ToAddresses': ['a@xn--kse-qla.example']} "
        "['Hilfe <hilfe@xn--mller-kva.example>'] ['Büro <buero@xn--mller-kva.example>'] ['a@xn--kse-qla.example']"
    )


def test_a_rejected_recipient_does_not_stop_the_other_mails() -> None:
    refusing = post.fake_ses(lambda address: rejected(address) if address == BERTA else None)
    with refusing as requests, pytest.raises(MailFailed) as failed:
        send.send(NOTICE, [ANNA, BERTA, GIULIA])

    assert [request["Destination"]["ToAddresses"] for request in requests] == [[ANNA], [BERTA], [GIULIA]]
    assert failed.value.unsent == (BERTA,)
    assert str(failed.value) == "1 of 3 mails not sent: MessageRejected"


def test_throttling_causes_one_retry_and_the_rest_is_left_for_later() -> None:
    refusing = post.fake_ses(lambda address: None if address == ANNA else throttled(address))
    with refusing as requests, pytest.raises(MailFailed) as failed:
        send.send(NOTICE, [ANNA, BERTA, GIULIA])

    assert [request["Destination"]["ToAddresses"] for request in requests] == [[ANNA], [BERTA], [BERTA]]
    assert failed.value.unsent == (BERTA, GIULIA)
    assert str(failed.value) == "2 of 3 mails not sent: TooManyRequestsException"


@each_row("timeout", [ConnectTimeoutError, ReadTimeoutError])
def test_a_timeout_of_ses_stops_the_sending_to_further_recipients(
    timeout: type[ConnectTimeoutError | ReadTimeoutError],
) -> None:
    refusing = post.fake_ses(lambda address: timeout(endpoint_url=AT_SES))
    with refusing as requests, pytest.raises(MailFailed) as failed:
        send.send(NOTICE, [ANNA, GIULIA])

    assert len(requests) == 2
    assert failed.value.unsent == (ANNA, GIULIA)
    assert str(failed.value) == f"2 of 2 mails not sent: {timeout.__name__}"


def test_after_ten_seconds_no_further_recipient_is_tried() -> None:
    with time_machine.travel(MONDAY_NOON, tick=False) as clock:

        def slow(_: str) -> None:
            clock.shift(6)

        with post.fake_ses(slow) as requests, pytest.raises(MailFailed) as failed:
            send.send(NOTICE, [ANNA, BERTA, GIULIA])

    assert len(requests) == 2
    assert failed.value.unsent == (GIULIA,)
    assert str(failed.value) == "1 of 3 mails not sent: TimeIsUp"


@pytest.mark.parametrize("refusal", [rejected, throttled, lambda _: ReadTimeoutError(endpoint_url=AT_SES)])
def test_a_failure_names_no_address_in_its_text_its_trace_or_the_log(
    refusal: object, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(refusal)
    caplog.set_level(logging.INFO)
    with post.fake_ses(refusal), pytest.raises(MailFailed) as failed:
        send.send(NOTICE, [ANNA])

    traces = "".join(traceback.format_exception(failed.value))
    assert "MailFailed" in traces
    assert not any("acme.example" in text for text in (traces, repr(failed.value), caplog.text, *capsys.readouterr()))


@each_row(
    "address",
    [
        "",
        "anna",
        "anna@acme.example, mallory@evil.example",
        "anna@acme.example;mallory@evil.example",
        "anna@acme.example\r\nBcc: mallory@evil.example",
        "anna@acme.example\nBcc:mallory@evil.example",
        "anna@acme.example\u2028mallory@evil.example",
        "anna@acme.example\x00",
        "Anna <anna@acme.example>",
        "<anna@acme.example>",
        '"anna"@acme.example',
        "anna@acme.example@evil.example",
        "anna@acme.example(mallory)",
        "list:anna@acme.example",
        "anna@[127.0.0.1]",
        "\u0430nna@acme.example",
        "anna@acme.example " * 30,
        "a" * 300 + "@acme.example",
        "=?UTF-8?Q?anna=0A?= @acme.example",
    ],
)
def test_only_a_string_with_exactly_one_address_is_sent_to_ses(address: str) -> None:
    with post.fake_ses() as requests, pytest.raises(MailFailed) as failed:
        send.send(NOTICE, [address, GIULIA])

    assert [request["Destination"]["ToAddresses"] for request in requests] == [[GIULIA]]
    assert failed.value.unsent == (address,)


@each_row(("name", "module"), [("BASE_URL", "settings"), ("SENDER", "send")])
def test_before_the_stack_has_a_sender_and_an_address_nothing_is_sent(name: str, module: str) -> None:
    with pytest.MonkeyPatch.context() as patch, post.fake_ses() as requests:
        patch.setattr(settings if module == "settings" else send, name, "" if module == "settings" else ("", ""))
        with pytest.raises(MailFailed, match="2 of 2 mails not sent: NotSetUp"):
            send.send(NOTICE, [ANNA, GIULIA])

    assert requests == []
