"""Which messages are a PASS, and which are heard at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inspector.client.controller.clock import Bounds
from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.hearing import frames_of, passes
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.sheet import SheetFrame
from inspector.protocol.codec import Packet
from inspector.protocol.messages import SheetBody
from tests.client.controller.messages import MS, SECOND, config_of, gap, heartbeat, result

UNIX = 1_700_000_000 * SECOND
BOUNDS = Bounds(UNIX - MS, UNIX + MS)


def of_sheet(missing: tuple[str, ...] = (), worst: Verdict = Verdict.PASS) -> Packet:
    packet = result(3, Verdict.PASS, UNIX, UNIX, camera="sheet")
    frames = (SheetFrame(camera="top", frame=3, verdict=worst, reason=Reason.GATE_CLEAN),)
    every: dict[str, Any] = dict.fromkeys(SheetBody.__struct_fields__)
    body = SheetBody(**{**every, **msgspec.structs.asdict(packet.body), "frames": frames, "missing": missing})
    return Packet(packet.header, body)


@pytest.mark.parametrize(
    ("packet", "passed"),
    [
        (result(1, Verdict.PASS, UNIX, UNIX), True),
        (result(1, Verdict.PASS, UNIX, UNIX, {"reason": Reason.NO_DEFECT}), True),
        (result(1, Verdict.PASS, UNIX, UNIX, {"reason": Reason.DEADLINE}), False),
        (result(1, Verdict.REJECT, UNIX, UNIX), False),
        (result(1, Verdict.SCRAP, UNIX, UNIX), False),
        (result(1, Verdict.UNINSPECTED, UNIX, UNIX), False),
        (gap(1, 3, UNIX), False),
        (heartbeat(UNIX), False),
        (of_sheet(), True),
        (of_sheet(missing=("bottom",)), False),
        (of_sheet(worst=Verdict.REJECT), False),
    ],
)
def test_an_explicit_pass(packet: Packet, passed: bool) -> None:
    assert passes(packet, 0, BOUNDS, False) is passed


@pytest.mark.parametrize(
    ("deadline", "known", "passed"),
    [
        (None, True, True),
        (UNIX + 10 * MS, True, True),
        (UNIX + 10 * MS - 1, True, False),  # it may be too late by the width of the bounds
        (UNIX, False, True),  # the clocks' difference is only bounded from below: where the sheet is decides
    ],
)
def test_a_deadline_counts_where_the_clocks_are_compared(deadline: int | None, known: bool, passed: bool) -> None:
    packet = result(1, Verdict.PASS, UNIX, UNIX, deadline_unix_ns=deadline)
    assert passes(packet, 9 * MS, BOUNDS, known) is passed


def test_without_bounds_no_deadline_is_kept() -> None:
    assert not passes(result(1, Verdict.PASS, UNIX, UNIX, deadline_unix_ns=UNIX + SECOND), 0, None, True)


def test_a_long_gap_is_bounded() -> None:
    assert frames_of(gap(5, 10**12, UNIX), 1000) == range(10**12 - 999, 10**12 + 1)
    assert frames_of(gap(5, 7, UNIX), 1000) == range(5, 8)


@pytest.mark.parametrize("fields", [{"line": "line2"}, {"camera": "side"}, {"simulated": True}])
def test_what_does_not_count_is_not_heard(fields: dict[str, object]) -> None:
    core = DecisionCore(config_of(), armed=True)
    core.take(heartbeat(UNIX, **fields), 0)
    assert core.epoch is None


def test_the_control_socket_has_to_confirm_the_epoch() -> None:
    core = DecisionCore(config_of(control={"endpoint": "ipc:///tmp/x"}), armed=True)
    core.take(heartbeat(UNIX, epoch="mine"), 0)
    core.exchanged(0, 1, UNIX, "line1", "another")
    core.tick(2)
    assert core.closed_why == "the control socket does not confirm the epoch of the results"
    core.exchanged(3, 4, UNIX, "line2", "mine")
    core.tick(5)
    assert core.closed_why == "the control socket does not confirm the epoch of the results"
    core.exchanged(6, 7, UNIX, "line1", "mine")
    core.tick(8)
    assert core.closed_why == "the position of the strip is unknown or stale"


def test_two_cameras_that_disagree_about_the_position_pass_nothing() -> None:
    cameras = [{"name": name, "frame_mm": 100} for name in ("top", "bottom")]
    core = DecisionCore(config_of(cameras=cameras, clock={"settle_s": 0}), armed=True)
    for camera, position in (("top", 0), ("bottom", 900_000)):
        core.take(result(0, Verdict.PASS, UNIX, UNIX, camera=camera, position_um=position), MS)
    core.tick(2 * MS)
    assert core.closed_why == "cameras disagree about the position of the strip"
