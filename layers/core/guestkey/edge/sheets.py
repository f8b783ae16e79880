"""The overviews as CSV for people, as a spreadsheet of their language opens it.

It begins with a byte order mark, has `;` between the cells where the language's decimal sign is a comma, headers and
words of the language, and local times, whose zone the header names. The form for machines is `edge/http/csv_export`.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from guestkey.edge.http.csv_export import Form, inert
from guestkey.edge.mail.i18n import catalogue
from guestkey.rules.instants import instant

GRANT_COLUMNS = {
    "state": "state", "for": "grantee.name", "id": "grantee.id",
    "period": "period", "may_export": "may_export",
    "granted_at": "granted_at", "granted_by": "granted_by.name", "ends_at": "ends_at", "review_at": "review_at",
    "revoked_at": "revoked_at", "revoked_by": "revoked_by.name", "end": "end",
    "present_name": "grantee.present_name", "access": "access", "may_automate": "may_automate",
    "kind": "grantee.kind", "accountable": "grantee.accountable.name",
}  # fmt: skip
LOGIN_COLUMNS = {
    "logged_in_at": "logged_in_at", "agent": "agent.name", "id": "agent.id",
    "departments": "agent.departments",
    "reason": "reason", "ticket": "ticket", "may_export": "may_export", "ended_at": "ended_at", "end": "end",
    "end_cause": "end_cause", "granted_by": "granted_by.name", "access_ends_at": "access_ends_at",
    "present_name": "agent.present_name", "access": "access",
    "kind": "agent.kind", "accountable": "agent.accountable.name",
}  # fmt: skip
_WORDS = frozenset({"state", "period", "may_export", "end", "end_cause", "access", "may_automate", "kind"})
_WITH_POINT = re.compile("de-(CH|LI)|it-CH|es-(DO|GT|HN|MX|NI|PA|PE|PR|SV|US)", re.IGNORECASE)
"""Regions whose decimal sign is a point, unlike that of their language."""


@dataclass(frozen=True, kw_only=True)
class Dialect(Form):
    """Language and time zone of the person who opens the file."""

    language: str
    zone: ZoneInfo
    columns: Mapping[str, str]
    """The member that each column shows."""
    departments: dict[str, str] = field(default_factory=dict)
    """Names of departments by id, as far as they are known."""

    beginning = "\ufeff"
    """A byte order mark, by which a spreadsheet recognises UTF-8."""

    @property
    def separator(self) -> str:  # type: ignore[override] # a language decides the separator
        """The separator of cells, which is that of the language's spreadsheets."""
        has_point = self._primary == "en" or _WITH_POINT.fullmatch(self.language.replace("_", "-"))
        return "," if has_point else ";"

    @property
    def _primary(self) -> str:
        return catalogue(self.language).language

    def header(self, column: str) -> str:
        """Return the header of a column."""
        title = str(_texts()[self._primary]["columns"][column])
        return f"{title} ({self.zone})" if column.endswith("_at") else title

    def member(self, column: str) -> str:
        """Return the member that a column shows."""
        return self.columns[column]

    def cell(self, column: str, value: Any) -> str:
        """Return a cell as people of the language read it. No part of it is a formula."""
        if value is None:
            return ""
        if column.endswith("_at"):
            return f"{instant(value).astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
        if column in _WORDS:
            return str(_texts()[self._primary]["words"][str(value).lower()])
        text = (
            ", ".join(self.departments.get(one) or str(one) for one in value) if isinstance(value, list) else str(value)
        )
        return inert(text)

    def file_name(self, kind: str, customer: str, day: str) -> str:
        """Return the `Content-Disposition` of a file named after its content, the customer and the day."""
        name = f"{_texts()[self._primary][kind]} {customer} {day}.csv"
        plain = re.sub(r"[^A-Za-z0-9. -]", "_", name)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


@cache
def _texts() -> dict[str, dict[str, Any]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
