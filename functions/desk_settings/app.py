"""/v1/vendor/desk, /v1/vendor/closures: the vendor's backend puts the support desk's record and its closed days.

The desk belongs to no tenant, so these changes are in no ledger.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from guestkey.edge.bodies.desk import ClosureInput, DeskInput
from guestkey.edge.http import routes
from guestkey.edge.http.inputs import Day
from guestkey.edge.responses.callbacks import Closure
from guestkey.errors import DeskUnknown
from guestkey.rules.desk import Desk, desk_of
from guestkey.store import clock
from guestkey.store.callbacks import callbacks, desks
from guestkey.store.dynamodb.client import open_client

app = routes.resolver()


@routes.route(app, "PUT /v1/vendor/desk", "Put the support desk's record", "desk")
def put_desk(body: DeskInput) -> DeskInput:
    """Put the support desk's record as a whole. It applies to later bookings; existing call-backs remain."""
    desks.put(body.model_dump(by_alias=True))
    return body


@routes.route(app, "GET /v1/vendor/desk", "Show the support desk's record", "desk", DeskUnknown)
def show_desk() -> DeskInput:
    """Return the record as stored."""
    return DeskInput.model_validate(desks.record())


@routes.route(app, "PUT /v1/vendor/closures/{day}", "Close the support desk on a day", "desk", DeskUnknown)
def put_closure(day: Annotated[Day, Path()], body: ClosureInput) -> Closure:
    """Close the desk on a day in its time zone. Call-backs booked for that day remain; the response lists them."""
    desk = desk_of(desks.record())
    desks.put_closure(day, body.name)
    return Closure(day=day, name=body.name, callback_ids=_open_callbacks(desk, day))


@routes.route(app, "DELETE /v1/vendor/closures/{day}", "Open the support desk again on a day", "desk", DeskUnknown)
def delete_closure(day: Annotated[Day, Path()]) -> Closure:
    """Delete a closure, if there is one. A public holiday remains a closed day."""
    desk = desk_of(desks.record())
    desks.delete_closure(day)
    return Closure(day=day, name=None, callback_ids=_open_callbacks(desk, day))


def _open_callbacks(desk: Desk, day: date) -> list[str]:
    """Return the ids of the open call-backs of that day, by time."""
    now = clock.now()
    return [callback.callback_id for callback in callbacks.booked_on(desk, day) if callback.is_open(now)]


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
