"""Every key of the one table, with its inverse. No other module spells a key.

    item                         PK                            SK                               written by
    tenant                       TENANT#<tenant_id>            PROFILE                          registry/tenants
    right by name                TENANT#<tenant_id>            RIGHT#<user_id>                  registry/tenants
    live key of a grant          TENANT#<tenant_id>            LIVE#<grant_id>                  access/live_keys
    door                         TENANT#<tenant_id>            LIVE#!DOOR                       access/doors
    grant (history)              TENANT#<tenant_id>            GRANT#<grant_id>                 access/grants
    permanent grant, findable    TENANT#<tenant_id>            LASTING#<grant_id>               access/grants
    request                      TENANT#<tenant_id>            REQUEST#<request_id>             requests/requests
    login                        TENANT#<tenant_id>            LOGIN#<login_id>                 access/logins
    open login                   TENANT#<tenant_id>            IN#<login_id>                    access/open_logins
    ledger head, entry           TENANT#<tenant_id>            LEDGER, ENTRY#<seq, 12 digits>   ledger/ledger
    notice sent                  TENANT#<tenant_id>            NOTICE#<about>#<notice>          ledger/notices
    approvers at a change        TENANT#<tenant_id>            APPROVERS#<seq, 12 digits>       registry/approvers
    lock of an account           TENANT#<tenant_id>            LOCK#<seq, 12 digits>            access/lockdown
    policy                       TENANT#<tenant_id>            POLICY                           access/policies
    choice of notices            TENANT#<tenant_id>            NOTICES                          registry/notice_choices
    digest of a day              TENANT#<tenant_id>            DIGEST#<date>                    ledger/digests
    open callback                TENANT#<tenant_id>            CALLBACK                         callbacks/callbacks
    callback                     TENANT#<tenant_id>            CALLBACK#<callback_id>           callbacks/callbacks
    tenant of a callback         CALLBACK#<callback_id>        PROFILE                          callbacks/callbacks
    slot                         SLOTS#<date>                  SLOT#<start>                     callbacks/seats
    waiting callback             QUEUE                         WAITING#<callback_id>            callbacks/seats
    desk                         DESK                          PROFILE                          callbacks/desks
    closed day of the desk       DESK                          CLOSED#<date>                    callbacks/desks
    extra hours of a day         DESK                          OPENED#<date>                    callbacks/desks
    year with its holidays       DESK                          CLOSED#<year>                    callbacks/desks
    agent, department            AGENT#<id>, DEPARTMENT#<id>   PROFILE                          registry/people
    when a person left           AGENT#<id>                    LEFT#<incarnation, 6 digits>     registry/people
    ledger says that they left   TENANT#<tenant_id>            LEFT#<incarnation>#<agent_id>    ledger/leaving
    tenant of an own login       AGENT#<id>                    OWN#LOGIN#<login_id>             registry/ownership
    tenant of an own request     AGENT#<id>                    OWN#REQUEST#<request_id>         registry/ownership
    tenant of a taken callback   AGENT#<id>                    OWN#CALLBACK#<callback_id>       registry/ownership
    pending requests             AGENT#<id>                    PENDING#<tenant_id>              requests/pending
    counter                      AGENT#<id>                    COUNT#<what>#<tenant_id>#<hour>  dynamodb/counters
    counter of a later person    AGENT#<id>                    COUNT#<what>#<tenant_id>#<hour>#<nth>  dynamodb/counters
    counter of an agent          AGENT#<id>                    COUNT#<what>#<hour>              dynamodb/counters
    counter of a tenant          TENANT#<tenant_id>            COUNT#<what>#<hour>              dynamodb/counters
    counter of a user            TENANT#<tenant_id>            COUNT#<what>#<user_id>#<hour>    dynamodb/counters
    idempotency record           CALLER#<audience>#<caller>    ONCE#<route>#<sha256 of key>     dynamodb/idempotency
    migration                    MIGRATION                     OPEN_LOGINS                      access/migration

Ids are ULIDs, so sort keys are in order of creation. Only the ids of tenants, users, agents and departments come from
outside (`rules/limits.EXTERNAL_ID`): they may contain `:`, `|` and `~`, but never `#`, which separates the parts of a
key and sorts before each of their characters.
"""

from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from guestkey.rules.people import GranteeType

