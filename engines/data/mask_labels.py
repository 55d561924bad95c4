"""Truth from a folder of mask images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.data.description import Source
from engines.data.frame_list import FrameList
from engines.data.known import SIMULATOR, class_names
from engines.data.labels import (
    Candidate,
    Complain,
    Label,
    Labelling,
    MaskFile,
    NothingDrawn,
    combined_truth,
    listed_classes,
)
from engines.data.masks import MaskStyle, read_mask_image
from engines.data.threads import in_threads
from engines.errors import DataError

Values = NDArray[np.bool_]
"""``bool [256]``: which values a stored mask holds."""

_Found = tuple[Label, tuple[int, ...]]
"""A label and the classes drawn in it."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A mask as found: its file, and the values it holds or why it cannot be used."""

    path: Path | None
    values: Values | None
    why: str = ""


def label_by_masks(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, complain: Complain
) -> Labelling:
    """Label the candidates by their mask images. Every mask is read once, to know the classes and that it is sound."""
    stored = in_threads(lambda one: _look(source, one), candidates)
    used = [one.values for one in stored if one.values is not None]
    present = np.logical_or.reduce(used) if used else np.zeros(256, np.bool_)
    style, classes = _style_and_classes(source, candidates, frames, present)
    labelling = Labelling(classes)
    for candidate, mask in zip(candidates, stored, strict=True):
        if mask.why:
            complain(mask.why)
            continue
        if mask.path is None or mask.values is None:
            if source.description.missing_mask == "leave_out":
                labelling.unlabelled.add(candidate.name)
                continue
            found: _Found | None = (NothingDrawn(), ())
        else:
            found = _drawn(mask.values, mask.path, style, candidate, classes, complain)
        truth = None if found is None else combined_truth(candidate, *found, classes, complain)
        if truth is not None:
            labelling.truths[candidate.name] = truth
    return labelling


def _look(source: Source, candidate: Candidate) -> _Stored:
    if candidate.listed is not None and candidate.listed.mask is not None:
        path = source.place(candidate.listed.mask)
    else:
        path = source.place(source.description.masks) / PurePosixPath(candidate.relative).with_suffix(".png")
    if not path.is_file():
        if source.description.missing_mask != "refuse":
            return _Stored(None, None)
        why = f"{candidate.path}: has no mask {path}; add it (all zero for a clean frame) or say missing_mask in a dataset.yaml"
        return _Stored(None, None, why)
    try:
        mask = read_mask_image(path, candidate.size)
    except DataError as error:
        return _Stored(path, None, str(error))
    return _Stored(path, cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel() > 0)


def _style_and_classes(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, present: Values
) -> tuple[MaskStyle, tuple[str, ...]]:
    """What is described, completed by what the masks and the list show: 0..8 class numbers, above 127 binary masks."""
    style, classes = source.description.mask_style, source.description.classes
    if classes is None and frames is not None:
        classes = SIMULATOR if frames.is_simulated else _listed_names(frames)
    highest = int(np.flatnonzero(present).max(initial=0))
    if style is None:
        if frames is not None and frames.is_simulated:
            style = MaskStyle.BITMASK
        elif highest <= (len(classes) if classes else 8):
            style = MaskStyle.CLASS_NUMBER
        elif highest > 127 and (not classes or len(classes) == 1 or frames is not None):
            style = MaskStyle.BINARY
        else:
            raise DataError(
                f"{source.place(source.description.masks)}: masks with values up to {highest}; "
                "say mask_style and classes in a dataset.yaml"
            )
    if classes is None and style is MaskStyle.BINARY:
        classes = ("defect",)
    if classes is None:
        count = highest if style is MaskStyle.CLASS_NUMBER else highest.bit_length()
        classes = class_names("masks", {one.size for one in candidates}, max(count, 1))
    return style, classes


def _listed_names(frames: FrameList) -> tuple[str, ...] | None:
    """Class names in the list, by alphabet; None where there are none, or only numbers."""
    names = sorted({word for row in frames.rows for word in row.classes or () if not word.isdecimal()})
    if len(names) > 8:
        raise DataError(f"{frames.path}: {len(names)} classes, such as {', '.join(names[:3])}; expected at most 8")
    return tuple(names) or None


def _drawn(
    values: Values, path: Path, style: MaskStyle, candidate: Candidate, classes: Sequence[str], complain: Complain
) -> _Found | None:
    """The label and the classes drawn; None, after complaining, where the mask does not fit the class list."""
    highest = int(np.flatnonzero(values).max(initial=0))
    if style is MaskStyle.BINARY:
        told = listed_classes(candidate.listed, classes) if candidate.listed is not None else None
        if len(classes) > 1 and highest > 127 and (told is None or len(told) != 1):
            row = "" if candidate.listed is None else f" row {candidate.listed.row} of the list:"
            complain(f"{path}:{row} a binary mask needs one class in the list; expected one of {', '.join(classes)}")
            return None
        k = told[0] if told else 0
        return MaskFile(path, style, len(classes), k), ((k,) if highest > 127 else ())
    limit = len(classes) if style is MaskStyle.CLASS_NUMBER else (1 << len(classes)) - 1
    if highest > limit:
        complain(
            f"{path}: holds the value {highest}; expected 0..{limit} (mask style {style.value}, {len(classes)} classes)"
        )
        return None
    found = [int(value) for value in np.flatnonzero(values)]
    if style is MaskStyle.CLASS_NUMBER:
        drawn = tuple(value - 1 for value in found if value)
    else:
        bits = int(np.bitwise_or.reduce(found))
        drawn = tuple(k for k in range(len(classes)) if bits >> k & 1)
    return MaskFile(path, style, len(classes)), drawn
