"""A real line, the command in a process of its own, and a PLC: what the line passed is let through, and nothing else, by an account kept outside."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from engines.bundle import Bundle
from inspector.line.line import Line
from tests.client.controller.harness import GateTrial, summary
from tests.line.conftest import tiny_config
from tests.line.sources import ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import frame_with, make_tiny_bundle

CLEAN, BAD = frame_with([]), frame_with([(192, 6)])
RATE_HZ, FRAME_UM, SHEET_UM = 60, 10_000, 25_000
CAMERAS = ("top", "bottom")
ARRIVAL = {
    "by": "position",
    "distance_mm": 900,
    "gate_ms": 0,
    "fastest_m_per_s": 0.75,
    "jitter_mm": 10,
    "decide_ms": 300,
    "stale_ms": 500,
}
PERIOD = [BAD if number == 7 else None if number == 30 else CLEAN for number in range(97)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gate_of_a_line(bundle: Bundle, folder: Path) -> Iterator[GateTrial]:
    """A line with two cameras at 0.6 m/s, one of which shows defects and loses frames, and a gate 0.9 m behind it."""
    port, control = free_port(), f"ipc://{folder}/control"
    cameras = [
        {"name": name, "travel_um_per_frame": FRAME_UM, "source": {"kind": "genicam", "serial": name}}
        for name in CAMERAS
    ]
    config = tiny_config(
        bundle.path,
        None,
        cameras_of_line=cameras,
        results={"endpoint": f"tcp://127.0.0.1:{port}", "wait_for_subscribers": 2, "heartbeat_ms": 100},
        control={"endpoint": control},
        deadline_ms=1000,
        capture_during_start=False,
    )
    sources = {
        "top": ListCamera(PERIOD, RATE_HZ, endless=True),
        "bottom": ListCamera([CLEAN], RATE_HZ, endless=True),
    }
    stop = threading.Event()
    gate = GateTrial(
        folder, line="t", port=port, cameras=CAMERAS, frame_um=FRAME_UM, sheet_um=SHEET_UM, transit_s=2.1, arrival=ARRIVAL, control=control
    )  # fmt: skip
    with Line(config, bundle, sources=sources) as line, gate:
        assert line.start(stop)
        yield gate


def check(gate: GateTrial) -> None:
    """The account, and that it finds a PASS that nobody gave."""
    gate.account()
    audit = gate.audit
    assert audit.wrong() == [], audit.wrong()
    held_back = {number: gate.why(number) for number in audit.held_back() if not gate.starved(number)}
    assert held_back == {}, held_back
    rejected = [number for number, passed, _ in audit.records if not passed]
    audit.taken(rejected[-1], True, time.monotonic())
    assert [text.split(":")[0] for text in audit.wrong()] == [f"sheet {rejected[-1]}"]
    audit.records.pop()


def test_what_the_line_passed_is_let_through_and_nothing_else(tiny_bundle: Bundle, tmp_path: Path) -> None:
    with gate_of_a_line(tiny_bundle, tmp_path) as gate:
        with gate.trouble():
            gate.arm()
        eventually(lambda: sum(one.verdict == 1 for one in gate.plc.taken) > 12)
        gate.fault("network holds", 0.5)
        before = len(gate.plc.taken)
        eventually(lambda: sum(one.verdict == 1 for one in gate.plc.taken[before:]) > 4)
    assert any(is_open for _, is_open in gate.plc.gate)
    assert not gate.plc.open
    check(gate)


def soak(folder: Path, faults: int, seed: int) -> str:
    """So many random faults, with stretches of 2 to 5 s between them. Raises AssertionError."""
    folder.mkdir(parents=True)
    rng, bundle = Random(seed), make_tiny_bundle(folder / "bundle")
    with gate_of_a_line(bundle, folder) as gate:
        with gate.trouble():
            gate.arm()
        for number in range(faults):
            kind, seconds = rng.choice(list(gate.faults)), rng.uniform(0.2, 1.5)
            print(f"{number + 1:3} {kind}, {seconds:.1f} s", flush=True)
            gate.fault(kind, seconds)
            gate.quiet(rng.uniform(2, 5))
    try:
        check(gate)
    finally:
        print(gate.log, summary(gate), sep="\n")
    return summary(gate)


if __name__ == "__main__":
    import sys
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        print(soak(Path(scratch) / "soak", int(sys.argv[1]), int(sys.argv[2])))
