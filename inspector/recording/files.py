"""The files of a recording that is being written. Used by the thread of the writer."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from engines.files.looking import reason
from inspector.recording.limits import MIB, Limits
from inspector.recording.manifest import INDEX, PHASES, Manifest, camera_folder, write_manifest
from inspector.recording.records import Frame, Phase, Record, line_of
from inspector.recording.store import PixelStore, PngStore, RawStore, append

_CHECK_EVERY = 16 * MIB
"""The free space is looked at after so many bytes, and once a second."""


class DiskFullError(Exception):
    """Less would be left free than is to be; the text says how much."""


class _CameraFiles:
    """Index and pixels of a camera."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        folder.mkdir(parents=True)
        self.index = _new(folder / INDEX)
        self.store: PixelStore = RawStore(folder, limits.segment_bytes) if limits.format == "raw" else PngStore(folder)

    def close(self) -> None:
        try:
            self.store.close()
            os.fdatasync(self.index)
        finally:
            os.close(self.index)


class RecordingFiles:
    """Manifest, phases, and the files of each camera."""

    def __init__(self, folder: Path, manifest: Manifest, limits: Limits) -> None:
        """Make them; the folder must not be there, or be empty. Raises FileError."""
        self._folder, self._limits = folder, limits
        self.bytes = 0
        """Of pixels and indexes, written so far."""
        self._unchecked = 0
        self._checked_s = 0.0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._check_free(0)
            write_manifest(folder, manifest)
            self._phases = _new(folder / PHASES)
            self._cameras = {
                one.name: _CameraFiles(camera_folder(folder, one.name), limits) for one in manifest.cameras
            }
        except (OSError, ValueError) as error:
            raise FileError(f"{folder}: cannot be recorded to ({reason(error)})") from None
        except DiskFullError as error:
            raise FileError(f"{folder}: cannot be recorded to: {error}") from None

    def phase(self, phase: Phase) -> None:
        """Raises OSError."""
        self._append(self._phases, line_of(phase))

    def write(self, camera: str, record: Record, pixels: NDArray[np.uint8] | None = None) -> None:
        """Pixels, uint8 [H, W], first, and then the record that names their place. Raises OSError, DiskFullError."""
        files = self._cameras[camera]
        if pixels is not None and isinstance(record, Frame):
            self._check_free(pixels.nbytes)
            record = msgspec.structs.replace(record, place=files.store.write(record.frame, pixels))
            self.bytes += pixels.nbytes
        self._append(files.index, line_of(record))

    def close(self) -> list[Exception]:
        """Have everything on the disk; what went wrong."""
        found: list[Exception] = []
        for one in self._cameras.values():
            try:
                one.close()
            except OSError as error:
                found.append(error)
        os.close(self._phases)
        return found

    def _append(self, file: int, line: bytes) -> None:
        append(file, line)
        self.bytes += len(line)

    def _check_free(self, size: int) -> None:
        self._unchecked += size
        if self._unchecked < _CHECK_EVERY and time.monotonic() - self._checked_s < 1.0:
            return
        self._unchecked, self._checked_s = 0, time.monotonic()
        status = os.statvfs(self._folder)
        free = status.f_bavail * status.f_frsize
        if free < self._limits.free_bytes + size:
            raise DiskFullError(
                f"{free // MIB} MiB are free on its disk, and recording.free_mib keeps {self._limits.free_bytes // MIB} MiB free"
            )


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o666)
