"""The table's stream: recipients get each notice at least once, and normally exactly once."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
import time_machine
from botocore.exceptions import ConnectTimeoutError

from guestkey import settings
from guestkey.edge.stream import dead_letters as queue
from guestkey.edge.stream import handler as stream_handler
from guestkey.rules.callbacks import Callback
from guestkey.rules.grants import Grant
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.rules.requests import Request
from guestkey.store.dynamodb import keys
from guestkey.store.ledger import ledger
from guestkey.store.ledger.stream import REVIEW_NOTIFIED_AT
from guestkey.store.registry import people, registering, tenants
from guestkey.store.requests import requests
from tests import dead_letters, factories, schedules, stream, table
from tests.calls import LambdaContext, call
from tests.edge import calendars, post
from tests.edge.post import Refusal
from tests.factories import TUESDAY_AT_TEN
from tests.notify import Notify, text_of_mail
from tests.personas import ANNA, BACKEND, BEN, CARLA, DORA, GIULIA, SVEN, Caller

ANNAS, GIULIAS, CARLAS = "anna@acme.example", "giulia@acme.example", "carla@globex.example"
GRANTED, REVOKED, ENDED, REVIEW, SUPPORT_IN, APPROVERS, RIGHT = (
    "Neue Freigabe für den Support",
    "Freigabe für den Support widerrufen",
    "Freigabe für den Support abgelaufen",
    "Unbefristete Freigabe für den Support: bitte prüfen",
    "Der Support hat sich in Ihrem Konto angemeldet",
    "Geändert: Wer von Support-Zugängen erfährt",
    "Geändert: Wer den Support hereinlassen darf",
)
AGENT_LEFT = "Freigabe für den Support beendet: die Person ist ausgeschieden"
BOOKED, MOVED, CANCELLED = (
    "Ihr Rückruf vom Support ist gebucht",
    "Ihr Rückruf vom Support hat einen neuen Termin",
    "Ihr Rückruf vom Support ist abgesagt",
)
ANNA_WITHOUT_ADDRESS, GIULIA_WITHOUT_ADDRESS = ANNA.but(email=None), GIULIA.but(email=None)
"""Users whose tokens have no address: notices of their acts go to all approvers."""
NOON = TUESDAY_AT_TEN + timedelta(hours=2)
THROTTLED = HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequestsException", "Maximum sending rate exceeded."
REJECTED = HTTPStatus.BAD_REQUEST, "MessageRejected", "Email address is not verified."


def entries(tenant_id: str = "acme") -> list[dict[str, Any]]:
    """Return the entries of a tenant's ledger from the API."""
    said = call("GET", "/v1/ledger", caller=ANNA.but(tenant_id=tenant_id), query={"limit": 100}).text
    return [json.loads(line) for line in said.splitlines()]


def granted(to: Caller | str = SVEN, *, by: Caller = ANNA_WITHOUT_ADDRESS, **how: Any) -> Grant:
    """Give a grant; by default, by a user whose token has no address."""
    return factories.grant(to, by=by, **how)


def revoked(grant: Grant, *, by: Caller = ANNA_WITHOUT_ADDRESS) -> Grant:
    """Revoke a grant; by default, by a user whose token has no address."""
    return factories.revoked(grant, by=by)


def choose(**kinds: str) -> None:
    """Choose which notices come at once, and which in the digest."""
    assert call("PUT", "/v1/notices", {"kinds": kinds}, caller=ANNA).status == 200


def record_end(grant: Grant) -> None:
    """Record that a grant ended by time, as the clean-up does."""
    state = ledger.read_state(grant.tenant_id)
    assert state and grant.ends_at
    note = Note(what=What.GRANT_ENDED, by=By(type=ByType.SYSTEM), about=grant.grant_id, data={}, at=grant.ends_at)
    ledger.write(state, [note], lambda change, seen: None)


def change_record(grant: Grant, **attributes: str | None) -> None:
    """Change or remove attributes of a grant's record."""
    raw = table.one(keys.grant(grant.tenant_id, grant.grant_id))
    assert raw
    kept = {name: value for name, value in raw.items() if name not in attributes}
    table.put([kept | {name: {"S": value} for name, value in attributes.items() if value is not None}])


def mark_review_due(grant: Grant) -> None:
    """Mark the review of a permanent grant as due, as the clean-up does."""
    change_record(grant, **{REVIEW_NOTIFIED_AT: text_of(factories.now()), "due": None, "due_at": None})


def write_malformed_entry(tenant_id: str = "acme", seq: int = 900) -> None:
    """Store a malformed ledger entry, which the product never writes."""
    pk, sk = keys.entry(tenant_id, seq)
    table.put([{"PK": {"S": pk}, "SK": {"S": sk}, "kind": {"S": "ledger_entry"}, "what": {"S": "hacked <b>"}}])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


# ------------------------------------------------------------------ it works


def test_a_new_grant_is_mailed_to_the_approvers_in_their_language_with_the_entrys_head(notify: Notify) -> None:
    granted(by=GIULIA_WITHOUT_ADDRESS)
    granted(DORA)

    assert notify.deliver() == []

    assert notify.mailed == [(ANNAS, GRANTED), (GIULIAS, GRANTED)] * 2
    letter = post.read(post.as_mailed(notify.mails[0]))
    first = entries()[-2]
    assert letter.headers["guestkey-head"] == [f"{first['seq']}:{first['hash']}"]
    assert "Giulia Galli" in letter.text
    assert "Sven Brandt" in letter.text


def test_another_tenants_approvers_get_mails_in_their_language_of_their_own_tenant_only(notify: Notify) -> None:
    granted(by=CARLA)

    notify.deliver()

    assert notify.mailed == [(CARLAS, "New access permission for support")]


def test_the_approvers_get_a_mail_with_the_user_who_revoked(notify: Notify, world: time_machine.Traveller) -> None:
    grant = granted()
    notify.new()
    world.shift(timedelta(minutes=5))
    revoked(grant, by=GIULIA_WITHOUT_ADDRESS)

    notify.deliver()

    assert notify.mailed == [(ANNAS, REVOKED), (GIULIAS, REVOKED)]
    assert "Giulia Galli" in text_of_mail(notify.mails[0])


