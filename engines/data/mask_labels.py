"""Truth from a folder of mask images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from engines.data.description import Source
from engines.data.frame_list import FrameList
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
from engines.data.mask_files import MaskFiles
from engines.data.mask_values import MaskValues, binary_problem, doubt, style_of, values_in, values_of_all
from engines.data.masks import MaskStyle, require_values
from engines.data.matching import require_match
from engines.data.threads import in_threads
from engines.errors import DataError, FileError
from engines.files.looking import is_file

_LOSSY = frozenset({".jpg", ".jpeg"})


@dataclass(frozen=True, slots=True)
class _Stored:
    """A mask as found: its file, and the values it holds or why it cannot be used."""

    path: Path | None
    values: MaskValues | None
    why: str = ""


def label_by_masks(
    source: Source,
    candidates: Sequence[Candidate],
    considered: Sequence[Candidate],
    frames: FrameList | None,
    on_problem: OnProblem,
) -> Labelling:
    """Label the candidates by their mask images. Every mask is read once, to know the classes and that it is sound.

    Raises DataError where it is not clear what the values mean; and, where a frame may be without a mask, where there are masks and none
    is of the frames ``considered``.
    """
    masks = MaskFiles(source.place(source.description.masks))
    _require_masks(source, candidates, considered, masks)
    stored = in_threads(lambda one: _look(source, one, masks), candidates)
    values = values_of_all([one.values for one in stored if one.values is not None])
    style, classes = _style_and_classes(source, candidates, frames, values)
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


def truth_by_mask(
    candidate: Candidate,
    path: Path,
    values: MaskValues,
    style: MaskStyle,
    classes: Sequence[str],
    on_problem: OnProblem,
) -> GroundTruth | None:
    """What is known of a candidate with the mask ``path``; None, after telling why, where the mask does not fit the class list, or
    contradicts the list of frames."""
    highest = values.highest
    drawn: tuple[int, ...]
    if style is MaskStyle.BINARY:
        if problem := binary_problem(values):
            on_problem(f"{path}: {problem.replace('hold', 'holds', 1)}")
            return None
        told = listed_classes(candidate.listed, classes) if candidate.listed is not None else None
        if len(classes) > 1 and highest > 127 and (told is None or len(told) != 1):
            row = "" if candidate.listed is None else f" row {candidate.listed.row} of the list:"
            on_problem(f"{path}:{row} a binary mask needs one class in the list; expected one of {', '.join(classes)}")
            return None
        k = told[0] if told else 0
        label, drawn = MaskFile(path, style, len(classes), k), ((k,) if highest > 127 else ())
        return combined_truth(candidate, label, drawn, classes, on_problem)
    if highest and path.suffix.lower() in _LOSSY:
        on_problem(
            f"{path}: is a JPEG, which changes values a little, so that they are no {style.value}; store it as PNG"
        )
        return None
    try:
        require_values(highest, style, len(classes), path)
    except DataError as error:
        on_problem(str(error))
        return None
    found = [int(value) for value in np.flatnonzero(values.present)]
    if style is MaskStyle.CLASS_NUMBER:
        drawn = tuple(value - 1 for value in found if value)
    else:
        bits = int(np.bitwise_or.reduce(found))
        drawn = tuple(k for k in range(len(classes)) if bits >> k & 1)
    reviewed = candidate.listed is not None and bool(candidate.listed.reviewer)
    label = MaskFile(path, style, len(classes), reviewed=reviewed)
    return combined_truth(candidate, label, drawn, classes, on_problem)


def _require_masks(
    source: Source, candidates: Sequence[Candidate], considered: Sequence[Candidate], masks: MaskFiles
) -> None:
    """Where a frame without a mask is clean, or left out, nobody would notice that the masks are called otherwise."""
    by_name = any(one.listed is None or one.listed.mask is None for one in candidates)
    if source.description.missing_mask == "refuse" or not by_name:
        return
    if not masks.is_there:
        raise DataError(f"{masks.folder}: no such folder; expected the masks in it")
    named = [(one.name, one.relative) for one in considered if one.listed is None or one.listed.mask is None]
    images = source.place(source.description.images)
    require_match(masks.compare(named), str(masks.folder), "masks", f"frames of {images}", len(named))


def _look(source: Source, candidate: Candidate, masks: MaskFiles) -> _Stored:
    try:
        if candidate.listed is not None and candidate.listed.mask is not None:
            path = listed_mask(source, candidate.listed.mask)
            if not is_file(path):
                row = candidate.listed.row
                return _Stored(None, None, f"{candidate.path}: row {row} of the list: its mask {path} is not there")
        else:
            found = masks.find(candidate.name, candidate.relative)
            if found is None:
                missing = source.description.missing_mask == "refuse"
                return _Stored(None, None, _without_mask(candidate, masks) if missing else "")
            path = found
        return _Stored(path, values_in(path, candidate.size))
    except (DataError, FileError) as error:
        return _Stored(None, None, str(error))


def listed_mask(source: Source, mask: str) -> Path:
    """Where a listed mask is; a backslash may separate folders, as on Windows."""
    path = source.place(mask)
    return path if "\\" not in mask or is_file(path) else source.place(mask.replace("\\", "/"))


def _without_mask(candidate: Candidate, masks: MaskFiles) -> str:
    expected = masks.folder / PurePosixPath(candidate.relative).with_suffix(".png")
    return (
        f"{candidate.path}: has no mask {expected} ({masks.told()}); add it (all zero for a clean frame) or say missing_mask in a "
        "dataset.yaml"
    )


def _style_and_classes(
    source: Source, candidates: Sequence[Candidate], frames: FrameList | None, values: MaskValues
) -> tuple[MaskStyle, tuple[str, ...]]:
    """What is described, completed by what the masks and the list show."""
    style, classes = source.description.mask_style, source.description.classes
    if classes is None and frames is not None:
        classes = frames.classes or (SIMULATOR if frames.is_simulated else _listed_names(frames))
    if style is None:
        simulated = frames is not None and frames.is_simulated
        style = style_of(values, classes, simulated=simulated, lists_classes=frames is not None)
    place = source.place(source.description.masks)
    if style is None:
        raise DataError(f"{place}: {doubt(values, classes)}; say mask_style and classes in a dataset.yaml")
    if style is MaskStyle.BINARY and (problem := binary_problem(values)):
        raise DataError(f"{place}: masks {problem}; correct mask_style and classes in the dataset.yaml")
    if classes is None and style is MaskStyle.BINARY:
        classes = ("defect",)
    if classes is None:
        highest = values.highest
        count = highest if style is MaskStyle.CLASS_NUMBER else highest.bit_length()
        classes = class_names("masks", {one.size for one in candidates}, max(count, 1))
    return style, classes


def _listed_names(frames: FrameList) -> tuple[str, ...] | None:
    """Class names in the list, by alphabet; None where there are none, or only numbers."""
    names = sorted({word for row in frames.rows for word in row.classes or () if not word.isdecimal()})
    if len(names) > 8:
        raise DataError(f"{frames.path}: {len(names)} classes, such as {', '.join(names[:3])}; expected at most 8")
    return tuple(names) or None
