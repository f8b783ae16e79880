"""What an agent may cause in an hour beyond what is recorded: activation mails, and names of nobody."""

import time
from datetime import datetime

from guestkey.errors import Busy, TooManyRequests
from guestkey.rules.requests import MOST_MAILS_OF_AGENT, MOST_MAILS_TO_TENANT, MOST_UNKNOWN
from guestkey.store import counts, keys
from guestkey.store.table import Change, Contended, Item, Unmet, pauses

MAILS, UNKNOWN = "mails", "unknown"
OF_AGENT, TO_TENANT = "mails of agent", "mails to tenant"


def count_mails(change: Change, agent_id: str, tenant_id: str, number: int, now: datetime) -> None:
    """Add to a change what counts the mails it leads to; `refuse_mails` says what it means where that fails."""
    for name, key, most in (
        (OF_AGENT, keys.count_of_agent(MAILS, agent_id, now), MOST_MAILS_OF_AGENT),
        (TO_TENANT, keys.count_of_tenant(MAILS, tenant_id, now), MOST_MAILS_TO_TENANT),
    ):
        change.update(name, counts.item(key), counts.up(now, number), counts.at_most(most, number))


def refuse_mails(unmet: Unmet, now: datetime) -> None:
    """Raise TooManyRequests if that is why a change failed."""
    if unmet.found.keys() & {OF_AGENT, TO_TENANT}:
        raise TooManyRequests("So many mails may not go out in an hour.", retry_after=counts.seconds_left(now))


def unknown(agent_id: str, now: datetime) -> keys.Key:
    """Return the counter of how often an agent named a tenant or a recipient that there is not."""
    return keys.count_of_agent(UNKNOWN, agent_id, now)


def refuse_guessing(counter: Item | None, now: datetime) -> None:
    """Raise TooManyRequests if the counter, read with other items, says that the agent guessed too often.

    Known names are refused as well then: otherwise the answer would tell the two apart for ever.
    """
    if isinstance(counter, counts.CountItem) and counter.number >= MOST_UNKNOWN:
        raise _guessed(now)


def count_unknown(agent_id: str, now: datetime) -> None:
    """Count that an agent named a tenant or a recipient that there is not. Raises TooManyRequests past the limit."""
    for pause in pauses(4):
        time.sleep(pause)
        change = Change()
        change.update("unknown", counts.item(unknown(agent_id, now)), counts.up(now), counts.at_most(MOST_UNKNOWN))
        try:
            return change.commit()
        except Unmet:
            raise _guessed(now) from None
        except Contended:
            continue
    raise Busy(retry_after=1)


def _guessed(now: datetime) -> TooManyRequests:
    return TooManyRequests("You named too many that there are not.", retry_after=counts.seconds_left(now))
