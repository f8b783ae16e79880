"""Reading a body: what two parsers could read differently is refused, at the exact limits of size, depth and digits."""

import base64
from typing import Any

import pytest

from guestkey.edge.http import body
from guestkey.errors import JsonInvalid, NotJson
from tests.rows_and_columns import each_row

JSON = "application/json"


def read(raw: str | bytes, content_type: str | None = JSON) -> Any:
    """Return a body as API Gateway passes it on: bytes arrive in base64."""
    event: dict[str, Any] = {"headers": {} if content_type is None else {"content-type": content_type}}
    if isinstance(raw, bytes):
        event |= {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    else:
        event |= {"body": raw, "isBase64Encoded": False}
    return body.read(event)


def lists(depth: int) -> str:
    return "[" * depth + "]" * depth


def objects(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def of_bytes(count: int, character: str = "x") -> str:
    """Return a JSON text of that many bytes in UTF-8."""
    width = len(character.encode())
    filling, rest = divmod(count - 2, width)
    return '"' + character * filling + "x" * rest + '"'


# ------------------------------------------------------------------ size


@each_row("character", ["x", "ä", "\U0001f511"])
def test_a_body_of_32000_bytes_is_read(character: str) -> None:
    text = of_bytes(32_000, character)

    assert len(text.encode()) == 32_000
    assert read(text) == read(text.encode()) == text[1:-1]


@each_row("character", ["x", "ä", "\U0001f511"])
def test_a_body_of_32001_bytes_is_refused(character: str) -> None:
    text = of_bytes(32_001, character)

    assert len(text.encode()) == 32_001
    for raw in (text, text.encode()):
        with pytest.raises(JsonInvalid, match="longer than 32000 bytes"):
            read(raw)


def test_without_a_body_there_is_nothing_to_read_in_any_type() -> None:
    events: list[dict[str, Any]] = [{}, {"body": None}, {"body": ""}, {"body": "", "isBase64Encoded": True}]
    for event in events:
        assert body.read(event) is None
        assert body.read(event | {"headers": {"content-type": "text/plain"}}) is None


# ------------------------------------------------------------------ depth


@each_row("text", [lists(16), objects(16), '{"a":' + lists(15) + "}", "[" + objects(15) + "]"])
def test_a_body_is_nested_at_most_16_deep(text: str) -> None:
    assert read(text) is not None


@each_row("text", [lists(17), objects(17), '{"a":' + lists(16) + "}", "[" * 32_000, "{" * 32_000])
def test_a_body_nested_17_deep_is_refused(text: str) -> None:
    with pytest.raises(JsonInvalid, match="nested more than 16 deep"):
        read(text)


def test_depth_is_counted_outside_strings_and_falls_with_each_closing_bracket() -> None:
    assert read('["' + "[" * 100 + '"]') == ["[" * 100]
    assert read('["\\"' + "{" * 100 + '"]') == ['"' + "{" * 100]
    assert read('["\\\\",' + lists(15) + "]")
    assert len(read("[" + ",".join([lists(15)] * 20) + "]")) == 20
    with pytest.raises(JsonInvalid, match="deep"):
        read('["\\\\",' + lists(16) + "]")


# ------------------------------------------------------------------ numbers


@each_row("digits", ["9" * 15, "-" + "9" * 15, "0", "-0"])
def test_an_integer_has_at_most_15_digits(digits: str) -> None:
    assert read(f'{{"a":{digits}}}') == {"a": int(digits)}


@each_row("digits", ["1" + "0" * 15, "-1" + "0" * 15, "9" * 5_000])
def test_an_integer_of_16_digits_is_refused(digits: str) -> None:
    with pytest.raises(JsonInvalid, match="more than 15 digits"):
        read(f'{{"a":{digits}}}')


@each_row("digits", ["1.5", "-1.5e3", "1e308", "-1.7976931348623157e308", "0." + "1" * 28])
def test_a_fraction_has_at_most_30_characters_and_is_finite(digits: str) -> None:
    assert len(digits) <= 30
    assert read(digits) == float(digits)


@each_row("digits", ["0." + "1" * 29, "1e309", "-1e309", "1e999999"])
def test_a_longer_or_infinite_fraction_is_refused(digits: str) -> None:
    with pytest.raises(JsonInvalid, match="too large or too long"):
        read(f"[{digits}]")


@each_row("constant", ["NaN", "Infinity", "-Infinity"])
def test_constants_of_javascript_are_no_json(constant: str) -> None:
    with pytest.raises(JsonInvalid, match=f"{constant} is not JSON"):
        read(f'{{"a":{constant}}}')


# ------------------------------------------------------------------ keys and characters


@each_row(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"b":2,"a":3}',
        '{"a":1,"\\u0061":2}',
        '{"":1,"":1}',
        '{"a":[{"b":{"c":1,"c":2}}]}',
    ],
)
def test_a_duplicate_key_is_refused_at_any_depth_and_in_any_spelling(text: str) -> None:
    with pytest.raises(JsonInvalid, match="duplicate"):
        read(text)


