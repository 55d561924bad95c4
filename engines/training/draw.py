"""Draws batches: which frames, which crops, how they are altered. A batch depends only on the seed, its epoch and its step.

So a training sees the same batches after it was killed and resumed, and with any number of worker processes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engines.errors import NoCropError, NoExtraDataError
from engines.training.augment import Pair, expose, flip, join_strips, move, paste_defect
from engines.training.crops import crop_anywhere, crop_on_class, is_dark
from engines.training.frames import Frames
from engines.training.groups import Groups, share_out
from engines.training.recipe import Recipe

TRIES = 200
"""Frames looked at for a crop before giving up."""


@dataclass(frozen=True)
class Batch:
    """`frames` and `masks` uint8 `[N, h, w]`; `defective`, `located` bool `[N]`; `groups` `[N]`, what each was drawn as."""

    frames: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    defective: NDArray[np.bool_]
    located: NDArray[np.bool_]
    groups: NDArray[np.intp]


class Drawer:
    """Draws the batches of a training from the training frames, and from extra ones where the recipe wants some."""

    def __init__(self, recipe: Recipe, frames: Frames, classes: tuple[str, ...], extra: Frames | None = None) -> None:
        if recipe.batches.extra_share and extra is None:
            raise NoExtraDataError
        self._recipe = recipe
        self._shares = recipe.group_shares(len(classes))
        self._pools = [(source, Groups.of(source.frames, len(classes))) for source in (frames, extra) if source]
        self._pools[0][1].require(self._shares, classes, bool(recipe.batches.crops))

    def crop_size(self, epoch: int) -> tuple[int, int] | None:
        """Height and width of the epoch's crops; None for whole frames."""
        crops = self._recipe.batches.crops
        return crops[epoch % len(crops)] if crops else None

    def draw(self, epoch: int, step: int) -> Batch:
        """The batch of a step of an epoch. Raises DataError if a frame cannot be read, NoCropError if no crop can be found."""
        rng = np.random.default_rng([self._recipe.seed, epoch, step])
        size = self._recipe.batches.size
        groups = share_out(self._shares, size, rng)
        extra = share_out((1 - self._recipe.batches.extra_share, self._recipe.batches.extra_share), size, rng)
        drawn = [self._one(*self._pool(int(p), int(g)), int(g), epoch, rng) for g, p in zip(groups, extra, strict=True)]
        masks = np.stack([mask for (_, mask), _ in drawn])
        located = np.array([known for _, known in drawn])
        defective = masks.any(axis=(1, 2)) | ~located
        return Batch(np.stack([frame for (frame, _), _ in drawn]), masks, defective, located, groups)

    def _pool(self, number: int, group: int) -> tuple[Frames, Groups]:
        """The data (0) or the extra data (1); where the extra data have no such frame, the data stand in."""
        return self._pools[number if self._pools[number][1].members[group] else 0]

    def _one(
        self, frames: Frames, groups: Groups, group: int, epoch: int, rng: np.random.Generator
    ) -> tuple[Pair, bool]:
        """A frame or crop of the group, altered, and whether its mask is reliable."""
        ranges = self._recipe.augmentation
        size = self.crop_size(epoch)
        if size is None:
            pair, located = self._whole(frames, groups, group, rng)
        else:
            pair, located = self._crop(frames, groups, group, size, rng), True
        if not group and located and ranges.paste and rng.random() < ranges.paste:
            pair = paste_defect(pair, self._donor(rng), rng)
        moved = move(pair, rng, ranges)
        if size is None or not is_dark(moved[0], self._recipe.batches.dark_level):
            pair = moved
        frame, mask = flip(pair, rng, ranges.flip)
        return (expose(np.ascontiguousarray(frame), rng, ranges), mask), located

    def _whole(self, frames: Frames, groups: Groups, group: int, rng: np.random.Generator) -> tuple[Pair, bool]:
        number = _pick(groups.members[group], rng)
        pair, located = frames.pair(number), frames.frames[number].located
        if located and rng.random() < self._recipe.augmentation.join:
            other = _pick(groups.members[group if rng.random() < 0.5 else _pick(self._filled(groups), rng)], rng)
            if frames.frames[other].located:
                strips = [pair, frames.pair(other)]
                pair = join_strips(strips if rng.random() < 0.5 else strips[::-1], rng)
        return pair, located

    def _crop(
        self, frames: Frames, groups: Groups, group: int, size: tuple[int, int], rng: np.random.Generator
    ) -> Pair:
        """A crop of the group. Without clean frames, the clean places of others stand in for them."""
        level = self._recipe.batches.dark_level
        members = groups.members[group] or tuple(number for others in groups.members for number in others)
        for _ in range(TRIES):
            number = _pick(members, rng)
            if not frames.frames[number].located:
                continue
            pair = frames.pair(number)
            crop = crop_on_class(pair, size, group - 1, level, rng) if group else crop_anywhere(pair, size, level, rng)
            if crop is not None:
                return crop
        what = f"class {group - 1}" if group else "no defect"
        raise NoCropError(
            f"batches: no crop of {size[0]}x{size[1]} px with {what} found in {TRIES} frames that is not dark"
        )

    def _donor(self, rng: np.random.Generator) -> Pair:
        """A defective frame, as often of each class, of the data or in the usual share of the extra data."""
        frames, groups = self._pools[-1 if rng.random() < self._recipe.batches.extra_share else 0]
        if not any(groups.members[1:]):
            frames, groups = self._pools[0]
        group = _pick(tuple(g for g in self._filled(groups) if g), rng)
        return frames.pair(_pick(groups.members[group], rng))

    def _filled(self, groups: Groups) -> tuple[int, ...]:
        return tuple(number for number, members in enumerate(groups.members) if members)


def _pick(members: tuple[int, ...], rng: np.random.Generator) -> int:
    return members[int(rng.integers(len(members)))]
