"""A real line, the controller and a PLC: what the line passed is let through, and nothing else, by an account that was kept outside."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engines.bundle import Bundle
from inspector.client.controller import RejectController
from inspector.client.controller.config import ControllerConfig
from inspector.line.line import Line
from tests.client.controller.audit import Audit, Ear
from tests.client.controller.plc_twin import PlcTwin
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.tiny_bundle import frame_with

CLEAN, BAD = frame_with([]), frame_with([(192, 6)])
RATE_HZ, FRAME_UM, SHEET_UM = 80, 10_000, 25_000
CAMERAS = ("top", "bottom")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Plant:
    """A line with two cameras, its gate, and the account of both."""

    def __init__(self, bundle: Bundle, folder: Path, frames: list[Any], **changes: Any) -> None:
        self.audit = Audit(FRAME_UM, SHEET_UM, CAMERAS)
        self.plc = PlcTwin()
        endpoint = f"tcp://127.0.0.1:{free_port()}"
        control = f"ipc://{folder}/control"
        cameras = [
            {"name": name, "travel_um_per_frame": FRAME_UM, "source": {"kind": "genicam", "serial": name}}
            for name in CAMERAS
        ]
        config = tiny_config(
            bundle.path,
            None,
            cameras_of_line=cameras,
            results={"endpoint": endpoint, "wait_for_subscribers": 2, "heartbeat_ms": 100},
            control={"endpoint": control},
            deadline_ms=1000,
            capture_during_start=False,
        )
        sources = {"top": ListCamera(frames, RATE_HZ), "bottom": ListCamera([CLEAN] * len(frames), RATE_HZ)}
        self.line = Line(config, bundle, sources=sources)
        tree = {
            "line": "t",
            "results": {"endpoint": endpoint},
            "control": {"endpoint": control, "every_s": 0.1},
            "cameras": [{"name": name, "frame_mm": FRAME_UM / 1000} for name in CAMERAS],
            "sheets": {"by": "length", "length_mm": SHEET_UM / 1000},
            "arrival": {
                "by": "position",
                "distance_mm": 400,
                "fastest_m_per_s": 0.85,
                "decide_ms": 150,
                "stale_ms": 400,
            },
            "actuator": msgspec.to_builtins(self.plc.config(echo_ms=300, answer_ms=300)),
            **changes,
        }
        self.config = msgspec.convert(tree, ControllerConfig)
        self.controller = RejectController(self.config)
        self.controller.core.latch.rearm()
        self.stop = threading.Event()
        self.ear = Ear(endpoint, "t", self.audit)
        self.thread = threading.Thread(target=self.controller.run, args=(self.stop,), daemon=True)

    def live(self) -> None:
        """Until the cameras end, and what they showed has come to the gate."""
        self.thread.start()
        ended = threading.Event()
        assert self.line.start(ended)
        self.line.wait(ended, tick_s=0.01)
        self.close()

    def close(self) -> None:
        self.stop.set()
        if self.thread.is_alive():
            self.thread.join(5)
        self.controller.close()
        self.line.stop()
        self.ear.close()
        self.plc.kill()
        for taken in self.plc.taken:
            self.audit.taken(taken.number, taken.verdict == 1, taken.at_s)


@pytest.fixture
def plant(tiny_bundle: Bundle, tmp_path: Path) -> Iterator[Callable[..., Plant]]:
    made: list[Plant] = []

    def make(frames: list[Any], **changes: Any) -> Plant:
        made.append(Plant(tiny_bundle, tmp_path, frames, **changes))
        return made[-1]

    yield make
    for one in made:
        if not one.stop.is_set():
            one.close()


def test_what_the_line_passed_is_let_through_and_nothing_else(plant: Callable[..., Plant]) -> None:
    frames = [BAD if number % 23 == 7 else None if number % 41 == 30 else CLEAN for number in range(120)]
    one = plant(frames)
    one.live()
    assert one.controller.core.latch.faults == {}
    assert one.audit.wrong() == []
    assert one.audit.held_back() == []
    passed = one.audit.passed()
    assert len(passed) > 12, one.controller.core.counts
    assert one.plc.state == 0
    assert any(is_open for _, is_open in one.plc.gate)
    assert not one.plc.open
    # The check itself finds a PASS that nobody gave.
    rejected = next(number for number, passed, _ in one.audit.records if not passed and number > 10)
    one.audit.taken(rejected, True, time.monotonic())
    assert [text.split(":")[0] for text in one.audit.wrong()] == [f"sheet {rejected}"]
