"""Every key of the one table, and nothing else spells one.

    item                         PK                            SK                               written by
    tenant                       TENANT#<tenant_id>            PROFILE                          store/tenants
    right taken away             TENANT#<tenant_id>            RIGHT#<user_id>                  store/tenants
    live key of a grant          TENANT#<tenant_id>            LIVE#<grant_id>                  store/livekeys
    grant (history)              TENANT#<tenant_id>            GRANT#<grant_id>                 store/grants
    permanent grant, findable    TENANT#<tenant_id>            LASTING#<grant_id>               store/grants
    request                      TENANT#<tenant_id>            REQUEST#<request_id>             store/requests
    login                        TENANT#<tenant_id>            LOGIN#<login_id>                 store/logins
    ledger head, entry           TENANT#<tenant_id>            LEDGER, ENTRY#<seq, 12 digits>   store/ledger
    notice sent                  TENANT#<tenant_id>            NOTICE#<about>#<notice>          store/notices
    open callback                TENANT#<tenant_id>            CALLBACK                         store/callbacks
    callback                     TENANT#<tenant_id>            CALLBACK#<callback_id>           store/callbacks
    whose a call-back is         CALLBACK#<callback_id>        PROFILE                          store/callbacks
    slot                         SLOTS#<date>                  SLOT#<start>                     store/seats
    waiting callback             QUEUE                         WAITING#<callback_id>            store/seats
    desk                         DESK                          PROFILE                          store/desks
    closed day of the desk       DESK                          CLOSED#<date>                    store/desks
    year with its holidays       DESK                          CLOSED#<year>                    store/desks
    agent, department            AGENT#<id>, DEPARTMENT#<id>   PROFILE                          store/people
    where an own login lies      AGENT#<id>                    OWN#LOGIN#<login_id>             store/own
    where an own request lies    AGENT#<id>                    OWN#REQUEST#<request_id>         store/own
    pending requests             AGENT#<id>                    PENDING#<tenant_id>              store/pending
    counter                      AGENT#<id>                    COUNT#<what>#<tenant_id>#<hour>  store/counts
    counter of an agent          AGENT#<id>                    COUNT#<what>#<hour>              store/counts
    counter of a tenant          TENANT#<tenant_id>            COUNT#<what>#<hour>              store/counts
    answer kept for a key        CALLER#<audience>#<caller>    ONCE#<route>#<sha256 of key>     store/once

Ids are ULIDs, so a sort key's order is the order of making. No decision reads an index:

    index        PK                              SK                       holds
    by_grantee   <TYPE>#<id>#<shard of tenant>   <tenant_id>#<grant_id>   live keys
    directory    DIRECTORY                       <type>#<id>              active agents, departments
    due          DUE#<shard of tenant>           <due_at>                 what ends by time, open logins, reviews
"""

from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from guestkey.rules.people import GranteeType

PROFILE = "PROFILE"
LIVE = "LIVE#"
GRANT = "GRANT#"
LASTING = "LASTING#"
REQUEST = "REQUEST#"
LOGIN = "LOGIN#"
OWN = "OWN#"
ENTRY = "ENTRY#"
LEDGER = "LEDGER"
OPEN_CALLBACK, CALLBACK = "CALLBACK", "CALLBACK#"
DESK, CLOSED = "DESK", "CLOSED#"
QUEUE, WAITING = "QUEUE", "WAITING#"
DIRECTORY = "DIRECTORY"

GRANTEE_SHARDS = 4
"""Into how many partitions of the index one grantee's live keys spread: a department may be let in by every tenant."""
DUE_SHARDS = 4
"""Into how many partitions of the index spreads what is due: one clean-up reads them all."""

LAST = "~"
"""Sorts behind every id."""
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Key(NamedTuple):
    """Where one item lies."""

    pk: str
    sk: str


def of_tenant(tenant_id: str) -> str:
    """Return the partition that holds everything of one tenant."""
    return f"TENANT#{tenant_id}"


def tenant(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), PROFILE)


def right(tenant_id: str, user_id: str) -> Key:
    return Key(of_tenant(tenant_id), f"RIGHT#{user_id}")


def live(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), LIVE + grant_id)


def grant(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), GRANT + grant_id)


def lasting(tenant_id: str, grant_id: str) -> Key:
    return Key(of_tenant(tenant_id), LASTING + grant_id)


def login(tenant_id: str, login_id: str) -> Key:
    return Key(of_tenant(tenant_id), LOGIN + login_id)


def request(tenant_id: str, request_id: str) -> Key:
    return Key(of_tenant(tenant_id), REQUEST + request_id)


def open_callback(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), OPEN_CALLBACK)


def callback(tenant_id: str, callback_id: str) -> Key:
    return Key(of_tenant(tenant_id), CALLBACK + callback_id)


