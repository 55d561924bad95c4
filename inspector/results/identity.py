"""Identity of the publisher in one epoch, and what is published at the start and end of a run."""

from __future__ import annotations

import re

import msgspec

from engines.files.names import NAME, NAME_IN_WORDS
from inspector.frames.fitted import Fitted
from inspector.frames.outcome import BundleIdentity, Reason, Verdict
from inspector.frames.sheet import SHEET
from inspector.frames.size import FrameSize
from inspector.protocol.settings import Placement, SheetSettings, Thresholds


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Identity of the publisher. Raises ValueError for a line or camera name that cannot be part of a topic."""

    line: str
    cameras: tuple[str, ...]
    epoch: str
    """UUID of this start of the daemon."""
    sheets: bool = False
    """Whether there is a stream of whole sheets beside those of the cameras."""
    simulated: bool = False
    """True in a replay and on a simulated line: no controller may act on what is published."""

    def __post_init__(self) -> None:
        for name in (self.line, *self.cameras):
            if not re.search(NAME, name):
                raise ValueError(f"{name!r} cannot be part of a topic; expected {NAME_IN_WORDS}")
        if not self.cameras or len(set(self.cameras)) != len(self.cameras):
            raise ValueError(f"cameras {self.cameras}: at least one, each with a name of its own")

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams by name: of the cameras, and of sheets."""
        return (*self.cameras, SHEET) if self.sheets else self.cameras


class StartInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the ``start`` message of a camera's run."""

    bundle: BundleIdentity
    """The active bundle."""
    size: FrameSize
    """Size of the frames that are judged."""
    thresholds: Thresholds
    """The bundle's operating point."""
    fitted: Fitted | None = None
    """Where they lie in the camera's; None: they are the camera's."""
    thresholds_void: bool = False
    """Whether the bundle's thresholds were not calibrated on frames fitted so."""
    calibration: str | None = None
    """Identity of the camera's calibration."""
    recipe: str = ""
    """Name of the recipe; empty where there is none."""
    scale_mm_per_px: tuple[float, float] | None = None
    """x, y."""
    rules: tuple[str, ...] = ()
    """The verdict rules in force, one line each, for a person."""
    deadline_ms: float | None = None
    source: str = ""
    """What delivers the frames: simulator, replay, ..."""
    placement: Placement | None = None
    """How the camera sees the strip; None in the stream of sheets."""
    sheets: SheetSettings | None = None
    """What a sheet is; None in the stream of a camera."""


class Totals(msgspec.Struct, kw_only=True):
    """Frames of a run on one camera, by verdict and reason; each lost frame is counted."""

    frames: int = 0
    verdicts: dict[Verdict, int] = msgspec.field(default_factory=dict)
    reasons: dict[Reason, int] = msgspec.field(default_factory=dict)
    late: int = 0
    """Results that came after their frame had been settled."""

    def add(self, verdict: Verdict, reason: Reason, frames: int) -> None:
        """Count ``frames`` further frames with this verdict and reason."""
        self.frames += frames
        self.verdicts[verdict] = self.verdicts.get(verdict, 0) + frames
        self.reasons[reason] = self.reasons.get(reason, 0) + frames
