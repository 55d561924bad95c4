"""Section ``cameras[].fit``: what becomes of a camera's frames that do not have the size of the bundle's."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from inspector.config.section import Section

FitMode = Literal["refuse", "crop", "pad", "resize", "tile"]
Pixels = Annotated[int, Meta(ge=1, le=65535)]
Shift = Annotated[int, Meta(ge=0, le=65535)]
Grey = Annotated[int, Meta(ge=0, le=255)]
MODES: tuple[FitMode, ...] = ("refuse", "crop", "pad", "resize", "tile")

_USED_BY: dict[str, tuple[FitMode, ...]] = {
    "size": ("crop", "pad", "resize", "tile"),
    "offset": ("crop", "pad"),
    "pad_with": ("pad", "tile"),
    "overlap_px": ("tile",),
}
"""The modes that use a key."""


class SizePx(Section, frozen=True, kw_only=True):
    """The size of a camera's frames."""

    height: Annotated[Pixels, Meta(description="Rows.")]
    width: Annotated[Pixels, Meta(description="Columns.")]


class OffsetPx(Section, frozen=True, kw_only=True):
    """A place in a frame, from its upper left corner."""

    x: Annotated[Shift, Meta(description="Columns from the left.")]
    y: Annotated[Shift, Meta(description="Rows from the top.")]


class FitConfig(Section, frozen=True, kw_only=True):
    """Frames of another size than the bundle's: refused (UNINSPECTED, `bad_frame`), unless `mode` says how they are fitted."""

    mode: Annotated[
        FitMode,
        Meta(
            description="refuse; crop: a window of the bundle's size is inspected, nothing else; pad: the frame is filled up; resize: it is "
            "stretched, on a live line only where the thresholds were calibrated on such frames; tile: it is cut into overlapping tiles, "
            "all are inspected and one frame is judged."
        ),
    ] = "refuse"
    size: Annotated[
        SizePx | None,
        Meta(
            description="Size of the camera's frames; others are refused. Null: for a replay of files, each as it is; for a recording, as it "
            "was recorded; any other source, and tile, needs it."
        ),
    ] = None
    offset: Annotated[
        OffsetPx | None,
        Meta(
            description="crop: upper left corner of the window in the frame; null: in the middle. pad: that of the frame in the padded "
            "one; null: 0, 0."
        ),
    ] = None
    pad_with: Annotated[
        Literal["mirror"] | Grey,
        Meta(
            description="pad, and tile where a frame is smaller than a tile: mirror, which makes no edge, or a grey level. What is found in "
            "the padding does not count."
        ),
    ] = "mirror"
    overlap_px: Annotated[
        Shift,
        Meta(description="tile: least overlap of neighbours; give at least the width of the defects that matter."),
    ] = 32

    def __post_init__(self) -> None:
        """Raises ValueError for a key that the mode does not use."""
        plain = {"size": None, "offset": None, "pad_with": "mirror", "overlap_px": 32}
        for key, modes in _USED_BY.items():
            if self.mode not in modes and getattr(self, key) != plain[key]:
                raise ValueError(f"{key} is not used with mode {self.mode}, only with {', '.join(modes)}; leave it out")
