"""The viewer ends when it is told to, and when what tells the service manager that it is alive fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inspector.view.app import Viewer
from tests.view.serving import configured


def test_a_report_that_fails_ends_the_viewer(tmp_path: Path) -> None:
    """It would go on for ever otherwise, deaf to signals."""

    def report() -> None:
        raise ValueError("no socket of systemd")

    with pytest.raises(ValueError, match="no socket of systemd"):
        Viewer(configured(f"ipc://{tmp_path}/nobody")).run(threading.Event(), report)
