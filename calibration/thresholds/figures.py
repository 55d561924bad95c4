"""How good a bundle is at an operating point, in plain values for cards and reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.thresholds.mask_counts import MaskCounts
from engines.metrics.clopper_pearson import rate_upper_bound
from engines.metrics.confusion import Confusion
from engines.metrics.dice import pooled_dice
from engines.metrics.quotient import Quotient
from engines.metrics.threshold_sweep import roc_area


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
        "pixel_dice_defective_frames": _rounded(_pixel_dice(piped.of(defective)).value),
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
    gate = Confusion.at(threshold, scores, defective)
    return {
        "auc": _rounded(roc_area(scores, defective)),
        "recall": _rounded(gate.recall),
        "missed": gate.fn,
        "defective": gate.defective,
        "miss_rate_upper_bound_95": _rounded(rate_upper_bound(gate.fn, gate.defective, 0.95)),
        "clean_passed_on": gate.fp,
        "clean": gate.clean,
        "clean_pass_on_rate": _rounded(gate.false_alarm_rate),
    }


def _dice_where_present(dice: NDArray[np.float64], holds: NDArray[np.bool_]) -> dict[str, Any]:
    return {"dice": _rounded(_mean(dice[holds])), "frames": int(holds.sum())}


def _pixel_dice(counts: MaskCounts) -> Quotient:
    return pooled_dice(int(counts.both.sum()), int(counts.marked.sum()), int(counts.true.sum()))


def _mean(values: NDArray[Any]) -> float | None:
    return float(values.mean()) if values.size else None


def _rounded(value: float | None) -> float:
    """NaN where there is nothing to say it from: the figures go into YAML and tables, which both know it."""
    return math.nan if value is None else round(value, 4)
