"""Drift on a real line: each camera against its own reference, told on the wire, with the picture that shows it."""

from __future__ import annotations

from pathlib import Path

import cv2

from engines.bundle import Bundle
from tests.drift.watching import WINDOW, frames, with_references
from tests.line.sources import ListCamera
from tests.line.test_line import OFFLINE
from tests.results.publishing import eventually


def test_a_dim_lamp_is_told_of_the_camera_whose_lamp_it_is(start_line, tiny_bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "drift"
    cameras = {
        "top": ListCamera(frames(WINDOW, 3, 0.7), endless=True),
        "dim": ListCamera(frames(WINDOW, 4, 0.7), endless=True),
    }
    watching = {"drift": {"window_frames": WINDOW, "looks_hz": None, "folder": str(folder)}}
    running = start_line(cameras, with_references(tiny_bundle), **watching, **OFFLINE)
    eventually(lambda: folder.is_dir() and any(folder.iterdir()) and len(running.line.drift.figures()) == 8)
    running.stop.set()
    found = running.finish()
    (text,) = (text for _, code, text in found.statuses if code == "lamp_dimming")
    assert text.startswith("camera top: the last ")
    assert " darker than the reference" in text
    (picture,) = folder.iterdir()
    assert text.endswith(f"; picture: {picture}")
    assert picture.name.endswith("-top-lamp_dimming.png")
    assert cv2.imread(str(picture)) is not None
    figures = running.line.drift.figures()
    assert figures["top", "brightness"] > 1 > 0.5 > figures["dim", "brightness"]
    assert running.line.drift.reference_frames() == {"top": 200, "dim": 200}
    assert set(found.reasons) <= {"gate_clean", "shutdown"}, "no verdict is another one"
