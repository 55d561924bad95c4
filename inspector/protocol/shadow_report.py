"""What a shadow would have changed: the body that ``shadow report`` is answered with, and the answers that are compared in it."""

from __future__ import annotations

import msgspec


class ShadowAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What one bundle said of a frame. Both are judged by the same rules of the line."""

    bundle: str
    operating_point: str
    verdict: str
    """PASS, REJECT or SCRAP."""
    reason: str
    detail: str = ""
    gate_score: float | None = None
    let_through: bool = False
    """Whether the gate let the frame through, so that it was segmented."""
    defects: dict[str, int] = {}
    """Defects listed, by class."""
    pixels: dict[str, int] = {}
    """Pixels marked, by class; empty where the frame was not segmented."""
    late: bool = False
    """Whether the answer came after the frame's deadline. The frame's verdict was UNINSPECTED then; the answer is compared all the same."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """So many of the compared frames, with the exact interval (Clopper and Pearson) of the share. Null where none was compared."""

    count: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class ClassCounts(msgspec.Struct, kw_only=True):
    """One defect class. Frames on which a defect of it was listed, and pixels marked on the frames that both bundles segmented."""

    active: int = 0
    shadow: int = 0
    both: int = 0
    active_px: int = 0
    shadow_px: int = 0
    smaller_px: int = 0
    """Sum over the frames of the smaller of the two pixel counts."""
    larger_px: int = 0
    """Sum over the frames of the larger one."""


class SampleCounts(msgspec.Struct, kw_only=True):
    """Which frames were compared, and what became of the others."""

    share: float = 0.0
    """Share of the frames that are to be compared; which ones, their number decides."""
    frames: int = 0
    """Frames that the active bundle was given since the shadow began."""
    chosen: int = 0
    """Of these, the frames whose number says that they are compared."""
    skipped: dict[str, int] = {}
    """Chosen frames that the shadow was not shown, by why: ``line_behind``, ``shadow_busy``, ``no_slot``, ``not_ready``."""
    unanswered: dict[str, int] = {}
    """Frames it was shown that cannot be compared, by the bundle without an answer and why: ``active engine_down``, ``shadow internal``."""
    late: int = 0
    """Compared frames on which the active bundle's answer came after the deadline."""
    gate: dict[str, int] = {}
    """Compared frames on which only one gate let through: ``active`` or ``shadow``."""


class ClassChange(msgspec.Struct, frozen=True, kw_only=True):
    """What would have changed of one defect class."""

    name: str
    counts: ClassCounts
    no_longer: Share
    """Frames on which only the active bundle found it."""
    newly: Share
    """Frames on which only the shadow found it."""
    pixel_agreement: float | None
    """At most this share of the pixels that either marked can have been marked by both (from counts alone: an upper bound of the IoU)."""


class ChangedFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame on which the bundles disagreed."""

    camera: str
    frame: int
    run: str
    captured_unix_ns: int
    kind: str
    """``verdict``: another verdict; ``classes``: the same verdict, but other classes of defects; ``gate``: only one gate let it through."""
    active: ShadowAnswer
    shadow: ShadowAnswer


class BundleComparison(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow beside one active bundle."""

    active_bundle: str
    """Bundle and operating point, ``name@point``."""
    shadow_bundle: str
    cameras: dict[str, SampleCounts]
    sample: SampleCounts
    """Of all cameras."""
    compared: int
    disagreed: Share
    """In any way."""
    changed: Share
    """Another verdict."""
    stricter: Share
    """The shadow's verdict is the worse one (PASS, REJECT, SCRAP)."""
    laxer: Share
    """The shadow's verdict is the better one."""
    verdicts: dict[str, dict[str, int]]
    """Frames by the active bundle's verdict, then by the shadow's."""
    classes: tuple[ClassChange, ...]
    frames: tuple[ChangedFrame, ...]
    """The newest frames on which they disagreed, oldest first."""
    frames_left_out: int
    """Disagreements that are not among ``frames``."""


class ShadowReportBody(msgspec.Struct, frozen=True, kw_only=True):
    """One shadow session. It has several comparisons where the active bundle was changed meanwhile."""

    epoch: str
    started_unix_ns: int
    shadow_bundle: str
    state: str
    """``ready``, ``restarting``, ...: of the shadow's child; ``ended``: the session is over, or this was read from the journal."""
    confidence: float
    """Of every interval, as if the compared frames were independent of each other."""
    comparisons: tuple[BundleComparison, ...]