def test_the_approvers_get_a_mail_when_a_grant_ended_by_time_if_they_chose_so(
    notify: Notify, world: time_machine.Traveller
) -> None:
    grant = granted()
    choose(ended="immediate")
    notify.new()
    world.shift(timedelta(hours=1))
    record_end(grant)

    notify.deliver()

    assert notify.mailed == [(ANNAS, ENDED), (GIULIAS, ENDED)]


def test_the_approvers_read_that_a_grant_ended_because_the_agent_left(
    notify: Notify, world: time_machine.Traveller, clean_up: Callable[..., Any]
) -> None:
    factories.grant(SVEN, period="permanent")
    for is_active in (False, True):
        body = {"name": "Sven", "email": "sven@vendor.example", "departments": list[str](), "active": is_active}
        assert call("PUT", "/v1/vendor/agents/sven", body, caller=BACKEND).status == 200
    notify.new()
    world.shift(timedelta(minutes=1))
    clean_up()

    notify.deliver()

    assert notify.mailed == [(ANNAS, AGENT_LEFT), (GIULIAS, AGENT_LEFT)]
    assert "Abgelaufen am: Montag, 23. November 2026, 13:00 Uhr" in text_of_mail(notify.mails[0]).replace("\xa0", " ")


def test_the_first_login_of_each_person_under_a_grant_is_mailed(notify: Notify) -> None:
    granted()
    granted(DORA)
    notify.new()
    for agent in (SVEN, SVEN, DORA, SVEN):
        factories.login(agent)

    notify.deliver()

    assert notify.mailed == [(ANNAS, SUPPORT_IN), (GIULIAS, SUPPORT_IN)] * 2
    assert "Sven Brandt (Support · sven)" in text_of_mail(notify.mails[0])
    assert "Dora Vogel (Development · dora)" in text_of_mail(notify.mails[2])
    first = entries()[-4]
    assert f"{first['seq']}:{first['hash']}" in text_of_mail(notify.mails[0])


def test_a_colleague_who_enters_under_the_grant_of_their_department_is_mailed_too(notify: Notify) -> None:
    factories.agent("sara", "support", name="Sara Blau")
    granted("support", period="permanent")
    notify.new()
    factories.login()
    factories.login(SVEN.but(sub="sara"))
    factories.login()

    notify.deliver()

    assert notify.mailed == [(ANNAS, SUPPORT_IN), (GIULIAS, SUPPORT_IN)] * 2
    assert "Sara Blau (Support · sara)" in text_of_mail(notify.mails[2])


def test_the_first_login_of_each_later_day_is_mailed_again(notify: Notify, world: time_machine.Traveller) -> None:
    granted(period="permanent")
    notify.new()
    for _ in range(3):
        factories.login()
        factories.login()
        notify.deliver()
        world.shift(timedelta(days=1))

    assert notify.mailed == [(ANNAS, SUPPORT_IN), (GIULIAS, SUPPORT_IN)] * 3


def test_a_due_review_is_mailed_with_the_ledgers_head(notify: Notify, world: time_machine.Traveller) -> None:
    grant = granted(period="permanent")
    notify.new()
    world.shift(timedelta(days=180))
    mark_review_due(grant)

    notify.deliver()

    assert notify.mailed == [(ANNAS, REVIEW), (GIULIAS, REVIEW)]
    last = entries()[-1]
    assert f"{last['seq']}:{last['hash']}" in text_of_mail(notify.mails[0])
    assert notify.events == []


def test_every_entry_is_published_on_the_bus_unchanged(notify: Notify, world: time_machine.Traveller) -> None:
    grant = granted()
    factories.logged_out(factories.login())
    revoked(grant)
    factories.right(GIULIA, may_grant=False)
    factories.tenant("initech")
    call("POST", "/v1/support/logins", {"tenant_id": "acme", "reason": "Once more"}, caller=DORA)

    notify.deliver()

    assert notify.published == [
        "grant.given", "login.recorded", "login.ended", "grant.revoked", "right.changed", "tenant.changed",
        "login.refused",
    ]  # fmt: skip
    written = [entry for entry in entries() if entry["at"] == text_of(factories.now())] + entries("initech")
    said = [json.loads(event["Detail"]) for event in notify.events]
    assert sorted(said, key=lambda entry: entry["hash"]) == sorted(written, key=lambda entry: entry["hash"])
    assert {(event["Source"], event["EventBusName"]) for event in notify.events} == {("guestkey", "guestkey")}
    kinds = [subject for _, subject in notify.mailed]
    assert kinds == [GRANTED, GRANTED, SUPPORT_IN, SUPPORT_IN, REVOKED, REVOKED, RIGHT, RIGHT]


# ------------------------------------------------------------------ a user's own act


def test_the_user_who_gave_or_revoked_a_grant_gets_no_mail_about_it_while_a_colleague_does(notify: Notify) -> None:
    grant = granted(by=ANNA)
    revoked(grant, by=GIULIA)
    approved = factories.approved(factories.requested(), by=GIULIA)
    revoked(approved, by=ANNA)

    notify.deliver()

    told = [mail for mail in notify.mailed if mail[0] in {ANNAS, GIULIAS}]
    assert told == [(GIULIAS, GRANTED), (ANNAS, REVOKED), (ANNAS, GRANTED), (GIULIAS, REVOKED)]


def test_a_repeated_record_does_not_mail_the_user_who_acted_either(notify: Notify) -> None:
    granted(by=ANNA)
    again = notify.new()

    notify.deliver(again)
    notify.deliver(again)

    assert notify.mailed == [(GIULIAS, GRANTED)]


@pytest.mark.parametrize(
    ("approvers", "email"),
    [
        ((ANNAS,), ANNAS),
        ((ANNAS, "ANNA@acme.example"), ANNAS),
        ((ANNAS, "giulia@acme.example, mallory@evil.example"), ANNAS),
    ],
)
def test_the_user_who_acted_is_mailed_if_no_other_address_can_be(
    notify: Notify, approvers: tuple[str, ...], email: str
) -> None:
    put_approvers(*approvers)
    notify.new()
    granted(by=ANNA.but(email=email))

    notify.deliver()

    assert notify.mailed == [(ANNAS, GRANTED)]


