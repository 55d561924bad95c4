"""How good a bundle is at an operating point, in plain values for cards and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.gate_threshold import count_at
from calibration.thresholds.mask_counts import MaskCounts


def figures(
    scores: NDArray[np.float32],
    counts: MaskCounts,
    located: NDArray[np.bool_],
    classes: Sequence[str],
    threshold: float,
) -> dict[str, Any]:
    """Figures of N frames: gate ``scores`` ``[N]``, mask ``counts`` of the segmenter alone at the chosen point (T = A = 1).

    What needs masks is told of the frames ``located`` ``[N]``: those whose truth says where the defects are.
    """
    let_through = scores.astype(np.float64) >= threshold
    alone, piped = (part.of(located) for part in (counts, counts.behind(let_through)))
    clean, defective = ~alone.defective, alone.defective
    marked_alone, marked = (part.any_marked() for part in (alone, piped))
    return {
        "frames": int(scores.size),
        "gate": gate_figures(scores, counts.defective, threshold),
        "dice_where_present": {
            name: _dice_where_present(piped.dice[:, 0, 0, k], piped.true[:, k] > 0) for k, name in enumerate(classes)
        },
        "pixel_dice_defective_frames": _rounded(_pixel_dice(piped.of(defective))),
        "kaggle_mean_dice": {
            "pipeline": _rounded(_mean(piped.dice)),
            "segmenter_alone": _rounded(_mean(alone.dice)),
            "marking_nothing": _rounded(_mean(alone.true == 0)),
        },
        "defects": {
            "found": int(piped.found.sum()),
            "of": int(piped.defects.sum()),
            "false_per_frame": _rounded(float(piped.false.sum()) / max(len(piped.true), 1)),
        },
        "clean_frames_marked": {
            "pipeline": int(marked[clean].sum()),
            "segmenter_alone": int(marked_alone[clean].sum()),
            "of": int(clean.sum()),
        },
        "defective_frames_marked": {"pipeline": int(marked[defective].sum()), "of": int(defective.sum())},
    }


def gate_figures(scores: NDArray[np.float32], defective: NDArray[np.bool_], threshold: float) -> dict[str, Any]:
    """The gate alone."""
    choice = count_at(threshold, scores, defective)
    return {
        "auc": _rounded(area_under_roc(scores, defective)),
        "recall": _rounded(choice.recall),
        "missed": choice.missed,
        "defective": choice.defective,
        "miss_rate_at_most_95_percent_sure": _rounded(choice.miss_rate_bound()),
        "clean_passed_on": choice.passed_on,
        "clean": choice.clean,
        "clean_pass_on_rate": _rounded(choice.pass_on_rate),
    }


def area_under_roc(scores: NDArray[np.float32], defective: NDArray[np.bool_]) -> float:
    """Probability that a defective frame scores higher than a clean one (Mann and Whitney, 1947); ties count half; NaN without both."""
    positive, negative = np.sort(scores[defective]), scores[~defective]
    if not positive.size or not negative.size:
        return math.nan
    above = positive.size - np.searchsorted(positive, negative, side="right")
    not_below = positive.size - np.searchsorted(positive, negative, side="left")
    return float((above + not_below).mean() / (2 * positive.size))


def _dice_where_present(dice: NDArray[np.float64], holds: NDArray[np.bool_]) -> dict[str, Any]:
    return {"dice": _rounded(_mean(dice[holds])), "frames": int(holds.sum())}


def _pixel_dice(counts: MaskCounts) -> float:
    total = int(counts.marked.sum() + counts.true.sum())
    return 2.0 * float(counts.both.sum()) / total if total else math.nan


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if values.size else math.nan


def _rounded(value: float) -> float:
    return round(value, 4)
