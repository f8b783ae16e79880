"""Writes the countries and subdivisions that the pinned `holidays` supports: `python -m local.calendars`.

`PUT /v1/vendor/desk` refuses all others. It reads this list, because importing the library takes half a second.
"""

import json

import holidays

from local.build import PROJECT

CALENDARS = PROJECT / "layers/core/guestkey/edge/bodies/calendars.json"


def text() -> str:
    """Return the JSON text of the list as the layer stores it, one country on each line."""
    known = holidays.list_supported_countries(include_aliases=False)
    lines = (f"{json.dumps(country)}: {json.dumps(known[country], ensure_ascii=False)}" for country in sorted(known))
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    CALENDARS.write_text(text(), "utf-8")
