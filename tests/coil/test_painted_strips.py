"""Stitching against the connected components of the whole strip: whatever is painted, and however cameras cut it into frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.coil import stitching
from inspector.coil.component import Component
from inspector.coil.joining import JoiningConfig
from inspector.coil.seam import Seam
from tests.coil.strip import CLASSES, UM_ACROSS, UM_ALONG, Camera, Line, Mask, Plan, run_of
from tests.coil.truth import TOUCHING, coil_of, components, differences, found, truth

LENGTH, WIDTH = 120, 48


@st.composite
def painted(draw: st.DrawFn) -> Mask:
    """A strip with long and short marks of both classes, which may cross."""
    strip = np.zeros((LENGTH, WIDTH), dtype=np.uint8)
    for _ in range(draw(st.integers(0, 10))):
        kind = np.uint8(1 << draw(st.integers(0, len(CLASSES) - 1)))
        line, column = draw(st.integers(0, LENGTH - 1)), draw(st.integers(0, WIDTH - 1))
        if draw(st.booleans()):
            slope = draw(st.integers(-1, 1))
            for step in range(draw(st.integers(1, LENGTH))):  # a scratch, straight or diagonal
                if line + step < LENGTH and 0 <= column + slope * step < WIDTH:
                    strip[line + step, column + slope * step] |= kind
        else:
            strip[line : line + draw(st.integers(1, 12)), column : column + draw(st.integers(1, 12))] |= kind
    return strip


@st.composite
def cameras(draw: st.DrawFn) -> list[Camera]:
    """One camera over the whole width, or two that touch or overlap, the second one at another place along the strip."""
    two = draw(st.booleans())
    middle = draw(st.integers(8, WIDTH - 8))
    end = min(WIDTH, middle + draw(st.integers(0, 12))) if two else WIDTH
    made = [_camera(draw, "a", (0, end))]
    if two:
        made.append(_camera(draw, "b", (middle, WIDTH)))
    return made


def _camera(draw: st.DrawFn, name: str, columns: tuple[int, int]) -> Camera:
    lines = draw(st.integers(8, 40))
    return Camera(
        name,
        columns,
        lines=lines,
        overlap=draw(st.integers(0, lines - 2)),
        begins=-draw(st.integers(0, 7)),
        downstream=draw(st.sampled_from((0, 3, 50))),
        axis=draw(st.sampled_from(("x", "y"))),
        flip_along=draw(st.booleans()),
        flip_across=draw(st.booleans()),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Frames that are not inspected or lost, and the order in which verdicts come."""
    some = st.frozensets(st.tuples(st.just("a"), st.integers(0, 9)), max_size=3)
    missed, lost = draw(some), draw(some)
    return Plan(missed=missed, lost=lost - missed, in_flight=draw(st.integers(1, 6)), seed=draw(st.integers(0, 99)))


@given(strip=painted(), line=cameras(), plan=plans())
@settings(max_examples=80, deadline=None)
def test_defects_are_the_components_of_what_was_seen(strip: Mask, line: list[Camera], plan: Plan) -> None:
    findings = coil_of(run_of(strip, line, plan))
    assert differences(truth(strip, line, plan), found(findings)) == []
    assert findings.complete
    assert not findings.unplaced


@given(strip=painted(), line=cameras(), plan=plans())
@settings(max_examples=30, deadline=None)
def test_what_was_not_seen_is_unknown_and_nothing_else(strip: Mask, line: list[Camera], plan: Plan) -> None:
    findings = coil_of(run_of(strip, line, plan))
    mm = UM_ALONG / 1000
    for camera in line:
        seen = np.zeros(3 * LENGTH, dtype=bool)
        for first, end in plan.seen.get(camera.name, []):
            seen[first + LENGTH : end + LENGTH] = True
        unknown = np.zeros_like(seen)
        across = camera.columns[0] * UM_ACROSS / 1000, camera.columns[1] * UM_ACROSS / 1000
        for one in findings.unknowns:
            if (one.area.x_from_mm, one.area.x_to_mm) == across:
                unknown[round(one.area.from_mm / mm) + LENGTH : round(one.area.to_mm / mm) + LENGTH] = True
        assert not (seen & unknown).any()
        if seen.any():
            first, last = np.flatnonzero(seen)[[0, -1]]
            assert (seen | unknown)[first:last].all(), "a stretch is neither inspected nor unknown"


