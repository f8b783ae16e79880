"""Facts of one mail of each kind: Monday noon, Anna's tenant, Sven of Support."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from guestkey.edge.mail.answers import AnswerFacts
from guestkey.edge.mail.changes import ApproverFacts, NoticeFacts, PolicyFacts, RightFacts
from guestkey.edge.mail.compose import Facts, Kind
from guestkey.edge.mail.digests import DigestFacts, DigestLine
from guestkey.edge.mail.facts import CallbackFacts, GrantFacts, LoginFacts, RequestFacts
from guestkey.edge.mail.locks import LockFacts
from guestkey.rules.callback_entries import SlotChange
from guestkey.rules.callbacks import Callback
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import By, ByType, Entry, Head, What
from guestkey.rules.logins import Login
from guestkey.rules.notices import Delivery, NoticeKind
from guestkey.rules.people import Grantee, GranteeType, Person, Tenant
from guestkey.rules.periods import Period, end_of, review_at
from guestkey.rules.requests import Request, State
from guestkey.rules.slots import Slot

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
REQUEST_ID = "01KB4Q5ZP0E8Q7R2M9V3XW6YTA"
LINK = f"https://support.vendor.example/activate#{REQUEST_ID}"
GRANT_ID = "01KB4Q6000E8Q7R2M9V3XW6YTB"
GRANT_LINK = f"https://support.vendor.example/activate#grant={GRANT_ID}"
HEAD = Head(seq=17, hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
REASON = "Ticket 4711: Exposés lassen sich seit heute früh nicht mehr drucken"
ACME = Tenant(
    tenant_id="acme",
    name="Acme Immobilien GmbH",
    customer_name="acme",
    version="Enterprise 24.3",
    time_zone="Europe/Berlin",
    language="de",
    country="DE",
    approver_emails=("anna@acme.example", "giulia@acme.example"),
)


def asked(**changed: Any) -> RequestFacts:
    """Return the facts of an activation mail."""
    facts = RequestFacts(
        tenant=ACME,
        request_id=REQUEST_ID,
        agent_id="sven",
        agent_name="Sven Brandt",
        departments=("Support",),
        reason=REASON,
        ticket="T-4711",
        period=Period.FOUR_HOURS,
        may_export=True,
        expires_at=MONDAY_NOON + timedelta(hours=24),
    )
    return replace(facts, **changed)


def of_grant(period: Period = Period.FOUR_HOURS, tenant: Tenant = ACME, **changed: Any) -> GrantFacts:
    """Return the facts of a mail about a grant that Anna gave at noon."""
    ends_at = end_of(period, MONDAY_NOON, tenant.zone)
    grant = Grant(
        tenant_id=tenant.tenant_id,
        grant_id=GRANT_ID,
        grantee=Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support"),
        period=period,
        may_export=False,
        granted_at=MONDAY_NOON,
        granted_by=Person(user_id="anna", name="Anna Albrecht"),
        ends_at=ends_at,
        review_at=None if ends_at else review_at(MONDAY_NOON, tenant.zone),
    )
    return GrantFacts(tenant=tenant, grant=replace(grant, **changed), head=HEAD)


def of_login(tenant: Tenant = ACME, departments: tuple[str, ...] = ("Support",), **changed: Any) -> LoginFacts:
    """Return the facts of a mail about the first login under Anna's grant."""
    login = Login(
        tenant_id=tenant.tenant_id,
        login_id="01KB4Q7000E8Q7R2M9V3XW6YTC",
        agent_id="sven",
        agent_name="Sven Brandt",
        departments=("support",),
        reason=REASON,
        ticket="4711",
        may_export=False,
        logged_in_at=MONDAY_NOON + timedelta(minutes=5),
        grant_id=GRANT_ID,
        access_ends_at=MONDAY_NOON + timedelta(hours=4),
    )
    return LoginFacts(tenant=tenant, login=replace(login, **changed), departments=departments, head=HEAD)


def of_approvers(**changed: Any) -> ApproverFacts:
    """Return the facts of a mail that Giulia's address replaced Carlo's."""
    facts = ApproverFacts(
        tenant=ACME,
        added=("giulia@acme.example",),
        removed=("carlo@acme.example",),
        registered=ACME.approver_emails,
        changed_at=MONDAY_NOON,
        head=HEAD,
    )
    return replace(facts, **changed)


