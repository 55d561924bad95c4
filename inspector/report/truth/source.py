"""The question every reader of truth answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Bitmask = NDArray[np.uint8]
"""``uint8 [H, W]``: bit k of a pixel is set where the pixel belongs to class k."""


class TruthError(Exception):
    """The truth of one frame is unusable; the message says where and why in one line."""


class Truth(Protocol):
    """Where the truth of a run comes from."""

    @property
    def rule(self) -> str:
        """One sentence for the report: what the truth is and which frames count as labelled."""

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of a camera's frame with this number and file name; None where the frame is not labelled.

        Raises TruthError where it is labelled and the label cannot be used.
        """


class NumberedTruth:
    """Truth by camera and frame number, for cameras that know what they show (the simulator)."""

    def __init__(self, mask_of: Callable[[str, int], Bitmask | None], rule: str) -> None:
        self._mask_of = mask_of
        self.rule = rule

    def mask(self, camera: str, number: int, name: str) -> Bitmask | None:
        """Truth of the camera's frame with this number."""
        return self._mask_of(camera, number)
