"""Query parameters that filter the two overviews, in JSON and in CSV."""

from dataclasses import dataclass
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query

from guestkey.edge.http.inputs import DayOrMoment, ExternalId, Locale, SearchWords, Zone
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
Words = Annotated[
    SearchWords,
    Query(description="Each word begins a word of a name, a reason, a ticket, or an agent's or department's id"),
]
AgentId = Annotated[ExternalId | None, Query()]
DepartmentId = Annotated[ExternalId | None, Query()]
MayExport = Annotated[bool | None, Query()]
GrantState = Annotated[State | None, Query()]
OneLoginState = Annotated[LoginState | None, Query()]
BATCH = 250
"""Items that are read in one request where a filter may leave few of them."""
DialectName = Annotated[Literal["excel"] | None, Query(description="`excel`: the form for people instead of machines")]
Language = Annotated[
    Locale | None,
    Query(description="Of the form for people: de, en, es or it, English for any other; the customer's unless set"),
]
TimeZone = Annotated[Zone | None, Query(description="Of the form for people; the customer's unless set")]


@dataclass(frozen=True)
class Dialect:
    """The form of a CSV that the caller asks for."""

    dialect: str | None
    language: str | None
    zone: str | None
