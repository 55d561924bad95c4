"""Groups of frames by what they show, and their shares in each batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.data.dataset import LabelledFrame
from engines.errors import RecipeError


@dataclass(frozen=True)
class Groups:
    """Numbers of the frames of each group: group 0 without a defect, group k + 1 with class k."""

    members: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, frames: Sequence[LabelledFrame], classes: int) -> Groups:
        """Group the frames; one that shows two classes is in both groups.

        A frame known to be defective, but of no known class, is in the largest group of a class.
        """
        members: list[list[int]] = [[] for _ in range(classes + 1)]
        unknown = []
        for number, frame in enumerate(frames):
            if not frame.defective:
                members[0].append(number)
            elif frame.classes:
                for k in frame.classes:
                    members[k + 1].append(number)
            else:
                unknown.append(number)
        max(members[1:], key=len).extend(unknown)
        return cls(tuple(tuple(group) for group in members))

    def require(self, shares: Sequence[float], classes: Sequence[str], clean_from_crops: bool) -> None:
        """Raise RecipeError for a group that has a share in the batches, but no frame."""
        for number, (group, share) in enumerate(zip(self.members, shares, strict=True)):
            if group or not share or (not number and clean_from_crops and any(self.members)):
                continue
            what = f"class {classes[number - 1]!r}" if number else "no defect"
            cure = "leave the class out of the data set" if number else "write batches.clean_share: 0"
            raise RecipeError(
                f"batches: no frame to train on shows {what}, but it has a share of {share:.3g}; {cure}, or check the split"
            )


def share_out(shares: Sequence[float], size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Groups of the `size` places of one batch, in random order.

    Each group gets its share, rounded down or up, so that on the average of many batches it is met exactly
    (systematic sampling: Madow and Madow, 1944); five equal groups in a batch of five are one of each.
    """
    borders = np.cumsum(np.asarray(shares, np.float64))
    points = (np.arange(size) + rng.uniform(1e-6, 1 - 1e-6)) / size
    chosen = np.minimum(np.searchsorted(borders / borders[-1], points, side="right"), len(shares) - 1)
    return rng.permutation(chosen)
