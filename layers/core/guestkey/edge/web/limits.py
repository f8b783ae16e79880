"""The API's limits of inputs, for the fields of the pages, and the form of the ledger, for its verification there.

A module imports them by name from "./limits.js" or "./ledger.form.js". There are no such files: the import is replaced
by constants, which saves each visitor a request.
"""

import re
from types import ModuleType

from guestkey.rules import ledger_form, limits

_MODULES = {"limits": limits, "ledger.form": ledger_form}
_IMPORT = re.compile(r'import \{ ([A-Z_, ]+) \} from "\./(limits|ledger\.form)\.js";')


def insert_limits(text: str) -> str:
    """Replace an import of limits by constants of the same names. Raises AttributeError for an unknown name."""
    return _IMPORT.sub(lambda found: _constants(_MODULES[found[2]], found[1].split(", ")), text)


def _constants(module: ModuleType, names: list[str]) -> str:
    return f"const {', '.join(f'{name} = {_literal(getattr(module, name))}' for name in names)};"


def _literal(value: int | re.Pattern[str]) -> str:
    """Return a JavaScript literal. A pattern matches whole texts, as `fullmatch` does."""
    return f"/^(?:{value.pattern})$/" if isinstance(value, re.Pattern) else str(value)
