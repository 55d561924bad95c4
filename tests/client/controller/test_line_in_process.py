"""A real line and a real controller in one process: over CURVE, and on the line's own sheets with a PLC."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from engines.bundle import Bundle
from inspector.client import RejectController, Subscriber
from inspector.client.controller.config import ControllerConfig
from inspector.client.controller.gate import Decision
from inspector.client.controller.rearm import ask
from inspector.client.controller.sights import Why
from inspector.frames.outcome import Verdict
from inspector.line.line import Line
from inspector.protocol.codec import Packet
from inspector.protocol.messages import SheetBody
from tests.client.controller.plc_twin import PlcTwin
from tests.client.controller.test_controller import free_endpoint
from tests.keys import make_keys, owner_of
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import WIDTH, frame_with

CLEAN, BAD = frame_with([]), frame_with([(192, 6)])
RATE_HZ, FRAME_MM, SHEET_MM = 60, 10, 25
PERIOD = [BAD if number == 7 else CLEAN for number in range(72)]
"""At 0.6 m/s. The gate is open between defects that are further apart than the strip moves while a PLC may hold it."""
ARRIVAL = {
    "by": "position", "distance_mm": 900, "fastest_m_per_s": 0.75, "jitter_mm": 10, "gate_ms": 0, "decide_ms": 300, "stale_ms": 500,
}  # fmt: skip


@contextmanager
def line_of(bundle: Bundle, endpoint: str, **changes: Any) -> Iterator[Line]:
    """A line with two cameras, of which one shows defects."""
    mm_per_px = FRAME_MM / WIDTH
    cameras = [
        {
            "name": name,
            "travel_um_per_frame": 1000 * FRAME_MM,
            "placement": {"face": face},
            "scale": {"mm_per_px_x": mm_per_px, "mm_per_px_y": mm_per_px},
            "source": {"kind": "genicam", "serial": name},
        }
        for name, face in (("top", "top"), ("bottom", "bottom"))
    ]
    results = {"endpoint": endpoint, "wait_for_subscribers": 1, "heartbeat_ms": 100}
    config = tiny_config(
        bundle.path,
        None,
        cameras_of_line=cameras,
        results=results,
        deadline_ms=1000,
        capture_during_start=False,
        **changes,
    )
    sources = {"top": ListCamera(PERIOD, RATE_HZ, endless=True), "bottom": ListCamera([CLEAN], RATE_HZ, endless=True)}
    with Line(config, bundle, sources=sources) as line:
        assert line.start(threading.Event())
        yield line


@contextmanager
def controller_of(folder: Path, decisions: list[Decision] | None = None, **tree: Any) -> Iterator[RejectController]:
    """A controller that is armed, in a thread of its own."""
    folder.mkdir()
    rearm = f"ipc://{folder}/rearm"
    config = msgspec.convert(
        {"line": "t", "arrival": ARRIVAL, "rearm": {"endpoint": rearm}, "most_late": 10_000, **tree}, ControllerConfig
    )
    stop = threading.Event()
    with RejectController(config, on_decision=None if decisions is None else decisions.append) as controller:
        thread = threading.Thread(target=controller.run, args=(stop,), daemon=True)
        thread.start()
        try:
            assert ask(rearm, "rearm", "the test", timeout_ms=10_000).outcome == "done"
            yield controller
        finally:
            stop.set()
            thread.join(10)


def test_over_curve_a_key_with_a_role_lets_sheets_pass_and_one_without_hears_nothing(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    keys = make_keys(tmp_path, "stranger", gate="viewer")
    results, control = free_endpoint(), free_endpoint()
    tree = {
        "cameras": [{"name": name, "frame_mm": FRAME_MM} for name in ("top", "bottom")],
        "sheets": {"by": "length", "length_mm": SHEET_MM},
        "actuator": {"kind": "log"},
    }

    def with_keys_of(name: str) -> dict[str, Any]:
        owner = {key: str(path) for key, path in owner_of(tmp_path, name).items()}
        return {**tree, "results": {"endpoint": results, **owner}, "control": {"endpoint": control, **owner}}

    decisions: list[Decision] = []
    other: list[Decision] = []
    with (
        controller_of(tmp_path / "gate", decisions, **with_keys_of("gate")) as controller,
        controller_of(tmp_path / "other", other, **with_keys_of("stranger")) as stranger,
        line_of(tiny_bundle, results, control={"endpoint": None, "remote": control}, keys=msgspec.to_builtins(keys)),
    ):
        eventually(lambda: sum(one.passed for one in decisions) > 12, 60)
        eventually(lambda: controller.core.open, 20)
        eventually(lambda: any(one.why is Why.VERDICT for one in decisions), 20)
        assert controller.told_epoch == controller.core.epoch
        assert stranger.core.epoch is None
        assert stranger.core.closed_why == "nothing was heard of the line"
        assert other == []


def test_the_lines_own_sheets_reach_a_plc_as_the_line_said(tiny_bundle: Bundle, tmp_path: Path) -> None:
    results, control = free_endpoint(), f"ipc://{tmp_path}/control"
    plc = PlcTwin()
    plc.watchdog_s = 0.15
    said: dict[int, Verdict] = {}
    actuator = msgspec.to_builtins(plc.config(heartbeat_ms=40, watchdog_ms=150, echo_ms=300))
    tree = {
        "results": {"endpoint": results},
        "control": {"endpoint": control},
        "cameras": [{"name": "sheet", "frame_mm": SHEET_MM}],
        "sheets": {"by": "frame"},
        "actuator": actuator,
    }

    def listen() -> bool:
        """Whether the PLC has passed some sheets and rejected some for a defect, all of which were heard here."""
        while (event := subscriber.receive(1)) is not None:
            if isinstance(event, Packet) and isinstance(event.body, SheetBody):
                said[event.header.frame or 0] = event.body.verdict
        taken = [said.get(one.number) for one in plc.taken if one.verdict == 1]
        bad = [one for one in plc.taken if one.verdict == 2 and said.get(one.number) is Verdict.REJECT]
        return len(taken) > 12 and None not in taken and bool(bad) and any(is_open for _, is_open in plc.gate)

    try:
        with (
            controller_of(tmp_path / "gate", **tree),
            Subscriber(results, "v1/t/sheet/") as subscriber,
            line_of(
                tiny_bundle,
                results,
                control={"endpoint": control},
                sheets={"by": "length", "length_mm": SHEET_MM, "deadline_ms": 1000},
            ),
        ):
            eventually(listen, 40)
    finally:
        plc.kill()
    passed = {one.number for one in plc.taken if one.verdict == 1}
    assert {said[number] for number in passed if number in said} == {Verdict.PASS}
