"""The defect archive of a line as a list of frames, so that it is a data set as it is.

Its masks are what the segmenter found: predictions, which nobody has checked, but for the entries that a person has reviewed: these have the
classes and the mask of the review. Where a defect was missed, a box says where, and no pixel is known: such a frame is defective, and not
located. The index of the archive (``archive.sqlite``) names pictures,
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
_WITH_REVIEWS = 2
_LAST_REVIEWS = """
SELECT id, review FROM reviews r JOIN reviewed USING (id) WHERE revision = (SELECT max(revision) FROM reviews WHERE id = r.id)
"""
_NAME = r"\d{8}/[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}"
_PLACE = re.compile(rf"(?:images|masks)/{_NAME}")
_REVIEWED_PLACE = re.compile(rf"reviews/{_NAME}")


class _File(msgspec.Struct, frozen=True):
    path: str


class _Entry(msgspec.Struct, frozen=True):
    """What is needed here of an entry."""

    image: _File
    mask: _File | None
    bits: tuple[str, ...]
    run: str | None


class _Truth(msgspec.Struct, frozen=True):
    """The label that a review gives."""

    classes: tuple[str, ...]
    located: bool
    mask: _File


class _Review(msgspec.Struct, frozen=True):
    """What is needed here of a review."""

    author: str
    truth: _Truth


def read_archive_list(path: Path, *, only_reviewed: bool = False) -> FrameList:
    """The entries in the order in which they were added. A reviewed one is labelled as its review says; ``only_reviewed``: no other one is
    labelled. Raises DataError."""
    import sqlite3  # here, for whoever reads other data sets, or none

    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if not 0 < version <= NEWEST:
                raise DataError(
                    f"{path}: has schema version {version}, this program knows version {NEWEST}; use the program that wrote it"
                )
            connection.execute("BEGIN")  # one state of both tables
            found = connection.execute(
                "SELECT e.id, e.lost, c.entry FROM entries e JOIN contents c USING (id) ORDER BY id"
            )
            entries = [(id_, bool(lost), _entry(path, id_, content)) for id_, lost, content in found]
            rows = connection.execute(_LAST_REVIEWS).fetchall() if version >= _WITH_REVIEWS else []
            reviews = {id_: _review(path, id_, content) for id_, content in rows}
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: cannot be read ({brief(str(error), 200)}); `inspector archive check --mend` mends an archive"
        ) from None
    if not entries:
        raise DataError(f"{path}: holds no entry")
    if only_reviewed and not reviews:
        raise DataError(
            f"{path}: none of its {len(entries)} entries is reviewed; review some, or leave out labels: reviewed"
        )
    listed = tuple(_listed(path, id_, lost, entry, reviews.get(id_), only_reviewed) for id_, lost, entry in entries)
    bits = {id_: entry.bits for id_, _, entry in entries}
    classes = _classes(path, [(one.row, bits[one.row]) for one in listed if one.labelled], len(entries))
    return FrameList(path, ("image", "mask", "run"), "run", listed, classes)


def _entry(path: Path, id_: int, content: bytes) -> _Entry:
    try:
        entry = msgspec.json.decode(content, type=_Entry)
    except (msgspec.DecodeError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: entry {id_}: {error}") from None
    for file in (entry.image, entry.mask):
        if file is not None and not _PLACE.fullmatch(file.path):
            raise DataError(f"{path}: entry {id_}: {brief(file.path)!r} is no place of an archive")
    return entry


def _review(path: Path, id_: int, content: bytes) -> _Review:
    try:
        review = msgspec.json.decode(content, type=_Review)
    except (msgspec.DecodeError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: review of entry {id_}: {error}") from None
    if not _REVIEWED_PLACE.fullmatch(review.truth.mask.path):
        raise DataError(f"{path}: review of entry {id_}: {brief(review.truth.mask.path)!r} is no place of an archive")
    return review


def _classes(path: Path, labelled: list[tuple[int, tuple[str, ...]]], entries: int) -> tuple[str, ...]:
    """The classes of the masks' bits, which all bundles must share. ``labelled``: id and bits of entries; none where no bundle inspected it."""
    first: dict[tuple[str, ...], int] = {}
    for id_, bits in labelled:
        if bits:
            first.setdefault(bits, id_)
    if not first:
        raise DataError(f"{path}: none of its {entries} entries has a mask")
    if len(first) > 1:
        (one, at), (other, there) = list(first.items())[:2]
        raise DataError(
            f"{path}: the classes of entry {at} are {', '.join(one)}, those of entry {there} are {', '.join(other)}; "
            "`inspector archive export` brings them together"
        )
    return next(iter(first))


def _listed(
    path: Path, id_: int, lost: bool, entry: _Entry, review: _Review | None, only_reviewed: bool
) -> ListedFrame:
    mask = entry.mask if review is None else review.truth.mask
    partly = review is not None and not review.truth.located
    return ListedFrame(
        row=id_,
        image=entry.image.path,
        mask=None if mask is None else mask.path,
        classes=_numbers(path, id_, entry, review.truth) if partly and review is not None else None,
        group=entry.run,
        split="",
        defective=None,
        located=not partly,
        labelled=not lost and mask is not None and (review is not None or not only_reviewed),
        reviewer="" if review is None else review.author,
        partly_drawn=partly,
    )


def _numbers(path: Path, id_: int, entry: _Entry, truth: _Truth) -> tuple[str, ...]:
    """The classes of a review by their numbers from 1, because a description may call them otherwise."""
    strange = [name for name in truth.classes if name not in entry.bits]
    if strange:
        raise DataError(f"{path}: review of entry {id_}: {brief(strange[0])!r} is no class of the entry")
    return tuple(str(entry.bits.index(name) + 1) for name in truth.classes)
