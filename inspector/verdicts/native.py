"""The compiled measuring pass (``_native.c``): one walk over the mask gives its regions, their figures and its run lengths.

It is built when the package is installed, where there is a C compiler; else ``numpy_pass`` gives the same, slower. It releases the
interpreter lock, so that other threads go on meanwhile. What it returns differs from ``numpy_pass`` only in lengths and widths: those are
computed here in double precision, there in single. So they agree to 1 part in 10,000, with a distortion of the lens areas in mm2 too; and where rectangles at two angles are equally
small, the two may choose different ones.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engines.files.compiled import wanted
from inspector.config.calibrated_scale import lens_of
from inspector.frames.outcome import Defect
from inspector.verdicts.measured import Measured, Settings, Unlisted, beyond, six_digits

log = logging.getLogger(__name__)

Box: TypeAlias = tuple[int, int, int, int]
Listed: TypeAlias = tuple[int, int, Box, tuple[float, float], float, float, float | None, float | None, float | None]
"""Class index, area px2, box px (x, y, width, height), centroid px, length and width px, area mm2, length and width mm."""
Found: TypeAlias = tuple[int, tuple[int, ...], tuple[Listed, ...], bytes, bytes]
"""What the compiled pass returns: all bits that are set anywhere, pixels per class, the listed defects, the others (all areas as uint32, then
all widths and all heights of their boxes as uint16, then all class indices as uint8), the encoded mask."""

try:
    from inspector.verdicts import _native
except ImportError:
    BUILT = False
    """Whether the compiled module is there."""
else:
    BUILT = True

COMPILED = BUILT and wanted()
"""Whether it is used."""


def warn_if_missing() -> None:
    """Log that the compiled pass could not be built here; nothing where it was turned off on purpose."""
    if not BUILT:
        log.warning(
            "frames with defects are judged without compiled code, several times slower; see `inspector doctor`"
        )


def measure(mask: NDArray[np.uint8], scores: Sequence[float], settings: Settings) -> Measured:
    """See ``defects.measure``. Raises ValueError also for a mask of 2**31 pixels or more, or with a side above 65,535 pixels."""
    class_names, scale = settings.class_names, settings.scale
    mask = np.ascontiguousarray(mask)
    height, width = mask.shape
    mm = (0.0, 0.0) if scale is None else (scale.mm_per_px_x, scale.mm_per_px_y)
    values, pixels, listed, unlisted, encoded = _native.measure(
        mask.ctypes.data, height, width, settings.minimum_area_px, settings.max_defects, *mm, *_lens(settings)
    )
    if values >> len(class_names):
        raise beyond(values, len(class_names))
    rounded = [six_digits(score) for score in scores] if listed else []
    defects = tuple(
        Defect(
            class_name=class_names[class_index],
            score=rounded[class_index],
            area_px=area_px,
            bbox_px=box,
            centroid_px=centroid,
            length_px=length_px,
            width_px=width_px,
            area_mm2=area_mm2,
            length_mm=length_mm,
            width_mm=width_mm,
            x_mm=None,
            position_um=None,
        )
        for class_index, area_px, box, centroid, length_px, width_px, area_mm2, length_mm, width_mm in listed
    )
    rest = None
    if unlisted:
        count = len(unlisted) // 9
        rest = Unlisted(
            class_index=np.frombuffer(unlisted, np.uint8, count, 8 * count),
            area_px=np.frombuffer(unlisted, np.uint32, count),
            box_width_px=np.frombuffer(unlisted, np.uint16, count, 4 * count),
            box_height_px=np.frombuffer(unlisted, np.uint16, count, 6 * count),
            class_scores=tuple(scores),
            scale=scale,
        )
    return Measured(defects, rest, pixels, encoded)


def _lens(settings: Settings) -> tuple[int, float, float, float, float, float] | tuple[()]:
    lens = lens_of(settings.scale)
    if lens is None:
        return ()
    kind = 1 if lens.kind == "radial" else 2
    return kind, lens.center_x_px, lens.center_y_px, lens.reach_px, lens.k1, lens.k2
