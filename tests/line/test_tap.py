"""A recorder that breaks its promise not to raise leaves no frame without a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.line import line
from inspector.line.recorder import Recorder
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with

CLEAN = frame_with([])


class BrokenRecorder(Recorder):
    """Has an error on every frame."""

    def captured(self, *_: Any) -> None:
        """As told."""
        raise MemoryError("no memory for the pixels")


def test_a_frame_at_which_the_recorder_has_an_error_has_its_verdict(
    start_line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "Recorder", BrokenRecorder)
    running = start_line({"top": ListCamera([CLEAN])}, deadline_ms=None)
    found = running.finish()  # for ever, where the frame stays open
    assert {frame: reason for frame, (_, reason, _) in found.verdicts.items()} == {0: "internal"}
    assert running.line.failures == ["cameras.top: internal error: no memory for the pixels"]
