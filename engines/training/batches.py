"""Balanced batches: crops for the segmenter, whole frames for the gate.

Both draw half of a batch from real and half from simulated samples (or another share), so that neither domain is
forgotten, and share each half out over what a frame may hold, so that rare classes are seen as often as is useful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engines.export.graphs import GREY_MIDDLE, GREY_SPAN
from engines.training.augment import Pair, expose, flip, join_strips, move, paste_defect
from engines.training.samples import Domain, Sample

SLIVER_PX = 12
"""A mask of fewer half-resolution pixels left in a cut frame is not counted as a defect."""


@dataclass(frozen=True)
class Pool:
    """The training samples of one domain, grouped by what they hold; group 0 is clean, group k + 1 holds class k."""

    groups: tuple[tuple[Sample, ...], ...]
    unlocated: tuple[Sample, ...]

    @classmethod
    def of(cls, samples: Sequence[Sample], domain: Domain, classes: int) -> Pool:
        """The pool of the samples of `domain`."""
        own = [sample for sample in samples if sample.domain == domain]
        located = [sample for sample in own if sample.located]
        clean = tuple(sample for sample in located if not sample.defective)
        kinds = (tuple(s for s in located if k in s.classes(classes)) for k in range(classes))
        return cls((clean, *kinds), tuple(sample for sample in own if not sample.located))

    def draw(self, group: int, rng: np.random.Generator) -> Sample:
        """A sample of the group, or of any other group if it is empty."""
        members = self.groups[group] or [sample for others in self.groups for sample in others]
        return members[int(rng.integers(len(members)))]


@dataclass(frozen=True)
class Mixture:
    """What batches are drawn from, and in which shares."""

    real: Pool
    simulated: Pool
    classes: int
    real_share: float
    group_shares: tuple[float, ...]
    """Shares of clean and of each class within a domain."""

    def pick(self, rng: np.random.Generator) -> tuple[Pool, int]:
        """A domain's pool and a group."""
        pool = self.real if rng.random() < self.real_share else self.simulated
        return pool, int(rng.choice(len(self.group_shares), p=self.group_shares))


def crop_batch(mixture: Mixture, size: int, width: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Crops over the full height: frames float32 `[size, 1, H/2, width]`, masks float32 `[size, K, H/2, width]`."""
    return _stack([_crop(mixture, width, rng) for _ in range(size)], mixture.classes)


def frame_batch(mixture: Mixture, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Whole frames for the gate.

    Frames `[size, 1, H/2, W/2]`, masks `[size, K, H/2, W/2]`, whether defective `[size]`, and whether the masks can be
    believed `[size]`; all float32.
    """
    drawn = [_frame(mixture, rng) for _ in range(size)]
    frames, masks = _stack([pair for pair, _ in drawn], mixture.classes)
    located = torch.tensor([float(known) for _, known in drawn])
    defective = torch.maximum((masks.sum(dim=(1, 2, 3)) >= SLIVER_PX).float(), 1.0 - located)
    return frames, masks, defective, located


def _crop(mixture: Mixture, width: int, rng: np.random.Generator) -> Pair:
    pool, group = mixture.pick(rng)
    sample = pool.draw(group, rng)
    pair = sample.pair
    last = sample.frame.shape[1] - width
    start = int(rng.integers(0, last + 1))
    if group:
        columns = np.flatnonzero((sample.mask & (1 << (group - 1))).any(axis=0))
        if columns.size:
            column = int(columns[rng.integers(columns.size)])
            start = int(np.clip(column - rng.integers(width // 8, width - width // 8), 0, last))
    elif rng.random() < 0.25:
        pair = paste_defect(pair, pool.draw(int(rng.integers(1, mixture.classes + 1)), rng).pair, rng)
    window = slice(start, start + width)
    frame, mask = flip(move((pair[0][:, window], pair[1][:, window]), rng), rng)
    return expose(frame, rng), mask


def _frame(mixture: Mixture, rng: np.random.Generator) -> tuple[Pair, bool]:
    pool, group = mixture.pick(rng)
    kind = rng.random()
    known = True
    sample = pool.draw(group, rng)
    pair = sample.pair
    if group and pool.unlocated and rng.random() < 0.05:
        sample = pool.unlocated[int(rng.integers(len(pool.unlocated)))]
        pair, known = sample.pair, False
    elif kind < 0.4:
        others = int(rng.integers(0, len(mixture.group_shares)))
        strips = [pair, pool.draw(group if rng.random() < 0.5 else others, rng).pair]
        pair = join_strips(strips if rng.random() < 0.5 else strips[::-1], rng)
    elif kind < 0.6 and not group:
        pair = paste_defect(pair, pool.draw(int(rng.integers(1, mixture.classes + 1)), rng).pair, rng)
    frame, mask = flip(move(pair, rng) if rng.random() < 0.7 else pair, rng)
    return (expose(frame, rng), mask), known


def _stack(pairs: Sequence[Pair], classes: int) -> tuple[Tensor, Tensor]:
    frames = torch.from_numpy(np.stack([frame for frame, _ in pairs])).unsqueeze(1).float()
    bitmasks = torch.from_numpy(np.stack([mask for _, mask in pairs])).unsqueeze(1)
    bits = (1 << torch.arange(classes, dtype=torch.uint8)).view(1, classes, 1, 1)
    return (frames - GREY_MIDDLE) / GREY_SPAN, ((bitmasks & bits) > 0).float()
