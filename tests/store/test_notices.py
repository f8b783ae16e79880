"""Notices and their marks: who has got which, and which login is the first of its grant."""

from datetime import timedelta

import pytest
import time_machine
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import UpdateError

from guestkey import settings
from guestkey.rules.grants import Grant
from guestkey.rules.logins import Login
from guestkey.store import keys, ledger, notices
from guestkey.store.notices import KEPT_FOR, Notice
from tests import makers, table
from tests.people import DORA, SVEN

ANNAS, GIULIAS = "anna@acme.example", "giulia@acme.example"


def of_grant(grant: Grant, kind: str = "granted") -> Notice:
    found = notices.of_grant(grant.tenant_id, grant.grant_id, kind, makers.now())
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
    given = makers.grant()
    found = notices.of_grant("acme", given.grant_id, "granted", makers.now())
    tip = ledger.tip("acme")

    assert found and tip
    notice, grant, head = found
    assert notice.tenant.language == "de"
    assert notice.untold == [ANNAS, GIULIAS]
    assert grant == given
    assert head == tip.head


def test_whom_it_was_mailed_to_it_is_mailed_to_no_more() -> None:
    grant = makers.grant()

    notices.remember(of_grant(grant), [GIULIAS])
    assert of_grant(grant).untold == [ANNAS]

    notices.remember(of_grant(grant), [ANNAS])
    assert of_grant(grant).untold == []


def test_a_mark_is_of_one_kind_and_one_grant() -> None:
    grant, other = makers.grant(), makers.grant(DORA)

    notices.remember(of_grant(grant), [ANNAS, GIULIAS])

    assert of_grant(grant, "revoked").untold == [ANNAS, GIULIAS]
    assert of_grant(other).untold == [ANNAS, GIULIAS]


def test_who_is_registered_later_has_not_got_it() -> None:
    grant = makers.grant()
    notices.remember(of_grant(grant), [ANNAS])

    makers.tenant("acme", approver_emails=(ANNAS, "new@acme.example"))

    assert of_grant(grant).untold == ["new@acme.example"]


def test_a_mark_names_nobody_and_is_swept_when_its_record_cannot_come_again() -> None:
    grant = makers.grant()

    notices.remember(of_grant(grant), [ANNAS])

    mark = mark_of(grant, "granted")
    assert "anna" not in str(mark)
    assert int(mark["ttl"]["N"]) == int((makers.now() + KEPT_FOR).timestamp())


def test_nobody_mailed_leaves_no_mark() -> None:
    grant = makers.grant()

    with table.unchanged():
        notices.remember(of_grant(grant), [])


def test_what_is_gone_has_no_notice() -> None:
    grant, login = makers.grant(), makers.login()
    assert notices.of_grant("acme", "no-such-grant", "granted", makers.now()) is None
    assert notices.of_first_login("acme", grant.grant_id, "no-such-login", "support_in") is None

    table.drop(keys.tenant("acme"))

    assert notices.of_grant("acme", grant.grant_id, "granted", makers.now()) is None
    assert of_login(login) is None


def test_one_login_is_the_first_of_its_grant_and_stays_it() -> None:
    makers.grant()
    first, second = makers.login(), makers.login()

    assert of_login(first)
    assert of_login(second) is None
    assert of_login(first)


def test_each_grant_has_a_first_login_of_its_own() -> None:
    makers.grant(SVEN)
    makers.grant(DORA)

    assert of_login(makers.login(SVEN))
    assert of_login(makers.login(DORA))


def test_of_two_at_the_same_moment_one_is_the_first() -> None:
    makers.grant()
    one, other = makers.login(), makers.login()
    said = []

    with table.meanwhile(lambda: said.append(of_login(other)), at="UpdateItem"):
        said.append(of_login(one))

    assert [bool(found) for found in said] == [True, False]
    assert of_login(one) is None
    assert of_login(other)


def test_a_first_login_is_kept_as_long_as_its_grant_and_for_good_under_a_permanent_one(
    world: time_machine.Traveller,
) -> None:
    hour = makers.grant()
    assert hour.ends_at
    notice = of_login(makers.login())
    assert notice
    notices.remember(notice, [ANNAS])
    world.shift(timedelta(hours=2))
    permanent = makers.grant(period="permanent")
    assert of_login(makers.login())

    assert int(mark_of(hour, "support_in")["ttl"]["N"]) == int((hour.ends_at + settings.RETENTION).timestamp())
    assert "ttl" not in mark_of(permanent, "support_in")


def test_a_mark_that_cannot_be_written_is_no_error_since_the_mails_are_out() -> None:
    grant = makers.grant()
    notice = of_grant(grant)

    with table.failing(ReadTimeoutError(endpoint_url="https://dynamodb.example"), at="UpdateItem"):
        notices.remember(notice, [ANNAS])

    assert of_grant(grant).untold == [ANNAS, GIULIAS]


def test_a_claim_that_cannot_be_written_is_an_error_since_nothing_was_mailed_yet() -> None:
    makers.grant()
    login = makers.login()
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")

    with table.failing(throttled, at="UpdateItem"), pytest.raises(UpdateError):
        of_login(login)
