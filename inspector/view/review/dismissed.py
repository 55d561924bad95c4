"""Which calls of a line review has dismissed, as its archive knows them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from inspector.archive.reader import Archive, Filter

Frames: TypeAlias = set[tuple[str, str, int]]
"""Epoch, camera, number of the frame."""
_PAGE = 500


def dismissed(archive: Path) -> Frames:
    """The frames of the archive of which a reviewer said that nothing on them is a defect. Raises UserError."""
    found: Frames = set()
    cursor: int | None = None
    with Archive(archive) as reader:
        while page := reader.list(Filter(dismissed=True), cursor=cursor, limit=_PAGE):
            found.update((one.epoch, one.camera, one.frame) for one in page)
            cursor = page[-1].id
    return found
