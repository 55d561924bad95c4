"""The truth about a simulated strip: in mm, exact over any length, and what the masks of the frames show."""

from __future__ import annotations

import math

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.capture.simulator import CLASS_NAMES, SimulatorTruth, StripView
from inspector.capture.simulator.strip import Overlay, StripTruth
from inspector.config.load import parse_config
from inspector.config.positions import PlacementConfig
from inspector.config.simulated_strip import APART_MM, LongDefectsConfig, RollMarkConfig, StripConfig
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError

H, W = 64, 200
VIEW = StripView(height=H, width=W, mm_per_px_y=2.0, mm_per_px_x=2.0, um_per_frame=128_000.0)
LONG = (
    LongDefectsConfig(per_100_m=12, length_m=(0.3, 8)),
    LongDefectsConfig(class_name="corrosion", per_100_m=6, length_m=(0.3, 3), width_mm=(40, 80)),
)
STRIP = StripConfig(width_mm=400, seed=11, long_defects=LONG)


def truth_of(strip: StripConfig, frames: int, view: StripView = VIEW) -> StripTruth:
    return SimulatorTruth(SimulatorConfig(pool=1, frames=frames, strip=strip), H, W, view=view).strip()


@pytest.mark.parametrize("lateral", [0.0, 150.0])
def test_masks_of_the_frames_joined_show_the_defects_of_the_truth(lateral: float) -> None:
    """Also for a camera that sees a part of the strip's width: 150 to 550 mm of 400."""
    frames = 800
    seen = StripView(H, W, 2.0, 2.0, 128_000.0, placement=PlacementConfig(lateral_mm=lateral))
    overlay, clean = Overlay(STRIP, seen), np.zeros((H, W), np.uint8)
    whole = np.concatenate([overlay.mark(number, clean)[0] for number in range(frames)])
    truth = truth_of(STRIP, frames, seen)
    assert len(truth.defects) > 5
    for kind in (2, 3):
        expected = [one.seen for one in truth.defects if one.class_name == CLASS_NAMES[kind]]
        count, _, stats, _ = cv2.connectedComponentsWithStats((whole >> kind) & 1, connectivity=8)
        assert count - 1 == len(expected), "each is one region, from its first frame to its last one"
        for x, y, width, height, area in stats[1:]:
            box = (2 * y, 2 * (y + height), lateral + 2 * x, lateral + 2 * (x + width))
            nearest = min(
                expected, key=lambda part: abs(part.area.from_mm - box[0]) + abs(part.area.x_from_mm - box[2])
            )
            true = nearest.area
            assert box == pytest.approx((true.from_mm, true.to_mm, true.x_from_mm, true.x_to_mm), abs=2.0)
            assert 4 * area == pytest.approx(nearest.area_mm2, rel=0.01, abs=80)


def test_a_defect_seen_whole_has_the_figures_of_its_part() -> None:
    truth = truth_of(STRIP, 2000)
    whole = [one for one in truth.defects if one.seen.area == one.area or one.area.to_mm < truth.seen.to_mm]
    assert len(whole) > 20
    for one in whole:
        assert one.seen.area_mm2 == pytest.approx(one.area_mm2, rel=1e-6)
        assert one.length_mm == pytest.approx(one.area.to_mm - one.area.from_mm)
        assert one.width_mm == pytest.approx(one.area.x_to_mm - one.area.x_from_mm)
        assert one.area.x_from_mm < one.x_mm < one.area.x_to_mm
        assert one.first_frame * 128 <= one.area.from_mm < (one.first_frame + 1) * 128
        assert one.last_frame * 128 < one.area.to_mm <= (one.last_frame + 1) * 128


