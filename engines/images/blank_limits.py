"""The limits from which a frame shows nothing, with the defaults of a line and of a data set's check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BlankLimits:
    """From where on a frame shows nothing. How the defaults were measured is in ``docs/decisions/0016-frames-that-show-nothing.md``."""

    black: int = 16
    """A pixel is black up to this grey level: a covered lens gives a few grey levels of noise."""
    white: int = 250
    """A pixel is white, that is saturated, from this grey level on."""
    max_clipped: float = 0.98
    """Largest share of the pixels that may be black or white."""
    min_contrast: int = 8
    """Least distance, in grey levels, between the darkest and the brightest 0.5 % of the pixels."""
    min_structure: float = 0.2
    """Least correlation between pixels 3 to 6 apart, along the rows or across them: 0 in noise, 1 in a smooth picture."""
    max_repeated: float = 0.1
    """Largest share of the frame that one row, or one column, may fill by exact repetition."""
    count_clipped_rows: bool = True
    """Whether rows in which every pixel is black, or white, count as repeated. Columns of that kind, as beside a strip, never count."""


DEFAULT_LIMITS = BlankLimits()
