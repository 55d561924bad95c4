"""The line's own sheets: where they are is in the stream `sheet`, and where the strip is, in the streams of the cameras."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.sights import Why
from inspector.frames.outcome import Reason, Verdict
from inspector.frames.sheet import SheetFrame
from inspector.protocol.codec import Packet
from inspector.protocol.messages import SheetBody
from tests.client.controller.messages import MS, SECOND, config_of, heartbeat, result

UNIX = 1_700_000_000 * SECOND


def sheet(
    number: int, verdict: Verdict, frame: int, captured_unix_ns: int, published_unix_ns: int, **fields: Any
) -> Packet:
    """The verdict of a sheet of one frame."""
    packet = result(number, verdict, captured_unix_ns, published_unix_ns, camera="sheet", **fields)
    frames = (SheetFrame(camera="cam1", frame=frame, verdict=verdict, reason=Reason.GATE_CLEAN),)
    every: dict[str, Any] = dict.fromkeys(SheetBody.__struct_fields__)
    return Packet(
        packet.header, SheetBody(**{**every, **msgspec.structs.asdict(packet.body), "frames": frames, "missing": ()})
    )


class Strip:
    """Frames of ``frame_um`` at a constant speed, each seen when the strip has moved ``along_um`` further, and sheets of ``sheet_um``, told as soon as they were seen."""

    def __init__(self, um_per_ms: int, frame_um: int, sheet_um: int, bad: int, along_um: int = 0) -> None:
        self.um_per_ms, self.frame_um, self.sheet_um, self.bad, self.along_um = (
            um_per_ms,
            frame_um,
            sheet_um,
            bad,
            along_um,
        )
        self.opened: list[int] = []
        """Where the strip was at the gate, um, whenever it was open."""
        self.told: dict[int, list[Why]] = {}

    def run(self, core: DecisionCore, distance_um: int, ms: int, **of_camera: Any) -> None:
        frame, next_sheet = 0, 0
        captured: dict[int, int] = {}
        for now_ms in range(ms):
            now, count = now_ms * MS, now_ms * self.um_per_ms
            core.exchanged(now, now, UNIX + now, "line1", "e")
            core.take(heartbeat(UNIX + now, epoch="e", camera="sheet"), now)
            while frame * self.frame_um + self.along_um <= count:
                at = UNIX + now
                captured[frame] = at
                position = {"position_um": frame * self.frame_um + self.along_um, **of_camera}
                core.take(result(frame, Verdict.PASS, at, at, camera="cam1", epoch="e", **position), now)
                frame += 1
                while (next_sheet + 1) * self.sheet_um <= frame * self.frame_um:
                    start = next_sheet * self.sheet_um
                    first = start // self.frame_um
                    verdict = Verdict.REJECT if next_sheet == self.bad else Verdict.PASS
                    core.take(sheet(next_sheet, verdict, first, captured[first], at, epoch="e", position_um=start), now)
                    next_sheet += 1
            for one in core.tick(now):
                self.told.setdefault(one.number, []).append(one.why)
                core.confirmed(one.sequence)
            if core.open:
                self.opened.append(count - distance_um)

    def wrong(self) -> list[int]:
        """Where it was open for the bad sheet."""
        return [at for at in self.opened if self.bad * self.sheet_um <= at < (self.bad + 1) * self.sheet_um]


def core_of(sheet_um: int, fastest: float) -> DecisionCore:
    return DecisionCore(
        config_of(
            cameras=[{"name": "sheet", "frame_mm": sheet_um / 1000}],
            sheets={"by": "frame"},
            arrival={"by": "position", "distance_mm": 4000, "fastest_m_per_s": fastest, "gate_ms": 0, "decide_ms": 50},
            control={"endpoint": "ipc:///tmp/x"},
        ),
        armed=True,
    )


@pytest.mark.parametrize(
    ("um_per_ms", "frame_um", "sheet_um", "along_um"),
    [
        (9_000, 300_000, 100_000, 0),  # a frame shows three sheets
        (9_900, 100_000, 250_000, 1_000_000),  # the camera stands 1 m downstream of where positions are counted
        (9_900, 100_000, 250_000, -1_000_000),
    ],
)
def test_the_gate_is_closed_for_a_sheet_of_the_line_that_does_not_pass(
    um_per_ms: int, frame_um: int, sheet_um: int, along_um: int
) -> None:
    strip, core = Strip(um_per_ms, frame_um, sheet_um, 12, along_um), core_of(sheet_um, 10)
    strip.run(core, 4_000_000, 1100)
    assert strip.wrong() == []
    assert strip.told[12] == [Why.VERDICT]
    passed = [number for number, said in strip.told.items() if said == [Why.PASSED]]
    assert len(passed) >= 10
    assert len(strip.opened) > 100
    assert core.latch.faults == {}


def test_without_positions_of_the_cameras_that_the_sheets_are_made_of_the_strip_is_nowhere() -> None:
    strip, core = Strip(2_000, 100_000, 250_000, 12), core_of(250_000, 10)
    strip.run(core, 4_000_000, 1500, line="line2")
    assert core.closed_why == "the position of the strip is unknown or stale"
    strip, core = Strip(2_000, 100_000, 250_000, 12), core_of(250_000, 10)
    strip.run(core, 4_000_000, 1500, position_um=None)
    assert core.closed_why == "the position of the strip is unknown or stale"
    assert strip.opened == []


@pytest.mark.parametrize(("run", "opens"), [(None, False), ("two", True)])
def test_a_sheet_of_the_run_before_a_jump_has_no_place_any_more(run: str | None, opens: bool) -> None:
    """It is told after the first frame of the next run, at a place that means another one now."""
    strip, core = Strip(9_000, 100_000, 250_000, 12), core_of(250_000, 10)
    strip.run(core, 4_000_000, 700)
    assert core.open

    def frame(number: int, position_um: int, now: int) -> None:
        at = UNIX + now
        core.take(
            result(number, Verdict.PASS, at, at, camera="cam1", epoch="e", position_um=position_um, run="two"), now
        )

    frame(63, 4_100_000, 700 * MS)
    frame(64, 4_110_000, 701 * MS)
    taken_back = [one.why for one in core.tick(701 * MS)]
    assert taken_back
    assert set(taken_back) == {Why.BLOCKED}
    at = UNIX + 701 * MS
    for number, position_um in ((39, -700_000), (40, 300_000)):  # before the first one there may be others
        core.take(
            sheet(number, Verdict.PASS, number + 22, at, at, epoch="e", position_um=position_um, run=run), 701 * MS
        )
    for one in core.tick(702 * MS):
        core.confirmed(one.sequence)
    core.tick(703 * MS)
    frame(65, 4_400_000, 732 * MS)
    core.tick(732 * MS)
    assert core.open is opens
