"""Measures a mask by the compiled and the numpy pass, which must agree: to the last bit, but for lengths and widths, and for
areas in mm2 behind a lens that bends."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.config.calibrated_scale import lens_of
from inspector.frames.outcome import Defect
from inspector.verdicts import native, numpy_pass
from inspector.verdicts.measured import Measured, Settings, Unlisted

TOLERANCE = 1e-4
"""Of lengths and widths, relative: OpenCV computes them in single precision."""
PASSES = (native.measure, numpy_pass.measure)


def measure(mask: NDArray[np.uint8], scores: Sequence[float], settings: Settings) -> Measured:
    """What both give; the numpy pass's where the compiled one is not built."""
    plain = numpy_pass.measure(mask, scores, settings)
    if not native.BUILT:
        return plain
    compiled = native.measure(mask, scores, settings)
    require_agreement(compiled, plain, bent=lens_of(settings.scale) is not None)
    return compiled


def require_agreement(one: Measured, other: Measured, *, bent: bool = False) -> None:
    """Raise AssertionError where the two differ; ``bent``: a distortion is corrected, and the last digit of areas in mm2 may differ."""
    assert one.encoded == other.encoded
    assert one.pixels == other.pixels
    assert len(one.defects) == len(other.defects)
    for mine, theirs in zip(one.defects, other.defects, strict=True):
        assert _exact(mine) == _exact(theirs)
        assert mine.area_mm2 == theirs.area_mm2 or (bent and math.isclose(*_areas(mine, theirs), rel_tol=TOLERANCE))
        assert _same_sides((mine.length_px, mine.width_px), (theirs.length_px, theirs.width_px))
        assert _same_sides((mine.length_mm, mine.width_mm), (theirs.length_mm, theirs.width_mm))
    assert _described(one.unlisted) == _described(other.unlisted)


def _exact(defect: Defect) -> tuple[object, ...]:
    return (
        defect.class_name,
        defect.score,
        defect.area_px,
        defect.bbox_px,
        defect.centroid_px,
    )


def _areas(one: Defect, other: Defect) -> tuple[float, float]:
    assert one.area_mm2 is not None and other.area_mm2 is not None  # noqa: PT018
    return one.area_mm2, other.area_mm2


def _same_sides(one: tuple[float | None, float | None], other: tuple[float | None, float | None]) -> bool:
    """Whether the rectangles are the same, or equally small ones at other angles."""
    if None in one or None in other:
        return one == other
    (length, width), (other_length, other_width) = one, other
    assert length is not None and width is not None and other_length is not None and other_width is not None  # noqa: PT018
    same = math.isclose(length, other_length, rel_tol=TOLERANCE) and math.isclose(width, other_width, rel_tol=TOLERANCE)
    return same or math.isclose(length * width, other_length * other_width, rel_tol=TOLERANCE)


def _described(unlisted: Unlisted | None) -> list[tuple[float, ...]]:
    """Each defect; which comes first has no meaning."""
    if unlisted is None:
        return []
    figures = [unlisted.class_index, unlisted.area_px, unlisted.box_width_px, unlisted.box_height_px, unlisted.score]
    figures += [mm for mm in (unlisted.area_mm2, unlisted.length_mm, unlisted.width_mm) if mm is not None]
    return sorted(zip(*(one.tolist() for one in figures), strict=True))
