"""The grade of a coil, and where it is cut: worked examples, and what holds for every coil."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.coil.cutting import cut_list
from inspector.coil.grading import Material, grade, most_in_window
from inspector.coil.grading_config import CutsConfig, GradingConfig
from inspector.coil.intervals import between, joined, length
from inspector.frames.coil import Area, CoilDefect, Cut, RollMark, Unknown
from inspector.frames.outcome import Reason

CLASSES = ("scratches", "corrosion")
LENGTH = 500_000.0
COIL = (0.0, LENGTH)
RULES: dict[str, Any] = {
    "grades": [
        {
            "name": "A",
            "limits": [
                {"classes": ["scratches"], "min_length_mm": 500, "most": 0},
                {"most_in_100m": 2},
                {"classes": ["corrosion"], "most_length_percent": 1.0},
            ],
            "longest_clean_m": 50,
            "most_roll_marks": 0,
        },
        {"name": "B", "limits": [{"most_per_100m": 4}, {"face": "top", "most_length_m": 20}], "most_uninspected_percent": 5},
    ],
    "otherwise": "C",
    "leave_out_head_m": 5,
    "leave_out_tail_m": 5,
    "cuts": {"grade": "A", "least_piece_m": 20, "margin_m": 0.5},
}  # fmt: skip


def config(**changes: Any) -> GradingConfig:
    return msgspec.convert(RULES | changes, GradingConfig)


def defect(
    at_m: float, length_m: float = 0.01, kind: str = "corrosion", face: str = "top", x: float = 100.0
) -> CoilDefect:
    first = at_m * 1000
    area = Area(face=face, from_mm=first, to_mm=first + length_m * 1000, x_from_mm=x, x_to_mm=x + 10)  # type: ignore[arg-type]
    return CoilDefect(
        class_name=kind, area=area, along_mm=first + length_m * 500, x_mm=x + 5, length_mm=length_m * 1000, width_mm=10.0,
        area_mm2=length_m * 5000, score=0.9, near_edge_mm=x, far_edge_mm=None, pieces=1, frames=(), head=Cut.WHOLE, tail=Cut.WHOLE,
    )  # fmt: skip


def unknown(at_m: float, length_m: float) -> Unknown:
    area = Area(face="top", from_mm=at_m * 1000, to_mm=(at_m + length_m) * 1000, x_from_mm=0, x_to_mm=1000)
    return Unknown(area=area, reason=Reason.CAMERA_LOST, frames=1)


def mark(at_m: float, length_m: float) -> RollMark:
    area = Area(face="top", from_mm=at_m * 1000, to_mm=(at_m + length_m) * 1000, x_from_mm=0, x_to_mm=20)
    return RollMark(
        class_name="corrosion", area=area, period_mm=2000, period_low_mm=1999, period_high_mm=2001, phase_mm=0, count=9,
        possible=10, p_value=1e-6, rolls=(),
    )  # fmt: skip


def test_a_clean_coil_has_the_best_grade_and_is_one_piece() -> None:
    found = grade(config(), COIL, [], [])
    assert (found.name, found.why, found.counted, found.longest_clean) == ("A", (), (5000, 495_000), (5000, 495_000))
    cuts = cut_list(config(), COIL, [], [])
    assert cuts is not None
    assert [(one.from_mm, one.to_mm) for one in cuts.pieces] == [(5000, 495_000)]
    assert [one.why for one in cuts.cut_outs] == ["head", "tail"]


def test_a_long_scratch_costs_the_grade_and_is_cut_out() -> None:
    scratch = defect(200, 2, "scratches")
    found = grade(config(), COIL, [scratch], [])
    assert found.name == "B"
    assert [one.text for one in found.why] == ["scratches of length >= 500 mm: 1, at most 0"]
    cuts = cut_list(config(), COIL, [scratch], [])
    assert cuts is not None
    assert [(one.from_mm, one.to_mm) for one in cuts.pieces] == [(5000, 199_500), (202_500, 495_000)]
    assert cuts.cut_outs[1].why == "scratches of length >= 500 mm"


def test_head_and_tail_do_not_count() -> None:
    assert grade(config(), COIL, [defect(1, 2, "scratches"), defect(496, 2, "scratches")], []).name == "A"


def test_what_was_not_inspected_is_not_clean() -> None:
    found = grade(config(), COIL, [], [unknown(100, 10)])
    assert found.name == "B"
    assert "2.04 % was not inspected" in found.why[0].text
    assert found.inspected_mm == 480_000
    assert found.longest_clean == (110_000, 495_000)
    assert grade(config(), COIL, [], [unknown(0, 500)]).name == "C"
    assert grade(config(), (0.0, 8000.0), [], []).name == "C"  # nothing of it counts


@pytest.mark.parametrize(
    ("defects", "expected"),
    [
        ([defect(at, 0.01) for at in (10, 60, 105)], "A: defects: 3 in the 100 m from 10.0 m on, at most 2"),
        ([defect(10, 6)], "A: corrosion: on 1.22 % of its length, at most 1 %"),
        ([defect(10, 15), defect(20, 15)], "B: defects on the top face: on 25 m of its length, at most 20 m"),
        ([defect(5 + 0.1 * at, 0.01) for at in range(20)], "B: defects: 4.08 per 100 m, at most 4"),
        ([defect(5 + 49.5 * at, 0.001) for at in range(10)], "A: the longest clean stretch is 49.5 m, at least 50 m are needed"),
    ],
)  # fmt: skip
def test_each_kind_of_limit(defects: list[CoilDefect], expected: str) -> None:
    assert expected in [f"{one.grade}: {one.text}" for one in grade(config(), COIL, defects, []).why]


def test_a_roll_mark_costs_the_grade_and_its_stretch() -> None:
    assert grade(config(), COIL, [], [], [mark(100, 50)]).name == "B"
    cuts = cut_list(config(), COIL, [], [], [mark(100, 50)])
    assert cuts is not None
    assert [(one.from_mm, one.to_mm) for one in cuts.pieces] == [(5000, 99_500), (150_500, 495_000)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"otherwise": "A"}, "a name of its own"),
        ({"cuts": {"grade": "Z"}}, "cuts.grade: found 'Z', expected one of A, B"),
        ({"grades": [{"name": "A", "limits": [{"classes": ["scratches"]}]}]}, "a limit needs one of most"),
        ({"grades": [{"name": "A", "limits": [{"most": 1, "x_from_mm": 5, "x_to_mm": 5}]}]}, "x_from_mm must be below"),
    ],
)
def test_rules_that_mean_nothing_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=message):
        config(**changes)


defects_of_a_coil = st.lists(
    st.builds(
        defect,
        st.floats(0, 499),
        st.sampled_from([0.001, 0.3, 0.6, 4.0, 60.0]),
        st.sampled_from(CLASSES),
        st.sampled_from(["top", "bottom"]),
    ),
    max_size=25,
)
stretches = st.lists(st.builds(unknown, st.floats(0, 499), st.sampled_from([0.0, 0.2, 3.0, 40.0])), max_size=4)
ORDER = {"A": 0, "B": 1, "C": 2}


@settings(max_examples=300, deadline=None)
@given(defects_of_a_coil, defects_of_a_coil, stretches, stretches)
def test_more_defects_or_less_inspected_never_give_a_better_grade(
    defects: list[CoilDefect], more: list[CoilDefect], unseen: list[Unknown], less: list[Unknown]
) -> None:
    before = grade(config(), COIL, defects, unseen)
    for after in (
        grade(config(), COIL, [*defects, *more], unseen),
        grade(config(), COIL, defects, [*unseen, *less]),
        grade(config(), COIL, defects, unseen, [mark(10, 20)]),
    ):
        assert ORDER[after.name] >= ORDER[before.name]
        assert _clean(after.longest_clean) <= _clean(before.longest_clean) + 1e-6
        assert after.inspected_mm <= before.inspected_mm + 1e-6


@settings(max_examples=300, deadline=None)
@given(defects_of_a_coil, stretches)
def test_every_piece_has_the_grade_and_the_list_covers_the_coil(
    defects: list[CoilDefect], unseen: list[Unknown]
) -> None:
    rules = config()
    cuts = cut_list(rules, COIL, defects, unseen, [mark(300, 5)])
    assert cuts is not None
    assert isinstance(rules.cuts, CutsConfig)
    at = 0.0
    for first, last in sorted((one.from_mm, one.to_mm) for kind in (cuts.pieces, cuts.cut_outs) for one in kind):
        assert first == pytest.approx(at, abs=1e-6)
        at = last
    assert at == LENGTH
    for piece in cuts.pieces:
        assert piece.to_mm - piece.from_mm >= rules.cuts.least_piece_m * 1000
        material = Material(defects, unseen, [mark(300, 5)], piece.from_mm, piece.to_mm)
        assert material.broken(rules.grades[0], as_piece=True) == []


@given(st.lists(st.floats(0, 1000), max_size=30), st.floats(0, 200))
def test_the_fullest_window_is_found(places: list[float], window: float) -> None:
    most, at = most_in_window(places, window)
    assert most == max((sum(first <= other <= first + window for other in places) for first in places), default=0)
    assert not places or sum(at <= one <= at + window for one in places) == most


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)).map(sorted).map(tuple), max_size=12))
def test_what_stretches_leave_free_is_the_rest(found: list[tuple[float, float]]) -> None:
    free = between(found, (0, 100))
    assert length(free) + length(found) == pytest.approx(100)
    assert joined(free) == free or len(joined(free)) <= len(free)


def _clean(stretch: tuple[float, float] | None) -> float:
    return 0.0 if stretch is None else stretch[1] - stretch[0]
