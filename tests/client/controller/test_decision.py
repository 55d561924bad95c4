"""The decisions of a reject controller in simulated time: what passes, what does not, and why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.sights import Why
from inspector.frames.outcome import Verdict
from tests.client.controller.lives import BY_TIME, LIES, POSITION, SHEET, STEADY, fates, lived, moments
from tests.client.controller.messages import MS, SECOND, config_of, gap, heartbeat, result, start
from tests.client.controller.world import UNIX, Fate, World

ALL = list(range(1, 18))
"""The clock settles for 0.2 s, in which frames have no place: sheet 0 does not pass."""


@pytest.mark.parametrize("exchanges", [False, True])
def test_without_a_fault_every_sheet_passes(exchanges: bool) -> None:
    outcome, core = lived(World(STEADY, exchanges=exchanges, cameras=("top", "bottom")))
    assert outcome.passed() == ([0, *ALL] if exchanges else ALL)
    assert core.latch.faults == {}
    assert outcome.open_ticks > 300


@pytest.mark.parametrize(
    ("fate", "why"),
    [
        (Fate(verdict=Verdict.REJECT), Why.VERDICT),
        (Fate(verdict=Verdict.UNINSPECTED), Why.VERDICT),
        (Fate(lost=True), Why.ABSENT),
        (Fate(gap=True), Why.UNPLACED),
        (Fate(position=None), Why.UNPLACED),
        (Fate(twice=True), Why.VERDICT),
        (Fate(delay=2 * SECOND), Why.ABSENT),
    ],
)
def test_a_sheet_of_which_one_frame_is_no_pass_in_time_is_rejected_and_no_other(fate: Fate, why: Why) -> None:
    outcome, core = lived(World(STEADY, {("top", 26): fate}))
    assert outcome.passed() == [*range(1, 10), *range(11, 18)]
    assert [one.why for one in outcome.decisions if one.number == 10] == [why]
    assert core.latch.faults == {}


def test_a_sheet_that_the_actuator_was_told_of_too_late_is_taken_back() -> None:
    """The controller stood still between its decision and telling the actuator, so that the sheet was at the gate already."""
    outcome, core = lived(World(STEADY, stalls={8: 390 * MS}))
    assert 8 not in outcome.passed()
    assert [one.why for one in outcome.decisions if one.number == 8] == [Why.PASSED, Why.UNCONFIRMED]
    assert core.latch.faults == {}


def test_a_frame_that_reaches_into_two_sheets_rejects_both() -> None:
    outcome, _ = lived(World(STEADY, {("top", 22): Fate(verdict=Verdict.SCRAP)}))
    assert outcome.passed() == [*range(1, 8), *range(10, 18)]


def test_nothing_passes_before_a_person_has_armed_it() -> None:
    outcome, core = lived(World(STEADY), armed=False)
    assert (outcome.passed(), outcome.open_ticks) == ([], 0)
    assert {one.text for one in outcome.decisions} == {"not armed"}
    core.rearm()
    assert core.latch.closed == ""


def test_what_is_simulated_passes_only_in_a_trial() -> None:
    outcome, core = lived(World(STEADY, simulated=True))
    assert (outcome.decisions, outcome.open_ticks, core.closed_why) == ([], 0, "the line's results are simulated")
    outcome, _ = lived(World(STEADY, simulated=True), armed=False, trial=True)
    assert outcome.passed() == ALL


def test_silence_revokes_what_may_be_at_the_gate_and_keeps_what_is_still_provable() -> None:
    """The network is cut for 1.5 s: verdicts of that time are lost; what was captured before and comes to the gate after it still passes."""
    arrival = {"by": "position", "distance_mm": 2000, "fastest_m_per_s": 1.1, "gate_ms": 0, "decide_ms": 100}
    outcome, core = lived(
        World([1000] * 65, silent=[(3 * SECOND, 3 * SECOND + 1500 * MS)]), most_late=50, arrival=arrival
    )
    blocked = [one.number for one in outcome.decisions if one.why is Why.BLOCKED]
    assert core.closed_why == ""
    assert (outcome.passed(), blocked) == ([1, 2, 11, 18], [3, 4, 5, 6, 7])
    assert {"nothing was heard of top for 750 ms", "the position of the strip is unknown or stale"} <= outcome.closed


def test_a_new_epoch_rejects_everything_between_camera_and_gate() -> None:
    outcome, core = lived(World(STEADY, restarts=[4500 * MS]))
    assert core.epoch == "epoch-1"
    assert outcome.passed() == list(range(1, 9)), "what had passed the gate before"
    assert {one.number for one in outcome.decisions if one.text == "the daemon was started again"} == {9, 10, 11}


def test_two_daemons_are_a_fault() -> None:
    one, other = World([1000] * 20), World([1000] * 20, restarts=[0])
    core = DecisionCore(config_of(), armed=True)
    for at, _, packet in (
        one.inbox[:3] + [m for m in other.inbox if m[2].header.epoch == "epoch-1"][:3] + one.inbox[3:5]
    ):
        core.take(packet, at)
    assert set(core.latch.faults) == {"second_publisher"}
    core.rearm()
    assert core.latch.faults == {}


@pytest.mark.parametrize(("by", "first"), [(-500_000, 9), (3_000_000, 23)])
def test_a_position_that_jumps_rejects_everything_between_camera_and_gate(by: int, first: int) -> None:
    """From frame 25 on positions are others: the first sheet that passes is one that passed the camera after the jump."""
    fates = {("top", number): Fate(position=by) for number in range(25, 60)}
    outcome, _ = lived(World(STEADY, fates))
    assert min(outcome.passed()) == first


def test_late_verdicts_in_a_row_are_a_fault_until_a_person_arms_it_again() -> None:
    fates = {("bottom", number): Fate(delay=3 * SECOND) for number in range(10, 30)}
    outcome, core = lived(World([1000] * 80, fates, ("top", "bottom")), most_late=5)
    assert core.latch.faults == {"late": "5 sheets in a row had no verdict in time"}
    assert outcome.passed() == [1, 2, 3]
    core.rearm()
    assert core.latch.closed == ""


@pytest.mark.parametrize("step", [-3600, 3600])
def test_a_step_of_the_lines_clock_passes_nothing_wrong_and_is_over_with_the_next_exchange(step: int) -> None:
    outcome, core = lived(World([1000] * 80, exchanges=True, steps={3 * SECOND + 300 * MS: step * SECOND}))
    assert core.closed_why == ""
    assert len(outcome.passed()) > 8
    assert core.latch.faults == {}


def test_a_step_back_without_exchanges_is_a_fault_because_it_looks_like_a_network_that_fell_behind() -> None:
    _, core = lived(World([1000] * 80, steps={3 * SECOND: -3600 * SECOND}))
    assert set(core.latch.faults) == {"clock"}


@settings(max_examples=30, deadline=None)
@given(
    speeds=st.lists(st.integers(0, 2000), min_size=30, max_size=60),
    chosen=st.dictionaries(st.tuples(st.sampled_from(["top", "bottom"]), st.integers(0, 80)), fates, max_size=20),
    steps=st.dictionaries(moments, st.integers(-4000, 4000).map(lambda s: s * SECOND), max_size=2),
    restarts=st.lists(moments, max_size=2, unique=True),
    silent=st.lists(st.tuples(moments, moments).map(sorted).map(tuple), max_size=2),
    exchanges=st.booleans(),
    shifts=st.dictionaries(st.integers(1, 60), LIES, max_size=1),
)
def test_an_open_gate_has_only_passed_sheets_before_it_whatever_happens(
    speeds: list[int],
    chosen: dict[tuple[str, int], Fate],
    steps: dict[int, int],
    restarts: list[int],
    silent: list[tuple[int, int]],
    exchanges: bool,
    shifts: dict[int, int],
) -> None:
    restarts = [one for one in restarts if one < len(speeds) * 100 * MS]
    world = World(speeds, chosen, ("top", "bottom"), steps, restarts, shifts, silent, exchanges)
    lived(world, most_late=1000)


PLC = {"kind": "modbus", "host": "x", "watchdog_ms": 150, "heartbeat_ms": 50}


@settings(max_examples=20, deadline=None)
@given(
    speeds=st.lists(st.integers(0, 2000), min_size=30, max_size=60),
    bad=st.sets(st.integers(3, 60), max_size=4),
    lost=st.sets(st.integers(3, 60), max_size=2),
)
def test_what_comes_while_a_plc_may_hold_the_gate_open_has_passed_too(
    speeds: list[int], bad: set[int], lost: set[int]
) -> None:
    """The controller may be stopped, or the network to the PLC cut, at each moment: the gate then closes a little later."""
    fates = {("top", number): Fate(verdict=Verdict.REJECT) for number in bad}
    fates |= {("top", number): Fate(lost=True) for number in lost}
    lived(World(speeds, fates, exchanges=True), most_late=1000, actuator=PLC)


def test_a_plc_that_may_hold_the_gate_open_costs_no_sheet_but_a_little_of_the_open_time() -> None:
    fates = {("top", 30): Fate(verdict=Verdict.REJECT)}
    without, _ = lived(World(STEADY, fates))
    outcome, _ = lived(World(STEADY, fates), actuator=PLC)
    assert outcome.passed()[:15] == without.passed()[:15]
    assert 0 < without.open_ticks - outcome.open_ticks < 200


@pytest.mark.parametrize("shift", [-3_000_000, -300_000, -60_000, 1])
def test_positions_below_zero_are_positions(shift: int) -> None:
    """The counter began before 0: sheets have numbers below 0, and the one with a frame that does not pass is rejected."""
    world = World(STEADY, {("top", 26): Fate(verdict=Verdict.REJECT)}, shifts={0: shift}, exchanges=True)
    outcome, core = lived(world)
    bad = {(2_600_000 + shift) // SHEET, (2_700_000 + shift - 1) // SHEET}
    assert not bad & set(outcome.passed())
    assert len(outcome.passed()) >= 13
    assert core.latch.faults == {}


def test_frames_that_become_shorter_while_the_line_runs_pass_nothing() -> None:
    """The line was given another fit, or the encoder another pitch: frames follow each other every 60 mm, and are configured as 100 mm long."""
    fates = {("top", number): Fate(position=-40_000 * (number - 20)) for number in range(21, 60)}
    outcome, core = lived(World(STEADY, fates, exchanges=True))
    assert max(outcome.passed(), default=0) <= 8, "sheets that were through before"
    assert not core.open


def test_a_line_whose_frames_change_their_size_is_a_fault_until_a_person_has_looked() -> None:
    core = DecisionCore(config_of(), armed=True)
    for number, (width_px, mm_per_px) in enumerate([(200, 0.5), (100, 1.0), (200, 0.5)]):
        core.take(start(UNIX, width_px, mm_per_px), number)
    assert "frame_size" in core.latch.faults, "100 px high frames were twice as high"
    core.rearm()
    core.take(start(UNIX, 200, 0.501), 4)
    assert core.latch.faults == {}
    core.take(start(UNIX, 120, 0.5), 5)
    assert "60 x 50 mm" in core.latch.faults["frame_size"]
    core.rearm()
    core.take(start(UNIX, 120, None), 6)
    assert set(core.latch.faults) == {"frame_size"}


def test_messages_of_an_epoch_that_ended_are_a_fault_and_pass_nothing() -> None:
    """A network that delivers late what the daemon said before it was started again."""
    world = World(STEADY, restarts=[3 * SECOND], exchanges=True)
    late = next(one for one in world.inbox if one[2].header.epoch == "epoch-0" and one[2].header.frame == 20)
    world.inbox.append((3500 * MS, len(world.inbox), late[2]))
    world.inbox.sort(key=lambda one: one[:2])
    outcome, core = lived(world)
    assert set(core.latch.faults) == {"second_publisher"}
    assert max(outcome.passed(), default=0) <= 4


def test_a_program_that_stood_still_rejects_what_is_at_the_gate() -> None:
    world = World(STEADY)
    core = DecisionCore(config_of(), armed=True)
    waiting = list(reversed(world.inbox))
    passing: list[int] = []
    for now in [*range(0, 3 * SECOND, 10 * MS), 3 * SECOND + 500 * MS, 3 * SECOND + 510 * MS]:
        while waiting and waiting[-1][0] <= now:
            core.take(waiting.pop()[2], now)
        for decision in core.tick(now):
            core.confirmed(decision.sequence)
            if now > 3 * SECOND and not decision.passed:
                passing.append(decision.number)
        if now == 3 * SECOND + 500 * MS:
            assert core.closed_why == "the controller stood still"
            assert not core.open
    assert passing
    assert core.closed_why == ""
    assert not core.open, "a sheet that was rejected in part is rejected whole"


numbers = st.one_of(st.integers(0, 50), st.integers(0, 2**53 - 1))
places = st.one_of(st.none(), st.integers(0, 5_000_000), st.integers(-(2**53), 2**53))
times = st.one_of(st.integers(0, 3 * SECOND).map(lambda ns: UNIX + ns), st.integers(-(2**63), 2**63 - 1))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["result", "gap", "heartbeat"]),
            numbers,
            numbers,
            places,
            times,
            times,
            st.sampled_from(["a", "b"]),
        ),
        max_size=30,
    ),
    st.sampled_from([{}, {"sheets": {"by": "frame"}}, {"sheets": {"by": "part", "frames_per_part": 2}}]),
    st.sampled_from([POSITION, BY_TIME]),
    st.booleans(),
)
def test_no_message_ends_it_or_fills_its_memory(
    messages: list[tuple[str, int, int, int | None, int, int, str]],
    sheets: dict[str, Any],
    arrival: dict[str, Any],
    exchanges: bool,
) -> None:
    control = {"endpoint": "ipc:///tmp/x"} if exchanges else None
    changes = {"arrival": arrival, **sheets} if sheets else {}
    core = DecisionCore(config_of(control=control, **changes), armed=True)
    now = 0
    for kind, frame, last, position, captured, published, epoch in messages:
        now += 20 * MS
        if kind == "result":
            core.take(
                result(
                    frame, Verdict.PASS, captured, published, position_um=position, part=str(frame)[:64], epoch=epoch
                ),
                now,
            )
        elif kind == "gap":
            core.take(gap(min(frame, last), max(frame, last), published, position_um=position, epoch=epoch), now)
        else:
            core.take(heartbeat(published, epoch=epoch), now)
            core.exchanged(now - MS, now, published, "line1", epoch)
        assert len(core.tick(now)) < 1000
