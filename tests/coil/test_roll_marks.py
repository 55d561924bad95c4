"""The search for roll marks: what it finds, what it tells while the coil runs, and that it does not find what is not there."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.coil.config import RollConfig, RollMarksConfig
from inspector.coil.roll_marks import Point, Told, Watch, find
from inspector.frames.coil import Area
from tests.coil.coils import KINDS, Row, chance, inspected, row, visible
from tests.coil.roll_mark_exam import clean_coil, detection, interval

LENGTH_MM = 500_000.0
CONFIG = RollMarksConfig()


def coil(
    *rows: Row, seed: int = 0, kind: str = "even", count: int = 300, length_mm: float = LENGTH_MM
) -> tuple[list[Point], list[Area]]:
    rng = np.random.default_rng(seed)
    areas = inspected(rng, length_mm, kind == "holes")
    points = chance(rng, kind, count, length_mm)
    for marks in rows:
        points += row(rng, marks, length_mm)
    return visible(points, areas), areas


@pytest.mark.parametrize("kind", KINDS)
def test_a_mark_is_found_on_every_kind_of_coil(kind: str) -> None:
    points, areas = coil(Row(3141.6, 500.0), kind=kind, count=150, length_mm=250_000.0)
    (mark,) = find(points, areas, CONFIG)
    assert mark.period_mm == pytest.approx(3141.6, rel=1e-4)
    assert mark.period_low_mm < 3141.6 < mark.period_high_mm
    assert (mark.class_name, mark.area.face) == ("pitted_surface", "top")
    assert mark.area.x_from_mm > 480
    assert mark.area.x_to_mm < 520
    assert mark.p_value < 1e-12
    assert 0.7 <= mark.count / mark.possible <= 1.0


@pytest.mark.parametrize(("period_mm", "seen"), [(250.0, 0.5), (2000.0, 0.3), (12_000.0, 0.5)])
def test_missed_marks_do_not_change_the_period(period_mm: float, seen: float) -> None:
    length = 150 * period_mm
    points, areas = coil(Row(period_mm, 500.0, seen=seen), length_mm=length)
    (mark,) = find(points, areas, CONFIG)
    assert mark.period_mm == pytest.approx(period_mm, rel=1e-3)


def test_a_period_that_drifts_is_followed() -> None:
    points, areas = coil(Row(1500.0, 500.0, drift_percent=0.1), length_mm=1e6)
    (mark,) = find(points, areas, CONFIG)
    assert mark.count > 500
    assert mark.period_mm == pytest.approx(1500.0, rel=0.01)


@pytest.mark.parametrize(("second_mm", "x_mm"), [(2000.0, 500.0), (3141.6, 900.0), (3141.6, 500.0)])
def test_two_marks_are_both_found(second_mm: float, x_mm: float) -> None:
    points, areas = coil(Row(3141.6, 500.0), Row(second_mm, x_mm, phase_mm=1200.0))
    found = sorted(mark.period_mm for mark in find(points, areas, CONFIG))
    assert found == pytest.approx(sorted([3141.6, second_mm]), rel=1e-3)


def test_a_stretch_that_was_not_inspected_is_no_missed_mark() -> None:
    points, _ = coil(Row(2000.0, 500.0, seen=1.0))
    areas = [
        Area(face=face, from_mm=low, to_mm=high, x_from_mm=0, x_to_mm=1200)
        for face in ("top", "bottom")
        for low, high in ((0.0, 200_000.0), (300_000.0, LENGTH_MM))
    ]
    (mark,) = find(visible(points, areas), areas, CONFIG)
    assert mark.count == pytest.approx(200, abs=2)
    assert mark.possible == pytest.approx(200, abs=2)
    assert mark.area.to_mm > 490_000


def test_the_rolls_that_fit_are_named_and_tell_it_sooner() -> None:
    rolls = (
        RollConfig(name="F4", circumference_mm=2200.0, elongation=1.25),
        RollConfig(name="F5", circumference_mm=2500.0, elongation=1.1, marks=2),
        RollConfig(name="pinch", circumference_mm=900.0),
    )
    points, areas = coil(Row(2752.0, 500.0, seen=1.0))
    (mark,) = find(points, areas, CONFIG, rolls)
    assert [fit.roll for fit in mark.rolls] == ["F4", "F5"] or [fit.roll for fit in mark.rolls] == ["F5", "F4"]
    assert mark.rolls[0].expected_mm == pytest.approx(2750.0)
    assert mark.rolls[0].off_percent == pytest.approx(0.073, abs=0.01)

    points, areas = coil(Row(1375.0, 500.0))
    (mark,) = find(points, areas, CONFIG, rolls)
    assert [(fit.roll, fit.turns) for fit in mark.rolls] == [("F5", 2)]


def test_a_watch_tells_a_mark_once_and_its_end() -> None:
    points, areas = coil(Row(2000.0, 500.0, from_mm=100_000.0, to_mm=300_000.0))
    watch = Watch(CONFIG)
    told: list[tuple[float, Told]] = []
    for settled in range(10_000, int(LENGTH_MM) + 1, 10_000):
        part = [point for point in points if settled - 10_000 <= point.along_mm < settled]
        told += [(settled, news) for news in watch.feed(part, areas if settled == 10_000 else (), float(settled))]
    told += [(LENGTH_MM, news) for news in watch.end()]
    assert [(news.number, news.ended) for _, news in told] == [(1, False), (1, True)]
    assert told[0][0] == 150_000
    assert 300_000 < told[1][0] <= 400_000
    assert watch.marks() == find(points, areas, CONFIG)


def test_a_mark_that_goes_on_is_told_as_it_grows() -> None:
    points, areas = coil(Row(2000.0, 500.0, to_mm=300_000.0))
    watch = Watch(CONFIG)
    counts: list[int] = []
    for settled in range(10_000, 300_001, 10_000):
        part = [point for point in points if settled - 10_000 <= point.along_mm < settled]
        first = watch.feed(part, areas if settled == 10_000 else (), float(settled))
        grown = watch.grown()
        assert {news.number for news in (*first, *grown)} <= {1}
        counts += [news.mark.count for news in (*first, *grown)]
    assert len(counts) == 6
    assert counts == sorted(set(counts))
    assert counts[-1] > 100
    watch.end()
    assert watch.grown() == []


def test_nothing_to_look_at() -> None:
    points, areas = coil(count=0)
    assert find((), (), CONFIG) == []
    assert find(points, areas, CONFIG) == []
    assert find([Point("crazing", "top", 1.0, 2.0)] * 50, areas, CONFIG) == []


def test_only_the_classes_that_are_asked_for() -> None:
    points, areas = coil(Row(2000.0, 500.0))
    assert find(points, areas, RollMarksConfig(classes=("crazing",))) == []


def test_coils_without_a_mark() -> None:
    """The exam, with some coils: `python -m tests.coil.roll_mark_exam`."""
    told = [clean_coil(number, CONFIG, 200_000.0) for number in range(8)]
    assert sum(coil.alarms for coil in told) == 0
    assert {coil.kind for coil in told} == set(KINDS)


def test_a_cell_of_the_exam() -> None:
    cell = detection([1], 2, 100, [{"jitter_mm": 5.0, "seen": 0.6}], 300_000.0)
    assert (cell.marks, cell.found, cell.false) == (2, 2, 0)


def test_a_defect_on_the_border_of_two_turns_holds_nothing_up() -> None:
    """Two rows in one band whose marks lie half a turn apart to the last digit."""
    cell = detection([100, 500, 3, 2], 4, 100, [{"jitter_mm": 5.0, "seen": 0.3}] * 2)
    assert cell.found + cell.harmonics >= 7


def test_the_interval_of_a_share() -> None:
    assert interval(10, 1000) == pytest.approx((0.004805, 0.018314), abs=1e-5)
    assert interval(0, 1000) == pytest.approx((0.0, 0.003682), abs=1e-5)
