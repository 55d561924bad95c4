"""Section ``verdicts``: which defects make a sheet a reject or scrap. Also the scale of a camera, in millimetres per pixel."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from inspector.config.section import Section

MmPerPx = Annotated[float, Meta(gt=0, le=1000)]
MOST_RULES = 100
Limit = Annotated[float, Meta(gt=0, le=1e9)]
Probability = Annotated[float, Meta(ge=0, le=1)]


class Scale(Section, frozen=True, kw_only=True):
    """Size of a frame pixel on the sheet; x runs along the rows of the frame, y across them."""

    mm_per_px_x: Annotated[MmPerPx, Meta(description="Millimetres per pixel along a row of the frame.")]
    mm_per_px_y: Annotated[MmPerPx, Meta(description="Millimetres per pixel from one row to the next.")]

    def places_mm(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Where on the sheet a point of the frame lies, mm along x and y; the middle of the first pixel is (0, 0)."""
        return x_px * self.mm_per_px_x, y_px * self.mm_per_px_y

    def x_mm(self, x_px: float, y_px: float) -> float:
        """``places_mm`` along x."""
        return self.places_mm(x_px, y_px)[0]

    def y_mm(self, x_px: float, y_px: float) -> float:
        """``places_mm`` along y."""
        return self.places_mm(x_px, y_px)[1]


class Rule(Section, frozen=True, kw_only=True):
    """One reason to reject a sheet. A defect counts when it reaches every limit that is set; the rule fires when enough defects count."""

    class_name: Annotated[
        str | None,
        Meta(description="Class of the bundle to which the rule applies. Null: defects of all classes together."),
    ] = msgspec.field(default=None, name="class")
    verdict: Annotated[Literal["reject", "scrap"], Meta(description="Verdict of a frame on which the rule fires.")] = (
        "reject"
    )
    min_area_px: Annotated[Limit | None, Meta(description="A defect counts from this area, px2.")] = None
    min_area_mm2: Annotated[Limit | None, Meta(description="A defect counts from this area, mm2. Needs a scale.")] = (
        None
    )
    min_length_mm: Annotated[
        Limit | None, Meta(description="A defect counts from this length (longer side), mm. Needs a scale.")
    ] = None
    min_width_mm: Annotated[
        Limit | None, Meta(description="A defect counts from this width (shorter side), mm. Needs a scale.")
    ] = None
    min_score: Annotated[
        Probability | None,
        Meta(description="A defect counts from this score of the segmenter for its class."),
    ] = None
    min_count: Annotated[int, Meta(description="The rule fires from this many defects in a frame.", ge=1, le=10**6)] = 1
    min_count_per_metre: Annotated[
        Limit | None,
        Meta(description="The rule fires from this many defects per metre of travel in the frame. Needs a scale."),
    ] = None


NEEDS_SCALE = ("min_area_mm2", "min_length_mm", "min_width_mm", "min_count_per_metre")
"""Limits of a rule that need the camera's scale."""


class VerdictsConfig(Section, frozen=True, kw_only=True):
    """How the regions the segmenter marks become a verdict."""

    rules: Annotated[
        tuple[Rule, ...],
        Meta(
            description="Rules; the most severe that fires gives the verdict, and among equals the first gives the detail. "
            "Default: any defect of any class rejects.",
            min_length=1,
            max_length=MOST_RULES,
        ),
    ] = (Rule(),)
    travel_axis: Annotated[
        Literal["x", "y"],
        Meta(description="Frame axis along which the sheet moves: x, along the rows, or y, across them."),
    ] = "x"
    max_defects: Annotated[
        int,
        Meta(
            description="Most defects listed per frame, largest first. The rules are applied to the others too, with upper bounds of their length and width.",
            ge=1,
            le=10_000,
        ),
    ] = 100
    threads: Annotated[
        int, Meta(description="Threads that measure defects and judge frames in the daemon.", ge=1, le=64)
    ] = 1
