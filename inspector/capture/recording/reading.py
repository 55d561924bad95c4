"""Reads a recording ahead of its playing, in a thread of its own: a disk that hangs does not hold up the end of the line."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.recording.reader import DamagedPixelsError, RecordingReader
from inspector.recording.records import Frame, Lost

_AHEAD = 8
_LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class Played:
    """A recorded frame with its pixels, or why there are none."""

    frame: Frame
    pixels: NDArray[np.uint8] | None
    error: str
    lost: Lost | None
    """The first of frames that were lost just before it."""


class ReadAhead:
    """The frames of one camera of a recording, in order, a few of them read in advance."""

    def __init__(self, recording: RecordingReader, camera: str) -> None:
        self._recording, self._camera = recording, camera
        self._queue: queue.Queue[Played | Exception | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"read-{camera}", daemon=True)
        self._thread.start()

    def take(self, stopped: threading.Event) -> Played | None:
        """The next frame; None after the last one and after ``stopped``. Raises FileError where the recording cannot be read further."""
        while not stopped.is_set():
            try:
                played = self._queue.get(timeout=_LOOK_S)
            except queue.Empty:
                continue
            if isinstance(played, Exception):
                raise played
            return played
        return None

    def close(self) -> None:
        """End the thread; a read that hangs is left behind."""
        self._stopped.set()
        self._thread.join(0.2)

    def _run(self) -> None:
        lost: Lost | None = None
        try:
            for record in self._recording.records(self._camera):
                if self._stopped.is_set():
                    return
                if isinstance(record, Frame):
                    self._put(self._read(record, lost))
                    lost = None
                elif isinstance(record, Lost):
                    lost = lost or record
            self._put(None)
        except Exception as error:  # who waits for the next frame must know
            self._put(error)

    def _read(self, frame: Frame, lost: Lost | None) -> Played:
        try:
            return Played(frame, self._recording.pixels(self._camera, frame), frame.error, lost)
        except DamagedPixelsError as error:
            return Played(frame, None, f"the recording is damaged: {error}", lost)

    def _put(self, played: Played | Exception | None) -> None:
        while not self._stopped.is_set():
            try:
                self._queue.put(played, timeout=_LOOK_S)
            except queue.Full:
                continue
            return
