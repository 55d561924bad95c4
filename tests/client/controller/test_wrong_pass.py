"""Small histories after which a PASS must not hold, each made by hand: what is said a second time, positions that begin anew, and places that are wrong
by as much as they may be."""

from __future__ import annotations

from typing import Any

import pytest

from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.sights import Why
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import Packet
from tests.client.controller.messages import MS, SECOND, config_of, gap, heartbeat, result
from tests.client.controller.world import Fate, World

UNIX = 1_700_000_000 * SECOND
FRAME_MS, FRAME_UM = 100, 100_000
"""The strip moves at 1 m/s."""
CONTROL = {"endpoint": "ipc:///tmp/x"}


class Gate:
    """A decision core that hears one camera, and is told what the test says besides."""

    def __init__(self, **changes: Any) -> None:
        self.core = DecisionCore(config_of(control=CONTROL, **changes), armed=True)
        self.now = 0
        self.why: dict[int, list[Why]] = {}
        """Of each sheet what the actuator was told."""

    def take(self, packet: Packet) -> None:
        self.core.take(packet, self.now)

    def frame(self, number: int, position_um: int | None, verdict: Verdict = Verdict.PASS, **fields: Any) -> None:
        """The verdict of a frame that is captured now, without any delay."""
        unix = UNIX + self.now
        self.take(result(number, verdict, unix, unix, position_um=position_um, **{"epoch": "e", **fields}))

    def step(self, until_ms: float) -> None:
        """Time passes, in ticks."""
        while self.now < until_ms * MS:
            self.now += 10 * MS
            self.core.exchanged(self.now, self.now, UNIX + self.now, "line1", "e")
            self.take(heartbeat(UNIX + self.now, epoch="e"))
            for one in self.core.tick(self.now):
                self.why.setdefault(one.number, []).append(one.why)
                self.core.confirmed(one.sequence)

    def run(self, first: int, last: int, origin_um: int = 0, **fields: Any) -> None:
        """Frames at their positions."""
        for number in range(first, last + 1):
            self.step(number * FRAME_MS)
            self.frame(number, origin_um + number * FRAME_UM, **fields)


def test_a_frame_that_is_told_as_lost_after_its_sheet_had_passed_takes_the_pass_back() -> None:
    gate = Gate()
    gate.step(10)
    gate.run(0, 24)
    gate.step(2440)
    assert gate.why[2] == [Why.PASSED]
    gate.take(gap(6, 6, UNIX + gate.now, epoch="e"))
    gate.step(2480)
    assert gate.why[2] == [Why.PASSED, Why.VERDICT]
    gate.step(2520)
    assert not gate.core.open


def test_a_second_verdict_without_a_position_takes_the_pass_back() -> None:
    gate = Gate()
    gate.step(10)
    gate.run(0, 24)
    gate.step(2440)
    gate.frame(6, None, Verdict.REJECT)
    gate.step(2480)
    assert gate.why[2] == [Why.PASSED, Why.VERDICT]


