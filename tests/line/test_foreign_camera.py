"""Which device is a camera is known once it is open: one that its calibrations were not made with is refused, at the start and when it comes
back in the place of the right one. What was lost meanwhile is lost in a recording too."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from engines.bundle import Bundle
from engines.flat_field import GAIN_ONE, write_flat_field
from inspector.capture.source import Arrival
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.positions import EncoderConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.camera_state import CameraState
from inspector.line import connection
from inspector.line.changes import judges_of
from inspector.line.line import Line
from inspector.line.line_report import LineReporter
from inspector.protocol.messages import LineState
from tests.capture.flat_fields import flat_field_file
from tests.line.conftest import tiny_config
from tests.line.live_camera import CameraServer, LiveCamera
from tests.line.test_line import BAD, CLEAN, wait_until
from tests.line.test_recorder import play, story
from tests.tiny_bundle import HEIGHT, WIDTH


class CountingCamera(LiveCamera):
    """Sends the count of an encoder: one a millisecond."""

    def next(self) -> Arrival | None:
        """With its count."""
        arrival = super().next()
        return (
            None
            if arrival is None
            else msgspec.structs.replace(arrival, encoder=arrival.captured_ns // 1_000_000 % 2**32)
        )


@pytest.fixture
def server() -> Iterator[CameraServer]:
    server = CameraServer(rate_hz=100)
    yield server
    server.close()


@pytest.fixture
def configured(tiny_bundle: Bundle, tmp_path: Path) -> Callable[..., LineConfig]:
    """A line whose camera has a flat field that was made with camera 17 and changes nothing, or a scale of camera 17."""
    plane = np.full((HEIGHT, WIDTH), GAIN_ONE, np.uint16)
    write_flat_field(flat_field_file(np.zeros_like(plane), plane, serial="17"), tmp_path / "flat.zip")
    scale = CalibratedScale(
        mm_per_px_x=1, mm_per_px_y=1, file="s.yaml", id="s-1", height=HEIGHT, width=WIDTH, camera_serial="17", lens=None
    )
    keys: dict[str, dict[str, object]] = {
        "flat_field": {"flat_field": str(tmp_path / "flat.zip")},
        "scale_file": {"scale": scale, "scale_file": "s.yaml"},
    }

    def made(key: str) -> LineConfig:
        config = tiny_config(tiny_bundle.path, tmp_path / "j.sqlite", recording={"free_mib": 1, "buffer_mib": 8})
        (camera,) = config.cameras
        camera = msgspec.structs.replace(camera, encoder=EncoderConfig(um_per_count=100), **keys[key])
        return msgspec.structs.replace(config, cameras=(camera,))

    return made


@pytest.mark.parametrize("key", ["flat_field", "scale_file"])
def test_at_the_start(
    key: str, configured: Callable[..., LineConfig], server: CameraServer, tiny_bundle: Bundle
) -> None:
    camera = LiveCamera(server, [CLEAN], rate_hz=None)
    camera.serial = "18"
    with (
        Line(configured(key), tiny_bundle, sources={"top": camera}) as line,
        pytest.raises(
            UserError, match=rf"^cameras\.top: {key}: .* was made with camera 17, this camera is 18; give its own"
        ),
    ):
        line.start(threading.Event())


def test_a_change_of_the_scale_knows_the_camera_that_is_open(
    configured: Callable[..., LineConfig], tiny_bundle: Bundle
) -> None:
    config = configured("scale_file")
    with Line(config, tiny_bundle) as line:
        judges_of(config, line.fits, {"top": "17"}).check(tiny_bundle)
        with pytest.raises(
            UserError, match=r"^cameras\.top\.scale_file: s\.yaml: was made with camera 17, this camera is 18"
        ):
            judges_of(config, line.fits, {"top": "18"}).check(tiny_bundle)


def test_another_camera_in_its_place_is_told_and_not_used(
    configured: Callable[..., LineConfig],
    server: CameraServer,
    tiny_bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.05)
    monkeypatch.setattr(connection, "LONGEST_WAIT_S", 0.1)
    camera = CountingCamera(server, [CLEAN, BAD], rate_hz=100)
    camera.serial = "17"
    with Line(configured("flat_field"), tiny_bundle, sources={"top": camera}) as line:
        line.recorder.begin(tmp_path / "r", "--to", patience_s=10)
        assert line.start(threading.Event())
        wait_until(lambda: line.ledger.resolved_through("top") >= 10)
        server.there.clear()
        wait_until(lambda: line.status.state is LineState.DEGRADED)
        camera.serial = "18"
        server.there.set()
        wait_until(lambda: any("this camera is 18" in one.text for one in line.health.reasons))
        assert LineReporter(line).report().cameras[0].state is CameraState.RECONNECTING
        camera.serial = "17"
        wait_until(lambda: line.status.state is LineState.RUNNING)
        back = line.ledger.resolved_through("top")
        wait_until(lambda: line.ledger.resolved_through("top") >= back + 10)
    play(tiny_bundle, tmp_path / "r", tmp_path / "played.sqlite")
    live, played = (story(tmp_path / name) for name in ("j.sqlite", "played.sqlite"))
    lost = [number for number, one in live.items() if one[1].value == "camera_lost"]
    for one in (live, played):  # the text of a gap is not the same: those of one absence are one when played
        one.update({number: one[number][:2] for number in lost})
    taken = [number for number, one in live.items() if one[1].value != "overload"]  # it sent while the engines loaded
    assert {number: played[number] for number in taken} == {number: live[number] for number in taken}
    assert {one[1].value for one in live.values()} >= {"camera_lost", "gate_clean", "defect"}
    counts = [(one[5], one[6]) for number, one in sorted(live.items()) if number not in lost]
    assert all(count is not None for _, count in counts)
    assert [position for position, _ in counts] == sorted(count * 100 for _, count in counts), "the encoder goes on"
