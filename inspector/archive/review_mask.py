"""The mask that a review gives: of the regions that the segmenter found, those that a person left, each in the class that the person gave it.

Outlines stay those of the segmenter. What is no defect (smaller than the least area of its class) is cleared.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from inspector.archive.entry import Entry
from inspector.archive.review import Judgement, Proposal
from inspector.errors import UserError
from inspector.frames.outcome import Defect
from inspector.verdicts.regions import Regions, find_regions

Key = tuple[int, int, int, int, int, int]
"""Class, area and box of a region."""


def reviewed_mask(entry: Entry, found: NDArray[np.uint8] | None, asked: Proposal) -> NDArray[np.uint8]:
    """uint8 [H, W] of ``entry.picture_px``, bit k the class ``entry.bits[k]``. ``found``: the entry's mask; None: it was not segmented.

    Raises UserError where a defect that is to stay is no region of the mask."""
    mask = np.zeros(entry.picture_px, np.uint8)
    if found is None or asked.says == "false_alarm" or not entry.defects:
        return mask
    try:
        regions = find_regions(found, len(entry.bits))
    except ValueError as error:
        raise UserError(f"entry {entry.id}: {error}; its defects cannot be told apart") from None
    unmatched = _by_key(regions)
    judged: Mapping[int, Judgement] = {one.defect: one for one in asked.judgements}
    left, top = (0, 0) if entry.box_px is None else entry.box_px[:2]
    for index, defect in enumerate(entry.defects):
        judgement = judged.get(index)
        wanted = judgement is None or judgement.says != "false_alarm"
        key = _key(entry, defect, left, top)
        candidates = None if key is None else unmatched.get(key)
        if not candidates:
            if wanted:
                x, y, width, height = defect.bbox_px
                raise UserError(
                    f"entry {entry.id}: defect {index} ({defect.class_name} at {x}, {y}, {width} x {height} px, {defect.area_px} px) is no "
                    "region of its mask, so that no pixel can be called right; say false_alarm of it, or of all"
                )
            continue
        region = candidates.popleft()
        if wanted:
            name = defect.class_name if judgement is None or judgement.class_name is None else judgement.class_name
            _draw(mask, regions, region, np.uint8(1 << entry.bits.index(name)))
    return mask


def classes_of(entry: Entry, asked: Proposal) -> tuple[str, ...]:
    """The classes that the frame has by a review, in the order of the bits."""
    if asked.says == "false_alarm":
        return ()
    judged = {one.defect: one for one in asked.judgements}
    names = {one.class_name for one in asked.missed} | set(_unlisted(entry))
    for index, defect in enumerate(entry.defects):
        judgement = judged.get(index)
        if judgement is None or judgement.says == "right":
            names.add(defect.class_name)
        elif judgement.class_name is not None:
            names.add(judgement.class_name)
    return tuple(name for name in entry.bits if name in names)


def is_located(entry: Entry, asked: Proposal) -> bool:
    """Whether the mask of a review shows every defect: none was missed, and the line listed all."""
    return asked.says == "false_alarm" or not (asked.missed or _unlisted(entry))


def _unlisted(entry: Entry) -> tuple[str, ...]:
    """Classes with defects that the line did not list, because there were too many."""
    listed: dict[str, int] = defaultdict(int)
    for defect in entry.defects:
        listed[defect.class_name] += defect.area_px
    return tuple(name for name, count in entry.defect_pixels.items() if count > listed[name])


def _by_key(regions: Regions) -> dict[Key, deque[int]]:
    """Regions by what tells them apart. Those that are alike in all of it are in the order of their first pixels, as defects are listed."""
    first = regions.first_run[:-1]
    found: dict[Key, deque[int]] = defaultdict(deque)
    for index in np.lexsort((regions.run_x[first], regions.run_y[first])).tolist():
        box = regions.box_px[index].tolist()
        found[int(regions.class_index[index]), int(regions.area_px[index]), box[0], box[1], box[2], box[3]].append(
            index
        )
    return found


def _key(entry: Entry, defect: Defect, left: int, top: int) -> Key | None:
    if defect.class_name not in entry.bits:
        return None
    x, y, width, height = defect.bbox_px
    return entry.bits.index(defect.class_name), defect.area_px, x - left, y - top, width, height


def _draw(mask: NDArray[np.uint8], regions: Regions, region: int, bit: np.uint8) -> None:
    runs = slice(*regions.first_run[region : region + 2].tolist())
    for y, x, end in zip(regions.run_y[runs], regions.run_x[runs], regions.run_end[runs], strict=True):
        mask[y, x:end] |= bit
