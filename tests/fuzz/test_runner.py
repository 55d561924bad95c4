"""The runner finds what is planted, and says nothing about a decoder that keeps its promise."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fuzz.drawn import draw
from tests.fuzz.findings import Findings
from tests.fuzz.limits import ROOT, attempt
from tests.fuzz.reach import worth_keeping
from tests.fuzz.target import Target, promised
from tests.fuzz.targets import find


def unpromised(data: bytes) -> None:
    with promised(ValueError):
        {b"good": 1}[data[:4]]


def slow(data: bytes) -> None:
    if data[4:5] not in (b" ", b""):
        until_s = time.process_time() + 0.03
        while time.process_time() < until_s:
            pass


def steers(data: bytes) -> None:
    with promised(ValueError):
        if not data.startswith(b"good"):
            raise ValueError(f"found {data[:4].decode('latin-1')}")


def long_winded(data: bytes) -> None:
    with promised(ValueError):
        if b"\xff" in data:
            raise ValueError("no text of this kind, " * 500)


def greedy(data: bytes) -> None:
    if data[4:5] not in (b" ", b""):
        len(bytearray(24 << 20))


def right(data: bytes) -> None:
    with promised(ValueError):
        raise ValueError("it is no good")


@pytest.mark.parametrize(
    ("run", "key"),
    [
        (unpromised, "KeyError"),
        (slow, "slow"),
        (steers, "an error that steers a terminal"),
        (long_winded, "an error of N characters"),
        (greedy, "memory"),
        (right, None),
    ],
)
def test_planted(run: object, key: str | None, tmp_path: Path) -> None:
    planted = Target("planted", run, lambda: [b"good input"[:4]], cpu_s=0.02, memory_mib=12)  # type: ignore[arg-type]
    assert draw(planted, tmp_path, seconds=0.2, seed=1) > 1
    told = [text.splitlines()[0] for _, text in Findings(tmp_path / "findings").told()]
    assert any(key in one for one in told) if key else not told, told


def test_an_input_that_showed_a_fault_shows_it_again(tmp_path: Path) -> None:
    planted = Target("planted", unpromised, lambda: [b"good"])
    draw(planted, tmp_path, seconds=0.1, seed=1)
    ((file, _),) = Findings(tmp_path / "findings").told()
    finding = attempt(planted, file.read_bytes())
    assert finding is not None
    assert "KeyError" in finding.told


def test_inputs_that_reach_further_are_worth_keeping() -> None:
    target = find("run_lengths")
    candidates = [
        b"2 6",
        b"x",
        b"1",
        b"1 9999",
    ]  # a run like the known one, no number, half a run, one outside of the frame
    assert set(worth_keeping(target, [b"1 5"], candidates)) == set(candidates[1:])


def test_an_input_that_ends_the_process_is_found(tmp_path: Path) -> None:
    """By a signal, as a crash of compiled code does."""
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom tests.fuzz.drawn import draw\nfrom tests.fuzz.target import Target\n"
        "draw(Target('planted', lambda data: data.startswith(b'go') or os.abort(), lambda: [b'good']), Path(sys.argv[1]), 5, 1)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert not (tmp_path / "current").read_bytes().startswith(b"go")


def test_command(tmp_path: Path) -> None:
    """A run of a target from the command line; and a name that is none."""
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", "1", "--out", str(tmp_path)]
    done = subprocess.run([*command, "journal_mask"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "journal_mask" in done.stdout
    assert "0 findings" in done.stdout
    done = subprocess.run([*command, "jurnal"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no target jurnal" in done.stderr
