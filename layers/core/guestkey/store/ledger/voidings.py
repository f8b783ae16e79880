"""Stores the ends that a voiding of a tenant's door brought to its grants and open logins.

Who writes a voiding makes the door due at once. No decision depends on it: each compares the numbers by itself. It is
resumable at any point, and each end is stored once.
"""

from contextlib import suppress
from datetime import datetime
from itertools import batched

from guestkey.rules.door import NOT_UNDERSTOOD, Door
from guestkey.rules.grants import Grant
from guestkey.store.access import doors, grants, live_keys, logins, migration, open_logins
from guestkey.store.access.doors import DoorItem
from guestkey.store.dynamodb import keys
from guestkey.store.dynamodb.models import remove_due
from guestkey.store.dynamodb.reads import find
from guestkey.store.dynamodb.transaction import ConditionFailed, single_write
from guestkey.store.ledger import ends

MAX_LOGINS = 400
"""Limit of logins in one run, so that a tenant with thousands leaves time for the others."""
LOGINS_AT_ONCE = 100


def write_down(item: DoorItem, now: datetime) -> None:
    """Store everything that the door's voidings ended, and take the door out of the *due* index.

    Raises ValueError for a door of a newer form, which a function of the newer version will process.
    """
    tenant_id, door = keys.tenant_id_in(item.pk), doors.door_of(item)
    if door is NOT_UNDERSTOOD:
        raise ValueError("the door has a form that this version does not know")
    if _end_grants(tenant_id, door, now) and _end_logins(tenant_id, door, now):
        with suppress(ConditionFailed), single_write():
            DoorItem(item.pk, item.sk).update(remove_due(), condition=DoorItem.version == item.version)


def _end_grants(tenant_id: str, door: Door, now: datetime) -> bool:
    """Store the ends of voided grants. The others are ended by time or by their agent's leaving, each on its way."""
    is_whole = True
    for some in batched(live_keys.voided(tenant_id, door), ends.GRANTS_AT_ONCE):
        found = grants.find_many(tenant_id, some, door).values()
        is_whole &= ends.of_grants(tenant_id, list(filter(_ended_by_voiding, found)), now)
    return is_whole


def _ended_by_voiding(grant: Grant) -> bool:
    return grant.cut_off is not None and grant.revoked_at is None


def _end_logins(tenant_id: str, door: Door, now: datetime) -> bool:
    is_whole, number = True, 0
    may_be_open = open_logins.of_tenant(tenant_id)
    if not migration.is_complete(find(migration.MigrationItem, keys.migration())):
        may_be_open |= migration.open_in(tenant_id)
    for some in batched(sorted(may_be_open), LOGINS_AT_ONCE):
        found = logins.find_many(tenant_id, some)
        void = [login for login in found if door.voiding_of_login(login.recorded_seq)]
        is_whole &= ends.of_logins(tenant_id, void, now)
        if (number := number + len(void)) >= MAX_LOGINS:
            return False
    return is_whole
