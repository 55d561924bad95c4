"""Keys of a camera that say where on the sheet its frames are: encoder, lines, placement."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from inspector.config.section import AtLeastOne, Positive, Section

Millimetres = Annotated[float, Meta(ge=-1e6, le=1e6)]


class EncoderConfig(Section, frozen=True, kw_only=True):
    """The encoder whose count the camera sends with each frame. The count is that of the frame's first line."""

    um_per_count: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)], Meta(description="How far the sheet moves in one count, um.")
    ]
    bits: Annotated[
        int, Meta(description="Width of the raw counter; after 2^bits - 1 it goes on with 0.", ge=8, le=64)
    ] = 32
    reversed: Annotated[bool, Meta(description="The counter counts down while the sheet moves forward.")] = False
    fastest_m_per_s: Annotated[
        Positive,
        Meta(
            description="The sheet never moves faster, m/s. Between two counts it cannot have moved further; a count that says so was reset, "
            "and positions are unknown until the next run. The counter must not turn over by half its range at this speed between two frames."
        ),
    ] = 30.0
    jitter_um: Annotated[
        Annotated[float, Meta(ge=0, le=1e6)],
        Meta(
            description="Counting back by up to this is taken for vibration of a sheet at rest and not reported, um. Positions are as measured all the same."
        ),
    ] = 1000.0


class LineScanConfig(Section, frozen=True, kw_only=True):
    """Frames that are put together from lines: how far the sheet moves from one frame to the next."""

    lines: Annotated[AtLeastOne, Meta(description="Lines of a frame.")]
    um_per_line: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)], Meta(description="How far the sheet moves from one line to the next, um.")
    ]
    overlap_lines: Annotated[
        int, Meta(description="So many lines at the beginning of a frame are the last ones of the frame before.", ge=0)
    ] = 0

    @property
    def um_per_frame(self) -> float:
        """How far the sheet moves from one frame to the next, um."""
        return (self.lines - self.overlap_lines) * self.um_per_line


class PlacementConfig(Section, frozen=True, kw_only=True):
    """Where on the strip a camera looks. `verdicts.travel_axis` says which axis of the frame is along the strip; the other is across it."""

    lateral_mm: Annotated[
        Millimetres,
        Meta(description="Across the strip, from its reference edge to the edge of the frame that is nearer to it."),
    ] = 0.0
    face: Annotated[Literal["top", "bottom"], Meta(description="The face of the strip that the camera sees.")] = "top"
    flip_across: Annotated[
        bool, Meta(description="The first row or column of the frame is the one far from the reference edge.")
    ] = False
    along_mm: Annotated[
        Millimetres,
        Meta(
            description="How far along the strip, downstream, the camera stands behind the place where positions are counted."
        ),
    ] = 0.0
    flip_along: Annotated[
        bool, Meta(description="The first row or column of the frame is its trailing edge, not its leading one.")
    ] = False
