"""Where the files of an entry are in the archive's folder. Names are made of safe characters, whatever a run is called."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timezone

from inspector.archive.entry import SUFFIXES, Format

INDEX = "archive.sqlite"
IMAGES, MASKS, THUMBNAILS, ENTRIES = "images", "masks", "thumbnails", "entries"
REVIEWS = "reviews"
"""Made with the first review."""
FOLDERS = (ENTRIES, MASKS, THUMBNAILS, IMAGES)
"""In the order in which the files of an entry are written: one that has its picture has everything."""
PART = ".part"
"""End of the name of a file that is being written."""
_NO_DAY = "00000000"
_LONGEST_RUN = 40
_DAY = re.compile(r"\d{8}")
_STEM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,180}-[0-9a-f]{8}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_IMAGE = re.compile(rf"{IMAGES}/({_DAY.pattern}/{_STEM.pattern})\.(?:png|webp|jpg)")


def stem_of(run: str | None, camera: str, frame: int, epoch: str, captured_unix_ns: int) -> str:
    """``20261130/coil-7-top-1042-3fa1b20c``: the day (UTC), and the name that the files of a frame share."""
    safe = _UNSAFE.sub("_", run or "no_run").strip(".-")[:_LONGEST_RUN] or "_"
    # Runs whose names differ in unsafe characters only are told apart by the digest, as epochs are.
    digest = hashlib.sha256(f"{epoch}\0{run}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{_day(captured_unix_ns)}/{safe}-{camera}-{frame}-{digest}"


def image_path(stem: str, kind: Format) -> str:
    """Path of the picture within the archive."""
    return f"{IMAGES}/{stem}{SUFFIXES[kind]}"


def mask_path(stem: str) -> str:
    """Path of the mask within the archive."""
    return f"{MASKS}/{stem}.png"


def thumbnail_path(stem: str) -> str:
    """Path of the thumbnail within the archive."""
    return f"{THUMBNAILS}/{stem}.jpg"


def entry_path(stem: str) -> str:
    """Path of the file with the entry's facts within the archive."""
    return f"{ENTRIES}/{stem}.json"


def review_path(stem: str) -> str:
    """Path of the file with all reviews of the entry within the archive."""
    return f"{REVIEWS}/{stem}.json"


def reviewed_mask_path(stem: str) -> str:
    """Path of the mask as it was reviewed within the archive."""
    return f"{REVIEWS}/{stem}.png"


def stem_in(path: str) -> str | None:
    """The stem of a picture's path; None for a path that is none of the archive's, such as one that leads out of it."""
    found = _IMAGE.fullmatch(path)
    return None if found is None else found[1]


def is_day(name: str) -> bool:
    """Whether the archive makes folders of this name."""
    return _DAY.fullmatch(name) is not None


def is_stem(name: str) -> bool:
    """Whether the archive gives files such names, without suffix."""
    return _STEM.fullmatch(name) is not None


def _day(unix_ns: int) -> str:
    try:
        return datetime.fromtimestamp(unix_ns // 10**9, timezone.utc).strftime("%Y%m%d").rjust(8, "0")
    except (ValueError, OverflowError, OSError):
        return _NO_DAY
