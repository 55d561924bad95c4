"""Takes a frame that has its number into the ring and hands it to inference; one that cannot be inspected gets its verdict here."""

from __future__ import annotations

import threading

from inspector.capture.frame_check import FrameCheck
from inspector.capture.preparation import Preparation
from inspector.capture.source import Arrival
from inspector.config.frame_check import FrameCheckConfig
from inspector.config.tree import OverloadPolicy
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder, Lease
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.frames.ring import FrameRing
from inspector.inference.inference import Inference
from inspector.line.bad_frames import BadFrames
from inspector.line.camera_condition import CameraCondition
from inspector.line.setup import Entry
from inspector.line.tap import Tap
from inspector.verdicts.ledger import Ledger

ROOM_POLL_S = 0.05
"""A camera that waits for a free slot checks this often whether the line stops, seconds."""


class Intake:
    """The intake of one camera's frames; used by its thread only, but for ``overload``."""

    def __init__(
        self,
        frame_check: FrameCheckConfig,
        preparation: Preparation,
        ledger: Ledger,
        ring: FrameRing,
        inference: Inference,
        tap: Tap | None,
        condition: CameraCondition,
        stopping: threading.Event,
    ) -> None:
        """``tap`` is shown each frame first, ``condition`` is told where many frames cannot be used, and where they can again."""
        self.overload: OverloadPolicy = "drop_oldest"
        """What happens to frames taken from now on when the ring is full."""
        self._preparation = preparation
        self._holder = Holder(f"camera {condition.camera}")
        self._ledger = ledger
        self._ring = ring
        self._inference = inference
        self._tap = tap
        self._condition = condition
        self._stopping = stopping
        self._frame_check = FrameCheck(frame_check)
        self._bad_frames = BadFrames(frame_check.degraded_from, frame_check.degraded_window, self._frames_well)

    def take(self, arrival: Arrival, meta: FrameMeta, entry: Entry) -> None:
        """Hand the frame on, or settle it. An error ends the camera; the frame has its verdict all the same."""
        try:
            if self._tap is not None:
                self._tap.captured(meta, arrival, entry)
            self._hand_on(arrival, meta, entry)
        except Exception as error:
            self._settle(meta, Reason.INTERNAL, f"internal error on arrival: {error}")
            raise

    def _hand_on(self, arrival: Arrival, meta: FrameMeta, entry: Entry) -> None:
        if entry.paused:
            self._settle(meta, Reason.PAUSED, "the line is paused")
            return
        wrong = arrival.error if arrival.pixels is None else self._preparation.refusal(arrival.pixels)
        if arrival.pixels is None or wrong:
            self._refuse_frame(meta, Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.BAD_FRAME, detail=wrong))
            return
        refused = self._frame_check.refused(arrival.pixels)
        if refused is not None:
            self._refuse_frame(meta, refused)
            return
        self._bad_frames.good(meta.frame)
        lease = self._find_slot()
        if lease is None:
            self._refuse(meta)
            return
        try:
            self._preparation.write(arrival.pixels, self._ring.plane(lease))
        except BaseException:
            lease.release()
            raise
        setup = entry.setup
        layout = self._preparation.layout(arrival.pixels)
        self._inference.submit(LeasedFrame(lease, meta, setup.judges, layout=layout), setup.dispatcher)

    def _refuse_frame(self, meta: FrameMeta, outcome: Outcome) -> None:
        """Settle a frame in which nothing can be inspected."""
        self._ledger.settle(meta.camera, meta.frame, outcome)
        if outcome.reason is Reason.BAD_FRAME:
            self._bad_frames.bad(meta.frame, outcome.detail)
        else:
            self._bad_frames.good(meta.frame)

    def _frames_well(self, well: bool, text: str) -> None:
        code = "frames_usable" if well else "bad_frames"
        self._condition.tell("frames of", well, code, f": {text}")

    def _find_slot(self) -> Lease | None:
        """A slot, found by the overload policy; None where this frame is to be dropped, or the line stops."""
        lease = self._ring.leases.acquire(self._holder)
        if lease is not None or self.overload == "drop_newest":
            return lease
        if self.overload == "drop_oldest":
            oldest = self._inference.take_oldest_waiting()
            if oldest is None:  # every slot is with the engines or being judged: nothing older can be dropped
                return self._ring.leases.acquire(self._holder)
            self._settle(oldest.meta, Reason.OVERLOAD, "dropped for a newer frame: the ring was full")
            return self._ring.leases.exchange(oldest.lease, self._holder)
        while lease is None and not self._stopping.is_set():
            lease = self._ring.leases.acquire(self._holder, ROOM_POLL_S)
        return lease

    def _refuse(self, meta: FrameMeta) -> None:
        if self._stopping.is_set():
            self._settle(meta, Reason.SHUTDOWN, "the line stopped")
        else:
            self._settle(meta, Reason.OVERLOAD, "dropped on arrival: the ring was full")

    def _settle(self, meta: FrameMeta, reason: Reason, detail: str) -> None:
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        self._ledger.settle(meta.camera, meta.frame, outcome)
