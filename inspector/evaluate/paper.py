"""What the source paper reports (A. Bionda, "Severstal defect segmentation", 2020), to be read beside our own figures.

The paper does not say which Dice it means, nor how its test frames were chosen: hence all of ours stand beside it, each by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from engines.metrics.confusion import Confusion

CITED = 'A. Bionda, "Severstal defect segmentation", 2020'


@dataclass(frozen=True, slots=True)
class Printed:
    """A figure of the paper under the paper's name for it."""

    name: str
    value: float


SEGMENTER_DICE = (Printed("paper: U-Net, text", 0.48), Printed("paper: U-Net B3, table", 0.607))
PIPELINE_DICE = (Printed("paper: pipeline", 0.71),)
GATES = {
    "paper: ResNet34": Confusion(tp=662, fn=54, fp=373, tn=711),
    "paper: ResNet50": Confusion(tp=695, fn=21, fp=365, tn=719),
}


def is_about(height: int, width: int, class_count: int) -> bool:
    """Whether the paper's frames are of this form; beside others its figures would say nothing."""
    return (height, width, class_count) == (256, 1600, 4)
