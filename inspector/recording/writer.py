"""Writes a recording beside a running line: cameras put frames into memory, one thread writes them to the disk.

What a camera waits for is one copy of its pixels. Where the memory is full, because the disk is too slow, a frame is counted as not
recorded. A disk that refuses (full, gone) ends the recording, not the line.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from engines.files.looking import reason
from inspector.config.recording import PixelFormat
from inspector.recording.buffer import PixelBuffer, Region
from inspector.recording.manifest import INDEX, PHASES, Counted, Manifest, camera_folder, write_manifest
from inspector.recording.records import Frame, Lost, NotRecorded, Phase, Record, line_of
from inspector.recording.store import PixelStore, PngStore, RawStore, append

log = logging.getLogger(__name__)

MIB = 1 << 20
_LEAVE_S = 0.2
"""For the frame that is being written when the others are given up."""
MOST_WAITING = 20_000
"""Records that wait for the disk; those without pixels take no room in the buffer."""
_CHECK_EVERY = 16 * MIB
"""The free space is looked at after so many bytes, and once a second."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording may take."""

    format: PixelFormat
    buffer_bytes: int
    free_bytes: int
    """To be left free on the disk."""
    segment_bytes: int
    frames: int | None = None
    """Numbers of each camera, lost frames counted. None: until it is ended."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A recording at one moment."""

    counted: dict[str, Counted]
    bytes: int
    """Of pixels and indexes on the disk."""
    buffered_bytes: int
    error: str
    """Why it ended early; empty where it did not."""


class _DiskFullError(Exception):
    pass


class _Entry:
    """What waits for the disk."""

    __slots__ = ("camera", "ready", "record", "region", "shape")

    def __init__(self, camera: str, record: Record | Phase, region: Region | None, shape: tuple[int, ...]) -> None:
        self.camera, self.record, self.region, self.shape = camera, record, region, shape
        self.ready = region is None
        """Whether its pixels are copied."""


