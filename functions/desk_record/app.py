"""/v1/vendor/desk, /v1/vendor/closures: the vendor's backend says when and how its support desk works.

The desk belongs to no tenant, so no ledger tells of it.
"""

from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from guestkey.edge import clock, routes
from guestkey.edge.callbacks import Closure
from guestkey.edge.desk_order import ClosureOrder, DeskOrder
from guestkey.edge.inputs import Day
from guestkey.errors import DeskUnknown
from guestkey.rules.desk import Desk, desk_of
from guestkey.store import callbacks, desks

app = routes.resolver()


@app.put("/v1/vendor/desk", summary="Say how the support desk works", tags=["desk"])
def put_desk(order: DeskOrder) -> DeskOrder:
    """Put the support desk's record, whole. It holds for what is booked from then on; call-backs that stand stay."""
    desks.put(order.model_dump(by_alias=True))
    return order


@app.get(
    "/v1/vendor/desk",
    summary="How does the support desk work?",
    tags=["desk"],
    openapi_extensions=routes.refuses(DeskUnknown),
)
def show_desk() -> DeskOrder:
    """Show the record as it was put."""
    return DeskOrder.model_validate(desks.record())


@app.put(
    "/v1/vendor/closures/<day>",
    summary="Close the support desk on a day",
    tags=["desk"],
    openapi_extensions=routes.refuses(DeskUnknown),
)
def put_closure(day: Annotated[Day, Path()], order: ClosureOrder) -> Closure:
    """Close the support desk on a day, by its own clock. Call-backs that stand there stay, and are named."""
    desk = desk_of(desks.record())
    desks.put_closure(day, order.name)
    return Closure(day=day, name=order.name, callback_ids=_standing(desk, day))


@app.delete(
    "/v1/vendor/closures/<day>",
    summary="Open the support desk again on a day",
    tags=["desk"],
    openapi_extensions=routes.refuses(DeskUnknown),
)
def delete_closure(day: Annotated[Day, Path()]) -> Closure:
    """Take a closure back, if there is one. A public holiday stays a closed day."""
    desk = desk_of(desks.record())
    desks.delete_closure(day)
    return Closure(day=day, name=None, callback_ids=_standing(desk, day))


def _standing(desk: Desk, day: date) -> list[str]:
    """Return which call-backs of that day somebody still waits for, by time."""
    now = clock.now()
    return [callback.callback_id for callback in callbacks.booked_on(desk, day) if callback.is_open(now)]


lambda_handler = routes.serve(app)
