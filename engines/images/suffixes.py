"""Names of files that are taken for images, by the line and by data sets alike."""

from __future__ import annotations

RAW_SUFFIX = ".raw"
"""Files without a header; a ``RawFormat`` says what they hold."""

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm", RAW_SUFFIX}
)
"""In lower case. What a file holds is told by its first bytes, not by its name (except for raw files)."""
