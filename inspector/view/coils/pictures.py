"""Pictures and masks of the archive, under addresses that never show anything else: the entry's id and the checksum of the file are in them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from engines.errors import FileError
from inspector.archive.entry import Entry, KeptFile
from inspector.archive.reader import Archive
from inspector.errors import UserError

LARGEST_BYTES = 64 << 20
"""Of a picture that is sent to a page."""
_NAME = re.compile(r"([1-9][0-9]{0,18})-([0-9a-f]{8})\.(picture|mask|thumbnail)")
_MEDIA = {".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg"}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What the archive has of a frame."""

    id: int
    evidence: str
    bits: tuple[str, ...]
    """Class of each bit of the mask."""
    picture_px: tuple[int, int]
    """Height and width of the picture and of the mask."""
    box_px: tuple[int, int, int, int] | None
    """The part of the frame that they show; None: all of it."""
    picture: str
    mask: str | None
    thumbnail: str | None
    """The last part of their addresses; None: there is none."""


def shown(entry: Entry) -> Shown:
    """What a page is told of an entry."""
    return Shown(
        id=entry.id,
        evidence=entry.evidence.value,
        bits=entry.bits,
        picture_px=entry.picture_px,
        box_px=entry.box_px,
        picture=_name(entry, "picture", entry.image),
        mask=None if entry.mask is None else _name(entry, "mask", entry.mask),
        thumbnail=None if entry.thumbnail is None else _name(entry, "thumbnail", entry.thumbnail),
    )


def entry_of(archive: Path, epoch: str, camera: str, frame: int) -> Shown | None:
    """What the archive has of a frame; None: nothing, or its files are lost. Raises UserError."""
    with Archive(archive) as opened:
        entry = opened.find(epoch, camera, frame)
    return None if entry is None or entry.lost else shown(entry)


def picture(archive: Path, name: str) -> tuple[bytes, str] | None:
    """The content and the media type of what has this name; None where there is nothing of this name, or not any more. Raises UserError and FileError."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    with Archive(archive) as opened:
        entry = opened.get(int(found[1])) if int(found[1]) < 2**63 else None
        if entry is None:
            return None
        files = {"picture": entry.image, "mask": entry.mask, "thumbnail": entry.thumbnail}
        file = files[found[3]]
        if file is None or f"{file.crc32:08x}" != found[2]:
            return None
        if file.bytes > LARGEST_BYTES:
            raise UserError(f"the picture has {file.bytes >> 20} MiB; at most {LARGEST_BYTES >> 20} MiB are shown")
        _require_within(archive, file)
        return opened.data(file), _MEDIA[Path(file.path).suffix]


def _require_within(archive: Path, file: KeptFile) -> None:
    """A folder of the archive may have been replaced by a link. Raises FileError."""
    root = archive.resolve()
    if not (root / file.path).parent.resolve().is_relative_to(root):
        raise FileError(f"{archive / file.path}: a link leads out of the archive")


def _name(entry: Entry, kind: str, file: KeptFile) -> str:
    return f"{entry.id}-{file.crc32:08x}.{kind}"
