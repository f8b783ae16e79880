"""Stores the public holidays of the support desk's country, from the library `holidays`, in the table.

Only the clean-up imports this module, because the library takes half a second to load. Other functions read the table.
"""

from datetime import datetime

import holidays
from holidays.version import __version__

from guestkey.errors import DeskUnknown
from guestkey.rules.desk import desk_of
from guestkey.rules.hours import day_of
from guestkey.store.callbacks import desks
from guestkey.store.callbacks.desks import HolidaySource

SOURCE = f"holidays {__version__}"
"""Name and version of the library. With another version the years are stored again, because holidays may differ."""


def store_missing(now: datetime) -> list[int]:
    """Store the missing holidays of the desk's present year and the next, and return the years that were stored.

    A year is missing as well if the desk moved to another country, or if the library was updated.
    """
    try:
        desk = desk_of(desks.record())
    except DeskUnknown:
        return []
    this_year = day_of(desk, now).year
    years = [this_year, this_year + 1]
    source = HolidaySource(country=desk.country, subdivision=desk.subdivision, source=SOURCE)
    stored = desks.holiday_sources(years)
    missing = [year for year in years if stored.get(year) != source]
    for year in missing:
        found = holidays.country_holidays(desk.country, subdiv=desk.subdivision, years=year)
        desks.write_holidays(year, source, dict(found))
    return missing
