"""Tenants, rights, agents and departments in the table.

A right is kept only where it was taken away. An agent's or a department's item is shared by all tenants: giving a grant
reads it and never puts a condition on it, or unrelated tenants would collide.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition

from guestkey.errors import AgentInactive, Busy, DepartmentUnknown, RightMissing, TenantUnknown
from guestkey.rules.ledger import By, Note, What
from guestkey.rules.people import Agent, Department, Grantee, GranteeType, Tenant, User
from guestkey.store import keys, ledger
from guestkey.store.table import (
    LOST_RACE,
    Change,
    Contended,
    InstantAttribute,
    Item,
    Texts,
    Uncertain,
    Unmet,
    code_of,
    find_all,
    is_unavailable,
    pauses,
)


class TenantItem(Item, discriminator="tenant"):
    """The tenant as the vendor registered it."""

    name = UnicodeAttribute()
    version = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    language = UnicodeAttribute()
    country = UnicodeAttribute()
    approver_emails = Texts()


class RightItem(Item, discriminator="right_taken"):
    """A user of the tenant may not let support in. Absent for everybody else."""

    taken_at = InstantAttribute()


class AgentItem(Item, discriminator="agent"):
    """An agent. In the directory only while active."""

    agent_id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = UnicodeAttribute()
    departments = Texts()
    is_active = BooleanAttribute()
    changed_at = InstantAttribute()


class DepartmentItem(Item, discriminator="department"):
    """A department."""

    department_id = UnicodeAttribute()
    name = UnicodeAttribute()


def tenant(tenant_id: str) -> Tenant:
    """Return a registered tenant, strongly consistent. Raises TenantUnknown."""
    try:
        return tenant_of(TenantItem.get(*keys.tenant(tenant_id), consistent_read=True))
    except TenantItem.DoesNotExist:
        raise TenantUnknown from None


def tenant_names(tenant_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those of up to a hundred tenants that are registered, by id."""
    return {found.tenant_id: found.name for found in map(tenant_of, find_all(map(keys.tenant, tenant_ids)).values())}


def agent(agent_id: str) -> Agent | None:
    """Return an agent's record, active or not, strongly consistent."""
    try:
        return agent_of(AgentItem.get(*keys.agent(agent_id), consistent_read=True))
    except AgentItem.DoesNotExist:
        return None


def agents(agent_ids: Iterable[str]) -> dict[str, Agent]:
    """Return the records of up to a hundred agents by id, active or not, strongly consistent."""
    return {item.agent_id: item for item in map(agent_of, find_all(map(keys.agent, agent_ids)).values())}


def active_agent(agent_id: str) -> Agent:
    """Return an agent who may work. Raises AgentInactive for unknown ones too."""
    found = agent(agent_id)
    if found is None or not found.is_active:
        raise AgentInactive
    return found


def holds_right(tenant_id: str, user_id: str) -> bool:
    """Say whether a user of the tenant may let support in, strongly consistent."""
    return not find_all([keys.right(tenant_id, user_id)])


def holder_at(user: User) -> Tenant:
    """Return the tenant of a user who may let support in. Raises RightMissing, TenantUnknown."""
    right, tenant = keys.right(user.tenant_id, user.user_id), keys.tenant(user.tenant_id)
    found = find_all([right, tenant])
    if right in found:
        raise RightMissing
    if tenant not in found:
        raise TenantUnknown
    return tenant_of(found[tenant])


def directory() -> Iterator[Agent | Department]:
    """Yield every active agent and every department, as the index has them."""
    for item in Item.in_directory.query(keys.DIRECTORY):
        yield agent_of(item) if isinstance(item, AgentItem) else department_of(item)


def put_tenant(tenant: Tenant, by: By, now: datetime) -> None:
    """Keep the tenant as given, with an entry in its ledger; one that changes nothing writes nothing."""
    note = Note(what=What.TENANT_CHANGED, by=by, about=tenant.tenant_id, data=_facts(tenant), at=now)
    for pause in pauses(5):
        time.sleep(pause)
        found = find_all([keys.tenant(tenant.tenant_id), keys.ledger(tenant.tenant_id)])
        item, head = found.get(keys.tenant(tenant.tenant_id)), found.get(keys.ledger(tenant.tenant_id))
        before = tenant_of(item) if item else None
        if before == tenant:
            return
        try:
            if before and head:
                _write_changed(tenant, before, note, ledger.tip_of(head))
            else:
                _register(tenant, note)
        except (Unmet, Contended, Uncertain):
            continue  # somebody else, or an earlier try of ours, may have made it so: the next reading says
        return
    raise Busy(retry_after=1)


def set_right(tenant_id: str, user_id: str, may_grant: bool, by: By, changed_by: str | None, now: datetime) -> None:
    """Give or take a user's right, with an entry in the ledger; one that changes nothing writes nothing."""
    seen = ledger.wish(tenant_id)
    if seen is None:
        raise TenantUnknown
    if holds_right(tenant_id, user_id) == may_grant:
        return
    item = RightItem(*keys.right(tenant_id, user_id), taken_at=now)

    def compose(change: Change, _: ledger.Tip) -> None:
        if may_grant:
            change.delete("right", item, RightItem.pk.exists())
        else:
            change.add("right", item)

    data = {"may_grant": may_grant, "changed_by": changed_by}
    note = Note(what=What.RIGHT_CHANGED, by=by, about=user_id, data=data, at=now)
    try:
        ledger.write(seen, [note], compose)
    except Unmet:
        return  # somebody else, or an earlier try of ours, made it so


