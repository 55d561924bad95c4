"""The coil against the truth of the simulated strip; ``simulated_exam`` has the tables."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from inspector.capture.simulator import StripTruth
from inspector.capture.simulator.strip.truth import strip_truth
from inspector.coil.config import RollMarksConfig
from inspector.coil.roll_marks import find
from inspector.report.coil.make import inspected, points
from tests.coil.simulated import Seen, Setup, publish
from tests.coil.simulated_exam import PERIODS, SETUPS, coil_of, periods_of, strip_of
from tests.coil.simulated_truth import Joins, pieces_of


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
def test_every_defect_of_the_strip_is_found_as_it_is(setup: Setup) -> None:
    packets, seen = publish(setup, strip_of(11), 20_000, seed=11)
    found = coil_of(packets)
    joins = Joins()
    joins.add(pieces_of(seen), found.defects, setup.cameras[0].mm_per_line)
    assert joins.pieces > 25
    assert joins.found == joins.pieces
    assert (joins.false_joins, joins.missed_joins, joins.not_found, joins.nothing_there) == (0, 0, 0, 0)
    # Ends and sides lie between the middles of pixels; of two cameras each has pixels of its own.
    assert max(joins.length_px) <= 2.0
    assert max(joins.width_mm) <= 2.0
    assert found.complete


def test_the_pieces_that_must_be_found_are_the_defects_that_the_simulator_lists() -> None:
    setup = SETUPS[0]
    _, seen = publish(setup, strip_of(12), 25_000)
    truth = _listed(seen)
    listed = sorted((one.class_name, one.seen.area.from_mm, one.seen.area.to_mm, one.seen.area_mm2) for one in truth.defects)  # fmt: skip
    pieces = sorted((one.class_name, one.from_mm, one.to_mm, one.area_mm2) for one in pieces_of(seen) if one.class_name != "pitting")  # fmt: skip
    assert len(listed) == len(pieces)
    for one, other in zip(listed, pieces, strict=True):
        assert one[0] == other[0]
        # What is thinner than a pixel where it leaves the view is in the list, and is seen by nobody.
        assert one[1:3] == pytest.approx(other[1:3], abs=1.0)
        assert one[3] == pytest.approx(other[3], rel=0.001)


@pytest.mark.parametrize("number", [1, 2, 8, 9], ids=lambda number: PERIODS[number][0])
def test_roll_marks_have_their_true_period(number: int) -> None:
    _, rows, length_m, missed = PERIODS[number]
    periods = periods_of(rows, length_m * 500, missed, range(7000, 7002))
    assert (periods.found, periods.twice, periods.false) == (periods.rows, 0, 0)
    assert max(periods.off_mm) <= 0.2
    assert max(periods.place_mm) <= 15
    assert all(share <= 1.05 for share in periods.possible)


def test_a_strip_without_a_roll_mark_has_none() -> None:
    _, rows, length_m, missed = PERIODS[7]
    assert periods_of(rows, length_m * 1000, missed, range(7000, 7002)).false == 0


def test_marks_on_both_faces_and_in_both_cameras_are_found() -> None:
    for setup, rows in ((SETUPS[4], 3), (SETUPS[5], 2)):
        packets, _ = publish(setup, strip_of(13), 60_000)
        findings = coil_of(packets)
        marks = find(list(points(findings.defects)), inspected(findings), RollMarksConfig())
        found = sorted((mark.area.face, round(mark.period_mm)) for mark in marks)
        assert found == sorted([("top", 1960), ("top", 1333), ("bottom", 2700)][:rows])


def _listed(seen: Sequence[Seen]) -> StripTruth:
    return strip_truth(seen[0].overlay, seen[0].frames, (), ())
