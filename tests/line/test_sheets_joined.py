"""Sheets of cameras whose frames are fitted, that go away and come back, and of a line that pauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from inspector.line import connection
from inspector.line.line import Line
from inspector.protocol.messages import GapBody, SheetBody
from tests.line.live_camera import CameraServer, LiveCamera
from tests.line.sources import ListCamera
from tests.line.test_line import CLEAN, wait_until
from tests.line.test_sheets import packets
from tests.tiny_bundle import frame_with

HEIGHT, WIDTH = 50, 96
"""Of the cameras' frames; those of the bundle have 32x48."""
MM = 0.5
PITCH_UM = round(WIDTH * MM * 1000)
SIZE = {"height": HEIGHT, "width": WIDTH}
TILE = {"mode": "tile", "size": SIZE, "overlap_px": 8}
CROP = {"mode": "crop", "size": SIZE, "offset": {"x": 40, "y": 10}}


def camera(name: str, fit: dict[str, Any] | None, lateral_mm: float) -> dict[str, Any]:
    return {
        "name": name,
        "source": {"kind": "simulator"},
        "scale": {"mm_per_px_x": MM, "mm_per_px_y": MM},
        "travel_um_per_frame": PITCH_UM,
        "frame_check": {"enabled": False},
        "placement": {"lateral_mm": lateral_mm},
        "fit": fit or {},
    }


def started(start_line: Any, frames: list[Any], sheets: dict[str, Any], fits: tuple[Any, Any]) -> dict[int, SheetBody]:
    """The sheets of a line with two cameras side by side that see the same frames."""
    names = ("left", "right")
    cameras = [camera(name, fit, 100.0 * n) for n, (name, fit) in enumerate(zip(names, fits, strict=True))]
    running = start_line(
        {name: ListCamera(frames) for name in names},
        overload="wait",
        deadline_ms=None,
        cameras_of_line=cameras,
        sheets={"deadline_ms": None, **sheets},
    )
    running.finish_only()
    found = {one.header.frame: one.body for one in packets(running.journal) if isinstance(one.body, SheetBody)}
    return {number: found[number] for number in sorted(found)}


def test_defects_of_tiled_and_cropped_cameras_are_where_they_are(start_line: Any) -> None:
    marked = frame_with([], HEIGHT, WIDTH)
    marked[20:24, 44:50] = 192  # in the overlap of tiles, and in the window of the crop
    marked[2:5, 3:6] = 64  # outside that
    found = started(start_line, [frame_with([], HEIGHT, WIDTH), marked], {"by": "frame"}, (TILE, CROP))
    assert [body.verdict.value for body in found.values()] == ["PASS", "REJECT"]
    places = {(one.camera, one.class_name, one.area_px): (one.x_mm, one.position_um) for one in found[1].defects}
    along = {"bright": PITCH_UM + 47 * 500, "dark": PITCH_UM + 4.5 * 500}
    assert places == {
        ("left", "bright", 24): (22 * MM, along["bright"]),
        ("right", "bright", 24): (100 + 22 * MM, along["bright"]),
        ("left", "dark", 9): (3.5 * MM, along["dark"]),
    }


def test_by_length_what_a_window_leaves_out_is_not_passed(start_line: Any) -> None:
    clean, sheets = [frame_with([], HEIGHT, WIDTH)] * 4, {"by": "length", "length_mm": PITCH_UM / 1000}
    inner = list(started(start_line, clean, sheets, (TILE, CROP)).values())[1:-1]
    assert {(body.verdict.value, body.missing) for body in inner} == {("UNINSPECTED", ("right",))}


@pytest.fixture
def servers() -> Iterator[dict[str, CameraServer]]:
    """Of two cameras; what they send while the engines load is read then."""
    servers = {name: CameraServer(rate_hz=100) for name in ("left", "right")}
    yield servers
    for server in servers.values():
        server.close()


def test_no_sheet_passes_while_a_camera_is_away_or_the_line_paused(
    start_line: Any, servers: dict[str, CameraServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.05)
    cameras = [{**camera(name, None, lateral), "fit": {}} for name, lateral in (("left", 0), ("right", 30))]
    sources = {name: LiveCamera(server, [CLEAN], rate_hz=100) for name, server in servers.items()}
    running = start_line(sources, cameras_of_line=cameras, sheets={"by": "frame", "deadline_ms": 5000})
    line: Line = running.line

    def settled(beyond: int = 10) -> int:
        """Wait for so many further sheets; return how many there are."""
        assert line.sheets is not None
        before = sum(line.sheets.settled.values())
        wait_until(lambda: sum(line.sheets.settled.values()) >= before + beyond)  # type: ignore[union-attr]
        return sum(line.sheets.settled.values())

    settled()
    servers["left"].there.clear()
    settled()
    servers["left"].there.set()
    wait_until(lambda: next(iter(line.cameras)).connection.reconnects == 1)
    settled(20)
    line.runs.pause(True)
    settled(20)
    line.runs.pause(False)
    settled(20)
    line.stop()
    heard = packets(running.journal)
    for body in (one.body for one in heard if isinstance(one.body, SheetBody)):
        of_frames = {one.verdict.value for one in body.frames}
        assert (body.verdict.value == "PASS") == (of_frames == {"PASS"} and len(body.frames) == 2), body
    told = [one for one in heard if isinstance(one.body, (SheetBody, GapBody))]
    reasons = [one.body.reason.value for one in sorted(told, key=lambda one: one.header.frame or 0)]  # type: ignore[union-attr]
    reasons = [one for one in reasons if one != "overload"]  # the cameras sent while the engines loaded
    order = [reason for n, reason in enumerate(reasons) if n == 0 or reason != reasons[n - 1]]
    assert order[:5] == ["gate_clean", "camera_lost", "gate_clean", "paused", "gate_clean"]


def test_after_a_camera_without_a_rate_was_away_no_sheet_by_frame_passes(
    start_line: Any, servers: dict[str, CameraServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many triggers it missed is not known, so its numbers may be those of other sheets."""
    monkeypatch.setattr(connection, "FIRST_WAIT_S", 0.05)
    cameras = [{**camera(name, None, lateral), "fit": {}} for name, lateral in (("left", 0), ("right", 30))]
    sources = {name: LiveCamera(server, [CLEAN], rate_hz=None) for name, server in servers.items()}
    running = start_line(sources, cameras_of_line=cameras, sheets={"by": "frame", "deadline_ms": 5000})
    line: Line = running.line
    assert line.sheets is not None

    def passed() -> int:
        assert line.sheets is not None
        return sum(count for (verdict, _), count in line.sheets.settled.items() if verdict.value == "PASS")

    wait_until(lambda: passed() >= 5)
    servers["left"].there.clear()
    wait_until(lambda: next(iter(line.cameras)).connection.state.value == "reconnecting")
    servers["left"].there.set()
    wait_until(lambda: next(iter(line.cameras)).connection.reconnects == 1)
    before = sum(line.sheets.settled.values())
    wait_until(lambda: sum(line.sheets.settled.values()) >= before + 20)  # type: ignore[union-attr]
    line.stop()
    bodies = {p.header.frame: p.body for p in packets(running.journal) if isinstance(p.body, SheetBody)}
    gone = min(number for number, body in bodies.items() if "how many is not known" in body.detail)
    assert not [number for number, body in bodies.items() if number >= gone and body.verdict.value == "PASS"]
    assert bodies[gone].missing == ("left",)
