"""What raw files hold: pixels without a header, so that it is said elsewhere, in a configuration or a ``dataset.yaml``."""

from __future__ import annotations

from typing import Literal, Protocol

RawType = Literal["uint8", "uint16", "uint16_be"]


class RawFormat(Protocol):
    """What a raw file holds: rows from the top, one grey value per pixel."""

    @property
    def dtype(self) -> RawType:
        """Type of a pixel."""

    @property
    def height(self) -> int | None:
        """Rows; None: as expected of the frame."""

    @property
    def width(self) -> int | None:
        """Columns; None: as expected of the frame."""

    @property
    def skip_bytes(self) -> int:
        """Bytes of a header before the first pixel."""
