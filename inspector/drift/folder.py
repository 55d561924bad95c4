"""The folder that keeps pictures of what was found: a bounded number, the oldest deleted first."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import cv2

from engines.errors import FileError
from engines.files.writing import output_folder, write_bytes
from inspector.drift.picture import Picture

PREFIX, SUFFIX = "drift-", ".png"


class PictureFolder:
    """Writes pictures into one folder. Used from one thread."""

    def __init__(self, folder: Path, keep: int) -> None:
        self._folder = folder
        self._keep = keep

    def save(self, picture: Picture, camera: str, code: str) -> Path:
        """Write a picture and delete the oldest beyond those to keep; its path. Raises FileError, and OSError from the listing."""
        output_folder(self._folder)
        # The time is for people; two of one second and code are told apart by the fraction.
        now = time.time()
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        path = self._folder / f"{PREFIX}{stamp}-{camera}-{code}{SUFFIX}"
        written, data = cv2.imencode(SUFFIX, picture)
        if not written:
            raise FileError(f"{path}: the picture could not be encoded")
        write_bytes(path, data.tobytes())
        self._tidy()
        return path

    def _tidy(self) -> None:
        """Names begin with the time, so their order is that of writing."""
        kept = sorted(one for one in self._folder.iterdir() if one.name.startswith(PREFIX) and one.suffix == SUFFIX)
        for old in kept[: -self._keep]:
            with suppress(OSError):
                old.unlink()
