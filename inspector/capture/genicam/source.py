"""A GenICam camera as the line sees it: its frames taken, numbered, timed and converted."""

from __future__ import annotations

import logging
import threading
import time

import numpy as np
from numpy.typing import NDArray

from inspector.capture.genicam.advice import may_use_packet_sockets, tuning
from inspector.capture.genicam.clock_watch import ClockWatch
from inspector.capture.genicam.rate import Rate
from inspector.capture.genicam.session import Session
from inspector.capture.genicam.stream import Received
from inspector.capture.genicam.tally import Tally
from inspector.capture.pixel_formats import pixel_format
from inspector.capture.source import Arrival, SourceCounters
from inspector.config.genicam import GenicamConfig
from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport
from inspector.frames.size import FrameSize

log = logging.getLogger("inspector.capture")

POLL_US = 20_000
"""How long an interruption can wait."""
CLOSE_S, CLOSE_LOST_S, STILL_CLOSING_S = 1.0, 0.1, 10.0
"""How long ``close`` waits for a camera, and for one that has gone; how long ``open`` waits for what ``close`` left behind."""


class GenicamSource:
    """One camera, by Aravis. See ``FrameSource``."""

    live = True

    def __init__(self, config: GenicamConfig, height: int | None = None, width: int | None = None) -> None:
        """``height`` and ``width``: the frames that are expected of it, px; None where any size is right."""
        self._config = config
        self._expected = None if height is None or width is None else FrameSize(height, width)
        self._session: Session | None = None
        self._closing: threading.Thread | None = None
        self._interrupted = threading.Event()
        self._tally = Tally()
        self._watch: ClockWatch | None = None
        self._measured = Rate(None)
        self._rate_before_hz: float | None = None
        """Of the connections before this one."""
        self._grey: NDArray[np.uint8] = np.empty((0, 0), np.uint8)
        self.frame_size: FrameSize | None = None
        """Size of the frames as the camera is set, once it has been opened."""

    @property
    def serial(self) -> str | None:
        """Serial number of the camera that is open; None where it tells none."""
        session = self._session
        return None if session is None else session.serial

    @property
    def rate_hz(self) -> float | None:
        """Frames per second, those of the connection before until they are measured anew; None where it is triggered, and before they were
        ever measured."""
        session = self._session
        return None if session is None or session.triggered else session.rate.hz or self._rate_before_hz

    @property
    def measured_hz(self) -> float | None:
        """Frames per second as measured over the last ones, triggered or not; None before it was."""
        return self._measured.hz

    def tuning(self) -> list[str]:
        """What could be set better on the network of the opened camera, a line each."""
        session = self._session
        if session is None or not session.device.is_gige:
            return []
        refused = self._config.packet_socket and not may_use_packet_sockets()
        size = session.device.packet_size()
        return list(tuning(session.device.name, size, session.stream.payload, refused))

    def open(self) -> None:
        """Find the camera and set its features. It sends from the first ``next`` on: until the line takes frames, they would fill the buffers, and
        count as lost. Raises UserError."""
        self._interrupted.clear()
        closing = self._closing
        if closing is not None:
            closing.join(STILL_CLOSING_S)
            if closing.is_alive():
                raise UserError("the camera is still being closed: it does not answer")
            self._closing = None
        session = Session(self._config)
        self._session = session
        self.frame_size = session.size
        self._tally.connected(session.stream)
        self._measured = Rate(None)
        if self._expected is not None and session.size != self._expected:
            log.warning(
                "camera %s delivers frames of %dx%d, and %dx%d are expected (height x width), so that all are refused; set Height and Width "
                "among its features, or `fit` of this camera",
                session.device.name,
                *session.size,
                *self._expected,
            )
        if session.clock and (self._watch is None or self._watch.name != session.clock):
            self._watch = ClockWatch(session.clock)
        elif not session.clock:
            self._watch = None

    def next(self) -> Arrival | None:
        """The next frame. Raises CameraLostError."""
        session = self._session
        if session is None:
            return None
        if session.begun_s is None and not self._interrupted.is_set():
            session.begin()
        while not self._interrupted.is_set():
            received = session.stream.pop(POLL_US)
            if received is None:
                session.times.look()
                session.check()
                continue
            session.heard_s = time.monotonic()
            try:
                arrival = self._arrival(session, received)
            finally:
                session.stream.requeue(received.buffer)
            if arrival is not None:
                return arrival
        return None

    def exposed(self) -> int | None:
        """None: only their arrival shows how many frames a camera has exposed."""
        return None

    def counters(self) -> SourceCounters | None:
        """Frames and packets since the start."""
        return self._tally.counters()

    def clock(self) -> ClockReport | None:
        """How the camera's clock stands; None where it has none."""
        watch = self._watch
        return None if watch is None else watch.report()

    def interrupt(self) -> None:
        """End a blocked or later ``next``."""
        self._interrupted.set()

    def close(self) -> None:
        """Give the camera up; where that takes long, because it has gone, a thread does it."""
        session, self._session = self._session, None
        if session is None:
            return
        self._rate_before_hz = session.rate.hz or self._rate_before_hz
        self._tally.disconnected()
        self._closing = threading.Thread(target=session.end, name=f"closing-{session.device.name}", daemon=True)
        self._closing.start()
        self._closing.join(CLOSE_LOST_S if session.lost else CLOSE_S)

    def _arrival(self, session: Session, received: Received) -> Arrival | None:
        """The frame; None where it does not say which it is: it is missing among the ids then."""
        captured_ns = session.times.of(received.stamp_ns)
        if received.frame_id is None:
            self._tally.incomplete()
            return None
        number = session.ids.number(received.frame_id)
        if number is None:
            raise session.gone(
                f"counts its frames anew (id {received.frame_id}): it was restarted, or too many frames are missing"
            )
        self._tally.number(number, session.lacked_buffers())
        session.rate.frame(number, captured_ns)
        self._measured.frame(number, captured_ns)
        camera_ns = received.camera_ns if session.clock else None
        if camera_ns is not None and self._watch is not None:
            self._watch.frame(camera_ns, captured_ns, session.times.wall_ahead_ns)
        if received.state:
            self._tally.incomplete()
            pixels, error = None, session.incomplete(received.state)
        else:
            self._tally.received()
            pixels, error = self._pixels(session, received.buffer)
        encoder, part = session.chunks.of(received.buffer) if not received.state else (None, "")
        return Arrival(
            number=number,
            captured_ns=captured_ns,
            pixels=pixels,
            error=error,
            camera_ns=camera_ns,
            camera_clock=session.clock,
            encoder=encoder,
            part=part,
        )

    def _pixels(self, session: Session, buffer: int) -> tuple[NDArray[np.uint8] | None, str]:
        """The pixels in memory of our own, as the buffer is given back at once; or why they cannot be used."""
        image = session.stream.image(buffer)
        if image is None:
            return None, "the camera sent a frame without an image"
        try:
            pixels = pixel_format(image.format_code).grey(
                image.data, image.height, image.width, image.padding, self._config.white_level
            )
        except UserError as error:
            return None, str(error)
        if not np.may_share_memory(pixels, image.data):
            return pixels, ""
        if self._grey.shape != pixels.shape:
            self._grey = np.empty(pixels.shape, np.uint8)
        np.copyto(self._grey, pixels)
        return self._grey, ""
