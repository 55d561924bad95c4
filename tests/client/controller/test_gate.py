"""The sheets at the gate: what is taken back when it was not taken in time, what opens, and what is forgotten."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from inspector.client.controller.decision import PAUSE_NS, DecisionCore
from inspector.client.controller.gate import Gate, Window
from inspector.client.controller.registers import Judged
from inspector.client.controller.sights import Place, Why
from inspector.frames.outcome import Verdict
from tests.client.controller.messages import MS, SECOND, config_of, heartbeat, result

UNIX = 1_700_000_000 * SECOND


class Said(NamedTuple):
    number: int
    passed: bool
    why: Why


def at(back: int, front: int) -> Window:
    return Window(back, front, front + 100, front)


def gate_with(*numbers: int, confirmed: bool = True) -> Gate:
    """Sheets of 100 from number x 100 on, which have passed."""
    gate = Gate(gap=0, is_strip=True)
    for sequence, number in enumerate(numbers, 1):
        gate.decide(Judged(number, None, Place(100 * number, 100 * number + 100), Why.PASSED), Why.PASSED)
        if confirmed:
            gate.confirmed(sequence)
    gate.said.clear()
    return gate


def said(gate: Gate) -> list[Said]:
    return [Said(one.number, one.passed, one.why) for one in gate.said]


@pytest.mark.parametrize(
    ("window", "numbers"),
    [
        (at(0, 299), []),
        (at(0, 300), [3]),  # its first point may be there
        (at(320, 350), [3]),
        (at(360, 460), [3, 4]),
        (at(5000, 5100), [3, 4]),  # through, since the last look
    ],
)
def test_what_was_not_taken_when_it_came_to_the_gate_is_rejected(window: Window, numbers: list[int]) -> None:
    gate = gate_with(3, 4, confirmed=False)
    gate.overdue(window)
    assert said(gate) == [Said(number, False, Why.UNCONFIRMED) for number in numbers]
    gate.overdue(window)
    assert len(gate.said) == len(numbers), "once"


def test_what_was_taken_in_time_is_not_overdue() -> None:
    gate = gate_with(3, 4)
    gate.overdue(at(300, 500))
    assert gate.said == []
    assert gate.open(at(310, 480))
    assert not gate.open(at(310, 500)), "nothing is known of what follows"
    assert not gate.open(at(290, 310)), "nor of what is before it"


def test_a_confirmation_that_comes_after_it_was_rejected_opens_nothing() -> None:
    gate = gate_with(3, 4, confirmed=False)
    gate.confirmed(2)
    gate.overdue(at(200, 310))
    gate.confirmed(1)
    assert not gate.open(at(310, 350))
    assert gate.open(at(401, 450))


def overlapping(*numbers: int) -> Gate:
    """Sheets by frame, of 300 from number x 100 on, which have passed."""
    gate = Gate(gap=0, is_strip=False)
    for number in numbers:
        pass_(gate, number)
    return gate


def pass_(gate: Gate, number: int) -> None:
    gate.decide(Judged(number, None, Place(100 * number, 100 * number + 300), Why.PASSED), Why.PASSED)
    gate.confirmed(gate.said[-1].sequence)


def test_a_sheet_that_was_never_heard_of_may_be_where_the_first_one_is() -> None:
    gate = overlapping(3, 4, 5, 6)
    assert not gate.open(at(310, 350)), "sheet 2 may have been rejected, and would be there until 500"
    assert not gate.open(at(599, 620))
    assert gate.open(at(600, 620))


def test_a_sheet_without_a_place_may_be_anywhere_before_the_next_one() -> None:
    gate = overlapping(3, 4, 5, 6)
    gate.decide(Judged(7, None, None, Why.UNPLACED), Why.UNPLACED)
    assert not gate.open(at(650, 660))
    pass_(gate, 8)
    assert not gate.open(at(810, 850)), "sheet 7 may be there"
    pass_(gate, 9)
    pass_(gate, 10)
    assert gate.open(at(1100, 1110))


def test_after_all_is_forgotten_the_first_sheet_is_the_first_again() -> None:
    gate = overlapping(3, 4, 5, 6)
    gate.clear("the line was started again")
    for number in (7, 8, 9, 10):
        pass_(gate, number)
    assert not gate.open(at(910, 950))
    assert gate.open(at(1000, 1010))


def test_what_is_through_is_forgotten_and_what_may_be_there_is_not() -> None:
    gate = gate_with(3, 4)
    gate.forget_before(400)
    assert gate.open(at(350, 450)), "the end of a sheet may be wrong by nothing"
    gate.forget_before(401)
    gate.revoke(None, Why.BLOCKED, "")
    assert said(gate) == [Said(4, False, Why.BLOCKED)]


def test_a_sheet_that_came_and_went_between_two_looks_is_told_before_it_is_forgotten() -> None:
    """The actuator had not taken it, and the program was busy for less than what counts as standing still: nobody looked while the sheet was at the
    gate. It is told as unconfirmed, and not forgotten in silence."""
    arrival = {"by": "position", "distance_mm": 1000, "fastest_m_per_s": 2, "gate_ms": 0, "decide_ms": 100}
    config = config_of(sheets={"by": "frame"}, arrival=arrival, control={"endpoint": "ipc:///tmp/x"}, most_late=100)
    core, told, ticks = DecisionCore(config, armed=True), [], range(0, 1001, 10)
    for ms in range(0, 1400, 10):
        now = ms * MS
        core.exchanged(now, now, UNIX + now, "line1", "e")
        core.take(heartbeat(UNIX + now, epoch="e"), now)
        if ms % 50 == 0:
            number = ms // 50
            unix = UNIX + now
            core.take(result(number, Verdict.PASS, unix, unix, position_um=number * 100_000, epoch="e"), now)
        if ms in ticks:
            told += core.tick(now)
    taken_back = {one.number for one in told if one.why is Why.UNCONFIRMED}
    decided = [one.number for one in told if one.passed and one.number not in taken_back]
    told = core.tick(1390 * MS)
    assert (1390 - ticks[-1]) * MS < PAUSE_NS
    assert core.closed_why == ""
    assert decided == [11, 12], "the strip was at 1.0 m at the gate"
    assert [one.number for one in told if one.why is Why.UNCONFIRMED] == decided, "it is at 1.7 m now"
