"""A network camera for tests: motion JPEG over HTTP on loopback, which the test cuts, holds back and mends."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
from numpy.typing import NDArray


class MjpegServer:
    """Streams ``frames`` again and again, ``rate_hz`` a second, to whoever asks."""

    def __init__(self, frames: Sequence[NDArray[np.uint8]], rate_hz: float, credentials: str = "") -> None:
        """``credentials`` are USER:PASSWORD that it asks for."""
        self._jpegs = [cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for frame in frames]
        self._period_s = 1 / rate_hz
        self.authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}" if credentials else None
        self.there = threading.Event()
        """While this is not set, streams are ended and new ones refused."""
        self.there.set()
        self.sending = threading.Event()
        """While this is not set, streams are open and nothing is sent."""
        self.sending.set()
        self.ended = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}/video.mjpg"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Stream to one client."""
        if self.authorization not in (None, request.headers["Authorization"]):
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="camera"')
            request.end_headers()
            return
        if not self.there.is_set():
            request.send_error(503)
            return
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        begun_s, number = time.monotonic(), 0
        try:
            while self.there.is_set() and not self.ended.wait(begun_s + number * self._period_s - time.monotonic()):
                if not self.sending.is_set():
                    self.sending.wait()
                    begun_s, number = time.monotonic(), 0
                jpeg = self._jpegs[number % len(self._jpegs)]
                head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                request.wfile.write(head + jpeg + b"\r\n")
                number += 1
        except OSError:
            return

    def close(self) -> None:
        """End all streams."""
        self.ended.set()
        self.sending.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def serving(frames: Sequence[NDArray[np.uint8]], rate_hz: float, credentials: str = "") -> Iterator[MjpegServer]:
    """A server for the time of a test."""
    server = MjpegServer(frames, rate_hz, credentials)
    try:
        yield server
    finally:
        server.close()
