"""Applies a flat field while a frame is copied into its slot: by compiled code (``_flat_field.c``), or by numpy with the same result to the
last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from engines.files.compiled import wanted
from engines.flat_field import FlatFieldFile, correct, read_flat_field
from inspector.config.camera import CameraConfig
from inspector.config.serial import serial_of
from inspector.errors import UserError
from inspector.frames.size import FrameSize

try:
    from inspector.capture import _flat_field
except ImportError:
    BUILT = False
    """Whether the compiled module is there."""
else:
    BUILT = True

COMPILED = BUILT and wanted()
"""Whether it is used."""


class FlatField:
    """A flat field, ready to be applied to the frames of one camera."""

    def __init__(self, file: FlatFieldFile) -> None:
        self.id = file.id
        """On every verdict of a frame that it was applied to."""
        self.size = FrameSize(file.card.height, file.card.width)
        """Of the frames it was made of."""
        self.camera_serial = file.card.camera_serial
        """Of the camera it was made with; empty where it was not told."""
        self.per_column = file.card.per == "column"
        """Then frames may have any height."""
        self._offset = np.ascontiguousarray(file.offset)
        self._gain = np.ascontiguousarray(file.gain)

    def refusal(self, pixels: NDArray[np.uint8]) -> str:
        """Why it cannot be applied to pixels of this dtype or shape, one line; empty where it can."""
        if pixels.dtype != np.uint8 or pixels.ndim != 2:
            return f"the camera delivered {pixels.dtype} {list(pixels.shape)}; expected uint8 [height, width]"
        return self.refusal_of(FrameSize(*pixels.shape))

    def refusal_of(self, size: FrameSize) -> str:
        """Why it does not fit frames of this size, one line; empty where it does."""
        if size.width == self.size.width and (self.per_column or size.height == self.size.height):
            return ""
        rows = "any number of rows" if self.per_column else f"{self.size.height} rows"
        return (
            f"flat field {self.id} is for frames of {rows} and {self.size.width} columns, these have {size.height} rows and "
            f"{size.width} columns; make one of frames of this camera as it is set now by `inspector calibrate flat-field`"
        )

    def apply(self, pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Write the corrected frame (uint8 ``[H, W]``, not refused) into ``out``, uint8 ``[H, W]``, C-contiguous, which may be a slot. Raises
        ValueError for others: compiled code would read and write beyond them."""
        if out.shape != pixels.shape or out.dtype != np.uint8 or self.refusal(pixels):
            raise ValueError(
                f"a frame of {pixels.dtype} {list(pixels.shape)} cannot be corrected by {self.id} into {out.dtype} {list(out.shape)}"
            )
        row_stride, along = pixels.strides
        if not COMPILED or along != 1 or row_stride < pixels.shape[1] or not out.flags.c_contiguous:
            self.apply_by_numpy(pixels, out)
            return
        _flat_field.correct(
            pixels.ctypes.data,
            row_stride,
            self._offset.ctypes.data,
            self._gain.ctypes.data,
            0 if self.per_column else self.size.width,
            out.ctypes.data,
            *pixels.shape,
        )

    def apply_by_numpy(self, pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """As ``apply``, without compiled code: 20 times as long."""
        correct(pixels, self._offset, self._gain, out)


def flat_field_of(camera: CameraConfig, size: FrameSize) -> FlatField | None:
    """The flat field that the configuration names for a camera with frames of ``size``; None where it names none.

    Raises UserError where the file is damaged, or for another camera or other frames."""
    if camera.flat_field is None:
        return None
    key = f"cameras.{camera.name}.flat_field"
    try:
        found = FlatField(read_flat_field(Path(camera.flat_field), serial_of(camera.source)))
    except FileError as error:
        raise UserError(f"{key}: {error}; `inspector calibrate flat-field` makes one") from None
    if problem := found.refusal_of(size):
        raise UserError(f"{key}: {camera.flat_field}: {problem}")
    return found