def of_right(**changed: Any) -> RightFacts:
    """Return the facts of a mail that Ben lost the right."""
    facts = RightFacts(
        tenant=ACME, user_id="ben", may_grant=False, changed_by="giulia", changed_at=MONDAY_NOON, head=HEAD
    )
    return replace(facts, **changed)


def of_notices(**changed: Any) -> NoticeFacts:
    """Return the facts of a mail that Anna put two kinds of notices into the digest, and one out of it."""
    kinds = {
        NoticeKind.GRANTED: Delivery.DIGEST,
        NoticeKind.REVOKED: Delivery.DIGEST,
        NoticeKind.ENDED: Delivery.IMMEDIATE,
        NoticeKind.AGENT_LEFT: Delivery.DIGEST,
    }
    return replace(
        NoticeFacts(tenant=ACME, kinds=kinds, changed_by="anna", changed_at=MONDAY_NOON, head=HEAD), **changed
    )


def of_policy(**changed: Any) -> PolicyFacts:
    """Return the facts of a mail that Anna wants looser rules."""
    facts = PolicyFacts(
        tenant=ACME, changed_by="anna", changed_at=MONDAY_NOON, counts_from=MONDAY_NOON + timedelta(days=1), head=HEAD
    )
    return replace(facts, **changed)


def of_lock(**changed: Any) -> LockFacts:
    facts = LockFacts(
        tenant=ACME,
        by=Person(user_id="anna", name="Anna Albrecht"),
        at=MONDAY_NOON,
        reason="An alarm in the night",
        kept_grants=None,
        head=HEAD,
    )
    return replace(facts, **changed)


def line(seq: int, what: What, about: Grant | Login, departments: tuple[str, ...] = (), **data: Any) -> DigestLine:
    """Return a line of a digest, about an entry of Monday noon."""
    entry = Entry(
        tenant_id="acme",
        seq=seq,
        at=MONDAY_NOON,
        what=what,
        by=By(type=ByType.SYSTEM),
        about=GRANT_ID,
        data=data,
        prev_hash=HEAD.hash,
        hash=HEAD.hash,
    )
    return DigestLine(entry=entry, about=about, departments=departments)


def of_digest(tenant: Tenant = ACME, typed: str | None = None, **changed: Any) -> DigestFacts:
    """Return the facts of a digest with a line of each kind; `typed` stands in all texts that somebody typed."""
    somebody, name = Person(user_id="anna", name=typed or "Anna Albrecht"), typed or "Support"
    grantee = Grantee(type=GranteeType.DEPARTMENT, id="support", name=name)
    of_person = Grantee(type=GranteeType.AGENT, id="sven", name=typed or "Sven Brandt")
    given = of_grant(granted_by=somebody, grantee=grantee).grant
    login = of_login(agent_name=typed or "Sven Brandt", reason=typed or REASON, may_export=True).login
    lines = [
        line(12, What.GRANT_GIVEN, given),
        line(14, What.LOGIN_RECORDED, login, (name,)),
        line(15, What.GRANT_REVOKED, replace(given, **REVOKED | {"revoked_by": somebody})),
        line(16, What.GRANT_ENDED, given),
        line(19, What.GRANT_ENDED, replace(given, grantee=of_person, left_at=MONDAY_NOON), end="agent_left"),
    ]
    facts = DigestFacts(
        tenant=tenant, day=MONDAY_NOON.date(), first_seq=12, last_seq=34, lines=lines, further=3, head=HEAD
    )
    return replace(facts, **changed)