@pytest.mark.parametrize(
    ("claims", "others"),
    [
        ({"email": ANNAS}, [GIULIAS]),
        ({"email": "Anna@ACME.example"}, [GIULIAS]),
        ({"email": ANNAS, "email_verified": "true"}, [GIULIAS]),
        ({"email": ANNAS, "email_verified": True}, [GIULIAS]),
        ({"email": ANNAS, "email_verified": "false"}, [ANNAS, GIULIAS]),
        ({"email": ANNAS, "email_verified": False}, [ANNAS, GIULIAS]),
        ({"email": ANNAS, "email_verified": "perhaps"}, [ANNAS, GIULIAS]),
        ({"email": None}, [ANNAS, GIULIAS]),
        ({"email": "annas@acme.example"}, [ANNAS, GIULIAS]),
        ({"email": GIULIAS, "email_verified": "false"}, [ANNAS, GIULIAS]),
    ],
)
def test_only_the_proven_address_of_the_users_own_token_is_left_out(
    notify: Notify, claims: dict[str, Any], others: list[str]
) -> None:
    """Over the API, as a person who took over an account and chose another address in it would act."""
    order = {"grantee": {"type": "agent", "id": "sven"}}
    given = call("POST", "/v1/grants", order, caller=ANNA.but(**claims))
    call("DELETE", f"/v1/grants/{given.body['grant_id']}", caller=ANNA.but(**claims))

    notify.deliver()

    assert notify.mailed == [*((one, GRANTED) for one in others), *((one, REVOKED) for one in others)]
    record = table.one(keys.grant("acme", given.body["grant_id"]))
    assert record
    assert "@" not in str(record)


