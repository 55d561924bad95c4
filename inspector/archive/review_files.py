"""Files of reviews: all reviews of an entry, and the mask of the last one. They are written before the rows, and the index is made again
from them.

After a crash, files may be ahead of the rows; and the mask of the file of reviews. `settle` brings them together again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import cv2
import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from engines.errors import BadFrameError, FileError
from engines.images.decoder import Decoder
from inspector.archive import files, pictures
from inspector.archive.entry import Entry, KeptFile
from inspector.archive.index import RowError, require_own_paths
from inspector.archive.places import PART, REVIEWS, review_path, reviewed_mask_path
from inspector.archive.review import Proposal, Review, Truth
from inspector.archive.review_mask import classes_of, is_located, reviewed_mask
from inspector.archive.review_rows import History, decode_review, history_of, put
from inspector.errors import UserError

_MOST_BYTES = 256 << 20


def stored_mask(root: Path, file: KeptFile, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A bitmask of the archive, uint8 [H, W] of ``size``. Raises FileError."""
    data = files.read(root, file)
    try:
        values = Decoder(*size).stored_in(data)
    except BadFrameError as error:
        raise FileError(f"{root / file.path}: {error}") from None
    if values.dtype != np.uint8 or values.ndim != 2:
        raise FileError(f"{root / file.path}: holds {values.dtype} {list(values.shape)}; expected a bitmask")
    return np.ascontiguousarray(values, dtype=np.uint8)


def truth_of(root: Path, entry: Entry, asked: Proposal) -> tuple[Truth, bytes]:
    """The label that a review gives, and the file of its mask. Raises UserError, and FileError for an entry whose mask cannot be read."""
    needs_mask = entry.mask is not None and asked.says != "false_alarm"
    found = stored_mask(root, entry.mask, entry.picture_px) if needs_mask and entry.mask is not None else None
    data = pictures.mask_picture(reviewed_mask(entry, found, asked))
    path = reviewed_mask_path(require_own_paths(entry))
    return Truth(classes=classes_of(entry, asked), located=is_located(entry, asked), mask=files.kept(path, data)), data


def write(root: Path, stem: str, history: Sequence[Review], mask: bytes | None) -> None:
    """Have the reviews of an entry on the disk, and the mask of the last one where that is given. Raises OSError."""
    files.make_folder(root / REVIEWS)
    wanted = [] if mask is None else [(reviewed_mask_path(stem), mask)]
    files.write_together(root, [*wanted, (review_path(stem), msgspec.json.encode(list(history)))])


def read(root: Path, stem: str) -> History | None:
    """The reviews in the file of an entry; None where there is none. Raises RowError for a file that no archive has written."""
    place = root / review_path(stem)
    if not os.path.lexists(place):
        return None
    try:
        raw = msgspec.json.decode(files.read_regular(place, _MOST_BYTES), type=list[msgspec.Raw])
        history = tuple(decode_review(bytes(one)) for one in raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FileError) as error:
        raise RowError(str(error)) from None
    if [one.revision for one in history] != list(range(1, len(history) + 1)):
        raise RowError("its revisions are not 1, 2, and so on")
    if any(one.truth is not None and one.truth.mask.path != reviewed_mask_path(stem) for one in history):
        raise RowError("it names another entry's mask")
    return history


def settle(root: Path, connection: sqlite3.Connection, entry: Entry, *, only_look: bool = False) -> bool:
    """Bring rows and files of one entry's reviews together, in an open transaction; whether anything was to be done. The longer history
    counts, the rows' where both are as long. What is protected is not brought up to date.

    Raises OSError, sqlite3.Error, and RowError where neither can be read."""
    stem = require_own_paths(entry)
    in_rows, in_file = _readable(root, connection, entry.id, stem)
    history = tuple(in_rows or ())
    if in_file is not None and len(in_file) > len(history):
        history = tuple(replace(one, entry=entry.id) for one in in_file)
    mask = None
    truth = history[-1].truth if history else None
    if truth is not None and not _is_as_written(root, truth.mask) and not entry.lost:
        history, mask = _with_mask_again(root, entry, history)
    stale = history != in_rows
    missing = bool(history) and history != in_file
    left = [f"{path}{PART}" for path in (reviewed_mask_path(stem), review_path(stem))]
    left += [reviewed_mask_path(stem)] if history and truth is None else []
    left = [path for path in left if os.path.lexists(root / path)]
    if not only_look:
        if missing or mask is not None:
            write(root, stem, history, mask)
        if stale:
            put(connection, entry.id, history)
        files.remove(root, left)
    return stale or missing or bool(left) or mask is not None


def _readable(root: Path, connection: sqlite3.Connection, id_: int, stem: str) -> tuple[History | None, History | None]:
    """What rows and file say; None for what cannot be read, and for a file that is not there. Raises RowError where neither can be read."""
    in_rows: History | None
    try:
        in_rows = history_of(connection, id_)
    except RowError:
        in_rows = None
    try:
        in_file = read(root, stem)
    except RowError:
        if not in_rows:
            raise
        in_file = None
    return in_rows, in_file


def _with_mask_again(root: Path, entry: Entry, history: History) -> tuple[History, bytes | None]:
    """The mask of the last review made again from the entry's own, which is possible as long as that is there."""
    last = history[-1]
    asked = Proposal(base=0, says=last.says, judgements=last.judgements, missed=last.missed)
    try:
        truth, mask = truth_of(root, entry, asked)
    except (UserError, FileError, cv2.error):
        return history, None
    return (*history[:-1], replace(last, truth=truth)), mask


def _is_as_written(root: Path, file: KeptFile) -> bool:
    """Its content is read: two masks of one frame may well be of the same size."""
    try:
        files.read(root, file)
    except FileError:
        return False
    return True
