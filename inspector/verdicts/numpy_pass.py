"""The measuring pass in numpy and OpenCV, for a machine where the compiled one (``native.py``) could not be built, and to test it against.

It takes 4 to 12 times as long, and holds the interpreter lock for much of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspector.config.calibrated_scale import lens_of
from inspector.config.verdicts import Scale
from inspector.frames.outcome import Defect
from inspector.protocol import masks
from inspector.verdicts.lens import corrected_area, corrected_hull
from inspector.verdicts.measured import Measured, Settings, Unlisted, six_digits
from inspector.verdicts.rectangle import pixel_hull, smallest_rectangle
from inspector.verdicts.regions import Regions, find_regions


def measure(mask: NDArray[np.uint8], scores: Sequence[float], settings: Settings) -> Measured:
    """See ``defects.measure``."""
    class_names, max_defects, scale = settings.class_names, settings.max_defects, settings.scale
    regions = find_regions(mask, len(class_names))
    pixels = np.bincount(regions.class_index, regions.area_px, len(class_names)).astype(np.int64)
    large = np.flatnonzero(regions.area_px >= np.asarray(settings.minimum_area_px)[regions.class_index])
    first = regions.first_run[large]
    order = (regions.run_x[first], regions.run_y[first], regions.class_index[large], -regions.area_px[large])
    large = large[np.lexsort(order)]
    defects = tuple(_defect(regions, index, scores, class_names, scale) for index in large[:max_defects].tolist())
    unlisted = None
    if len(large) > max_defects:
        rest = large[max_defects:]
        box = regions.box_px[rest]
        unlisted = Unlisted(
            regions.class_index[rest], regions.area_px[rest], box[:, 2], box[:, 3], tuple(scores), scale
        )
    return Measured(defects, unlisted, tuple(pixels.tolist()), masks.encode(mask))


def _defect(
    regions: Regions, index: int, scores: Sequence[float], class_names: Sequence[str], scale: Scale | None
) -> Defect:
    runs = slice(*regions.first_run[index : index + 2].tolist())
    hull = pixel_hull(regions.run_y[runs], regions.run_x[runs], regions.run_end[runs])
    length_px, width_px = smallest_rectangle(hull)
    area_px = int(regions.area_px[index])
    area_mm2 = length_mm = width_mm = None
    if scale is not None:
        lens = lens_of(scale)
        mm_per_px = np.array((scale.mm_per_px_x, scale.mm_per_px_y))
        if lens is None:
            area, outline = float(area_px), hull * mm_per_px.astype(np.float32)
        else:
            y, x, end = regions.run_y[runs], regions.run_x[runs], regions.run_end[runs]
            area = corrected_area(lens, y, x, end)
            outline = corrected_hull(lens, y, x, end, mm_per_px)
        area_mm2 = six_digits(area * scale.mm_per_px_x * scale.mm_per_px_y)
        # Not a multiple of the px figures: where x and y differ, another rectangle may be the smallest.
        sides = smallest_rectangle(outline)
        length_mm, width_mm = six_digits(sides[0]), six_digits(sides[1])
    x, y, width, height = regions.box_px[index].tolist()
    centre_x, centre_y = regions.centroid_px[index].tolist()
    class_index = int(regions.class_index[index])
    return Defect(
        class_name=class_names[class_index],
        score=six_digits(scores[class_index]),
        area_px=area_px,
        bbox_px=(x, y, width, height),
        centroid_px=(six_digits(centre_x), six_digits(centre_y)),
        length_px=six_digits(length_px),
        width_px=six_digits(width_px),
        area_mm2=area_mm2,
        length_mm=length_mm,
        width_mm=width_mm,
        x_mm=None,
        position_um=None,
    )
