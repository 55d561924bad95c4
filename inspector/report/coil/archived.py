"""Pictures of a coil's defects, from the line's defect archive."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np

from engines.errors import FileError
from inspector.archive.entry import Entry
from inspector.archive.reader import Archive, Filter
from inspector.errors import UserError
from inspector.frames.coil import CoilDefect
from inspector.report.coil.coil_map import class_colours
from inspector.report.coil.content import CoilReport
from inspector.report.pictures.contact_sheet import outlined
from inspector.report.pictures.drawing import Picture

_MOST_ENTRIES = 50_000
"""Of a run that are looked through, the latest ones."""
_WIDEST_PX, _HIGHEST_PX, _MOST_ENLARGED = 800, 400, 4.0
log = logging.getLogger(__name__)


class ArchivedPictures:
    """Finds a picture that shows a defect; called as ``FindPicture``. What cannot be read is logged, and is no picture."""

    def __init__(self, folder: Path, report: CoilReport) -> None:
        self._folder = folder
        self._wanted = Filter(line=report.line, run=report.run, lost=False)
        self._colours = {name: index % 8 for index, name in enumerate(class_colours(report))}
        self._entries: dict[tuple[str, int], list[int]] | None = None
        """Of the run, by camera and frame; the ids of several epochs."""

    def __call__(self, defect: CoilDefect) -> Picture | None:
        try:
            with Archive(self._folder) as archive:
                entry = self._entry(archive, defect)
                return None if entry is None else self._picture(archive, entry)
        except (UserError, FileError) as error:
            log.warning("no picture of a defect: %s", error)
            return None

    def _entry(self, archive: Archive, defect: CoilDefect) -> Entry | None:
        """Of the frames that show the defect, the one in which most of it was found."""
        if self._entries is None:
            self._entries = {}
            for one in archive.list(self._wanted, limit=_MOST_ENTRIES):
                self._entries.setdefault((one.camera, one.frame), []).append(one.id)
        ids = [id_ for one in defect.frames for id_ in self._entries.get((one.camera, one.frame), [])]
        found = [entry for id_ in ids if (entry := archive.get(id_)) is not None and not entry.lost]
        return max(found, key=lambda one: one.pixels.get(defect.class_name, 0), default=None)

    def _picture(self, archive: Archive, entry: Entry) -> Picture:
        pixels, mask = archive.pixels(entry), archive.mask(entry)
        found = None if mask is None else np.zeros_like(mask)
        for bit, name in enumerate(entry.bits):
            if mask is not None and found is not None and name in self._colours:
                found |= (mask >> bit & 1) << self._colours[name]  # a class has the colour that it has on the map
        scale = min(_WIDEST_PX / pixels.shape[1], _HIGHEST_PX / pixels.shape[0], _MOST_ENLARGED)
        return outlined(pixels, found, None, 8, scale)
