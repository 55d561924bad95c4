"""The size of a frame."""

from __future__ import annotations

from typing import NamedTuple


class FrameSize(NamedTuple):
    """Height and width in pixels; a pixel is one byte."""

    height: int
    width: int

    @property
    def pixels(self) -> int:
        """Number of pixels of a frame, which is also its number of bytes."""
        return self.height * self.width

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"
