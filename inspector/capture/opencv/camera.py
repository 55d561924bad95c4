"""A V4L2 device or a network stream as a live ``FrameSource``."""

from __future__ import annotations

import threading
from functools import partial

from engines.errors import BadFrameError
from inspector.capture.opencv.grey import grey_of
from inspector.capture.opencv.opening import open_capture
from inspector.capture.opencv.reader import Read, Reader
from inspector.capture.source import Arrival, CameraLostError, SourceCounters
from inspector.config.opencv import OpenCvConfig
from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport

_CLOSING_S = 0.1
"""What hangs for longer is left behind."""


class OpenCvCamera:
    """A live camera without frame numbers. Each frame that this machine reads gets one; the line gets the latest."""

    live = True
    serial: str | None = None

    def __init__(self, config: OpenCvConfig) -> None:
        self._config = config
        self.rate_hz = config.rate_hz
        self._interrupted = threading.Event()
        self._reader: Reader | None = None
        self._left: Reader | None = None
        """That of the connection before this one, which may still hang."""
        self._counting = threading.Lock()
        self._received = self._dropped = 0
        """Of the connections before this one."""

    def open(self) -> None:
        """Open it, and wait until that is done. Raises UserError, also where OpenCV has not released the connection before: each that hangs would
        leave a thread behind."""
        limit_s = self._config.open_timeout_s
        if self._left is not None and not self._left.wait_ended(limit_s, self._interrupted.is_set):
            if self._interrupted.is_set():
                return
            raise UserError(f"{self._config.shown}: is still being closed: OpenCV does not return from it")
        self._left = None
        self._reader = reader = Reader(partial(open_capture, self._config), self._config.shown)
        if self._interrupted.is_set():
            reader.wake()
        if not reader.wait_open(limit_s) and not self._interrupted.is_set():
            raise UserError(f"{self._config.shown}: is not open after {limit_s:g} s (open_timeout_s)")

    def next(self) -> Arrival | None:
        """The latest frame; None after ``interrupt``. Raises CameraLostError where none comes in ``read_timeout_s``, or the stream ends."""
        reader = self._reader
        if reader is None or self._interrupted.is_set():
            return None
        read = reader.take(self._config.read_timeout_s)
        if self._interrupted.is_set():
            return None
        if read is None:
            if reader.ended:
                raise CameraLostError(f"{self._config.shown}: the stream has ended")
            limit_s = self._config.read_timeout_s
            raise CameraLostError(f"{self._config.shown}: no frame in {limit_s:g} s (read_timeout_s)", stalled=True)
        return _arrival(read)

    def exposed(self) -> int | None:
        """None: only the arrival of a frame shows it."""
        return None

    def counters(self) -> SourceCounters | None:
        """Frames that were read, and those that a later one replaced. From any thread."""
        with self._counting:
            reader = self._reader
            received, dropped = (0, 0) if reader is None else (reader.received, reader.dropped)
            return SourceCounters(received=self._received + received, lost=None, dropped=self._dropped + dropped)

    def clock(self) -> ClockReport | None:
        """None: the camera sends no times."""
        return None

    def interrupt(self) -> None:
        """End a waiting ``next`` or ``open``. From any thread."""
        self._interrupted.set()
        for reader in (self._reader, self._left):
            if reader is not None:
                reader.wake()

    def close(self) -> None:
        """Release the device; where OpenCV hangs, its thread does so later."""
        reader = self._reader
        if reader is None:
            return
        reader.close(_CLOSING_S)
        with self._counting:
            self._reader, self._left = None, reader
            self._received += reader.received
            self._dropped += reader.dropped


def _arrival(read: Read) -> Arrival:
    try:
        return Arrival(read.number, read.captured_ns, grey_of(read.pixels))
    except BadFrameError as error:
        return Arrival(read.number, read.captured_ns, None, error=str(error))
