"""The translated template has nothing that CloudFormation or API Gateway refuses, with a planted fault for each check.

cfn-lint reads the source only where it does not translate it itself, and passes a null that survives the translation.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests import stack, translated
from tests.rows_and_columns import each_row

SOURCE = stack.PROJECT / "template.yaml"
MISREAD = re.compile(r"0[0-9_]+|[0-9]{4}-[0-9]{2}-[0-9]{2}|y|n|yes|no|on|off|null|~|", re.IGNORECASE)
"""Plain words that YAML reads as an octal number, a date, a boolean or a null."""


def misread(text: str) -> Iterator[str]:
    """Yield each plain word of a YAML text that YAML reads as something else."""
    for token in yaml.scan(text, Loader=yaml.CLoader):
        if isinstance(token, yaml.ScalarToken) and token.plain and MISREAD.fullmatch(token.value):
            yield f"line {token.start_mark.line + 1}: {token.value!r} needs quotes"


def foreign(said: Any, path: str = "") -> Iterator[str]:
    """Yield the place of each value that CloudFormation does not know: nulls, dates, keys that are no texts."""
    match said:
        case dict():
            for key, value in said.items():
                if not isinstance(key, str):
                    yield f"{path}: the key {key!r} is no text"
                yield from foreign(value, f"{path}/{key}")
        case list():
            for place, value in enumerate(said):
                yield from foreign(value, f"{path}/{place}")
        case str() | int() | float():
            pass
        case _:
            yield f"{path}: {said!r}"


def undefined_schemes(deployed: dict[str, Any]) -> set[str]:
    """Return the names in `security` that the OpenAPI document does not define."""
    defined = deployed["Resources"]["Api"]["Properties"]["Body"]["components"]["securitySchemes"]
    return {
        name
        for _, operation in translated.operations(deployed)
        for requirement in operation.get("security", [])
        for name in requirement
    } - set(defined)


def test_the_source_and_the_translation_have_no_null_and_nothing_that_json_does_not_know() -> None:
    assert list(foreign(stack.template())) == []
    assert list(foreign(translated.template())) == []


def test_yaml_reads_no_plain_word_of_the_source_as_something_else() -> None:
    assert list(misread(SOURCE.read_text())) == []


def test_each_route_requires_the_authorizer_that_the_template_names_and_each_is_defined() -> None:
    required = {
        key: [name for requirement in operation.get("security", []) for name in requirement]
        for key, operation in translated.operations(translated.template())
    }

    assert required == {route.key: [] if route.is_public else [route.authorizer] for route in stack.routes()}
    assert undefined_schemes(translated.template()) == set()


# ------------------------------------------------------------------ planted faults


@each_row(
    ("said", "place"),
    [
        ("Metadata: {comment: a, and b}", "/Metadata/and b: None"),
        ("Version: 2012-10-17", "/Version: datetime.date(2012, 10, 17)"),
        ("Tags: {1: one}", "/Tags: the key 1 is no text"),
        ("Tags: [a, ~]", "/Tags/1: None"),
    ],
)
def test_a_planted_value_that_json_does_not_know_is_found(said: str, place: str) -> None:
    assert list(foreign(yaml.safe_load(said))) == [place]


@each_row("word", ["007", "2012-10-17", "yes", "NO", "~", "null"])
def test_a_planted_word_without_quotes_is_found(word: str) -> None:
    assert list(misread(f"Default: {word}\n")) == [f"line 1: '{word}' needs quotes"]
    assert list(misread(f'Default: "{word}"\n')) == []


def test_a_planted_default_authorizer_makes_sam_write_an_undefined_scheme() -> None:
    planted = deepcopy(stack.template())
    planted["Resources"]["Api"]["Properties"]["Auth"]["DefaultAuthorizer"] = "Tenant"
    planted["Resources"]["ContactFunction"]["Properties"]["Events"]["ShowContact"]["Properties"]["Auth"] = {
        "Authorizer": "NONE"
    }

    assert undefined_schemes(translated.translate(planted)) == {"NONE"}
