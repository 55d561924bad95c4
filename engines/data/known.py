"""Class names of public sets whose files carry numbers only, and of the simulator."""

from __future__ import annotations

from collections.abc import Collection

from engines.data.images import Size

SEVERSTAL = ("pitting", "inclusion", "scratches", "corrosion")
"""Classes 1..4 of "Severstal: Steel Defect Detection", in the words of A. Bionda, "Severstal defect segmentation" (2020)."""

SIMULATOR = SEVERSTAL
"""What ``inspector simulate`` draws."""

NEU_SEG = ("inclusion", "patches", "scratches")
"""Classes 1..3 of NEU-Seg (hot-rolled strip, 200x200)."""


def class_names(kind: str, sizes: Collection[Size], highest: int) -> tuple[str, ...]:
    """Names for classes 1..``highest`` of a set that gives none: those of the public set of this layout and frame size, else ``class_1``..."""
    if kind == "kaggle" and set(sizes) == {(256, 1600)} and highest <= len(SEVERSTAL):
        return SEVERSTAL
    if kind == "masks" and set(sizes) == {(200, 200)} and highest == len(NEU_SEG):
        return NEU_SEG
    return tuple(f"class_{number}" for number in range(1, highest + 1))
