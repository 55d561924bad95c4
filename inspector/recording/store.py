"""The pixels of a recorded camera on disk: raw segments one after the other, or a PNG file for each frame.

What is written goes to the disk bit by bit, and leaves the page cache again: otherwise the kernel would write gigabytes at once, and the
journal's next commit would wait behind them.
"""

from __future__ import annotations

import errno
import os
import zlib
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.recording.records import Place

_SYNC_BYTES = 8 << 20
_PNG_FOLDER = 10_000
"""Frames in a folder of PNG files: file managers and ``ls`` stay usable."""


class PixelStore(Protocol):
    """Writes the pixels of one camera. Used by the thread of the writer."""

    def write(self, frame: int, pixels: NDArray[np.uint8]) -> Place:
        """Write the pixels, uint8 [H, W] C-contiguous, of a frame. Raises OSError; nothing of the frame is kept then."""

    def close(self) -> None:
        """Have everything on the disk. Raises OSError."""


class RawStore:
    """Raw pixels of many frames in a file, at most ``segment_bytes`` in each."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._segment = 0
        self._file: int | None = None
        self._length = self._unsynced = 0

    def write(self, frame: int, pixels: NDArray[np.uint8]) -> Place:
        """See ``PixelStore``."""
        if self._file is not None and self._length and self._length + pixels.nbytes > self._segment_bytes:
            self.close()
            self._segment += 1
        name = f"{self._segment:06d}.raw"
        if self._file is None:
            self._file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            self._length = 0
        offset = self._length
        try:
            _write_all(self._file, pixels.data.cast("B"))
        except OSError:
            os.ftruncate(self._file, offset)
            os.lseek(self._file, offset, os.SEEK_SET)
            raise
        self._length += pixels.nbytes
        self._unsynced += pixels.nbytes
        if self._unsynced >= _SYNC_BYTES:
            self._sync(self._file)
        return Place(
            file=name, height=pixels.shape[0], width=pixels.shape[1], crc32=zlib.crc32(pixels.data), offset=offset
        )

    def _sync(self, file: int) -> None:
        self._unsynced = 0
        os.fdatasync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        """See ``PixelStore``."""
        if self._file is not None:
            file, self._file = self._file, None
            try:
                self._sync(file)
            finally:
                os.close(file)


class PngStore:
    """A PNG file for each frame, compressed as fast as possible."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = ""

    def write(self, frame: int, pixels: NDArray[np.uint8]) -> Place:
        """See ``PixelStore``."""
        group, name = f"{frame // _PNG_FOLDER:06d}", f"{frame:010d}.png"
        if group != self._made:
            os.makedirs(self._folder / group, exist_ok=True)
            self._made = group
        made, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not made:
            raise OSError(errno.EINVAL, "OpenCV could not encode the frame")
        path = self._folder / group / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            _write_all(file, data.data.cast("B"))
            # Without waiting: the kernel begins to write what is dirty.
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            os.unlink(path)
            raise
        finally:
            os.close(file)
        return Place(
            file=f"{group}/{name}", height=pixels.shape[0], width=pixels.shape[1], crc32=zlib.crc32(pixels.data)
        )

    def close(self) -> None:
        """Nothing is open between two frames."""


def _write_all(file: int, data: memoryview) -> None:
    while data:
        data = data[os.write(file, data) :]


def append(file: int, data: bytes) -> None:
    """Append to an index. Raises OSError; what was written of it is a line that readers leave out."""
    _write_all(file, memoryview(data))
