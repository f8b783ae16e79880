"""/v1/vendor/desk: the vendor's backend says when and how its support desk works.

The desk belongs to no tenant, so no ledger tells of it.
"""

from guestkey.edge import routes
from guestkey.edge.desk_order import DeskOrder
from guestkey.errors import DeskUnknown
from guestkey.store import desks

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


lambda_handler = routes.serve(app)
