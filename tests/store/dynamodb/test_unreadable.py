"""Items that cannot be read: every attribute of every kind, in every form that it does not have."""

import importlib
import pkgutil
from typing import Any

import pytest

from guestkey import store
from guestkey.store.access.logins import LoginItem
from guestkey.store.dynamodb import unreadable
from guestkey.store.dynamodb.keys import Key
from guestkey.store.dynamodb.models import Item, UnknownItem, required_attributes
from guestkey.store.dynamodb.unreadable import Unreadable, expect, items_of, readable
from guestkey.store.registry.people import DepartmentItem
from tests.rows_and_columns import each_row

for module in pkgutil.walk_packages(store.__path__, f"{store.__name__}."):
    importlib.import_module(module.name)
KINDS = [kind for kind in Item.__subclasses__() if kind is not UnknownItem]
KEY = {"PK": {"S": "a"}, "SK": {"S": "b"}}
FORMS: list[dict[str, Any]] = [
    {"S": "?"},
    {"S": ""},
    {"N": "7"},
    {"BOOL": True},
    {"L": [{"M": {}}]},
    {"L": [{"N": "7"}, {"S": "?"}]},
    {"M": {"?": {"S": "?"}}},
    {"SS": ["?"]},
    {"NS": ["7"]},
    {"B": b"?"},
    {},
    {"?": "?"},
]
SUPPORT = KEY | {"kind": {"S": "department"}, "department_id": {"S": "support"}, "name": {"S": "Support"}}


@pytest.fixture(autouse=True)
def _nothing_is_noted() -> None:
    unreadable.take()


@each_row("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_value_of_an_attribute_is_an_error(kind: type[Item]) -> None:
    for name, attribute in kind.get_attributes().items():
        for form in FORMS:
            if name not in {"pk", "sk", "kind"}:
                raw = KEY | {attribute.attr_name: form}
                assert isinstance(kind.from_raw_data(raw), kind | UnknownItem)


@each_row(
    "raw",
    [
        {name: value for name, value in SUPPORT.items() if name != "name"},
        {name: value for name, value in SUPPORT.items() if name != "kind"},
        SUPPORT | {"name": {"NULL": True}},
        SUPPORT | {"name": {"N": "1"}},
        SUPPORT | {"due_at": {"S": "tomorrow"}},
        SUPPORT | {"kind": {"S": "guild"}},
        SUPPORT | {"kind": {"S": "login"}},
        SUPPORT | {"kind": {"N": "1"}},
    ],
)
def test_an_item_that_is_not_whole_is_refused_noted_once_and_left_out(raw: dict[str, Any]) -> None:
    whole, damaged = Item.from_raw_data(SUPPORT), Item.from_raw_data(raw)

    assert expect(DepartmentItem, whole) is whole
    with pytest.raises(Unreadable) as error:
        expect(DepartmentItem, damaged)
    assert error.value.key == Key("a", "b")
    assert str(error.value) == "an item of the table cannot be read", "it may be logged, and quotes nothing"
    assert list(items_of(DepartmentItem, [damaged, whole, damaged])) == [whole]
    assert unreadable.take() == [Key("a", "b")]
    assert unreadable.take() == []


def test_only_what_cannot_be_read_is_left_out() -> None:
    """A bug stays one."""

    def read(item: Item) -> int:
        raise AssertionError

    with pytest.raises(AssertionError):
        list(readable(read, [Item.from_raw_data(SUPPORT)]))


def test_required_is_what_has_no_default_and_may_not_be_absent() -> None:
    assert required_attributes(DepartmentItem) == {"pk", "sk", "department_id", "name"}
    assert not required_attributes(LoginItem) & {"ended_at", "incarnation", "memberships", "kind"}
