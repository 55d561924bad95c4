"""The outcome of a frame: the verdict, the reason for it, and the defects it is based on."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta

from engines.files.names import LONGEST_LABEL
from inspector.frames.meta import FrameMeta
from inspector.frames.size import FrameSize
from inspector.frames.strip import StripView


class Verdict(str, Enum):
    """The four verdicts. Only an explicit PASS that comes in time lets a sheet through."""

    PASS = "PASS"
    REJECT = "REJECT"
    SCRAP = "SCRAP"
    UNINSPECTED = "UNINSPECTED"


class Reason(str, Enum):
    """Why a frame got its verdict."""

    GATE_CLEAN = "gate_clean"
    """PASS: the gate's score is below its threshold."""
    NO_DEFECT = "no_defect"
    """PASS: the segmenter ran and no rule fired."""
    DEFECT = "defect"
    """REJECT or SCRAP: a rule fired."""
    CAMERA_LOST = "camera_lost"
    """UNINSPECTED: the camera skipped the frame."""
    BAD_FRAME = "bad_frame"
    """UNINSPECTED: the pixels could not be read, decoded or used, or they show nothing."""
    NO_SHEET = "no_sheet"
    """UNINSPECTED: the frame looks as the configuration describes the position without a sheet."""
    PAUSED = "paused"
    """UNINSPECTED: the line was paused by a person or a program."""
    OVERLOAD = "overload"
    """UNINSPECTED: dropped by the overload policy, the ring being full."""
    DEADLINE = "deadline"
    """UNINSPECTED: no result in time."""
    ENGINE_DOWN = "engine_down"
    """UNINSPECTED: the inference process died, hung, was restarting, or was ended because its output could not be (NaN)."""
    ENGINE_STARTING = "engine_starting"
    """UNINSPECTED: the engines were being loaded for the first time (``capture_during_start``)."""
    SHUTDOWN = "shutdown"
    """UNINSPECTED: still open when the line stopped."""
    INTERNAL = "internal"
    """UNINSPECTED: an error in the program on this frame, or the engines' mask of it is not what they counted; the log has the details."""


REASONS: dict[Verdict, frozenset[Reason]] = {
    Verdict.PASS: frozenset({Reason.GATE_CLEAN, Reason.NO_DEFECT}),
    Verdict.REJECT: frozenset({Reason.DEFECT}),
    Verdict.SCRAP: frozenset({Reason.DEFECT}),
    Verdict.UNINSPECTED: frozenset(Reason) - {Reason.GATE_CLEAN, Reason.NO_DEFECT, Reason.DEFECT},
}
"""The reasons that each verdict may have."""

Pixels = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Extent = Annotated[float, Meta(ge=0, le=1e15)]
"""A measured length or area."""
Figure = Annotated[float, Meta(ge=-1e15, le=1e15)]
"""A measured value. Bounded, so that whoever prints one that came over the network prints a short text."""


class Defect(msgspec.Struct, frozen=True, kw_only=True):
    """One connected region of one class. Pixel figures are in frame pixels, x along the rows."""

    class_name: Annotated[str, Meta(min_length=1, max_length=LONGEST_LABEL)] = msgspec.field(name="class")
    score: Annotated[float, Meta(ge=0, le=1)]
    """Maximum probability of the class over the frame."""
    area_px: Pixels
    bbox_px: tuple[Pixels, Pixels, Pixels, Pixels]
    """x, y, width, height."""
    centroid_px: tuple[Extent, Extent]
    """x, y."""
    length_px: Extent
    """Longer side of the smallest rotated rectangle around the region."""
    width_px: Extent
    """Shorter side of that rectangle."""
    area_mm2: Extent | None
    """None without a scale, as all that is in mm."""
    length_mm: Extent | None
    width_mm: Extent | None
    x_mm: Figure | None
    """Of the centroid, across the strip from its reference edge."""
    position_um: Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] | None
    """Of the centroid, along the strip; None without a scale or where the position of the frame is unknown."""


class BundleIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The bundle that inspected a frame, at its operating point: all that is needed to read its results."""

    bundle: str
    """Name, version and digest of the model bundle."""
    operating_point: str
    """Identity of the thresholds."""
    classes: tuple[str, ...]
    """Defect classes; bit k of a mask is class k."""
    size: FrameSize
    """Size of the frames the bundle inspects, and of its own masks."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of one frame and the findings it is based on."""

    verdict: Verdict
    reason: Reason
    detail: str = ""
    """One line for a person; empty where the reason is enough."""
    gate_score: float | None = None
    """Gate's probability that the sheet holds a defect; None where the gate did not run."""
    pixels: tuple[int, ...] = ()
    """Segmenter's pixel count per class, in the order of ``bundle.classes``; empty where the segmenter did not run."""
    defect_pixels: tuple[int, ...] = ()
    """Of these, the pixels of regions that are defects; the others are specks, smaller than the minimum area of their class."""
    scores: tuple[float, ...] = ()
    """Highest probability in the frame of each class, in that order too; empty where the segmenter did not run. Not published: a defect has that
    of its class."""
    defects: tuple[Defect, ...] = ()
    mask: bytes = b""
    """Class bitmask, run-length encoded (``inspector.protocol.masks``); empty where no pixel is set."""
    bundle: BundleIdentity | None = None
    """The bundle that inspected the frame; None where none did."""
    places: StripView | None = None
    """How the camera sees the strip; None where no engine's answer was judged."""
    size: FrameSize | None = None
    """Size of the frame that was judged, and of its mask, where it is not that of the bundle's frames."""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A frame with its verdict, as the ledger passes it on, in the order the verdicts were reached."""

    meta: FrameMeta
    outcome: Outcome
    settled_ns: int
    """When the verdict was reached, monotonic ns."""
    resolved_through: int
    """The camera's watermark: every frame up to and including this number has its verdict; -1 before the first."""
    count: int = 1
    """Frames from ``meta.frame`` on that share this outcome (more than 1 only for frames a camera lost)."""
