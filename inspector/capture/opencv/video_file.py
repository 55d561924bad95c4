"""A video file as a ``FrameSource``: a recording, each frame of which is delivered."""

from __future__ import annotations

import logging
import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.opencv.grey import grey_of
from inspector.capture.opencv.opening import open_capture
from inspector.capture.pacing import Pacer
from inspector.capture.source import Arrival, SoftwareSource
from inspector.config.opencv import OpenCvConfig

log = logging.getLogger(__name__)


class VideoFile(SoftwareSource):
    """Delivers the frames of a video in order. With a rate, frame n is due at start + n / rate, and none is left out: a line that is too slow for
    it gets them late."""

    def __init__(self, config: OpenCvConfig) -> None:
        self._config = config
        self._pacer = Pacer(config.rate_hz, backlog=2**62)
        self._interrupted = threading.Event()
        self._capture: cv2.VideoCapture | None = None
        self._number = 0

    def open(self) -> None:
        """Open the file. Raises UserError."""
        self._capture = open_capture(self._config)

    def next(self) -> Arrival | None:
        """The next frame, when it is due; None at the end and after ``interrupt``."""
        pixels = self._read()
        if pixels is None or self._pacer.wait(self._number) < 0:
            return None
        arrival = Arrival(self._number, self._pacer.due_ns(self._number), pixels)
        self._number += 1
        return arrival

    def exposed(self) -> int | None:
        """None: nothing is lost."""
        return None

    def interrupt(self) -> None:
        """Make a waiting or later ``next`` return None. From any thread."""
        self._interrupted.set()
        self._pacer.stop()

    def close(self) -> None:
        """Close the file."""
        self.interrupt()
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _read(self) -> NDArray[np.uint8] | None:
        if self._capture is None or self._interrupted.is_set():
            return None
        whole, read = self._capture.read()
        if whole:
            pixels: NDArray[Any] = read
            return grey_of(pixels)
        promised = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if self._number < promised:
            log.warning(
                "%s: %d frames could be read, and the file states %d; it may be cut off",
                self._config.shown,
                self._number,
                promised,
            )
        return None
