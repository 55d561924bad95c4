"""The picture of `inspector data check`: frames of each kind with their masks outlined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from engines.data.check import CheckedDataset
    from engines.data.dataset import Dataset, LabelledFrame
    from inspector.report.pictures.labelled_sheet import Drawn

Item = TypeVar("Item")

_SHOWN_FRAMES = 6
"""Frames of each kind in the picture."""


def draw_check(examined: CheckedDataset, path: Path) -> None:
    from inspector.report.pictures.drawing import write_png
    from inspector.report.pictures.labelled_sheet import labelled_sheet

    dataset = examined.dataset
    sections = [(title, [_drawn(frame, dataset) for frame in frames]) for title, frames in _chosen(examined) if frames]
    write_png(path, labelled_sheet(sections, dataset.classes, (dataset.height, dataset.width)))


def _chosen(examined: CheckedDataset) -> Iterator[tuple[str, list[LabelledFrame]]]:
    """Frames of each class spread over the data set, clean ones, defective ones that are not outlined, and the closest near-duplicates."""
    dataset = examined.dataset
    for k, name in enumerate(dataset.classes):
        mine = [frame for frame in dataset.frames if k in frame.classes and frame.located]
        yield _titled(name, mine), _spread(mine, _SHOWN_FRAMES)
    clean = [frame for frame in dataset.frames if not frame.defective]
    yield _titled("clean", clean), _spread(clean, _SHOWN_FRAMES)
    not_outlined = [frame for frame in dataset.frames if not frame.located]
    yield _titled("defective, but not outlined", not_outlined), _spread(not_outlined, _SHOWN_FRAMES)
    frames = {frame.name: frame for frame in dataset.frames}
    pairs = [one for one in examined.checked.near_duplicates.shown if one.first in frames and one.second in frames]
    shown = [frames[name] for one in _spread(pairs, _SHOWN_FRAMES // 2) for name in (one.first, one.second)]
    yield f"near-duplicates, in pairs from the closest on: {len(shown) // 2} of {len(pairs)}", shown


def _titled(what: str, frames: Sequence[LabelledFrame]) -> str:
    return f"{what}: {min(len(frames), _SHOWN_FRAMES)} of {len(frames)}"


def _drawn(frame: LabelledFrame, dataset: Dataset) -> Drawn:
    from inspector.report.pictures.labelled_sheet import Drawn

    words = ", ".join(dataset.classes[k] for k in frame.classes) or ("defective" if frame.defective else "clean")
    return Drawn(frame.name, words, frame.frame(), frame.mask())


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of ``items``, evenly from first to last."""
    if len(items) <= count:
        return list(items)
    return [items[round(i * (len(items) - 1) / (count - 1))] for i in range(count)]
