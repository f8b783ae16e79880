"""No update replaces the table, a pool or an address of a stack in use, by a record of what is fixed."""

from copy import deepcopy
from typing import Any

from tests import translated
from tests.lasting import replaced
from tests.rows_and_columns import each_row


def test_no_update_replaces_what_lasts() -> None:
    """If the change is meant, write down how stacks in use get it, and run `python -m tests.lasting`."""
    assert replaced(translated.template()) == set()


@each_row(
    ("name", "key", "planted"),
    [
        ("Table", "KeySchema", [{"AttributeName": "id", "KeyType": "HASH"}]),
        ("Table", "TableName", "guestkey"),
        ("Table", "StreamSpecification", {"StreamViewType": "KEYS_ONLY"}),
        ("Bus", "Name", "another"),
        ("TenantPool", "Schema", []),
        ("SupportPoolClient", "GenerateSecret", True),
        ("DeadLetterQueue", "FifoQueue", True),
    ],
)
def test_a_planted_change_that_replaces_a_resource_is_found(name: str, key: str, planted: Any) -> None:
    template = deepcopy(translated.template())
    template["Resources"][name]["Properties"][key] = planted

    assert replaced(template) == {f"{name}.{key}"}


def test_a_planted_name_of_the_table_is_found() -> None:
    template = deepcopy(translated.template())
    template["Resources"]["Items"] = template["Resources"].pop("Table")

    assert replaced(template) == {"Table", "Items"}


def test_a_table_that_only_some_stacks_keep_is_found() -> None:
    template = deepcopy(translated.template())
    template["Resources"]["Table"]["Condition"] = "IsProtected"

    assert replaced(template) == {"Table.Condition"}
