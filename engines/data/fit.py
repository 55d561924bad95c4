"""Checks whether a data set fits a network: frames of its size and classes, on which it was not trained.

Used by calibration, evaluation, and the building of a bundle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from engines.data.dataset import Dataset
from engines.data.part import Part
from engines.data.split import TRAINING
from engines.errors import FrameFormError, HeldOutError, OverlapReason


class TakesFrames(Protocol):
    """Frames of one size and one class list; a bundle, the weights of a network and a data set have both."""

    @property
    def height(self) -> int:
        """Of a frame, px."""

    @property
    def width(self) -> int:
        """Of a frame, px."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; class k is bit k of a mask."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What one network was trained on."""

    network: str
    """Its name in messages, such as "the gate of demo-2-77fc1e3a"."""
    data_id: str
    split_id: str
    parts: tuple[str, ...]
    """Parts of the split."""


def provenance(training: dict[str, Any], owner: str) -> tuple[Provenance, ...]:
    """What the networks of a bundle were trained on, from ``training`` of its manifest, as far as that says; ``owner`` is its id."""
    return tuple(
        Provenance(f"the {name} of {owner}", one["data_id"], one.get("split_id", ""), tuple(one.get("trained_on", ())))
        for name, one in training.get("networks", {}).items()
        if "data_id" in one
    )


def require_form(dataset: Dataset, network: TakesFrames, owner: str) -> None:
    """Raise FrameFormError unless the frames have the size and the classes that ``network`` takes; ``owner`` names it."""
    found, expected = (f"{one.height}x{one.width}" for one in (dataset, network))
    if found != expected:
        raise FrameFormError(dataset.name, owner, "size", found, expected)
    if dataset.classes != network.classes:
        raise FrameFormError(dataset.name, owner, "classes", ", ".join(dataset.classes), ", ".join(network.classes))


def overlap_reason(one: Provenance, data_id: str, split_id: str | None, parts: Iterable[str]) -> OverlapReason | None:
    """Why the network may have been trained on these ``parts`` of a split; None where it was not. ``split_id`` is None without a split."""
    if one.data_id != data_id:
        return None
    if split_id is None:
        return "no_split"
    if one.split_id != split_id:
        return "other_split"
    return "trained_on" if {*parts} & {TRAINING, *one.parts} else None


def require_held_out(part: Part, networks: Iterable[Provenance]) -> None:
    """Raise HeldOutError where one of the networks may have been trained on frames of ``part``."""
    split = part.split
    for one in networks:
        reason = overlap_reason(one, part.dataset.id, split.id if split else None, (part.name or "",))
        if reason is not None:
            others = tuple(name for name in (split.parts if split else ()) if name not in {TRAINING, *one.parts})
            raise HeldOutError(
                part.dataset.name,
                one.network,
                reason,
                part=part.name,
                split=split.id if split else None,
                trained_split=one.split_id,
                others=others,
            )
