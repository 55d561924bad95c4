"""What ages in a camera station: dirt on the lens, dead columns, a lamp that dims. A fixed function of configuration and frame number."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.noise import Field, stream
from inspector.config.simulator import SimulatorConfig

_DIRT = 102
"""Purpose of a random stream, beside those of a sheet and of lost frames."""
_RADIUS_Y, _RADIUS_X = 0.3, 0.05
"""Of the blob, where the light is back to 40 % of what is lost in its middle; shares of the frame."""


class Wear:
    """Changes the frames of one simulated camera as its configuration says."""

    def __init__(self, config: SimulatorConfig, height: int, width: int) -> None:
        self._config = config
        self._columns = [column for column in config.dead_columns if column < width]
        self._gain: Field | None = _blob(config, height, width) if config.lens_dirt else None

    def __call__(self, number: int, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Frame ``number``, of which the camera would see ``pixels`` (uint8 ``[H, W]``) were it new; the same array where nothing is worn."""
        if number < self._config.faults_from:
            return pixels
        light = self._light(number)
        if self._gain is not None:
            pixels = np.asarray(cv2.multiply(pixels, self._gain, scale=light, dtype=cv2.CV_8U), dtype=np.uint8)
        elif light < 1:
            pixels = np.asarray(cv2.convertScaleAbs(pixels, alpha=light), dtype=np.uint8)
        if self._columns:
            pixels = pixels.copy()
            pixels[:, self._columns] = 0
        return pixels

    def _light(self, number: int) -> float:
        """Share of the lamp's light that is left."""
        config = self._config
        worn = 1 + number - config.faults_from
        part = 1.0 if worn >= config.lamp_dimming_frames else worn / config.lamp_dimming_frames
        return 1 - config.lamp_dimming * part


def _blob(config: SimulatorConfig, height: int, width: int) -> Field:
    """Share of the light that passes, float32 ``[H, W]``."""
    y, x = stream(config.seed, 0, _DIRT).uniform((0.3, 0.15), (0.7, 0.85))
    rows = (np.arange(height, dtype=np.float32)[:, None] / height - np.float32(y)) / np.float32(_RADIUS_Y)
    columns = (np.arange(width, dtype=np.float32)[None, :] / width - np.float32(x)) / np.float32(_RADIUS_X)
    return np.asarray(1 - config.lens_dirt * np.exp(-(rows * rows + columns * columns)), dtype=np.float32)
