"""The result of a frame that lies in several windows: what the engines say of all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from inspector.inference.messages import InferenceResult


class TiledResult(InferenceResult, frozen=True, array_like=True):
    """As that of one window: the score of the worst, let through where one is; of those that were segmented, the highest probability per
    class and the sum of the pixels, in which pixels of an overlap count several times. It stays in the daemon."""

    tiles: tuple[InferenceResult, ...] = ()
    """The results of the windows, in the order of their offsets."""


def joined(parts: Sequence[InferenceResult]) -> TiledResult:
    """The result of a frame of those of all its windows, at least one, in any order. Windows that contradict each other in the number of
    classes are joined too: whoever merges their masks refuses them."""
    parts = sorted(parts, key=lambda part: part.offset)
    segmented = [part for part in parts if part.let_through]
    return TiledResult(
        slot=parts[0].slot,
        offset=parts[0].offset,
        gate_score=max(part.gate_score for part in parts),
        let_through=bool(segmented),
        pixels=tuple(map(sum, zip_longest(*(part.pixels for part in segmented), fillvalue=0))),
        scores=tuple(map(max, zip_longest(*(part.scores for part in segmented), fillvalue=0.0))),
        tiles=tuple(parts),
    )
