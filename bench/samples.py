"""Sample items for the benchmarks, in the form in which the store writes them: an agent, grants, slots."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ulid import ULID

from guestkey.rules.grants import Grant
from guestkey.rules.people import Grantee, GranteeType, Person
from guestkey.rules.periods import Period
from guestkey.store.access import grants
from guestkey.store.access import live_keys as stored_live_keys
from guestkey.store.callbacks.seats import KEPT_FOR, SlotItem
from guestkey.store.dynamodb import index_keys, keys
from guestkey.store.dynamodb.models import Item
from guestkey.store.registry.people import AgentItem

NOW = datetime.now(UTC).replace(microsecond=0)
SVEN = Grantee(type=GranteeType.AGENT, id="sven", name="Sven Brandt")
ANNA = Person(user_id="anna", name="Anna Albrecht")

Raw = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON format."""


def agent() -> Raw:
    """Return the item of Sven, an agent of the support department."""
    item = AgentItem(
        *keys.agent(SVEN.id),
        agent_id=SVEN.id,
        name=SVEN.name,
        email="sven@vendor.example",
        departments=["support"],
        is_active=True,
        changed_at=NOW - timedelta(days=400),
        directory=index_keys.DIRECTORY,
        directory_sort=f"agent#{SVEN.id}",
    )
    return raw(item)


def live_keys(tenant_id: str, number: int) -> Iterator[Raw]:
    """Yield live keys of grants with a period of one week. The grants were given one second apart, until now."""
    for age in range(number):
        yield raw(stored_live_keys._item(_grant(tenant_id, NOW - timedelta(seconds=age + 1), Period.ONE_WEEK), None))


def history(tenant_id: str, number: int) -> Iterator[Raw]:
    """Yield items of ended grants with a period of one hour. They are 5 minutes apart and end a day ago."""
    for age in range(number):
        grant = _grant(tenant_id, NOW - timedelta(days=1, minutes=5 * age), Period.ONE_HOUR)
        yield raw(grants._item(grant, keys.grant(tenant_id, grant.grant_id)))


def full(quarters: Iterable[str], lines: int) -> Iterator[Raw]:
    """Yield slot items of these quarter-hours, given by start time, with all lines taken."""
    for quarter in quarters:
        starts_at = datetime.fromisoformat(quarter)
        holders = {f"tenant-{line}#{ULID.from_datetime(starts_at)}" for line in range(lines)}
        yield raw(SlotItem(*keys.slot(starts_at), holders=holders, ttl=int((starts_at + KEPT_FOR).timestamp())))


def raw(item: Item) -> Raw:
    """Return an item in DynamoDB's JSON format, as it is sent over the network."""
    values: Raw = item.to_dynamodb_dict()
    return values


def _grant(tenant_id: str, given_at: datetime, period: Period) -> Grant:
    lasts = timedelta(weeks=1) if period is Period.ONE_WEEK else timedelta(hours=1)
    return Grant(
        tenant_id=tenant_id,
        grant_id=str(ULID.from_datetime(given_at)),
        grantee=SVEN,
        period=period,
        may_export=False,
        granted_at=given_at,
        granted_by=ANNA,
        ends_at=given_at + lasts,
        review_at=None,
    )
