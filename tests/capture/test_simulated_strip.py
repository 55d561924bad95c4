"""What a simulated strip shows in frames: no seams, the same for every camera and order, and in the places that the line computes from them."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.distortion import Distortion
from inspector.capture.make import source_of
from inspector.capture.simulator import SimulatorCamera, SimulatorTruth, StripView, strip_view
from inspector.capture.simulator.faults import sheet_of
from inspector.capture.simulator.strip import Overlay
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.load import parse_config
from inspector.config.positions import PlacementConfig
from inspector.config.simulated_strip import LongDefectsConfig, RollMarkConfig, StripConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.verdicts.places import Places

H, W = 64, 200
STRIP = StripConfig(
    width_mm=360,
    seed=4,
    long_defects=(
        LongDefectsConfig(per_100_m=8, length_m=(0.3, 6)),
        LongDefectsConfig(class_name="corrosion", per_100_m=5, length_m=(0.3, 4), width_mm=(40, 80)),
        LongDefectsConfig(class_name="inclusion", per_100_m=5, length_m=(0.3, 4), width_mm=(10, 20)),
    ),
    roll_marks=(
        RollMarkConfig(period_mm=517.3, x_mm=100, phase_mm=40),
        RollMarkConfig(class_name="scratches", period_mm=301, x_mm=200, jitter_mm=3, missed=0.2),
    ),
)
MARK = StripConfig(width_mm=360, roll_marks=(RollMarkConfig(period_mm=517.3, x_mm=100, phase_mm=40),))


def view(**changes: object) -> StripView:
    given = {"height": H, "width": W, "mm_per_px_y": 2.0, "mm_per_px_x": 1.5, "um_per_frame": 128_000.0, **changes}
    return StripView(**given)  # type: ignore[arg-type]


def base(of: StripView) -> NDArray[np.uint8]:
    return np.full((of.height, of.width), 120, np.uint8)


overlay_of = lru_cache(maxsize=64)(Overlay)


def shown(strip: StripConfig, of: StripView, number: int) -> NDArray[np.uint8]:
    return overlay_of(strip, of).draw(number, base(of))


def marked(strip: StripConfig, of: StripView, number: int) -> NDArray[np.uint8]:
    return overlay_of(strip, of).mark(number, np.zeros((of.height, of.width), np.uint8))[0]


def apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return int(np.abs(a.astype(int) - b).max())


def busy(strip: StripConfig, of: StripView, number: int) -> int:
    """The first frame from ``number`` on that shows something, and whose successor does, too."""
    overlay = overlay_of(strip, of)
    return next(n for n in range(number, number + 10_000, 2) if overlay.shapes(n) and overlay.shapes(n + 1))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**63 - 1),
    start=st.integers(0, 5000).map(lambda n: 2 * n),
    axis=st.sampled_from(["x", "y"]),
    across=st.booleans(),
    along=st.booleans(),
)
def test_defects_go_on_over_the_seam_without_a_jump(
    seed: int, start: int, axis: Literal["x", "y"], across: bool, along: bool
) -> None:
    """Two frames beside each other are the same as one of twice the length."""
    strip = msgspec.structs.replace(STRIP, seed=seed)
    place = PlacementConfig(lateral_mm=20, along_mm=35, flip_across=across, flip_along=along)
    pitch = 128_000.0 if axis == "y" else 300_000.0
    single = view(travel_axis=axis, placement=place, um_per_frame=pitch)
    sides = {"height": 2 * H} if axis == "y" else {"width": 2 * W}
    double = view(travel_axis=axis, placement=place, um_per_frame=2 * pitch, **sides)
    number = busy(strip, single, start)
    for of, most in ((shown, 1), (marked, 0)):
        parts = [of(strip, single, number), of(strip, single, number + 1)]
        joined = np.concatenate(parts[::-1] if along else parts, axis=0 if axis == "y" else 1)
        assert apart(joined, of(strip, double, number // 2)) <= most


def test_a_frame_does_not_depend_on_what_was_asked_before() -> None:
    one, other, numbers = Overlay(STRIP, view()), Overlay(STRIP, view()), range(0, 4000, 101)
    forward = {number: one.draw(number, base(view())) for number in numbers}
    backward = {number: other.draw(number, base(view())) for number in reversed(numbers)}
    assert all(np.array_equal(forward[number], backward[number]) for number in numbers)
    assert np.array_equal(Overlay(STRIP, view()).draw(1010, base(view())), forward[1010]), "asked for alone"
    assert sum(bool((frame != 120).any()) for frame in forward.values()) > 10


def test_two_cameras_see_the_same_strip_where_they_overlap() -> None:
    left, right = view(), view(placement=PlacementConfig(lateral_mm=75))  # 50 columns further
    turned = view(placement=PlacementConfig(lateral_mm=75, flip_across=True, along_mm=3 * 128))
    compared = 0
    for number in range(0, 600, 12):
        one, other = shown(STRIP, left, number), shown(STRIP, right, number)
        assert apart(one[:, 50:], other[:, :150]) <= 1
        assert np.array_equal(marked(STRIP, left, number)[:, 50:], marked(STRIP, right, number)[:, :150])
        # One that stands three frames downstream and is mounted the other way round sees it three frames later.
        assert apart(other, shown(STRIP, turned, number + 3)[:, ::-1]) <= 1
        compared += bool((other[:, :150] != 120).any())
    assert compared > 15


@pytest.mark.parametrize("axis", ["x", "y"])
@pytest.mark.parametrize("flip", [False, True])
def test_the_line_finds_a_mark_where_it_is(axis: Literal["x", "y"], flip: bool) -> None:
    """By the line's own computation of places, at the beginning of a strip and 100 km from it."""
    place = PlacementConfig(lateral_mm=30, along_mm=500, flip_across=flip, flip_along=flip)
    pitch_um = 128_000 if axis == "y" else 300_000
    of = view(placement=place, travel_axis=axis, um_per_frame=float(pitch_um))
    scale = Scale(mm_per_px_x=1.5, mm_per_px_y=2.0)
    places = Places(place, VerdictsConfig(travel_axis=axis), FrameSize(H, W), scale)
    overlay, found = overlay_of(MARK, of), 0
    for turn in (1, 2, 3, 4, 200_000, 200_001, 200_002, 200_003):
        true_mm = 40 + turn * 517.3
        for number in of.frames_showing(true_mm - 30, true_mm + 30):
            mask = marked(MARK, of, number)
            whole = overlay.roll_marks[0].between(true_mm - 1, true_mm + 1)[0].spot.area
            from_mm, to_mm = of.along_mm(number)
            if whole.from_mm < from_mm or whole.to_mm > to_mm:
                continue
            ys, xs = np.nonzero(mask)
            at = places.on_strip(float(xs.mean()) + 0.5, float(ys.mean()) + 0.5)
            assert at is not None
            assert at[0] == pytest.approx(100, abs=0.5)
            assert number * pitch_um / 1000 + at[1] == pytest.approx(true_mm, abs=0.5)
            assert len(ys) * 3.0 == pytest.approx(np.pi / 4 * 60 * 40, rel=0.05)
            found += 1
    assert found >= 4


