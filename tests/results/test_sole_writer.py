"""A journal has one writer at a time, whatever its path is called; what a killed one leaves behind stops nobody."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.frames.held_name import HeldName, NameHeldError
from inspector.results.sole_writer import SoleWriter
from tests.results.publishing import make_identity
from tests.results.test_journal import make_journal

HOLD = """
import sys
from pathlib import Path
from tests.results.publishing import make_identity
from tests.results.test_journal import make_journal
journal = make_journal(Path(sys.argv[1]), make_identity())
journal.open()
print("open", flush=True)
sys.stdin.read()
"""


def linked(path: Path, how: str) -> Path:
    """Another way to the journal at ``path``."""
    other = path.parent / "elsewhere" / "other.sqlite"
    other.parent.mkdir()
    if how == "hard link":
        other.hardlink_to(path)
    elif how == "link":
        other.symlink_to(path)
    elif how == "link to the folder":
        other.parent.rmdir()
        other.parent.symlink_to(path.parent)
        other = other.parent / path.name
    else:
        other = path.parent / "." / path.name
    return other


@pytest.mark.parametrize("how", ["same path", "link", "link to the folder", "hard link"])
def test_a_second_writer_is_refused_in_one_line(how: str, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    first = make_journal(path, make_identity())
    first.open()
    other = linked(path, how)
    second = make_journal(other, make_identity())
    with pytest.raises(UserError) as raised:
        second.open()
    assert str(raised.value) == (
        f"journal.path: {other} is written by this process already; stop it, or name a file of this line's own"
    )
    assert first.close(5)
    third = make_journal(other, make_identity())
    third.open()
    assert third.close(5)
    assert sorted(file.suffix for file in tmp_path.iterdir() if file.is_file()) == [".sqlite"], "no lock is left behind"


def test_who_holds_it_is_told_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    with pytest.raises(UserError, match=f"is written by process {holder.pid} already"):
        make_journal(path, make_identity()).open()
    hard = tmp_path / "hard.sqlite"
    hard.hardlink_to(path)
    with pytest.raises(UserError, match=f"is written by process {holder.pid} already"):
        make_journal(hard, make_identity()).open()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert (tmp_path / "journal.sqlite.lock").exists()
    journal = make_journal(path, make_identity())
    journal.open()
    assert journal.close(5)


def test_a_file_that_was_moved_away_is_let_go_and_the_new_one_is_guarded(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.touch()
    guard = SoleWriter(path)
    guard.take()
    path.rename(tmp_path / "moved.sqlite")
    (tmp_path / "journal.sqlite.lock").unlink()
    path.touch()
    guard.take()
    with pytest.raises(UserError):
        SoleWriter(path).take()
    moved = SoleWriter(tmp_path / "moved.sqlite")
    moved.take()
    moved.release()
    guard.release()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["journal.sqlite", "moved.sqlite"]


def test_a_lock_of_another_user_is_no_obstacle(tmp_path: Path) -> None:
    """Left by root, say, and only to be read."""
    lock = tmp_path / "journal.sqlite.lock"
    lock.write_text("4194305\n")
    lock.chmod(0o444)
    guard = SoleWriter(tmp_path / "journal.sqlite")
    guard.take()
    guard.release()
    lock.write_text("notes of somebody")
    guard.take()
    with pytest.raises(UserError, match="a process that cannot be seen"):
        SoleWriter(tmp_path / "journal.sqlite").take()
    guard.release()
    assert lock.read_text() == "notes of somebody"
    lock.unlink()
    lock.mkdir()  # nothing that can be locked: SQLite decides
    guard.take()
    guard.release()


def test_a_name_is_held_by_one_process_at_a_time() -> None:
    name = f"test/{os.getpid()}"
    held = HeldName(name)
    with pytest.raises(NameHeldError, match="this process"):
        HeldName(name)
    held.release()
    HeldName(name).release()
    with pytest.raises(ValueError, match="longer than"):
        HeldName("x" * 108)
