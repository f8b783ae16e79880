"""Notices and the marks of their recipients; the first login of each person, grant and day."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from botocore.exceptions import ClientError, ReadTimeoutError

from guestkey.rules.grants import Grant
from guestkey.rules.ledger import digest
from guestkey.rules.logins import Login
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.transaction import OutcomeUnknown
from guestkey.store.ledger import ledger, notices
from guestkey.store.ledger.notices import KEPT_FOR, Notice
from tests import factories, table
from tests.personas import CARLA, DORA, SVEN

ANNAS, GIULIAS = "anna@acme.example", "giulia@acme.example"


def of_grant(grant: Grant, kind: str = "granted") -> Notice:
    found = notices.of_grant(grant.tenant_id, grant.grant_id, kind, factories.now())
    assert found
    return found[0]


def of_login(login: Login) -> Notice | None:
    found = notices.of_login(login.tenant_id, login.grant_id, login.login_id, "support_in", factories.now())
    return found[0] if found and found[2] else None


def mark_of(grant: Grant, kind: str) -> table.Raw:
    raw = table.one(keys.notice(grant.tenant_id, grant.grant_id, kind))
    assert raw
    return raw


def test_a_notice_comes_with_its_tenant_its_grant_and_the_ledger_head() -> None:
    given = factories.grant()
    found = notices.of_grant("acme", given.grant_id, "granted", factories.now())
    state = ledger.read_state("acme")

    assert found and state
    notice, grant, head = found
    assert notice.tenant.language == "de"
    assert notice.remaining == [ANNAS, GIULIAS]
    assert grant == given
    assert head == state.head


def test_a_notified_recipient_is_not_mailed_again() -> None:
    grant = factories.grant()

    notices.mark_notified(of_grant(grant), [GIULIAS])
    assert of_grant(grant).remaining == [ANNAS]

    notices.mark_notified(of_grant(grant), [ANNAS])
    assert of_grant(grant).remaining == []


def test_a_mark_covers_every_spelling_of_case_of_an_address() -> None:
    grant = factories.grant()
    notices.mark_notified(of_grant(grant), [ANNAS])

    factories.tenant("acme", approver_emails=("ANNA@acme.example", GIULIAS, "Giulia@acme.example"))

    assert of_grant(grant).remaining == [GIULIAS]


def test_a_mark_of_an_earlier_version_covers_the_spelling_of_which_it_is_the_hash() -> None:
    factories.tenant("acme", approver_emails=("Anna@acme.example", GIULIAS))
    grant = factories.grant()
    pk, sk = keys.notice("acme", grant.grant_id, "granted")
    told = {"SS": [digest("Anna@acme.example")]}
    table.put([{"PK": {"S": pk}, "SK": {"S": sk}, "kind": {"S": "notice"}, "told": told}])

    assert of_grant(grant).remaining == [GIULIAS]


def test_a_mark_covers_one_kind_of_notice_and_one_grant() -> None:
    grant, other = factories.grant(), factories.grant(DORA)

    notices.mark_notified(of_grant(grant), [ANNAS, GIULIAS])

    assert of_grant(grant, "revoked").remaining == [ANNAS, GIULIAS]
    assert of_grant(other).remaining == [ANNAS, GIULIAS]


def test_a_recipient_registered_later_is_not_marked() -> None:
    grant = factories.grant()
    notices.mark_notified(of_grant(grant), [ANNAS])

    factories.tenant("acme", approver_emails=(ANNAS, "new@acme.example"))

    assert of_grant(grant).remaining == ["new@acme.example"]


def test_a_mark_contains_no_name_and_expires_when_its_stream_record_cannot_be_retried() -> None:
    grant = factories.grant()

    notices.mark_notified(of_grant(grant), [ANNAS])

    mark = mark_of(grant, "granted")
    assert "anna" not in str(mark)
    assert int(mark["ttl"]["N"]) == int((factories.now() + KEPT_FOR).timestamp())


def test_without_a_mailed_recipient_no_mark_is_written() -> None:
    grant = factories.grant()

    with table.unchanged():
        notices.mark_notified(of_grant(grant), [])


def test_a_missing_grant_login_or_tenant_has_no_notice() -> None:
    grant, login = factories.grant(), factories.login()
    assert notices.of_grant("acme", "no-such-grant", "granted", factories.now()) is None
    assert notices.of_login("acme", grant.grant_id, "no-such-login", "support_in", factories.now()) is None

    table.drop(keys.tenant("acme"))

    assert notices.of_grant("acme", grant.grant_id, "granted", factories.now()) is None
    assert of_login(login) is None


def test_a_first_login_stays_the_first() -> None:
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


def test_of_two_concurrent_logins_one_is_the_first() -> None:
    factories.grant()
    one, other = factories.login(), factories.login()
    notices_found = []

    with table.meanwhile(lambda: notices_found.append(of_login(other)), at="UpdateItem"):
        notices_found.append(of_login(one))

    assert [bool(found) for found in notices_found] == [True, False]
    assert of_login(one) is None
    assert of_login(other)


def test_each_person_under_a_departments_grant_has_a_first_login() -> None:
    factories.agent("sara", "support")
    factories.grant("support")
    sara = SVEN.but(sub="sara")

    assert of_login(factories.login(SVEN))
    assert of_login(factories.login(sara))
    assert of_login(factories.login(SVEN)) is None
    assert of_login(factories.login(sara)) is None


@pytest.mark.parametrize(
    ("first", "second", "is_first_again"),
    [
        # Acme is in Berlin, an hour ahead of UTC; its day ends at 23:00 UTC.
        (datetime(2026, 11, 23, 21, 0, tzinfo=UTC), datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 23, 0, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), datetime(2026, 11, 24, 0, 30, tzinfo=UTC), False),
        (datetime(2026, 11, 24, 12, 0, tzinfo=UTC), datetime(2027, 11, 24, 12, 0, tzinfo=UTC), True),
    ],
)
def test_a_later_day_of_the_tenants_calendar_has_a_first_login_again(
    first: datetime, second: datetime, is_first_again: bool
) -> None:
    factories.grant(period="permanent")

    assert of_login(factories.login(at=first))
    assert bool(of_login(factories.login(at=second))) is is_first_again


def test_the_days_of_two_tenants_follow_their_own_calendars() -> None:
    """At 23:30 UTC it is Tuesday in Berlin, and still Monday in New York."""
    factories.grant(period="1w")
    factories.grant(period="1w", by=CARLA)
    evening, night = datetime(2026, 11, 23, 22, 30, tzinfo=UTC), datetime(2026, 11, 23, 23, 30, tzinfo=UTC)

    assert of_login(factories.login(at=evening)) and of_login(factories.login(tenant_id="globex", at=evening))
    assert of_login(factories.login(at=night))
    assert of_login(factories.login(tenant_id="globex", at=night)) is None


def test_a_late_event_belongs_to_the_day_of_its_login(world: time_machine.Traveller) -> None:
    factories.grant(period="1w")
    first, second = factories.login(), factories.login()
    world.shift(timedelta(days=3))

    assert of_login(second)
    assert of_login(first) is None
    assert of_login(factories.login())


def test_the_mark_of_a_first_login_expires_as_every_mark() -> None:
    grant = factories.grant(period="permanent")
    notice = of_login(factories.login())
    assert notice
    notices.mark_notified(notice, [ANNAS])

    mark = mark_of(grant, "support_in#sven#1#2026-11-23")
    assert int(mark["ttl"]["N"]) == int((factories.now() + KEPT_FOR).timestamp())


def test_recipients_whom_an_earlier_version_told_of_the_login_are_not_mailed_again() -> None:
    """Earlier versions told of the first login of each grant, whose record names that login."""
    grant = factories.grant()
    first, second = factories.login(), factories.login()
    pk, sk = keys.notice("acme", grant.grant_id, "support_in")
    raw = {"PK": {"S": pk}, "SK": {"S": sk}, "kind": {"S": "notice"}, "login_id": {"S": first.login_id}}
    table.put([raw | {"told": {"SS": [digest(GIULIAS)]}}])

    notice = of_login(first)

    assert notice and notice.remaining == [ANNAS]
    assert of_login(second) is None
    table.put([raw])
    again = of_login(first)
    assert again and again.remaining == [ANNAS, GIULIAS]


def test_a_failure_to_write_a_mark_is_no_error_because_the_mails_are_sent() -> None:
    grant = factories.grant()
    notice = of_grant(grant)

    with table.failing(ReadTimeoutError(endpoint_url="https://dynamodb.example"), at="UpdateItem"):
        notices.mark_notified(notice, [ANNAS])

    assert of_grant(grant).remaining == [ANNAS, GIULIAS]


def test_a_failure_to_claim_the_first_login_is_an_error_because_no_mail_is_sent_yet() -> None:
    factories.grant()
    login = factories.login()
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "UpdateItem")

    with table.failing(throttled, at="UpdateItem"), pytest.raises(OutcomeUnknown):
        of_login(login)
