"""What the journal's file holds of a publication: its columns, and its mask compressed where that makes it smaller.

The runs of a real mask take a ninth of their bytes with zlib at level 1. Higher levels save little of a row (level 6: a seventh) and take 2.5
times as long.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

import msgspec

from inspector.results.journal_damage import RowError
from inspector.results.publication import Publication

COLUMNS = (
    "seq", "type", "run", "frame", "verdict", "captured_unix_ns", "published_unix_ns", "header", "body", "blob", "blob_bytes",
)  # fmt: skip
"""The columns of a publication, beside the stream that it belongs to."""
LARGEST_BLOB = 1_000_000_000
"""Bytes; SQLite holds no larger value, so no journal has ever held a larger mask."""
_LEVEL = 1
_MOST_EXPANSION = 1032
"""A byte of zlib's format stands for at most so many (https://zlib.net/zlib_tech.html)."""


class _Numbered(msgspec.Struct):
    seq: int


_numbered = msgspec.json.Decoder(_Numbered)


class PreparedRow(NamedTuple):
    """A publication, ready to be inserted."""

    camera: str
    values: tuple[object, ...]
    """Of ``COLUMNS``."""
    size: int
    """Bytes of the publication, before the mask was compressed."""


def prepared(publication: Publication) -> PreparedRow:
    """The row of ``publication``; it keeps no reference to a mask that it holds compressed."""
    one = publication
    values = (
        one.seq, one.type.value, one.run, one.frame, one.verdict, one.captured_unix_ns, one.published_unix_ns, one.header, one.body,
        *compressed(one.blob),
    )  # fmt: skip
    return PreparedRow(one.camera, values, one.size)


def compressed(blob: bytes) -> tuple[bytes | None, int | None]:
    """The columns ``blob`` and ``blob_bytes``: zlib's format and the size before, or the blob as it was sent and None; None and None for no
    blob. Releases the interpreter lock while it compresses."""
    if not blob:
        return None, None
    if len(blob) <= LARGEST_BLOB:
        smaller = zlib.compress(blob, _LEVEL)
        if len(smaller) < len(blob):
            return smaller, len(blob)
    return blob, None


def check_number(header: bytes, seq: int) -> None:
    """Raise RowError where a row that was found by its number holds another publication: the id that the index has for it may be that of two rows
    in a damaged file. A header that cannot be read is for who asked for it."""
    try:
        found = _numbered.decode(header).seq
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if found != seq:
        raise RowError(f"publication {found} is where {seq} should be")


def as_sent(stored: bytes, blob_bytes: object) -> bytes:
    """The blob that ``compressed`` made these two columns of; no more memory than ``LARGEST_BLOB`` is taken, whatever they hold.

    Raises RowError where they hold anything else."""
    if blob_bytes is None:
        return stored
    most = min(LARGEST_BLOB, _MOST_EXPANSION * len(stored))
    if not isinstance(blob_bytes, int) or not len(stored) < blob_bytes <= most:
        raise RowError("the size of a compressed mask cannot be right")
    stream = zlib.decompressobj()
    try:
        # One byte more than expected: zlib reads its checksum only where it may go on behind the last byte.
        blob = stream.decompress(stored, blob_bytes + 1)
    except zlib.error as error:
        raise RowError(f"a compressed mask: {error}") from None
    if len(blob) != blob_bytes or not stream.eof or stream.unused_data:
        raise RowError(f"a compressed mask is not the {blob_bytes} bytes that it should be")
    return blob
