"""Gives up the frames of one camera that are due and do not come: because the camera is silent, or because it is away.

The camera's own thread is blocked meanwhile, in the source or in opening it again; ``look`` is called by the thread of ``SilenceWatch``.
"""

from __future__ import annotations

import threading

from inspector.capture.source import Arrival, FrameSource
from inspector.frames.clock import now_ns
from inspector.line.camera_condition import CameraCondition
from inspector.line.connection import Connection
from inspector.line.numbering import Numbering
from inspector.line.silence import Silence

CLOCK_EVERY_S = 0.5
"""Time between two looks at a camera's clock."""


class Absence:
    """The time for which a camera is away, and the frames that it misses, estimated by its rate."""

    def __init__(self, since_ns: int, rate_hz: float | None) -> None:
        """``since_ns`` is the capture of its last frame, monotonic."""
        self.since_ns = since_ns
        self.rate_hz = rate_hz
        self.missed = 0
        """Frames that ``due`` has returned so far."""

    @property
    def rate(self) -> str:
        """For a person: Hz."""
        return "unknown" if self.rate_hz is None else f"{round(self.rate_hz, 2):g}"

    def due(self, now: int) -> int:
        """How many frames have fallen due since the last call; ``now`` is monotonic ns."""
        if self.rate_hz is None:
            return 0
        due = max(0, int((now - self.since_ns) * self.rate_hz / 1e9) - self.missed)
        self.missed += due
        return due


class CameraWatch:
    """The watch over one camera. The camera's thread calls ``begin``, ``end``, ``left``, ``returned`` and ``over``; another one ``look``."""

    def __init__(
        self,
        source: FrameSource,
        numbering: Numbering,
        connection: Connection,
        condition: CameraCondition,
        silent_after_s: float | None,
        stopping: threading.Event,
    ) -> None:
        self._source = source
        self._numbering = numbering
        self._connection = connection
        self._condition = condition
        self._silence = Silence(silent_after_s)
        self._stopping = stopping
        self._absence: Absence | None = None
        self._seen_ns = 0
        """When the last frame was captured; at first, when the line began to wait for one."""
        self._over = False
        self._clock_due_s = 0.0
        self._clock_well = True
        self.silences = 0
        """How often the camera was silent."""

    def begin(self) -> None:
        """The line waits for the camera from now on."""
        with self._numbering.lock:
            self._seen_ns = self._seen_ns or now_ns()
            self._silence.begin()

    def end(self, arrival: Arrival | None) -> None:
        """The camera has delivered, or ended; one that was silent until now is reported as back."""
        with self._numbering.lock:
            if arrival is not None:
                self._seen_ns = arrival.captured_ns
            if self._silence.end():
                self._connection.delivers(" has ended" if arrival is None else " delivers again")

    def left(self) -> None:
        """The camera is lost."""
        with self._numbering.lock:
            self._silence.end()
            self._absence = Absence(self._seen_ns, self._source.rate_hz)

    def returned(self) -> str:
        """The camera is open again and counts from 0. What it missed, for a person."""
        with self._numbering.lock:
            absence, self._absence = self._absence, None
            if absence is None:
                raise AssertionError("a camera that was not away cannot return")
            self._lose(absence)
            self._numbering.reconnected(counted=absence.rate_hz is not None)
            self._seen_ns = now_ns()
        away_s = (self._seen_ns - absence.since_ns) / 1e9
        if absence.rate_hz is None:
            return f" is back after {away_s:.1f} s; how many frames it missed is not known"
        return f" is back after {away_s:.1f} s; by its rate of {absence.rate} Hz it missed {absence.missed} frames"

    def over(self) -> None:
        """The camera delivers no further frame."""
        with self._numbering.lock:
            self._over = True

    def look(self, now_s: float) -> None:
        """See whether frames are due that do not come; ``now_s`` is monotonic."""
        if self._over or self._stopping.is_set():
            return
        if self._source.live and now_s >= self._clock_due_s:
            self._clock_due_s = now_s + CLOCK_EVERY_S
            self._look_at_clock()
        exposed = self._source.exposed()
        with self._numbering.lock:
            if self._over or self._stopping.is_set():
                return
            if self._absence is not None:
                self._lose(self._absence)
            else:
                self._look_for_silence(exposed, now_s)

    # What follows runs under the lock under which frames get their numbers, except the last.

    def _lose(self, absence: Absence) -> None:
        now = now_ns()
        if due := absence.due(now):
            detail = f"the camera is away; by its rate of {absence.rate} Hz it missed {due} frames (estimated)"
            self._numbering.lose(due, now, detail)

    def _look_for_silence(self, exposed: int | None, now_s: float) -> None:
        silence = self._silence
        if silence.limit_s is None:
            return
        owed = self._numbering.owed(exposed)
        owing_s = silence.owing_s(exposed is None or owed > 0, now_s)
        if not silence.on and owing_s < silence.limit_s:
            return
        text = f"has delivered nothing for {owing_s:.1f} s"
        if not silence.on:
            silence.on = True
            self.silences += 1
            self._connection.stalled(f" {text}")
        if owed > 0:
            self._numbering.give_up(owed, now_ns(), f"the camera {text}")

    def _look_at_clock(self) -> None:
        clock = self._source.clock()
        if clock is None or clock.in_specification == self._clock_well:
            return
        well = self._clock_well = clock.in_specification
        code = "camera_clock_well" if well else "camera_clock"
        self._condition.tell("clock of", well, code, f": clock {clock.text}", degrades=False)
