"""A list of records that survives a crash: each is appended to a file at once, as one line of JSON."""

import json
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Journal:
    """The records in one file, oldest first. A last line that a crash has cut short is dropped."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records: list[Record] = []
        if file.exists():
            complete, _, _ = file.read_text().rpartition("\n")
            self._records = [json.loads(line) for line in complete.splitlines()]
            file.write_text("".join(map(_line, self._records)))

    def append(self, record: Record) -> None:
        """Add a record, in the file too."""
        self._records.append(record)
        with self._file.open("a") as file:
            file.write(_line(record))

    def records(self) -> list[Record]:
        """Return all records, oldest first."""
        return list(self._records)

    def clear(self) -> dict[str, int]:
        """Delete all records and return their number."""
        count = len(self._records)
        self._records.clear()
        self._file.unlink(missing_ok=True)
        return {"forgotten": count}


def _line(record: Record) -> str:
    # ASCII only, so that no character of a text can break the line.
    return json.dumps(record) + "\n"
