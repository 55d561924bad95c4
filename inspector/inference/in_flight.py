"""The frames one bundle is to inspect: those that wait in the parent, where the overload policy may drop them, and those in its child.

A frame is sent as a whole: where it lies in several windows, these are in flight together, and it is answered when all of them are.
It has no lock of its own: the dispatcher calls it under its lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from inspector.frames.leased_frame import LeasedFrame
from inspector.frames.meta import FrameMeta
from inspector.frames.planes import Window
from inspector.inference.messages import InferenceResult
from inspector.inference.tiles import joined

TOLERATED = 4.0
"""A silence is told again only when it lasts this many times as long as the last one, which ended with a result."""
FORGOTTEN_NS = 60_000_000_000
"""After so long without another one, the last silence is forgotten."""
STUCK = 4
"""A frame is stuck when it has been in flight this many times ``stall_timeout_s``, even if later frames have their results."""
LATE = 4
"""A frame is late, as far as a shadow is concerned, after this part of the time to its deadline: a quarter."""


def is_late(meta: FrameMeta, now_ns: int) -> bool:
    """Whether more than a quarter of the time from a frame's capture to its deadline has passed."""
    deadline_ns = meta.deadline_ns
    return deadline_ns is not None and now_ns - meta.captured_ns > (deadline_ns - meta.captured_ns) // LATE


