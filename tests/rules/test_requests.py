"""Life of a request: made, answered once or withdrawn, otherwise expired."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guestkey.errors import ExportNotAsked, NoApprovers, RecipientUnknown, RequestClosed, RequestExpired
from guestkey.rules import requests
from guestkey.rules.door import NO_DOOR
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import Agent, Grantee, GranteeType, Person, Tenant, User
from guestkey.rules.periods import Period
from guestkey.rules.policy import NO_RULES
from guestkey.rules.requests import MailState, Request, State, ask
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
DAY = 24 * HOUR

ACME = Tenant(
    tenant_id="acme",
    name="Acme Immobilien GmbH",
    customer_name="acme",
    version="Enterprise 24.3",
    time_zone="Europe/Berlin",
    language="de",
    country="DE",
    approver_emails=("anna@acme.example", "Giulia@Acme.example"),
)
SVEN = Agent(
    agent_id="sven",
    name="Sven Brandt",
    email="sven@vendor.example",
    departments=("support",),
    is_active=True,
    changed_at=NOON - 400 * DAY,
)
TO_SVEN = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")
SALT = "5a17" * 8
ANNA = User(tenant_id="acme", user_id="anna", name="Anna Albrecht", email="anna@acme.example", locale="de-DE")


def requested(
    *recipients: str,
    agent: Agent = SVEN,
    tenant: Tenant = ACME,
    ticket: str | None = None,
    period: Period = Period.FOUR_HOURS,
    access: AccessLevel = AccessLevel.CHANGE,
    may_export: bool = False,
    life: timedelta = DAY,
) -> Request:
    return ask(
        request_id="01R",
        agent=agent,
        tenant=tenant,
        recipients=recipients or None,
        reason="The import stands still",
        reason_salt=SALT,
        ticket=ticket,
        period=period,
        access=access,
        may_export=may_export,
        life=life,
        rules=NO_RULES,
        now=NOON,
    )


def approve(
    request: Request,
    *,
    period: Period | None = None,
    access: AccessLevel | None = None,
    may_export: bool = False,
    at: datetime = NOON + HOUR,
) -> requests.Approval:
    return requests.approve(
        request,
        door=NO_DOOR,
        rules=NO_RULES,
        by=ANNA,
        grantee=TO_SVEN,
        tenant=ACME,
        grant_id="01G",
        period=period,
        access=access,
        may_export=may_export,
        now=at,
    )


def closed() -> dict[State, Request]:
    """Return a request in each closed state."""
    pending = requested()
    return {
        State.APPROVED: approve(pending).request,
        State.DECLINED: requests.decline(pending, by=ANNA, note=None, note_salt=SALT, now=NOON + HOUR),
        State.WITHDRAWN: requests.withdraw(pending, NOON + HOUR),
    }


# --- Asking ----------------------------------------------------------------------------------------------------------


def test_a_request_names_the_agent_the_recipients_the_access_and_the_reason():
    request = requested()

    assert (request.tenant_id, request.request_id) == ("acme", "01R")
    assert (request.agent_id, request.agent_name) == ("sven", "Sven Brandt")
    assert (request.reason, request.reason_salt) == ("The import stands still", SALT)
    assert request.period is Period.FOUR_HOURS
    assert (request.requested_at, request.expires_at) == (NOON, NOON + DAY)
    assert (request.answered_at, request.answered_by, request.note, request.grant_id) == (None, None, None, None)


def test_a_request_is_of_the_person_behind_the_agents_id_at_that_time():
    assert requested(agent=replace(SVEN, incarnation=2)).incarnation == 2


@each_row("may_export", [True, False])
def test_export_is_as_the_agent_asked(may_export):
    assert requested(may_export=may_export).may_export is may_export


@each_row("life", [timedelta(minutes=1), DAY, requests.MAX_LIFE])
def test_it_expires_after_the_time_that_the_vendor_set(life):
    assert requested(life=life).expires_at == NOON + life


def test_its_mail_status_is_failed_until_ses_accepts_the_mail():
    assert requested().mail is MailState.FAILED


def test_without_recipients_every_registered_approver_is_asked():
    assert requested().recipients == ("anna@acme.example", "Giulia@Acme.example")


def test_the_case_of_a_recipient_does_not_matter_and_the_mail_goes_where_it_was_registered():
    assert requested("GIULIA@acme.example").recipients == ("Giulia@Acme.example",)


def test_each_recipient_gets_one_mail_however_often_named():
    assert requested("anna@acme.example", "Anna@acme.example").recipients == ("anna@acme.example",)


def test_recipients_stay_in_the_order_in_which_they_were_named():
    assert requested("giulia@acme.example", "anna@acme.example").recipients == (
        "Giulia@Acme.example",
        "anna@acme.example",
    )


def test_one_unknown_recipient_refuses_the_request():
    with pytest.raises(RecipientUnknown):
        requested("anna@acme.example", "carla@globex.example")


def test_a_tenant_without_approvers_cannot_be_asked():
    without_approvers = replace(ACME, approver_emails=())

    with pytest.raises(NoApprovers):
        requested(tenant=without_approvers)
    with pytest.raises(NoApprovers):
        requested("anna@acme.example", tenant=without_approvers)
    with pytest.raises(NoApprovers):
        requests.still_registered(requested(), without_approvers)


# --- Sending again ---------------------------------------------------------------------------------------------------


def test_it_is_sent_again_to_recipients_still_registered_ignoring_case():
    request = requested()
    later = replace(ACME, approver_emails=("GIULIA@acme.example", "berta@acme.example"))

    assert requests.still_registered(request, ACME) == request.recipients
    assert requests.still_registered(request, later) == ("Giulia@Acme.example",)


def test_it_is_not_sent_again_when_no_recipient_is_registered_any_more():
    with pytest.raises(RecipientUnknown):
        requests.still_registered(requested(), replace(ACME, approver_emails=("berta@acme.example",)))


# --- State -----------------------------------------------------------------------------------------------------------


def test_a_request_is_pending_until_its_end_which_is_exclusive():
    request = requested()

    assert request.state(NOON) is request.state(NOON + DAY - SECOND) is State.PENDING
    assert request.state(NOON + DAY) is State.EXPIRED


@each_row("state", closed())
def test_a_closed_request_keeps_its_state_for_ever(state):
    request = closed()[state]

    assert request.state(NOON + HOUR) is request.state(NOON + 400 * DAY) is state


def test_an_expiry_can_be_recorded():
    assert requests.expire(requested()) == replace(requested(), closed_as=State.EXPIRED)


# --- Approving -------------------------------------------------------------------------------------------------------


def test_approving_gives_a_grant_that_starts_at_that_moment():
    approval = approve(requested())
    request, grant = approval.request, approval.grant

    assert (grant.grantee, grant.granted_by) == (TO_SVEN, Person(user_id="anna", name="Anna Albrecht"))
    assert (grant.granted_at, grant.ends_at) == (NOON + HOUR, NOON + 5 * HOUR)
    assert (grant.request_id, request.grant_id) == ("01R", "01G")
    assert request.state(NOON + HOUR) is State.APPROVED
    assert (request.answered_at, request.answered_by) == (NOON + HOUR, grant.granted_by)


@each_row(("chosen", "granted"), [(None, Period.FOUR_HOURS), (Period.PERMANENT, Period.PERMANENT)])
def test_the_approver_may_choose_another_period(chosen, granted):
    approval = approve(requested(), period=chosen)
    request, grant = approval.request, approval.grant

    assert grant.period is granted
    assert request.period is Period.FOUR_HOURS, "the requested period is kept"


@each_row(
    ("asked", "chosen", "granted"),
    [(True, True, True), (True, False, False), (False, False, False)],
)
def test_only_the_approver_turns_export_on(asked, chosen, granted):
    approval = approve(requested(may_export=asked), may_export=chosen)
    request, grant = approval.request, approval.grant

    assert grant.may_export is granted
    assert request.may_export is asked


@each_row("ticket", [None, "T-1"])
def test_the_grant_takes_over_the_ticket_of_the_request(ticket):
    request = requested(ticket=ticket)

    assert request.ticket == approve(request).grant.ticket == ticket


def test_the_approver_never_adds_export():
    with pytest.raises(ExportNotAsked):
        approve(requested(), may_export=True)


def test_the_state_is_checked_before_the_approvers_choices():
    with pytest.raises(RequestExpired):
        approve(requested(), may_export=True, at=NOON + DAY)


# --- Declining -------------------------------------------------------------------------------------------------------


@each_row("note", [None, "Tomorrow, please"])
def test_declining_records_user_time_and_optional_note(note):
    request = requests.decline(requested(), by=ANNA, note=note, note_salt=SALT, now=NOON + HOUR)

    assert request.state(NOON + HOUR) is State.DECLINED
    assert (request.answered_at, request.answered_by) == (NOON + HOUR, Person(user_id="anna", name="Anna Albrecht"))
    assert (request.note, request.note_salt, request.grant_id) == (note, SALT if note else None, None)


# --- Withdrawing -----------------------------------------------------------------------------------------------------


def test_a_withdrawn_request_names_no_approver():
    request = requests.withdraw(requested(), NOON + HOUR)

    assert request.state(NOON + HOUR) is State.WITHDRAWN
    assert (request.answered_at, request.answered_by) == (None, None)


def test_withdrawing_twice_changes_nothing_at_any_later_time():
    request = requests.withdraw(requested(), NOON)

    assert requests.withdraw(request, NOON + 2 * DAY) == request


# --- The agent leaves ------------------------------------------------------------------------------------------------


@each_row(
    ("left_at", "closed_as"),
    [(NOON, State.WITHDRAWN), (NOON + DAY - SECOND, State.WITHDRAWN), (NOON + DAY, None)],
)
def test_a_pending_request_is_withdrawn_when_its_agent_leaves_and_an_expired_one_stays_the_same(left_at, closed_as):
    assert requests.close_for_leaver(requested(), left_at) == replace(requested(), closed_as=closed_as)


@each_row("state", closed())
def test_a_closed_request_stays_the_same_when_its_agent_leaves(state):
    request = closed()[state]

    assert requests.close_for_leaver(request, NOON + HOUR) == request


# --- Too late --------------------------------------------------------------------------------------------------------

ANSWERS = {
    "approve": approve,
    "decline": lambda request, at=NOON + HOUR: requests.decline(request, by=ANNA, note=None, note_salt=SALT, now=at),
    "require_pending": lambda request, at=NOON + HOUR: requests.require_pending(request, at),
}
every_answer = each_row("answer", ANSWERS.values(), ids=ANSWERS)


@every_answer
def test_a_pending_request_can_be_answered_in_its_last_second(answer):
    answer(requested(), at=NOON + DAY - SECOND)


@every_answer
@each_row("state", closed())
@each_row("later", [timedelta(), 2 * DAY])
def test_a_closed_request_cannot_be_answered_and_the_refusal_names_its_state(answer, state, later):
    request = closed()[state]
    with pytest.raises(RequestClosed) as refused:
        answer(request, at=NOON + HOUR + later)

    assert refused.value.members == {"state": state.value, "grant_id": request.grant_id}


@every_answer
@each_row("is_written_down", [True, False])
def test_an_expired_request_cannot_be_answered_with_or_without_a_recorded_expiry(answer, is_written_down):
    request = requests.expire(requested()) if is_written_down else requested()

    with pytest.raises(RequestExpired):
        answer(request, at=NOON + DAY)


@each_row("state", [State.APPROVED, State.DECLINED])
def test_an_answered_request_cannot_be_withdrawn(state):
    with pytest.raises(RequestClosed):
        requests.withdraw(closed()[state], NOON + HOUR)


def test_an_expired_request_cannot_be_withdrawn():
    with pytest.raises(RequestExpired):
        requests.withdraw(requested(), NOON + DAY)
