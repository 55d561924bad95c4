"""Rules at their limits, who wins, and the line a person reads."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.config.verdicts import Rule, Scale, VerdictsConfig
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings
from inspector.verdicts.rules import judge

CLASSES = ("pitting", "inclusion", "scratches")
DEFAULT = VerdictsConfig().rules


def defect(name: str = "scratches", **figures: Any) -> Defect:
    plain: dict[str, Any] = {
        "score": 0.9,
        "area_px": 400,
        "bbox_px": (0, 0, 40, 10),
        "centroid_px": (19.5, 4.5),
        "length_px": 40.0,
        "width_px": 10.0,
        "area_mm2": 100.0,
        "length_mm": 20.0,
        "width_mm": 5.0,
        "x_mm": None,
        "position_um": None,
    }
    return Defect(class_name=name, **(plain | figures))


def verdict(defects: list[Defect], *rules: Rule, frame_length_mm: float | None = 800) -> tuple[Verdict, str]:
    result, reason, detail = judge(defects, rules or DEFAULT, CLASSES, frame_length_mm)
    assert reason is (Reason.NO_DEFECT if result is Verdict.PASS else Reason.DEFECT)
    return result, detail


def test_without_defects_no_rule_fires() -> None:
    assert verdict([]) == (Verdict.PASS, "")


def test_by_default_any_defect_rejects() -> None:
    tiny = defect("inclusion", area_px=1, area_mm2=None, length_mm=None, width_mm=None)
    assert verdict([tiny], frame_length_mm=None) == (Verdict.REJECT, "inclusion: 1 defect, area 1 px2")
    assert verdict([defect(), tiny], frame_length_mm=None) == (
        Verdict.REJECT,
        "inclusion, scratches: 2 defects, largest 100 mm2",
    )


@pytest.mark.parametrize(
    ("limit", "figure", "at", "below"),
    [
        ("min_area_px", "area_px", 120, 119),
        ("min_area_mm2", "area_mm2", 12.5, 12.4999),
        ("min_length_mm", "length_mm", 12.5, 12.4999),
        ("min_width_mm", "width_mm", 12.5, 12.4999),
        ("min_score", "score", 0.75, 0.7499),
    ],
)
def test_a_defect_counts_from_exactly_the_limit(limit: str, figure: str, at: float, below: float) -> None:
    rule = Rule(class_name="scratches", **{limit: at})  # type: ignore[arg-type]
    assert verdict([defect("scratches", **{figure: at})], rule)[0] is Verdict.REJECT
    assert verdict([defect("scratches", **{figure: below})], rule) == (Verdict.PASS, "1 defect within the limits")


def test_a_defect_must_reach_every_limit_of_a_rule() -> None:
    rule = Rule(min_length_mm=15, min_width_mm=8)
    assert verdict([defect(length_mm=20.0, width_mm=5.0), defect(length_mm=9.0, width_mm=9.0)], rule)[0] is Verdict.PASS
    assert verdict([defect(length_mm=15.0, width_mm=8.0)], rule)[0] is Verdict.REJECT


def test_a_rule_is_for_its_class_only() -> None:
    rule = Rule(class_name="pitting")
    assert verdict([defect("scratches")], rule)[0] is Verdict.PASS
    assert verdict([defect("pitting")], rule)[0] is Verdict.REJECT


def test_the_count_limit() -> None:
    rule = Rule(class_name="pitting", min_count=3, min_area_px=50)
    small = defect("pitting", area_px=49)
    assert verdict([defect("pitting")] * 2 + [small] * 5, rule)[0] is Verdict.PASS
    assert verdict([defect("pitting")] * 3, rule) == (
        Verdict.REJECT,
        "pitting: 3 defects of at least 50 px2 (limit 3), largest 400 px2",
    )


def test_the_count_per_metre_follows_the_length_of_the_frame() -> None:
    rule = Rule(min_count_per_metre=5)
    assert verdict([defect()] * 4, rule, frame_length_mm=800) == (
        Verdict.REJECT,
        "scratches: 4 defects, 5.0 per metre (limit 5), largest 100 mm2",
    )
    assert verdict([defect()] * 4, rule, frame_length_mm=801)[0] is Verdict.PASS
    assert verdict([defect()], Rule(min_count_per_metre=0.1, min_count=2), frame_length_mm=800)[0] is Verdict.PASS
    # A frame so short that the limit is a fraction of a defect still needs one.
    assert verdict([], rule, frame_length_mm=1)[0] is Verdict.PASS


def test_the_worst_rule_wins_and_among_equals_the_first() -> None:
    first = Rule(class_name="scratches", min_area_px=10)
    second = Rule(class_name="scratches", min_area_px=20)
    scrap = Rule(class_name="scratches", verdict="scrap", min_area_px=300)
    found = [defect(area_px=120), defect(area_px=3400, area_mm2=None)]
    assert verdict(found, second, first) == (
        Verdict.REJECT,
        "scratches: 2 defects of at least 20 px2, largest 3,400 px2",
    )
    assert verdict(found, first, scrap, second) == (
        Verdict.SCRAP,
        "scratches: 1 defect of at least 300 px2, area 3,400 px2",
    )
    assert verdict([defect(area_px=120)], first, scrap)[0] is Verdict.REJECT


def test_the_detail_names_every_limit() -> None:
    rule = Rule(min_area_mm2=1200.5, min_length_mm=10, min_width_mm=0.5, min_score=0.25)
    assert verdict([defect(area_mm2=1234567.0)], rule)[1] == (
        "scratches: 1 defect of at least 1,200.5 mm2 and 10 mm length and 0.5 mm width and 0.25 score, area 1,234,567 mm2"
    )


bitmasks = npst.arrays(np.uint8, (10, 14), elements=st.sampled_from([0, 0, 0, 1, 2, 6]))
limits = st.none() | st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
some_rules = st.builds(
    Rule,
    class_name=st.sampled_from([None, *CLASSES]),
    verdict=st.sampled_from(["reject", "scrap"]),
    min_area_px=limits,
    min_area_mm2=limits,
    min_length_mm=limits,
    min_width_mm=limits,
    min_score=st.none() | st.sampled_from([0.2, 0.5]),
    min_count=st.integers(1, 5),
    min_count_per_metre=st.none() | st.sampled_from([10.0, 100.0]),
)


@settings(deadline=None)
@given(bitmasks, st.lists(some_rules, min_size=1, max_size=3), st.integers(1, 4))
def test_a_short_list_never_hides_what_a_rule_would_catch(
    mask: NDArray[np.uint8], rules: list[Rule], max_defects: int
) -> None:
    """However few defects are listed, the verdict is never milder; without lengths and widths it is the same."""
    scale, scores = Scale(mm_per_px_x=0.5, mm_per_px_y=0.75), (0.3, 0.4, 0.6)
    whole = measure(mask, scores, Settings(CLASSES, (1, 1, 2), 10_000, scale))
    short = measure(mask, scores, Settings(CLASSES, (1, 1, 2), max_defects, scale))
    assert short.defects == whole.defects[:max_defects]
    assert (short.unlisted is None) == (len(whole.defects) <= max_defects)
    expected = judge(whole.defects, rules, CLASSES, 7.0, whole.unlisted)
    got = judge(short.defects, rules, CLASSES, 7.0, short.unlisted)
    severity = [Verdict.PASS, Verdict.REJECT, Verdict.SCRAP]
    assert severity.index(got[0]) >= severity.index(expected[0])
    if all(rule.min_length_mm is None and rule.min_width_mm is None for rule in rules):
        assert got[:2] == expected[:2]


def test_what_is_not_listed_is_judged_and_told() -> None:
    mask = np.zeros((64, 400), dtype=np.uint8)
    mask[0:20, 0:20] = 2
    mask[40, 100:300] = 1
    measured = measure(mask, (0.9, 0.9, 0.9), Settings(CLASSES, (1, 1, 1), 1, Scale(mm_per_px_x=0.5, mm_per_px_y=0.5)))
    assert [d.class_name for d in measured.defects] == ["inclusion"]
    rule = Rule(class_name="pitting", verdict="scrap", min_length_mm=100)
    assert judge(measured.defects, [rule], CLASSES, 200, measured.unlisted) == (
        Verdict.SCRAP,
        Reason.DEFECT,
        "pitting: up to 1 defect of at least 100 mm length, area 50 mm2",
    )
    assert judge(measured.defects, [Rule(min_length_mm=101)], CLASSES, 200, measured.unlisted) == (
        Verdict.PASS,
        Reason.NO_DEFECT,
        "2 defects within the limits",
    )
