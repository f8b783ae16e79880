"""Agents and grantees as mails name them: with the id, which tells two people of one name apart."""

from collections.abc import Sequence

from guestkey.edge.mail.sanitize import shown
from guestkey.rules.people import Grantee

MAX_ID_SHOWN = 40
"""Limit of an id in a mail: an inbox shows little more."""


def agent_shown(name: str, agent_id: str, departments: Sequence[str]) -> str:
    """Return an agent's name with the names of departments and the id."""
    belongs = ", ".join(shown(department) for department in departments)
    return f"{shown(name)} ({' · '.join(filter(None, [belongs, shown(agent_id, MAX_ID_SHOWN)]))})"


def grantee_shown(grantee: Grantee) -> str:
    """Return the name of a grantee, an agent's with the id."""
    named = shown(grantee.name)
    return f"{named} · {shown(grantee.agent_id, MAX_ID_SHOWN)}" if grantee.agent_id else named
