"""Reads one connection in a thread of its own and keeps the latest frame."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import cv2
from numpy.typing import NDArray

from inspector.capture.source import CameraLostError
from inspector.errors import UserError
from inspector.frames.clock import now_ns


class Read(NamedTuple):
    """A frame as OpenCV gives it."""

    number: int
    """Counted from 0 for each connection, with those that were replaced."""
    captured_ns: int
    """When it was read and decoded, monotonic."""
    pixels: NDArray[Any]


class Reader:
    """One connection, from its opening to its end. OpenCV is called by its own thread only, which is left behind where it hangs."""

    def __init__(self, opener: Callable[[], cv2.VideoCapture], shown: str) -> None:
        """``opener`` may raise UserError. ``shown``: what it opens, for messages."""
        self._opener = opener
        self._shown = shown
        self._changed = threading.Condition()
        self._opened = False
        self._latest: Read | None = None
        self._error: UserError | None = None
        self._ended = False
        self._woken = False
        self.received = self.dropped = 0
        """Frames read, and those of them that a later one replaced."""
        self._thread = threading.Thread(target=self._run, name="opencv-reader", daemon=True)
        self._thread.start()

    def wait_open(self, timeout_s: float) -> bool:
        """Wait until it is open; False where it was woken, or is not open after ``timeout_s``. Raises UserError where it cannot be
        opened."""
        with self._changed:
            self._changed.wait_for(lambda: self._opened or self._ended or self._woken, timeout_s)
            if self._error is not None:
                raise self._error
            return self._opened

    def take(self, timeout_s: float) -> Read | None:
        """The latest frame that was not taken yet, as soon as there is one; None after ``timeout_s``, once woken, and at the end. Raises
        CameraLostError where OpenCV fails."""
        with self._changed:
            self._changed.wait_for(lambda: self._latest is not None or self._ended or self._woken, timeout_s)
            latest, self._latest = self._latest, None
            if latest is None and self._error is not None:
                raise self._error
            return latest

    @property
    def ended(self) -> bool:
        """Whether no further frame comes."""
        return self._ended

    def wait_ended(self, timeout_s: float, given_up: Callable[[], bool]) -> bool:
        """Wait until the connection is released; False where it is not after ``timeout_s``, or ``given_up`` when it was woken."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or given_up(), timeout_s)
            return self._ended

    def wake(self) -> None:
        """End every wait, from any thread."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        """End the connection; where OpenCV hangs for longer than ``timeout_s``, its thread releases it as soon as it can."""
        self.wake()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            capture = self._opener()
            try:
                self._read(capture)
            finally:
                capture.release()
        except UserError as error:
            self._error = error
        except Exception as error:  # such as cv2.error for an image that is cut off: opening it again may help
            self._error = CameraLostError(f"{self._shown}: OpenCV fails: {' '.join(str(error).split())}")
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _read(self, capture: cv2.VideoCapture) -> None:
        with self._changed:
            self._opened = True
            self._changed.notify_all()
        while not self._woken:
            whole, pixels = capture.read()
            if not whole:
                return
            with self._changed:
                if self._latest is not None:
                    self.dropped += 1
                self._latest = Read(self.received, now_ns(), pixels)
                self.received += 1
                self._changed.notify_all()