class InFlightQueue:
    """Frames waiting in the parent and frames in flight in the child, oldest first."""

    def __init__(self) -> None:
        self.limit = 0
        """Most windows in flight; a frame of several windows may exceed it."""
        self.enough = 0
        """So many windows in flight keep the child busy until further ones come with its next results."""
        self._waiting: deque[LeasedFrame] = deque()
        self._in_flight: dict[Window, tuple[LeasedFrame, int]] = {}
        self._tiled: dict[int, tuple[int, list[InferenceResult]]] = {}
        """Of the frames in flight that lie in several windows, by slot: in how many, and the results so far."""
        self._progress_ns = 0
        self.silent = False
        """Whether the child is told to be silent."""
        self._tolerated_ns = 0.0
        """So long a silence is usual for this child."""
        self._tolerated_until_ns = 0

    def __len__(self) -> int:
        return len(self._waiting) + self.in_flight

    @property
    def in_flight(self) -> int:
        """Frames that are with the child."""
        return len({slot for slot, _ in self._in_flight}) if self._tiled else len(self._in_flight)

    @property
    def hungry(self) -> bool:
        """Whether the child should be sent a frame as soon as there is one."""
        return len(self._in_flight) < self.enough

    def add(self, frame: LeasedFrame) -> None:
        """Add a waiting frame."""
        self._waiting.append(frame)

    def take_oldest_waiting(self) -> LeasedFrame | None:
        """The captured frame that has waited longest, is not with the child yet and is no shadow's; None where there is none."""
        for place, frame in enumerate(self._waiting):
            if frame.gets_verdict:
                del self._waiting[place]
                return frame
        return None

    def next_for_child(self, now_ns: int) -> tuple[list[LeasedFrame], list[LeasedFrame]]:
        """Frames to send now, which are in flight from here on, and frames whose deadline passed while they waited."""
        due: list[LeasedFrame] = []
        stale: list[LeasedFrame] = []
        while self._waiting and len(self._in_flight) < self.limit:
            frame = self._waiting.popleft()
            if frame.meta.deadline_ns is not None and frame.meta.deadline_ns <= now_ns:
                stale.append(frame)
                continue
            if not self._in_flight:
                self._progress_ns = now_ns
            if frame.layout is None:
                self._in_flight[frame.lease.slot, 0] = (frame, now_ns)
            else:
                self._fly(frame, now_ns)
            due.append(frame)
        return due, stale

    def _fly(self, frame: LeasedFrame, now_ns: int) -> None:
        """Put the windows of a frame in flight."""
        windows = frame.windows
        for window in windows:
            self._in_flight[window] = (frame, now_ns)
        if len(windows) > 1:
            self._tiled[frame.lease.slot] = len(windows), []

    def take_back(self, unsent: Iterable[LeasedFrame]) -> None:
        """Put frames of ``next_for_child`` that could not be sent back, ahead of the waiting ones."""
        for frame in reversed(list(unsent)):
            for window in frame.windows:
                del self._in_flight[window]
            self._tiled.pop(frame.lease.slot, None)
            self._waiting.appendleft(frame)

    def finished(
        self, results: Sequence[InferenceResult], now_ns: int
    ) -> Sequence[tuple[LeasedFrame, InferenceResult]]:
        """The child has these results: the frames that are answered with them. Raises KeyError, and changes nothing, where one is of a window
        that is not in flight."""
        windows = [(result.slot, result.offset) for result in results]
        frames = [self._in_flight[window][0] for window in windows]
        for window in windows:
            del self._in_flight[window]
        if self.silent:
            self._tolerated_ns = TOLERATED * (now_ns - self._progress_ns)
            self._tolerated_until_ns = now_ns + FORGOTTEN_NS
        self._progress_ns = now_ns
        answered = list(zip(frames, results, strict=True))
        return self._joined(answered) if self._tiled else answered

    def _joined(
        self, answered: Sequence[tuple[LeasedFrame, InferenceResult]]
    ) -> Sequence[tuple[LeasedFrame, InferenceResult]]:
        """The results of frames in one window as they are, those of others once the last of their windows has its own."""
        whole = []
        for frame, result in answered:
            tiled = self._tiled.get(frame.lease.slot)
            if tiled is None:
                whole.append((frame, result))
                continue
            windows, parts = tiled
            parts.append(result)
            if len(parts) == windows:
                del self._tiled[frame.lease.slot]
                whole.append((frame, joined(parts)))
        return whole

    def look(self, now_ns: int) -> str:
        """Why the child is silent from now on, one line; empty where it is not, or is already. It is silent when the deadline of a frame in
        flight has passed and no result has come since that frame was sent. A child that is only slow is so once, then not: what it took
        the last time is tolerated."""
        quiet_ns = now_ns - self._progress_ns
        if self.silent or (quiet_ns <= self._tolerated_ns and now_ns < self._tolerated_until_ns):
            return ""
        for frame, sent_ns in self._in_flight.values():
            deadline_ns = frame.meta.deadline_ns
            if sent_ns >= self._progress_ns and deadline_ns is not None and deadline_ns <= now_ns:
                self.silent = True
                return (
                    f"no result for {quiet_ns / 1e6:.0f} ms with {self.in_flight} frames in flight, past their deadline"
                )
        return ""

    def stalled(self, now_ns: int, timeout_s: float) -> str:
        """Why the child counts as hung, one line; empty where it does not. It hangs when frames are in flight and no result came for
        ``timeout_s``, or when one frame is stuck."""
        if not self._in_flight:
            return ""
        quiet_s = (now_ns - self._progress_ns) / 1e9
        if quiet_s > timeout_s:
            return f"no result for {quiet_s:.1f} s with {self.in_flight} frames in flight (hung)"
        oldest_s = (now_ns - next(iter(self._in_flight.values()))[1]) / 1e9
        if oldest_s > STUCK * timeout_s:
            return f"a frame has been in flight for {oldest_s:.1f} s while others passed it (hung in part)"
        return ""

    def behind(self, now_ns: int) -> bool:
        """Whether a frame waits, or the oldest has used up a quarter of its time. A frame without a deadline has no such limit."""
        if self._waiting:
            return True
        oldest = next(iter(self._in_flight.values()), None)
        return oldest is not None and is_late(oldest[0].meta, now_ns)

    def give_up_in_flight(self) -> list[LeasedFrame]:
        """Remove and return the frames in flight: their child has ended."""
        self.silent = False
        self._tolerated_ns = 0.0
        frames = list({frame.lease.slot: frame for frame, _ in self._in_flight.values()}.values())
        self._in_flight.clear()
        self._tiled.clear()
        return frames

    def give_up_waiting(self) -> list[LeasedFrame]:
        """Remove and return the waiting frames."""
        frames = list(self._waiting)
        self._waiting.clear()
        return frames