def test_defects_of_one_class_never_touch_and_lie_on_the_strip() -> None:
    crowded = StripConfig(
        width_mm=400,
        long_defects=(LongDefectsConfig(per_100_m=60, length_m=(1, 30)),),
        roll_marks=(RollMarkConfig(period_mm=900, x_mm=200, class_name="scratches"),),
    )
    trails = Overlay(crowded, VIEW).long_defects.between(0, 1e6)
    assert len(trails) > 50
    for number, one in enumerate(trails):
        assert one.area.x_from_mm >= 0
        assert one.area.x_to_mm <= 400
        assert one.area.x_to_mm <= 180 - APART_MM or one.area.x_from_mm >= 220 + APART_MM
        for other in trails[number + 1 :]:
            along = max(one.area.from_mm, other.area.from_mm) - min(one.area.to_mm, other.area.to_mm)
            across = max(one.area.x_from_mm, other.area.x_from_mm) - min(one.area.x_to_mm, other.area.x_to_mm)
            assert max(along, across) >= APART_MM


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**63 - 1), cuts=st.lists(st.floats(0, 1e6), min_size=1, max_size=5))
def test_a_stretch_holds_the_same_defects_however_it_is_asked_for(seed: int, cuts: list[float]) -> None:
    strip = msgspec.structs.replace(STRIP, seed=seed)
    ends = [0.0, *sorted(cuts), 1e6]
    whole = {one.from_mm for one in Overlay(strip, VIEW).long_defects.between(0, 1e6)}
    overlay = Overlay(strip, VIEW)
    parts = [overlay.long_defects.between(*ends[at : at + 2]) for at in reversed(range(len(ends) - 1))]
    assert {one.from_mm for part in parts for one in part} == whole


def test_there_are_as_many_as_the_configuration_says() -> None:
    strip = StripConfig(width_mm=2000, long_defects=(LongDefectsConfig(per_100_m=5, length_m=(0.3, 2)),))
    trails = Overlay(strip, VIEW).long_defects.between(0, 1e7)  # 10 km
    assert abs(len(trails) - 500) < 4 * math.sqrt(500)
    lengths = [one.to_mm - one.from_mm for one in trails]
    assert min(lengths) >= 300
    assert max(lengths) <= 2000
    assert np.mean(lengths) == pytest.approx(1150, abs=4 * 1700 / math.sqrt(12 * len(lengths)))


@settings(max_examples=50, deadline=None)
@given(period=st.floats(100, 5000), phase=st.floats(0, 5000), turn=st.integers(1, 10**6))
def test_the_period_is_exact_over_any_number_of_turns(period: float, phase: float, turn: int) -> None:
    strip = StripConfig(width_mm=400, roll_marks=(RollMarkConfig(period_mm=period, x_mm=100, phase_mm=phase),))
    (row,) = Overlay(strip, VIEW).roll_marks
    at = phase + turn * period
    (found,) = row.between(at - 1e-3, at + 1e-3)
    assert found.number == turn
    assert found.spot.along_mm == pytest.approx(at, abs=1e-6)


def test_marks_of_thousands_of_frames_are_all_there() -> None:
    mark = RollMarkConfig(period_mm=1884.9556, x_mm=120, phase_mm=5000, from_m=10, to_m=1200)
    strip = StripConfig(width_mm=400, roll_marks=(mark,))
    truth = truth_of(strip, 10_000)
    (row,) = truth.roll_marks
    assert row.count == len(row.marks) == math.floor((1.2e6 - 5000) / 1884.9556) - math.ceil(5000 / 1884.9556) + 1
    assert row.phase_mm == pytest.approx(5000 - 2 * 1884.9556)
    places = np.array([one.along_mm for one in row.marks])
    assert np.diff(places) == pytest.approx(1884.9556, abs=1e-6)
    assert places[0] >= 10_000
    overlay = Overlay(strip, VIEW)
    showing = {n for place in places for n in VIEW.frames_showing(place - 30, place + 30)}
    assert {n for n in range(10_000) if overlay.shapes(n)} == showing


