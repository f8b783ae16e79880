"""The list of records in a file: a later process reads the same, a crash costs at most the line that it cut short."""

from pathlib import Path

import pytest

from local.journal import Journal

FIRST, SECOND = {"text": "Grüße\u2028\n"}, {"text": "zwei"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = Journal(tmp_path / "mails.jsonl")
    written.append(FIRST)
    written.append(SECOND)
    return tmp_path / "mails.jsonl"


def test_a_later_process_reads_all_records_in_their_order(file: Path) -> None:
    assert Journal(file).records() == [FIRST, SECOND]


def test_a_line_cut_short_by_a_crash_is_dropped_and_the_next_record_is_whole(file: Path) -> None:
    file.write_text(file.read_text()[:-3])

    journal = Journal(file)
    assert journal.records() == [FIRST]
    journal.append(SECOND)
    assert Journal(file).records() == [FIRST, SECOND]


def test_a_cleared_journal_is_empty_for_later_processes_too(file: Path) -> None:
    journal = Journal(file)

    assert journal.clear() == {"forgotten": 2}
    assert (journal.records(), Journal(file).records()) == ([], [])
