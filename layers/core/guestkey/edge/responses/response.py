"""The base of all response bodies. Times are RFC 3339 in UTC with `Z`, in whole seconds."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from guestkey.edge.http import cursors
from guestkey.edge.http.problem import json_text
from guestkey.rules.instants import text_of

Instant = Annotated[
    datetime,
    PlainSerializer(text_of, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T14:00:00Z"]}),
]


class Response(BaseModel):
    """A response body. Its members are read from the attributes of the same name."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def read(cls, value: object, **computed: Any) -> Self:
        """Return the body for a value. `computed` gives the members that depend on more than the value."""
        names = cls.model_fields.keys() - computed.keys()
        return cls.model_validate({name: getattr(value, name) for name in names} | computed)

    def as_members(self) -> dict[str, Any]:
        """Return the body as a member of a refusal carries it."""
        return self.model_dump(mode="json")

    def as_text(self) -> str:
        """Return the body exactly as it is sent."""
        return json_text(self.as_members())


class Page[T](Response):
    """A part of a list, and a cursor to the rest; `next_cursor` is null at the end."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def of[V](cls, found: Iterable[tuple[str, V]], limit: int, scope: str, respond: Callable[[V], T]) -> Self:
        """Return the first `limit` of the values found with their positions, and a cursor if there are more."""
        return cls.of_part(*cursors.cut(found, limit), scope, respond)

    @classmethod
    def of_part[V](cls, part: list[V], rest: str | None, scope: str, respond: Callable[[V], T]) -> Self:
        """Return these values, and a cursor to the rest behind a position, if there is one."""
        return cls(items=[respond(value) for value in part], next_cursor=rest and cursors.cursor(rest, scope))
