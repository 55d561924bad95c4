"""How far two computations of the same outputs are from each other. What is allowed depends on what was compared."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Scores and masks of one computation against those of another, on the same frames."""

    frames: int
    score_difference: float
    """Largest of a score, of the gate or of a class; NaN if any output is."""
    mask_agreement: float
    """Share of pixels with the same bitmask: over all frames, or of the frame with the smallest; whoever compares says which."""

    def within(self, score_tolerance: float, least_mask_agreement: float) -> bool:
        """Whether neither is further off than that. NaN is not."""
        return self.score_difference <= score_tolerance and self.mask_agreement >= least_mask_agreement

    def __str__(self) -> str:
        return f"scores within {self.score_difference:.2g}, masks agree on {self.mask_agreement:.3%} of pixels ({self.frames} frames)"
