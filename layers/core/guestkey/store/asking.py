"""The agent's side of requests: asked for within limits, mailed, withdrawn.

A request, its recipients, what counts it and its ledger entry are one transaction; its mails go out after that.
"""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from guestkey.errors import Busy, TenantUnknown
from guestkey.rules import requests as rules
from guestkey.rules.instants import text_of
from guestkey.rules.ledger import By, ByType, Data, Note, What, digest
from guestkey.rules.people import Agent, Tenant
from guestkey.rules.requests import MOST_PENDING, Fate, Request
from guestkey.store import keys, ledger, limits, once, own, pending, people, requests, tenants
from guestkey.store.once import Once
from guestkey.store.requests import RequestItem
from guestkey.store.table import Change, Contended, Uncertain, Unmet, find_all, pauses


@dataclass(frozen=True, kw_only=True)
class Doorstep:
    """What a request stands on, read in one round trip."""

    agent: Agent
    tenant: Tenant
    tip: ledger.Tip
    pending: list[str]


def doorstep(agent_id: str, tenant_id: str, wanted: Once | None, now: datetime) -> Doorstep:
    """Read whatever may refuse a request early.

    Raises AgentInactive, TenantUnknown (which counts), an answer kept before, or TooManyRequests for who guesses.
    """
    agent, tenant, head = keys.agent(agent_id), keys.tenant(tenant_id), keys.ledger(tenant_id)
    waiting, unknown = keys.pending(agent_id, tenant_id), limits.unknown(agent_id, now)
    found = find_all([agent, tenant, head, waiting, unknown, *once.kept_at(wanted)])
    record = people.active_agent_of(found.get(agent))
    if tenant not in found:
        limits.count_unknown(agent_id, now)
        raise TenantUnknown
    once.replay(wanted, found, now)
    limits.refuse_guessing(found.get(unknown), now)
    return Doorstep(
        agent=record,
        tenant=tenants.tenant_of(found[tenant]),
        tip=ledger.tip_of(found[head]),
        pending=pending.of(found.get(waiting)),
    )


def add(request: Request, at: Doorstep, wanted: Once | None) -> None:
    """Keep a request, with its ledger entry, and count it and its mails.

    Raises TooManyRequests, or the answer another request was given.
    """
    now, before = request.requested_at, at.pending
    for pause in pauses(MOST_PENDING + 1):  # each lost race is one that waits: after so many there is no room
        time.sleep(pause)
        after = pending.with_one_more(before, request, lambda ids: _open(request.tenant_id, ids), now)
        try:
            return _write_made(request, at.tip, before, after, wanted)
        except Unmet as unmet:
            once.replay_winner(wanted, unmet)
            limits.refuse_mails(unmet, now)
        before = pending.read(request.agent_id, request.tenant_id)  # the agent made another one meanwhile
    raise Busy(retry_after=1)


def count_again(request: Request, recipients: int, now: datetime) -> None:
    """Count that a pending request is mailed again. Raises TooManyRequests, RequestClosed or RequestExpired.

    The mark tells a try that was stored, although its answer was lost, from those that were not: counted is once.
    """
    mark = token_hex(8)
    item = RequestItem(*keys.request(request.tenant_id, request.request_id))
    not_yet = RequestItem.counted_as.does_not_exist() | (RequestItem.counted_as != mark)
    for pause in pauses(4):
        time.sleep(pause)
        change = Change()
        change.update("request", item, [RequestItem.counted_as.set(mark)], requests.standing(now) & not_yet)
        limits.count_mails(change, request.agent_id, request.tenant_id, recipients, now)
        try:
            return change.commit()
        except Unmet as unmet:
            if raw := unmet.found.get("request"):
                found = RequestItem.from_raw_data(raw)
                if found.counted_as == mark:
                    return None
                rules.require_pending(requests.request_of(found), now)
            limits.refuse_mails(unmet, now)
        except (Contended, Uncertain):
            continue
    raise Busy(retry_after=1)


def tell_fate(request: Request, fate: Fate, wanted: Once | None) -> None:
    """Write down what became of the mails, in the kept answer too. Where that fails it goes on saying `failed`."""
    change = Change()
    item = RequestItem(*keys.request(request.tenant_id, request.request_id))
    change.update("request", item, [RequestItem.mail.set(fate.value)], RequestItem.pk.exists())
    once.amend(change, wanted)
    with suppress(Unmet, Contended, Uncertain):
        change.commit()


def withdraw(agent_id: str, request_id: str, now: datetime) -> Request:
    """Withdraw an agent's own request and return it; one withdrawn before comes back as it is.

    Raises NotFound, RequestClosed or RequestExpired.
    """
    tenant_id = own.tenant_of(keys.own_request(agent_id, request_id))
    for pause in pauses(4):
        time.sleep(pause)
        before = requests.find(tenant_id, request_id)
        withdrawn = rules.withdraw(before, now)
        if withdrawn == before:
            return before
        by = By(type=ByType.AGENT, id=agent_id)
        try:
            requests.write_closed(withdrawn, What.REQUEST_WITHDRAWN, by, requests.standing(now), now)
        except Unmet:
            continue  # somebody answered it: the next reading says how
        return withdrawn
    raise Busy(retry_after=1)


def _write_made(request: Request, tip: ledger.Tip, before: list[str], after: list[str], wanted: Once | None) -> None:
    def compose(change: Change, _: ledger.Tip) -> None:
        change.add("request", requests.item_of(request))
        ttl = requests.ttl_of(request)
        change.put("own", own.item(keys.own_request(request.agent_id, request.request_id), request.tenant_id, ttl))
        pending.put(change, request, before, after)
        limits.count_mails(change, request.agent_id, request.tenant_id, len(request.recipients), request.requested_at)
        once.keep(change, wanted, request.requested_at)

    data: Data = {
        "period": request.period.value,
        "may_export": request.may_export,
        "expires_at": text_of(request.expires_at),
        "reason_sha256": digest(request.reason),
        "recipients": len(request.recipients),
    }
    note = Note(
        what=What.REQUEST_MADE,
        by=By(type=ByType.AGENT, id=request.agent_id),
        about=request.request_id,
        data=data,
        at=request.requested_at,
    )
    ledger.write(tip, [note], compose, own="request", stands_back=True)


def _open(tenant_id: str, request_ids: Iterable[str]) -> set[str]:
    """Return which of these nobody closed."""
    found = find_all(keys.request(tenant_id, request_id) for request_id in request_ids)
    return {request.request_id for request in map(requests.request_of, found.values()) if request.closed_as is None}
