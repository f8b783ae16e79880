"""GET /v1/contact: numbers and opening hours of the vendor's support, and the cost of the emergency line.

The route needs no token, so its response contains no customer's data, and it reads only the desk's record.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.http import routes
from guestkey.edge.http.inputs import Country, Locale
from guestkey.edge.responses.contact import Contact
from guestkey.errors import DeskUnknown
from guestkey.store import clock
from guestkey.store.callbacks import desks
from guestkey.store.dynamodb.client import open_client

MAX_MINUTES = 1440
MAX_SECONDS = 60 * MAX_MINUTES

app = routes.resolver()


@routes.route(
    app, "GET /v1/contact", "Show the contact of support", "contact", DeskUnknown, cache_control="public, max-age=60"
)
def show_contact(
    country: Annotated[Country, Query()],
    language: Annotated[Locale | None, Query()] = None,
    minutes: Annotated[int | None, Query(ge=0, le=MAX_MINUTES)] = None,
    seconds: Annotated[int | None, Query(ge=0, le=MAX_SECONDS)] = None,
) -> Contact:
    """Return numbers, hours and response times for callers from a country.

    With `minutes` or `seconds` the cost of a call of that length is included; both are added.
    """
    now, is_asked = clock.now(), minutes is not None or seconds is not None
    current = desks.current(now)
    lasting = timedelta(minutes=minutes or 0, seconds=seconds or 0) if is_asked else None
    return Contact.of(current.desk, current.calendar, country, language, lasting, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
