"""/v1/vendor/desk, …/closures, …/openings, …/callbacks: the vendor's backend sets the desk, and moves call-backs.

The desk belongs to no tenant, so its changes are in no ledger. The call-backs that a change strands are in theirs.
"""

from guestkey import cold_start

cold_start.begin_cold_start()

from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from guestkey.edge import support_changes
from guestkey.edge.bodies.callbacks import CancelInput, SupportMoveInput
from guestkey.edge.bodies.desk import ClosureInput, DeskInput, DeskPut
from guestkey.edge.bodies.week import HoursInput
from guestkey.edge.http import routes
from guestkey.edge.http.ids import valid_id
from guestkey.edge.http.inputs import Day
from guestkey.edge.responses.callbacks import Closure, ExtraHours, TenantCallback
from guestkey.errors import CallbackClosed, DeskUnknown, NotFound
from guestkey.rules.desk import Desk, desk_of
from guestkey.rules.ledger import By, ByType
from guestkey.store import clock
from guestkey.store.callbacks import callbacks, desks, stranded
from guestkey.store.dynamodb.client import open_client

MOVING = (NotFound, CallbackClosed, *support_changes.MOVING)

app = routes.resolver()


@routes.route(app, "PUT /v1/vendor/desk", "Put the support desk's record", "desk")
def put_desk(body: DeskInput) -> DeskPut:
    """Put the support desk's record as a whole. Customers whose booked time it strands are mailed to choose again."""
    desks.put(body.model_dump(by_alias=True))
    return DeskPut.model_validate(body.model_dump(by_alias=True) | {"stranded": _mark_stranded()})


@routes.route(app, "GET /v1/vendor/desk", "Show the support desk's record", "desk", DeskUnknown)
def show_desk() -> DeskInput:
    """Return the record as stored."""
    return DeskInput.model_validate(desks.record())


@routes.route(app, "PUT /v1/vendor/closures/{day}", "Close the support desk on a day", "desk", DeskUnknown)
def put_closure(day: Annotated[Day, Path()], body: ClosureInput) -> Closure:
    """Close the desk on a day in its time zone, or in a part of it. Customers booked for then are mailed."""
    desk = desk_of(desks.record())
    desks.put_closure(day, body.name, body.window)
    ids = _open_callbacks(desk, day)
    return Closure(
        day=day, name=body.name, begin=body.begin, until=body.until, callback_ids=ids, stranded=_mark_stranded()
    )


@routes.route(app, "DELETE /v1/vendor/closures/{day}", "Open the support desk again on a day", "desk", DeskUnknown)
def delete_closure(day: Annotated[Day, Path()]) -> Closure:
    """Delete a closure, if there is one. A public holiday remains a closed day."""
    desk = desk_of(desks.record())
    desks.delete_closure(day)
    ids = _open_callbacks(desk, day)
    return Closure(day=day, name=None, begin=None, until=None, callback_ids=ids, stranded=_mark_stranded())


@routes.route(app, "PUT /v1/vendor/openings/{day}", "Open the support desk in extra hours", "desk", DeskUnknown)
def put_opening(day: Annotated[Day, Path()], body: HoursInput) -> ExtraHours:
    """Open the desk in extra hours of a day, also of a public holiday. A closure counts more."""
    desks.record()
    desks.put_opening(day, body.window)
    return ExtraHours(day=day, begin=body.begin, until=body.until, stranded=_mark_stranded())


@routes.route(app, "DELETE /v1/vendor/openings/{day}", "Delete extra hours", "desk", DeskUnknown)
def delete_opening(day: Annotated[Day, Path()]) -> ExtraHours:
    """Delete the extra hours of a day, if there are any. Customers booked for then are mailed."""
    desks.record()
    desks.delete_opening(day)
    return ExtraHours(day=day, begin=None, until=None, stranded=_mark_stranded())


@routes.route(app, "PATCH /v1/vendor/callbacks/{callback_id}", "Move a call-back", "desk", *MOVING)
def move_by_vendor(callback_id: str, body: SupportMoveInput) -> TenantCallback:
    """Move an open call-back to another slot, or to the queue. The customer is mailed the reason."""
    now = clock.now()
    return TenantCallback.for_vendor(support_changes.move_by_support(valid_id(callback_id), body, _by(), now), now)


@routes.route(app, "DELETE /v1/vendor/callbacks/{callback_id}", "Cancel a call-back", "desk", NotFound, CallbackClosed)
def cancel_by_vendor(callback_id: str, body: CancelInput) -> TenantCallback:
    """Cancel an open call-back. The customer is mailed the reason. Cancelling twice returns the same call-back."""
    now = clock.now()
    return TenantCallback.for_vendor(support_changes.cancel_by_support(valid_id(callback_id), body, _by(), now), now)


def _open_callbacks(desk: Desk, day: date) -> list[str]:
    """Return the ids of the open call-backs of that day, by time."""
    now = clock.now()
    return [callback.callback_id for callback in callbacks.booked_on(desk, day) if callback.is_open(now)]


def _mark_stranded() -> list[str]:
    return stranded.mark(_by(), clock.now())


def _by() -> By:
    return By(type=ByType.VENDOR, id=routes.backend(app).client_id)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client)
