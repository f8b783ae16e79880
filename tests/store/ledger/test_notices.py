"""Notices and their marks: who has got which, and which login is the first of its grant."""

from datetime import timedelta

import pytest
import time_machine
from botocore.exceptions import ClientError, ReadTimeoutError

from guestkey import settings
from guestkey.rules.grants import Grant
from guestkey.rules.logins import Login
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import OutcomeUnknown
from guestkey.store.ledger import ledger, notices
from guestkey.store.ledger.notices import KEPT_FOR, Notice
from tests import factories, table
from tests.personas import DORA, SVEN

ANNAS, GIULIAS = "anna@acme.example", "giulia@acme.example"


def of_grant(grant: Grant, kind: str = "granted") -> Notice:
    found = notices.of_grant(grant.tenant_id, grant.grant_id, kind, factories.now())
    assert found
    return found[0]


def of_login(login: Login) -> Notice | None:
    found = notices.of_first_login(login.tenant_id, login.grant_id, login.login_id, "support_in")
    return found[0] if found else None


def mark_of(grant: Grant, kind: str) -> table.Raw:
    raw = table.one(keys.notice(grant.tenant_id, grant.grant_id, kind))
    assert raw
    return raw


def test_a_notice_comes_with_its_tenant_its_grant_and_where_the_ledger_ends() -> None:
    given = factories.grant()
    found = notices.of_grant("acme", given.grant_id, "granted", factories.now())
    tip = ledger.read_state("acme")

    assert found and tip
    notice, grant, head = found
    assert notice.tenant.language == "de"
    assert notice.remaining == [ANNAS, GIULIAS]
    assert grant == given
    assert head == tip.head


def test_whom_it_was_mailed_to_it_is_mailed_to_no_more() -> None:
    grant = factories.grant()

    notices.mark_notified(of_grant(grant), [GIULIAS])
    assert of_grant(grant).remaining == [ANNAS]

    notices.mark_notified(of_grant(grant), [ANNAS])
    assert of_grant(grant).remaining == []


def test_a_mark_is_of_one_kind_and_one_grant() -> None:
    grant, other = factories.grant(), factories.grant(DORA)

    notices.mark_notified(of_grant(grant), [ANNAS, GIULIAS])

    assert of_grant(grant, "revoked").remaining == [ANNAS, GIULIAS]
    assert of_grant(other).remaining == [ANNAS, GIULIAS]


def test_who_is_registered_later_has_not_got_it() -> None:
    grant = factories.grant()
    notices.mark_notified(of_grant(grant), [ANNAS])

    factories.tenant("acme", approver_emails=(ANNAS, "new@acme.example"))

    assert of_grant(grant).remaining == ["new@acme.example"]


def test_a_mark_names_nobody_and_is_swept_when_its_record_cannot_come_again() -> None:
    grant = factories.grant()

    notices.mark_notified(of_grant(grant), [ANNAS])

    mark = mark_of(grant, "granted")
    assert "anna" not in str(mark)
    assert int(mark["ttl"]["N"]) == int((factories.now() + KEPT_FOR).timestamp())


def test_nobody_mailed_leaves_no_mark() -> None:
    grant = factories.grant()

    with table.unchanged():
        notices.mark_notified(of_grant(grant), [])


def test_what_is_gone_has_no_notice() -> None:
    grant, login = factories.grant(), factories.login()
    assert notices.of_grant("acme", "no-such-grant", "granted", factories.now()) is None
    assert notices.of_first_login("acme", grant.grant_id, "no-such-login", "support_in") is None

    table.drop(keys.tenant("acme"))

    assert notices.of_grant("acme", grant.grant_id, "granted", factories.now()) is None
    assert of_login(login) is None


def test_one_login_is_the_first_of_its_grant_and_stays_it() -> None:
    factories.grant()
    first, second = factories.login(), factories.login()

    assert of_login(first)
    assert of_login(second) is None
    assert of_login(first)


def test_each_grant_has_a_first_login_of_its_own() -> None:
    factories.grant(SVEN)
    factories.grant(DORA)

    assert of_login(factories.login(SVEN))
    assert of_login(factories.login(DORA))


def test_of_two_at_the_same_moment_one_is_the_first() -> None:
    factories.grant()
    one, other = factories.login(), factories.login()
    said = []

    with table.meanwhile(lambda: said.append(of_login(other)), at="UpdateItem"):
        said.append(of_login(one))

    assert [bool(found) for found in said] == [True, False]
    assert of_login(one) is None
    assert of_login(other)


def test_a_first_login_is_kept_as_long_as_its_grant_and_for_good_under_a_permanent_one(
    world: time_machine.Traveller,
) -> None:
    hour = factories.grant()
    assert hour.ends_at
    notice = of_login(factories.login())
    assert notice
    notices.mark_notified(notice, [ANNAS])
    world.shift(timedelta(hours=2))
    permanent = factories.grant(period="permanent")
    assert of_login(factories.login())

    assert int(mark_of(hour, "support_in")["ttl"]["N"]) == int((hour.ends_at + settings.RETENTION).timestamp())
    assert "ttl" not in mark_of(permanent, "support_in")


def test_a_mark_that_cannot_be_written_is_no_error_since_the_mails_are_out() -> None:
    grant = factories.grant()
    notice = of_grant(grant)

    with table.failing(ReadTimeoutError(endpoint_url="https://dynamodb.example"), at="UpdateItem"):
        notices.mark_notified(notice, [ANNAS])

    assert of_grant(grant).remaining == [ANNAS, GIULIAS]


def test_a_claim_that_cannot_be_written_is_an_error_since_nothing_was_mailed_yet() -> None:
    factories.grant()
    login = factories.login()
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")

    with table.failing(throttled, at="UpdateItem"), pytest.raises(OutcomeUnknown):
        of_login(login)
