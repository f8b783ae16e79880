"""Agents and grantees as mails name them: with the id, which tells two people of one name apart.

Software is always called that, with the accountable person.
"""

from collections.abc import Sequence

from guestkey.edge.mail.i18n import Catalogue
from guestkey.edge.mail.sanitize import NOTHING, shown
from guestkey.rules.people import Accountable, Grantee

MAX_ID_SHOWN = 40
"""Limit of an id in a mail: an inbox shows little more."""


def agent_shown(
    words: Catalogue, name: str, agent_id: str, departments: Sequence[str], accountable: Accountable | None
) -> str:
    """Return an agent's name with the names of departments, the id and, for software, the accountable person."""
    belongs = ", ".join(shown(department) for department in departments)
    software = words.text("agents", "software", name=shown(accountable.name)) if accountable else ""
    return f"{shown(name)} ({' · '.join(filter(None, [belongs, shown(agent_id, MAX_ID_SHOWN), software]))})"


def grantee_shown(words: Catalogue, grantee: Grantee) -> str:
    """Return the name of a grantee, an agent's with the id, and whether it is a person, software or both."""
    if grantee.agent_id is None:
        return words.text("grantees", "automated" if grantee.may_automate else "department", name=shown(grantee.name))
    named = f"{shown(grantee.name)} · {shown(grantee.agent_id, MAX_ID_SHOWN)}"
    if not grantee.is_software:
        return words.text("grantees", "agent", name=named)
    accountable = shown(grantee.accountable.name) if grantee.accountable else NOTHING
    return words.text("grantees", "software", name=named, accountable=accountable)