class _Stream:
    """A camera that is recorded."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        folder.mkdir(parents=True)
        self.index = os.open(folder / INDEX, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
        self.store: PixelStore = RawStore(folder, limits.segment_bytes) if limits.format == "raw" else PngStore(folder)
        self.first: int | None = None
        self.complete = False
        self.not_recorded: NotRecorded | None = None
        """The last frames, as long as there was no room for them."""
        self.counted = Counted()

    def close(self) -> None:
        try:
            self.store.close()
            os.fdatasync(self.index)
        finally:
            os.close(self.index)


class RecordingWriter:
    """One recording. ``add``, ``phase`` and ``progress`` may be called from any thread."""

    def __init__(self, folder: Path, manifest: Manifest, limits: Limits, ended: Callable[[str], None]) -> None:
        """Make the folder, which must not be there, or be empty, and begin. ``ended(why)`` is called from the writer's thread where the
        recording ends early. Raises FileError where the folder cannot be written."""
        self._folder, self._manifest, self._limits, self._tell_ended = folder, manifest, limits, ended
        self._lock = threading.Condition()
        self._queue: deque[_Entry] = deque()
        self._closing = self._abandoned = False
        self._error = ""
        self._bytes = self._unchecked = 0
        self._checked_s = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._check_free(0)
            write_manifest(folder, manifest)
            self._phases = os.open(folder / PHASES, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
            self._streams = {one.name: _Stream(camera_folder(folder, one.name), limits) for one in manifest.cameras}
        except (OSError, ValueError) as error:
            raise FileError(f"{folder}: cannot be recorded to ({reason(error)})") from None
        except _DiskFullError as error:
            raise FileError(f"{folder}: cannot be recorded to: {error}") from None
        self._buffer = PixelBuffer(limits.buffer_bytes)
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    # For cameras.

    def phase(self, phase: Phase) -> None:
        """What holds from now on."""
        with self._lock:
            self._put(_Entry("", phase, None, ()))

    def add(self, camera: str, record: Record, pixels: NDArray[np.uint8] | None = None) -> None:
        """Record a frame, or frames that were lost, in the order of their numbers; ``pixels``, uint8 [H, W], may be altered afterwards."""
        with self._lock:
            stream = self._streams.get(camera)
            if stream is None or stream.complete or self._closing or self._error:
                return
            record = self._within(stream, record)
            region = None
            room = len(self._queue) < MOST_WAITING
            if room and pixels is not None:
                region = self._buffer.reserve(pixels.nbytes)
                room = region is not None
            if not room:
                self._leave_out(stream, record)
                return
            self._flush(camera, stream)
            entry = _Entry(camera, record, region, () if pixels is None else pixels.shape)
            self._put(entry)
            self._closing = self.complete
        if pixels is not None and region is not None:
            np.copyto(self._buffer.view(region).reshape(pixels.shape), pixels)
            with self._lock:
                entry.ready = True
                self._lock.notify()

    @property
    def complete(self) -> bool:
        """Whether every camera has given as many frames as are wanted."""
        return all(stream.complete for stream in self._streams.values())

    def progress(self) -> Progress:
        """How far it is."""
        with self._lock:
            return Progress(
                counted={name: stream.counted for name, stream in self._streams.items()},
                bytes=self._bytes,
                buffered_bytes=self._buffer.used,
                error=self._error,
            )

    def end(self) -> None:
        """Take no further frame; what waits is still written. Does not wait."""
        with self._lock:
            self._closing = True
            self._lock.notify()

    @property
    def alive(self) -> bool:
        """Whether anything of it is still to be written."""
        return self._thread.is_alive()

    def wait(self, timeout_s: float) -> bool:
        """Wait at most ``timeout_s`` until everything is on the disk; whether it is."""
        self._thread.join(max(0.0, timeout_s))
        return not self.alive

    def close(self, timeout_s: float) -> bool:
        """End, and wait at most ``timeout_s`` until everything is written; frames that still wait then are counted as not recorded.
        False where a write hangs and is left behind."""
        self.end()
        if self.wait(timeout_s):
            return True
        self._abandoned = True
        return self.wait(_LEAVE_S)

    # Under the lock.

    def _within(self, stream: _Stream, record: Record) -> Record:
        """The record, cut to the frames that are wanted; what camera gives afterwards is not."""
        if stream.first is None:
            stream.first = record.frame
        if self._limits.frames is None:
            return record
        beyond = stream.first + self._limits.frames
        if not isinstance(record, Frame):
            record = msgspec.structs.replace(record, count=min(record.count, beyond - record.frame))
        stream.complete = record.frame + (1 if isinstance(record, Frame) else record.count) >= beyond
        return record

    def _leave_out(self, stream: _Stream, record: Record) -> None:
        count = 1 if isinstance(record, Frame) else record.count
        first = stream.not_recorded.frame if stream.not_recorded else record.frame
        stream.not_recorded = NotRecorded(frame=first, count=record.frame + count - first)
        counted = stream.counted
        if not counted.not_recorded and not self._error:
            log.warning(
                "frame %d is not recorded: the disk is slower than the cameras; further ones are only counted",
                record.frame,
            )
        stream.counted = msgspec.structs.replace(counted, not_recorded=counted.not_recorded + count)

    def _flush(self, camera: str, stream: _Stream) -> None:
        if stream.not_recorded is not None:
            self._put(_Entry(camera, stream.not_recorded, None, ()))
            stream.not_recorded = None

    def _put(self, entry: _Entry) -> None:
        self._queue.append(entry)
        self._lock.notify()

    # In the writer's thread.

    def _run(self) -> None:
        try:
            while (entry := self._next()) is not None:
                self._write(entry)
                if entry.region is not None:
                    with self._lock:
                        self._buffer.release(entry.region)
            self._write_rest()
        except _DiskFullError as error:
            self._failed(str(error))
        except OSError as error:
            self._failed(f"its disk refuses ({reason(error)})")
        except Exception as error:  # a recording never ends the line
            self._failed(f"internal error: {error}")
        self._finish()

    def _next(self) -> _Entry | None:
        """The oldest entry, once its pixels are copied; None at the end."""
        with self._lock:
            while True:
                if self._queue and self._queue[0].ready:
                    entry = self._queue.popleft()
                    if not self._abandoned or isinstance(entry.record, Phase):
                        return entry
                    self._leave_out(self._streams[entry.camera], entry.record)
                elif self._closing and not self._queue:
                    return None
                else:
                    self._lock.wait()

    def _write(self, entry: _Entry) -> None:
        record = entry.record
        if isinstance(record, Phase):
            self._append(self._phases, line_of(record))
            return
        stream = self._streams[entry.camera]
        if entry.region is not None and isinstance(record, Frame):
            self._check_free(entry.region.size)
            pixels = self._buffer.view(entry.region).reshape(entry.shape)
            record = msgspec.structs.replace(record, place=stream.store.write(record.frame, pixels))
        self._append(stream.index, line_of(record))
        with self._lock:
            counted, new = stream.counted, entry.region.size if entry.region else 0
            if isinstance(record, Frame):
                stream.counted = msgspec.structs.replace(counted, frames=counted.frames + 1)
            elif isinstance(record, Lost):
                stream.counted = msgspec.structs.replace(counted, lost=counted.lost + record.count)
            self._bytes += new

    def _append(self, file: int, line: bytes) -> None:
        append(file, line)
        self._bytes += len(line)

    def _check_free(self, size: int) -> None:
        """Raise _DiskFullError where less would be left than is to be."""
        self._unchecked += size
        if self._unchecked < _CHECK_EVERY and time.monotonic() - self._checked_s < 1.0:
            return
        self._unchecked, self._checked_s = 0, time.monotonic()
        status = os.statvfs(self._folder)
        free = status.f_bavail * status.f_frsize
        if free < self._limits.free_bytes + size:
            raise _DiskFullError(
                f"{free // MIB} MiB are free on its disk, and recording.free_mib keeps {self._limits.free_bytes // MIB} MiB free"
            )

    def _write_rest(self) -> None:
        """Of cameras whose last frames were not recorded."""
        for stream in self._streams.values():
            if stream.not_recorded is not None:
                self._append(stream.index, line_of(stream.not_recorded))

    def _failed(self, why: str) -> None:
        with self._lock:
            self._error = why
            for entry in self._queue:
                if not isinstance(entry.record, Phase):
                    self._leave_out(self._streams[entry.camera], entry.record)
            self._queue.clear()
        self._tell_ended(why)

    def _finish(self) -> None:
        """Have it on the disk, and say in the manifest how it ended. On a full disk this may fail: then it looks cut off, which it is."""
        with self._lock:
            self._closing = True
            self._buffer = PixelBuffer(0)  # its memory is free
        for stream in self._streams.values():
            self._attempt(stream.close)
        self._attempt(lambda: os.close(self._phases))
        ended = msgspec.structs.replace(
            self._manifest,
            ended_unix_ns=time.time_ns(),
            ended_why=self._error,
            counted={name: stream.counted for name, stream in self._streams.items()},
        )
        self._attempt(lambda: write_manifest(self._folder, ended))

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (OSError, FileError) as error:
            if not self._error:
                self._failed(f"its disk refuses ({reason(error)})")
