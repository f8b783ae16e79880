"""The choice of deliveries: what can be chosen, and what always comes at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from guestkey.rules.door import Voiding, Word
from guestkey.rules.grants import Grant
from guestkey.rules.notices import BY_DEFAULT, CHOOSABLE, DEFAULTS, Delivery, NoticeKind
from guestkey.rules.people import Grantee, GranteeType, Person
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


def test_an_end_by_a_lock_comes_at_once():
    voiding = Voiding(seq=20, at=AT_NOON + timedelta(minutes=1), word=Word.LOCKED)

    assert BY_DEFAULT.delivery(NoticeKind.ENDED, GRANT) is Delivery.DIGEST
    assert ALL_IN_DIGEST.delivery(NoticeKind.ENDED, replace(GRANT, voided=voiding)) is Delivery.IMMEDIATE
