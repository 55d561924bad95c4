"""A figure as the two sums it is made of, so that the figures of parts of a run add up to the figure of the whole."""

from __future__ import annotations

from typing import NamedTuple


class Quotient(NamedTuple):
    """``part / whole``, both summed over frames."""

    part: float
    whole: float

    @property
    def value(self) -> float | None:
        """The figure; None where ``whole`` is 0."""
        return self.part / self.whole if self.whole else None
