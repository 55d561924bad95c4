"""A camera that is killed, and one that is stopped and goes on, while the daemon runs: what is told, when, and the verdict of every frame."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from inspector.client import Packet
from inspector.protocol.messages import GapBody, ResultBody
from tests.capture.genicam.fake_camera import FakeCamera, sent_frames
from tests.line.camera_line import Daemon

BEFORE, AFTER = 50, 50
"""Frames that must be inspected before a loss, and after the return."""


def losses(daemon: Daemon, camera: FakeCamera, sent: Path) -> dict[str, Any]:
    """Both, one after the other. The camera appends what it sends to ``sent``."""
    return {
        "killed (SIGKILL), started at once when it is told": _loss(daemon, sent, camera.kill, camera.start),
        "stopped (SIGSTOP), continued when it is told": _loss(daemon, sent, camera.freeze, camera.thaw),
    }


def _loss(daemon: Daemon, sent: Path, away: Callable[[], None], back: Callable[[], None]) -> dict[str, Any]:
    known, sent_before = len(daemon.statuses), len(sent_frames(sent))
    packets: list[Packet] = []

    def told(code: str) -> bool:
        return any(body.code == code for _, body in daemon.statuses[known:])

    def take(holds: Callable[[], bool]) -> None:
        while not holds():
            packets.append(daemon.next())

    take(lambda: sum(map(is_inspected, packets)) >= BEFORE)
    away_ns = time.time_ns()
    away()
    take(lambda: told("camera_reconnecting"))
    back()
    there_ns = time.time_ns()
    take(lambda: told("camera_back"))
    after = len(packets)
    take(lambda: sum(map(is_inspected, packets[after:])) >= AFTER)
    statuses = daemon.statuses[known:]
    times_ns = {body.code: published_ns for published_ns, body in statuses}
    first = next(packet.header for packet in packets[after:] if is_inspected(packet))
    assert first.captured_unix_ns is not None
    stamps = {packet.header.camera_ns for packet in packets}
    newest = max(stamp for stamp in stamps if stamp is not None)
    passed = [stamp for stamp in sent_frames(sent)[sent_before:, 0].tolist() if stamp <= newest]
    return {
        "told after s": round((times_ns["camera_reconnecting"] - away_ns) / 1e9, 2),
        "first frame after the camera was there again s": round((first.captured_unix_ns - there_ns) / 1e9, 2),
        "told": [f"{body.state.value} {body.code}: {body.text}" for _, body in statuses],
        "verdicts": dict(reasons_of(packets)),
        "frames that the camera sent and nobody received": len([one for one in passed if one not in stamps]),
    }


def is_inspected(packet: Packet) -> bool:
    """Whether it is the result of a frame that the engines have seen."""
    return isinstance(packet.body, ResultBody) and packet.body.gate_score is not None


def reasons_of(packets: Iterable[Packet]) -> Counter[str]:
    """Frames by the reason of their verdict."""
    found: Counter[str] = Counter()
    for packet in packets:
        if isinstance(packet.body, ResultBody):
            found[packet.body.reason.value] += 1
        elif isinstance(packet.body, GapBody):
            found[packet.body.reason.value] += packet.body.last - packet.body.first + 1
    return found
