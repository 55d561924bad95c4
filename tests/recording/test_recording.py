"""The format: what is written is read again; what is cut off, damaged or does not fit the disk is told and never played as something else."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.errors import FileError
from inspector.capture.recording import Playback, RecordingCamera
from inspector.capture.recording.reading import ReadAhead
from inspector.config.recording import PixelFormat, RecordedSource
from inspector.errors import UserError
from inspector.recording.buffer import PixelBuffer
from inspector.recording.limits import MIB, Limits
from inspector.recording.manifest import MANIFEST, Counted, Manifest, RecordedCamera
from inspector.recording.reader import DamagedPixelsError, RecordingReader, refuse_target
from inspector.recording.records import Frame, Lost, NotRecorded, Phase, Place, line_of
from inspector.recording.waiting import Waiting
from inspector.recording.writer import RecordingWriter

HEIGHT, WIDTH = 64, 1024


def pixels(number: int) -> NDArray[np.uint8]:
    """Of a frame that can be told from every other one."""
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH), np.uint8)


def manifest(pixel_format: PixelFormat = "raw") -> Manifest:
    camera = RecordedCamera(name="top", source="simulator", height=HEIGHT, width=WIDTH)
    return Manifest(
        line="l", epoch="e", software="s", pixels=pixel_format, cameras=(camera,), begun_unix_ns=1, begun_monotonic_ns=1
    )


class Written:
    """A recording that is being written, and why it ended early."""

    def __init__(
        self,
        folder: Path,
        pixel_format: PixelFormat = "raw",
        frames: int | None = None,
        buffer_bytes: int = 4 * MIB,
        free_bytes: int = MIB,
    ) -> None:
        self.ended: list[str] = []
        limits = Limits(
            format=pixel_format, buffer_bytes=buffer_bytes, free_bytes=free_bytes, segment_bytes=MIB, frames=frames
        )
        self.writer = RecordingWriter(folder, manifest(pixel_format), limits, self.ended.append)
        self.writer.phase(Phase(phase=1, run="r"))

    def add(self, number: int) -> None:
        self.writer.add("top", Frame(frame=number, captured_ns=number, phase=1), pixels(number))


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A recording of 40 frames, of which frames 10 and 11 were lost and frame 20 arrived without pixels."""
    folder = tmp_path / "whole"
    one = Written(folder)
    for number in (*range(10), *range(12, 20)):
        if number == 12:
            one.writer.add("top", Lost(frame=10, count=2))
        one.add(number)
    one.writer.add("top", Frame(frame=20, captured_ns=20, phase=1, error="cut short"))
    for number in range(21, 40):
        one.add(number)
    assert one.writer.close(10)
    assert not one.ended
    return folder


def frames_of(folder: Path) -> list[int]:
    """Numbers of the frames whose pixels are read as they were written."""
    reader = RecordingReader(folder)
    found = []
    for record in reader.records("top"):
        if isinstance(record, Frame) and record.place is not None:
            np.testing.assert_array_equal(reader.pixels("top", record), pixels(record.frame))
            found.append(record.frame)
    return found


WITH_PIXELS = [number for number in range(40) if number not in (10, 11, 20)]


def test_what_is_written_is_read(whole: Path) -> None:
    assert frames_of(whole) == WITH_PIXELS
    assert len(list((whole / "cameras/top").glob("*.raw"))) == 3, "16 frames of 64 KiB fill a segment of 1 MiB"
    reader = RecordingReader(whole)
    counted = reader.manifest.counted["top"]
    assert (counted.frames, counted.lost, counted.not_recorded) == (38, 2, 0)
    assert reader.phases[1].run == "r"


def test_png_files_hold_the_same_pixels(tmp_path: Path) -> None:
    one = Written(tmp_path / "r", "png")
    for number in range(3):
        one.add(number)
    assert one.writer.close(10)
    assert frames_of(tmp_path / "r") == [0, 1, 2]
    assert (tmp_path / "r/cameras/top/000000/0000000002.png").is_file()


def test_only_as_many_frames_as_are_wanted(tmp_path: Path) -> None:
    one = Written(tmp_path / "r", frames=5)
    one.add(100)
    one.writer.add("top", Lost(frame=101, count=2))
    one.add(103)
    assert not one.writer.complete
    one.writer.add("top", Lost(frame=104, count=7))
    assert one.writer.complete
    one.add(111)
    assert one.writer.close(10)
    assert frames_of(tmp_path / "r") == [100, 103]
    assert RecordingReader(tmp_path / "r").contents("top").lost == 3


