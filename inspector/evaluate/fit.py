"""Whether a data set can be asked about a bundle at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engines.bundle import Bundle
from engines.data.dataset import Dataset
from engines.data.split import TRAINING
from inspector.errors import UserError


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames of a data set: a part of a split."""

    part: str
    split_id: str
    folds: tuple[str, ...] = ()
    """Bundles that answered instead of the one evaluated, each for a fold that it was trained without."""


def require_fit(bundle: Bundle, dataset: Dataset) -> None:
    """Raise UserError unless the data set has frames of the bundle's size and its classes in its order."""
    if (dataset.height, dataset.width) != (bundle.height, bundle.width):
        raise UserError(
            f"{dataset.name}: frames are {dataset.height}x{dataset.width}, those of the bundle {bundle.id} are "
            f"{bundle.height}x{bundle.width}; evaluate a bundle on frames of its own size"
        )
    if dataset.classes != bundle.classes:
        raise UserError(
            f"{dataset.name}: classes are {', '.join(dataset.classes)}; those of the bundle {bundle.id} are "
            f"{', '.join(bundle.classes)}; name the data set's classes in its dataset.yaml as the bundle does, in its order"
        )
    if not dataset.frames:
        raise UserError(f"{dataset.name}: holds no labelled frame; there is nothing to evaluate on")


def require_comparable(first: Bundle, second: Bundle) -> None:
    """Raise UserError unless two bundles answer the same question."""
    for what, one, other in (
        ("frames", f"{first.height}x{first.width}", f"{second.height}x{second.width}"),
        ("classes", ", ".join(first.classes), ", ".join(second.classes)),
    ):
        if one != other:
            raise UserError(
                f"--compare: {what} of {first.id} are {one}, of {second.id} {other}; only bundles for the same frames and "
                "classes can be compared"
            )


def flattering(bundle: Bundle, dataset: Dataset, selection: Selection | None) -> Iterator[str]:
    """What makes the figures better than they will be on the line, one sentence each."""
    trained = set(_values(bundle.manifest.training))
    if selection is not None and selection.folds:
        yield (
            f"{', '.join(selection.folds)} answered, each for the fold it was trained without, not {bundle.id}: these are the figures of the "
            "recipe, and of the bundle as far as it answers as they do."
        )
    elif dataset.id in trained:
        if selection is None:
            yield "The bundle was trained on frames of this data: give --split and --part to leave them out."
        elif selection.part == TRAINING or selection.part in _trained_on(bundle):
            yield "The bundle was trained on these very frames."
        elif selection.split_id not in trained:
            yield "The bundle was trained on this data by another split: it may have learnt from these frames."
    chosen = set(_values(bundle.operating_point.chosen))
    folds = set(bundle.operating_point.chosen.get("folds", ()))
    everything = selection is None or chosen.isdisjoint((selection.split_id,))
    same = selection is not None and (selection.part in chosen | folds or (selection.folds and folds))
    if dataset.id in chosen and (everything or same):
        yield "The operating point was chosen on frames of this selection."


def _trained_on(bundle: Bundle) -> set[str]:
    networks = bundle.manifest.training.get("networks", {})
    return {part for network in networks.values() for part in network.get("trained_on", ())}


def _values(facts: Any) -> Iterator[Any]:
    """Everything that facts of any depth say."""
    if isinstance(facts, dict):
        for one in facts.values():
            yield from _values(one)
    elif isinstance(facts, (list, tuple)):
        for one in facts:
            yield from _values(one)
    else:
        yield facts
