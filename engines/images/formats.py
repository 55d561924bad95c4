"""Which format a file has, by its first bytes."""

from __future__ import annotations

from collections.abc import Callable

from engines.errors import BadFrameError
from engines.images.bmp import read_bmp
from engines.images.files import Source
from engines.images.jpeg import read_jpeg
from engines.images.netpbm import read_netpbm
from engines.images.picture import Picture
from engines.images.png import read_png
from engines.images.tiff import read_tiff
from engines.images.webp import read_webp

_FORMATS: tuple[tuple[bytes, Callable[[Source], Picture]], ...] = (
    (b"\xff\xd8", read_jpeg),
    (b"\x89PNG", read_png),
    (b"BM", read_bmp),
    (b"RIFF", read_webp),
    *((magic, read_tiff) for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    *((b"P%d" % digit, read_netpbm) for digit in range(1, 7)),
)


def read_header(source: Source) -> Picture:
    """The picture that a file's header announces. Raises BadFrameError where there is none that is known, or none that is used here."""
    start = source.read(0, 4)
    for magic, read in _FORMATS:
        if start.startswith(magic):
            return read(source)
    raise BadFrameError("is not a JPEG, PNG, WebP, BMP, TIFF or PGM file")
