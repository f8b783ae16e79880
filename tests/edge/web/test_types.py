"""The types of the API's responses that the pages are checked with: each agrees with the OpenAPI document."""

import json
import re
from typing import Any

from tests import stack
from tests.rows_and_columns import each_row
from tests.web import APP

TYPES = (APP.parent / "types" / "api.d.ts").read_text()
SCHEMAS: dict[str, Any] = json.loads((stack.PROJECT / "docs" / "openapi.json").read_text())["components"]["schemas"]
INTERFACES = {
    name: (base, dict(re.findall(r"^  (\w+): (.+);$", body, re.MULTILINE)))
    for name, base, body in re.findall(r"^export interface (\w+)(?: extends (\w+))? \{\n(.*?)^\}", TYPES, re.M | re.S)
}
ALIASES = dict(re.findall(r"^export type (\w+) = (.+);$", TYPES, re.MULTILINE))
RESPONSES = sorted(INTERFACES.keys() & SCHEMAS.keys() - {"Problem"})
NOT_OF_THE_DOCUMENT = {"Problem", "CallOptions", "BytesPage", "Listener", "Api", "CallbackApi", "SupportApi", "Named"}
"""A problem is checked where a page reads its members; the others are made by the pages, or a part of responses."""


def written(schema: dict[str, Any]) -> set[str]:
    """Return the types of a schema as TypeScript writes them, one for each alternative."""
    if "anyOf" in schema:
        return {name for one in schema["anyOf"] for name in written(one)}
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {f'"{value}"' for value in SCHEMAS[name]["enum"]} if "enum" in SCHEMAS[name] else {name}
    if schema["type"] == "array":
        (item,) = written(schema["items"])
        return {f"{item}[]"}
    if isinstance(values := schema.get("additionalProperties"), dict):
        (item,) = written(values)
        return {f"Record<string, {item}>"}
    return {"number" if schema["type"] == "integer" else schema["type"]}


def declared(text: str) -> set[str]:
    return {name for one in text.split(" | ") for name in ALIASES.get(one, one).split(" | ")}


@each_row("name", RESPONSES)
def test_an_interface_has_properties_of_the_response_with_their_types(name: str) -> None:
    base, properties = INTERFACES[name]
    inherited = INTERFACES[base][1] if base else {}
    schema = SCHEMAS[name]

    assert properties
    for member, text in (inherited | properties).items():
        assert member in schema["required"], member
        assert declared(text) == written(schema["properties"][member]), member


def test_each_interface_is_a_response_or_made_by_the_pages() -> None:
    assert INTERFACES.keys() - SCHEMAS.keys() | {"Problem"} == NOT_OF_THE_DOCUMENT
    assert len(RESPONSES) > 20
