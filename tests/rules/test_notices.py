"""The choice of deliveries: what can be chosen, and what always comes at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from guestkey.rules.door import Voiding, Word
from guestkey.rules.grants import Grant
from guestkey.rules.ledger import START, By, ByType, Note, What, entry_after
from guestkey.rules.notices import BY_DEFAULT, CHOOSABLE, DEFAULTS, Delivery, NoticeKind, kind_of, note_of
from guestkey.rules.people import Grantee, GranteeType, Person, User
from guestkey.rules.periods import Period
from tests.rows_and_columns import each_row

AT_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
GRANT = Grant(
    tenant_id="acme",
    grant_id="01J",
    grantee=Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt"),
    period=Period.ONE_HOUR,
    may_export=False,
    granted_at=AT_NOON,
    granted_by=Person(user_id="anna", name="Anna Albrecht"),
    ends_at=AT_NOON + timedelta(hours=1),
    review_at=None,
)
ALL_IN_DIGEST = BY_DEFAULT.changed(dict.fromkeys(NoticeKind, Delivery.DIGEST))


def test_kinds_that_cannot_be_chosen_keep_their_delivery():
    for delivery in Delivery:
        changed = BY_DEFAULT.changed(dict.fromkeys(NoticeKind, delivery))

        assert changed.kinds == DEFAULTS | dict.fromkeys(CHOOSABLE, delivery)


def test_without_a_choice_the_defaults_count():
    assert BY_DEFAULT.kinds == DEFAULTS
    assert BY_DEFAULT.changed({}) == BY_DEFAULT


@each_row("kind", sorted(CHOOSABLE))
def test_a_chosen_kind_follows_the_choice(kind):
    assert ALL_IN_DIGEST.delivery(kind, GRANT) is Delivery.DIGEST
    assert BY_DEFAULT.changed({kind: Delivery.IMMEDIATE}).delivery(kind, GRANT) is Delivery.IMMEDIATE


@each_row("wide", [replace(GRANT, may_export=True), replace(GRANT, ends_at=None)])
def test_only_the_giving_of_a_wide_grant_always_comes_at_once(wide):
    assert ALL_IN_DIGEST.delivery(NoticeKind.GRANTED, wide) is Delivery.IMMEDIATE
    assert ALL_IN_DIGEST.delivery(NoticeKind.REVOKED, wide) is Delivery.DIGEST


def test_an_end_by_closing_the_account_comes_at_once_and_one_by_a_lock_as_one_by_time():
    """The lift of the lock is mailed at once, and says that all grants are over."""
    closed = Voiding(seq=20, at=AT_NOON + timedelta(minutes=1), word=Word.CLOSED)

    assert BY_DEFAULT.delivery(NoticeKind.ENDED, GRANT) is Delivery.DIGEST
    assert ALL_IN_DIGEST.delivery(NoticeKind.ENDED, replace(GRANT, voided=closed)) is Delivery.IMMEDIATE
    locked = replace(GRANT, voided=replace(closed, word=Word.LOCKED))
    assert BY_DEFAULT.delivery(NoticeKind.ENDED, locked) is Delivery.DIGEST


@each_row(
    ("what", "data", "kind"),
    [
        (What.GRANT_GIVEN, {}, NoticeKind.GRANTED),
        (What.GRANT_REVOKED, {}, NoticeKind.REVOKED),
        (What.GRANT_ENDED, {}, NoticeKind.ENDED),
        (What.GRANT_ENDED, {"end": "time"}, NoticeKind.ENDED),
        (What.GRANT_ENDED, {"end": "locked"}, NoticeKind.ENDED),
        (What.GRANT_ENDED, {"end": "agent_left"}, NoticeKind.AGENT_LEFT),
    ],
)
def test_an_entry_of_a_grant_is_a_notice_of_its_kind_and_the_leaving_of_an_agent_one_of_its_own(what, data, kind):
    note = Note(what=what, by=By(type=ByType.SYSTEM), about="01J", data=data, at=AT_NOON)

    assert kind_of(entry_after(START, "acme", note)) is kind


def test_the_ledger_names_the_author_of_a_choice_and_the_delivery_of_every_kind_that_can_be_chosen():
    anna = User(tenant_id="acme", user_id="anna", name="Anna Albrecht")
    choice = BY_DEFAULT.changed({NoticeKind.REVOKED: Delivery.DIGEST})

    assert note_of(choice, anna, AT_NOON) == Note(
        what=What.NOTICES_CHANGED,
        by=By(type=ByType.USER, id="anna"),
        about="acme",
        data={"granted": "immediate", "revoked": "digest", "ended": "digest", "agent_left": "immediate"},
        at=AT_NOON,
    )
