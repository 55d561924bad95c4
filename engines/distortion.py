"""The distortion of a lens: a formula that takes numbers or arrays of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

if TYPE_CHECKING:  # every command knows this module, and numpy takes a tenth of a second
    import numpy as np
    from numpy.typing import NDArray

    Number = TypeVar("Number", float, NDArray[np.float64])


class Distortion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a lens shows a point, and where a perfect one would show it.

    A point at ``d`` from the centre belongs at ``d (1 + k1 q + k2 q**2)``, where ``q`` is its squared distance from the centre in units of
    ``reach_px``. ``radial``: distances in both directions (area camera). ``across``: along the rows only (line scan, whose other direction
    no lens bends).
    """

    kind: Literal["radial", "across"]
    center_x_px: Annotated[float, Meta(ge=-1e6, le=1e6)]
    center_y_px: Annotated[float, Meta(ge=-1e6, le=1e6)]
    """The middle of the frame's first pixel is (0, 0)."""
    reach_px: Annotated[float, Meta(gt=0, le=1e6)]
    k1: Annotated[float, Meta(ge=-1, le=1)]
    k2: Annotated[float, Meta(ge=-1, le=1)] = 0.0

    def corrected(self, x: Number, y: Number) -> tuple[Number, Number]:
        """Where points that are seen at ``x``, ``y`` (px) belong."""
        factor = self._factor(x, y)
        dx, dy = x - self.center_x_px, y - self.center_y_px
        if self.kind == "across":
            return self.center_x_px + dx * factor, y
        return self.center_x_px + dx * factor, self.center_y_px + dy * factor

    def stretch(self, x: Number, y: Number) -> tuple[Number, Number]:
        """By how much lengths at ``x``, ``y`` grow when they are corrected: away from the centre, and at right angles to that."""
        q = self._squared(x, y)
        outward = 1 + q * (3 * self.k1 + 5 * self.k2 * q)
        return outward, (self._factor(x, y) if self.kind == "radial" else outward * 0 + 1)

    def _factor(self, x: Number, y: Number) -> Number:
        q = self._squared(x, y)
        return 1 + q * (self.k1 + self.k2 * q)

    def _squared(self, x: Number, y: Number) -> Number:
        dx, dy = x - self.center_x_px, y - self.center_y_px
        squared = dx * dx if self.kind == "across" else dx * dx + dy * dy
        return squared / self.reach_px**2


def reach_of(kind: str, height: int, width: int) -> float:
    """Half the diagonal of the frame; half its width for ``across``."""
    return width / 2 if kind == "across" else math.hypot(height, width) / 2
