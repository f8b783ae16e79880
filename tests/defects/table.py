"""The table of planted defects: one small fault in one file, and the test that must fail because of it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
DEFECTS = Path(__file__).with_name("defects.toml")


@dataclass(frozen=True, kw_only=True)
class Defect:
    """A defect of the kind that a tired developer makes."""

    why: str
    """One sentence on the effect."""
    file: str
    before: str
    """Text of the sound file, which contains it exactly once."""
    after: str
    test: str
    """The test that must fail, as pytest names it."""

    def fault_in(self, sound: str) -> str | None:
        """Return the reason why the defect cannot be planted in this text, if there is one."""
        found = sound.count(self.before)
        return None if found == 1 else f"found {found} times"

    def planted_in(self, sound: str) -> str:
        """Return the text of the file with the defect."""
        return sound.replace(self.before, self.after)


def read() -> list[Defect]:
    """Return all defects in the order of the file."""
    return [Defect(**one) for one in tomllib.loads(DEFECTS.read_text("utf-8"))["defects"]]
