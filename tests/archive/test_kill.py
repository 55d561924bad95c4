"""A process that is killed while it writes leaves nothing that the next start does not mend."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archive import killing_reviews
from tests.archive.killing import BREAKS


def killed(root: Path, *arguments: str, what: str = "killing") -> subprocess.CompletedProcess[str]:
    """The answer of `tests.archive.killing`, or of another one there."""
    command = [sys.executable, "-m", f"tests.archive.{what}", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory, where there is one: the disk is waited for in every entry."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


def test_after_a_kill_at_any_moment_the_archive_is_whole(root: Path) -> None:
    done = killed(root, "36", "12", "24")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "72 times killed, 0 times not whole" in done.stdout
    assert "adopted" in done.stdout, "no kill came between the files and their row"
    assert "removed" in done.stdout, "no kill came between two files"


@pytest.mark.parametrize("planted", BREAKS)
def test_a_fault_in_what_mends_is_noticed(planted: str, root: Path) -> None:
    done = killed(root, "24", "0", "0", planted)
    assert done.returncode == 1, done.stdout + done.stderr


def test_whoever_is_killed_while_reviewing_costs_no_review(root: Path) -> None:
    done = killed(root, "50", "4", what="killing_reviews")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "54 times killed, 0 times not whole" in done.stdout


@pytest.mark.parametrize("planted", killing_reviews.BREAKS)
def test_a_fault_in_what_brings_reviews_together_is_noticed(planted: str, root: Path) -> None:
    done = killed(root, "150", "0", planted, what="killing_reviews")
    assert done.returncode == 1, done.stdout + done.stderr
