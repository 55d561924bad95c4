"""Chooses the demo bundle's operating point on held-out frames of two origins, and measures it on each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calibration.figures import figures
from calibration.gate_threshold import choose_gate_threshold
from calibration.mask_counts import Options, TrueDefects, stack_counts
from calibration.mask_thresholds import choose_masks
from engines.export.answers import ExportedNetworks
from engines.operating_point import OperatingPoint
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
    defective = np.array([sample.defective for sample in samples])
    names: list[str] = list(dict.fromkeys(sample.domain for sample in samples))
    domains = {name: np.array([sample.domain == name for sample in samples]) for name in names}
    scores = networks.score(frames)
    gate_threshold = choose_gate_threshold(scores, defective, recall).threshold
    options = Options.grid(MASK_THRESHOLDS, MINIMUM_AREAS_PX, len(classes))
    truths = [TrueDefects(sample.mask, len(classes)) for sample in samples]
    counted = [
        [truth.compare(networks.segment([frame], limits)[0][0], options.areas_px) for limits in options.thresholds]
        for frame, truth in zip(frames, truths, strict=True)
    ]
    counts = stack_counts(counted, truths, list(defective), options, len(classes))
    choices = choose_masks(counts.behind(scores >= gate_threshold), "balanced", groups=list(domains.values()))
    point = OperatingPoint(
        gate_threshold=gate_threshold,
        mask_thresholds={name: choice.threshold for name, choice in zip(classes, choices.classes, strict=True)},
        minimum_area_px={name: choice.minimum_area_px for name, choice in zip(classes, choices.classes, strict=True)},
        chosen={
            "on": {name: int(own.sum()) for name, own in domains.items()},
            "gate": f"highest threshold with recall {recall:g} over both domains together",
            "masks": "largest balanced Dice per class behind the gate, both domains weighing the same",
        },
    )
    at = counts.at(choices.index)
    located = np.array([sample.located for sample in samples])
    measured = {
        name: figures(scores[own], at.of(own), located[own], classes, point.gate_threshold)
        for name, own in domains.items()
    }
    return Judgement(point, measured)
