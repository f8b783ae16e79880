"""One home for the limits of inputs: the pages take them from the API."""

import re

import pytest

from guestkey.edge.web.limits import insert_limits
from guestkey.rules import ledger_form, limits
from tests.web import APP

MODULES = sorted((APP.parent / "web").glob("*.js"))
IMPORT = re.compile(r'import \{ ([^}]+) \} from "\./(?:limits|ledger\.form)\.js"')
ON_NO_PAGE = {
    "MAX_RECIPIENTS", "MAX_APPROVERS", "MAX_DEPARTMENTS", "MAX_CURSOR_LENGTH", "MAX_KEY_LENGTH", "MAX_SLUG_LENGTH",
}  # fmt: skip
"""Limits of values that no page has a field for."""
NUMBERS = {value for name, value in vars(limits).items() if name.startswith("MAX_") and name not in ON_NO_PAGE}
OF_ANOTHER_MEANING = re.compile(r"\bstatus [<>=]+ \d+|\.repeat\(64\)")
"""An HTTP status, and the digits of a SHA-256."""


def test_an_import_of_limits_becomes_constants() -> None:
    written = 'import { api } from "./api.js";\nimport { MAX_NOTE_LENGTH, ULID } from "./limits.js";\n'

    assert insert_limits(written) == (
        'import { api } from "./api.js";\n'
        f"const MAX_NOTE_LENGTH = {limits.MAX_NOTE_LENGTH}, ULID = /^(?:{limits.ULID.pattern})$/;\n"
    )


def test_the_form_of_an_entry_is_inserted_as_the_pattern_that_python_uses() -> None:
    assert (
        insert_limits('import { ENTRY } from "./ledger.form.js";')
        == f"const ENTRY = /^(?:{ledger_form.ENTRY.pattern})$/;"
    )


def test_an_unknown_limit_is_an_error() -> None:
    with pytest.raises(AttributeError, match="MAX_NOTHING"):
        insert_limits('import { MAX_NOTHING } from "./limits.js";')


def test_no_page_contains_the_number_of_a_limit() -> None:
    for module in MODULES:
        code = OF_ANOTHER_MEANING.sub("", module.read_text())
        assert not {int(number) for number in re.findall(r"(?<![\w.])\d+(?![\w.])", code)} & NUMBERS, module.name
        assert not re.search(r"(max|min)length: (?!MAX_|MIN_)|\{\d+(,\d*)?\}\$/", code), module.name


def test_each_module_uses_the_limits_it_imports() -> None:
    imported = {}
    for module in MODULES:
        for names in IMPORT.findall(module.read_text()):
            imported[module.name] = names.split(", ")
            for name in imported[module.name]:
                assert len(re.findall(rf"\b{name}\b", module.read_text())) > 1, (module.name, name)

    assert len(imported) > 5


def test_the_types_of_the_limits_are_those_of_the_imported_ones() -> None:
    types = (APP.parent / "types" / "modules.d.ts").read_text()
    known = vars(limits) | vars(ledger_form)
    declared = [
        name_and_type
        for block in re.findall(r'declare module "\*/(?:limits|ledger\.form)\.js" \{.*?\n\}', types, re.DOTALL)
        for name_and_type in re.findall(r"export const ([A-Z_]+): (\w+);", block)
    ]
    imports = [name for module in MODULES for names in IMPORT.findall(module.read_text()) for name in names.split(", ")]

    assert sorted(declared) == [
        (name, "RegExp" if isinstance(known[name], re.Pattern) else "number") for name in sorted({*imports})
    ]