def test_frames_without_room_are_counted_and_stand_in_the_index(tmp_path: Path) -> None:
    one = Written(tmp_path / "r", buffer_bytes=3 * HEIGHT * WIDTH)
    for number in range(200):
        one.add(number)
    assert one.writer.close(10)
    records = list(RecordingReader(tmp_path / "r").records("top"))
    recorded = [one.frame for one in records if isinstance(one, Frame)]
    left_out = sum(one.count for one in records if isinstance(one, NotRecorded))
    assert len(recorded) + left_out == 200
    assert RecordingReader(tmp_path / "r").manifest.counted["top"].not_recorded == left_out
    assert frames_of(tmp_path / "r") == recorded


def test_frames_that_waited_when_the_disk_was_given_up_stand_in_the_index(tmp_path: Path) -> None:
    """Together with those behind them, for which there was no room: each is counted once."""
    waiting = Waiting(["top"], buffer_bytes=2 * HEIGHT * WIDTH, frames=None)
    for number in range(5):
        waiting.add("top", Frame(frame=number, captured_ns=number, phase=1), pixels(number))
    first = waiting.next()
    assert first is not None
    waiting.done(first)
    for number in range(5, 8):  # there is room for one, behind the frames that had none
        waiting.add("top", Frame(frame=number, captured_ns=number, phase=1), pixels(number))
    waiting.abandon()
    assert waiting.next() is None
    assert waiting.rest == {"top": NotRecorded(frame=1, count=7)}
    assert waiting.counted["top"] == Counted(frames=1, not_recorded=7)


