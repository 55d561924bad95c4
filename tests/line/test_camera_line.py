"""The whole line on a real GVSP stream: camera, daemon and subscriber, a process each; also with clocks that are wrong."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.bench.lines import render_pool
from inspector.client import Packet
from inspector.protocol.messages import ResultBody, Signal
from tests.capture.genicam.conftest import aravis_or_skip
from tests.capture.genicam.fake_camera import FakeCamera
from tests.capture.genicam.faked_time import faked
from tests.line.accounting import account
from tests.line.camera_line import Daemon, Judgement, Replay, Sent, judgement, line_tree, started
from tests.tiny_bundle import HEIGHT, WIDTH, make_tiny_bundle

DEADLINE_MS = 5000
TRAVEL_UM = 1000


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """uint8 [12, H, W], sheets with and without defects."""
    aravis_or_skip()
    return np.stack(render_pool(HEIGHT, WIDTH, 12))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Its gate takes about half of them for clean."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny", gate_threshold=0.8)


def tree(bundle: Bundle, cameras: dict[str, FakeCamera], folder: Path, **changes: Any) -> dict[str, Any]:
    per_camera = {"travel_um_per_frame": TRAVEL_UM}
    return line_tree(
        str(bundle.path), cameras, folder / "journal.sqlite", deadline_ms=DEADLINE_MS, camera=per_camera, **changes
    )


def inspected(packet: Packet) -> bool:
    return isinstance(packet.body, ResultBody) and packet.body.gate_score is not None


def test_frames_of_a_camera_get_the_verdicts_that_a_replay_of_them_gives(
    images: NDArray[np.uint8], bundle: Bundle, tmp_path: Path
) -> None:
    with (
        FakeCamera(images=images, rate_hz=100, sent=tmp_path / "sent") as camera,
        Daemon(tmp_path, tree(bundle, {"top": camera}, tmp_path)) as daemon,
    ):
        replay = Replay(tmp_path, daemon.config, images)
        results = daemon.results(3 * len(images))
        expected = replay.judgements()
        results += daemon.stop()
        (books,) = daemon.subscriber.streams.values()
    sent = Sent(tmp_path / "sent")
    assert books.proven, books.summary()
    found = account(tmp_path / "journal.sqlite")
    assert {verdict for verdict, *_ in expected} == {"PASS", "REJECT"}
    first = next(packet.header.frame for packet in results if inspected(packet))
    assert first is not None
    for packet in results:
        number = packet.header.frame
        assert number is not None
        assert sent.frames[number, 0] == packet.header.camera_ns, "a frame's number is that of the sent one"
        assert isinstance(packet.body, ResultBody)
        if inspected(packet):
            assert judgement(packet.body) == expected[sent.image(packet)]
    # Before the engines are loaded nothing is inspected, and what came while the daemon stopped is in the journal too.
    assert {reason for frame, (_, reason, _) in found.verdicts.items() if frame >= first} <= {"gate_clean", "defect"}
    assert len(found.verdicts) <= len(sent.frames)


def test_clocks_set_wrong_are_told_and_change_no_verdict_deadline_or_position(
    images: NDArray[np.uint8], bundle: Bundle, tmp_path: Path
) -> None:
    """The clock of one camera is 37 s ahead, another camera is restarted and its clock with it, then the host's clock is stepped by an hour."""
    time_file = tmp_path / "time"
    time_file.write_text("+0s", encoding="ascii")
    cameras = {
        name: FakeCamera(images=images, rate_hz=30, sent=tmp_path / name, environment=environment)
        for name, environment in (("ahead", faked(FAKETIME="+37s")), ("steady", {}), ("restarted", {}))
    }
    configured = tree(bundle, cameras, tmp_path)
    configured["cameras"][0]["source"]["clock"] = "ptp"
    stepped = faked(FAKETIME_TIMESTAMP_FILE=str(time_file), FAKETIME_CACHE_DURATION="1")
    with started(*cameras.values()), Daemon(tmp_path, configured, stepped) as daemon:
        results = daemon.results(3 * len(images))
        cameras["restarted"].kill()
        cameras["restarted"].start(faked(FAKETIME="-1h"))
        results += daemon.until(
            lambda: daemon.told("camera_clock", "camera restarted: clock the camera's clock went back by")
        )
        time_file.write_text("+3600s", encoding="ascii")
        results += daemon.until(lambda: daemon.told("camera_clock", "camera steady"))
        results += daemon.results(3 * len(images))
        results += daemon.stop()
    (health,) = {body.health for _, body in daemon.statuses if body.code == "draining"}
    assert health is not None
    clocks = {reason.part: reason for reason in health.reasons if reason.code == "camera_clock"}
    assert set(clocks) == {f"clock of camera {name}" for name in cameras}
    assert {reason.signal for reason in clocks.values()} == {Signal.OUT_OF_SPECIFICATION}
    assert "is 37 s ahead of UTC: it counts TAI" in clocks["clock of camera ahead"].text
    judged: dict[int, set[Judgement]] = defaultdict(set)
    for name in cameras:
        sent = Sent(tmp_path / name)
        mine = [packet for packet in results if packet.header.camera == name]
        for packet in mine:
            header = packet.header
            assert header.captured_unix_ns is not None
            assert header.deadline_unix_ns is not None
            assert abs(header.deadline_unix_ns - header.captured_unix_ns - DEADLINE_MS * 1_000_000) < 1_000_000
            assert header.position_um == header.frame * TRAVEL_UM or name == "restarted", "a camera that was away"
            if inspected(packet):
                judged[sent.image(packet)].add(judgement(packet.body))
        reasons = account(tmp_path / "journal.sqlite", name).reasons
        assert reasons["deadline"] == 0
        captured = np.array([packet.header.captured_unix_ns for packet in mine])
        assert (captured[-1] - captured[0]) / 1e9 == pytest.approx(3600, abs=30)
        assert np.count_nonzero(np.abs(np.diff(captured)) > 100e9) == 1, (
            "one step, and nothing is dated wrongly beside it"
        )
    assert len(judged) == len(images)
    assert all(len(one) == 1 for one in judged.values()), "the same image, the same verdict, before and after"
