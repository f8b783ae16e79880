"""The API's limits of inputs, for the fields of the pages.

A module imports limits by name from "./limits.js". There is no such file: the import is replaced by constants, which
saves each visitor a request.
"""

import re

from guestkey.rules import limits

_IMPORT = re.compile(r'import \{ ([A-Z_, ]+) \} from "\./limits\.js";')


def insert_limits(text: str) -> str:
    """Replace an import of limits by constants of the same names. Raises AttributeError for an unknown name."""
    return _IMPORT.sub(lambda found: _constants(found[1].split(", ")), text)


def _constants(names: list[str]) -> str:
    return f"const {', '.join(f'{name} = {_literal(getattr(limits, name))}' for name in names)};"


def _literal(value: int | re.Pattern[str]) -> str:
    """Return a JavaScript literal. A pattern matches whole texts, as `fullmatch` does."""
    return f"/^(?:{value.pattern})$/" if isinstance(value, re.Pattern) else str(value)
