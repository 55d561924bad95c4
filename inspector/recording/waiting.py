"""What waits for the disk: cameras put frames into memory here, and the thread of the writer takes them out.

What a camera waits for is one copy of its pixels. Where the memory is full, because the disk is too slow, a frame is counted as not
recorded.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.recording.buffer import PixelBuffer, Region
from inspector.recording.manifest import Counted
from inspector.recording.records import Frame, Lost, NotRecorded, Phase, Record

log = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""Records that wait for the disk; those without pixels take no room in the buffer."""


class GivenUpError(Exception):
    """A camera could not hand over a frame; the text says why."""


class Entry:
    """What waits for the disk."""

    __slots__ = ("camera", "pixels", "ready", "record", "region")

    def __init__(
        self, camera: str, record: Record | Phase, region: Region | None = None, pixels: NDArray[np.uint8] | None = None
    ) -> None:
        self.camera, self.record, self.region = camera, record, region
        self.pixels = pixels
        """Those in memory, uint8 [H, W]; None where it has none."""
        self.ready = pixels is None
        """Whether they are copied."""


class _Camera:
    """What is known of a camera that is recorded."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.complete = False
        self.not_recorded: NotRecorded | None = None
        """The last frames, as long as there was no room for them."""
        self.counted = Counted()


class Waiting:
    """A queue in memory. Every method may be called from any thread."""

    def __init__(self, cameras: Iterable[str], buffer_bytes: int, frames: int | None) -> None:
        """``frames`` are the numbers wanted of each camera; None: until the end."""
        self._lock = threading.Condition()
        self._queue: deque[Entry] = deque()
        self._cameras = {name: _Camera() for name in cameras}
        self._buffer = PixelBuffer(buffer_bytes)
        self._frames = frames
        self._closing = self._abandoned = False
        self._given_up = ""

    # For cameras.

    def phase(self, phase: Phase) -> None:
        """What holds from now on."""
        with self._lock:
            if not self._closing:
                self._put(Entry("", phase))

    def add(self, camera: str, record: Record, pixels: NDArray[np.uint8] | None) -> None:
        """See ``RecordingWriter.add``. Where it raises, ``give_up`` is to be called: the writer waits for the pixels."""
        entry = self._enter(camera, record, pixels)
        if entry is None or entry.pixels is None or pixels is None:
            return
        # The entry has the memory that its region is of, whatever becomes of the recording meanwhile.
        np.copyto(entry.pixels, pixels)
        with self._lock:
            entry.ready = True
            self._lock.notify()

    def give_up(self, why: str) -> None:
        """Have ``next`` raise: what is to be recorded cannot be handed over."""
        with self._lock:
            self._given_up = self._given_up or why
            self._closing = True
            self._lock.notify()

    @property
    def complete(self) -> bool:
        """Whether every camera has given as many frames as are wanted."""
        return all(one.complete for one in self._cameras.values())

    def end(self) -> None:
        """Take nothing further; what waits stays."""
        with self._lock:
            self._closing = True
            self._lock.notify()

    # For the writer.

    def next(self) -> Entry | None:
        """The oldest entry, once its pixels are copied; it stays until ``done`` is called. None at the end. Raises GivenUpError."""
        with self._lock:
            while True:
                if self._given_up:
                    raise GivenUpError(self._given_up)
                if self._queue and self._queue[0].ready:
                    if not self._abandoned or isinstance(self._queue[0].record, Phase):
                        return self._queue[0]
                    self._drop(self._queue.popleft())
                elif self._closing and not self._queue:
                    return None
                else:
                    self._lock.wait()

    def done(self, entry: Entry) -> None:
        """The oldest entry is on the disk."""
        with self._lock:
            self._queue.popleft()
            if entry.region is not None:
                self._buffer.release(entry.region)
            record = entry.record
            if isinstance(record, Frame):
                self._count(entry.camera, frames=1)
            elif isinstance(record, Lost):
                self._count(entry.camera, lost=record.count)

    def abandon(self) -> None:
        """Count what still waits as not recorded; ``next`` gives phases only."""
        with self._lock:
            self._abandoned = self._closing = True
            self._lock.notify()

    def close(self) -> None:
        """Count what still waits as not recorded, take nothing further, and free the memory."""
        with self._lock:
            self._closing = True
            for entry in self._queue:
                self._drop(entry)
            self._queue.clear()
            buffer, self._buffer = self._buffer, PixelBuffer(0)
        # Freeing many megabytes takes a while: without the lock, for which a camera may wait.
        del buffer

    @property
    def counted(self) -> dict[str, Counted]:
        """By camera, what was recorded so far."""
        with self._lock:
            return {name: one.counted for name, one in self._cameras.items()}

    @property
    def buffered_bytes(self) -> int:
        """Pixels that wait."""
        with self._lock:
            return self._buffer.used

    @property
    def rest(self) -> Mapping[str, NotRecorded]:
        """By camera, the last frames, where they were not recorded."""
        with self._lock:
            return {name: one.not_recorded for name, one in self._cameras.items() if one.not_recorded is not None}

    # Under the lock.

    def _enter(self, name: str, record: Record, pixels: NDArray[np.uint8] | None) -> Entry | None:
        """Reserve memory for it; None where it is not recorded."""
        with self._lock:
            camera = self._cameras.get(name)
            if camera is None or camera.complete or self._closing:
                return None
            record = self._within(camera, record)
            region = memory = None
            room = len(self._queue) < MOST_WAITING
            if room and pixels is not None:
                region = self._buffer.reserve(pixels.nbytes)
                room = region is not None
            if room:
                if camera.not_recorded is not None:
                    self._put(Entry(name, camera.not_recorded))
                    camera.not_recorded = None
                if region is not None and pixels is not None:
                    memory = self._buffer.view(region).reshape(pixels.shape)
                entry = Entry(name, record, region, memory)
                self._put(entry)
            else:
                first = not camera.counted.not_recorded
                self._leave_out(name, record)
            self._closing = self.complete
        if room:
            return entry
        if first:
            log.warning(
                "frame %d is not recorded: the disk is slower than the cameras; further ones are only counted",
                record.frame,
            )
        return None

    def _within(self, camera: _Camera, record: Record) -> Record:
        """The record, cut to the frames that are wanted; what the camera gives afterwards is not."""
        if camera.first is None:
            camera.first = record.frame
        if self._frames is None:
            return record
        beyond = camera.first + self._frames
        if not isinstance(record, Frame):
            record = msgspec.structs.replace(record, count=min(record.count, beyond - record.frame))
        camera.complete = record.frame + _count_of(record) >= beyond
        return record

    def _leave_out(self, name: str, record: Record) -> None:
        """Count it as not recorded."""
        self._count(name, not_recorded=_count_of(record))
        self._join(name, record)

    def _drop(self, entry: Entry) -> None:
        """Leave out what waited; those that are not recorded anyway were counted when they arrived."""
        if entry.region is not None:
            self._buffer.release(entry.region)
        record = entry.record
        if isinstance(record, NotRecorded):
            self._join(entry.camera, record)
        elif not isinstance(record, Phase):
            self._leave_out(entry.camera, record)

    def _join(self, name: str, record: Record) -> None:
        """Put it to the last frames that are not recorded, which may be later ones."""
        camera, begin, end = self._cameras[name], record.frame, record.frame + _count_of(record)
        if camera.not_recorded is not None:
            known = camera.not_recorded
            begin, end = min(begin, known.frame), max(end, known.frame + known.count)
        camera.not_recorded = NotRecorded(frame=begin, count=end - begin)

    def _count(self, name: str, frames: int = 0, lost: int = 0, not_recorded: int = 0) -> None:
        camera = self._cameras[name]
        now = camera.counted
        camera.counted = Counted(
            frames=now.frames + frames, lost=now.lost + lost, not_recorded=now.not_recorded + not_recorded
        )

    def _put(self, entry: Entry) -> None:
        self._queue.append(entry)
        self._lock.notify()


def _count_of(record: Record) -> int:
    return 1 if isinstance(record, Frame) else record.count
