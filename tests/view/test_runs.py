"""The runs that a journal holds, found without looking at its results."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from inspector.frames.outcome import Verdict
from inspector.protocol.messages import MessageType
from inspector.results.journal_reader import JournalReader
from inspector.view.coils.runs import Run, find_run, runs
from tests.coil.strip import Camera
from tests.view.making import JournaledLine, journal_of, run_of


def listed(path: Path, name: str | None = None) -> list[Run]:
    with JournalReader(path) as reader:
        return runs(reader, name=name)


def test_runs_are_listed_the_newest_first(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite", "coil-1", "a/../b", "<b>coil</b>")
    found = listed(path)
    assert [one.name for one in found] == ["<b>coil</b>", "a/../b", "coil-1"]
    assert [one.frames for one in found] == [10, 10, 10]
    assert found[0].verdicts == {Verdict.PASS: 3, Verdict.REJECT: 6, Verdict.UNINSPECTED: 1}
    assert all(one.began_unix_ns and one.ended_unix_ns and one.through for one in found)
    assert [one.name for one in listed(path, "a/../b")] == ["a/../b"]
    assert listed(path, "coil") == []
    with JournalReader(path) as reader:
        assert runs(reader, line="line1") == found
        assert runs(reader, line="line2") == []


def test_a_run_is_found_by_its_id(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite", "coil-1", "coil-2")
    with JournalReader(path) as reader:
        for one in runs(reader):
            assert find_run(reader, one.id) == one
            assert find_run(reader, one.id + 1) is None
        assert find_run(reader, 10**15) is None


def test_a_run_that_goes_on_has_no_end(tmp_path: Path) -> None:
    line = JournaledLine(tmp_path / "j.sqlite", epoch="e1")
    run_of(line, ended=False)
    line.close()
    [one] = listed(tmp_path / "j.sqlite")
    assert one.through is None
    assert one.ended_unix_ns is None


def test_a_line_that_was_killed_goes_on_with_its_run(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    for number, ended in enumerate((False, True)):
        line = JournaledLine(path, epoch=f"e{number}", after_s=600.0 * number)
        run_of(line, ended=ended)
        line.close()
    [one] = listed(path)
    assert one.epochs == ("e0", "e1")
    assert one.ended_unix_ns is not None


def test_a_name_that_is_used_again_is_another_run(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite", "coil-1", "coil-1")
    newer, older = listed(path)
    assert older.through == newer.id - 1
    assert (older.epochs, newer.epochs) == (("epoch-0",), ("epoch-1",))


def test_a_line_that_is_started_again_at_once_goes_on_with_its_run(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    for number in range(2):
        line = JournaledLine(path, epoch=f"e{number}", after_s=3.0 * number)
        run_of(line)
        line.close()
    assert len(listed(path)) == 1


def test_all_cameras_must_end(tmp_path: Path) -> None:
    line = JournaledLine(tmp_path / "j.sqlite", (Camera("a"), Camera("b")), epoch="e1")
    line.start("coil-1")
    line._say(line.streams["a"].end("coil-1"))
    line.close()
    [one] = listed(tmp_path / "j.sqlite")
    assert one.cameras == ("a", "b")
    assert one.ended_unix_ns is None


def test_a_run_whose_start_has_been_deleted_is_listed(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite", "coil-1", "coil-2")
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM publications WHERE id < 4")
    connection.commit()
    connection.close()
    newer, older = listed(path)
    assert (newer.name, older.name) == ("coil-2", "coil-1")
    assert older.began_unix_ns is None
    assert older.frames == 10


def test_a_row_that_was_altered_costs_no_other_run(tmp_path: Path) -> None:
    path = journal_of(tmp_path / "j.sqlite", "coil-1", "coil-2")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE publications SET body = x'7b' WHERE id = 1")
    connection.commit()
    connection.close()
    assert [one.name for one in listed(path)] == ["coil-2", "coil-1"]


def test_results_are_not_looked_at(tmp_path: Path) -> None:
    """SQLite finds starts and ends by an index, whatever else is asked for."""
    path = journal_of(tmp_path / "j.sqlite")
    connection = sqlite3.connect(path)
    asked: list[str] = []
    with JournalReader(path) as reader:
        reader._connection.set_trace_callback(asked.append)
        for kind in (MessageType.START, MessageType.END):
            reader.events(kind, 10, run="coil-7", epoch="epoch-0", camera="a", before=10**9)
            reader.events(kind, 10)
    plans = [
        " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
        for query in asked
        if "ORDER BY p.id" in query
    ]
    connection.close()
    assert len(plans) == 4
    for plan in plans:
        assert "publications_event (type=?" in plan
        assert "TEMP B-TREE" not in plan
