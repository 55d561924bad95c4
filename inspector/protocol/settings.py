"""What a subscriber needs to read the results of a stream; ``start`` and ``change`` carry it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from inspector.protocol import limits
from inspector.protocol.values import (
    Classes,
    ClassName,
    HeartbeatMs,
    Message,
    Millimetres,
    Number,
    PixelsOfClasses,
    Positive,
    Probability,
    Side,
    Text,
    Word,
)


class Geometry(Message, frozen=True, kw_only=True):
    """Size of a frame."""

    height_px: Side
    width_px: Side


class Fit(Message, frozen=True, kw_only=True):
    """How the frames that are judged come from those that the camera delivers. A point x, y of a judged frame is offset_px + factor * (x, y)
    in the camera's, both counted from the upper left corner of the first pixel."""

    mode: Annotated[
        Word,
        Meta(
            description="refuse: they are the same; crop: a window; pad: filled up; resize: stretched; tile: inspected in tiles, judged as one."
        ),
    ]
    camera: Annotated[Geometry | None, Meta(description="Size of the camera's frames; null: each has its own.")]
    offset_px: Annotated[
        tuple[Number, Number] | None,
        Meta(
            description="x, y of the judged frame's corner in the camera's; negative: padding. Null: of each its own."
        ),
    ]
    factor: Annotated[
        tuple[Positive, Positive] | None,
        Meta(description="Camera pixels to one of the judged frame, along x and y. Null: of each its own."),
    ]
    thresholds_void: Annotated[
        bool,
        Meta(
            description="True: the thresholds were not calibrated on frames fitted so; verdicts and figures are for a look, and mean nothing."
        ),
    ]


class ScaleMm(Message, frozen=True, kw_only=True):
    """Size of a pixel on the sheet, mm."""

    x_mm_per_px: Positive
    y_mm_per_px: Positive


class StripFrame(Message, frozen=True, kw_only=True):
    """The edges of a judged frame in the coordinates of the strip, mm. Pixels are as large as each other between them, apart from the
    distortion of a lens."""

    x_from_mm: Annotated[Millimetres, Meta(description="Across the strip, from its reference edge: the nearer edge.")]
    x_to_mm: Annotated[Millimetres, Meta(description="The edge that is further from it.")]
    from_mm: Annotated[
        Millimetres, Meta(description="Along the strip, from the position of the frame: the end nearer to the head.")
    ]
    to_mm: Annotated[Millimetres, Meta(description="The other end.")]


class Placement(Message, frozen=True, kw_only=True):
    """How the camera sees the strip."""

    travel_axis: Annotated[Literal["x", "y"], Meta(description="Which axis of the frame is along the strip.")]
    face: Annotated[Literal["top", "bottom"], Meta(description="The face that is seen.")]
    flip_across: Annotated[
        bool, Meta(description="The first row or column of the frame is the one far from the reference edge.")
    ]
    flip_along: Annotated[
        bool, Meta(description="The first row or column of the frame is its trailing edge, not its leading one.")
    ]
    frame: Annotated[
        StripFrame | None,
        Meta(description="Where the frame is. Null: without a scale, or of each frame its own."),
    ]


class Thresholds(Message, frozen=True, kw_only=True):
    """The operating point: what of a network's output counts. It is that of the header's ``operating_point``."""

    gate: Annotated[
        Probability,
        Meta(description="A frame whose gate score is below this is PASS, gate_clean; any other is segmented."),
    ]
    mask: Annotated[
        dict[ClassName, Probability],
        Meta(
            description="Per class: a pixel is set where the segmenter's probability is at least this.",
            max_length=limits.MOST_CLASSES,
        ),
    ]
    minimum_area_px: Annotated[
        PixelsOfClasses,
        Meta(description="Per class: a region of set pixels is a defect from this area on, and a speck below it."),
    ]


class SheetSettings(Message, frozen=True, kw_only=True):
    """What a sheet is."""

    by: Annotated[Word, Meta(description="frame, part or length.")]
    length_mm: Positive | None
    cameras: Annotated[
        tuple[Name, ...],
        Meta(description="The cameras that see each sheet.", min_length=1, max_length=limits.MOST_CAMERAS),
    ]


class Settings(Message, frozen=True, kw_only=True):
    """What a subscriber needs to read the results of a camera."""

    classes: Annotated[Classes, Meta(description="Defect classes; bit k of a mask is class k.")]
    geometry: Annotated[Geometry, Meta(description="Of the frames that are judged.")]
    fit: Annotated[Fit, Meta(description="How they come from the camera's.")]
    scale: Annotated[ScaleMm | None, Meta(description="Null: figures are in pixels only.")]
    placement: Annotated[
        Placement | None, Meta(description="How the camera sees the strip; null in the stream of sheets.")
    ]
    thresholds: Annotated[Thresholds, Meta(description="What of the networks' output counts.")]
    rules: Annotated[
        tuple[Text, ...],
        Meta(description="The verdict rules in force, one line each, for a person.", max_length=limits.MOST_RULES),
    ]
    deadline_ms: Annotated[
        Positive | None, Meta(description="Longest time from capture to verdict; null: no deadline.")
    ]
    heartbeat_ms: Annotated[HeartbeatMs, Meta(description="Time between two heartbeats.")]
    masks: Annotated[bool, Meta(description="Whether results with defect pixels carry a mask.")]
    source: Annotated[Word, Meta(description="What delivers the frames: simulator, replay, ...")]
    software: Annotated[Word, Meta(description="Name and version of the publisher.")]
    units: Annotated[dict[Word, Word], Meta(description="Unit of each suffix used in keys.", max_length=16)]
    sheets: Annotated[
        SheetSettings | None, Meta(description="In the stream of sheets what a sheet is; null in that of a camera.")
    ]
