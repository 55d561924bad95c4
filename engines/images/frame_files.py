"""Image files as a sequence of frames of one size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError, DataError
from engines.images.decoder import Decoder

_T = TypeVar("_T")
Frame = NDArray[np.uint8]


class FrameFiles(Sequence[Frame]):
    """Image files of one size, decoded one at a time, when they are asked for."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Raises DataError where the first file cannot be read."""
        self._files = files
        self.size = self._read(Decoder().size, files[0])
        """Height and width: those of the first file."""
        self._decoder = Decoder(*self.size)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
        """``uint8 [height, width]``. Raises DataError where the file holds no such frame."""
        return self._read(self._decoder.decode, self._files[index])

    @staticmethod
    def _read(read: Callable[[Path], _T], file: Path) -> _T:
        try:
            return read(file)
        except BadFrameError as error:
            raise DataError(f"{file}: {error}; leave it out, or give frames of one size") from None
