"""A rendered camera with faults: the simulator's lamp, a lens that darkens the corners, pixels that differ, dead and hot ones, noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.capture.simulator.illumination import illumination
from inspector.capture.simulator.noise import stream

Frame = NDArray[np.uint8]
DEAD = ((40, 20), (41, 20), (199, 79), (0, 0))
HOT = ((100, 60), (7, 33))
"""x, y."""


@dataclass
class Sensor:
    """One camera. ``seed`` decides its faults and its noise."""

    height: int = 80
    width: int = 200
    seed: int = 1
    exposure: float = 170.0
    """Grey level of a white sheet where the light is 1."""
    dead: tuple[tuple[int, int], ...] = ()
    hot: tuple[tuple[int, int], ...] = ()
    line_scan: bool = False
    """All rows are of the same pixels, and see the same light."""
    light: NDArray[np.float64] = field(init=False)
    response: NDArray[np.float64] = field(init=False)
    dark: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        size = (self.height, self.width)
        self.rng = stream(self.seed, 0, 0)
        y, x = np.mgrid[-1 : 1 : self.height * 1j, -1 : 1 : self.width * 1j]
        vignette = 1 / (1 + 0.35 * (x**2 + y**2)) ** 2
        self.light = illumination(stream(self.seed, 0, 1), *size, 0.2) * vignette
        self.response = 1 + 0.03 * self.rng.standard_normal(size)
        self.dark = 3 + 0.5 * self.rng.standard_normal(size)
        if self.line_scan:
            self.light, self.response, self.dark = (
                np.repeat(one[:1], self.height, axis=0) for one in (self.light, self.response, self.dark)
            )
        for column, row in self.dead:
            self.response[row, column] = 0
        for column, row in self.hot:
            self.dark[row, column] += 40

    def frame(self, reflectance: float | NDArray[np.float64]) -> Frame:
        """A frame of a sheet: 0 with the lens covered, 1 of white."""
        grey = self.dark + self.exposure * self.light * self.response * reflectance
        grey = grey + self.rng.standard_normal(grey.shape)
        return np.asarray(np.clip(np.rint(grey), 0, 255), np.uint8)

    def frames(self, reflectance: float, count: int = 24) -> list[Frame]:
        """Several of them."""
        return [self.frame(reflectance) for _ in range(count)]


def write_frames(folder: str, frames: list[Frame]) -> None:
    """As PNG files in a folder that is there."""
    for number, frame in enumerate(frames):
        assert cv2.imwrite(f"{folder}/{number:03d}.png", frame)