def test_the_user_who_acted_is_mailed_where_the_mail_to_every_other_address_fails(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED if address == GIULIAS else None
    granted(by=ANNA)

    notify.deliver()

    assert notify.mailed == [(GIULIAS, GRANTED), (ANNAS, GRANTED), (GIULIAS, GRANTED), (GIULIAS, GRANTED)]
    assert len(dead_letters.messages()) == 1


def test_the_user_who_acted_is_not_mailed_where_one_of_two_other_mails_fails(notify: Notify) -> None:
    put_approvers(ANNAS, CEOS, GIULIAS)
    notify.new()
    notify.refuse = lambda address: REJECTED if address == GIULIAS else None
    granted(by=ANNA)

    notify.deliver()

    assert ANNAS not in [address for address, _ in notify.mailed]


def test_ends_reviews_and_logins_are_mailed_to_all_because_no_user_acted(
    notify: Notify, world: time_machine.Traveller
) -> None:
    grant, permanent = granted(by=ANNA), granted(DORA, by=ANNA, period="permanent")
    factories.login()
    choose(ended="immediate")
    notify.new()
    world.shift(timedelta(hours=1))
    record_end(grant)
    mark_review_due(permanent)

    notify.deliver()

    assert sorted(notify.mailed) == [(ANNAS, ENDED), (ANNAS, REVIEW), (GIULIAS, ENDED), (GIULIAS, REVIEW)]


# ------------------------------------------------------------------ a change of recipients

CEOS = "ceo@acme.example"


def put_approvers(*addresses: str, tenant_id: str = "acme", **changes: str) -> None:
    """Replace the approver addresses of a tenant, as the vendor's backend does."""
    stored = replace(tenants.tenant(tenant_id), approver_emails=addresses, **changes)
    tenants.put_tenant(stored, factories.VENDOR, factories.now())


def test_changed_approver_addresses_are_mailed_to_the_new_and_to_the_earlier_ones(notify: Notify) -> None:
    put_approvers(CEOS, GIULIAS)

    assert notify.deliver() == []

    assert notify.mailed == [(CEOS, APPROVERS), (GIULIAS, APPROVERS), (ANNAS, APPROVERS)]
    for mail in notify.mails:
        letter = post.read(post.as_mailed(mail))
        last = entries()[-1]
        assert letter.headers["guestkey-head"] == [f"{last['seq']}:{last['hash']}"]
        assert "\n- Hinzugekommen: ceo[@]acme[.]example\n" in letter.text.replace("\r\n", "\n")
        assert "\n- Entfernt: anna[@]acme[.]example\n" in letter.text.replace("\r\n", "\n")
        assert "hinterlegt: ceo[@]acme[.]example, giulia[@]acme[.]example\n" in letter.text.replace("\r\n", "\n")


def test_the_earlier_addresses_are_mailed_even_if_none_is_registered_any_more(notify: Notify) -> None:
    put_approvers()

    notify.deliver()

    assert notify.mailed == [(ANNAS, APPROVERS), (GIULIAS, APPROVERS)]
    assert "hinterlegt: keine Adresse" in text_of_mail(notify.mails[0])


def test_the_first_addresses_of_a_tenant_without_any_are_mailed(notify: Notify) -> None:
    factories.tenant("initech", approver_emails=())
    put_approvers("bill@initech.example", tenant_id="initech")

    notify.deliver()

    assert [address for address, _ in notify.mailed] == ["bill@initech.example"]


def test_each_of_two_changes_is_mailed_to_its_own_earlier_addresses_even_if_both_are_late(notify: Notify) -> None:
    put_approvers(CEOS)
    put_approvers(GIULIAS)
    late = notify.new()

    notify.deliver(late[::-1])

    assert notify.mailed == [
        (GIULIAS, APPROVERS), (CEOS, APPROVERS),
        (CEOS, APPROVERS), (ANNAS, APPROVERS), (GIULIAS, APPROVERS),
    ]  # fmt: skip


def test_an_address_in_another_spelling_of_case_is_mailed_once_and_is_no_change(notify: Notify) -> None:
    put_approvers("ANNA@acme.example", GIULIAS)
    put_approvers(CEOS, "Giulia@Acme.example")

    notify.deliver()

    assert notify.mailed == [(CEOS, APPROVERS), ("Giulia@Acme.example", APPROVERS), ("ANNA@acme.example", APPROVERS)]


@pytest.mark.parametrize("may_grant", [True, False])
def test_a_right_given_or_taken_away_is_mailed_to_the_approvers_with_the_user(notify: Notify, may_grant: bool) -> None:
    user_id = "ben" if may_grant else "www.evil.example"
    by = By(type=ByType.VENDOR, id="backend")
    tenants.set_right("acme", user_id, may_grant, by, "giulia" if may_grant else None, factories.now())

    notify.deliver()

    assert notify.mailed == [(ANNAS, RIGHT), (GIULIAS, RIGHT)]
    text = text_of_mail(notify.mails[0]).replace("\r\n", "\n")
    expected = ("ben", "gegeben", "giulia") if may_grant else ("www[.]evil[.]example", "entzogen", "Anbieter Ihrer")
    for shown, word in zip(expected, ("Benutzer", "Recht, den Support hereinzulassen", "Geändert von"), strict=True):
        assert re.search(rf"\n- {word}: .*{re.escape(shown)}", text)


def test_a_changed_right_is_mailed_to_the_addresses_of_that_moment(notify: Notify) -> None:
    """A vendor who gives a right and then replaces the addresses does not keep it from those who had to know."""
    factories.right(BEN, may_grant=True)
    put_approvers(CEOS)

    notify.deliver()

    assert notify.mailed == [
        (ANNAS, RIGHT),
        (GIULIAS, RIGHT),
        (CEOS, APPROVERS),
        (ANNAS, APPROVERS),
        (GIULIAS, APPROVERS),
    ]


def test_a_change_is_mailed_once_however_often_its_record_arrives(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED if address == CEOS else None
    put_approvers(CEOS)
    again = notify.new()
    notify.deliver(again)
    notify.refuse = lambda address: None
    del notify.mails[:]

    notify.deliver(again)
    notify.deliver(again)

    assert notify.mailed == [(CEOS, APPROVERS)]


def test_other_changes_of_a_tenant_and_its_registration_are_not_mailed(notify: Notify) -> None:
    factories.tenant("initech")
    put_approvers(ANNAS, GIULIAS, name="Acme SE")

    notify.deliver()

    assert notify.mails == []
    assert notify.published == ["tenant.changed", "tenant.changed"]


def test_a_change_of_which_the_addresses_are_gone_is_not_mailed(notify: Notify) -> None:
    """An entry of an earlier version has no addresses beside it; thirty days later they are deleted."""
    put_approvers(CEOS)
    table.drop(keys.approvers("acme", entries()[-1]["seq"]))

    assert notify.deliver() == []

    assert notify.mails == []


# ------------------------------------------------------------------ the answer to an agent's request

SVENS = "sven@vendor.example"
APPROVED, DECLINED, EXPIRED = (
    "Your request for access was approved",
    "Your request for access was declined",
    "Your request for access has expired",
)


def to_agents(notify: Notify) -> list[tuple[str, str]]:
    return [mail for mail in notify.mailed if mail[0].endswith("@vendor.example")]


def record_expiry(request: Request) -> None:
    """Record that a request expired, as the clean-up does."""
    requests.expire(request, request.expires_at + timedelta(minutes=1))


def test_the_agent_hears_that_the_request_was_approved_and_on_which_terms(notify: Notify) -> None:
    factories.approved(factories.requested(period="1w", may_export=True), period="1h", may_export=False)

    assert notify.deliver() == []

    assert to_agents(notify) == [(SVENS, APPROVED)]
    text = text_of_mail(notify.mails[0]).replace("\u00a0", " ")
    for told in ("Anna Albrecht", "Valid until: Monday, 23 November 2026, 2:00 pm (Europe/Berlin)", "not allowed"):
        assert told in text
    assert "Guestkey-Head" not in text


def test_the_agent_hears_that_the_request_was_declined_with_the_note(notify: Notify) -> None:
    factories.declined(factories.requested(), note="Please call first: www.evil.example")

    notify.deliver()

    assert notify.mailed == [(SVENS, DECLINED)]
    assert "“Please call first: www[.]evil[.]example”" in text_of_mail(notify.mails[0])


def test_the_agent_hears_that_the_request_has_expired(notify: Notify) -> None:
    record_expiry(factories.requested())

    notify.deliver()

    assert notify.mailed == [(SVENS, EXPIRED)]


def test_an_agent_who_took_the_request_back_hears_nothing(notify: Notify) -> None:
    factories.withdrawn(factories.requested())

    notify.deliver()

    assert notify.mails == []


def test_the_answer_goes_to_the_address_that_is_registered_now_and_never_to_an_inactive_agent(notify: Notify) -> None:
    answered, other = factories.requested(), factories.requested(DORA)
    factories.declined(answered)
    factories.declined(other)
    registering.put_agent(replace(people.active_agent("sven"), email="brandt@vendor.example"))
    factories.agent("dora", "development", is_active=False)

    notify.deliver()

    assert notify.mailed == [("brandt@vendor.example", DECLINED)]


def test_the_agent_is_mailed_once_however_often_the_record_arrives(notify: Notify) -> None:
    factories.approved(factories.requested())
    again = notify.new()

    notify.deliver(again)
    notify.deliver(again)

    assert to_agents(notify) == [(SVENS, APPROVED)]


def test_the_answer_to_a_deleted_request_or_of_an_unregistered_agent_is_not_mailed(notify: Notify) -> None:
    gone, unknown, kept = factories.requested(), factories.requested(DORA), factories.requested()
    factories.declined(gone)
    factories.declined(unknown)
    grant = factories.approved(kept)
    table.drop(keys.request("acme", gone.request_id))
    table.drop(keys.agent("dora"))
    table.drop(keys.grant("acme", grant.grant_id))

    assert notify.deliver() == []

    assert notify.mailed == [(SVENS, APPROVED)]
    assert "Valid until" not in text_of_mail(notify.mails[0])


# ------------------------------------------------------------------ call-backs


def invitations(notify: Notify) -> list[tuple[str, int, str]]:
    """Return method, sequence and begin of each mailed invitation, in order."""
    read = [calendars.of(post.read(post.as_mailed(mail))) for mail in notify.mails]
    return [(event.method, event.sequence, text_of(event.starts_at)) for event in read]


def test_the_user_who_booked_gets_mails_with_invitations_also_for_a_colleagues_changes(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.moved(booked, NOON, by=GIULIA)
    factories.cancelled(booked, by=GIULIA)

    assert notify.deliver() == []

    assert notify.mailed == [(ANNAS, BOOKED), (ANNAS, MOVED), (ANNAS, CANCELLED)]
    assert invitations(notify) == [
        ("REQUEST", 0, "2026-11-24T09:00:00Z"),
        ("REQUEST", 1, "2026-11-24T11:00:00Z"),
        ("CANCEL", 2, "2026-11-24T11:00:00Z"),
    ]
    for mail, entry in zip(notify.mails, entries()[-3:], strict=True):
        letter = post.read(post.as_mailed(mail))
        assert letter.headers["guestkey-head"] == [f"{entry['seq']}:{entry['hash']}"]
        assert text_of(calendars.of(letter).stamped_at) == entry["at"]
        assert "Thema: Kurze Frage" in letter.text
    assert notify.published == ["callback.booked", "callback.moved", "callback.cancelled"]


def test_a_corrected_call_is_mailed_with_its_invitation_and_without_a_former_time(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    call("PATCH", f"/v1/callbacks/{booked.callback_id}", {"phone": "0241 446860"}, caller=ANNA)
    notify.deliver()

    assert [subject.partition(" (")[0] for _, subject in notify.mailed[1:]] == [
        "Ihre Angaben zum Rückruf sind geändert"
    ]
    letter = post.read(post.as_mailed(notify.mails[-1]))
    assert "Telefonnummer: 0241 446860" in letter.text and "Bisheriger Termin" not in letter.text
    assert invitations(notify)[-1] == ("REQUEST", 1, "2026-11-24T09:00:00Z")


def test_a_change_by_support_is_mailed_with_its_reason_until_a_later_change(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    path, ill = f"/v1/support/callbacks/{booked.callback_id}", {"reason": "Two colleagues are ill"}
    call("PATCH", path, ill | {"starts_at": text_of(NOON)}, caller=SVEN)
    notify.deliver()
    call("DELETE", path, ill | {"reason": "All are ill"}, caller=SVEN)
    records = notify.new()
    notify.deliver(records)
    texts = [post.read(post.as_mailed(mail)).text for mail in notify.mails]

    assert ["Grund: „Two colleagues are ill“" in text for text in texts] == [False, True, False]
    assert "Geändert von: Support" in texts[1] and "Grund: „All are ill“" in texts[2]
    assert invitations(notify)[1:] == [("REQUEST", 1, text_of(NOON)), ("CANCEL", 2, text_of(NOON))]


def test_a_waiting_user_gets_a_mail_without_invitation_and_one_with_the_slot(notify: Notify) -> None:
    waiting = factories.callback(CARLA)
    factories.moved(waiting, NOON, by=CARLA)
    factories.moved(waiting, None, by=CARLA)
    factories.cancelled(waiting, by=CARLA)

    notify.deliver()

    assert notify.mailed == [
        (CARLAS, "We will call you as soon as somebody is free"),
        (CARLAS, "Your call from support has a new time"),
        (CARLAS, "We will call you as soon as somebody is free"),
        (CARLAS, "Your call from support is cancelled"),
    ]
    read = [post.read(post.as_mailed(mail)) for mail in notify.mails]
    assert [len(letter.calendars) for letter in read] == [0, 2, 2, 0]
    assert [calendars.of(letter).method for letter in read[1:3]] == ["REQUEST", "CANCEL"]
    assert "6:00 am (America/New_York)" in read[1].text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("es-MX", "Su llamada del soporte está reservada"),
        ("de_AT", BOOKED),
        (None, BOOKED),
        ("fr", "Your call from support is booked"),
    ],
)
def test_mails_are_in_the_users_language_or_else_in_the_tenants(
    notify: Notify, locale: str | None, subject: str
) -> None:
    factories.callback(ANNA.but(locale=locale), TUESDAY_AT_TEN)

    notify.deliver()

    assert notify.mailed == [(ANNAS, subject)]


@pytest.mark.parametrize("email", [None, "anna", "anna@acme.example, mallory@evil.example"])
def test_without_an_address_in_the_token_no_mail_is_sent(notify: Notify, email: str | None) -> None:
    factories.callback(ANNA.but(email=email), TUESDAY_AT_TEN)

    assert notify.deliver() == []

    assert notify.mails == []
    assert dead_letters.messages() == []


def test_taking_and_closing_send_no_mail(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    notify.new()
    factories.closed(factories.taken(booked))

    notify.deliver()

    assert notify.mails == []
    assert notify.published == ["callback.taken", "callback.closed"]


def test_a_late_mail_shows_the_data_of_its_entry(notify: Notify) -> None:
    """The entry is dead-lettered and redriven after a move: calendars order the mails by their sequence."""
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    late = notify.new()
    factories.moved(booked, NOON)
    notify.deliver()
    notify.deliver(late)

    assert notify.mailed == [(ANNAS, MOVED), (ANNAS, BOOKED)]
    assert invitations(notify) == [("REQUEST", 1, "2026-11-24T11:00:00Z"), ("REQUEST", 0, "2026-11-24T09:00:00Z")]


def test_each_change_of_a_call_back_is_mailed_once_however_often_its_record_arrives(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.moved(booked, NOON)
    factories.cancelled(booked)
    again = notify.new()
    notify.deliver(again)

    notify.deliver(again)

    assert len(notify.mails) == 3
    mark = table.one(keys.notice("acme", booked.callback_id, "version-1"))
    assert mark
    assert "@" not in str(mark)


def test_a_removed_topic_is_shown_by_its_id(notify: Notify) -> None:
    factories.callback(ANNA, TUESDAY_AT_TEN)
    table.drop(keys.desk())

    notify.deliver()

    assert "Thema: question" in text_of_mail(notify.mails[0])


def reminder(asked: Callback, starts_at: datetime) -> tuple[str, dict[str, str]]:
    """Return time and input of the schedule that reminds of a call at that time."""
    payload = {"tenant_id": asked.tenant_id, "callback_id": asked.callback_id, "starts_at": text_of(starts_at)}
    return f"at({starts_at - timedelta(hours=1):%Y-%m-%dT%H:%M:%S})", payload


def test_a_booked_call_has_one_reminder_an_hour_before(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)

    notify.deliver()

    assert schedules.told() == [reminder(booked, TUESDAY_AT_TEN)]
    (schedule,) = schedules.all_there()
    assert (schedule["ScheduleExpressionTimezone"], schedule["FlexibleTimeWindow"]) == ("UTC", {"Mode": "OFF"})
    assert schedule["ActionAfterCompletion"] == "DELETE"
    target = schedule["Target"]
    assert (target["Arn"], target["RoleArn"]) == (settings.REMINDER_FUNCTION, settings.REMINDER_ROLE)
    assert target["DeadLetterConfig"] == {"Arn": settings.REMINDER_DEAD_LETTERS}
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 3600
    assert "anna" not in str(schedule).lower()


def test_the_reminder_is_moved_and_deleted_with_the_call(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    notify.deliver()
    factories.moved(booked, NOON)
    notify.deliver()
    assert schedules.told() == [reminder(booked, NOON)]

    factories.moved(booked, None)
    notify.deliver()
    assert schedules.told() == []

    factories.moved(booked, TUESDAY_AT_TEN)
    notify.deliver()
    assert schedules.told() == [reminder(booked, TUESDAY_AT_TEN)]

    factories.cancelled(booked)
    notify.deliver()
    assert schedules.told() == []


def test_a_taken_call_keeps_its_reminder_until_it_is_closed(notify: Notify) -> None:
    booked = factories.taken(factories.callback(ANNA, TUESDAY_AT_TEN))
    notify.deliver()
    assert schedules.told() == [reminder(booked, TUESDAY_AT_TEN)]

    factories.closed(booked)
    notify.deliver()
    assert schedules.told() == []


def test_the_reminder_follows_the_current_call_in_any_order_of_entries(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    factories.moved(booked, NOON)
    records = notify.new()

    for given in (records[::-1], records, records[:1]):
        notify.deliver(given)
        assert schedules.told() == [reminder(booked, NOON)]

    factories.cancelled(booked)
    notify.deliver()
    notify.deliver(records)
    assert schedules.told() == []


def test_a_call_moved_while_its_reminder_is_scheduled_is_reminded_of_at_the_new_time(notify: Notify) -> None:
    """A redrive schedules the old time after the stream, beside it, has scheduled the new one."""
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    with schedules.failing():
        notify.deliver()

    def move_and_deliver() -> None:
        factories.moved(booked, NOON)
        notify.deliver()

    with schedules.before_next_put(move_and_deliver):
        assert notify.redrive() == {"done": 1, "dead_lettered": 0}

    assert schedules.told() == [reminder(booked, NOON)]
    assert notify.mailed == [(ANNAS, BOOKED), (ANNAS, MOVED)]


def test_with_an_hour_left_or_less_there_is_no_reminder(notify: Notify, world: time_machine.Traveller) -> None:
    world.move_to(TUESDAY_AT_TEN - timedelta(hours=2))
    factories.callback(ANNA, TUESDAY_AT_TEN)
    world.shift(timedelta(hours=1))

    notify.deliver()

    assert schedules.told() == []


def test_a_reminder_that_cannot_be_scheduled_is_dead_lettered_and_mail_and_event_go_out(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)

    with schedules.failing():
        assert notify.deliver() == []

    assert notify.mailed == [(ANNAS, BOOKED)]
    assert notify.published == ["callback.booked"]
    (message,) = dead_letters.messages()
    assert message["cause"].startswith("ConnectTimeoutError at ")
    assert notify.redrive() == {"done": 1, "dead_lettered": 0}
    assert schedules.told() == [reminder(booked, TUESDAY_AT_TEN)]
    assert notify.mailed == [(ANNAS, BOOKED)]


def test_a_deleted_call_back_causes_no_mail(notify: Notify) -> None:
    booked = factories.callback(ANNA, TUESDAY_AT_TEN)
    table.drop(keys.callback("acme", booked.callback_id))

    assert notify.deliver() == []

    assert (notify.mails, schedules.told()) == ([], [])


# ------------------------------------------------------------------ no recipients, or no notice


def test_a_tenant_without_approvers_gets_no_mail(notify: Notify) -> None:
    factories.tenant("initech", approver_emails=())
    granted(by=ANNA.but(tenant_id="initech"))
    factories.login(tenant_id="initech")

    notify.deliver()

    assert notify.mails == []
    assert notify.published == ["tenant.changed", "grant.given", "login.recorded"]


def test_a_deleted_grant_or_login_causes_no_mail(notify: Notify, capsys: pytest.CaptureFixture[str]) -> None:
    grant = granted()
    login = factories.login()
    table.drop(keys.grant("acme", grant.grant_id))
    table.drop(keys.login("acme", login.login_id))

    assert notify.deliver() == []

    assert notify.mails == []
    assert [(line["what"], line["mailed"], line["outcome"]) for line in lines(capsys)] == [
        ("grant.given", 0, "done"),
        ("login.recorded", 0, "done"),
    ]


def test_a_deleted_tenant_gets_no_mail(notify: Notify) -> None:
    granted()
    factories.login()
    table.drop(keys.tenant("acme"))

    assert notify.deliver() == []

    assert notify.mails == []


def test_a_permanent_grant_revoked_meanwhile_causes_no_review_mail(notify: Notify) -> None:
    grant = granted(period="permanent")
    mark_review_due(grant)
    revoked(grant)

    notify.deliver()

    assert REVIEW not in [subject for _, subject in notify.mailed]


def test_a_change_after_the_review_causes_no_second_review_mail(notify: Notify) -> None:
    grant = granted(period="permanent")
    mark_review_due(grant)
    notify.new()
    change_record(grant, grantee_name="Sven Brandt-Meier")

    assert len(notify.new()) == 1, "the event filter passes it, because it cannot compare"
    assert notify.deliver(stream.since(stream.position() - 1)) == []
    assert notify.mails == []


def test_other_stream_records_cause_nothing(notify: Notify, capsys: pytest.CaptureFixture[str]) -> None:
    before = stream.position()
    grant = granted()
    factories.right(GIULIA, may_grant=False)
    table.drop(keys.live("acme", grant.grant_id))
    records = [record for record in stream.everything_since(before) if not stream.is_let_through(record)]

    assert len(records) > 4
    assert notify.deliver(records) == []
    assert (notify.mails, notify.events, lines(capsys)) == ([], [], [])


# ------------------------------------------------------------------ repeated records


def test_repeated_records_send_no_second_mail(notify: Notify, world: time_machine.Traveller) -> None:
    grant = granted(period="permanent")
    factories.login()
    mark_review_due(grant)
    revoked(grant)
    again = notify.new()
    notify.deliver(again)
    mailed = list(notify.mailed)
    world.shift(timedelta(days=10))

    notify.deliver(again)

    assert len(mailed) == 6
    assert notify.mailed == mailed


def test_a_repeated_event_has_the_same_number(notify: Notify) -> None:
    granted()
    again = notify.new()
    notify.deliver(again)
    notify.deliver(again)

    one, other = notify.events
    assert one == other


def test_of_two_logins_at_once_one_is_the_first(notify: Notify) -> None:
    granted()
    notify.new()
    factories.login()
    factories.login()
    one, other = notify.new()

    with table.meanwhile(lambda: notify.deliver([other]), at="UpdateItem"):
        notify.deliver([one])
    notify.deliver([one, other])

    assert notify.mailed == [(ANNAS, SUPPORT_IN), (GIULIAS, SUPPORT_IN)]


def test_a_mark_has_no_address_and_a_ttl_after_the_last_possible_redelivery(notify: Notify) -> None:
    grant = granted()
    notify.deliver()
    mark = table.one(keys.notice("acme", grant.grant_id, "granted"))

    assert mark
    assert "@" not in str(mark)
    assert len(mark["told"]["SS"]) == 2
    assert int(mark["ttl"]["N"]) == int((factories.now() + timedelta(days=30)).timestamp())


# ------------------------------------------------------------------ something fails


def test_a_failed_mail_is_retried_only_for_the_recipients_without_one(notify: Notify) -> None:
    refusals = iter([None, THROTTLED, THROTTLED, None])
    notify.refuse = lambda address: next(refusals)
    granted()

    assert notify.deliver() == []

    assert [address for address, _ in notify.mailed] == [ANNAS, GIULIAS, GIULIAS, GIULIAS]
    assert notify.published == ["grant.given"]
    assert dead_letters.messages() == []


def test_a_record_that_fails_three_times_is_dead_lettered_with_its_cause(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    notify.refuse = lambda address: REJECTED if address == CARLAS else None
    granted(by=CARLA)
    granted()
    record, _ = given = notify.new()

    assert notify.deliver(given) == []

    assert notify.mailed[:3] == [(CARLAS, "New access permission for support")] * 3
    assert notify.mailed[3:] == [(ANNAS, GRANTED), (GIULIAS, GRANTED)]
    assert notify.published == ["grant.given", "grant.given"]
    (message,) = dead_letters.messages()
    assert message["record"] == record
    assert message["function"] == LambdaContext().function_name
    assert message["failed_at"] == "2026-11-23T12:00:00Z"
    assert message["cause"].startswith("MailFailed 1 of 1 mails not sent: MessageRejected at send.py:")
    assert [line["outcome"] for line in lines(capsys)] == ["dead_lettered", "done"]


def test_a_refused_address_does_not_stop_the_other_mails(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED if address == ANNAS else None
    granted()

    notify.deliver()

    assert [address for address, _ in notify.mailed] == [ANNAS, GIULIAS, ANNAS, ANNAS]
    assert len(dead_letters.messages()) == 1


def test_an_incomplete_entry_is_dead_lettered_and_those_after_it_are_mailed(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    write_malformed_entry()
    granted()

    assert notify.deliver() == []

    assert notify.mailed == [(ANNAS, GRANTED), (GIULIAS, GRANTED)]
    (message,) = dead_letters.messages()
    assert message["record"]["dynamodb"]["Keys"]["SK"] == {"S": "ENTRY#000000000900"}
    assert "hacked" not in message["cause"]
    unreadable, bad, good = lines(capsys)
    assert (unreadable["code"], unreadable["item"]) == ("item_unreadable", "TENANT#acme ENTRY#000000000900")
    assert (bad["tenant_id"], bad["seq"], bad["outcome"]) == ("acme", "900", "dead_lettered")
    assert "hacked" not in str(bad)
    assert good["outcome"] == "done"


def test_an_entry_without_a_hash_is_dead_lettered(notify: Notify) -> None:
    granted()
    (record,) = notify.new()
    del record["dynamodb"]["NewImage"]["hash"]

    notify.deliver([record])

    assert (notify.events, notify.mails, len(dead_letters.messages())) == ([], [], 1)


def test_a_failing_bus_does_not_stop_the_mails(notify: Notify) -> None:
    notify.refused_events += ["ThrottlingException"] * 3
    granted()

    notify.deliver()

    assert notify.events == []
    assert notify.mailed == [(ANNAS, GRANTED), (GIULIAS, GRANTED)]
    (message,) = dead_letters.messages()
    assert message["cause"].startswith("NotAccepted ThrottlingException at event_bus.py:")


def test_when_the_bus_refuses_once_the_event_is_sent_again_and_the_mails_are_not(notify: Notify) -> None:
    notify.refused_events += ["InternalException"]
    granted()

    notify.deliver()

    assert notify.published == ["grant.given"]
    assert len(notify.mails) == 2
    assert dead_letters.messages() == []


def test_a_table_that_cannot_be_read_is_named_as_cause(notify: Notify) -> None:
    granted()
    given = notify.new()

    with table.failing(ConnectTimeoutError(endpoint_url="https://dynamodb.example")):
        assert notify.deliver(given) == []

    assert notify.published == ["grant.given"]
    (message,) = dead_letters.messages()
    assert message["cause"].startswith("GetError at ")


def test_a_failed_write_of_a_mark_causes_no_second_mail_in_the_same_run(notify: Notify) -> None:
    granted()
    given = notify.new()

    with table.failing(ConnectTimeoutError(endpoint_url="https://dynamodb.example"), at="UpdateItem"):
        assert notify.deliver(given) == []

    assert notify.mailed == [(ANNAS, GRANTED), (GIULIAS, GRANTED)]
    assert dead_letters.messages() == []


def test_a_login_that_cannot_be_claimed_is_dead_lettered_without_a_mail(notify: Notify) -> None:
    granted()
    notify.new()
    factories.login()
    given = notify.new()

    with table.failing(ConnectTimeoutError(endpoint_url="https://dynamodb.example"), at="UpdateItem"):
        notify.deliver(given)

    assert notify.mails == []
    assert len(dead_letters.messages()) == 1


def test_a_record_that_cannot_be_dead_lettered_is_reported_and_the_others_are_processed(
    notify: Notify, capsys: pytest.CaptureFixture[str]
) -> None:
    queue.client().delete_queue(QueueUrl=dead_letters.URL)
    write_malformed_entry()
    granted()
    bad, good = notify.new()

    assert notify.deliver([bad, good]) == [bad["dynamodb"]["SequenceNumber"]]

    assert notify.mailed == [(ANNAS, GRANTED), (GIULIAS, GRANTED)]
    assert [line.get("outcome") for line in lines(capsys)] == [None, "returned", "done"]


def test_a_record_that_took_long_is_not_retried(notify: Notify, monkeypatch: pytest.MonkeyPatch) -> None:
    passed, monotonic = timedelta(), time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + passed.total_seconds())

    def hang(address: str) -> Refusal:
        nonlocal passed
        passed += stream_handler.PATIENCE + timedelta(seconds=1)
        return ConnectTimeoutError(endpoint_url="https://email.example")

    notify.refuse = hang
    granted()

    notify.deliver()

    assert len(dead_letters.messages()) == 1
    assert len(notify.mails) <= 2, "botocore itself tries twice"


def test_the_log_has_no_address_user_or_reason(notify: Notify, capsys: pytest.CaptureFixture[str]) -> None:
    notify.refuse = lambda address: REJECTED if address == ANNAS else None
    grant = granted(by=ANNA_WITHOUT_ADDRESS.but(sub="anna@acme.example"))
    factories.login(reason="Printer on fire")
    revoked(grant, by=GIULIA_WITHOUT_ADDRESS)
    write_malformed_entry()

    notify.deliver()

    said = capsys.readouterr().out
    assert len(said.splitlines()) == 5
    for secret in ("@", "Printer", "Anna", "Giulia", "giulia", "Sven", "hacked"):
        assert secret not in said


# ------------------------------------------------------------------ redrive


def test_a_redrive_mails_only_the_recipients_without_a_mail(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED if address == ANNAS else None
    granted()
    factories.login()
    notify.deliver()
    assert len(dead_letters.messages()) == 2
    del notify.mails[:]
    notify.refuse = lambda address: None

    assert notify.redrive() == {"done": 2, "dead_lettered": 0}

    assert sorted(notify.mailed) == [(ANNAS, SUPPORT_IN), (ANNAS, GRANTED)]
    assert dead_letters.messages() == []
    assert notify.redrive() == {"done": 0, "dead_lettered": 0}


def test_a_dead_lettered_first_login_of_a_day_is_still_mailed_as_the_first(notify: Notify) -> None:
    granted()
    notify.new()
    notify.refuse = lambda address: REJECTED
    factories.login(reason="The first of all")
    notify.deliver()
    notify.refuse = lambda address: None
    del notify.mails[:]
    factories.login(reason="The second one")
    notify.deliver()
    assert notify.mails == []

    notify.redrive()

    assert notify.mailed == [(ANNAS, SUPPORT_IN), (GIULIAS, SUPPORT_IN)]
    assert "The first of all" in text_of_mail(notify.mails[0])


def test_a_message_that_fails_again_stays_in_the_queue(notify: Notify, world: time_machine.Traveller) -> None:
    write_malformed_entry()
    notify.deliver()
    (message,) = dead_letters.messages()

    assert notify.redrive() == {"done": 0, "dead_lettered": 1}

    assert dead_letters.messages() == [], "invisible, so that no other run receives it at the same time"
    world.shift(timedelta(minutes=16))
    assert dead_letters.messages() == [message]


@pytest.mark.parametrize(
    "body",
    [
        '{"function": "guestkey-CleanupFunction", "record": {}}',
        '{"requestContext": {"functionArn": "…"}, "DDBStreamBatchInfo": {"batchSize": 1}}',
        "no JSON",
        "[]",
    ],
)
def test_an_unknown_message_in_the_queue_is_left_there(
    notify: Notify, body: str, world: time_machine.Traveller
) -> None:
    queue.client().send_message(QueueUrl=dead_letters.URL, MessageBody=body)

    assert notify.redrive() == {"done": 0, "dead_lettered": 1}

    world.shift(timedelta(minutes=16))
    (left,) = queue.client().receive_message(QueueUrl=dead_letters.URL)["Messages"]
    assert left["Body"] == body


def test_a_redrive_ends_before_the_function_times_out(notify: Notify) -> None:
    notify.refuse = lambda address: REJECTED
    for _ in range(3):
        granted()
    notify.deliver()
    notify.refuse = lambda address: None
    notify.time_left = stream_handler.MAX_RECORD_TIME - timedelta(seconds=1)

    assert notify.redrive() == {"done": 1, "dead_lettered": 0}


def test_an_unknown_invocation_is_an_error(notify: Notify) -> None:
    with pytest.raises(KeyError):
        notify.invoke({"redrive": "perhaps"})
