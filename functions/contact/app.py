"""GET /v1/contact: how anyone reaches the vendor's support, what is open now, and what the emergency line costs.

Anyone may ask, so it tells nothing of any customer and can read nothing but the desk.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge import clock, routes
from guestkey.edge.contact import Contact
from guestkey.edge.inputs import Country, Locale
from guestkey.errors import DeskUnknown
from guestkey.store import desks

app = routes.resolver()


@app.get(
    "/v1/contact",
    summary="How do I reach support?",
    tags=["contact"],
    cache_control="public, max-age=60",
    openapi_extensions=routes.refuses(DeskUnknown),
)
def show_contact(
    country: Annotated[Country, Query()],
    language: Annotated[Locale | None, Query()] = None,
    minutes: Annotated[int | None, Query(ge=0, le=1440)] = None,
) -> Contact:
    """Show numbers, hours and promises for callers from a country; with `minutes`, what such a call would cost."""
    now = clock.now()
    known = desks.known(now)
    return Contact.of(known.desk, known.calendar, country, language, minutes, now)


lambda_handler = routes.serve(app)