def test_frames_without_a_defect_are_not_copied_and_the_pool_stays_as_it_is() -> None:
    config = SimulatorConfig(seed=3, frames=60, pool=2, defect_rate=0, strip=MARK)
    camera = SimulatorCamera(config, H, W, view=view())
    camera.open()
    overlay = overlay_of(MARK, view())
    clean: dict[int, list[NDArray[np.uint8]]] = {0: [], 1: []}
    drawn = []
    while (arrival := camera.next()) is not None:
        assert arrival.pixels is not None
        kept = drawn if overlay.shapes(arrival.number) else clean[sheet_of(config, arrival.number)]
        kept.append(arrival.pixels)
    camera.close()
    assert len(drawn) > 5
    assert all(len(pixels) > 5 and all(one is pixels[0] for one in pixels) for pixels in clean.values())
    assert not any(one is sheet for one in drawn for pixels in clean.values() for sheet in pixels)


def test_lost_frames_leave_the_others_where_they_are() -> None:
    config = SimulatorConfig(seed=3, frames=200, pool=3, lose_rate=0.3, strip=STRIP)
    camera = SimulatorCamera(config, H, W, view=view())
    camera.open()
    arrivals = []
    while (arrival := camera.next()) is not None:
        arrivals.append(arrival)
    camera.close()
    truth = SimulatorTruth(msgspec.structs.replace(config, lose_rate=0), H, W, view=view())
    assert 100 < len(arrivals) < 180
    for arrival in arrivals:
        assert arrival.pixels is not None
        assert np.array_equal(arrival.pixels, truth.sheet(arrival.number).frame)


