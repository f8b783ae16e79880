"""Checks: may this agent enter, or export, now? The union of all live grants that cover the agent decides."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from guestkey.rules.access import Action, Open, Reason, Shut, covering, decide, decide_within, named
from guestkey.rules.door import NO_DOOR, Door
from guestkey.rules.grants import LiveKey, LiveKeys
from guestkey.rules.levels import AccessLevel
from guestkey.rules.logins import End, Login
from guestkey.rules.people import Agent, Grantee, GranteeType
from tests.rows_and_columns import each_row

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
VIEW, CHANGE = AccessLevel
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LONG_AGO = NOON - timedelta(days=400)

SVEN = Agent(
    agent_id="sven",
    name="Sven Brandt",
    email="sven@vendor.example",
    departments=("support",),
    is_active=True,
    changed_at=LONG_AGO,
)
TO_SVEN = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")
TO_DORA = Grantee(type=GranteeType.AGENT, id="dora", name="Dora Vogel")
TO_SUPPORT = Grantee(type=GranteeType.DEPARTMENT, id="support", name="Support")
TO_DEVELOPMENT = Grantee(type=GranteeType.DEPARTMENT, id="development", name="Development")
ROBO = replace(SVEN, agent_id="robo", name="Robo", is_software=True)
TO_ROBO = replace(TO_SVEN, id="robo", name="Robo", is_software=True)
TO_ALL_OF_SUPPORT = replace(TO_SUPPORT, may_automate=True)


def key(
    grant_id: str = "A",
    to: Grantee = TO_SVEN,
    *,
    access: AccessLevel = CHANGE,
    may_export: bool = False,
    granted_at: datetime = NOON,
    ends_at: datetime | None = NOON + HOUR,
) -> LiveKey:
    return LiveKey(
        grant_id=grant_id,
        grantee=to,
        access=access,
        may_export=may_export,
        granted_at=granted_at,
        ends_at=ends_at,
        revoked_before_at=None,
    )


def login(agent_id: str = "sven", *, at: datetime = NOON, under: str = "A") -> Login:
    return Login(
        tenant_id="acme",
        login_id="L",
        agent_id=agent_id,
        agent_name="Sven Brandt",
        departments=("support",),
        reason="The import stands still",
        ticket=None,
        may_export=False,
        logged_in_at=at,
        grant_id=under,
        access_ends_at=NOON + HOUR,
    )


def live(keys: Iterable[LiveKey]) -> LiveKeys:
    return LiveKeys.behind(NO_DOOR, keys)


def enter(*keys: LiveKey, agent: Agent = SVEN, at: datetime = NOON) -> Open | Shut:
    return decide(live(keys), agent, Action.ENTER, at)


def view(*keys: LiveKey, agent: Agent = SVEN, at: datetime = NOON) -> Open | Shut:
    return decide(live(keys), agent, Action.VIEW, at)


def change(*keys: LiveKey, agent: Agent = SVEN, at: datetime = NOON) -> Open | Shut:
    return decide(live(keys), agent, Action.CHANGE, at)


def export(*keys: LiveKey, agent: Agent = SVEN, at: datetime = NOON) -> Open | Shut:
    return decide(live(keys), agent, Action.EXPORT, at)


# --- Access by one grant ---------------------------------------------------------------------------------------------


def test_without_a_grant_access_is_denied():
    assert enter() == Shut(reason=Reason.NO_LIVE_GRANT)
    assert export() == Shut(reason=Reason.NO_LIVE_GRANT)


@each_row("to", [TO_SVEN, TO_SUPPORT])
def test_a_grant_to_sven_or_to_his_department_lets_him_in(to):
    assert enter(key(to=to)) == Open(grant=key(to=to), access=CHANGE, may_export=False)


@each_row("to", [TO_DORA, TO_DEVELOPMENT])
def test_a_grant_to_another_agent_or_department_does_not_let_sven_in(to):
    assert enter(key(to=to)) == Shut(reason=Reason.NO_LIVE_GRANT)


def test_the_end_of_a_grant_is_exclusive():
    assert isinstance(enter(key(), at=NOON + HOUR - SECOND), Open)
    assert enter(key(), at=NOON + HOUR) == Shut(reason=Reason.NO_LIVE_GRANT)


def test_a_grant_gives_no_access_before_it_was_given():
    assert enter(key(granted_at=NOON + SECOND)) == Shut(reason=Reason.NO_LIVE_GRANT)


def test_an_expired_key_that_ttl_has_not_deleted_yet_gives_no_access():
    assert enter(key(), at=NOON + timedelta(days=2)) == Shut(reason=Reason.NO_LIVE_GRANT)


def test_a_newcomer_to_the_department_is_in_and_a_leaver_is_out():
    newcomer = replace(SVEN, departments=("support", "development"), changed_at=NOON)
    leaver = replace(SVEN, departments=(), changed_at=NOON)

    assert isinstance(enter(key(to=TO_DEVELOPMENT), agent=newcomer), Open)
    assert enter(key(to=TO_SUPPORT), agent=leaver) == Shut(reason=Reason.NO_LIVE_GRANT)


@each_row("action", list(Action))
def test_an_inactive_agent_is_denied_despite_any_grant(action):
    inactive = replace(SVEN, is_active=False)
    keys = [key(may_export=True), key("B", TO_SUPPORT, ends_at=None)]

    assert decide(live(keys), inactive, action, NOON) == Shut(reason=Reason.AGENT_INACTIVE)
    assert decide(live([]), inactive, action, NOON) == Shut(reason=Reason.AGENT_INACTIVE)
    assert covering(live(keys), inactive, NOON) == []


@each_row("action", list(Action))
def test_an_unknown_agent_is_denied_despite_a_live_key(action):
    assert decide(live([key(ends_at=None)]), None, action, NOON) == Shut(reason=Reason.NO_LIVE_GRANT)
    assert decide_within(login(), live([key()]), None, action, NOON) == Shut(reason=Reason.NO_LIVE_GRANT)


# --- The union -------------------------------------------------------------------------------------------------------


def test_export_needs_a_grant_that_allows_it():
    assert export(key()) == Shut(reason=Reason.EXPORT_NOT_GRANTED)
    assert export(key(may_export=True)) == Open(grant=key(may_export=True), access=CHANGE, may_export=True)


def test_export_is_allowed_if_any_live_covering_grant_allows_it():
    short = key("B", TO_SUPPORT, may_export=True, ends_at=NOON + MINUTE)

    assert enter(key(), short) == Open(grant=key(), access=CHANGE, may_export=True)
    assert export(key(), short) == Open(grant=short, access=CHANGE, may_export=True)


def test_export_is_over_with_the_last_grant_that_allows_it():
    short = key("B", may_export=True, ends_at=NOON + MINUTE)

    assert enter(key(), short, at=NOON + MINUTE) == Open(grant=key(), access=CHANGE, may_export=False)
    assert export(key(), short, at=NOON + MINUTE) == Shut(reason=Reason.EXPORT_NOT_GRANTED)


@each_row(
    "other",
    [
        key("B", TO_DORA, may_export=True),
        key("B", TO_DEVELOPMENT, may_export=True),
        key("B", may_export=True, ends_at=NOON),
    ],
)
def test_a_grant_that_does_not_cover_sven_now_adds_nothing(other):
    assert enter(key(), other) == Open(grant=key(), access=CHANGE, may_export=False)
    assert export(key(), other) == Shut(reason=Reason.EXPORT_NOT_GRANTED)


def test_ending_one_grant_never_ends_another():
    first, second = key("A"), key("B", TO_SUPPORT, ends_at=NOON + 2 * HOUR)

    assert enter(first, second, at=NOON + HOUR) == Open(grant=second, access=CHANGE, may_export=False)
    assert enter(first) == Open(grant=first, access=CHANGE, may_export=False)


def test_exactly_the_live_keys_that_cover_the_agent_are_found():
    keys = [key("A"), key("B", TO_SUPPORT), key("C", TO_DORA), key("D", ends_at=NOON), key("E", TO_DEVELOPMENT)]

    assert [found.grant_id for found in covering(live(keys), SVEN, NOON)] == ["A", "B"]


# --- Levels ----------------------------------------------------------------------------------------------------------


def test_a_grant_to_view_lets_sven_view_and_neither_change_nor_export():
    viewing = key(access=VIEW)

    assert view(viewing) == Open(grant=viewing, access=VIEW, may_export=False)
    assert change(viewing) == Shut(reason=Reason.CHANGE_NOT_GRANTED)
    assert export(viewing) == Shut(reason=Reason.EXPORT_NOT_GRANTED)


def test_the_question_of_an_old_guard_whether_sven_may_enter_is_about_changes():
    assert enter(key(access=VIEW)) == Shut(reason=Reason.CHANGE_NOT_GRANTED)
    assert enter(key()) == change(key()) == Open(grant=key(), access=CHANGE, may_export=False)


def test_export_is_a_flag_of_its_own_beside_the_level():
    exporting = key(access=VIEW, may_export=True)

    assert export(exporting) == Open(grant=exporting, access=VIEW, may_export=True)
    assert change(exporting) == Shut(reason=Reason.CHANGE_NOT_GRANTED)


def test_the_union_is_the_greatest_level_and_the_grant_named_is_one_that_allows_the_action():
    long, short = key("A", access=VIEW, ends_at=None), key("B", TO_SUPPORT)

    assert view(long, short) == Open(grant=long, access=CHANGE, may_export=False)
    assert change(long, short) == Open(grant=short, access=CHANGE, may_export=False)
    assert change(long, short, at=NOON + HOUR) == Shut(reason=Reason.CHANGE_NOT_GRANTED)
    assert view(long, short, at=NOON + HOUR) == Open(grant=long, access=VIEW, may_export=False)


def test_inside_a_login_to_view_sven_may_change_once_a_grant_says_so():
    viewing = key(access=VIEW)

    inside = decide_within(login(), live([viewing]), SVEN, Action.CHANGE, NOON + MINUTE)
    assert inside == Shut(reason=Reason.CHANGE_NOT_GRANTED)
    assert decide_within(login(), live([viewing, key("B", TO_SUPPORT)]), SVEN, Action.CHANGE, NOON + MINUTE)


# --- Software --------------------------------------------------------------------------------------------------------


def test_a_grant_to_a_department_does_not_cover_its_software_unless_it_says_so():
    assert view(key(to=TO_SUPPORT), agent=ROBO) == Shut(reason=Reason.NOT_FOR_SOFTWARE)
    assert isinstance(view(key(to=TO_ALL_OF_SUPPORT), agent=ROBO), Open)
    assert isinstance(view(key(to=TO_ALL_OF_SUPPORT), agent=SVEN), Open)


def test_a_grant_to_the_software_itself_covers_it():
    assert isinstance(change(key(to=TO_ROBO), agent=ROBO), Open)


def test_software_that_nothing_would_let_in_as_a_person_either_has_no_live_grant():
    assert view(key(to=TO_DEVELOPMENT), agent=ROBO) == Shut(reason=Reason.NO_LIVE_GRANT)
    closed = LiveKeys((key(to=TO_SUPPORT),), Door(is_closed=True))
    assert decide(closed, ROBO, Action.VIEW, NOON) == Shut(reason=Reason.NO_LIVE_GRANT)


def test_what_covers_people_only_adds_nothing_to_the_union_of_software():
    keys = [key("A", TO_ROBO, access=VIEW), key("B", TO_SUPPORT, may_export=True, ends_at=None)]

    assert view(*keys, agent=ROBO) == Open(grant=keys[0], access=VIEW, may_export=False)
    assert change(*keys, agent=ROBO) == Shut(reason=Reason.CHANGE_NOT_GRANTED)


# --- The grant named -------------------------------------------------------------------------------------------------


def test_the_grant_that_ends_last_is_named():
    assert named([key("A"), key("B", ends_at=NOON + 2 * HOUR), key("C")]).grant_id == "B"


def test_a_permanent_grant_ends_last_of_all():
    assert named([key("A", ends_at=NOON + timedelta(days=31)), key("B", ends_at=None)]).grant_id == "B"


@each_row("ends_at", [None, NOON + HOUR])
def test_of_grants_that_end_together_the_one_with_the_lowest_id_is_named(ends_at):
    keys = [key("C", ends_at=ends_at), key("A", ends_at=ends_at), key("B", ends_at=ends_at)]

    assert named(keys).grant_id == "A"


def test_for_export_the_one_that_ends_last_among_those_with_export_is_named():
    keys = [
        key("A", ends_at=None),
        key("B", may_export=True),
        key("D", may_export=True, ends_at=NOON + 2 * HOUR),
        key("C", may_export=True, ends_at=NOON + 2 * HOUR),
    ]

    assert enter(*keys) == Open(grant=keys[0], access=CHANGE, may_export=True)
    assert export(*keys) == Open(grant=keys[3], access=CHANGE, may_export=True)


# --- Inside a login --------------------------------------------------------------------------------------------------


@each_row("action", list(Action))
def test_inside_an_open_login_of_his_own_sven_may_go_on(action):
    keys = [key(may_export=True)]

    assert decide_within(login(), live(keys), SVEN, action, NOON + MINUTE) == Open(
        grant=keys[0], access=CHANGE, may_export=True
    )


def test_without_the_login_that_was_named_access_is_denied():
    assert decide_within(None, live([key()]), SVEN, Action.ENTER, NOON) == Shut(reason=Reason.NO_LOGIN)


def test_a_login_of_another_agent_gives_sven_no_access():
    keys = [key(), key("B", TO_DORA)], [key(to=TO_SUPPORT)]

    for some in keys:
        assert decide_within(login("dora"), live(some), SVEN, Action.ENTER, NOON) == Shut(reason=Reason.NO_LOGIN)


def test_a_login_that_sven_ended_is_over_though_the_grant_is_not():
    ended = replace(login(), ended_at=NOON + MINUTE, end=End.LOGGED_OUT)

    assert decide_within(ended, live([key()]), SVEN, Action.ENTER, NOON + HOUR / 2) == Shut(reason=Reason.NO_LOGIN)


def test_a_login_goes_on_under_another_grant_that_covered_sven_all_the_time():
    keys = [key("B", TO_SUPPORT)]  # grant A, which the login names, is revoked

    decision = decide_within(login(under="A"), live(keys), SVEN, Action.ENTER, NOON + MINUTE)

    assert decision == Open(grant=keys[0], access=CHANGE, may_export=False)


def test_a_login_from_before_access_was_interrupted_is_over():
    later = key("B", granted_at=NOON + 2 * HOUR, ends_at=None)

    decision = decide_within(login(), live([later]), SVEN, Action.ENTER, NOON + 3 * HOUR)

    assert decision == Shut(reason=Reason.NO_LOGIN)


def test_a_denial_without_a_login_keeps_its_reason_with_a_login():
    inactive = replace(SVEN, is_active=False)

    assert decide_within(None, live([key()]), inactive, Action.ENTER, NOON) == Shut(reason=Reason.AGENT_INACTIVE)
    assert decide_within(None, live([]), SVEN, Action.ENTER, NOON) == Shut(reason=Reason.NO_LIVE_GRANT)
    assert decide_within(None, live([key()]), SVEN, Action.EXPORT, NOON) == Shut(reason=Reason.EXPORT_NOT_GRANTED)


def test_keys_may_be_an_iterator():
    decision = decide_within(login(), live(iter([key()])), SVEN, Action.ENTER, NOON + MINUTE)

    assert decision == Open(grant=key(), access=CHANGE, may_export=False)


# --- Behind a door ---------------------------------------------------------------------------------------------------


@each_row("action", list(Action))
def test_at_a_locked_tenant_the_lockdown_is_the_reason_with_or_without_a_grant(action):
    locked = Door(is_locked=True)

    assert decide(LiveKeys((key(may_export=True),), locked), SVEN, action, NOON) == Shut(reason=Reason.LOCKED)
    assert decide_within(login(), LiveKeys((), locked), SVEN, action, NOON) == Shut(reason=Reason.LOCKED)


@each_row(("seq", "is_open"), [(None, False), (9, False), (10, True), (11, True)])
def test_a_login_that_was_recorded_before_a_voiding_is_over_though_the_grant_is_not(seq, is_open):
    standing = LiveKeys.behind(Door(logins_void_before=10), [key()])

    decision = decide_within(replace(login(), recorded_seq=seq), standing, SVEN, Action.ENTER, NOON + MINUTE)

    assert decision == (Open(grant=key(), access=CHANGE, may_export=False) if is_open else Shut(reason=Reason.NO_LOGIN))


# --- The oracle ------------------------------------------------------------------------------------------------------

SECONDS = [NOON + number * SECOND for number in range(4)]
"""Few moments, so that beginnings, ends and the moment of the question often coincide."""
GRANTEES = [TO_SVEN, TO_DORA, TO_SUPPORT, TO_DEVELOPMENT, TO_ALL_OF_SUPPORT]
random_keys = st.lists(
    st.builds(
        key,
        st.sampled_from("ABCDEF"),
        st.sampled_from(GRANTEES),
        access=st.sampled_from(AccessLevel),
        may_export=st.booleans(),
        granted_at=st.sampled_from(SECONDS),
        ends_at=st.sampled_from([None, *SECONDS]),
    ),
    max_size=6,
    unique_by=lambda key: key.grant_id,
)
random_agents = st.none() | st.builds(
    replace,
    st.just(SVEN),
    agent_id=st.sampled_from(["sven", "dora", "support"]),
    departments=st.sampled_from([(), ("support",), ("development", "support"), ("sven",)]),
    is_active=st.sampled_from([True, True, True, False]),
    is_software=st.booleans(),
)


def by_brute_force(keys: list[LiveKey], agent: Agent | None, action: Action, at: datetime) -> Open | Shut:
    """Decide as rules 3, 5 and 8 and the levels say, key by key, with nothing of the product but its values."""
    if agent is not None and not agent.is_active:
        return Shut(reason=Reason.AGENT_INACTIVE)
    names = [] if agent is None else [("agent", agent.agent_id), *(("department", one) for one in agent.departments)]
    covering, for_people = [], []
    for one in keys:
        has_begun = not at < one.granted_at
        has_ended = one.ends_at is not None and not at < one.ends_at
        if has_begun and not has_ended and (str(one.grantee.type), one.grantee.id) in names:
            if agent and agent.is_software and str(one.grantee.type) == "department" and not one.grantee.may_automate:
                for_people.append(one)
            else:
                covering.append(one)
    may_export = len([one for one in covering if one.may_export]) > 0
    if covering == []:
        return Shut(reason=Reason.NO_LIVE_GRANT if for_people == [] else Reason.NOT_FOR_SOFTWARE)
    access = CHANGE if CHANGE in [one.access for one in covering] else VIEW
    refusal = Reason.EXPORT_NOT_GRANTED if action == "export" else Reason.CHANGE_NOT_GRANTED
    if action == "export":
        covering = [one for one in covering if one.may_export]
    if action in ("enter", "change"):
        covering = [one for one in covering if one.access == "change"]
    if covering == []:
        return Shut(reason=refusal)
    never = datetime.max.replace(tzinfo=UTC)
    last = max(one.ends_at or never for one in covering)
    lowest = min(one.grant_id for one in covering if (one.ends_at or never) == last)
    return Open(grant=next(one for one in covering if one.grant_id == lowest), access=access, may_export=may_export)


@settings(max_examples=300)
@given(random_keys, random_agents, st.sampled_from(Action), st.sampled_from(SECONDS))
@example([key("B", ends_at=None), key("A", ends_at=None, may_export=True)], SVEN, Action.EXPORT, NOON)
def test_for_any_grants_the_oracle_agrees(keys: list[LiveKey], agent: Agent | None, action: Action, at: datetime):
    assert decide(live(keys), agent, action, at) == by_brute_force(keys, agent, action, at)
