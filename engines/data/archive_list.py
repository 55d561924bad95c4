"""The defect archive of a line as a list of frames, so that it is a data set as it is.

Its masks are what the segmenter found: predictions, which nobody has checked. The index of the archive (``archive.sqlite``) names pictures,
masks and runs; frames of a run are a group. An entry without a mask, because nothing was segmented, is not labelled, and neither is one whose
files are lost.
"""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import msgspec

from engines.data.frame_list import FrameList, ListedFrame
from engines.errors import DataError
from engines.files.text import brief

SUFFIX = ".sqlite"
FILE = f"archive{SUFFIX}"
NEWEST = 2
"""The newest version of the index that is known here."""
_PLACE = re.compile(r"(?:images|masks)/\d{8}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


class _File(msgspec.Struct, frozen=True):
    path: str


class _Entry(msgspec.Struct, frozen=True):
    """What is needed here of an entry."""

    image: _File
    mask: _File | None
    bits: tuple[str, ...]
    run: str | None


def read_archive_list(path: Path) -> FrameList:
    """The entries in the order in which they were added. Raises DataError."""
    import sqlite3  # here, for whoever reads other data sets, or none

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if not 0 < version <= NEWEST:
                raise DataError(
                    f"{path}: has schema version {version}, this program knows version {NEWEST}; use the program that wrote it"
                )
            found = connection.execute(
                "SELECT e.id, e.lost, c.entry FROM entries e JOIN contents c USING (id) ORDER BY id"
            )
            entries = [(id_, bool(lost), _entry(path, id_, content)) for id_, lost, content in found]
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read ({brief(str(error), 200)}); `inspector archive check --mend` mends an archive"
        ) from None
    if not entries:
        raise DataError(f"{path}: holds no entry")
    classes = _classes(path, entries)
    rows = tuple(_listed(id_, entry, labelled=not lost and entry.mask is not None) for id_, lost, entry in entries)
    return FrameList(path, ("image", "mask", "run"), "run", rows, classes)


def _entry(path: Path, id_: int, content: bytes) -> _Entry:
    try:
        entry = msgspec.json.decode(content, type=_Entry)
    except (msgspec.DecodeError, TypeError) as error:
        raise DataError(f"{path}: entry {id_}: {error}") from None
    for file in (entry.image, entry.mask):
        if file is not None and not _PLACE.fullmatch(file.path):
            raise DataError(f"{path}: entry {id_}: {brief(file.path)!r} is no place of an archive")
    return entry


def _classes(path: Path, entries: list[tuple[int, bool, _Entry]]) -> tuple[str, ...]:
    """The classes of the masks' bits, which all bundles must share."""
    first: dict[tuple[str, ...], int] = {}
    for id_, lost, entry in entries:
        if entry.mask is not None and not lost:
            first.setdefault(entry.bits, id_)
    if not first:
        raise DataError(f"{path}: none of its {len(entries)} entries has a mask")
    if len(first) > 1:
        (one, at), (other, there) = list(first.items())[:2]
        raise DataError(
            f"{path}: the classes of entry {at} are {', '.join(one)}, those of entry {there} are {', '.join(other) or 'none'}; "
            "`inspector archive export` brings them together"
        )
    return next(iter(first))


def _listed(id_: int, entry: _Entry, *, labelled: bool) -> ListedFrame:
    return ListedFrame(
        row=id_,
        image=entry.image.path,
        mask=None if entry.mask is None else entry.mask.path,
        classes=None,
        group=entry.run,
        split="",
        defective=None,
        located=True,
        labelled=labelled,
    )
