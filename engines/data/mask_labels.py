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
from engines.data.images import Size
from engines.data.known import SIMULATOR, class_names
from engines.data.labels import (
    Candidate,
    GroundTruth,
    Labelling,
    MaskFile,
    NothingDrawn,
    OnProblem,
    combined_truth,
    listed_classes,
)
from engines.data.masks import MaskStyle, read_mask_image, require_values
from engines.data.threads import in_threads
from engines.errors import DataError

Values = NDArray[np.bool_]
"""``bool [256]``: which values a stored mask holds."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A mask as found: its file, and the values it holds or why it cannot be used."""

    path: Path | None
    values: Values | None
    why: str = ""


def label_by_masks(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, on_problem: OnProblem
) -> Labelling:
    """Label the candidates by their mask images. Every mask is read once, to know the classes and that it is sound."""
    stored = in_threads(lambda one: _look(source, one), candidates)
    present = values_of_all([one.values for one in stored if one.values is not None])
    style, classes = _style_and_classes(source, candidates, frames, present)
    labelling = Labelling(classes)
    for candidate, mask in zip(candidates, stored, strict=True):
        if mask.why:
            on_problem(mask.why)
        elif mask.path is not None and mask.values is not None:
            truth = truth_by_mask(candidate, mask.path, mask.values, style, classes, on_problem)
            if truth is not None:
                labelling.truths[candidate.name] = truth
        elif source.description.missing_mask == "leave_out":
            labelling.unlabelled.add(candidate.name)
        else:
            truth = combined_truth(candidate, NothingDrawn(), (), classes, on_problem)
            if truth is not None:
                labelling.truths[candidate.name] = truth
    return labelling


def values_in(path: Path, size: Size | None) -> Values:
    """Which values a mask image holds. Raises DataError for what is no mask, or not of ``size``."""
    mask = read_mask_image(path, size)
    return np.asarray(cv2.calcHist([mask], [0], None, [256], [0, 256]).ravel() > 0, np.bool_)


def values_of_all(masks: Sequence[Values]) -> Values:
    """Which values any of the masks holds."""
    return np.logical_or.reduce(masks) if masks else np.zeros(256, np.bool_)


def style_of(present: Values, classes: Sequence[str] | None, frames: FrameList | None) -> MaskStyle | None:
    """What pixel values mean, from the values that masks hold and what is known of the classes and the frames.

    Bitmasks where the simulator wrote them; else class numbers where no value is above the number of classes (8 where it is not known);
    else binary masks where there are values above 127, and one class or a list that names the class of each frame. None where none
    of these fits.
    """
    highest = highest_value(present)
    if frames is not None and frames.is_simulated:
        return MaskStyle.BITMASK
    if highest <= (len(classes) if classes else 8):
        return MaskStyle.CLASS_NUMBER
    if highest > 127 and (not classes or len(classes) == 1 or frames is not None):
        return MaskStyle.BINARY
    return None


def truth_by_mask(
    candidate: Candidate, path: Path, values: Values, style: MaskStyle, classes: Sequence[str], on_problem: OnProblem
) -> GroundTruth | None:
    """What is known of a candidate with the mask ``path``; None, after telling why, where the mask does not fit the class list, or
    contradicts the list of frames."""
    highest = highest_value(values)
    drawn: tuple[int, ...]
    if style is MaskStyle.BINARY:
        told = listed_classes(candidate.listed, classes) if candidate.listed is not None else None
        if len(classes) > 1 and highest > 127 and (told is None or len(told) != 1):
            row = "" if candidate.listed is None else f" row {candidate.listed.row} of the list:"
            on_problem(f"{path}:{row} a binary mask needs one class in the list; expected one of {', '.join(classes)}")
            return None
        k = told[0] if told else 0
        label, drawn = MaskFile(path, style, len(classes), k), ((k,) if highest > 127 else ())
        return combined_truth(candidate, label, drawn, classes, on_problem)
    try:
        require_values(highest, style, len(classes), path)
    except DataError as error:
        on_problem(str(error))
        return None
    found = [int(value) for value in np.flatnonzero(values)]
    if style is MaskStyle.CLASS_NUMBER:
        drawn = tuple(value - 1 for value in found if value)
    else:
        bits = int(np.bitwise_or.reduce(found))
        drawn = tuple(k for k in range(len(classes)) if bits >> k & 1)
    return combined_truth(candidate, MaskFile(path, style, len(classes)), drawn, classes, on_problem)


def highest_value(values: Values) -> int:
    """The highest value that a mask holds; 0 for none."""
    return int(np.flatnonzero(values).max(initial=0))


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
        return _Stored(path, values_in(path, candidate.size))
    except DataError as error:
        return _Stored(path, None, str(error))


def _style_and_classes(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, present: Values
) -> tuple[MaskStyle, tuple[str, ...]]:
    """What is described, completed by what the masks and the list show."""
    style, classes = source.description.mask_style, source.description.classes
    if classes is None and frames is not None:
        classes = SIMULATOR if frames.is_simulated else _listed_names(frames)
    style = style or style_of(present, classes, frames)
    if style is None:
        raise DataError(
            f"{source.place(source.description.masks)}: masks with values up to {highest_value(present)}; "
            "say mask_style and classes in a dataset.yaml"
        )
    if classes is None and style is MaskStyle.BINARY:
        classes = ("defect",)
    if classes is None:
        highest = highest_value(present)
        count = highest if style is MaskStyle.CLASS_NUMBER else highest.bit_length()
        classes = class_names("masks", {one.size for one in candidates}, max(count, 1))
    return style, classes


def _listed_names(frames: FrameList) -> tuple[str, ...] | None:
    """Class names in the list, by alphabet; None where there are none, or only numbers."""
    names = sorted({word for row in frames.rows for word in row.classes or () if not word.isdecimal()})
    if len(names) > 8:
        raise DataError(f"{frames.path}: {len(names)} classes, such as {', '.join(names[:3])}; expected at most 8")
    return tuple(names) or None