def callback_of(callback_id: str) -> Key:
    """Return where it is kept of which tenant a call-back is."""
    return Key(CALLBACK + callback_id, PROFILE)


def slot(starts_at: datetime) -> Key:
    """Return where it is kept who is called back in the quarter-hour from that moment on; date and time are UTC's."""
    return Key(slots_of(starts_at.date()), f"SLOT#{starts_at:%H:%M}")


def slot_start(pk: str, sk: str) -> datetime:
    """Return which quarter-hour lies at such a key."""
    return datetime.fromisoformat(f"{pk.removeprefix('SLOTS#')}T{sk.removeprefix('SLOT#')}:00+00:00")


def slots_of(day: date) -> str:
    return f"SLOTS#{day.isoformat()}"


def waiting(callback_id: str) -> Key:
    return Key(QUEUE, WAITING + callback_id)


def desk() -> Key:
    return Key(DESK, PROFILE)


def closed(day: date) -> Key:
    return Key(DESK, CLOSED + day.isoformat())


def closed_year(year: int) -> Key:
    return Key(DESK, f"{CLOSED}{year}")


def closed_days_of(year: int) -> str:
    """Return how the sort keys of a year's closed days begin."""
    return f"{CLOSED}{year}-"


def own_login(agent_id: str, login_id: str) -> Key:
    return Key(agent(agent_id).pk, OWN + LOGIN + login_id)


def own_request(agent_id: str, request_id: str) -> Key:
    return Key(agent(agent_id).pk, OWN + REQUEST + request_id)


def pending(agent_id: str, tenant_id: str) -> Key:
    return Key(agent(agent_id).pk, f"PENDING#{tenant_id}")


def ledger(tenant_id: str) -> Key:
    return Key(of_tenant(tenant_id), LEDGER)


def entry(tenant_id: str, seq: int) -> Key:
    return Key(of_tenant(tenant_id), f"{ENTRY}{seq:012d}")


def notice(tenant_id: str, about: str, which: str) -> Key:
    """Return where it is marked who got a notice: about which grant or call-back, and which of those."""
    return Key(of_tenant(tenant_id), f"NOTICE#{about}#{which}")


def agent(agent_id: str) -> Key:
    return Key(f"AGENT#{agent_id}", PROFILE)


def department(department_id: str) -> Key:
    return Key(f"DEPARTMENT#{department_id}", PROFILE)


def grantee(type: GranteeType, id: str) -> Key:
    return agent(id) if type is GranteeType.AGENT else department(id)


def count(what: str, agent_id: str, tenant_id: str, at: datetime) -> Key:
    """Return the counter of what an agent did at a tenant in one UTC hour."""
    return Key(agent(agent_id).pk, f"{counts(what, tenant_id)}{at:%Y%m%d%H}")


def count_of_agent(what: str, agent_id: str, at: datetime) -> Key:
    """Return the counter of what an agent did anywhere in one UTC hour."""
    return Key(agent(agent_id).pk, f"COUNT#{what}#{at:%Y%m%d%H}")


def count_of_tenant(what: str, tenant_id: str, at: datetime) -> Key:
    """Return the counter of what happened to a tenant in one UTC hour."""
    return Key(of_tenant(tenant_id), f"COUNT#{what}#{at:%Y%m%d%H}")


def counts(what: str, tenant_id: str) -> str:
    """Return what the sort keys of one kind of counter at one tenant begin with."""
    return f"COUNT#{what}#{tenant_id}#"


def once(audience: str, caller: str, route: str, key: str) -> Key:
    """Return where an answer is kept: `route` is method and concrete path, `key` what the caller sent."""
    return Key(f"CALLER#{audience}#{caller}", f"ONCE#{route}#{sha256(key.encode()).hexdigest()}")


def first_id_at(at: datetime) -> str:
    """Return what sorts before the ids of everything made at that moment or later: a ULID's ten characters of time."""
    milliseconds = int(at.timestamp() * 1000)
    return "".join(_CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5))


def grantee_shard(tenant_id: str) -> int:
    """Return the shard in which a tenant's live keys lie, whatever the grantee."""
    return _shard(tenant_id, GRANTEE_SHARDS)


def by_grantee(type: GranteeType, id: str, shard: int) -> str:
    return f"{type.upper()}#{id}#{shard}"


def due_on(tenant_id: str) -> str:
    """Return the partition of the index in which lies what is due at a tenant."""
    return due(_shard(tenant_id, DUE_SHARDS))


def due(shard: int) -> str:
    return f"DUE#{shard}"


def _shard(tenant_id: str, shards: int) -> int:
    return sha256(tenant_id.encode()).digest()[0] % shards
