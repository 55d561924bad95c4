"""Measurements behind a lens that bends: lengths, widths, areas and places as they are on the sheet, figures in px as they are seen."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.distortion import Distortion
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.verdicts import Rule, Scale, VerdictsConfig
from inspector.frames.outcome import BundleIdentity, Defect
from inspector.frames.size import FrameSize
from inspector.verdicts import native, numpy_pass
from inspector.verdicts.judge import Judge
from inspector.verdicts.lens import most_growth
from inspector.verdicts.measured import Settings
from tests.verdicts import both_passes
from tests.verdicts.bent_scales import bent_scale, calibrated
from tests.verdicts.hard_masks import hard_mask

HEIGHT, WIDTH = 256, 1600
MM = 0.2
BENT = Distortion(kind="radial", center_x_px=799.5, center_y_px=127.5, reach_px=810.2, k1=0.06, k2=0.01)
ACROSS = Distortion(kind="across", center_x_px=799.5, center_y_px=127.5, reach_px=800.0, k1=-0.04)


def seen(scale: CalibratedScale, left: float, top: float, right: float, bottom: float) -> NDArray[np.uint8]:
    """The mask of a rectangle on the sheet, mm, as the camera shows it."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    assert scale.lens is not None
    right_x, right_y = scale.lens.corrected(x, y)
    x_mm, y_mm = right_x * scale.mm_per_px_x, right_y * scale.mm_per_px_y
    return ((x_mm >= left) & (x_mm < right) & (y_mm >= top) & (y_mm < bottom)).astype(np.uint8)


def only(mask: NDArray[np.uint8], scale: Scale) -> Defect:
    (defect,) = both_passes.measure(mask, (0.9,), Settings(("a",), (1,), 5, scale)).defects
    return defect


@pytest.mark.parametrize("lens", [BENT, ACROSS], ids=["radial", "across"])
@pytest.mark.parametrize(
    "place", [(10.0, 4.0, 50.0, 14.0), (150.0, 20.0, 170.0, 30.0), (20.0, 2.0, 300.0, 6.0)], ids=["corner", "middle", "long"]
)  # fmt: skip
def test_sizes_are_those_on_the_sheet(lens: Distortion, place: tuple[float, float, float, float]) -> None:
    scale = calibrated(HEIGHT, WIDTH, lens, MM, MM)
    left, top, right, bottom = place
    defect = only(seen(scale, *place), scale)
    pixel = 1.2 * MM
    assert defect.length_mm == pytest.approx(right - left, abs=2 * pixel)
    assert defect.width_mm == pytest.approx(bottom - top, abs=2 * pixel)
    assert defect.area_mm2 == pytest.approx((right - left) * (bottom - top), rel=0.03)
    x, y = defect.centroid_px
    assert scale.places_mm(x, y) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=4 * pixel)
    assert scale.x_mm(x, y), scale.y_mm(x, y) == scale.places_mm(x, y)


def test_without_the_correction_they_are_not() -> None:
    """What the lens would cost: 12 % of the length of a scratch that lies at the edge."""
    scale = calibrated(HEIGHT, WIDTH, BENT, MM, MM)
    mask = seen(scale, 0.0, 4.0, 30.0, 14.0)
    plain = only(mask, Scale(mm_per_px_x=MM, mm_per_px_y=MM))
    right = only(mask, scale)
    assert plain.length_mm is not None
    assert right.length_mm is not None
    assert right.length_mm / plain.length_mm > 1.12
    assert (plain.area_px, plain.bbox_px, plain.length_px, plain.centroid_px) == (
        right.area_px, right.bbox_px, right.length_px, right.centroid_px,
    )  # fmt: skip


def test_a_lens_that_bends_nothing_changes_nothing() -> None:
    mask = hard_mask(np.random.default_rng(5), 1) & 1
    straight = Distortion(kind="radial", center_x_px=3, center_y_px=4, reach_px=50, k1=0)
    scales = (calibrated(*mask.shape, straight, 0.3, 0.1), Scale(mm_per_px_x=0.3, mm_per_px_y=0.1))
    with_lens, without = (numpy_pass.measure(mask, (0.9,), Settings(("a",), (1,), 10_000, one)) for one in scales)
    both_passes.require_agreement(with_lens, without, bent=True)


