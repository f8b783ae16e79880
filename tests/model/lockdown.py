"""An account of how the door of a tenant was moved: its voidings, and what it bars.

The stories' products keep it beside the door of their own; an oracle reads it, and the door of a closed account is
written from it. The model has its own, naive idea of a lock.
"""

from dataclasses import dataclass, field
from datetime import datetime

from tests.doors import Told

MOVES = ("lock", "lift", "lift_and_void", "close", "reopen")


@dataclass
class Doorkeeper:
    """Knows how the door of one tenant was moved."""

    version: int = 0
    is_locked: bool = False
    is_closed: bool = False
    voidings: list[Told] = field(default_factory=list)
    login_voidings: list[Told] = field(default_factory=list)

    def move(self, move: str, seq: int, at: datetime) -> None:
        """Note a move of the door. `seq` is the number of the next ledger entry."""
        self.version += 1
        self.is_locked = move == "lock" or (self.is_locked and not move.startswith("lift"))
        self.is_closed = move == "close" or (self.is_closed and move != "reopen")
        told = (seq, at, "closed" if move == "close" else "locked")
        if move in ("lift_and_void", "close"):
            self.voidings.append(told)
        if move in ("lock", "close"):
            self.login_voidings.append(told)
