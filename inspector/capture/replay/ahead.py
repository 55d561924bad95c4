"""Decodes files ahead of their delivery: several threads, order kept, look-ahead bounded."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError
from engines.files.text import brief
from engines.images.decoder import Decoder
from inspector.frames.daemon_threads import DaemonThreads

_INTERRUPT_CHECK_S = 0.02
_LONGEST_CLOSE_S = 0.5
"""A file that is being read takes milliseconds to decode; a read that takes longer than this hangs."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One file's frame, or why there is none."""

    pixels: NDArray[np.uint8] | None
    error: str = ""


class DecodeAhead:
    """A window of ``2 x threads`` frames that slides over the files; memory is bounded by it, whatever the run's length."""

    def __init__(self, files: Sequence[Path], decoder: Decoder, threads: int, frames: int | None) -> None:
        """``frames`` is the length of the run, None where it loops without end."""
        self._files = files
        self._decoder = decoder
        self._frames = frames
        self._depth = 2 * threads
        self._window: deque[tuple[int, Future[Decoded]]] = deque()
        self._next = 0
        self._stopped = threading.Event()
        self._threads = DaemonThreads(threads, "decode")

    def take(self, number: int) -> Decoded | None:
        """Frame ``number``, which must rise from call to call; frames before it are forgotten. None after ``stop``."""
        while self._window and self._window[0][0] < number:
            self._window.popleft()[1].cancel()
        self._next = max(self._next, number)
        self._fill()
        _, future = self._window.popleft()
        self._fill()
        while not future.done():
            if self._stopped.is_set():
                return None
            wait((future,), timeout=_INTERRUPT_CHECK_S)
        return future.result()

    def _fill(self) -> None:
        while len(self._window) < self._depth and (self._frames is None or self._next < self._frames):
            self._window.append((self._next, self._threads.submit(partial(self._decode, self._next))))
            self._next += 1

    def _decode(self, number: int) -> Decoded:
        path = self._files[number % len(self._files)]
        try:
            return Decoded(self._decoder.decode(path))
        except BadFrameError as error:
            return Decoded(None, f"{brief(path.name)}: {error}")

    def stop(self) -> None:
        """A waiting or later ``take`` returns None soon. From any thread."""
        self._stopped.set()

    def close(self) -> None:
        """End the threads; what was not begun is not decoded. A read that hangs is left behind."""
        self.stop()
        self._window.clear()
        self._threads.close(_LONGEST_CLOSE_S)
