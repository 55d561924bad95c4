"""How the marked and the true pixels of one frame overlap, class by class: counted once, used by every figure of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""``int64 [K]``, pixels per class."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Pixel counts of one frame; ``any`` stands for "of whatever class"."""

    marked: Counts
    true: Counts
    both: Counts
    """True of class k and marked as class k."""
    true_marked: Counts
    """True of class k and marked as any class."""
    any_marked: int
    any_true: int
    any_both: int

    @property
    def defective(self) -> bool:
        """Whether the truth has a defect."""
        return self.any_true > 0


def overlap(marked: NDArray[np.uint8] | None, true: NDArray[np.uint8] | None, class_count: int) -> Overlap:
    """Counts for two bitmasks ``uint8 [H, W]`` (bit k = class k); None stands for an empty mask.

    Raises ValueError where the shapes differ or a bit beyond the classes is set.
    """
    values = 1 << class_count
    # bits[v, k]: whether value v has bit k.
    bits = (np.arange(values)[:, None] >> np.arange(class_count)) & 1
    joint = _joint_histogram(marked, true, values)
    by_true, by_marked = joint.sum(axis=1), joint.sum(axis=0)
    return Overlap(
        marked=by_marked @ bits,
        true=by_true @ bits,
        both=np.einsum("tm,tk,mk->k", joint, bits, bits),
        true_marked=joint[:, 1:].sum(axis=1) @ bits,
        any_marked=int(by_marked[1:].sum()),
        any_true=int(by_true[1:].sum()),
        any_both=int(joint[1:, 1:].sum()),
    )


def _joint_histogram(marked: NDArray[np.uint8] | None, true: NDArray[np.uint8] | None, values: int) -> Counts:
    """``int64 [values, values]``: pixels by (true value, marked value)."""
    given = [one for one in (marked, true) if one is not None]
    if not given:
        return np.zeros((values, values), dtype=np.int64)
    if len(given) == 2 and given[0].shape != given[1].shape:
        raise ValueError(f"masks of {given[0].shape} and {given[1].shape} pixels cannot be compared")
    if any(int(one.max()) >= values for one in given):
        raise ValueError(f"a mask has a class beyond those of the model (values 0..{values - 1})")
    # Most pixels are empty in both: only the others are looked at one by one.
    flat = [np.zeros(given[0].size, np.uint8) if one is None else one.ravel() for one in (true, marked)]
    at = np.flatnonzero(flat[0] | flat[1])
    pair = flat[0][at].astype(np.int64) * values + flat[1][at]
    counted = np.bincount(pair, minlength=values * values).astype(np.int64, copy=False)
    counted[0] = given[0].size - len(at)
    return counted.reshape(values, values)
