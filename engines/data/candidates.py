"""The frames that may belong to a data set: those of its list, or all in its folder."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path, PurePosixPath

from engines.data.description import Source
from engines.data.frame_list import FrameList, ListedFrame
from engines.data.labels import Candidate
from engines.errors import DataError
from engines.files.folders import files_in, with_suffix
from engines.files.looking import is_folder
from engines.files.text import spelled_out
from engines.images.suffixes import SUFFIXES


def find_candidates(source: Source, frames: FrameList | None) -> tuple[list[Candidate], int]:
    """All frames, listed or found in the folder, under names that are unique; and how many leftovers were found beside them.

    Raises DataError, and FileError, where a folder cannot be listed, or a frame is listed twice.
    """
    folder = source.place(source.description.images)
    places: list[tuple[Path, str, ListedFrame | None]] = []
    leftovers = 0
    if frames is not None:
        for row in frames.rows:
            path, image = _listed_place(source, folder, row.image)
            relative = PurePosixPath(image)
            images = PurePosixPath(source.description.images)
            inside = relative.relative_to(images) if images in relative.parents else relative
            places.append((path, inside.as_posix(), row))
    else:
        if not is_folder(folder):
            raise DataError(f"{folder}: no such folder; expected the frames in it")
        found = files_in(folder, with_suffix(SUFFIXES), below=True)
        places = [(one, one.relative_to(folder).as_posix(), None) for one in found.files]
        leftovers = len(found.leftovers)
    count = Counter(path.name for path, _, _ in places)
    candidates = [
        Candidate(spelled_out(path.name if count[path.name] == 1 else relative), path, relative, row)
        for path, relative, row in places
    ]
    rows: dict[str, int] = {}
    for one in candidates:
        row_number = one.listed.row if one.listed else 0
        if rows.setdefault(one.name, row_number) != row_number and frames is not None:
            raise DataError(f"{frames.path}: row {row_number}: {one.name} is already in row {rows[one.name]}")
    return candidates, leftovers


def _listed_place(source: Source, folder: Path, image: str) -> tuple[Path, str]:
    """Where a listed frame is, and its name in the list with "/" between folders, which Windows writes as a backslash."""
    for spelling in dict.fromkeys((image, image.replace("\\", "/"))):
        path = source.place(spelling) if "/" in spelling else folder / spelling
        if os.path.lexists(path):
            return path, spelling
    return (source.place(image) if "/" in image else folder / image), image
