"""How the pixels of a camera become the frame in its slot: corrected by the flat field, where there is one, then fitted to the bundle's size."""

from __future__ import annotations

import logging
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inspector.capture.fit import make_fit
from inspector.capture.flat_field import flat_field_of
from inspector.capture.recording.recorded import fit_of, recorded_camera
from inspector.config.camera import CameraConfig
from inspector.config.fit import FitConfig
from inspector.errors import UserError
from inspector.frames.layout import Layout
from inspector.frames.size import FrameSize

log = logging.getLogger(__name__)

AS_IT_IS = FitConfig()
"""Frames of the bundle's size, and no others."""


class FlatFieldPass(Protocol):
    """Corrects the pixels of one camera."""

    @property
    def id(self) -> str:
        """Its identity, on every verdict."""

    @property
    def camera_serial(self) -> str:
        """Of the camera it was made with; empty where it was not told."""

    def refusal(self, pixels: NDArray[np.uint8]) -> str:
        """Why it is not for such a frame, one line; empty where it is."""

    def apply(self, pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Write the corrected frame into ``out``, which may be the slot; both uint8 [H, W]."""


class Preparation:
    """Writes the frames of one camera into slots, as the engines read them. Used by the camera's thread."""

    def __init__(
        self, inspected: FrameSize, fit: FitConfig = AS_IT_IS, flat_field: FlatFieldPass | None = None
    ) -> None:
        """``inspected`` is the size of the frames that the bundle inspects. Raises UserError where the camera's cannot be fitted to it."""
        self.inspected = inspected
        self.fit = make_fit(fit, inspected)
        self.camera = self.fit.camera
        """Size of the camera's frames; None where each file has its own."""
        self.judged = self.fit.judged
        """Size of the frames that are judged, and of their masks."""
        self.slot_px = self.fit.slot_px
        """Pixels that a frame takes in its slot."""
        self._as_it_is = fit.mode == "refuse"
        self._flat_field = flat_field
        self.flat_field = flat_field.id if flat_field is not None else ""
        """Identity of the flat field that is applied; empty where there is none."""

    def refusal(self, pixels: NDArray[np.uint8]) -> str:
        """Why pixels of this dtype or shape cannot be used, one line; empty where they can. Without this check numpy would broadcast."""
        if self._as_it_is and self._flat_field is None and pixels.shape == self.inspected and pixels.dtype == np.uint8:
            return ""
        if pixels.dtype != np.uint8 or len(pixels.shape) != 2:
            return f"the camera delivered {pixels.dtype} {list(pixels.shape)}; expected uint8 {list(self.inspected)}"
        if wrong := self.fit.refusal(FrameSize(*pixels.shape)):
            return f"the camera delivered uint8 {list(pixels.shape)}; {wrong}"
        return "" if self._flat_field is None else self._flat_field.refusal(pixels)

    def foreign(self, serial: str) -> str:
        """Why the flat field is not for the camera with that serial number, one line; empty where it may be, and where there is none."""
        made_with = self._flat_field.camera_serial if self._flat_field is not None else ""
        if not made_with or made_with == serial:
            return ""
        return f"{self.flat_field} was made with camera {made_with}, this camera is {serial}; give its own flat field"

    def layout(self, pixels: NDArray[np.uint8]) -> Layout | None:
        """How a frame that is not refused lies in its slot; None: as one window, which is the judged frame."""
        return None if self._as_it_is else self.fit.layout(FrameSize(*pixels.shape))

    def write(self, pixels: NDArray[np.uint8], plane: NDArray[np.uint8]) -> None:
        """Write a frame that is not refused into ``plane``, the slot: uint8 [bytes], C-contiguous."""
        if self._flat_field is None:
            self.fit.write(pixels, plane)
        elif self._as_it_is:
            self._flat_field.apply(pixels, plane[: self.slot_px].reshape(self.inspected))
        else:
            corrected = np.empty_like(pixels)
            self._flat_field.apply(pixels, corrected)
            self.fit.write(corrected, plane)

    def judged_frame(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame that is judged, of one that is not refused, for pictures: uint8 [H, W] of ``judged``."""
        plane = np.empty(self.slot_px, np.uint8)
        self.write(pixels, plane)
        layout = self.layout(pixels)
        return plane.reshape(self.judged) if layout is None else layout.frame(plane)

    def to_camera(self, x: float, y: float) -> tuple[float, float]:
        """The point of the camera's frame at a point of the judged one, px, both from the upper left corner of the first pixel. Raises
        ValueError where it depends on the size of each file."""
        return self.fit.fitted.to_camera(x, y)


def preparation_of(camera: CameraConfig, inspected: FrameSize) -> Preparation:
    """How the frames of a camera are prepared for a bundle with frames of ``inspected``. Raises UserError naming the camera where they cannot
    be fitted, or its flat field is not for them."""
    recorded = recorded_camera(camera.source)
    fit = fit_of(camera.fit, recorded)
    try:
        plain = Preparation(inspected, fit)
    except UserError as error:
        raise UserError(f"cameras.{camera.name}.{error}") from None
    if camera.flat_field is None:
        found = plain
    elif plain.camera is None:
        raise UserError(f"cameras.{camera.name}.flat_field: is for frames of one size; add fit.size")
    else:
        found = Preparation(inspected, fit, flat_field_of(camera, plain.camera))
    if recorded is not None and (other := recorded.other_flat_field(found.flat_field)):
        log.warning("cameras.%s.flat_field: %s", camera.name, other)
    return found
