"""Levels of access: to view an account, or to change it as well. Export is a flag of its own beside the level."""

from collections.abc import Iterable
from enum import StrEnum


class AccessLevel(StrEnum):
    """Level of access of a grant, by its name in the API. Each level includes the ones before it."""

    VIEW = "view"
    CHANGE = "change"

    def includes(self, other: "AccessLevel") -> bool:
        """Say whether this level allows all that the other one allows."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = list(AccessLevel)


def greatest(levels: Iterable[AccessLevel]) -> AccessLevel:
    """Return the greatest of one or more levels."""
    return max(levels, key=_ORDER.index)
