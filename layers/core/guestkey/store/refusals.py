"""Refusals: the first of an agent at a tenant in an hour stands in the ledger, later ones only count.

So nobody can flood a tenant's ledger by knocking. What was counted is reported with the agent's next entry.
"""

from contextlib import suppress
from datetime import datetime
from secrets import token_hex

from guestkey.rules.ledger import By, ByType, Note, What
from guestkey.store import counts, keys, ledger
from guestkey.store.counts import CountItem
from guestkey.store.table import Change, Contended, Uncertain, Unmet

REFUSED = "refused"
MOST_HOURS_REPORTED = 10
"""How many hours of uncounted refusals one ledger entry reports; the rest waits for the next."""


def remember(agent_id: str, tip: ledger.Tip, before: list[CountItem], now: datetime) -> None:
    """Remember that an agent was turned away: in the ledger once an hour, if that is free, otherwise in a counter.

    `before` is what `of_agent` read.
    """
    key = keys.count(REFUSED, agent_id, tip.tenant_id, now)
    hour = next((item for item in before if item.sk == key.sk), counts.item(key))
    mark = token_hex(8)
    if hour.noted_as or not _noted(agent_id, tip, hour, before, now, mark):
        _count_quietly(key, now, mark)


def _noted(agent_id: str, tip: ledger.Tip, hour: CountItem, before: list[CountItem], now: datetime, mark: str) -> bool:
    """Write the hour's first refusal into the ledger, with what was counted before; say whether that surely worked."""
    others = [item for item in unreported(before) if item.sk != hour.sk]
    counted = int(hour.number)

    def compose(change: Change, _: ledger.Tip) -> None:
        actions = [CountItem.noted_as.set(mark), CountItem.reported.set(counted + 1)]
        change.update(
            "hour",
            counts.item(keys.Key(hour.pk, hour.sk)),
            [*counts.up(now), *actions],
            CountItem.noted_as.does_not_exist(),
        )
        report(change, others)

    data = {"refusals_before": counted + number_of(others)}
    note = Note(what=What.LOGIN_REFUSED, by=By(type=ByType.AGENT, id=agent_id), about=agent_id, data=data, at=now)
    return ledger.write_once_only(tip, [note], compose)


def _count_quietly(key: keys.Key, now: datetime, mark: str) -> None:
    """Raise a counter by one, unless the try of that mark was stored and only its answer lost.

    In a transaction: one that is sent again must not count twice.
    """
    change = Change()
    not_yet = CountItem.noted_as.does_not_exist() | (CountItem.noted_as != mark)
    change.update("hour", counts.item(key), counts.up(now), not_yet)
    with suppress(Unmet, Contended, Uncertain):  # the answer to the agent is the same either way
        change.commit()


def of_agent(agent_id: str, tenant_id: str) -> list[CountItem]:
    """Return an agent's counters of refusals at a tenant, an hour each, strongly consistent."""
    counters = CountItem.sk.startswith(keys.counts(REFUSED, tenant_id))
    return list(CountItem.query(keys.agent(agent_id).pk, counters, consistent_read=True))


def unreported(refusals: list[CountItem]) -> list[CountItem]:
    """Return the hours of which the ledger does not know all, no more than one entry reports."""
    return [item for item in refusals if item.number > item.reported][:MOST_HOURS_REPORTED]


def number_of(refusals: list[CountItem]) -> int:
    """Return how many refusals of these hours the ledger does not know of."""
    return sum(int(item.number - item.reported) for item in refusals)


def report(change: Change, refusals: list[CountItem]) -> None:
    """Say that the entry written with this change tells of these refusals.

    One that comes in between stays unreported.
    """
    for item in refusals:
        change.update(
            f"reported {item.sk}", counts.item(keys.Key(item.pk, item.sk)), [CountItem.reported.set(item.number)]
        )