@given(strip=painted(), firsts=st.lists(st.integers(-10, LENGTH), min_size=1, max_size=14), two=st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_strip_may_run_to_and_fro(strip: Mask, firsts: list[int], two: bool) -> None:
    line = [Camera("a", (0, 30 if two else WIDTH)), *([Camera("b", (24, WIDTH), lines=17)] if two else [])]
    plan = Plan()
    published = Line(line)
    published.start()
    for camera in line:
        for first in firsts:
            published.show(camera.name, strip, first)
            plan.seen.setdefault(camera.name, []).append((first, first + camera.lines))
    published.end()
    findings = coil_of(published.packets)
    assert differences(truth(strip, line, plan), found(findings)) == []


def _apart(lines: int, columns: int) -> Mask:
    """Two marks in two frames of 24 lines, so many lines and columns of clean strip between them."""
    strip = np.zeros((48, 40), dtype=np.uint8)
    strip[10 : 24 - lines, 5:10] = 1
    strip[24:40, 10 + columns : 20] = 1
    return strip


@pytest.mark.parametrize(("lines", "columns", "joined"), [(0, 0, True), (0, 1, False), (1, 0, False)])
def test_regions_a_pixel_apart_are_two(lines: int, columns: int, joined: bool) -> None:
    strip = _apart(lines, columns)
    findings = coil_of(run_of(strip, [Camera()]))
    assert len(findings.defects) == len(components(strip)) == (1 if joined else 2)


@pytest.mark.parametrize(("columns", "joined"), [(2, True), (3, False)])
def test_the_tolerance_across_is_in_millimetres(columns: int, joined: bool) -> None:
    findings = coil_of(
        run_of(_apart(0, columns), [Camera()]), JoiningConfig(across_mm=2 * UM_ACROSS / 1000, along_mm=0.0)
    )
    assert len(findings.defects) == (1 if joined else 2)


def test_marks_of_two_classes_are_never_one() -> None:
    strip = np.zeros((48, 40), dtype=np.uint8)
    strip[10:24, 5:10], strip[24:40, 5:10] = 1, 2
    assert sorted(one.class_name for one in coil_of(run_of(strip, [Camera()])).defects) == ["pitting", "scratches"]


def test_faces_are_never_joined() -> None:
    strip = np.zeros((48, 40), dtype=np.uint8)
    strip[10:40, 15:25] = 1
    line = [Camera("above"), Camera("below", face="bottom", flip_across=True)]
    defects = coil_of(run_of(strip, line)).defects
    assert sorted(one.area.face for one in defects) == ["bottom", "top"]
    assert {one.area_mm2 for one in defects} == {300 * 0.5 * 0.25}


def test_a_frame_that_was_not_inspected_breaks_a_scratch_exactly_there() -> None:
    strip = np.zeros((96, 40), dtype=np.uint8)
    strip[:, 10:12] = 2
    findings = coil_of(run_of(strip, [Camera()], Plan(missed=frozenset({("a", 1)}))))
    first, second = findings.defects
    assert (first.area.from_mm, first.area.to_mm, first.head, first.tail) == (0.0, 12.0, "whole", "unknown")
    assert (second.area.from_mm, second.area.to_mm, second.head, second.tail) == (24.0, 48.0, "unknown", "whole")
    (unknown,) = findings.unknowns
    assert (unknown.area.from_mm, unknown.area.to_mm, unknown.reason, unknown.frames) == (12.0, 24.0, "deadline", 1)


def _join_nothing(self: stitching.Stitcher, one: Seam, other: Seam) -> None:
    """Planted: seams are not looked at."""


def _join_everything(self: stitching.Stitcher, one: Seam, other: Seam) -> None:
    """Planted: whatever touches a seam on both sides is one."""
    for first in one:
        for second in other:
            first.component.join(second.component, 16)


def _count_twice(self: Component, area_mm2: float, along_mm: float, x_mm: float) -> None:
    """Planted: an overlap is counted for each camera."""


@pytest.mark.parametrize(
    ("owner", "name", "planted"),
    [
        (stitching.Stitcher, "_meet", _join_nothing),
        (stitching.Stitcher, "_meet", _join_everything),
        (Component, "counted_twice", _count_twice),
    ],
)
def test_a_planted_error_is_noticed(owner: type, name: str, planted: object, monkeypatch: pytest.MonkeyPatch) -> None:
    strip = np.zeros((96, 48), dtype=np.uint8)
    strip[4:90, 22:26], strip[30:60, 40:44], strip[50:70, 8:12] = 1, 1, 1
    line = [Camera("a", (0, 28)), Camera("b", (20, 48), lines=20)]
    plan = Plan()
    packets = run_of(strip, line, plan)
    assert differences(truth(strip, line, plan), found(coil_of(packets))) == []
    monkeypatch.setattr(owner, name, planted)
    assert differences(truth(strip, line, plan), found(coil_of(packets, TOUCHING)))