def test_jitter_and_missed_turns_come_out_as_configured() -> None:
    mark = RollMarkConfig(period_mm=700, x_mm=120, jitter_mm=8, missed=0.25)
    truth = truth_of(StripConfig(width_mm=400, roll_marks=(mark,)), 20_000)
    (row,) = truth.roll_marks
    total = len(row.marks)
    assert abs(row.count - 0.75 * total) < 4 * math.sqrt(total * 0.25 * 0.75)
    off = np.array([one.along_mm - 700 * one.turn for one in row.marks])
    assert off.std() == pytest.approx(8, rel=0.05)
    assert abs(off.mean()) < 4 * 8 / math.sqrt(total)
    assert np.abs(off).max() <= 24


def test_two_cameras_are_told_of_the_same_defects() -> None:
    other = StripView(H, W, 2.0, 1.0, 64_000.0, placement=PlacementConfig(lateral_mm=100, flip_across=True))
    first, second = truth_of(STRIP, 1000), truth_of(STRIP, 2000, other)
    areas = {(one.class_name, one.area.from_mm): one for one in first.defects}
    assert len(second.defects) > 5
    for one in second.defects:
        same = areas[one.class_name, one.area.from_mm]
        assert (one.area, one.area_mm2, one.x_mm) == (same.area, same.area_mm2, same.x_mm)
        assert one.seen.area.x_from_mm >= 100
        assert one.seen.area.x_to_mm <= 300


def test_the_truth_names_frames_that_do_not_come_and_can_be_written() -> None:
    config = SimulatorConfig(pool=1, frames=300, lose_rate=0.1, corrupt_rate=0.1, strip=STRIP)
    truth = SimulatorTruth(config, H, W, view=VIEW)
    told = truth.strip()
    assert told.lost == tuple(n for n in range(300) if truth(n).lost)
    assert told.corrupt == tuple(n for n in range(300) if truth(n).corrupt)
    assert msgspec.json.decode(msgspec.json.encode(told), type=StripTruth) == told
    assert truth.strip(50).seen.to_mm == 50 * 128
    endless = SimulatorTruth(SimulatorConfig(pool=1, strip=STRIP), H, W, view=VIEW)
    with pytest.raises(ValueError, match="say how many frames"):
        endless.strip()
    with pytest.raises(ValueError, match="has no strip"):
        SimulatorTruth(SimulatorConfig(pool=1), H, W).strip(3)


MARK = {"period_mm": 500, "x_mm": 100}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "width_mm"),
        ({"width_mm": 400, "roll_marks": [{**MARK, "x_mm": 390}]}, "lies from 370 to 410 mm across the strip"),
        ({"width_mm": 400, "roll_marks": [{**MARK, "period_mm": 60}]}, "could touch at a period_mm of 60"),
        ({"width_mm": 400, "roll_marks": [{**MARK, "from_m": 9, "to_m": 8}]}, "expected a to_m that is greater"),
        ({"width_mm": 400, "roll_marks": [{**MARK, "class": "rust"}]}, "rust"),
        ({"width_mm": 400, "long_defects": [{"length_m": [3, 2]}]}, "expected the smaller one first"),
        ({"width_mm": 400, "long_defects": [{"width_mm": [3, 300]}]}, "at most half the strip's width_mm"),
        ({"width_mm": 400, "long_defects": [{"class": "pitting"}]}, "pitting"),
    ],
)
def test_a_strip_that_cannot_be_is_refused(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        msgspec.convert(wrong, StripConfig)


@pytest.mark.parametrize(
    ("given", "missing"),
    [("", "no scale"), ("    scale: {mm_per_px_x: 1, mm_per_px_y: 1}\n", "no travel_um_per_frame or line_scan")],
)
def test_a_line_that_does_not_say_what_a_frame_is_of_the_strip_is_refused(given: str, missing: str) -> None:
    text = "line: a\nbundle: demo\ncameras:\n  - name: top\n" + given
    with pytest.raises(UserError, match=missing):
        parse_config(text + "    source: {kind: simulator, strip: {width_mm: 400}}\n", "line.yaml")
