"""Dead columns and dirt: what is at the same place of every frame of a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engines.drift.reference import Profile

Floats = NDArray[np.float64]
DEAD_RATIO = 0.8
"""A column is dead whose mean is less than this share of the columns beside it, or more than its reciprocal."""
DEAD_GREY = 4.0
"""By so many grey levels it differs at least."""
FLAT_RATIO = 0.1
"""A column is dead too whose deviation from frame to frame is less than this share of that of the columns beside it."""
FLAT_GREY = 2.0
"""Where those vary by at least so many grey levels."""
_NEAR, _FAR = 3, 10
"""The columns beside a column, on either side: from so many to so many columns away. Up to three dead columns in a row are found."""
_LEAST_FRAMES = 50
"""A group that lay on the sheet in fewer frames of the window tells nothing."""
_LEAST_SHARE = 0.05
"""The same for the reference, as a share of its frames."""
_AROUND = 16
"""A tile is compared with the median of so many groups on either side, so that light that shifts from side to side is no dirt."""


def dead_columns(columns: Floats, squares: Floats, frames: int) -> list[int]:
    """Columns that are darker or brighter than those on both sides of them, or that do not change. ``columns`` and ``squares`` are the sums
    of each column's mean and of its square over ``frames`` frames, float64 ``[W]``."""
    if len(columns) < 4 * _FAR:
        return []
    mean = columns / frames
    deviation = np.sqrt(np.maximum(squares / frames - mean * mean, 0))
    left, right = _beside(mean)
    low, high = np.minimum(left, right), np.maximum(left, right)
    darker = (mean < DEAD_RATIO * low) & (low - mean > DEAD_GREY)
    brighter = (mean > high / DEAD_RATIO) & (mean - high > DEAD_GREY)
    around = np.minimum(*_beside(deviation))
    flat = (deviation < FLAT_RATIO * around) & (around > FLAT_GREY)
    return [int(one) for one in np.flatnonzero(darker | brighter | flat)]


def _beside(values: Floats) -> tuple[Floats, Floats]:
    """The medians of the columns to the left and to the right of each; at the border those of the one side there is."""
    padded = np.concatenate([np.full(_FAR, np.nan), values, np.full(_FAR, np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, _FAR - _NEAR + 1)
    count = len(values)
    left, right = windows[:count].copy(), windows[_FAR + _NEAR :][:count].copy()
    for side, other in ((left, right), (right, left)):
        none = np.isnan(side).all(axis=1)
        side[none] = other[none]
    return np.nanmedian(left, axis=1), np.nanmedian(right, axis=1)


def shading(tiles: Floats, on_sheet: Floats, profile: Profile) -> tuple[Floats, Floats]:
    """How much brighter (+) or darker (-) than in the reference each tile is, as a share of its brightness and compared with those beside it,
    and the standard deviation that this has from one reference frame to the next; float64 ``[bands, groups]``, NaN where it is not known.

    ``tiles`` are sums over the frames of the window, ``on_sheet`` the frames in which each group lay on the sheet."""
    expected, spread = np.asarray(profile.mean), np.asarray(profile.spread)
    known = (on_sheet >= _LEAST_FRAMES) & (np.asarray(profile.frames) >= _LEAST_SHARE) & (expected > 0.02).all(axis=0)
    safe = np.where(known, expected, np.nan)
    ratio = tiles / np.maximum(on_sheet, 1) / safe
    padded = np.pad(ratio, ((0, 0), (_AROUND, _AROUND)), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1, axis=1)
    around = np.full(ratio.shape, np.nan)
    around[:, known] = np.nanmedian(windows[:, known], axis=2)
    return ratio / around - 1, spread / safe


def told(columns: list[int], most: int = 8) -> str:
    """The columns as a short text, those in a row as a range: ``12, 40-42``."""
    runs: list[list[int]] = []
    for one in columns:
        if runs and one == runs[-1][1] + 1:
            runs[-1][1] = one
        else:
            runs.append([one, one])
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")
