"""What frames were like when the operating point was chosen: the section ``reference`` of ``operating_point.yaml``."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from engines.drift.look import BANDS, GROUPS

MOST_BINS = 64
Value = Annotated[float, Meta(ge=-1e6, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1)]
Level = Annotated[float, Meta(ge=0, le=1e4)]
FIGURES = ("gate_score", "brightness", "contrast", "sharpness")
"""The figures whose distribution is kept."""


class Distribution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one figure was distributed over the frames."""

    mean: Value
    spread: Annotated[float, Meta(ge=0, le=1e6)]
    """Standard deviation from frame to frame."""
    edges: Annotated[tuple[Value, ...], Meta(max_length=MOST_BINS)]
    """Between the bins, increasing; a value at an edge belongs to the bin above it."""
    shares: Annotated[tuple[Share, ...], Meta(max_length=MOST_BINS + 1)]
    """Of the frames in each bin; one more than there are edges."""

    def __post_init__(self) -> None:
        """Raises ValueError where edges and shares do not belong together."""
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError(
                f"{len(self.edges)} edges and {len(self.shares)} shares; there is one share more than edges"
            )
        if any(low >= high for low, high in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("the edges do not increase")
        if abs(sum(self.shares) - 1) > 0.01:
            raise ValueError(f"the shares sum to {sum(self.shares):.4g}, not to 1")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the light lay over the frame. Rows are bands of the frame, from the top; columns are groups of its columns, from the left."""

    mean: Annotated[tuple[tuple[Level, ...], ...], Meta(min_length=1, max_length=BANDS)]
    """Brightness of each tile as a share of the frame's."""
    spread: Annotated[tuple[tuple[Level, ...], ...], Meta(min_length=1, max_length=BANDS)]
    """Its standard deviation from frame to frame."""
    frames: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=GROUPS)]
    """Share of the frames in which the group lies on the sheet."""

    def __post_init__(self) -> None:
        """Raises ValueError where the rows have different lengths."""
        if {len(row) for row in (*self.mean, *self.spread)} != {len(self.frames)} or len(self.mean) != len(self.spread):
            raise ValueError("mean, spread and frames differ in size")


class Reference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What frames were like."""

    frames: Annotated[int, Meta(ge=1, le=1 << 32)]
    """Frames it was made of."""
    equal_frames: Annotated[float, Meta(gt=0, le=1 << 32)]
    """As many frames of equal weight would tell as much; fewer than ``frames`` where they were weighted by the line's defect rate."""
    gate_score: Distribution
    brightness: Distribution
    contrast: Distribution
    sharpness: Distribution
    profile: Profile
