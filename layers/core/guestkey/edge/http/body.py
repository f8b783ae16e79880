"""Parses and validates the body of a request before any framework does.

JSON that two parsers could read differently is refused: duplicate keys, NaN, lone surrogates, overlong numbers.
"""

import base64
import json
from typing import Any, NoReturn

from guestkey.errors import JsonInvalid, NotJson

MAX_BYTES = 32_000
MAX_DEPTH = 16
MAX_DIGITS = 15


def read(event: dict[str, Any]) -> Any:
    """Return the parsed body of an API Gateway event, or None if it is empty. Raises NotJson, JsonInvalid."""
    raw = _raw(event)
    if not raw:
        return None
    content_type = (header(event, "content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise NotJson
    if len(raw) > MAX_BYTES:
        raise JsonInvalid(f"The body is longer than {MAX_BYTES} bytes.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise JsonInvalid("The body is not UTF-8.") from None
    _refuse_depth(text)
    try:
        parsed = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_number
        )
    except json.JSONDecodeError as error:
        raise JsonInvalid(f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    if "\\" in text:
        _refuse_surrogates(parsed)
    return parsed


def header(event: dict[str, Any], name: str) -> str | None:
    """Return a request header, by name in any case, or None."""
    return next((str(value) for key, value in (event.get("headers") or {}).items() if key.lower() == name), None)


def _raw(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except ValueError:
        raise JsonInvalid("The body is not valid base64.") from None


def _refuse_depth(text: str) -> None:
    """Count brackets outside strings, so that no parser recurses into a body nested to exhaust the stack."""
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise JsonInvalid(f"The body is nested more than {MAX_DEPTH} deep.")
        elif character in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        raise JsonInvalid("The body contains a duplicate key.")
    return parsed


def _constant(name: str) -> NoReturn:
    raise JsonInvalid(f"{name} is not JSON.")


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise JsonInvalid(f"A number has more than {MAX_DIGITS} digits.")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits) if len(digits) <= 2 * MAX_DIGITS else float("inf")
    if number in (float("inf"), float("-inf")):
        raise JsonInvalid("A number is too large or too long.")
    return number


def _refuse_surrogates(parsed: Any) -> None:
    match parsed:
        case str():
            if not _is_text(parsed):
                raise JsonInvalid("A text contains a lone surrogate.")
        case dict():
            for key, value in parsed.items():
                _refuse_surrogates(key)
                _refuse_surrogates(value)
        case list():
            for value in parsed:
                _refuse_surrogates(value)


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