TENANT, AGENT, DEPARTMENT, CALLER = "TENANT#", "AGENT#", "DEPARTMENT#", "CALLER#"
PROFILE, RIGHT = "PROFILE", "RIGHT#"
LIVE, DOOR, GRANT, PERMANENT = "LIVE#", "LIVE#!DOOR", "GRANT#", "LASTING#"
REQUEST, PENDING, LOGIN, OPEN_LOGIN = "REQUEST#", "PENDING#", "LOGIN#", "IN#"
OWN_LOGIN, OWN_REQUEST, OWN_CALLBACK = "OWN#LOGIN#", "OWN#REQUEST#", "OWN#CALLBACK#"
LEDGER, ENTRY, NOTICE, APPROVERS = "LEDGER", "ENTRY#", "NOTICE#", "APPROVERS#"
NOTICES, DIGEST, LOCK, POLICY = "NOTICES", "DIGEST#", "LOCK#", "POLICY"
OPEN_CALLBACK, CALLBACK, QUEUE, WAITING = "CALLBACK", "CALLBACK#", "QUEUE", "WAITING#"
SLOTS, SLOT, DESK, CLOSED, OPENED = "SLOTS#", "SLOT#", "DESK", "CLOSED#", "OPENED#"
COUNT, ONCE, LEFT, MIGRATION, OPEN_LOGINS = "COUNT#", "ONCE#", "LEFT#", "MIGRATION", "OPEN_LOGINS"

LAST = "~"
"""Sorts behind every id: one may contain `~`, but none begins with it."""
AFTER_SEPARATOR = "$"
"""The character after `#`: behind `<id>$` nothing of the id itself is left, and everything of later ids is."""
MAX_SEQ = 10**12 - 1


class Key(NamedTuple):
    """The key of one item."""

    pk: str
    sk: str


def of_tenant(tenant_id: str) -> str:
    return TENANT + tenant_id


def tenant_id_in(pk: str) -> str:
    return pk.removeprefix(TENANT)


def id_in(sk: str) -> str:
    """Return what follows the kind in a sort key: `GRANT#<grant_id>`, `ENTRY#<seq>`, `CLOSED#<date>`."""
    return sk.partition("#")[2]


def tenant(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), PROFILE)


def right(tenant_id: str, user_id: str) -> Key:
    return Key(of_tenant(tenant_id), RIGHT + user_id)


def live(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), LIVE + grant_id)


def door(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), DOOR)


def grant(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), GRANT + grant_id)


def permanent_grant(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), PERMANENT + grant_id)


def login(tenant_id: str, login_id: str) -> Key:
    return Key(of_tenant(tenant_id), LOGIN + login_id)


def open_login(tenant_id: str, login_id: str) -> Key:
    return Key(of_tenant(tenant_id), OPEN_LOGIN + login_id)


def request(tenant_id: str, request_id: str) -> Key:
    return Key(of_tenant(tenant_id), REQUEST + request_id)


def open_callback(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), OPEN_CALLBACK)


def callback(tenant_id: str, callback_id: str) -> Key:
    return Key(of_tenant(tenant_id), CALLBACK + callback_id)


def callback_tenant(callback_id: str) -> Key:
    return Key(CALLBACK + callback_id, PROFILE)


def slot(starts_at: datetime) -> Key:
    """Return the key of the quarter-hour that begins at that moment; date and time are in UTC."""
    return Key(slots_of(starts_at.date()), f"{SLOT}{starts_at:%H:%M}")


def slot_start(key: Key) -> datetime:
    """Return the moment at which the quarter-hour of such a key begins."""
    return datetime.fromisoformat(f"{key.pk.removeprefix(SLOTS)}T{key.sk.removeprefix(SLOT)}:00+00:00")


def slots_of(day: date) -> str:
    return SLOTS + day.isoformat()


def waiting(callback_id: str) -> Key:
    return Key(QUEUE, WAITING + callback_id)


def desk() -> Key:
    return Key(DESK, PROFILE)


def closed(day: date) -> Key:
    return Key(DESK, CLOSED + day.isoformat())


def opening(day: date) -> Key:
    return Key(DESK, OPENED + day.isoformat())


def day_in(sk: str) -> date:
    return date.fromisoformat(id_in(sk))


def is_closed_day(sk: str) -> bool:
    """Say whether a sort key is that of a closed day, unlike that of a year or of extra hours."""
    return sk.startswith(CLOSED) and "-" in sk


