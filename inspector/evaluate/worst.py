"""The worst errors of the pipeline, a few of each kind, collected while the frames are evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.data.dataset import LabelledFrame
from inspector.evaluate.predictions import Prediction
from inspector.evaluate.tally import FrameResult
from inspector.protocol import masks
from inspector.report.selection import OUTLINED_WELL, Best


@dataclass(frozen=True, slots=True)
class Error:
    """A frame on which the pipeline was wrong."""

    frame: LabelledFrame
    seen: FrameResult
    runs: bytes
    """What the segmenter marks, run lengths of ``inspector.protocol.masks``, also where the gate stopped the frame."""

    def found(self, height: int, width: int) -> NDArray[np.uint8]:
        """The segmenter's bitmask, ``uint8 [height, width]``."""
        return masks.decode(self.runs, height, width)


class Worst:
    """The errors to show. Keeps run lengths, and reads the pixels again when they are shown."""

    KINDS: tuple[tuple[str, str], ...] = (
        (
            "stopped",
            "Defective, but stopped at the gate: lost for good (outlined is what the segmenter would have marked)",
        ),
        ("missed", "Defective and let through, but no defect found"),
        ("false", "Clean, but a defect found: false scrap"),
        ("poor", "Found, but poorly outlined or taken for another class"),
    )

    def __init__(self, size: int = 6) -> None:
        self._best = {kind: Best[Error](size) for kind, _ in self.KINDS}

    def offer(self, seen: FrameResult, prediction: Prediction) -> None:
        """Consider a frame."""
        placed = _place(seen)
        if placed is not None:
            kind, rank = placed
            self._best[kind].offer(rank, lambda: Error(prediction.frame, seen, masks.encode(prediction.mask)))

    def sections(self) -> list[tuple[str, list[Error]]]:
        """Title and frames of each kind there is, the worst first."""
        made = [(title, [error for _, error in self._best[kind].ranked()]) for kind, title in self.KINDS]
        return [(title, errors) for title, errors in made if errors]


def _place(seen: FrameResult) -> tuple[str, float] | None:
    """The kind of error and how bad it is; None where there is none."""
    if not seen.defective:
        return ("false", float(seen.marked_px)) if seen.caught else None
    if not seen.let_through:
        return "stopped", float(seen.true_px)
    if not seen.caught:
        return "missed", float(seen.true_px)
    if seen.dice is not None and seen.dice < OUTLINED_WELL:
        return "poor", 1 - seen.dice
    return None
