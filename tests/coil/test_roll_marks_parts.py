"""What the promise of the search for roll marks rests on."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.coil.config import RollConfig
from inspector.coil.periodic.events import events_of
from inspector.coil.periodic.evidence import SEEN, log_evidence, log_mean, log_share, won, won_at_one
from inspector.coil.periodic.inspected import Inspected
from inspector.coil.periodic.period import fitting, period_of, t_quantile
from inspector.frames.coil import Area


@pytest.mark.parametrize("chance", [0.001, 0.1, 0.7, 1.0])
def test_a_stake_is_worth_the_same_by_chance(chance: float) -> None:
    """Its expectation after a turn is what it was: what chance cannot win."""
    hit, missed = won(np.array([True, False]), np.array([chance, chance]))
    assert chance * np.exp(hit) + (1 - chance) * np.exp(missed) == pytest.approx(np.ones(len(SEEN)))


def test_one_row_and_many_are_counted_alike() -> None:
    stakes = won(np.array([True]), np.array([0.2])) + won(np.array([False]), np.array([0.3]))
    one = won_at_one(won_at_one([0.0] * len(SEEN), True, 0.2), False, 0.3)
    assert one == pytest.approx(stakes[0].tolist())
    assert log_mean(one) == pytest.approx(log_evidence(stakes)[0])


def test_the_shares_of_all_rows_are_less_than_one() -> None:
    """The sum up to a million, and the integral for what comes after."""
    count = 1_000_000
    some = np.exp(log_share(np.arange(count, dtype=np.float64))).sum()
    assert some + np.log(10.0) / np.log(count + 10.0) < 1


def test_defects_close_together_are_one_event_and_long_rows_none() -> None:
    along = np.array([0.0, 20.0, 500.0, *np.arange(1000.0, 2000.0, 25.0), 1010.0])
    x = np.array([100.0, 101.0, 100.0, *np.full(40, 100.0), 700.0])
    events = events_of(along, x, 30.0, 30.0)
    assert events.along.tolist() == [10.0, 500.0, 1010.0]
    assert events.cell.tolist() == [6, 6, 46]


def test_what_two_cameras_show_counts_once() -> None:
    seen = Inspected()
    seen.add(
        Area(face="top", from_mm=low, to_mm=high, x_from_mm=x, x_to_mm=x + 600)
        for low, high, x in ((0, 100, 0), (50, 200, 500), (100, 120, 0), (300, 400, 0))
    )
    assert seen.between("top", 100)(0, 1000) == pytest.approx(220)
    assert seen.between("top", 550)(0, 1000) == pytest.approx(300)
    assert seen.between("top", 550)(110, 310) == pytest.approx(100)
    assert seen.between("bottom", 550)(0, 1000) == 0
    lanes = np.array([seen.lane("top", 100), seen.lane("top", 550), seen.lane("bottom", 100)])
    both = seen.before(lanes, np.full(3, 1000.0)) - seen.before(lanes, np.full(3, 0.0))
    assert both.tolist() == pytest.approx([220, 300, 0])


def test_the_interval_holds_the_period() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        turn = np.flatnonzero(rng.random(60) < 0.7).astype(float)
        period = period_of(turn, 1000.0 * turn + rng.normal(0, 5, len(turn)), 5.0)
        held += period.low_mm <= 1000.0 <= period.high_mm
    assert 0.90 <= held / 400 <= 0.99


def test_students_t() -> None:
    assert [t_quantile(n) for n in (1, 3, 8, 30, 1000)] == pytest.approx(
        [12.706, 3.182, 2.306, 2.042, 1.962], rel=0.003
    )


def test_the_worked_example_of_the_documentation() -> None:
    """docs/coil-roll-marks.md: a work roll of 610 mm before a stand that rolls from 3.2 mm to 2.56 mm."""
    roll = RollConfig(name="F4", circumference_mm=1916.4, elongation=1.25)
    (fit,) = fitting(2398.0, [roll])
    assert fit.expected_mm == pytest.approx(2395.5)
    assert fit.off_percent == pytest.approx(0.104, abs=0.001)
