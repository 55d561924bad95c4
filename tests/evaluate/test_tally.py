"""The figures of single frames and their sums, on cases known beforehand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.data.dataset import LabelledFrame
from engines.metrics.bootstrap import ratio
from inspector.evaluate.estimates import estimates_of
from inspector.evaluate.predictions import Prediction
from inspector.evaluate.tally import Tally

Mask = NDArray[np.uint8]


class Drawn:
    """A label in memory."""

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self.fingerprint = ""

    def bitmask(self, size: tuple[int, int]) -> Mask:
        return self._mask


def prediction(
    marked: Mask,
    true: Mask,
    score: float = 0.9,
    *,
    name: str = "f",
    group: str | None = None,
    located: bool = True,
    defective: bool | None = None,
) -> Prediction:
    frame = LabelledFrame(
        name=name,
        path=Path(name),
        group=group or name,
        classes=(),
        defective=bool(true.any()) if defective is None else defective,
        located=located,
        size=(true.shape[0], true.shape[1]),
        label=Drawn(true),
    )
    return Prediction(frame, score, score >= 0.5, marked, 1.0, 2.0)


def mask(*rows: str) -> Mask:
    """Digits are bitmasks."""
    return np.array([[int(digit) for digit in row] for row in rows], dtype=np.uint8)


def values(*predictions: Prediction, minimum_area_px: tuple[int, int] = (1, 1)) -> dict[str, float]:
    tally = Tally(2, minimum_area_px)
    for one in predictions:
        tally.add(one)
    sums = tally.sums()
    return dict(zip(sums.names, ratio(sums.part.sum(axis=0), sums.whole.sum(axis=0)).tolist(), strict=True))


TRUE, CLEAN = mask("1100", "0022"), mask("0000", "0000")


def test_perfect_predictions() -> None:
    found = values(prediction(TRUE, TRUE, 0.9), prediction(CLEAN, CLEAN, 0.1))
    for name, value in found.items():
        if name.endswith(("false_alarm_rate", "false_scrap_rate", "false_defects_per_frame")):
            assert value == 0, name
        elif name.endswith("all_empty"):
            assert value == 0.5
        else:
            assert value == 1, name


def test_marking_nothing() -> None:
    found = values(prediction(CLEAN, TRUE, 0.1), prediction(CLEAN, CLEAN, 0.1))
    assert found["gate.recall"] == 0
    assert np.isnan(found["gate.precision"])
    for stage in ("segmenter", "pipeline"):
        assert found[f"{stage}.mask.kaggle_mean_dice"] == found[f"{stage}.mask.kaggle_all_empty"] == 0.5
        assert found[f"{stage}.mask.pixel_dice"] == found[f"{stage}.mask.positive_dice"] == 0
        assert found[f"{stage}.defect_recall"] == found[f"{stage}.sheet_recall"] == 0
        assert found[f"{stage}.false_scrap_rate"] == found[f"{stage}.false_defects_per_frame"] == 0


def test_everything_wrong() -> None:
    """Each frame marked where the truth is not, the clean one too."""
    wrong = mask("2200", "0011")
    found = values(prediction(wrong, TRUE), prediction(wrong, CLEAN))
    assert found["gate.precision"] == 0.5
    assert found["gate.false_alarm_rate"] == found["pipeline.false_scrap_rate"] == 1
    assert found["pipeline.mask.kaggle_mean_dice"] == found["pipeline.mask.pixel_dice"] == 0
    assert found["pipeline.mask.pixel_dice_any_class"] == 1
    assert found["pipeline.defect_recall"] == 0
    assert found["pipeline.false_defects_per_frame"] == 2


def test_the_gate_empties_the_pipelines_mask_only() -> None:
    found = values(prediction(TRUE, TRUE, 0.4), prediction(TRUE, CLEAN, 0.4))
    assert found["segmenter.mask.pixel_dice"] == 1
    assert found["pipeline.mask.pixel_dice"] == 0
    # Pairs: none of the first frame's two is right, both of the second's are empty.
    assert found["pipeline.mask.kaggle_mean_dice"] == 0.5
    assert (found["segmenter.false_scrap_rate"], found["pipeline.false_scrap_rate"]) == (1, 0)
    assert (found["segmenter.defect_recall.0"], found["pipeline.defect_recall.0"]) == (1, 0)


def test_specks_are_in_the_mask_and_no_defects() -> None:
    # Truth: 2 px of class 0. Marked: these, and a speck of class 1.
    true, marked = mask("1100", "0000"), mask("1100", "0002")
    found = values(prediction(marked, true), minimum_area_px=(2, 2))
    assert found["pipeline.mask.kaggle_mean_dice"] == 0.5
    assert found["pipeline.defects.kaggle_mean_dice"] == 1
    assert found["pipeline.mask.pixel_dice"] == pytest.approx(2 * 2 / (3 + 2))
    assert found["pipeline.defects.pixel_dice"] == 1
    assert found["pipeline.false_defects_per_frame"] == 0
    assert values(prediction(mask("0000", "0002"), CLEAN), minimum_area_px=(2, 2))["pipeline.false_scrap_rate"] == 0


def test_where_defects_are_not_outlined_only_gate_and_sheets_count() -> None:
    unknown = prediction(TRUE, CLEAN, located=False, defective=True)
    tally = Tally(2, (1, 1))
    seen = tally.add(unknown)
    assert (seen.located, seen.dice, seen.caught) == (False, None, True)
    found = values(unknown, prediction(CLEAN, CLEAN, 0.1))
    assert found["gate.recall"] == found["pipeline.sheet_recall"] == 1
    assert found["pipeline.mask.kaggle_mean_dice"] == 1  # the clean frame's alone
    assert np.isnan(found["pipeline.mask.pixel_dice"])
    assert found["pipeline.false_defects_per_frame"] == 0
    assert tally.defects["pipeline"].marked == [0, 0]


def test_sums_by_group_are_those_of_its_frames() -> None:
    tally = Tally(2, (1, 1))
    for name, group, marked in (("a", "x", TRUE), ("b", "y", CLEAN), ("c", "x", CLEAN)):
        tally.add(prediction(marked, TRUE, name=name, group=group))
    sums = tally.sums()
    assert sums.groups == 2
    assert sums.group_of_frame.tolist() == [0, 1, 0]
    at = sums.names.index("pipeline.defect_recall")
    assert sums.part[:, at].tolist() == [2, 0]
    assert sums.whole[:, at].tolist() == [4, 2]


def test_estimates_have_intervals_where_enough_groups_speak() -> None:
    tally = Tally(2, (1, 1))
    for number in range(30):
        tally.add(prediction(TRUE if number % 3 else CLEAN, TRUE, name=f"f{number}"))
    found = estimates_of(tally.sums())
    recall = found["pipeline.defect_recall"]
    assert recall.value == pytest.approx(2 / 3)
    assert recall.low is not None
    assert recall.high is not None
    assert 0.45 < recall.low < 2 / 3 < recall.high < 0.88
    # Every frame was let through: the exact bound of 30 of 30.
    assert found["gate.recall"].low == pytest.approx(1 - (1 - 0.025 ** (1 / 30)))
    assert found["gate.false_alarm_rate"].value is None
    # Nothing false in 30 frames does not mean that there never will be.
    assert found["pipeline.false_defects_per_frame"].high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_a_truth_of_another_geometry_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        Tally(2, (1, 1)).add(prediction(mask("11"), TRUE))
