"""Commands and what a shadow bundle said, on real files: who waits, what is let go first, and what stays."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from inspector.results import record_queue
from inspector.results.journal_reader import JournalReader, UnreadableError
from tests.results.publishing import eventually, make_identity, make_results
from tests.results.recording import make_command, make_comparison, make_disagreement
from tests.results.test_journal import ROOT, make_journal, publications


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program holds the file's lock, as a disk that does not answer would."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_what_was_stored_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    results = make_results(journal=path)
    results.start()
    commands = [make_command(n) for n in range(5)]
    disagreements = [make_disagreement(n, camera=f"cam{n % 2}") for n in range(700)]
    assert all(results.record_command(one, 5) for one in commands)
    assert results.remembered_commands(3) == commands[2:]
    for disagreement in disagreements:
        results.record_disagreement(disagreement)
        results.record_comparison(make_comparison(disagreement.frame + 1))
    results.record_comparison(make_comparison(9, camera="cam2"))
    assert results.close()
    with JournalReader(path) as reader:
        assert reader.commands() == commands
        assert reader.commands(2, since_unix_ns=commands[1].received_unix_ns) == commands[3:]
        assert reader.commands(epoch="another") == []
        assert reader.disagreements() == disagreements
        assert reader.disagreements(camera="cam1", newest=2) == [disagreements[697], disagreements[699]]
        assert reader.comparisons() == [make_comparison(700), make_comparison(9, camera="cam2")]


def test_a_command_is_committed_at_once_though_publications_are_gathered(tmp_path: Path) -> None:
    identity = make_identity()
    journal = make_journal(tmp_path / "j.sqlite", identity, commit_interval_ms=10_000)
    journal.open()
    journal.append(publications(identity, 1)[0])
    before_s = time.monotonic()
    assert journal.record_command(make_command(), 5)
    assert journal.writable(5) == ""
    assert time.monotonic() - before_s < 2
    assert journal.close(5)


def test_a_command_is_there_after_the_daemon_was_killed(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    program = (
        "from pathlib import Path; import os, signal, sys\n"
        "from tests.results.publishing import make_identity\n"
        "from tests.results.recording import make_command\n"
        "from tests.results.test_journal import make_journal\n"
        "journal = make_journal(Path(sys.argv[1]), make_identity())\n"
        "journal.open()\n"
        "assert journal.record_command(make_command(), 10)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, timeout=50)
    assert done.returncode == -signal.SIGKILL
    results = make_results(journal=path)
    results.start()
    assert results.remembered_commands(10) == [make_command()]
    assert results.close()


def test_a_disk_that_refuses_is_told_and_the_command_stays_queued(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, make_identity(), busy_timeout_ms=10, retry_ms=20)
    journal.open()
    with locked(path):
        assert "locked" in journal.writable(5)
        assert not journal.record_command(make_command(), 0.05)
        assert "locked" in journal.writable(5)
        assert journal.state().commands_waiting == 1
    eventually(lambda: journal.state().commands_waiting == 0)
    assert journal.writable(5) == ""
    assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.commands() == [make_command()]


def test_a_stop_while_the_disk_refuses_lets_the_caller_go(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, make_identity(), busy_timeout_ms=10, retry_ms=20)
    journal.open()
    stored: list[bool] = []
    caller = threading.Thread(target=lambda: stored.append(journal.record_command(make_command(), 60)))
    with locked(path):
        caller.start()
        eventually(lambda: journal.trouble())
        assert not journal.close(0.5)
        caller.join(5)
    assert stored == [False]
    assert "0 publications and 1 commands were not journaled" in caplog.text
    assert not journal.record_command(make_command(), 60), "at once"
    assert journal.state().commands_not_journaled == 1


def test_what_the_shadow_said_is_let_go_first_and_commands_never_for_publications(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, path = make_identity(), tmp_path / "j.sqlite"
    journal = make_journal(path, identity, busy_timeout_ms=10, retry_ms=20, max_waiting=100, commit_interval_ms=0)
    journal.open()
    made = publications(identity, 150)
    with locked(path):
        for publication in made[:90]:
            journal.append(publication)
        for n in range(50):
            journal.record_shadow(make_disagreement(n))
            assert not journal.record_command(make_command(n), 0)
        for publication in made[90:]:
            journal.append(publication)
        state = journal.state()
        assert (state.not_journaled, state.commands_not_journaled, state.shadow_not_journaled) == (50, 0, 50)
        assert state.commands_waiting == 50
        monkeypatch.setattr(record_queue, "MOST_COMMANDS", 50)
        assert not journal.record_command(make_command(99), 60), "bounded, and told at once"
        assert journal.state().commands_not_journaled == 1
    eventually(lambda: journal.state().waiting == journal.state().commands_waiting == 0)
    assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.commands() == [make_command(n) for n in range(50)]
        assert reader.disagreements() == []


def test_what_waits_for_the_shadow_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = record_queue.RecordQueue()
    monkeypatch.setattr(record_queue, "MOST_DISAGREEMENTS", 10)
    monkeypatch.setattr(record_queue, "MOST_COMPARISONS", 1)
    assert [queue.shadow(make_disagreement(n), behind=False) for n in range(12)] == [True] * 10 + [False] * 2
    assert queue.shadow(make_comparison(1), behind=False)
    assert queue.shadow(make_comparison(2), behind=False), "in place of the one before"
    assert not queue.shadow(make_comparison(1, camera="cam2"), behind=False)
    assert queue.shadow_let_go == 3
    group = queue.shadow_group()
    assert [one.record for one in group] == [*map(make_disagreement, range(10)), make_comparison(2)]
    assert queue.shadow(make_comparison(3), behind=False)
    queue.done(group)
    assert [one.record for one in queue.shadow_group()] == [make_comparison(3)], "it came while the others were stored"


def test_a_record_that_no_disk_takes_does_not_hold_up_the_others(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, make_identity())
    journal.open()
    for bad in (make_command(who="\udcff"), make_command(received_unix_ns=2**70)):
        assert not journal.record_command(bad, 5)
    assert journal.record_command(make_command(1), 5)
    assert (journal.state().commands_not_journaled, journal.trouble()) == (2, "")
    assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.commands() == [make_command(1)]


def test_a_line_without_a_journal_remembers_nothing_and_waits_for_nobody() -> None:
    results = make_results()
    results.start()
    assert not results.record_command(make_command(), 60)
    assert (results.journal_writable(), results.remembered_commands(10)) == ("", [])
    results.record_disagreement(make_disagreement())
    results.record_comparison(make_comparison())
    assert results.close()


def test_altered_rows_are_told_in_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "j.sqlite"
    results = make_results(journal=path)
    results.start()
    assert results.record_command(make_command(), 5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("UPDATE commands SET answer = 'a text'")
    assert results.remembered_commands(10) == []
    assert "is damaged (a row of commands: Expected `bytes`" in caplog.text
    assert results.close()
    with JournalReader(path) as reader, pytest.raises(UnreadableError, match="a row of commands"):
        reader.commands()


def test_a_damaged_file_is_set_aside_and_the_command_is_in_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = make_journal(path, make_identity())
    journal.open()
    assert all(journal.record_command(make_command(n, answer=b"x" * 20_000), 5) for n in range(30))
    assert journal.close(5)
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 4096):
        data[page * 4096 : page * 4096 + 512] = b"\xff" * 512
    path.write_bytes(data)
    journal = make_journal(path, make_identity())
    journal.open()
    last = make_command(1000, arguments=msgspec.json.encode({"run": "x" * 5000}))
    assert journal.record_command(last, 5)
    assert journal.condition().code == "journal_set_aside"
    assert journal.close(5)
    with JournalReader(path) as reader:
        assert reader.commands() == [last]
