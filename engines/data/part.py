"""A part of a data set: frames for training, calibration or measuring, with the data set and split they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engines.data.dataset import Dataset, LabelledFrame
from engines.data.split import TRAINING, Split
from engines.errors import DataError


@dataclass(frozen=True)
class Part:
    """Frames, and where they come from."""

    dataset: Dataset
    split: Split | None
    name: str | None
    """None: all frames of the data set."""
    frames: tuple[LabelledFrame, ...]

    @property
    def metadata(self) -> dict[str, Any]:
        """Identity of the frames in plain values, for a file."""
        return {
            "data": {"name": self.dataset.name, "id": self.dataset.id},
            "split": self.split.id if self.split else None,
            "part": self.name,
        }


def choose_part(dataset: Dataset, split: Split | None, name: str | None) -> Part:
    """The frames of part ``name`` of the split that can be measured on, or all such frames without a split.

    Raises DataError for a part that is not there or holds no such frame, or for the part that networks are trained on.
    """
    if split is None:
        frames = dataset.frames
    elif name is None:
        raise DataError("split: no part of it is named; name the one to use")
    elif name == TRAINING:
        raise DataError(f"part {TRAINING!r}: the networks are trained on these frames; use a part that was held out")
    else:
        frames = split.frames(dataset, name)
    frames = tuple(frame for frame in frames if not frame.training_only)
    if not frames:
        where = "it" if split is None else f"part {name!r}"
        raise DataError(f"{dataset.name}: {where} holds no frame that can be measured on; choose another")
    return Part(dataset, split, name if split else None, frames)


def joined(parts: Sequence[Part]) -> Part:
    """The frames of all ``parts`` of one split as one, called "first to last"."""
    first, last = parts[0], parts[-1]
    frames = tuple(frame for part in parts for frame in part.frames)
    return Part(first.dataset, first.split, f"{first.name} to {last.name}", frames)
