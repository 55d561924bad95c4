"""A line is recorded, with losses, bad frames, runs and pauses, and its recording played: the same verdicts come out."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.capture.source import Arrival
from inspector.line.line import Line
from inspector.protocol.messages import GapBody, HealthReason, ResultBody, Signal
from inspector.recording.limits import MIB
from inspector.results.journal_reader import JournalReader
from tests.line.accounting import account
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import frame_with

CLEAN, BAD = frame_with([]), frame_with([(192, 4)])
SHOW = [CLEAN, BAD, None, None, BAD, "cut short", CLEAN, BAD]


class SteppedCamera(ListCamera):
    """Delivers as many frames as the test has allowed."""

    def __init__(self, frames: Any) -> None:
        super().__init__(frames)
        self.allowed = threading.Semaphore(0)

    def next(self) -> Arrival | None:
        """As told."""
        self.allowed.acquire()
        return super().next()

    def interrupt(self) -> None:
        """End every wait."""
        self.allowed.release(1000)
        super().interrupt()


def settled(line: Line, frames: int) -> None:
    """Wait until so many frames have their verdict."""
    eventually(lambda: sum(sum(one.verdicts.values()) for one in line.ledger.counts().values()) == frames)


Told = tuple[Any, ...]


def story(journal: Path, camera: str = "top") -> dict[int, Told]:
    """What was published of each frame: verdict, reason, detail, run, part, position."""
    found: dict[int, Told] = {}
    with JournalReader(journal) as reader:
        packets = [row.packet() for row in reader.rows(reader.epochs()[0], camera, limit=10_000)]
    for header, body in ((one.header, one.body) for one in packets):
        if isinstance(body, ResultBody) and header.frame is not None:
            frames, run = range(header.frame, header.frame + 1), header.run
        elif isinstance(body, GapBody):
            frames, run = range(body.first, body.last + 1), None
        else:
            continue
        told = (body.verdict, body.reason, body.detail, run, header.part, header.position_um, header.encoder)
        found.update(dict.fromkeys(frames, told))
    return found


def play(bundle: Bundle, folder: Path, journal: Path, cameras: tuple[str, ...] = ("top",), **changes: Any) -> None:
    """Play a recording on a line of its own."""
    tree = [
        {"name": name, "source": {"kind": "recording", "path": str(folder), "camera": name, "pace": "max", **changes}}
        for name in cameras
    ]
    config = tiny_config(bundle.path, journal, cameras, deadline_ms=None, overload="wait", cameras=tree)
    stop = threading.Event()
    with Line(config, bundle) as line:
        assert line.start(stop)
        line.wait(stop, tick_s=0.01)
        assert not line.failures


class Recorded(NamedTuple):
    """A started line that is recorded."""

    line: Line
    stop: threading.Event

    def finish(self) -> None:
        """Wait for its cameras' end, and stop it."""
        self.line.wait(self.stop, tick_s=0.01)
        self.line.stop()


@pytest.fixture
def record(tiny_bundle: Bundle, tmp_path: Path) -> Iterator[Callable[..., Recorded]]:
    """Starts a line that is recorded into the folder r from its first frame on; its journal is r.sqlite."""
    started: list[Recorded] = []

    def start(sources: dict[str, Any], frames: int | None = None, **recording: Any) -> Recorded:
        keys = {"buffer_mib": 8, "free_mib": 1, **recording}
        config = tiny_config(
            tiny_bundle.path,
            tmp_path / "r.sqlite",
            tuple(sources),
            recording=keys,
            cameras_keys={"travel_um_per_frame": 1000},
        )
        started.append(Recorded(Line(config, tiny_bundle, sources=sources), threading.Event()))
        line, stop = started[-1]
        line.recorder.begin(tmp_path / "r", "--to", frames=frames, patience_s=10)
        assert line.start(stop)
        return started[-1]

    yield start
    for one in started:
        one.line.stop()


