"""Detects truncated JPEG files, which some decoders fill with grey without an error.

What OpenCV's ``imdecode`` does was tried on cut files of every format: PNG, BMP, TIFF and PGM are refused by 4.10 and 5.0
alike; a sequential JPEG is refused by 5.0 but by 4.10 silently filled with grey, or with what the memory held before. So the
end of a JPEG is looked for here. A JPEG that is damaged inside but has its end cannot be detected: it has no checksum.
"""

from __future__ import annotations

_FORMATS = (
    (b"\xff\xd8", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"P1", "PBM"),
    (b"P2", "PGM"),
    (b"P3", "PPM"),
    (b"P4", "PBM"),
    (b"P5", "PGM"),
    (b"P6", "PPM"),
)


def format_of(data: bytes) -> str:
    """Name of the format that the first bytes announce, empty if none known."""
    return next((name for magic, name in _FORMATS if data.startswith(magic)), "")


def jpeg_is_whole(data: bytes) -> bool:
    """Whether a JPEG's picture data end with the end-of-image marker (ITU-T T.81, B.1); bytes after it do no harm.

    The search starts behind the header segments, as an embedded thumbnail has an end marker of its own. Within picture data
    no other FF D9 can stand: FF is always followed by 00 or a restart marker.
    """
    scan = _jpeg_scan_start(data)
    return scan is not None and data.rfind(b"\xff\xd9", scan) >= 0


def _jpeg_scan_start(data: bytes) -> int | None:
    """Offset of the first byte behind the header of the first scan; None where the segments do not lead there."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        at += 2 + length
        if marker == 0xDA:
            return at if at < len(data) else None
    return None
