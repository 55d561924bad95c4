"""The beginning of a frame's path: it arrives, gets its number, an entry in the ledger and a slot, and goes to inference.

One acquisition, and one thread, per camera. A frame that cannot go on (lost, unreadable, no free slot) gets its verdict here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import msgspec

from inspector.capture.frame_check import FrameCheck
from inspector.capture.preparation import Preparation
from inspector.capture.source import Arrival, FrameSource
from inspector.config.camera import CameraConfig
from inspector.config.tree import OverloadPolicy
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.leases import Holder, Lease
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Verdict
from inspector.frames.ring import FrameRing
from inspector.inference.inference import Inference
from inspector.line.bad_frames import BadFrames
from inspector.line.positions import Positions
from inspector.line.runs import Runs
from inspector.line.setup import Entry
from inspector.line.silence import Silence
from inspector.line.tap import Tap
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

ROOM_POLL_S = 0.05
"""A camera that waits for a free slot checks this often whether the line stops, seconds."""

_ACTIONS = {
    "camera_silent": "; look at its cable, its power and its trigger",
    "bad_frames": "; look at camera and light, or at frame_check in the configuration where the frames are good",
}
"""What to do about a condition, for the log."""


class Acquisition:
    """Takes the frames of one camera."""

    def __init__(
        self,
        camera: CameraConfig,
        source: FrameSource,
        preparation: Preparation,
        runs: Runs,
        ledger: Ledger,
        ring: FrameRing,
        inference: Inference,
        *,
        deadline_ms: float | None,
        overload: OverloadPolicy,
        tap: Tap | None = None,
        failed: Callable[[str, str], None],
        condition: Callable[[str, bool, str, str], None],
    ) -> None:
        """``preparation`` is that of the camera's frames. ``failed(camera, why)`` is called where it stops early, ``condition(part, well, code,
        text)`` where it delivers nothing for too long or too many bad frames, and where it is well again; from any thread."""
        self.camera = camera
        self._failed = failed
        self._condition = condition
        self._source = source
        self._preparation = preparation
        self._positions = Positions(camera)
        self._holder = Holder(f"camera {camera.name}")
        self._runs = runs
        self._ledger = ledger
        self._ring = ring
        self._tap = tap
        self._inference = inference
        self.set_limits(deadline_ms, overload)
        self._frame_check = FrameCheck(camera.frame_check)
        self._bad_frames = BadFrames(
            camera.frame_check.degraded_from,
            camera.frame_check.degraded_window,
            self._frames_well,
        )
        self._numbers = threading.Lock()
        """Held while frames get their numbers and while a silent camera's frames are given up."""
        self.gaps = self.silences = 0
        """How often frames in a row were lost; how often the camera was silent."""
        self._next_number = 0
        self._given_up = 0
        """Frames below this number have their verdict, should the camera still deliver them."""
        self._silence = Silence(camera.silent_after_s)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.name}", daemon=True)

    def set_limits(self, deadline_ms: float | None, overload: OverloadPolicy) -> None:
        """Change deadline and overload policy for frames taken from now on. The policy is changed by measurements only."""
        self._deadline_ns = None if deadline_ms is None else int(deadline_ms * 1e6)
        self._overload = overload

    def open(self) -> None:
        """Get the camera ready. Raises UserError naming the camera."""
        try:
            self._source.open()
        except UserError as error:
            raise UserError(f"cameras.{self.camera.name}: {error}") from None

    def start(self) -> None:
        """Start the camera's thread, which takes frames."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """False once the source has ended, failed or been stopped."""
        return self._thread.is_alive()

    def interrupt(self) -> None:
        """Take no further frame."""
        self._stopping.set()
        self._source.interrupt()

    def stop(self, timeout_s: float) -> None:
        """Wait for the camera's thread to end, at most ``timeout_s``, and release the camera."""
        self.interrupt()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        if self._thread.is_alive():
            log.error("camera %s did not stop in time and was left behind", self.camera.name)
            return
        self._source.close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                arrival = self._await()
                if arrival is None or self._stopping.is_set():  # a frame after the end would get no verdict
                    return
                self._take(arrival)
        except UserError as error:
            log.error("camera %s ended: %s", self.camera.name, error)
            self._failed(self.camera.name, str(error))
        except Exception as error:
            log.exception("camera %s ended by an internal error", self.camera.name)
            self._failed(self.camera.name, f"internal error: {error}")

    def _await(self) -> Arrival | None:
        """The source's next arrival; a camera that was silent until now is reported as back."""
        with self._numbers:
            self._silence.begin()
        arrival = self._source.next()
        with self._numbers:
            if self._silence.end() and not self._stopping.is_set():
                back = "has ended" if arrival is None else "delivers again"
                self._tell_silent(False, back)
        return arrival

    def look(self, now_s: float) -> None:
        """See whether the camera is silent; if so, report it and give up the frames that it owes. Called by ``SilenceWatch``."""
        silence = self._silence
        exposed = self._source.exposed()
        with self._numbers:
            if silence.limit_s is None or self._stopping.is_set() or not self.running:
                return
            owing_s = silence.owing_s(exposed is None or exposed > self._next_number, now_s)
            if not silence.on and owing_s < silence.limit_s:
                return
            if not silence.on:
                silence.on = True
                self.silences += 1
                self._tell_silent(True, f"has delivered nothing for {owing_s:.1f} s")
            owed = 0 if exposed is None else exposed - self._next_number
            if owed > 0:
                self._lose(owed, now_ns(), f"the camera has delivered nothing for {owing_s:.1f} s")
                self._given_up = self._next_number

    def _tell_silent(self, on: bool, text: str) -> None:
        """A part of its own: a camera that ends while it is silent stays in trouble as a camera."""
        name = self.camera.name
        code = "camera_silent" if on else "camera_delivers"
        self._report(f"silence of camera {name}", not on, code, f"camera {name} {text}")

    def _frames_well(self, well: bool, text: str) -> None:
        name = self.camera.name
        code = "frames_usable" if well else "bad_frames"
        self._report(f"frames of camera {name}", well, code, f"camera {name}: {text}")

    def _report(self, part: str, well: bool, code: str, text: str) -> None:
        action = "" if well else _ACTIONS.get(code, "")
        log.log(
            logging.INFO if well else logging.WARNING,
            "%s%s",
            text,
            action,
            extra={"code": code, "camera": self.camera.name},
        )
        self._condition(part, well, code, text)

    def _lose(self, count: int, captured_ns: int, detail: str) -> None:
        """Settle the next ``count`` numbers as lost. ``_numbers`` is held."""
        entry = self._runs.enter(self.camera.name, count)
        meta = self._meta(self._next_number, captured_ns, entry, None)
        self.gaps += 1
        self._ledger.lost(msgspec.structs.replace(meta, deadline_ns=None), count, detail)
        if self._tap is not None:
            self._tap.lost(meta, count)
        self._next_number += count

    def _enter(self, arrival: Arrival) -> tuple[FrameMeta, Entry] | None:
        """Open the frame in the ledger, after those that the camera lost before it; None where it was given up while the camera was silent."""
        with self._numbers:
            if arrival.number < self._given_up:
                return None
            if arrival.number < self._next_number:
                raise RuntimeError(f"the source counted back from {self._next_number - 1} to {arrival.number}")
            missing = arrival.number - self._next_number
            if missing:
                self._lose(missing, arrival.captured_ns, f"the camera lost {missing} frame{'s' if missing > 1 else ''}")
            self._next_number = arrival.number + 1
            entry = self._runs.enter(self.camera.name)
            meta = self._meta(arrival.number, arrival.captured_ns, entry, arrival)
            self._ledger.open(meta)
            return meta, entry

    def _take(self, arrival: Arrival) -> None:
        entered = self._enter(arrival)
        if entered is None:
            return
        meta, entry = entered
        if self._tap is not None:
            self._tap.captured(meta, arrival)
        try:
            self._hand_on(arrival, meta, entry)
        except Exception as error:  # this ends the camera; the frame has its verdict all the same
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

    def _meta(self, number: int, captured_ns: int, entry: Entry, arrival: Arrival | None) -> FrameMeta:
        """``arrival`` is None for the first of a range of lost frames."""
        where = self._positions.of(number, arrival, entry.run)
        return FrameMeta(
            camera=self.camera.name,
            frame=number,
            captured_ns=captured_ns,
            deadline_ns=None if self._deadline_ns is None else captured_ns + self._deadline_ns,
            position_um=where.position_um,
            travel_um=where.travel_um,
            position_source=where.source,
            encoder=where.encoder,
            camera_ns=arrival.camera_ns if arrival else None,
            camera_clock=arrival.camera_clock if arrival else "",
            flat_field=self._preparation.flat_field,
            run=entry.run,
            recipe=entry.setup.recipe,
            part=(arrival.part if arrival else "") or entry.part,
            calibration=entry.setup.calibrations.get(self.camera.name, ""),
            name=arrival.name if arrival else "",
        )

    def _find_slot(self) -> Lease | None:
        """A slot, found by the overload policy; None where this frame is to be dropped, or the line stops."""
        lease = self._ring.leases.acquire(self._holder)
        if lease is not None or self._overload == "drop_newest":
            return lease
        if self._overload == "drop_oldest":
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
