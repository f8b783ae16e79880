"""Claims as an HTTP API hands them over: values of every shape, scopes of every provider, the default of the right."""

from typing import Any

import pytest

from guestkey import settings
from guestkey.edge.http import claims
from guestkey.errors import ScopeMissing
from tests.rows_and_columns import each_row

CHECKS = "POST /v1/vendor/checks"


@each_row(
    ("claim", "values"),
    [
        ("owner", ["owner"]),
        ("account owner", ["account owner"]),
        ("[owner]", ["owner"]),
        ("[owner admin]", ["admin", "owner"]),
        ("[ owner  admin ]", ["admin", "owner"]),
        ("[]", []),
        ("[", ["["]),
        ("owner]", ["owner]"]),
        ("[[owner]]", ["[owner]"]),
        ("owner,admin", ["owner,admin"]),
        ("true", ["true"]),
        ("", [""]),
        (["owner", "account admin"], ["account admin", "owner"]),
        (["[owner]"], ["[owner]"]),
        ([True, 7, None, ["owner"], {"owner": 1}], ["7", "true"]),
        ([], []),
        (True, ["true"]),
        (False, ["false"]),
        (7, ["7"]),
        (0.5, ["0.5"]),
        (None, []),
        ({"owner": True}, []),
    ],
    ids=str,
)
def test_a_claim_has_the_values_of_its_list_or_one(claim: Any, values: list[str]) -> None:
    assert sorted(claims.values_of(claim)) == values


@each_row("name", ["scope", "scp", "roles", "permissions"])
@each_row(
    "value",
    [
        "guestkey/check",
        "openid guestkey/check guestkey/rights",
        "[guestkey/check]",
        "[guestkey/rights guestkey/check]",
        ["guestkey/check"],
        ["guestkey/rights", "guestkey/check"],
        ["guestkey/rights guestkey/check"],
    ],
    ids=str,
)
def test_a_scope_counts_in_each_claim_as_text_and_as_list(name: str, value: Any) -> None:
    claims.require_scope(CHECKS, {name: value})


def test_a_scope_counts_beside_others_in_other_claims() -> None:
    claims.require_scope(CHECKS, {"scope": "openid", "scp": "", "roles": "[guestkey/check]", "permissions": None})


@each_row(
    "given",
    [
        {},
        {"scope": None},
        {"scope": ""},
        {"scope": "guestkey"},
        {"scope": "guestkey/checks"},
        {"scope": "guestkey/rights guestkey/registry"},
        {"scope": "Guestkey/check"},
        {"scope": "guestkey/check,guestkey/rights"},
        {"scope": "not-guestkey/check"},
        {"scope": {"guestkey/check": True}},
        {"scopes": "guestkey/check"},
        {"Roles": "[guestkey/check]"},
        {"groups": "[guestkey/check]"},
    ],
    ids=str,
)
def test_without_the_scope_a_token_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ScopeMissing) as refused:
        claims.require_scope(CHECKS, given)

    assert refused.value.members == {"scope": "guestkey/check"}


def by_default(claim: str, values: str, monkeypatch: pytest.MonkeyPatch, **given: Any) -> bool:
    monkeypatch.setattr(settings, "RIGHT_CLAIM", claim)
    monkeypatch.setattr(settings, "RIGHT_VALUES", settings.listed(values))
    return claims.has_right_by_default(given)


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("owner", True),
        ("account admin", True),
        ("[guest owner]", True),
        (["guest", "account admin"], True),
        ("Owner", False),
        ("not owner", False),
        ("owner admin", False),
        ("[guest]", False),
        ("[account admin]", False),
        ("", False),
        ([], False),
        (None, False),
        (True, False),
        ({"owner": True}, False),
    ],
    ids=str,
)
def test_a_user_holds_the_right_with_one_of_the_values(
    value: Any, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert by_default("roles", "owner, account admin", monkeypatch, roles=value) is holds


@pytest.mark.parametrize(
    ("values", "value"), [("true", True), ("true", "true"), ("1", 1), ("1", "1"), ("false", False)], ids=str
)
def test_a_boolean_or_a_number_is_compared_as_text(values: str, value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_default("may_let_in", values, monkeypatch, may_let_in=value)


@pytest.mark.parametrize("name", ["scope", "scp"])
def test_the_text_of_a_scope_is_a_list(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_default(name, "let:in", monkeypatch, **{name: "openid let:in"})
    assert not by_default("roles", "let:in", monkeypatch, roles="openid let:in")


def test_another_claim_gives_no_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not by_default("role", "owner", monkeypatch, roles="owner", Role="owner")


def test_without_a_claim_every_user_holds_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_default("", "owner", monkeypatch)


def test_without_values_no_user_holds_the_right(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not by_default("role", "", monkeypatch, role="")


@each_row(("text", "parts"), [("", []), (" , ", []), ("a", ["a"]), ("a, b c ,", ["a", "b c"])])
def test_a_list_of_the_environment_is_separated_by_commas(text: str, parts: list[str]) -> None:
    assert sorted(settings.listed(text)) == parts