def of_answer(state: State = State.APPROVED, **changed: Any) -> AnswerFacts:
    """Return the facts of a mail to Sven about his request: approved for less, declined with a note, or expired."""
    is_answered = state is not State.EXPIRED
    request = Request(
        tenant_id="acme",
        request_id=REQUEST_ID,
        agent_id="sven",
        agent_name="Sven Brandt",
        recipients=ACME.approver_emails,
        reason=REASON,
        period=Period.ONE_WEEK,
        may_export=True,
        requested_at=MONDAY_NOON - timedelta(hours=1),
        expires_at=MONDAY_NOON + timedelta(hours=23),
        closed_as=state,
        answered_at=MONDAY_NOON if is_answered else None,
        answered_by=Person(user_id="anna", name="Anna Albrecht") if is_answered else None,
        note="Bitte erst anrufen.\nDanke" if state is State.DECLINED else None,
    )
    grant = of_grant().grant if state is State.APPROVED else None
    return replace(AnswerFacts(tenant=ACME, request=request, grant=grant), **changed)


def _typed_answer(typed: str, state: State) -> AnswerFacts:
    facts, tenant = of_answer(state), replace(ACME, name=typed)
    by = Person(user_id="anna", name=typed) if facts.request.answered_by else None
    note = typed if facts.request.note else None
    return replace(facts, tenant=tenant, request=replace(facts.request, reason=typed, answered_by=by, note=note))


def slot(starts_at: datetime, minutes: int = 30) -> Slot:
    """Return a slot of half an hour, or of another length."""
    return Slot(starts_at=starts_at, ends_at=starts_at + timedelta(minutes=minutes))


TUESDAY_AT_TEN = slot(MONDAY_NOON + timedelta(hours=21))
WEDNESDAY_AT_FOUR = slot(MONDAY_NOON + timedelta(hours=51))
"""Slots named by their time in Berlin."""


def of_callback(
    slot: Slot | None = TUESDAY_AT_TEN,
    earlier: Slot | None = None,
    *,
    version: int = 0,
    by: ByType = ByType.USER,
    tenant: Tenant = ACME,
    topic: str = "Beratung",
    **changed: Any,
) -> CallbackFacts:
    """Return the facts of a mail about the call-back that Anna asked for at noon."""
    callback = Callback(
        tenant_id=tenant.tenant_id,
        callback_id="01KB4Q8000E8Q7R2M9V3XW6YTD",
        topic="consultation",
        description="Der Import der Exposés bleibt stehen.\nSeit heute früh.",
        phone="+4924144686122",
        phone_shown="0241 44686122",
        slot=slot,
        requested_at=MONDAY_NOON,
        requested_by=Person(user_id="anna", name="Anna Albrecht"),
        email="anna@acme.example",
        locale="de-DE",
    )
    change = SlotChange(slot=slot, earlier=earlier, version=version, by=by)
    return CallbackFacts(tenant=tenant, callback=replace(callback, **changed), change=change, topic=topic, head=HEAD)


REVOKED: dict[str, Any] = {
    "revoked_at": MONDAY_NOON + timedelta(hours=1),
    "revoked_by": Person(user_id="giulia", name="Giulia Moretti"),
}


def every_kind() -> dict[Kind, Facts]:
    """Return the facts of a mail of each kind."""
    return {
        Kind.ACTIVATION: asked(),
        Kind.GRANTED: of_grant(),
        Kind.REVOKED: of_grant(**REVOKED),
        Kind.ENDED: of_grant(),
        Kind.AGENT_LEFT: of_grant(left_at=MONDAY_NOON),
        Kind.REVIEW: of_grant(Period.PERMANENT),
        Kind.SUPPORT_IN: of_login(),
        Kind.APPROVERS_CHANGED: of_approvers(),
        Kind.RIGHT_CHANGED: of_right(),
        Kind.NOTICES_CHANGED: of_notices(),
        Kind.POLICY_CHANGED: of_policy(counts_from=None),
        Kind.POLICY_WAITING: of_policy(),
        Kind.POLICY_WITHDRAWN: of_policy(),
        Kind.LOCKED: of_lock(),
        Kind.UNLOCKED: of_lock(kept_grants=False),
        Kind.DIGEST: of_digest(),
        Kind.REQUEST_APPROVED: of_answer(),
        Kind.REQUEST_DECLINED: of_answer(State.DECLINED),
        Kind.REQUEST_EXPIRED: of_answer(State.EXPIRED),
        Kind.CALLBACK_BOOKED: of_callback(),
        Kind.CALLBACK_WAITING: of_callback(None, TUESDAY_AT_TEN, version=1),
        Kind.CALLBACK_MOVED: of_callback(WEDNESDAY_AT_FOUR, TUESDAY_AT_TEN, version=1),
        Kind.CALLBACK_CHANGED: of_callback(TUESDAY_AT_TEN, TUESDAY_AT_TEN, version=1),
        Kind.CALLBACK_CANCELLED: of_callback(None, WEDNESDAY_AT_FOUR, version=2, by=ByType.AGENT),
        Kind.CALLBACK_STRANDED: of_callback(),
        Kind.CALLBACK_REMINDER: of_callback(),
    }


