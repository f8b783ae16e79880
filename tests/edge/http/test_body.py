"""The body of a request, at the exact bounds of each limit: the last that passes and the first that fails."""

import base64
import json
from typing import Any

import pytest

from guestkey.edge.http import body
from guestkey.errors import JsonInvalid, NotJson


def event(raw: str | bytes, content_type: str | None = "application/json") -> dict[str, Any]:
    """Return the part of an event that holds a body. API Gateway sends bytes that are no text as base64."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    if isinstance(raw, bytes):
        return {"headers": headers, "body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    return {"headers": headers, "body": raw, "isBase64Encoded": False}


def read(raw: str | bytes) -> Any:
    return body.read(event(raw))


def refusal_of(raw: str | bytes) -> str:
    with pytest.raises(JsonInvalid) as refused:
        read(raw)
    return refused.value.detail


def of_length(number: int, letter: str = "x") -> str:
    """Return a JSON text of that many bytes that consists of one letter."""
    return json.dumps(letter * ((number - 2) // len(letter.encode())), ensure_ascii=False)


# --- Length ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["x", "ä", "🔑"])
def test_a_body_has_at_most_32000_bytes(letter: str):
    longest = of_length(32_000, letter)
    padding = " " * (32_000 - len(longest.encode()))

    assert read(longest + padding) == json.loads(longest)
    assert refusal_of(longest + padding + " ") == "The body is longer than 32000 bytes."


def test_bytes_in_base64_are_counted_as_they_are_without_it():
    assert read(of_length(32_000).encode()) == "x" * 31_998
    assert refusal_of(of_length(32_001).encode()) == "The body is longer than 32000 bytes."


# --- Depth -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_body_is_nested_at_most_16_deep(opening: str, closing: str):
    read(opening * 16 + "1" + closing * 16)

    assert refusal_of(opening * 17 + "1" + closing * 17) == "The body is nested more than 16 deep."


def test_what_was_closed_does_not_count_as_nesting():
    assert len(read("[" + ",".join(["[]"] * 100) + "]")) == 100


@pytest.mark.parametrize("text", ["[" * 17, '"' + "[" * 17, "\\" + "[" * 17, '\\"' + "{" * 17])
def test_brackets_inside_texts_do_not_count(text: str):
    assert read(json.dumps([text])) == [text]


def test_a_bracket_behind_a_text_with_an_escaped_quote_counts():
    nested = '["\\"",' + "[" * 16 + "]" * 16 + "]"

    assert refusal_of(nested) == "The body is nested more than 16 deep."


# --- Numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_has_at_most_15_digits(sign: str):
    assert read(sign + "9" * 15) == int(sign + "9" * 15)
    assert refusal_of(sign + "9" * 16) == "A number has more than 15 digits."


def test_a_fraction_has_at_most_30_characters_and_fits_a_float():
    assert read("0." + "1" * 28) == float("0." + "1" * 28)
    assert read("1e308") == 1e308
    for digits in ("0." + "1" * 29, "1e309", "-1e309"):
        assert refusal_of(digits) == "A number is too large or too long."


# --- What parsers could read differently -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        ('{"a": 1, "a": 1}', "The body contains a duplicate key."),
        ('[{"a": {"b": 1, "b": 2}}]', "The body contains a duplicate key."),
        ("NaN", "NaN is not JSON."),
        ("[-Infinity]", "-Infinity is not JSON."),
        ('"\\ud800"', "A text contains a lone surrogate."),
        ('{"\\udfff": 1}', "A text contains a lone surrogate."),
        ('[{"a": ["\\ud83d"]}]', "A text contains a lone surrogate."),
        (b"\xff", "The body is not UTF-8."),
        ("{", "The body is not JSON: Expecting property name enclosed in double quotes at character 1."),
        ("[] []", "The body is not JSON: Extra data at character 3."),
    ],
)
def test_what_two_parsers_could_read_differently_is_refused(raw: str | bytes, detail: str):
    assert refusal_of(raw) == detail


def test_a_whole_character_may_be_escaped():
    assert read('{"\\ud83d\\udd11": ["\\ud83d\\udd11"]}') == {"🔑": ["🔑"]}


def test_base64_that_is_none_is_no_body():
    with pytest.raises(JsonInvalid):
        body.read({"headers": {"content-type": "application/json"}, "body": "a", "isBase64Encoded": True})


# --- Whether there is JSON at all ------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", ["", b""])
def test_an_empty_body_is_none_whatever_it_claims_to_be(raw: str | bytes):
    assert body.read(event(raw, "text/plain")) is None


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "application/json ;x"])
def test_a_body_is_json_if_its_type_says_so_in_any_case(content_type: str):
    assert body.read(event("[1]", content_type)) == [1]


@pytest.mark.parametrize("content_type", [None, "", "text/json", "application/jsonl", "application/json+x", "json"])
def test_any_other_type_is_refused_before_the_body_is_read(content_type: str | None):
    with pytest.raises(NotJson):
        body.read(event("x" * 40_000, content_type))


def test_a_header_is_found_in_any_case():
    assert body.header({"headers": {"IDEMPOTENCY-Key": "k"}}, "idempotency-key") == "k"
    assert body.header({"headers": None}, "idempotency-key") is None