def test_beyond_the_edges_of_the_strip_it_is_black_and_no_defect() -> None:
    wide = view(width=300, placement=PlacementConfig(lateral_mm=-30))  # sees -30 to 420 mm of a strip of 360
    truth = SimulatorTruth(SimulatorConfig(pool=4, defect_rate=1, strip=STRIP), H, 300, view=wide)
    for number in range(0, 400, 5):
        sheet = truth.sheet(number)
        assert sheet.frame[:, :20].max() <= 3
        assert sheet.frame[:, 260:].max() <= 3
        assert not sheet.mask[:, :20].any()
        assert not sheet.mask[:, 260:].any()
        assert np.median(sheet.frame[:, 20:260]) > 15
        assert {k for k in range(8) if np.any(sheet.mask & (1 << k))} == set(sheet.classes)


def test_a_face_shows_only_what_is_on_it() -> None:
    bottom = view(placement=PlacementConfig(face="bottom"))
    assert any(marked(STRIP, bottom, n).any() for n in range(0, 400, 4)), "long defects, others than on top"
    assert not any(marked(MARK, bottom, n).any() for n in range(100))
    trails = [overlay_of(STRIP, one).long_defects.between(0, 1e6) for one in (view(), bottom)]
    assert {one.from_mm for one in trails[0]}.isdisjoint({one.from_mm for one in trails[1]})


def test_sheets_below_have_no_period_of_their_own() -> None:
    config = SimulatorConfig(pool=8, strip=MARK)
    order = [sheet_of(config, number) for number in range(4000)]
    counts = np.bincount(order, minlength=8)
    assert counts.min() > 400
    for period in range(1, 40):
        same = np.mean([a == b for a, b in zip(order, order[period:], strict=False)])
        assert same < 0.16, period
    plain = SimulatorConfig(pool=8)
    assert [sheet_of(plain, number) for number in range(20)] == [number % 8 for number in range(20)]


LINE = """\
line: two
bundle: demo
cameras:
  - {name: left, travel_um_per_frame: 128000, scale: SCALE, source: {kind: simulator, seed: 1, STRIP}}
  - {name: right, travel_um_per_frame: 128000, scale: SCALE, source: {kind: simulator, seed: 2, STRIP}, placement: {lateral_mm: 75}}
verdicts: {travel_axis: y}
"""
SECTION = "frames: 40, pool: 2, strip: {width_mm: 500, long_defects: [{per_100_m: 90}]}"


def test_cameras_of_a_line_are_told_how_they_see_the_strip() -> None:
    text = LINE.replace("SCALE", "{mm_per_px_x: 1.5, mm_per_px_y: 2}").replace("STRIP", SECTION)
    line = parse_config(text, "line.yaml")
    masks = []
    for camera in line.cameras:
        assert isinstance(camera.source, SimulatorConfig)
        view_of = strip_view(camera, "y", H, W)
        truth = SimulatorTruth(camera.source, H, W, view=view_of)
        source = source_of(camera, line.verdicts.travel_axis, H, W)
        source.open()
        while (arrival := source.next()) is not None:
            assert arrival.pixels is not None
            assert np.array_equal(arrival.pixels, truth.sheet(arrival.number).frame)
        source.close()
        clean = SimulatorTruth(msgspec.structs.replace(camera.source, defect_rate=0), H, W, view=view_of)
        masks.append(np.concatenate([clean(number).mask for number in range(40)]))
    assert masks[0].any()
    assert np.array_equal(masks[0][:, 50:], masks[1][:, :150])


def test_a_lens_is_refused() -> None:
    text = LINE.replace("SCALE", "{mm_per_px_x: 1.5, mm_per_px_y: 2}").replace("STRIP", SECTION)
    camera = parse_config(text, "line.yaml").cameras[0]
    lens = Distortion(kind="radial", k1=-0.1, center_x_px=100, center_y_px=32, reach_px=80)
    scale = CalibratedScale(
        mm_per_px_x=1.5, mm_per_px_y=2, file="s.yaml", id="s", height=H, width=W, camera_serial="", lens=lens
    )
    with pytest.raises(UserError, match=r"cameras\.left\.source\.strip: is drawn without distortion"):
        source_of(msgspec.structs.replace(camera, scale=scale), "y", H, W)


def test_a_strip_without_a_view_is_refused() -> None:
    with pytest.raises(ValueError, match="no view says how the camera sees it"):
        SimulatorCamera(SimulatorConfig(strip=MARK), H, W)