def test_a_recording_gives_the_same_verdicts_at_its_own_pace_and_up_to_where_it_was_cut_off(
    record: Any, tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    record({"top": ListCamera(SHOW * 5, rate_hz=200)}, format="raw").finish()
    play(tiny_bundle, tmp_path / "r", tmp_path / "played.sqlite", pace="recorded")
    same_verdicts(tmp_path / "played.sqlite", tmp_path / "r.sqlite")
    recorded, played = distances(tmp_path / "r.sqlite"), distances(tmp_path / "played.sqlite")
    # Published times are Unix times, of two clock readings that a busy machine may part.
    off = [one - other for one, other in zip(recorded, played, strict=True)]
    assert sum(abs(one - median(off)) < 2_000_000 for one in off) > 0.75 * len(off)
    assert recorded[-1] > 100_000_000
    index = tmp_path / "r/cameras/top/index.jsonl"
    index.write_bytes(index.read_bytes()[:-500])
    play(tiny_bundle, tmp_path / "r", tmp_path / "cut.sqlite")
    assert 30 < len(story(tmp_path / "cut.sqlite")) < 40
    assert story(tmp_path / "cut.sqlite").items() <= story(tmp_path / "r.sqlite").items()
    assert "was cut off; it plays up to frame" in caplog.text


def same_verdicts(played: Path, recorded: Path) -> None:
    """Of both, with the losses and the bad frames of five shows."""
    account_played = account(played)
    assert account_played.verdicts == account(recorded).verdicts
    assert (account_played.reasons["camera_lost"], account_played.reasons["bad_frame"]) == (10, 5)
    assert story(played) == story(recorded)


def distances(journal: Path) -> list[int]:
    """Times of the inspected frames after the first one, ns."""
    with JournalReader(journal) as reader:
        packets = [row.packet() for row in reader.rows(reader.epochs()[0], "top", limit=10_000)]
    times = [one.header.captured_unix_ns or 0 for one in packets if isinstance(one.body, ResultBody)]
    return [later - times[0] for later in sorted(times)]


def test_runs_and_pauses_of_two_cameras_come_between_the_same_frames(
    record: Any, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    """Of PNG files; another test plays raw ones."""
    cameras = {"top": SteppedCamera([CLEAN, BAD] * 10), "bottom": SteppedCamera([BAD, CLEAN] * 10)}
    line, _ = record(cameras, format="png")
    frames = 0

    def take(top: int, bottom: int) -> None:
        nonlocal frames
        frames += top + bottom
        for name, count in (("top", top), ("bottom", bottom)):
            if count:
                cameras[name].allowed.release(count)
        settled(line, frames)

    take(3, 1)
    line.runs.begin("coil-2")
    take(0, 2)
    line.runs.pause(True)
    take(2, 2)
    line.runs.pause(False)
    line.runs.name_part("sheet-9")
    take(4, 0)
    line.runs.end()
    take(1, 3)
    line.runs.begin("coil-2")
    take(2, 2)
    line.stop()
    play(tiny_bundle, tmp_path / "r", tmp_path / "played.sqlite", tuple(cameras))
    for camera in cameras:
        recorded = story(tmp_path / "r.sqlite", camera)
        assert len(recorded) == (12 if camera == "top" else 10)
        assert story(tmp_path / "played.sqlite", camera) == recorded


def test_a_full_disk_ends_the_recording_and_not_the_line(record: Any, tiny_bundle: Bundle, tmp_path: Path) -> None:
    frames = MIB // CLEAN.size + 20
    camera = SteppedCamera([CLEAN, BAD] * frames)
    line, _ = record({"top": camera}, segment_mib=64)
    assert line.health.signal is Signal.NORMAL

    def ended() -> list[HealthReason]:
        return [reason for reason in line.health.reasons if reason.code == "recording_ended"]

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, hard))  # the journal may reach it too
    try:
        camera.allowed.release(frames)
        settled(line, frames)
        eventually(ended)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (reason,) = ended()
    assert reason.signal is Signal.MAINTENANCE_REQUIRED
    assert reason.text.endswith("its disk refuses (File too large)")
    camera.allowed.release(20)
    settled(line, frames + 20)
    line.stop()
    assert not line.failures
    play(tiny_bundle, tmp_path / "r", tmp_path / "played.sqlite")
    recorded, played = story(tmp_path / "r.sqlite"), story(tmp_path / "played.sqlite")
    assert len(played) == MIB // CLEAN.size
    both = [frame for frame in played if frame in recorded and recorded[frame][1].value != "overload"]
    assert len(both) > 100
    assert {frame: played[frame] for frame in both} == {frame: recorded[frame] for frame in both}


class UncopyableFrame(np.ndarray[Any, np.dtype[np.uint8]]):
    """A frame that the recorder cannot copy."""

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Called where it is copied."""
        if function is np.copyto:
            raise MemoryError("no memory")
        return super().__array_function__(function, types, args, kwargs)


def test_an_error_in_the_recorder_ends_the_recording_and_not_the_camera(
    record: Any, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    recorder_fails = CLEAN.view(UncopyableFrame)
    line, stop = record({"top": ListCamera([CLEAN, BAD, recorder_fails, BAD])})
    line.wait(stop, tick_s=0.01)
    eventually(lambda: line.health.signal is Signal.MAINTENANCE_REQUIRED)
    (reason,) = line.health.reasons
    assert reason.text.endswith("ended: internal error: no memory")
    line.stop()
    assert not line.failures
    verdicts = [told[0].value for _, told in sorted(story(tmp_path / "r.sqlite").items())]
    assert verdicts == ["PASS", "REJECT", "PASS", "REJECT"]
    assert line.recorder.progress().counted["top"].not_recorded >= 1
