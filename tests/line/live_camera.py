"""A live camera for tests: frames' numbers come over a real connection, which the test cuts and mends."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.capture.source import Arrival, CameraLostError, SourceCounters
from inspector.errors import UserError
from inspector.frames.camera_clock import ClockReport
from inspector.frames.clock import now_ns

_GREETING = b"camera"
_NUMBER = struct.Struct("<I")


class CameraServer:
    """The camera: streams the numbers of its frames, from 0 in each connection, to who connects on loopback."""

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1 / rate_hz
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.there = threading.Event()
        """While this is not set, connections are ended and new ones get nothing."""
        self.there.set()
        self.sending = threading.Event()
        """While this is not set, the camera is connected and sends nothing."""
        self.sending.set()
        self.streamed = 0
        """Frames sent over all connections."""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="camera-server", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the camera."""
        self._ended.set()
        self.there.set()
        self.sending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.there.wait()
                try:
                    connection.sendall(_GREETING)
                    self._stream(connection)
                except OSError:
                    continue

    def _stream(self, connection: socket.socket) -> None:
        begun_s, number = time.monotonic(), 0
        while self.there.is_set() and not self._ended.wait(begun_s + number * self._period_s - time.monotonic()):
            self.sending.wait()
            connection.sendall(_NUMBER.pack(number))
            number += 1
            self.streamed += 1


class LiveCamera:
    """The source for such a camera. ``open`` fails where the camera does not answer within ``answers_s``; None: it waits for ever."""

    live = True
    serial: str | None = None

    def __init__(
        self,
        server: CameraServer,
        frames: Sequence[NDArray[np.uint8]],
        rate_hz: float | None,
        answers_s: float | None = 0.05,
    ) -> None:
        self.rate_hz = rate_hz
        self.clock_report: ClockReport | None = None
        self.opening = threading.Event()
        """Set once ``open`` was called a second time."""
        self.closed = 0
        self._server = server
        self._frames = frames
        self._answers_s = answers_s
        self._connection: socket.socket | None = None
        self._interrupted = threading.Event()
        self._opened = self._received = 0

    def open(self) -> None:
        """Connect, and wait for the camera's greeting."""
        self._opened += 1
        if self._opened > 1:
            self.opening.set()
        connection = self._connection = socket.create_connection(self._server.address)
        connection.settimeout(self._answers_s)
        try:
            greeting = connection.recv(len(_GREETING))
        except TimeoutError:
            raise UserError("the camera does not answer") from None
        if greeting != _GREETING:
            raise UserError("something else answers")
        connection.settimeout(0.02)

    def next(self) -> Arrival | None:
        """The next number that comes, with its frame."""
        while not self._interrupted.is_set():
            assert self._connection is not None
            try:
                data = self._connection.recv(_NUMBER.size, socket.MSG_WAITALL)
            except TimeoutError:
                continue
            if len(data) < _NUMBER.size:
                raise CameraLostError("the connection has ended")
            (number,) = _NUMBER.unpack(data)
            self._received += 1
            return Arrival(number, now_ns(), self._frames[number % len(self._frames)])
        return None

    def exposed(self) -> int | None:
        """Only the camera knows."""
        return None

    def counters(self) -> SourceCounters | None:
        """Frames received."""
        return SourceCounters(received=self._received)

    def clock(self) -> ClockReport | None:
        """As the test says."""
        return self.clock_report

    def interrupt(self) -> None:
        """End a waiting ``next``."""
        self._interrupted.set()

    def close(self) -> None:
        """Let go of the connection."""
        self.closed += 1
        if self._connection is not None:
            self._connection.close()
            self._connection = None
