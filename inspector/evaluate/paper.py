"""What the source paper reports (A. Bionda, "Severstal defect segmentation", 2020), shown beside our own figures.

The paper does not say which Dice it means, nor how its test frames were chosen: so all of ours are shown with it, each by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

from engines.metrics.confusion import Confusion

CITED = 'A. Bionda, "Severstal defect segmentation", 2020'


@dataclass(frozen=True, slots=True)
class Reported:
    """A figure that the paper reports, by the name it has there."""

    name: str
    value: float


SEGMENTER_DICE = (Reported("paper: U-Net, text", 0.48), Reported("paper: U-Net B3, table", 0.607))
PIPELINE_DICE = (Reported("paper: pipeline", 0.71),)
GATES = {
    "paper: ResNet34": Confusion(tp=662, fn=54, fp=373, tn=711),
    "paper: ResNet50": Confusion(tp=695, fn=21, fp=365, tn=719),
}


def applies_to(height: int, width: int, class_count: int) -> bool:
    """Whether the paper's frames have this size and number of classes; its figures cannot be compared with those of others."""
    return (height, width, class_count) == (256, 1600, 4)
