"""Section ``cameras[].frame_check``: which frames show nothing, and from when on such frames are a trouble of the line."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from engines.images.blank_limits import DEFAULT_LIMITS, BlankLimits
from inspector.config.section import Section

Share = Annotated[float, Meta(ge=0, le=1)]
Grey = Annotated[int, Meta(ge=0, le=255)]
MeanGrey = Annotated[float, Meta(ge=0, le=255)]


class EmptyPosition(Section, frozen=True, kw_only=True):
    """What a frame looks like while no sheet is there, e.g. an empty roller table: both figures must fit. Such a frame is UNINSPECTED with
    the reason `no_sheet` and no trouble of the line. A dead lamp or camera that gives such a picture is then not reported either, so
    describe it narrowly: take the figures from recorded frames, by `frame.mean()` and `frame.std()` of numpy."""

    grey_from: Annotated[MeanGrey, Meta(description="The mean of the pixels is at least this grey level.")]
    grey_to: Annotated[MeanGrey, Meta(description="The mean of the pixels is at most this grey level.")]
    max_deviation: Annotated[
        MeanGrey, Meta(description="The standard deviation of the pixels is at most this many grey levels.")
    ]

    def __post_init__(self) -> None:
        """Raises ValueError for limits that no frame fits."""
        if self.grey_from > self.grey_to:
            raise ValueError(f"grey_from {self.grey_from:g} is above grey_to {self.grey_to:g}; exchange them")


class FrameCheckConfig(Section, frozen=True, kw_only=True):
    """Frames that show nothing (covered lens, dead lamp, glare, one grey, noise, a transfer that stopped) are UNINSPECTED with the reason
    `bad_frame` and never reach the engines. The defaults accept each of 5,075 real frames, however dark their strip edges. Lower `min_contrast`
    or `min_structure` for sheets that are smoother than steel."""

    enabled: Annotated[
        bool, Meta(description="Whether frames are checked. False: every frame of the right size goes to the engines.")
    ] = True
    black: Annotated[Grey, Meta(description="A pixel is black up to this grey level.")] = DEFAULT_LIMITS.black
    white: Annotated[
        Annotated[int, Meta(ge=1, le=255)],
        Meta(description="A pixel is white, that is saturated, from this grey level on."),
    ] = DEFAULT_LIMITS.white
    max_clipped: Annotated[
        Share,
        Meta(description="Largest share of black and white pixels. 1: black and white frames are not refused for it."),
    ] = DEFAULT_LIMITS.max_clipped
    min_contrast: Annotated[
        Grey,
        Meta(
            description="Least distance between the grey levels of the darkest and of the brightest 0.5 % of the pixels; less is one grey. "
            "0: not checked."
        ),
    ] = DEFAULT_LIMITS.min_contrast
    min_structure: Annotated[
        Share,
        Meta(
            description="Least correlation of pixels that are 3 to 6 px apart, along the rows or across them, whichever is greater: 0 in "
            "noise, 1 in a smooth picture, 0.5 and more on steel. 0: not checked."
        ),
    ] = DEFAULT_LIMITS.min_structure
    max_repeated: Annotated[
        Share,
        Meta(
            description="Largest share of the frame that a row may fill by exact repetition, as where a transfer stopped or a line camera "
            "repeats its last line; columns likewise. 1: not checked."
        ),
    ] = DEFAULT_LIMITS.max_repeated
    count_clipped_rows: Annotated[
        bool,
        Meta(
            description="Whether rows that are entirely black or white count as repeated. Set it to false where head and tail of a strip "
            "lie across the rows and the camera's background is exactly 0, or exactly 255."
        ),
    ] = DEFAULT_LIMITS.count_clipped_rows
    empty_position: Annotated[
        EmptyPosition | None,
        Meta(
            description="What a frame without a sheet looks like. Null: frames without a sheet are not told from others."
        ),
    ] = None
    degraded_from: Annotated[
        int,
        Meta(
            description="The line is degraded from this many bad frames, unreadable ones included, among the last `degraded_window` frames "
            "of the camera, until less than half as many are among them.",
            ge=1,
            le=10_000,
        ),
    ] = 10
    degraded_window: Annotated[
        int, Meta(description="Frames of the camera among which bad ones are counted.", ge=1, le=100_000)
    ] = 100

    def __post_init__(self) -> None:
        """Raises ValueError for limits that contradict each other."""
        if self.black >= self.white:
            raise ValueError(f"black {self.black} is not below white {self.white}")
        if self.degraded_from > self.degraded_window:
            raise ValueError(f"degraded_from {self.degraded_from} is more than degraded_window {self.degraded_window}")

    @property
    def limits(self) -> BlankLimits:
        """The limits in the form in which they are applied."""
        return BlankLimits(
            black=self.black,
            white=self.white,
            max_clipped=self.max_clipped,
            min_contrast=self.min_contrast,
            min_structure=self.min_structure,
            max_repeated=self.max_repeated,
            count_clipped_rows=self.count_clipped_rows,
        )
