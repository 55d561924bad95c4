"""The result of a frame that lies in several windows: what the engines say of all of them together."""

from __future__ import annotations

from collections.abc import Sequence

from inspector.inference.messages import InferenceResult


class TiledResult(InferenceResult, frozen=True, array_like=True):
    """As that of one window: the score of the worst, let through where one is; of those that were segmented, the highest probability per
    class and the sum of the pixels, in which pixels of an overlap count several times. It stays in the daemon."""

    tiles: tuple[InferenceResult, ...] = ()
    """The results of the windows, in the order of their offsets."""


def joined(parts: Sequence[InferenceResult]) -> TiledResult:
    """The result of a frame of those of all its windows, at least one, in any order."""
    parts = sorted(parts, key=lambda part: part.offset)
    segmented = [part for part in parts if part.let_through]
    return TiledResult(
        slot=parts[0].slot,
        offset=parts[0].offset,
        gate_score=max(part.gate_score for part in parts),
        let_through=bool(segmented),
        pixels=tuple(map(sum, zip(*(part.pixels for part in segmented), strict=True))),
        scores=tuple(map(max, zip(*(part.scores for part in segmented), strict=True))),
        tiles=tuple(parts),
    )
