"""While the disk refuses, results flow and say that they may be lost; memory answers for them, and what did not fit is told as gone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.results.recovery.refusing import WAYS
from tests.results.test_journal import ROOT


@pytest.mark.parametrize("way", WAYS)
def test_all_is_recoverable_or_was_published_as_not_durable(way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-m", "tests.results.recovery.refusing", way, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=50)
    assert done.returncode == 0, done.stderr
    came, gone = map(int, done.stdout.split())
    assert came > 600
    assert gone > 100