@pytest.mark.parametrize("part", [None, "7", "1"])
def test_a_second_verdict_of_a_frame_counts_for_the_part_of_the_first(part: str | None) -> None:
    gate = Gate(sheets={"by": "part", "frames_per_part": 2})
    gate.step(10)
    for number in range(22):
        gate.step(number * FRAME_MS)
        gate.frame(number, number * FRAME_UM, part=str(number // 2))
    assert gate.why[1] == [Why.PASSED]
    gate.frame(3, None, Verdict.REJECT, part=part)
    gate.step(gate.now / MS + 30)
    assert gate.why[1] == [Why.PASSED, Why.VERDICT]


def test_the_gate_is_closed_for_a_strip_that_is_as_far_ahead_as_a_wrong_position_allows() -> None:
    """At the fastest speed. Positions differ from the truth by half of what they may, in opposite directions: the last one that was heard is 10 mm
    behind the strip, and that of the frame with a defect 10 mm ahead of it."""
    arrival = {
        "by": "position",
        "distance_mm": 2000,
        "fastest_m_per_s": 1,
        "gate_ms": 0,
        "decide_ms": 100,
        "jitter_mm": 20,
    }
    gate, opened = Gate(arrival=arrival), []
    gate.step(10)
    for number in range(50):
        while gate.now < number * FRAME_MS * MS:
            gate.step(gate.now / MS + 1)
            opened += [gate.now // 1000 - 2_000_000] if gate.core.open else []
        wrong_um = 10_000 if number == 25 else -10_000 if number > 40 else 0
        gate.frame(number, number * FRAME_UM + wrong_um, Verdict.REJECT if number == 25 else Verdict.PASS)
    assert [at for at in opened if 2_500_000 <= at < 2_600_000] == []
    assert len(opened) > 50
    assert Why.VERDICT in gate.why[10]


@pytest.mark.parametrize("told", ["unknown", "lost", "afterwards"])
def test_positions_that_were_unknown_until_a_run_began_are_others_though_they_look_like_going_on(told: str) -> None:
    """The counter began below 0, the encoder was switched off and on, and the next run begins to count at 0. The strip has moved 1 m meanwhile, and
    2 m by the positions, as it could have done: a frame with a defect is at the gate, and by the positions a clean one."""
    arrival = {"by": "position", "distance_mm": 3000, "fastest_m_per_s": 3, "gate_ms": 0, "decide_ms": 800}
    gate = Gate(arrival=arrival, most_late=100)
    gate.step(10)
    for number in range(61):
        gate.step(number * FRAME_MS)
        gate.frame(number, number * FRAME_UM - 8_000_000, Verdict.REJECT if number == 40 else Verdict.PASS, run="one")
    for number in range(61, 70):
        gate.step(number * FRAME_MS)
        if told == "unknown":
            gate.frame(number, None, run="one")
        elif told == "lost":
            gate.take(gap(number, number, UNIX + gate.now, epoch="e", run="one"))
    gate.step(7000)
    gate.frame(70, 0, run="two")
    if told == "afterwards":
        gate.frame(69, None, run="one")
    gate.step(7030)
    assert not gate.core.open
    gate.run(71, 110, -7_000_000, run="two")
    assert gate.core.open, "what was seen since then"


def test_positions_that_go_on_into_the_next_run_cost_nothing() -> None:
    gate = Gate()
    gate.step(10)
    gate.run(0, 9, run="one")
    gate.run(10, 29, run="two")
    gate.step(3000)
    assert [gate.why[number] for number in range(3)] == [[Why.PASSED]] * 3
    assert gate.core.open


AWAY = range(20, 60)
"""Frames of the camera that was away and has come back: their positions are null."""


@pytest.mark.parametrize("sheets", [{"by": "length", "length_mm": 250}, {"by": "frame"}], ids=["length", "frame"])
def test_while_one_camera_has_no_positions_nothing_passes_and_no_verdict_is_late(sheets: dict[str, Any]) -> None:
    fates = {("bottom", number): Fate(position=None) for number in AWAY}
    world = World([1000] * 60, fates, ("top", "bottom"), exchanges=True)
    cameras = [{"name": name, "frame_mm": 100} for name in world.cameras]
    core = DecisionCore(config_of(control=CONTROL, cameras=cameras, sheets=sheets), armed=True)
    length_um = 250_000 if sheets["by"] == "length" else 1
    outcome = world.run(core, 2_000_000, length_um)
    whole = 20 * FRAME_UM // 250_000 if sheets["by"] == "length" else 20
    assert outcome.passed() == list(range(whole))
    after = {one.why for one in outcome.decisions if one.number > whole}
    assert after == {Why.UNPLACED}
    assert core.latch.faults == {}
    assert not core.open


def test_while_no_camera_has_positions_the_strip_is_nowhere() -> None:
    gate = Gate()
    gate.step(10)
    gate.run(0, 29)
    assert gate.core.open
    for number in range(30, 45):
        gate.step(number * FRAME_MS)
        gate.frame(number, None)
    assert gate.core.closed_why == "the position of the strip is unknown or stale"
    assert not gate.core.open
    assert gate.core.latch.faults == {}


def test_a_camera_that_counts_from_0_since_a_run_began_and_another_that_goes_on_pass_nothing() -> None:
    cameras = [{"name": name, "frame_mm": 100} for name in ("top", "bottom")]
    gate = Gate(cameras=cameras, most_late=1000)
    gate.step(10)
    for number in range(60):
        gate.step(number * FRAME_MS)
        gate.take(heartbeat(UNIX + gate.now, epoch="e", camera="bottom"))
        run = "one" if number < 30 else "two"
        gate.frame(number, number * FRAME_UM, run=run)
        bottom = number * FRAME_UM if number < 25 else None if number < 30 else (number - 30) * FRAME_UM
        gate.frame(number, bottom, run=run, camera="bottom")
        if number == 24:
            assert gate.core.open
        assert number <= 30 or not gate.core.open
    assert gate.core.closed_why == "cameras disagree about the position of the strip"
