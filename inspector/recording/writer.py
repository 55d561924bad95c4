"""Writes a recording beside a running line: cameras put frames into memory (waiting.py), one thread writes them to the disk (files.py).

A disk that refuses (full, gone), or an error in here, ends the recording, not the line.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from engines.files.looking import reason
from inspector.recording.files import DiskFullError, RecordingFiles
from inspector.recording.limits import Limits
from inspector.recording.manifest import Counted, Manifest, write_manifest
from inspector.recording.records import Phase, Record
from inspector.recording.waiting import Entry, GivenUpError, Waiting

log = logging.getLogger(__name__)

_LEAVE_S = 0.2
"""For the frame that is being written when the others are given up."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A recording at one moment."""

    counted: dict[str, Counted]
    bytes: int
    """Of pixels and indexes on the disk."""
    buffered_bytes: int
    error: str
    """Why it ended early; empty where it did not."""


class RecordingWriter:
    """One recording. ``add``, ``phase`` and ``progress`` may be called from any thread."""

    def __init__(self, folder: Path, manifest: Manifest, limits: Limits, ended: Callable[[str], None]) -> None:
        """Make the folder, which must not be there, or be empty, and begin. ``ended(why)`` is called from the writer's thread where the
        recording ends early. Raises FileError where the folder cannot be written."""
        self._folder, self._manifest, self._tell_ended = folder, manifest, ended
        self._error = ""
        self._files = RecordingFiles(folder, manifest, limits)
        self._waiting = Waiting((one.name for one in manifest.cameras), limits.buffer_bytes, limits.frames)
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    # For cameras.

    def phase(self, phase: Phase) -> None:
        """What holds from now on."""
        self._waiting.phase(phase)

    def add(self, camera: str, record: Record, pixels: NDArray[np.uint8] | None = None) -> None:
        """Record a frame, or frames that were lost, in the order of their numbers; ``pixels``, uint8 [H, W], may be altered afterwards."""
        self._waiting.add(camera, record, pixels)

    def give_up(self, why: str) -> None:
        """End the recording early. Does not wait, and may be called under any lock."""
        self._waiting.give_up(why)

    @property
    def complete(self) -> bool:
        """Whether every camera has given as many frames as are wanted."""
        return self._waiting.complete

    def progress(self) -> Progress:
        """How far it is."""
        waiting = self._waiting
        return Progress(
            counted=waiting.counted,
            bytes=self._files.bytes,
            buffered_bytes=waiting.buffered_bytes,
            error=self._error,
        )

    def end(self) -> None:
        """Take no further frame; what waits is still written. Does not wait."""
        self._waiting.end()

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
        self._waiting.abandon()
        return self.wait(_LEAVE_S)

    # In the writer's thread.

    def _run(self) -> None:
        failure: Exception | None = None
        try:
            self._write_all()
        except Exception as error:  # a recording never ends the line
            failure = error
        self._waiting.close()
        if failure is not None:
            self._failed(failure)
        self._finish()

    def _write_all(self) -> None:
        while (entry := self._waiting.next()) is not None:
            self._write(entry)
            self._waiting.done(entry)
        for camera, record in self._waiting.rest.items():
            self._files.write(camera, record)

    def _write(self, entry: Entry) -> None:
        if isinstance(entry.record, Phase):
            self._files.phase(entry.record)
        else:
            self._files.write(entry.camera, entry.record, entry.pixels)

    def _finish(self) -> None:
        """Have it on the disk, and say in the manifest how it ended. On a full disk this may fail: then it looks cut off, which it is."""
        for error in self._files.close():
            self._failed(error)
        ended = msgspec.structs.replace(
            self._manifest, ended_unix_ns=time.time_ns(), ended_why=self._error, counted=self._waiting.counted
        )
        try:
            write_manifest(self._folder, ended)
        except (OSError, FileError) as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Say why it ended early, once."""
        if self._error:
            return
        if isinstance(error, (OSError, FileError)):
            self._error = f"its disk refuses ({reason(error)})"
        elif isinstance(error, (DiskFullError, GivenUpError)):
            self._error = str(error)
        else:
            self._error = f"internal error: {error}"
        try:
            self._tell_ended(self._error)
        except Exception:
            log.exception("the end of the recording in %s could not be told", self._folder)
