"""The beginning of a frame's path: it arrives, gets its number, an entry in the ledger and a slot, and goes to inference.

One acquisition, and one thread, per camera. What it does with a frame, in this order:

    connection   the source delivers it; a camera that is lost is opened again
    watch        frames that are due and do not come get their verdict meanwhile
    numbering    it gets its number, those lost before it their verdict
    intake       it gets a slot and goes to inference, or its verdict at once
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from inspector.capture.preparation import Preparation
from inspector.capture.source import Arrival, CameraLostError, FrameSource, SourceCounters
from inspector.config.camera import CameraConfig
from inspector.config.tree import OverloadPolicy
from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport
from inspector.frames.ring import FrameRing
from inspector.inference.inference import Inference
from inspector.line.camera_condition import CameraCondition, Condition
from inspector.line.camera_watch import CameraWatch
from inspector.line.connection import Connection
from inspector.line.intake import Intake
from inspector.line.numbering import Numbering
from inspector.line.realtime import take_realtime
from inspector.line.runs import Runs
from inspector.line.source_use import SourceUse
from inspector.line.tap import Tap
from inspector.protocol.messages import Header
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)


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
        opened: Callable[[str, str | None], str] = lambda camera, serial: "",
        failed: Callable[[str, str], None],
        condition: Condition,
    ) -> None:
        """``preparation`` is that of the camera's frames. ``opened(camera, serial)`` is told which device is open (None: not known), whenever
        it was opened, and says why it is the wrong one, one line. ``failed(camera, why)`` is called where it stops early, ``condition`` where
        something about it is not well, and where it is well again; from any thread."""
        self.camera = camera
        self._failed = failed
        self._source = source
        self._use = SourceUse(source)
        self._stopping = threading.Event()
        told = CameraCondition(camera.name, condition)
        self.connection = Connection(source, told, self._stopping, partial(opened, camera.name))
        self.numbering = Numbering(camera, preparation, runs, ledger, tap, told)
        self.watch = CameraWatch(source, self.numbering, self.connection, told, camera.silent_after_s, self._stopping)
        self._intake = Intake(camera.frame_check, preparation, ledger, ring, inference, tap, told, self._stopping)
        self.set_limits(deadline_ms, overload)
        self._thread = threading.Thread(target=self._run, name=f"camera-{camera.name}", daemon=True)

    def set_limits(self, deadline_ms: float | None, overload: OverloadPolicy) -> None:
        """Change deadline and overload policy for frames taken from now on. The policy is changed by measurements only."""
        self.numbering.deadline_ns = None if deadline_ms is None else int(deadline_ms * 1e6)
        self._intake.overload = overload

    def open(self) -> None:
        """Get the camera ready. Raises UserError naming the camera."""
        self._take_realtime()  # threads of the source inherit it
        try:
            with self._use.held():
                self.connection.open()
        except UserError as error:
            raise UserError(f"cameras.{self.camera.name}: {error}") from None

    def resume(self, last: Header) -> None:
        """Have positions go on after the last frame that was published before the line was started. To be called before ``start``."""
        self.numbering.resume(last, live=self._source.live)

    def start(self) -> None:
        """Start the camera's thread, which takes frames."""
        self._thread.start()

    @property
    def live(self) -> bool:
        """Whether the source is a device."""
        return self._source.live

    @property
    def running(self) -> bool:
        """False once the source has ended, failed or been stopped."""
        return self._thread.is_alive()

    def counters(self) -> SourceCounters | None:
        """What the source counts. Does not block."""
        return self._source.counters()

    def clock(self) -> ClockReport | None:
        """How the camera's clock stands. Does not block."""
        return self._source.clock()

    def interrupt(self) -> None:
        """Take no further frame."""
        self._stopping.set()
        self._source.interrupt()

    def stop(self, timeout_s: float) -> None:
        """Wait for the camera's thread to end, at most ``timeout_s``, and release the camera."""
        until_s = time.monotonic() + timeout_s
        self.interrupt()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        if not self._use.release(max(0.0, until_s - time.monotonic())):
            log.error("camera %s did not stop in time and was left behind", self.camera.name)
        self.connection.closed()

    def _run(self) -> None:
        why_not = self._take_realtime()
        if why_not:
            log.warning("camera %s: %s", self.camera.name, why_not)
        try:
            with self._use.held():
                self._take_frames()
            self.watch.over()
            self.connection.closed()
        except UserError as error:
            log.error("camera %s ended: %s", self.camera.name, error)
            self._end_early(str(error))
        except Exception as error:
            log.exception("camera %s ended by an internal error", self.camera.name)
            self._end_early(f"internal error: {error}")

    def _take_frames(self) -> None:
        """Until the source ends or the line stops."""
        while not self._stopping.is_set():
            try:
                arrival = self._await()
            except CameraLostError as error:
                if not self._source.live:
                    raise
                if not self._reconnect(error):
                    return
                continue
            if arrival is None or self._stopping.is_set():  # a frame after the end would get no verdict
                return
            entered = self.numbering.enter(arrival)
            if entered is None:
                continue
            self._intake.take(*entered)

    def _await(self) -> Arrival | None:
        self.watch.begin()
        arrival = self.connection.next()
        self.watch.end(arrival)
        return arrival

    def _reconnect(self, error: CameraLostError) -> bool:
        """Open the lost camera again; False where the line stops meanwhile."""
        self.watch.left()
        self.connection.lost(error)
        if not self.connection.reopen():
            return False
        self.connection.back(self.watch.returned())
        return True

    def _end_early(self, why: str) -> None:
        self.watch.over()
        self.connection.failed()
        self._failed(self.camera.name, why)

    def _take_realtime(self) -> str:
        """Why real-time priority that is configured was not given; empty where it was, or is not asked for."""
        priority = self.camera.realtime_priority
        return "" if priority is None or not self._source.live else take_realtime(priority)
