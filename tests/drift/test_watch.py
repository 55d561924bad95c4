"""The watch as an observer: what it looks at, what it reports, the picture, a folder that cannot be written, no reference."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inspector.drift.folder import PictureFolder
from tests.drift.watching import OVERTAKEN, POINT, WINDOW, frames, reference_of, watching
from tests.results.publishing import eventually
from tests.tiny_bundle import HEIGHT, WIDTH


@pytest.fixture(scope="module")
def point():
    return msgspec.structs.replace(POINT, reference=reference_of(frames(200, 1)))


DIM = frames(WINDOW + OVERTAKEN, 2, 0.7)


def test_what_is_found_is_reported_and_taken_back(point) -> None:
    with watching(point) as watched:
        watched.show(frames(WINDOW, 3))
        watched.show(DIM)
        text = watched.until("lamp_dimming")
        assert text.startswith("camera top: the last 100 frames are ")
        assert "picture" not in text, "none is wanted"
        assert [part for part, _, code, _ in watched.told if code == "lamp_dimming"] == ["lamp of camera top"]
        watched.show(frames(WINDOW + OVERTAKEN, 4))
        watched.until("lamp_dimming_cleared")


def test_a_reset_takes_back_what_was_reported_and_begins_new_windows(point) -> None:
    with watching(point) as watched:
        watched.show(DIM)
        watched.until("lamp_dimming")
        watched.show(DIM[: WINDOW // 2])
        watched.watch.reset()
        assert watched.until("lamp_dimming_cleared") == "camera top: lamp: watched anew"
        watched.show(DIM[:-1])
        assert watched.watch.figures() == {}
        watched.show(DIM[:1])
        eventually(lambda: watched.codes().count("lamp_dimming") == 2)


def test_another_bundle_brings_its_own_reference(point) -> None:
    with watching(point) as watched:
        watched.show(DIM)
        watched.until("lamp_dimming")
        watched.activate(msgspec.structs.replace(point, reference=reference_of(frames(60, 5, 0.7))), "b-2")
        watched.show(DIM)
        watched.until("lamp_dimming_cleared")
        eventually(lambda: ("top", "brightness") in watched.watch.figures())
        assert watched.watch.reference_frames() == {"top": 60}
        assert watched.codes().count("lamp_dimming") == 1


def test_the_same_bundle_loaded_again_brings_the_reference_that_was_written_since(point) -> None:
    with watching(point) as watched:
        watched.show(DIM)
        watched.until("lamp_dimming")
        watched.activate(msgspec.structs.replace(point, reference=reference_of(frames(60, 5, 0.7))))
        watched.show(DIM)
        watched.until("lamp_dimming_cleared")


def test_frames_of_a_shadow_or_without_a_score_are_not_looked_at(point) -> None:
    with watching(point) as watched:
        watched.show(DIM, shadow=True)
        watched.show(DIM[:50], score=0.3)
        watched.watch.stop(5)
        assert watched.told == []
        assert watched.watch.figures() == {}


def test_only_so_many_frames_a_second_are_looked_at(point) -> None:
    """The frames come at 1000 a second: all of the first quarter, then every tenth."""
    with watching(point, looks_hz=100) as watched:
        watched.show(DIM * 7)
        assert watched.watch.figures() == {}
        watched.show(DIM)
        watched.until("lamp_dimming")


def test_frames_that_were_overtaken_count_like_all_others(point) -> None:
    """Every fourth frame is let through by the gate and takes longer; so many of them in the window are those of the frames themselves."""
    shown = list(enumerate(frames(2 * WINDOW, 8)))
    order = sorted(shown, key=lambda one: one[0] + (4.5 if not one[0] % 4 else 0))
    with watching(point) as watched:
        for number, frame in order:
            watched.number = number
            watched.show([frame], score=0.9 if not number % 4 else 0.1)
        eventually(lambda: watched.watch.figures())
        judge = watched.watch._cameras["top"].judge
        window = judge.window
        above = sum(window.counts[0][-1:])
        assert above / window.frames == pytest.approx(0.25, abs=0.011)


def test_the_picture_is_named_or_why_there_is_none(point, tmp_path: Path) -> None:
    folder = tmp_path / "drift"
    with watching(point, folder=str(folder)) as watched:
        watched.show(DIM)
        text = watched.until("lamp_dimming")
        (picture,) = folder.iterdir()
        assert text.endswith(f"; picture: {picture}")
    (tmp_path / "file").write_text("in the way")
    with watching(point, folder=str(tmp_path / "file")) as watched:
        watched.show(DIM)
        assert watched.until("lamp_dimming").endswith(
            f"; no picture: {tmp_path / 'file'}: is no folder; name another one"
        )


def test_a_disk_that_hangs_holds_up_neither_report_nor_frames(
    point, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is a place whose files cannot be written before someone reads: a pipe."""
    monkeypatch.setattr("inspector.drift.watch.PICTURE_WAIT_S", 0.05)
    monkeypatch.setattr("inspector.drift.folder.time.strftime", lambda *_: "then")
    monkeypatch.setattr("inspector.drift.folder.time.time", lambda: 0.0)
    os.mkfifo(tmp_path / "drift-then.000Z-top-lamp_dimming.png")
    with watching(point, folder=str(tmp_path)) as watched:
        watched.show(DIM)
        assert "; no picture: the disk has not taken it" in watched.until("lamp_dimming")
        watched.show(frames(WINDOW + OVERTAKEN, 6))
        watched.until("lamp_dimming_cleared")
        watched.show(DIM)
        eventually(lambda: watched.codes().count("lamp_dimming") == 2)
        assert watched.told[-1][3].endswith("; no picture: the disk has not taken the one before")


def test_without_a_reference_it_says_once_that_nothing_is_watched(point, caplog: pytest.LogCaptureFixture) -> None:
    other_size = reference_of([np.ascontiguousarray(frame[:2, :20]) for frame in frames(60, 7)])
    with caplog.at_level(logging.INFO, "inspector.drift"), watching(POINT) as watched:
        watched.show(DIM)
        watched.activate(msgspec.structs.replace(POINT, reference=other_size), "b-2")
        watched.show(DIM)
        assert watched.watch.reference_frames() == {"top": 0}
        assert watched.told == []
    first, second = [record.getMessage() for record in caplog.records]
    assert first.startswith(
        "camera top: drift is not watched: bundle b-1: the operating point has no reference; `inspector calibrate thresholds`"
    )
    assert "bundle b-2: the reference is of frames of another size" in second


def test_the_oldest_pictures_are_deleted(tmp_path: Path) -> None:
    folder = PictureFolder(tmp_path, keep=2)
    (tmp_path / "drift-notes.txt").write_text("kept")
    blank = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    written = [folder.save(blank, "top", f"code{number}") for number in range(4)]
    assert {one.name for one in tmp_path.glob("*.png")} == {one.name for one in written[2:]}
    assert (tmp_path / "drift-notes.txt").exists()