def closed_year(year: int) -> Key:
    return Key(DESK, f"{CLOSED}{year}")


def closed_year_in(sk: str) -> int:
    return int(id_in(sk))


def closed_days_of(year: int) -> str:
    """Return the prefix of the sort keys of a year's closed days."""
    return f"{CLOSED}{year}-"


def own_login(agent_id: str, login_id: str) -> Key:
    return Key(agent(agent_id).pk, OWN_LOGIN + login_id)


def own_request(agent_id: str, request_id: str) -> Key:
    return Key(agent(agent_id).pk, OWN_REQUEST + request_id)


def own_callback(agent_id: str, callback_id: str) -> Key:
    return Key(agent(agent_id).pk, OWN_CALLBACK + callback_id)


def pending(agent_id: str, tenant_id: str) -> Key:
    return Key(agent(agent_id).pk, PENDING + tenant_id)


def ledger(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), LEDGER)


def entry(tenant_id: str, seq: int) -> Key:
    return Key(of_tenant(tenant_id), f"{ENTRY}{seq:012d}")


def notice(tenant_id: str, about: str, which: str) -> Key:
    return Key(of_tenant(tenant_id), f"{NOTICE}{about}#{which}")


def approvers(tenant_id: str, seq: int) -> Key:
    """Return the key of the approver addresses before and after the change that is entry `seq` of the ledger."""
    return Key(of_tenant(tenant_id), f"{APPROVERS}{seq:012d}")


def lock(tenant_id: str, seq: int) -> Key:
    return Key(of_tenant(tenant_id), f"{LOCK}{seq:012d}")


def policy(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), POLICY)


def notice_choice(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), NOTICES)


def digest(tenant_id: str, day: date) -> Key:
    """Return the key of the digest of a day of the tenant's calendar."""
    return Key(of_tenant(tenant_id), DIGEST + day.isoformat())


def agent(agent_id: str) -> Key:
    return Key(AGENT + agent_id, PROFILE)


def left(agent_id: str, incarnation: int) -> Key:
    return Key(agent(agent_id).pk, f"{LEFT}{incarnation:06d}")


def left_told(tenant_id: str, agent_id: str, incarnation: int) -> Key:
    return Key(of_tenant(tenant_id), f"{LEFT}{incarnation:06d}#{agent_id}")


def department(department_id: str) -> Key:
    return Key(DEPARTMENT + department_id, PROFILE)


def grantee(type: GranteeType, id: str) -> Key:
    return agent(id) if type is GranteeType.AGENT else department(id)


def counter(what: str, agent_id: str, tenant_id: str, at: datetime, nth: int = 1) -> Key:
    """Return the counter of an agent's actions at a tenant in one UTC hour, or of the nth person of the agent's id."""
    sk = f"{counters_of(what, tenant_id)}{_hour(at)}"
    return Key(agent(agent_id).pk, sk if nth == 1 else f"{sk}#{nth}")


def counter_of_agent(what: str, agent_id: str, at: datetime) -> Key:
    """Return the counter of an agent's actions at all tenants in one UTC hour."""
    return Key(agent(agent_id).pk, f"{COUNT}{what}#{_hour(at)}")


def counter_of_tenant(what: str, tenant_id: str, at: datetime) -> Key:
    """Return the counter of all agents' actions at a tenant in one UTC hour."""
    return Key(of_tenant(tenant_id), f"{COUNT}{what}#{_hour(at)}")


def counter_of_user(what: str, tenant_id: str, user_id: str, at: datetime) -> Key:
    """Return the counter of a user's actions in one UTC hour."""
    return Key(of_tenant(tenant_id), f"{COUNT}{what}#{user_id}#{_hour(at)}")


def counters_of(what: str, tenant_id: str) -> str:
    """Return the prefix of the sort keys of one kind of counter at one tenant."""
    return f"{COUNT}{what}#{tenant_id}#"


def idempotency(audience: str, caller: str, route: str, key: str) -> Key:
    """Return the key of an idempotency record: `route` is method and concrete path, `key` comes from the caller."""
    return Key(f"{CALLER}{audience}#{caller}", f"{ONCE}{route}#{sha256(key.encode()).hexdigest()}")


def migration() -> Key:
    """Return the key of the progress of the migration that gives logins from before their open-login items."""
    return Key(MIGRATION, OPEN_LOGINS)


def _hour(at: datetime) -> str:
    return f"{at:%Y%m%d%H}"
