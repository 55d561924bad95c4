"""A picture whose header is known and whose pixels are not decoded yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError

Values = NDArray[np.generic]
"""Samples as a file stores them, ``uint8`` or ``uint16``."""


@dataclass(frozen=True, slots=True)
class Picture(ABC):
    """What a header says."""

    kind: str
    """Name of the format, for messages."""
    height: int
    width: int
    bits: int
    """Bits of a sample as ``grey`` gives it: at most 8 in ``uint8``, up to 16 in ``uint16``."""
    white: int
    """The value that is white, as the file states or its depth implies."""

    @property
    def white_is_zero(self) -> bool:
        """Whether 0 is white and ``white`` is black."""
        return False

    @property
    def states_white(self) -> bool:
        """Whether the file names a white of its own, above which no value can be."""
        return False

    @abstractmethod
    def grey(self, data: bytes) -> Values:
        """One grey sample a pixel, ``uint8`` or ``uint16 [height, width]``, of the whole file ``data``.

        Colour becomes 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), so grey stored as RGB keeps its values; alpha is dropped; an
        orientation tag is not obeyed, as a line's geometry is that of its sensor. Raises BadFrameError; any other exception also means
        that the data are damaged.
        """

    @abstractmethod
    def stored(self, data: bytes) -> Values:
        """As ``grey``, but with the channels there are: ``[height, width]``, or ``[height, width, channels]`` of colour."""


def one_frame(number: int, what: str = "pages") -> None:
    """Raise BadFrameError where a file holds more than one picture: a frame is one file, so that each gets its verdict."""
    if number > 1:
        raise BadFrameError(f"holds {number} {what}; expected one frame a file")


def damaged(kind: str, size: int, why: str = "") -> BadFrameError:
    """The error for a file of ``size`` bytes whose data do not give the picture that its header promises."""
    return BadFrameError(f"is a damaged or cut-short {kind} file ({size} bytes){': ' if why else ''}{why}")


def by_size(shape: Sequence[Any]) -> str:
    """Height x width in words."""
    return f"{shape[0]}x{shape[1]}"


def grey_of_rgb(values: Values) -> Values:
    """``[H, W, 3]`` RGB, of either depth, to grey ``[H, W]``, by the same integers as OpenCV's readers of files."""
    wide = values[..., :3].astype(np.uint32)
    mixed = (4899 * wide[..., 0] + 9617 * wide[..., 1] + 1868 * wide[..., 2] + 8192) >> 14
    return np.asarray(mixed, dtype=values.dtype)
