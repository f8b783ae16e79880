"""The rules of a policy in JSON: as the API has them, as they are stored, and as the ledger tells them."""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What
from guestkey.rules.levels import AccessLevel
from guestkey.rules.people import GranteeType
from guestkey.rules.periods import Period
from guestkey.rules.policy import Export, GranteeRef, Policy, Rules, Waiting
from guestkey.rules.weekly_hours import WeeklyHours

Form = dict[str, Any]


def form_of(rules: Rules) -> Form:
    """Return rules in the form of the API, and `zone` beside the hours: the tenant's zone when they were set."""
    return {
        "max_period": rules.max_period,
        "no_permanent": rules.no_permanent,
        "named_only": rules.named_only,
        "grantees": _grantees(rules),
        "export": rules.export,
        "max_access": rules.max_access,
        "hours": rules.hours.week if rules.hours else None,
        "zone": rules.hours.zone if rules.hours else None,
        "ticket_required": rules.ticket_required,
        "approvers": sorted(rules.approvers or []),
    }


def rules_of(form: Mapping[str, Any]) -> Rules:
    """Return the rules of such a form. Raises ValueError, KeyError or TypeError for any other form.

    A member that this version does not know may be a rule of a newer one: it is not passed over.
    """
    if form.keys() - _MEMBERS:
        raise ValueError("a newer version wrote these rules")
    hours, grantees = form["hours"], form["grantees"]
    return Rules(
        max_period=Period(form["max_period"]) if form["max_period"] else None,
        no_permanent=_flag(form["no_permanent"]),
        named_only=_flag(form["named_only"]),
        grantees=None
        if grantees is None
        else frozenset(GranteeRef(GranteeType(one["type"]), one["id"]) for one in grantees),
        export=Export(form["export"]),
        max_access=AccessLevel(form["max_access"]) if form["max_access"] else None,
        hours=None if hours is None else WeeklyHours.of(form["zone"], hours),
        ticket_required=_flag(form["ticket_required"]),
        approvers=frozenset(form["approvers"]) or None,
    )


def changed(policy: Policy, tenant_id: str) -> Note:
    """Return the ledger entry's content for rules that count at once."""
    return _note(What.POLICY_CHANGED, policy, tenant_id, _said(policy.stored))


def waits(policy: Policy, waiting: Waiting, tenant_id: str) -> Note:
    """Return the ledger entry's content for looser rules that wait."""
    counts_from: Data = {"counts_from": text_of(waiting.counts_from)}
    return _note(What.POLICY_WAITING, policy, tenant_id, {**_said(waiting.rules), **counts_from})


def withdrawn(policy: Policy, waiting: Waiting, tenant_id: str) -> Note:
    """Return the ledger entry's content for looser rules that a user withdrew."""
    return _note(What.POLICY_WITHDRAWN, policy, tenant_id, {"counts_from": text_of(waiting.counts_from)})


def told(policy: Policy, before: Policy, tenant_id: str, now: datetime) -> list[Note]:
    """Return what the ledger says of a change of the policy: what counts at once, what waits, what was withdrawn.

    The first note is numbered before the others. It is the change that counts at once, where there is one.
    """
    notes = []
    counted, was_waiting = before.rules_at(now), before.waiting_at(now)
    if policy.stored != counted:
        notes.append(changed(policy, tenant_id))
    if policy.waiting and policy.waiting != was_waiting:
        notes.append(waits(policy, policy.waiting, tenant_id))
    elif was_waiting and not policy.waiting:
        notes.append(withdrawn(policy, was_waiting, tenant_id))
    return notes


def _note(what: What, policy: Policy, tenant_id: str, data: Data) -> Note:
    assert policy.changed_by and policy.changed_at
    by = By(type=ByType.USER, id=policy.changed_by.user_id)
    return Note(what=what, by=by, about=tenant_id, data={"version": policy.version, **data}, at=policy.changed_at)


def _said(rules: Rules) -> Data:
    """Return the rules as the ledger says them: lists of ids as their number, and the hash of all."""
    form = form_of(rules)
    return {
        "max_period": rules.max_period.value if rules.max_period else None,
        "no_permanent": rules.no_permanent,
        "named_only": rules.named_only,
        "grantees": None if rules.grantees is None else len(rules.grantees),
        "export": rules.export.value,
        "max_access": rules.max_access.value if rules.max_access else None,
        "hours": hours_text(rules.hours),
        "ticket_required": rules.ticket_required,
        "approvers": len(rules.approvers) if rules.approvers else None,
        "rules_sha256": sha256(json.dumps(form, sort_keys=True, separators=(",", ":")).encode()).hexdigest(),
    }


def hours_text(hours: WeeklyHours | None) -> str | None:
    """Return hours in one line: `mon 09:00-18:00, tue … Europe/Berlin`."""
    if hours is None:
        return None
    spans = [f"{day} {one['from']}-{one['until']}" for day, windows in hours.week.items() for one in windows]
    return f"{', '.join(spans) or 'never'} {hours.zone}"


def _grantees(rules: Rules) -> list[dict[str, str]] | None:
    if rules.grantees is None:
        return None
    return [{"type": one.type.value, "id": one.id} for one in sorted(rules.grantees)]


def _flag(stored: object) -> bool:
    if not isinstance(stored, bool):
        raise ValueError("this rule is on or off")
    return stored


_MEMBERS = form_of(Rules()).keys()
