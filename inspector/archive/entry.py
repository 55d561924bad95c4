"""What the archive keeps of one frame."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.files.names import Name
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.protocol import limits
from inspector.protocol.values import (
    ClassName,
    Count,
    FileName,
    Identity,
    Number,
    PixelsOfClasses,
    Probability,
    Side,
    Text,
    UnixNs,
    Word,
)

MOST_ID = 2**62
BLOCK = 4096
"""Bytes that a disk gives to files at a time."""


class Evidence(str, Enum):
    """Why a frame is kept: its class of evidence. Each has its own share of the disk."""

    SCRAP = "scrap"
    REJECT = "reject"
    DISAGREEMENT = "disagreement"
    """A shadow bundle gave another verdict."""
    UNCERTAIN = "uncertain"
    """Near a threshold."""
    CLEAN = "clean"
    """A sample of the sheets that passed."""


Format = Literal["png", "webp", "jpeg"]
SUFFIXES: dict[Format, str] = {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}
Box = tuple[Count, Count, Side, Side]
"""x, y, width, height, px."""
Crc32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the line knows of a frame that is to be kept, and how its picture is stored."""

    line: Name
    camera: Name
    epoch: Word
    frame: Count
    run: Word | None
    recipe: Word | None
    part: Word | None
    captured_unix_ns: UnixNs
    position_um: Number | None
    travel_um: Number | None
    verdict: Verdict
    reason: Reason
    detail: Text
    gate_score: Probability | None
    classes: Annotated[tuple[ClassName, ...], Meta(max_length=limits.MOST_CLASSES)]
    """Classes that have a defect, or a pixel that is set."""
    pixels: PixelsOfClasses
    """As in a result: set by the segmenter, per class; empty where it did not run."""
    defect_pixels: PixelsOfClasses
    defects: Annotated[tuple[Defect, ...], Meta(max_length=limits.MOST_DEFECTS)]
    """In pixels of the frame, also where only a crop of it is kept."""
    bundle: Identity | None
    operating_point: Identity | None
    calibration: Identity | None
    flat_field: Identity | None
    simulated: bool
    name: FileName
    """In a replay the file's name; else empty."""
    evidence: Evidence
    worth: Annotated[float, Meta(ge=-1e15, le=1e15)]
    """The higher, the longer it is kept among those of its class of evidence."""
    height_px: Side
    width_px: Side
    """Of the frame."""
    bits: Annotated[tuple[ClassName, ...], Meta(max_length=limits.MOST_CLASSES)]
    """Class of each bit of the mask, bit 0 first; empty where no bundle inspected the frame."""
    format: Format
    box_px: Box | None
    """The part of the frame that the picture and the mask show; None: all of it."""

    @property
    def picture_px(self) -> tuple[int, int]:
        """Height and width of the picture and of the mask."""
        return (self.height_px, self.width_px) if self.box_px is None else (self.box_px[3], self.box_px[2])


class KeptFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the archive, as it was written."""

    path: Annotated[str, Meta(max_length=200)]
    """Within the archive's folder, with / between folders."""
    bytes: Count
    crc32: Crc32


class Entry(Facts, frozen=True, kw_only=True):
    """One entry of the archive."""

    id: Annotated[int, Meta(ge=1, le=MOST_ID)]
    """Rises in the order in which entries were added, whatever the clock says."""
    added_unix_ns: UnixNs
    bytes: Count
    """What all its files take of the disk."""
    image: KeptFile
    mask: KeptFile | None
    """PNG, bit k: the class ``bits[k]``. What the segmenter found, which is a prediction. None where it did not run, but for a frame that
    passed, which has a mask without a pixel."""
    thumbnail: KeptFile | None
    protected: bool = False
    """Never deleted by a quota."""
    lost: bool = False
    """Its picture or its mask is not there any more, or not as it was written."""

    @property
    def identity(self) -> tuple[str, str, int]:
        """What tells frames apart."""
        return self.epoch, self.camera, self.frame
