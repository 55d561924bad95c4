"""The strip of a simulated camera: long defects and roll marks, each at its place along the strip."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from inspector.config.section import Section

Face = Literal["top", "bottom"]
Share = Annotated[float, Meta(ge=0, le=1)]
SizeMm = Annotated[float, Meta(gt=0, le=100_000)]
LengthM = Annotated[float, Meta(gt=0, le=500)]
PlaceMm = Annotated[float, Meta(ge=0, le=100_000)]
LongClass = Literal["inclusion", "scratches", "corrosion"]
MarkClass = Literal["pitting", "inclusion", "scratches", "corrosion"]
Contrast = Annotated[float, Meta(gt=0, le=1)]

APART_MM = 20.0
"""Defects of one class are at least so far from each other, so that each is one region."""


class LongDefectsConfig(Section, frozen=True, kw_only=True):
    """Defects of one class that run on along the strip over many frames, at random places. Networks see them best at a width that real ones of
    the class have: bands of corrosion narrower than 100 px look like scratches to the included bundle."""

    class_name: Annotated[LongClass, Meta(description="The class to which they belong in the truth.")] = msgspec.field(
        default="scratches", name="class"
    )

    per_100_m: Annotated[
        float,
        Meta(
            description="Their mean number in 100 m of each face. Those that would come within 20 mm of another one of their class, or of the "
            "band of a roll mark of their class, are left out, so that each is one defect.",
            ge=0,
            le=100,
        ),
    ] = 4.0
    length_m: Annotated[
        tuple[LengthM, LengthM], Meta(description="Shortest and longest, m. All lengths between are equally likely.")
    ] = (0.5, 12.0)
    width_mm: Annotated[
        tuple[SizeMm, SizeMm], Meta(description="Narrowest and widest, mm. All widths between are equally likely.")
    ] = (20.0, 40.0)
    contrast: Annotated[Contrast, Meta(description="Share of the light that their darkest places lose.")] = 0.6

    def __post_init__(self) -> None:
        """Raises ValueError for a range that runs backwards."""
        for key, (least, most) in (("length_m", self.length_m), ("width_mm", self.width_mm)):
            if least > most:
                raise ValueError(f"{key} is {least:g} to {most:g}; expected the smaller one first")


class RollMarkConfig(Section, frozen=True, kw_only=True):
    """What a damaged roll prints on the strip at each turn: the same mark, one period further along."""

    period_mm: Annotated[
        SizeMm,
        Meta(
            description="From the middle of one mark to that of the next as the camera sees it, mm: the circumference of the roll times the "
            "elongation of the strip behind it."
        ),
    ]
    x_mm: Annotated[PlaceMm, Meta(description="Middle of the marks, mm from the reference edge of the strip.")]
    class_name: Annotated[
        MarkClass, Meta(description="The class to which the marks belong in the truth, and which they look like.")
    ] = msgspec.field(default="pitting", name="class")
    face: Annotated[Face, Meta(description="The face of the strip on which they are.")] = "top"
    phase_mm: Annotated[
        PlaceMm,
        Meta(
            description="Middle of one of the marks, mm from the head of the strip. The others are whole periods off."
        ),
    ] = 0.0
    length_mm: Annotated[SizeMm, Meta(description="Size of a mark along the strip, mm.")] = 60.0
    width_mm: Annotated[SizeMm, Meta(description="Size of a mark across the strip, mm.")] = 40.0
    jitter_mm: Annotated[
        float,
        Meta(
            description="Each mark is off its place along the strip by a random length of this standard deviation, mm, at most three times as much.",
            ge=0,
            le=100_000,
        ),
    ] = 0.0
    missed: Annotated[Share, Meta(description="Share of the turns, at random, that print no mark.")] = 0.0
    from_m: Annotated[float, Meta(description="No mark is nearer to the head of the strip than this, m.", ge=0)] = 0.0
    to_m: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="No mark is further from the head than this, m. Null: it goes on to the end."),
    ] = None
    contrast: Annotated[Contrast, Meta(description="Share of the light that its darkest places lose.")] = 0.7

    def __post_init__(self) -> None:
        """Raises ValueError for a stretch that ends before it begins, and for marks that would run into each other."""
        if self.to_m is not None and self.to_m <= self.from_m:
            raise ValueError(f"from_m is {self.from_m:g} and to_m {self.to_m:g}; expected a to_m that is greater")
        if self.length_mm + 6 * self.jitter_mm >= self.period_mm:
            raise ValueError(
                f"marks of length_mm {self.length_mm:g} and jitter_mm {self.jitter_mm:g} could touch at a period_mm of {self.period_mm:g}; "
                "expected length_mm + 6 * jitter_mm below period_mm"
            )

    @property
    def band_mm(self) -> tuple[float, float]:
        """Where its marks are across the strip."""
        return self.x_mm - self.width_mm / 2, self.x_mm + self.width_mm / 2


class StripConfig(Section, frozen=True, kw_only=True):
    """A strip that goes on from frame to frame: its defects are drawn over the camera's sheets at their places on it. Cameras with the same
    section see the same strip, each its part, by their `scale`, `placement`, `travel_um_per_frame` or `line_scan`, and `verdicts.travel_axis`.
    The sheets below end at each frame, and are different ones for each camera."""

    width_mm: Annotated[
        SizeMm, Meta(description="Width of the strip, mm. What a camera sees beyond its edges is black.")
    ]
    seed: Annotated[
        int,
        Meta(description="Seed of what is on the strip; that of the sheets is the camera's own.", ge=0, le=2**63 - 1),
    ] = 1
    long_defects: Annotated[
        tuple[LongDefectsConfig, ...],
        Meta(description="Long defects, an entry for each class or size.", max_length=100),
    ] = ()
    roll_marks: Annotated[
        tuple[RollMarkConfig, ...],
        Meta(description="Marks of rolls, an entry for each place of a roll.", max_length=100),
    ] = ()

    def __post_init__(self) -> None:
        """Raises ValueError for what does not lie on the strip."""
        for number, mark in enumerate(self.roll_marks):
            low, high = mark.band_mm
            if low < 0 or high > self.width_mm:
                raise ValueError(
                    f"roll_marks[{number}] lies from {low:g} to {high:g} mm across the strip; expected 0 to width_mm, which is {self.width_mm:g}"
                )
        for number, long in enumerate(self.long_defects):
            if 2 * long.width_mm[1] > self.width_mm:
                raise ValueError(
                    f"long_defects[{number}].width_mm goes up to {long.width_mm[1]:g}; expected at most half the strip's width_mm, which is {self.width_mm:g}"
                )
