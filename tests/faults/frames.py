"""Files of a replay that are not what they were, and frames that show nothing."""

from __future__ import annotations

import os

import cv2
import numpy as np

from tests.faults.scenario import scenario
from tests.faults.stage import Stage


@scenario(
    fault="A file of a replay vanishes while it is played",
    promise="Its frame is UNINSPECTED; the others go on",
    told="reason `bad_frame` with the file; `bad_frames` where there are many",
    remedy="put it back",
)
def file_vanishes(stage: Stage) -> None:
    folder = stage.materials.copy_pictures(stage.folder / "pictures")
    with stage.line(source=stage.replay(path=str(folder))) as line:
        (folder / "000003.png").unlink()
        line.until(lambda: "bad_frame" in line.reasons(), "the frame without a file")
        line.until_inspected()
        line.finish()


@scenario(
    fault="Every file of a replay vanishes, then they are back",
    promise="The line goes on, degraded, with a verdict for each frame, until they are back",
    told="`bad_frames`, `frames_usable`; reason `bad_frame`",
    remedy="put them back",
)
def all_files_vanish(stage: Stage) -> None:
    folder = stage.materials.copy_pictures(stage.folder / "pictures")
    with stage.line(source=stage.replay(path=str(folder))) as line:
        folder.rename(stage.folder / "moved")
        line.until_told("bad_frames")
        (stage.folder / "moved").rename(folder)
        line.until_told("frames_usable")
        line.until_inspected()
        line.finish()


@scenario(
    fault="Files of a replay change while it is played: another size, no image at all, cut off in the middle",
    promise="Their frames are UNINSPECTED; the others go on",
    told="reason `bad_frame` with what was found",
    remedy="put them back",
)
def files_change(stage: Stage) -> None:
    folder = stage.materials.copy_pictures(stage.folder / "pictures")
    with stage.line(source=stage.replay(path=str(folder))) as line:
        cv2.imwrite(str(folder / "000001.png"), np.full((64, 64), 100, np.uint8))
        (folder / "000002.png").write_bytes(b"no image")
        whole = (folder / "000004.png").read_bytes()
        (folder / "000004.png").write_bytes(whole[: len(whole) // 2])
        line.until_inspected(30)
        found = line.finish()
        assert found.reasons["bad_frame"] >= 6, found.reasons


@scenario(
    fault="A file of a replay cannot be read: it is a folder, and then a pipe that nobody writes to",
    promise="A frame without pixels is UNINSPECTED; nobody waits for a pipe",
    told="reason `bad_frame`",
    remedy="put the file back",
)
def file_unreadable(stage: Stage) -> None:
    folder = stage.materials.copy_pictures(stage.folder / "pictures")
    with stage.line(source=stage.replay(path=str(folder))) as line:
        for number, make in ((1, os.mkdir), (2, os.mkfifo)):
            path = folder / f"{number:06}.png"
            path.unlink()
            make(path)
        line.until(lambda: "bad_frame" in line.reasons(), "a frame without pixels")
        line.until_inspected(30)
        found = line.finish()
        assert found.reasons["bad_frame"] >= 4, found.reasons


@scenario(
    fault="The camera loses a tenth of its frames, and another tenth arrives without usable pixels (simulator)",
    promise="Lost frames are counted and UNINSPECTED together, the others one by one",
    told="`gap` with reason `camera_lost`; reason `bad_frame`; `bad_frames`",
    remedy="see to the camera and its cable",
)
def frames_lost_and_corrupt(stage: Stage) -> None:
    source = {"kind": "simulator", "rate_hz": 200, "frames": 600, "pool": 8, "lose_rate": 0.1, "corrupt_rate": 0.1}
    with stage.line(source=source, image_of=lambda _: None) as line:
        line.ended(0)
        (found,) = line.settle().values()
        assert len(found.verdicts) == 600
        assert found.reasons["camera_lost"] > 20, found.reasons
        assert found.reasons["bad_frame"] > 20, found.reasons


@scenario(
    fault="The lamp dies: frames are black, then white, then noise",
    promise="Frames that show nothing never reach the engines: UNINSPECTED, not PASS; the line is degraded until they are usable again",
    told="reason `bad_frame`; `bad_frames`, `frames_usable`",
    remedy="see to the light and the lens",
)
def lamp_dead(stage: Stage) -> None:
    folder = stage.materials.copy_pictures(stage.folder / "pictures")
    shape = stage.materials.images[0].shape
    noise = np.random.default_rng(stage.random.randrange(1 << 30)).integers(0, 256, shape, dtype=np.uint8)
    with stage.line(source=stage.replay(path=str(folder))) as line:
        files = sorted(folder.iterdir())
        before = [file.read_bytes() for file in files]
        for number, file in enumerate(files):
            cv2.imwrite(str(file), (np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8), noise)[number % 3])
        line.until_told("bad_frames")
        mark = line.mark()
        line.until(lambda: len(line.watcher.packets) >= mark + 40, "frames that show nothing")
        assert line.inspected(mark) == 0
        for file, data in zip(files, before, strict=True):
            file.write_bytes(data)
        line.until_told("frames_usable")
        line.until_inspected()
        line.finish()
