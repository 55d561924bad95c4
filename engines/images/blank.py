"""Recognises a frame that shows nothing: covered lens, dead or glaring lamp, one grey, noise, one row again and again.

Such a frame must not reach a gate, which gives a score for any pixels. The check runs for every frame in the camera's thread, so it looks
at some of the rows first, in 47 us at 256 x 1600 or in 24 by compiled code (``quick_look``), and at the whole frame only where these show
nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.images.blank_limits import DEFAULT_LIMITS, BlankLimits
from engines.images.quick_look import shows_something

Grey = NDArray[np.uint8]
"""``uint8 [H, W]``; may be a view."""

SAMPLE_PX = 65_536
FEWEST_ROWS, MOST_ROWS = 16, 64
"""Rows looked at first: as many as hold ``SAMPLE_PX``, within these limits."""
LEAST_REPEATED = 8
"""A row repeats by chance in a tiny frame: neither shorter runs count nor rows of fewer pixels."""
THIN = 64
"""Pixels of a row or column that are compared first."""
TAIL = 0.005
"""Share of the darkest and of the brightest pixels that do not count as contrast: dead pixels, a time stamp."""
LAGS = (3, 4, 6)
"""Distances, px, at which pixels are compared. Sharpening, JPEG and the colour filter of a sensor make noise correlate over 1 or 2 px;
several distances, because a periodic pattern can have no correlation at one."""
SURE = 3.0
"""Standard deviations of a correlation of noise that must still be below the limit: a frame of few pixels is not called noise."""


def blank(pixels: Grey, limits: BlankLimits = DEFAULT_LIMITS) -> str:
    """Why ``pixels`` show nothing, in one line; empty where they show something."""
    step = row_step(pixels)
    if _shows_something(pixels, step, limits) or not _told(pixels, step, limits):
        return ""
    return _told(pixels, 1, limits)


def row_step(pixels: Grey) -> int:
    """Every how many rows one is looked at first."""
    height, width = pixels.shape
    rows = min(MOST_ROWS, max(FEWEST_ROWS, SAMPLE_PX // max(1, width)))
    return int(max(1, height // rows))


def _shows_something(pixels: Grey, step: int, limits: BlankLimits) -> bool:
    """Whether every ``step``-th row shows something for certain; where it is False, ``_told`` says."""
    height, width = pixels.shape
    return shows_something(
        pixels,
        step,
        limits,
        tail=TAIL,
        spread=SURE / max(1, pixels.size) ** 0.5,
        thin=THIN,
        row_pairs=_pair_step(height, width, limits),
        column_pairs=_pair_step(width, height, limits),
    )


def _pair_step(count: int, length: int, limits: BlankLimits) -> int:
    """Every how many of ``count`` rows one is compared with the next: a run that is too long holds one of these pairs for certain. 0: runs do
    not count."""
    if limits.max_repeated >= 1 or min(count, length) < LEAST_REPEATED:
        return 0
    return max(1, int(_most_repeated(count, limits)))


def _most_repeated(count: int, limits: BlankLimits) -> float:
    """So many of ``count`` rows may be the same."""
    return max(limits.max_repeated * count, LEAST_REPEATED - 1)


def _told(pixels: Grey, step: int, limits: BlankLimits) -> str:
    """What every ``step``-th row says."""
    rows = pixels[::step]
    if not rows.size:
        return "shows nothing: it has no pixels"
    counts = cv2.calcHist([rows], [0], None, [256], [0, 256]).ravel()
    up_to = np.cumsum(counts, dtype=np.float64) / rows.size
    return (
        _clipped(up_to, limits)
        or _flat(up_to, limits)
        or _repeated(pixels, "row", limits, count_clipped=limits.count_clipped_rows)
        or _repeated(pixels.T, "column", limits, count_clipped=False)
        or _noise(pixels, rows, step, limits)
    )


def _clipped(up_to: NDArray[np.float64], limits: BlankLimits) -> str:
    """``up_to[v]``: share of the pixels up to grey level v."""
    black = float(up_to[limits.black])
    white = 1 - float(up_to[limits.white - 1])
    if black + white <= limits.max_clipped:
        return ""
    lowest, highest = _between(up_to, 0)
    if lowest == highest:
        return f"shows nothing: all pixels are {lowest}"
    as_black = f"black ({limits.black} or less)"
    as_white = f"white ({limits.white} or more: saturated)"
    if black > limits.max_clipped or white > limits.max_clipped:
        share, what = max((black, as_black), (white, as_white))
        return f"shows nothing: {_share(share)} are {what}"
    return f"shows nothing: {_share(black)} are {as_black}, {_share(white)} are {as_white}"


def _flat(up_to: NDArray[np.float64], limits: BlankLimits) -> str:
    darkest, brightest = _between(up_to, TAIL)
    if brightest - darkest >= limits.min_contrast:
        return ""
    lowest, highest = _between(up_to, 0)
    if lowest == highest:
        return f"shows nothing: all pixels are {lowest}"
    return f"shows nothing: one grey, {_share(1 - 2 * TAIL)} are {darkest} to {brightest}"


def _between(up_to: NDArray[np.float64], tail: float) -> tuple[int, int]:
    """The grey levels between which all pixels are, but for a share of ``tail`` on each side."""
    few = 1e-9  # shares are rounded
    return int(np.searchsorted(up_to, tail + few)), int(np.searchsorted(up_to, 1 - tail - few))


def _repeated(pixels: Grey, kind: str, limits: BlankLimits, *, count_clipped: bool) -> str:
    """Whether one row fills too much of the frame. ``kind``: what a row of ``pixels`` is called."""

    def same(rows: Grey, following: Grey) -> NDArray[np.bool_]:
        """Which of ``rows`` the ``following`` ones repeat, as far as it counts."""
        equal = np.asarray((rows == following).all(axis=1))
        if count_clipped or not equal.any():
            return equal
        return np.asarray(equal & (following > limits.black).any(axis=1) & (following < limits.white).any(axis=1))

    count, length = pixels.shape
    step = _pair_step(count, length, limits)
    if not step:
        return ""
    most = _most_repeated(count, limits)
    thin = pixels[:, :: max(1, length // THIN)]
    if not same(thin[: count - 1 : step], thin[1::step]).any():
        return ""
    first = last = 0
    for rows in (thin, pixels):
        first, last = _longest_run(same(rows[:-1], rows[1:]))
        if last - first + 1 <= most:
            return ""
    if first == 0 and last == count - 1:
        return f"shows nothing: every {kind} is the same"
    value = f"all {pixels[first, 0]}" if (pixels[first] == pixels[first, 0]).all() else "the same"
    return f"is not whole: {kind}s {first} to {last} of {count} are {value}"


def _longest_run(same: NDArray[np.bool_]) -> tuple[int, int]:
    """First and last row of the longest run of equal rows; ``same[i]``: row i + 1 is as row i."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], same, [False]))))
    if not edges.size:
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return int(begins[longest]), int(ends[longest])


def _noise(pixels: Grey, rows: Grey, step: int, limits: BlankLimits) -> str:
    deviation = float(cv2.meanStdDev(rows)[1][0, 0])
    pairs = [(rows[:, :-lag], rows[:, lag:]) for lag in LAGS if rows.shape[1] > lag]
    pairs += [(pixels[:-lag:step], pixels[lag::step]) for lag in LAGS if pixels.shape[0] > lag]
    if not deviation or not pairs:
        return ""
    spread = SURE / min(one.size for one, _ in pairs) ** 0.5
    structure = 0.0
    for one, other in pairs:  # in most frames the first pair says enough
        correlation = 1 - cv2.norm(one, other, cv2.NORM_L2SQR) / (2 * deviation**2 * one.size)
        structure = max(structure, abs(correlation))
        if structure + spread >= limits.min_structure:
            return ""
    return f"shows nothing: noise, pixels {LAGS[0]} to {LAGS[-1]} apart have nothing in common (correlation {structure:.2f})"


def _share(share: float) -> str:
    return f"{min(99.9, 100 * share):.1f} % of the pixels" if share < 1 else "all pixels"
