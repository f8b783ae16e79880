"""The public holidays of where the support desk is, as the library `holidays` knows them, kept in the table.

Only the clean-up imports this: the library takes half a second to load. Everybody else reads what it wrote.
"""

from datetime import datetime

import holidays
from holidays.version import __version__

from guestkey.errors import DeskUnknown
from guestkey.rules.desk import desk_of
from guestkey.rules.hours import day_of
from guestkey.store import desks
from guestkey.store.desks import Origin

SOURCE = f"holidays {__version__}"
"""A later version may know better: its first run writes the years anew."""


def keep_up(now: datetime) -> list[int]:
    """Write the holidays of the desk's year and of the next where they are not written yet, and return which years.

    A desk that moved to another country, and a library that was brought up to date, are written anew as well.
    """
    try:
        desk = desk_of(desks.record())
    except DeskUnknown:
        return []
    this_year = day_of(desk, now).year
    years = [this_year, this_year + 1]
    origin = Origin(country=desk.country, subdivision=desk.subdivision, source=SOURCE)
    written = desks.origins(years)
    stale = [year for year in years if written.get(year) != origin]
    for year in stale:
        found = holidays.country_holidays(desk.country, subdiv=desk.subdivision, years=year)
        desks.write_holidays(year, origin, dict(found))
    return stale
