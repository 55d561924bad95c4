"""Which frames a bundle is evaluated on, and what makes its figures there better than they will be on the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from engines.bundle import Bundle
from engines.data.dataset import Dataset
from engines.data.fit import overlap_reason, provenance, require_form
from engines.errors import DataError
from inspector.errors import UserError


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames of a data set: a part of a split."""

    part: str
    split_id: str
    folds: Mapping[str, str] = field(default_factory=dict)
    """The folds that are evaluated instead of one part, each with the id of the fold model that was run on it."""


def require_fit(bundle: Bundle, dataset: Dataset) -> None:
    """Raise FrameFormError unless the data set has frames of the bundle's size and its classes in its order, DataError without a frame."""
    require_form(dataset, bundle, f"the bundle {bundle.id}")
    if not dataset.frames:
        raise DataError(f"{dataset.name}: holds no labelled frame; there is nothing to evaluate on")


def require_comparable(first: Bundle, second: Bundle) -> None:
    """Raise UserError unless two bundles take the same frames and have the same classes."""
    for what, one, other in (
        ("frames", f"{first.height}x{first.width}", f"{second.height}x{second.width}"),
        ("classes", ", ".join(first.classes), ", ".join(second.classes)),
    ):
        if one != other:
            raise UserError(
                f"--compare: {what} of {first.id} are {one}, of {second.id} {other}; only bundles for the same frames and "
                "classes can be compared"
            )


_SEEN = {
    "no_split": "The bundle was trained on frames of this data: give --split and --part to leave them out.",
    "other_split": "The bundle was trained on this data by another split: it may have learnt from these frames.",
    "trained_on": "The bundle was trained on these very frames.",
}


def optimistic(bundle: Bundle, dataset: Dataset, selection: Selection | None) -> Iterator[str]:
    """Why the figures are better than they will be on the line, one sentence for each reason."""
    if selection is not None and selection.folds:
        yield (
            f"Measured with the fold models {', '.join(selection.folds.values())}, each on the fold that it was trained without, not with "
            f"{bundle.id}: these are the figures of the recipe, and of the bundle as far as it answers as they do."
        )
    else:
        split_id, parts = (None, ()) if selection is None else (selection.split_id, (selection.part,))
        networks = provenance(bundle.manifest.training, bundle.id)
        reasons = {overlap_reason(network, dataset.id, split_id, parts) for network in networks}
        yield from (sentence for reason, sentence in _SEEN.items() if reason in reasons)
    if _chosen_here(bundle, dataset, selection):
        yield "The operating point was chosen on frames of this selection."


def _chosen_here(bundle: Bundle, dataset: Dataset, selection: Selection | None) -> bool:
    """Whether the operating point was chosen on any of these frames, as far as it says on which it was."""
    chosen = bundle.operating_point.chosen
    if dataset.id != chosen.get("data", {}).get("id"):
        return False
    if selection is None or chosen.get("split") != selection.split_id:
        return True
    parts = set(chosen.get("folds") or (chosen.get("part"),))
    return not parts.isdisjoint(selection.folds or (selection.part,))
