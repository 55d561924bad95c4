"""Chooses the operating point of exported networks on held-out frames, and measures them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.gate_threshold import GateChoice, choose_gate_threshold, count_at
from calibration.mask_thresholds import choose_mask_thresholds
from engines.export.answers import ExportedNetworks
from engines.operating_point import OperatingPoint
from engines.training import metrics
from engines.training.samples import Sample

MASK_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
MINIMUM_AREAS_PX = (50, 150, 300, 600)


@dataclass(frozen=True)
class Judgement:
    """The operating point and the figures behind it."""

    point: OperatingPoint
    metrics: dict[str, dict[str, Any]]
    """By domain: gate, per-class and overall figures, plain values only."""


def judge(networks: ExportedNetworks, samples: Sequence[Sample], classes: Sequence[str], recall: float) -> Judgement:
    """Choose thresholds on `samples` (full resolution), then measure each domain.

    The gate's threshold is what `recall` needs over the frames of all domains together; masks are judged behind the
    gate, each domain weighing the same.
    """
    frames = [sample.frame for sample in samples]
    truth = np.stack([sample.mask for sample in samples])
    defective = np.array([sample.defective for sample in samples])
    domains = {name: np.array([s.domain == name for s in samples]) for name in dict.fromkeys(s.domain for s in samples)}
    scores = networks.score(frames)
    gate_threshold = choose_gate_threshold(scores, defective, recall).threshold
    let_through = scores >= gate_threshold

    def segment(threshold: float) -> NDArray[np.uint8]:
        return networks.segment(frames, [threshold] * len(classes))[0] * let_through[:, None, None].astype(np.uint8)

    choices = choose_mask_thresholds(
        segment, truth, list(domains.values()), len(classes), MASK_THRESHOLDS, MINIMUM_AREAS_PX
    )
    point = OperatingPoint(
        gate_threshold=round(gate_threshold, 4),
        mask_thresholds={name: choice.threshold for name, choice in zip(classes, choices, strict=True)},
        minimum_area_px={name: choice.minimum_area_px for name, choice in zip(classes, choices, strict=True)},
        chosen={
            "on": {name: int(own.sum()) for name, own in domains.items()},
            "gate": f"highest threshold with recall {recall:g} over both domains together",
            "masks": "largest balanced Dice per class behind the gate, both domains weighing the same",
        },
    )
    masks = networks.segment(frames, point.thresholds(classes))[0]
    masks = np.stack([metrics.drop_small(mask, point.minimum_areas(classes)) for mask in masks])
    figures: dict[str, dict[str, Any]] = {
        name: _figures(scores[own], masks[own], truth[own], defective[own], classes, point.gate_threshold)
        for name, own in domains.items()
    }
    return Judgement(point, figures)


def _figures(
    scores: NDArray[np.float32],
    masks: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    defective: NDArray[np.bool_],
    classes: Sequence[str],
    threshold: float,
) -> dict[str, Any]:
    piped = masks * (scores >= threshold)[:, None, None].astype(np.uint8)
    count = len(classes)
    dice = {name: metrics.positive_dice(piped, truth, k) for k, name in enumerate(classes)}
    return {
        "frames": int(scores.size),
        "gate": {
            "auc": _rounded(metrics.area_under_roc(scores, defective)),
            **_counts(count_at(threshold, scores, defective)),
        },
        "dice_where_present": {name: {"dice": _rounded(value), "frames": n} for name, (value, n) in dice.items()},
        "pixel_dice_defective_frames": _rounded(metrics.pixel_dice(piped, truth, count)),
        "kaggle_mean_dice": {
            "pipeline": _rounded(metrics.kaggle_mean_dice(piped, truth, count)),
            "segmenter_alone": _rounded(metrics.kaggle_mean_dice(masks, truth, count)),
            "marking_nothing": _rounded(metrics.kaggle_mean_dice(np.zeros_like(truth), truth, count)),
        },
        "clean_frames_marked": {
            "pipeline": int(piped[~defective].any(axis=(1, 2)).sum()),
            "segmenter_alone": int(masks[~defective].any(axis=(1, 2)).sum()),
            "of": int((~defective).sum()),
        },
        "defective_frames_marked": {
            "pipeline": int(piped[defective].any(axis=(1, 2)).sum()),
            "of": int(defective.sum()),
        },
    }


def _counts(choice: GateChoice) -> dict[str, Any]:
    return {
        "recall": _rounded(choice.recall),
        "missed": choice.missed,
        "defective": choice.defective,
        "miss_rate_at_most_95_percent_sure": _rounded(choice.miss_rate_bound()),
        "clean_passed_on": choice.passed_on,
        "clean": choice.clean,
        "clean_pass_on_rate": _rounded(choice.pass_on_rate),
    }


def _rounded(value: float) -> float:
    return round(value, 4)