def put_department(department: Department) -> None:
    """Keep the department as given."""
    item = DepartmentItem(
        *keys.department(department.department_id),
        department_id=department.department_id,
        name=department.name,
        directory=keys.DIRECTORY,
        directory_sort=f"{GranteeType.DEPARTMENT}#{department.department_id}",
    )
    for pause in pauses(3):
        time.sleep(pause)
        try:
            item.save()
        except PutError as error:
            if not is_unavailable(error):
                raise
        else:
            return
    raise Busy(retry_after=1)


def put_agent(given: Agent) -> None:
    """Keep the agent as given; `changed_at` stays what it was unless departments or activity change.

    One that changes nothing writes nothing, since a write may get in the way of the agent's logins. Raises
    DepartmentUnknown where a department was never registered.
    """
    wanted = [keys.department(department_id) for department_id in given.departments]
    for pause in pauses(5):
        time.sleep(pause)
        found = find_all([keys.agent(given.agent_id), *wanted])
        if not found.keys() >= set(wanted):
            raise DepartmentUnknown
        item = found.get(keys.agent(given.agent_id))
        before = agent_of(item) if item else None
        dated = _dated(given, before)
        if dated == before:
            return
        as_seen = AgentItem.pk.does_not_exist() if before is None else AgentItem.changed_at == before.changed_at
        try:
            _agent_item(dated).save(condition=as_seen)
        except PutError as error:
            if code_of(error) not in LOST_RACE and not is_unavailable(error):
                raise
        else:
            return
    raise Busy(retry_after=1)


def tenant_of(item: Item) -> Tenant:
    """Return a tenant that was read together with other items."""
    assert isinstance(item, TenantItem)
    return Tenant(
        tenant_id=item.pk.removeprefix(keys.of_tenant("")),
        name=item.name,
        version=item.version,
        time_zone=item.time_zone,
        language=item.language,
        country=item.country,
        approver_emails=tuple(item.approver_emails),
    )


def agent_of(item: Item) -> Agent:
    """Return an agent that was read together with other items."""
    assert isinstance(item, AgentItem)
    return Agent(
        agent_id=item.agent_id,
        name=item.name,
        email=item.email,
        departments=tuple(item.departments),
        is_active=item.is_active,
        changed_at=item.changed_at,
    )


def department_of(item: Item) -> Department:
    """Return a department that was read together with other items."""
    assert isinstance(item, DepartmentItem)
    return Department(department_id=item.department_id, name=item.name)


def condition_covered(by: Grantee) -> Condition:
    """Return the condition that an agent is active and, under a department's grant, still belongs to it."""
    active = AgentItem.is_active == True  # noqa: E712
    return active & AgentItem.departments.contains(by.id) if by.type is GranteeType.DEPARTMENT else active


def grantee_of(item: Item | None) -> Grantee | None:
    """Return whom a grant would name, if the item read is an active agent or a department."""
    match item:
        case AgentItem(is_active=True):
            return Grantee(type=GranteeType.AGENT, id=item.agent_id, name=item.name)
        case DepartmentItem():
            return Grantee(type=GranteeType.DEPARTMENT, id=item.department_id, name=item.name)
        case _:
            return None


def _register(tenant: Tenant, note: Note) -> None:
    change = Change()
    change.add("tenant", _tenant_item(tenant))
    ledger.begin(change, tenant.tenant_id, [note])
    change.commit()


def _write_changed(tenant: Tenant, before: Tenant, note: Note, seen: ledger.Tip) -> None:
    as_read = (
        (TenantItem.name == before.name)
        & (TenantItem.version == before.version)
        & (TenantItem.time_zone == before.time_zone)
        & (TenantItem.language == before.language)
        & (TenantItem.country == before.country)
        & (TenantItem.approver_emails == list(before.approver_emails))
    )
    ledger.write(seen, [note], lambda change, _: change.put("tenant", _tenant_item(tenant), as_read))


def _facts(tenant: Tenant) -> dict[str, str | int]:
    """Return what the ledger keeps of a tenant: mail addresses only as their hash, since nothing leaves a ledger."""
    addresses = "\n".join(tenant.approver_emails)
    return {
        "name": tenant.name,
        "version": tenant.version,
        "time_zone": tenant.time_zone,
        "language": tenant.language,
        "country": tenant.country,
        "approvers": len(tenant.approver_emails),
        "approver_emails_sha256": sha256(addresses.encode()).hexdigest(),
    }


def _dated(given: Agent, before: Agent | None) -> Agent:
    if before and before.is_active == given.is_active and set(before.departments) == set(given.departments):
        return replace(given, changed_at=before.changed_at)
    return given


def _tenant_item(tenant: Tenant) -> TenantItem:
    return TenantItem(
        *keys.tenant(tenant.tenant_id),
        name=tenant.name,
        version=tenant.version,
        time_zone=tenant.time_zone,
        language=tenant.language,
        country=tenant.country,
        approver_emails=list(tenant.approver_emails),
    )


def _agent_item(agent: Agent) -> AgentItem:
    return AgentItem(
        *keys.agent(agent.agent_id),
        agent_id=agent.agent_id,
        name=agent.name,
        email=agent.email,
        departments=list(agent.departments),
        is_active=agent.is_active,
        changed_at=agent.changed_at,
        directory=keys.DIRECTORY if agent.is_active else None,
        directory_sort=f"{GranteeType.AGENT}#{agent.agent_id}" if agent.is_active else None,
    )