class Pixels(np.ndarray[Any, np.dtype[np.uint8]]):
    """Pixels whose copy is told to the test first."""

    copied: Callable[[], object]

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Called where they are copied."""
        self.copied()
        return super().__array_function__(function, types, args, kwargs)


def told_pixels(copied: Callable[[], object]) -> Pixels:
    """``copied`` is called when they are to be copied."""
    made = pixels(0).view(Pixels)
    made.copied = copied
    return made


def test_a_recording_that_ends_while_a_camera_copies_its_frame_does_no_harm() -> None:
    """It may fail between the moment when a frame gets its memory and the copy."""
    waiting = Waiting(["top"], buffer_bytes=MIB, frames=None)
    waiting.add("top", Frame(frame=0, captured_ns=0, phase=1), told_pixels(waiting.close))
    waiting.add("top", Frame(frame=1, captured_ns=0, phase=1), pixels(1))
    assert (waiting.counted["top"].not_recorded, waiting.buffered_bytes) == (1, 0)


def cut_index(folder: Path, share: float) -> None:
    path = folder / "cameras/top/index.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def test_a_recording_that_is_cut_off_is_whole_up_to_there(whole: Path) -> None:
    cut_index(whole, 0.5)
    contents = RecordingReader(whole).contents("top")
    assert contents.cut_off
    assert contents.last is not None
    assert 10 < contents.last < 30
    assert frames_of(whole) == [number for number in WITH_PIXELS if number <= contents.last]


def test_frames_at_the_end_whose_pixels_never_reached_the_disk_are_left_out(whole: Path) -> None:
    last = max((whole / "cameras/top").glob("*.raw"))
    last.write_bytes(last.read_bytes()[: 2 * HEIGHT * WIDTH + 100])
    contents = RecordingReader(whole).contents("top")
    assert contents.cut_off
    assert frames_of(whole) == [number for number in WITH_PIXELS if number <= (contents.last or 0)]
    assert contents.last == WITH_PIXELS[32 + 1]


@pytest.mark.parametrize("damage", [b"\x00", b"\n", b"{"])
def test_damaged_records_are_left_out_and_counted(whole: Path, damage: bytes) -> None:
    path = whole / "cameras/top/index.jsonl"
    data = bytearray(path.read_bytes())
    for place in range(500, 505):
        data[place : place + 1] = damage
    path.write_bytes(data)
    contents = RecordingReader(whole).contents("top")
    assert 1 <= contents.damaged <= 6
    assert not contents.cut_off
    assert set(frames_of(whole)) < set(WITH_PIXELS)
    assert len(frames_of(whole)) >= len(WITH_PIXELS) - 2


def test_a_repeated_index_plays_once(whole: Path) -> None:
    path = whole / "cameras/top/index.jsonl"
    path.write_bytes(path.read_bytes() * 2)
    assert frames_of(whole) == WITH_PIXELS


def test_pixels_that_are_not_as_written_are_refused(whole: Path) -> None:
    path = whole / "cameras/top/000000.raw"
    data = bytearray(path.read_bytes())
    data[10] ^= 1
    path.write_bytes(data)
    reader = RecordingReader(whole)
    first = next(iter(reader.records("top")))
    assert isinstance(first, Frame)
    with pytest.raises(DamagedPixelsError, match="frame 0 are not as they were recorded"):
        reader.pixels("top", first)


def test_missing_pixels_are_named(tmp_path: Path) -> None:
    one = Written(tmp_path / "r")
    one.add(0)
    assert one.writer.close(10)
    (tmp_path / "r/cameras/top/000000.raw").unlink()
    camera = RecordingCamera(RecordedSource(path=str(tmp_path / "r")), Playback())
    with pytest.raises(
        UserError, match=r"no frame of camera top with pixels: .*/000000\.raw is missing or cut short; copy the"
    ):
        camera.open()


@pytest.mark.parametrize("place", [{"height": -1}, {"offset": -(1 << 62)}, {"offset": 1 << 63}])
def test_an_index_that_nobody_could_have_written_ends_the_playing(whole: Path, place: dict[str, int]) -> None:
    usual = {"height": HEIGHT, "width": WIDTH, "crc32": 0}
    lines = [
        line_of(Frame(frame=0, captured_ns=0, phase=1, place=Place(file="000000.raw", **usual | place))),
        line_of(Frame(frame=1, captured_ns=0, phase=1)),
    ]
    (whole / "cameras/top/index.jsonl").write_bytes(b"".join(lines))
    assert RecordingReader(whole).contents("top").damaged == 1
    ahead, stopped = ReadAhead(RecordingReader(whole), "top"), threading.Event()
    played = ahead.take(stopped)
    assert played is not None
    assert played.frame.frame == 1
    ahead.close()


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Limits the size of files, as a full disk does; only for a moment, because the log of the tests may be a file too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_refuses_ends_the_recording_which_plays_up_to_there(tmp_path: Path) -> None:
    one = Written(tmp_path / "r")
    with small_files(5 * HEIGHT * WIDTH + 1000):
        for number in range(20):
            one.add(number)
        assert one.writer.close(10)
    assert one.ended == ["its disk refuses (File too large)"]
    assert frames_of(tmp_path / "r") == [0, 1, 2, 3, 4]
    assert RecordingReader(tmp_path / "r").manifest.ended_why == one.ended[0]
    one.add(20)
    assert one.writer.progress().counted["top"].frames == 5


def test_free_space_is_left_on_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"MiB are free on its disk, and recording\.free_mib keeps"):
        Written(tmp_path / "r", free_bytes=1 << 60)


def test_a_folder_that_is_in_use_is_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds a recording of line l already; name another folder"):
        refuse_target(whole, "--to")
    with pytest.raises(UserError, match="is not empty; name a new folder"):
        refuse_target(tmp_path, "--to")
    with pytest.raises(UserError, match="is a file; name a folder"):
        refuse_target(whole / MANIFEST, "--to")
    refuse_target(tmp_path / "new", "--to")


def test_what_is_no_recording_is_refused(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is no recording, it has no recording\.json; `inspector record` makes one"):
        RecordingReader(tmp_path)
    with pytest.raises(UserError, match="holds no camera side; its cameras: top"):
        RecordingReader(whole).camera("side")
    text = (whole / MANIFEST).read_text()
    (whole / MANIFEST).write_text(text.replace('"format": 1', '"format": 9'))
    with pytest.raises(UserError, match="has format 9, this version reads 1"):
        RecordingReader(whole)
    (whole / MANIFEST).write_text(text[:100])
    with pytest.raises(UserError, match="is damaged, or of another version"):
        RecordingReader(whole)


def test_regions_of_the_buffer_never_overlap() -> None:
    """Sizes that do not divide the memory, written and released in turn."""
    buffer, held, turns = PixelBuffer(1000), [], np.random.default_rng(1)
    for turn in range(2000):
        region = buffer.reserve(int(turns.integers(1, 400)))
        if region is not None:
            buffer.view(region).fill(turn % 251)
            held.append((region, turn % 251))
        if held and (region is None or turns.random() < 0.5):
            oldest, value = held.pop(0)
            assert (buffer.view(oldest) == value).all()
            buffer.release(oldest)
    assert buffer.reserve(1001) is None
