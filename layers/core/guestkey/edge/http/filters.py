"""Query parameters that filter the two overviews, in JSON and in CSV."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.http.inputs import DayOrMoment, ExternalId, SearchWords
from guestkey.rules.grants import State
from guestkey.rules.overviews import LoginState

Since = Annotated[
    DayOrMoment | None,
    Query(alias="from", description="A moment, or a day of the customer's time zone; from there on"),
]
Until = Annotated[
    DayOrMoment | None,
    Query(alias="to", description="A moment, exclusive, or a day of the customer's time zone, inclusive"),
]
Words = Annotated[SearchWords, Query(description="Each word begins a word of a name, an id, a reason or a ticket")]
AgentId = Annotated[ExternalId | None, Query()]
DepartmentId = Annotated[ExternalId | None, Query()]
MayExport = Annotated[bool | None, Query()]
GrantState = Annotated[State | None, Query()]
OneLoginState = Annotated[LoginState | None, Query()]
BATCH = 250
"""Items that are read in one request where a filter may leave few of them."""