def every_kind_typed(typed: str) -> dict[Kind, Facts]:
    """Return the facts of a mail of each kind, with this text in every field that users, agents or the vendor type."""
    tenant = replace(ACME, name=typed, customer_name=typed)
    somebody = Person(user_id="anna", name=typed)
    by_phone: dict[str, Any] = {"tenant": tenant, "topic": typed, "requested_by": somebody, "description": typed}
    grantees = {
        Kind.GRANTED: Grantee(type=GranteeType.AGENT, id="sven", name=typed),
        Kind.ENDED: Grantee(type=GranteeType.DEPARTMENT, id="support", name=typed),
    }
    return {
        Kind.ACTIVATION: asked(tenant=tenant, agent_name=typed, departments=(typed, typed), reason=typed, ticket=typed),
        **{kind: of_grant(tenant=tenant, granted_by=somebody, grantee=grantee) for kind, grantee in grantees.items()},
        Kind.REVOKED: of_grant(
            tenant=tenant, grantee=grantees[Kind.GRANTED], **REVOKED | {"revoked_by": somebody}, granted_by=somebody
        ),
        Kind.AGENT_LEFT: of_grant(
            tenant=tenant, granted_by=somebody, grantee=grantees[Kind.GRANTED], left_at=MONDAY_NOON
        ),
        Kind.REVIEW: of_grant(Period.PERMANENT, tenant, grantee=grantees[Kind.ENDED], granted_by=somebody),
        Kind.SUPPORT_IN: of_login(tenant, (typed,), agent_name=typed, reason=typed),
        Kind.APPROVERS_CHANGED: of_approvers(
            tenant=tenant, added=(typed,), removed=(typed, typed), registered=(typed,)
        ),
        Kind.RIGHT_CHANGED: of_right(tenant=tenant, user_id=typed, changed_by=typed),
        Kind.NOTICES_CHANGED: of_notices(tenant=tenant, changed_by=typed),
        Kind.POLICY_CHANGED: of_policy(tenant=tenant, changed_by=typed, counts_from=None),
        Kind.POLICY_WAITING: of_policy(tenant=tenant, changed_by=typed),
        Kind.POLICY_WITHDRAWN: of_policy(tenant=tenant, changed_by=typed),
        Kind.LOCKED: of_lock(tenant=tenant, by=Person(user_id=typed, name=typed), reason=typed),
        Kind.UNLOCKED: of_lock(tenant=tenant, by=Person(user_id=typed, name=typed), kept_grants=True),
        Kind.DIGEST: of_digest(tenant, typed),
        Kind.REQUEST_APPROVED: _typed_answer(typed, State.APPROVED),
        Kind.REQUEST_DECLINED: _typed_answer(typed, State.DECLINED),
        Kind.REQUEST_EXPIRED: _typed_answer(typed, State.EXPIRED),
        Kind.CALLBACK_BOOKED: of_callback(**by_phone),
        Kind.CALLBACK_WAITING: of_callback(None, TUESDAY_AT_TEN, **by_phone),
        Kind.CALLBACK_MOVED: of_callback(WEDNESDAY_AT_FOUR, TUESDAY_AT_TEN, **by_phone),
        Kind.CALLBACK_CHANGED: of_callback(TUESDAY_AT_TEN, TUESDAY_AT_TEN, **by_phone),
        Kind.CALLBACK_CANCELLED: of_callback(None, TUESDAY_AT_TEN, **by_phone),
        Kind.CALLBACK_STRANDED: of_callback(**by_phone),
        Kind.CALLBACK_REMINDER: of_callback(**by_phone),
    }