def test_the_same_key_in_two_objects_or_in_another_case_is_no_duplicate() -> None:
    assert read('{"a":{"a":1},"A":2,"b":[{"a":3},{"a":4}]}')["b"] == [{"a": 3}, {"a": 4}]


@each_row(
    "text",
    ['"\\ud800"', '"\\udfff"', '{"\\udc00":1}', '{"a":[{"b":"\\ud83d"}]}', '"\\udd11\\ud83d"', '"a\\ud83d\\u0041"'],
)
def test_a_lone_surrogate_is_refused_in_keys_values_and_lists(text: str) -> None:
    with pytest.raises(JsonInvalid, match="surrogate"):
        read(text)


def test_an_unescaped_surrogate_is_no_utf_8() -> None:
    with pytest.raises(JsonInvalid, match="not UTF-8"):
        read('"\ud800"')


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read('{"\\ud83d\\udd11":"\\ud83d\\udd11 \\\\ud800"}') == {"\U0001f511": "\U0001f511 \\ud800"}


@each_row(
    "raw",
    [b"\xff\xfe", b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe4"', "{}".encode("utf-16-le")[:3]],
)
def test_other_encodings_than_utf_8_are_refused(raw: bytes) -> None:
    with pytest.raises(JsonInvalid):
        read(raw)


@each_row(
    "text",
    [
        " ", "{", '{"a":', "{}{}", '{"a":1,}', "{'a':1}", "{/*a*/}", "[1,]", "01", "+1", ".5", "1.", "nul", "True",
        '"\x01"', '"\x00"', "\x00", "\ufeff{}", '"\\x41"',
    ],
)  # fmt: skip
def test_text_that_is_almost_json_is_refused(text: str) -> None:
    with pytest.raises(JsonInvalid):
        read(text)


@each_row(("text", "parsed"), [("null", None), ("[]", []), ('"x"', "x"), ("1", 1), (" {} \n", {}), ("true", True)])
def test_any_json_value_is_read_and_the_routes_demand_an_object(text: str, parsed: Any) -> None:
    assert read(text) == parsed


def test_a_body_in_broken_base64_is_refused() -> None:
    for raw in ("%%%", "e30", "e30=\n", "ä"):
        with pytest.raises(JsonInvalid, match="not valid base64"):
            body.read({"body": raw, "isBase64Encoded": True, "headers": {"content-type": JSON}})


# ------------------------------------------------------------------ content type


@each_row("content_type", [JSON, "Application/JSON", "application/json; charset=utf-8", " application/json ;a=b"])
def test_json_in_any_case_and_with_parameters_is_read(content_type: str) -> None:
    assert read("{}", content_type) == {}


@each_row(
    "content_type",
    [None, "", "text/plain", "application/jsonx", "xapplication/json", "application/problem+json", "text/json",
     "application/x-www-form-urlencoded", "json", "*/*", "application/json, text/plain"],
)  # fmt: skip
def test_any_other_type_is_refused_before_the_body_is_read(content_type: str | None) -> None:
    for raw in ("{}", "{", "x" * 32_001):
        with pytest.raises(NotJson):
            read(raw, content_type)


def test_a_headers_name_is_found_in_any_case() -> None:
    for name in ("content-type", "Content-Type", "CONTENT-TYPE"):
        assert body.header({"headers": {"other": "x", name: JSON}}, "content-type") == JSON
    assert body.header({"headers": None}, "content-type") is None
    assert body.header({}, "content-type") is None
