"""The decisions where sheets are the frames with one number, or of one part, by position and by time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.client.controller.sights import Why
from inspector.frames.outcome import Verdict
from tests.client.controller.lives import BY_TIME, POSITION, STEADY, fates, lived, moments
from tests.client.controller.messages import MS, SECOND
from tests.client.controller.world import Fate, World


def by_key(arrival: dict[str, Any], **sheets: Any) -> dict[str, Any]:
    return {"sheets": sheets, "arrival": arrival}


@pytest.mark.parametrize("arrival", [POSITION, BY_TIME], ids=["position", "time"])
def test_sheets_by_frame(arrival: dict[str, Any]) -> None:
    fates = {
        ("top", 20): Fate(verdict=Verdict.REJECT),
        ("bottom", 24): Fate(lost=True),
        ("top", 28): Fate(gap=True),
        ("bottom", 28): Fate(gap=True),
        ("top", 32): Fate(delay=3 * SECOND),
    }
    outcome, core = lived(
        World([1000] * 60, fates, ("top", "bottom"), exchanges=True), sheet_um=1, **by_key(arrival, by="frame")
    )
    last = max(outcome.passed())
    assert outcome.passed() == [number for number in range(last + 1) if number not in (20, 24, 28, 32)]
    assert 40 <= last <= 45
    why = {one.number: one.why for one in outcome.decisions if not one.passed}
    assert [why[number] for number in (20, 24, 28, 32)] == [Why.VERDICT, Why.ABSENT, why[28], Why.ABSENT]
    assert core.latch.faults == {}
    assert outcome.open_ticks > 200


@pytest.mark.parametrize("arrival", [POSITION, BY_TIME], ids=["position", "time"])
@pytest.mark.parametrize("missed", [1, 4])
def test_cameras_whose_numbers_are_not_those_of_one_another_pass_nothing(arrival: dict[str, Any], missed: int) -> None:
    """One was away for some frames, and counts otherwise than the other one since: frames with one number are not of one sheet."""
    world = World([1000] * 60, {}, ("top", "bottom"), exchanges=True)
    world.misnumber("bottom", 20, missed)
    outcome, core = lived(world, sheet_um=1, most_late=1000, **by_key(arrival, by="frame"))
    assert outcome.passed() == list(range(20))
    assert not core.open


@pytest.mark.parametrize("arrival", [POSITION, BY_TIME], ids=["position", "time"])
def test_sheets_by_part(arrival: dict[str, Any]) -> None:
    """Two frames a part; one part lacks a frame, one has a frame too many, the id of one is no number."""

    def part(frame: int) -> str | None:
        return {24: "11", 30: "x", 31: "x"}.get(frame, str(frame // 2))

    world = World([1000] * 60, {("top", 21): Fate(lost=True)}, exchanges=True, parts=part)
    outcome, core = lived(world, sheet_um=1, **by_key(arrival, by="part", frames_per_part=2))
    last = max(outcome.passed())
    # The part 12 has lost its first frame to the part 11, which has three.
    assert outcome.passed() == [number for number in range(last + 1) if number not in (10, 11, 12, 15)]
    assert {one.why for one in outcome.decisions if one.part == "x"} == {Why.NO_NUMBER}
    assert {one.why for one in outcome.decisions if one.part == "10"} == {Why.ABSENT}
    assert core.latch.faults == {}


@settings(max_examples=15, deadline=None)
@given(
    chosen=st.dictionaries(st.tuples(st.sampled_from(["top", "bottom"]), st.integers(0, 60)), fates, max_size=20),
    steps=st.dictionaries(moments, st.integers(-4000, 4000).map(lambda s: s * SECOND), max_size=2),
    restarts=st.lists(moments, max_size=2, unique=True),
    silent=st.lists(st.tuples(moments, moments).map(sorted).map(tuple), max_size=2),
    exchanges=st.booleans(),
    arrival=st.sampled_from([POSITION, BY_TIME]),
)
def test_an_open_gate_by_frame_and_by_time(
    chosen: dict[tuple[str, int], Fate],
    steps: dict[int, int],
    restarts: list[int],
    silent: list[tuple[int, int]],
    exchanges: bool,
    arrival: dict[str, Any],
) -> None:
    restarts = [one for one in restarts if one < len(STEADY) * 100 * MS]
    world = World(STEADY, chosen, ("top", "bottom"), steps, restarts, {}, silent, exchanges)
    lived(world, most_late=1000, sheet_um=1, **by_key(arrival, by="frame"))
