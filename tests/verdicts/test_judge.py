"""An engine's answer, right or wrong, as the outcome of its frame."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from inspector.config.verdicts import Rule, Scale, VerdictsConfig
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Verdict
from inspector.frames.size import FrameSize
from inspector.protocol import masks
from inspector.verdicts.judge import Judge

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
SHAPE = (64, 400)
DEFAULT = VerdictsConfig()


def bundle_of(classes: tuple[str, ...]) -> BundleIdentity:
    return BundleIdentity(bundle="b", operating_point="o", classes=classes, size=FrameSize(*SHAPE))


def make_judge(config: VerdictsConfig = DEFAULT, scale: Scale | None = None, minimum: int = 1) -> Judge:
    return Judge(config, bundle_of(CLASSES), [minimum] * 4, scale)


def answer(judge: Judge, mask: NDArray[np.uint8], gate_score: float | None = 0.8) -> Outcome:
    pixels = [int((mask >> k & 1).sum()) for k in range(4)]
    return judge.segmented(gate_score, mask, pixels, (0.9, 0.8, 0.7, 0.6))


@pytest.fixture
def mask() -> NDArray[np.uint8]:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[10:20, 30:60] = 4
    return mask


def test_a_frame_the_gate_holds_back_passes() -> None:
    judge = make_judge()
    assert judge.clean(0.0625) == Outcome(
        verdict=Verdict.PASS,
        reason=Reason.GATE_CLEAN,
        gate_score=0.0625,
        bundle=bundle_of(CLASSES),
        places=judge.places,
    )


def test_a_frame_without_a_set_pixel_passes() -> None:
    judge = make_judge()
    assert answer(judge, np.zeros(SHAPE, dtype=np.uint8)) == Outcome(
        verdict=Verdict.PASS,
        reason=Reason.NO_DEFECT,
        gate_score=0.8,
        pixels=(0, 0, 0, 0),
        defect_pixels=(0, 0, 0, 0),
        scores=(0.9, 0.8, 0.7, 0.6),
        bundle=bundle_of(CLASSES),
        places=judge.places,
    )


def test_a_defect_within_the_limits_passes_and_is_reported(mask: NDArray[np.uint8]) -> None:
    outcome = answer(make_judge(VerdictsConfig(rules=(Rule(min_area_px=301),))), mask, gate_score=None)
    assert (outcome.verdict, outcome.reason) == (Verdict.PASS, Reason.NO_DEFECT)
    assert outcome.detail == "1 defect within the limits"
    assert outcome.gate_score is None
    assert [d.area_px for d in outcome.defects] == [300]
    assert np.array_equal(masks.decode(outcome.mask, *SHAPE), mask)


@pytest.mark.parametrize(("verdict", "expected"), [("reject", Verdict.REJECT), ("scrap", Verdict.SCRAP)])
def test_a_rule_that_fires_takes_the_sheet_out(mask: NDArray[np.uint8], verdict: str, expected: Verdict) -> None:
    rule = msgspec.convert({"class": "scratches", "verdict": verdict, "min_area_px": 300}, Rule)
    outcome = answer(make_judge(VerdictsConfig(rules=(rule,))), mask)
    assert (outcome.verdict, outcome.reason) == (expected, Reason.DEFECT)
    assert outcome.detail == "scratches: 1 defect of at least 300 px2, area 300 px2"
    assert (outcome.pixels, outcome.gate_score) == ((0, 0, 300, 0), 0.8)
    assert outcome.defects[0].length_mm is None
    assert np.array_equal(masks.decode(outcome.mask, *SHAPE), mask)


def test_regions_below_the_minimum_area_stay_in_the_mask_only(mask: NDArray[np.uint8]) -> None:
    outcome = answer(make_judge(minimum=301), mask)
    assert (outcome.verdict, outcome.defects, outcome.detail) == (Verdict.PASS, (), "")
    assert (outcome.pixels, outcome.defect_pixels) == ((0, 0, 300, 0), (0, 0, 0, 0))
    assert outcome.mask


def test_pixels_of_specks_are_told_from_those_of_defects(mask: NDArray[np.uint8]) -> None:
    mask[40:42, 40:42] = 4 | 1
    mask[50, 50] = 1
    outcome = answer(make_judge(minimum=4), mask)
    assert (outcome.pixels, outcome.defect_pixels) == ((5, 0, 304, 0), (4, 0, 304, 0))
    capped = answer(make_judge(VerdictsConfig(max_defects=1), minimum=4), mask)
    assert (len(capped.defects), capped.defect_pixels) == (1, outcome.defect_pixels), "those that are not listed count"


@pytest.mark.parametrize(("axis", "verdict"), [("x", Verdict.PASS), ("y", Verdict.REJECT)])
def test_the_travel_axis_says_how_long_a_frame_is(mask: NDArray[np.uint8], axis: str, verdict: Verdict) -> None:
    """One defect on 400 px of 1 mm is 2.5 per metre, on 64 px of 3 mm 5.2."""
    config = msgspec.convert({"rules": [{"min_count_per_metre": 5}], "travel_axis": axis}, VerdictsConfig)
    outcome = answer(make_judge(config, Scale(mm_per_px_x=1, mm_per_px_y=3)), mask)
    assert outcome.verdict is verdict
    assert outcome.defects[0].area_mm2 == 900


def test_a_shattered_mask_is_listed_up_to_the_cap_and_the_detail_says_so() -> None:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[::2, ::2] = 1
    outcome = answer(make_judge(VerdictsConfig(max_defects=20)), mask)
    assert len(outcome.defects) == 20
    assert outcome.pixels == outcome.defect_pixels == (6400, 0, 0, 0)
    assert outcome.detail == "pitting: 6,400 defects, largest 1 px2; 6,380 smaller defects (6,380 px2) not listed"


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, -0.1, 1.1])
def test_a_score_that_is_no_probability_is_refused(mask: NDArray[np.uint8], score: float) -> None:
    judge = make_judge()
    with pytest.raises(ValueError, match="gate's score"):
        judge.clean(score)
    with pytest.raises(ValueError, match="gate's score"):
        judge.segmented(score, mask, (0, 0, 300, 0), (0.9, 0.8, 0.7, 0.6))
    with pytest.raises(ValueError, match="score of inclusion"):
        judge.segmented(0.8, mask, (0, 0, 300, 0), (0.9, score, 0.7, 0.6))


def test_a_class_that_is_nowhere_still_needs_a_finite_score() -> None:
    with pytest.raises(ValueError, match="score of corrosion is nan"):
        make_judge().segmented(0.8, np.zeros(SHAPE, dtype=np.uint8), (0,) * 4, (0.1, 0.1, 0.1, math.nan))


def test_an_answer_that_contradicts_itself_is_refused(mask: NDArray[np.uint8]) -> None:
    judge, scores = make_judge(), (0.9, 0.8, 0.7, 0.6)
    with pytest.raises(ValueError, match=r"counts \(0, 0, 299, 0\) pixels per class, its mask holds \(0, 0, 300, 0\)"):
        judge.segmented(0.8, mask, (0, 0, 299, 0), scores)
    with pytest.raises(ValueError, match=r"uint8 \[64, 399\]; expected uint8 \[64, 400\]"):
        judge.segmented(0.8, mask[:, 1:], (0, 0, 300, 0), scores)
    with pytest.raises(ValueError, match="3 scores and 4 pixel counts for 4 classes"):
        judge.segmented(0.8, mask, (0, 0, 300, 0), scores[:3])
    mask[0, 0] = 16
    with pytest.raises(ValueError, match="beyond the bundle's 4"):
        judge.segmented(0.8, mask, (0, 0, 300, 0), scores)


def test_numpy_figures_of_an_engine_become_plain_ones(mask: NDArray[np.uint8]) -> None:
    outcome = make_judge().segmented(
        np.float32(0.8),
        mask,
        np.array([0, 0, 300, 0], np.int32),
        np.array([0.9, 0.8, 0.7, 0.6], np.float32),
    )
    assert outcome.defects[0].score == 0.7
    msgspec.json.encode(outcome)


@pytest.mark.parametrize(("names", "minimum"), [((), []), (CLASSES, [1, 1]), ("abcdefghi", [1] * 9)])
def test_lists_that_do_not_match_the_classes_are_refused(names: tuple[str, ...], minimum: list[int]) -> None:
    with pytest.raises(ValueError, match="classes and"):
        Judge(VerdictsConfig(), bundle_of(tuple(names)), minimum, None)
