"""A frame in the ring with its lease, as it is passed from stage to stage, and what observers are shown of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from inspector.frames.layout import Layout
from inspector.frames.leases import Lease
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome
from inspector.frames.planes import Window


class FrameJudge(Protocol):
    """Makes outcomes of a bundle's results (``inspector.verdicts.judge.Judge``)."""

    def clean(self, gate_score: float) -> Outcome:
        """The outcome of a frame that the gate passed."""

    def segmented(
        self,
        gate_score: float | None,
        mask: NDArray[np.uint8],
        pixels: Sequence[int] | None,
        scores: Sequence[float],
        position_um: int | None = None,
    ) -> Outcome:
        """The outcome of a frame that was segmented; ``pixels`` None: the mask was compared with the segmenter's counts already.
        ``position_um`` is that of the frame."""


class FrameJudges(Protocol):
    """The judges that were in force when a frame was captured (``inspector.line.judges.Judges``)."""

    def of(self, camera: str, bundle: Bundle, identity: BundleIdentity) -> FrameJudge:
        """The judge for that bundle's results on frames of that camera."""


class LeasedFrame(NamedTuple):
    """A frame and the lease of the slot its pixels are in."""

    lease: Lease
    meta: FrameMeta
    judges: FrameJudges
    """Those in force when it was captured: a change of rules concerns the frames that follow."""
    shadow: bool = False
    """The frame is inspected beside the active bundle: its result is no verdict."""
    golden: bool = False
    """A golden frame of the self-test. No camera captured it, and the ledger does not know it."""
    layout: Layout | None = None
    """How it lies in the slot; None: as one window at the beginning, which is the whole frame."""

    @property
    def gets_verdict(self) -> bool:
        """Whether this inspection decides about a captured frame."""
        return not (self.shadow or self.golden)

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that the child reads."""
        if self.layout is None:
            return ((self.lease.slot, 0),)
        return tuple((self.lease.slot, piece.offset) for piece in self.layout.pieces)


class Inspected(NamedTuple):
    """A frame whose inspection is over, however it ended."""

    frame: LeasedFrame
    """Its lease is valid during the call; ``frame.lease.share`` gives the observer one of its own."""
    outcome: Outcome
    """The outcome of this inspection. It is the frame's verdict unless the ledger had one already, or a shadow inspected (``frame.shadow``)."""
    mask: NDArray[np.uint8] | None
    """The mask of the judged frame, uint8 [H, W], not to be written to, valid as long as the lease. None where the segmenter did not run."""
    is_verdict: bool = False
    """Whether ``outcome`` is the verdict of the frame: not of a shadow, and not later than another one."""


class Observer(Protocol):
    """Is shown inspected frames and gives no verdicts: archive, recorder, comparison with a shadow.

    Called when the inspection of a frame is over, also for frames that pass or are given up; not for frames that the overload policy
    dropped. It is called from several threads and delays the next frame, so it must be quick and must not raise."""

    def inspected(self, inspected: Inspected) -> None:
        """Called once for each frame and bundle when the inspection is over."""
