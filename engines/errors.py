"""Errors of bundles, runtimes, data and recipes, each told in one line that says what to do."""

from __future__ import annotations

from typing import Literal

OverlapReason = Literal["no_split", "other_split", "trained_on"]
"""Why a network may know some frames: no split says which it has learnt from, it was trained with another split, or on this part."""


class BundleError(Exception):
    """A model bundle is missing, incomplete, altered or not of this format."""


class EngineError(Exception):
    """An engine cannot be loaded, disagrees with its golden frames, or gave an impossible answer."""


class DataError(Exception):
    """A data set, one of its files, or a split of it cannot be used."""


class RecipeError(Exception):
    """A training recipe, or the weights made with one, cannot be used."""


class TrainingError(Exception):
    """A training cannot go on: the message says where it stopped and what is left of it."""


class FrameFormError(DataError):
    """The frames of a data set are not of the size, or not of the classes, that a network takes."""

    def __init__(self, data: str, owner: str, what: Literal["size", "classes"], found: str, expected: str) -> None:
        """``data`` names the data set, ``owner`` what takes the frames, such as "the bundle demo-2-77fc1e3a"."""
        self.data, self.owner, self.what, self.found, self.expected = data, owner, what, found, expected
        if what == "size":
            told = f"frames are {found}, those of {owner} are {expected}; use frames of its own size"
        else:
            told = f"classes are {found}; those of {owner} are {expected}; name the data set's classes in its dataset.yaml alike, in this order"
        super().__init__(f"{data}: {told}")


class HeldOutError(DataError):
    """A network may have learnt from the frames that it is to be judged by."""

    def __init__(
        self,
        data: str,
        network: str,
        reason: OverlapReason,
        *,
        part: str | None,
        split: str | None,
        trained_split: str,
        others: tuple[str, ...],
    ) -> None:
        """``network`` and ``part`` are names, ``split`` and ``trained_split`` ids; ``others`` are the parts that it has not learnt from."""
        self.data, self.network, self.reason = data, network, reason
        self.part, self.split, self.trained_split, self.others = part, split, trained_split, others
        told = {
            "no_split": f"{network} was trained on frames of this data; without a split nothing says on which",
            "other_split": f"{network} was trained with split {trained_split}, this is {split}: it may know these frames",
            "trained_on": f"{network} learnt from part {part!r}; take a part that it has not seen ({', '.join(others) or 'there is none'})",
        }[reason]
        super().__init__(f"{data}: {told}")
