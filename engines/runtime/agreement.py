"""The difference between two computations of the same outputs. The tolerances are the caller's, as they depend on what is compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Scores and masks of one computation against those of another, on the same frames."""

    frames: int
    score_difference: float
    """Largest difference of a score, of the gate or of a class; NaN if any output is NaN."""
    mask_agreement: float
    """Share of pixels with the same bitmask, 0..1: over all frames or of the worst frame, as documented by the function that compares."""

    def within(self, score_tolerance: float, least_mask_agreement: float) -> bool:
        """Whether both are within these tolerances; False for NaN."""
        return self.score_difference <= score_tolerance and self.mask_agreement >= least_mask_agreement

    def __str__(self) -> str:
        return f"scores within {self.score_difference:.2g}, masks agree on {self.mask_agreement:.3%} of pixels ({self.frames} frames)"