@pytest.mark.skipif(not native.BUILT, reason="the compiled measuring pass is not built here")
def test_both_passes_agree() -> None:
    for seed in range(60):
        dice = np.random.default_rng(seed)
        mask = hard_mask(dice, 3)
        settings = Settings(("a", "b", "c"), (1, 2, 3), 7, bent_scale(dice, *mask.shape))
        both_passes.measure(mask, (0.1, 0.5, 0.9), settings)


def test_of_defects_that_are_not_listed_the_figures_are_upper_bounds() -> None:
    """No rule may miss one of them."""
    for seed in range(20):
        dice = np.random.default_rng(seed)
        mask = hard_mask(dice, 1) & 1
        scale = bent_scale(dice, *mask.shape)
        every = numpy_pass.measure(mask, (0.9,), Settings(("a",), (1,), 10_000, scale)).defects
        rest = numpy_pass.measure(mask, (0.9,), Settings(("a",), (1,), 0, scale)).unlisted
        if rest is None:
            continue
        for figure in ("area_mm2", "length_mm", "width_mm"):
            bounds = np.sort(getattr(rest, figure))
            true = np.sort([getattr(defect, figure) for defect in every])
            assert (bounds >= true * (1 - 1e-4)).all(), (seed, figure)


@pytest.mark.parametrize(
    ("offset", "factor"), [((0, 0), 0.5), ((-300, -60), 1.0), ((1100, 0), 1.0), ((-300, 0), 0.8)],
    ids=["larger", "padded", "cropped", "both"],
)  # fmt: skip
def test_the_bounds_are_those_of_the_whole_frame_however_it_is_fitted(offset: tuple[int, int], factor: float) -> None:
    lens = Distortion(kind="radial", center_x_px=480.0, center_y_px=90.0, reach_px=810.2, k1=0.1)
    scale = calibrated(HEIGHT, WIDTH, lens)
    fitted = scale.fitted(offset, (factor, factor))
    assert fitted.lens is not None
    x, y = np.meshgrid(np.linspace(0, WIDTH, 50), np.linspace(0, HEIGHT, 50))
    outward, around = fitted.lens.stretch((x - offset[0]) / factor - 0.5, (y - offset[1]) / factor - 0.5)
    length, area = most_growth(fitted)
    assert np.maximum(outward, around).max() <= length <= 1.01 * outward.max()
    assert (outward * around).max() <= area
    assert most_growth(fitted.fitted((0, 0), (1.0, 1.0))) == most_growth(scale)


def test_rules_judge_what_is_on_the_sheet() -> None:
    scale = calibrated(HEIGHT, WIDTH, BENT, MM, MM)
    mask = seen(scale, 0.0, 4.0, 30.0, 14.0)
    rules = VerdictsConfig(rules=(Rule(min_length_mm=29.0),))
    identity = BundleIdentity(bundle="b", operating_point="o", classes=("a",), size=FrameSize(HEIGHT, WIDTH))
    verdicts = {}
    for name, one in (("plain", Scale(mm_per_px_x=MM, mm_per_px_y=MM)), ("calibrated", scale)):
        outcome = Judge(rules, identity, (1,), one).segmented(0.9, mask, [int(mask.sum())], [0.9])
        verdicts[name] = outcome.verdict.value
    assert verdicts == {"plain": "PASS", "calibrated": "REJECT"}


@pytest.mark.skipif(not native.BUILT, reason="the compiled measuring pass is not built here")
@pytest.mark.parametrize(
    "lens", [(3, 1, 1, 1, 0, 0), (-1, 1, 1, 1, 0, 0), (1, 1, 1, 0, 0, 0), (2, 1, 1, float("nan"), 0, 0)]
)
def test_an_impossible_lens_is_refused(lens: tuple[float, ...]) -> None:
    mask = np.ones((2, 2), np.uint8)
    with pytest.raises(ValueError, match="no lens"):
        native._native.measure(mask.ctypes.data, 2, 2, (1,), 5, 1.0, 1.0, *lens)  # type: ignore[arg-type]
