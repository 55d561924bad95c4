"""The one mask of a frame in tiles."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.frames.layout import Layout, Piece
from inspector.frames.planes import SharedPlanes
from inspector.frames.size import FrameSize
from inspector.inference.messages import InferenceResult
from inspector.inference.tiles import joined
from inspector.line.merging import merged_mask

TILE = FrameSize(4, 6)
LAYOUT = Layout(FrameSize(4, 10), TILE, (Piece(0, 0, 0, 0, 0, 6, 4), Piece(24, 4, 0, 0, 0, 6, 4)))
"""They overlap in columns 4 and 5."""


def planes(left: int, right: int) -> SharedPlanes:
    """Masks of two tiles, with one value in columns 3 to 5 of the left and 0 to 2 of the right, which are 4 to 6 of the frame."""
    made = SharedPlanes.create(2, FrameSize(8, 6))
    made.view((1, 0), TILE)[:, 3:] = left
    made.view((1, 24), TILE)[:, :3] = right
    return made


def part(offset: int, *pixels: int) -> InferenceResult:
    return InferenceResult(1, offset, 0.9, bool(pixels), pixels, (0.8,) * len(pixels))


def test_a_pixel_has_the_classes_of_every_tile_that_shows_it() -> None:
    mask = merged_mask(LAYOUT, joined([part(24, 0, 12), part(0, 12, 0)]), planes(1, 2))
    np.testing.assert_array_equal(mask, np.tile([0, 0, 0, 1, 3, 3, 2, 0, 0, 0], (4, 1)))


def test_the_mask_of_a_tile_that_was_not_segmented_is_of_an_earlier_frame() -> None:
    mask = merged_mask(LAYOUT, joined([part(0, 12, 0), part(24)]), planes(1, 255))
    np.testing.assert_array_equal(mask, np.tile([0, 0, 0, 1, 1, 1, 0, 0, 0, 0], (4, 1)))


def test_counts_are_compared_tile_by_tile() -> None:
    with pytest.raises(ValueError, match=r"the segmenter counts \(0, 11\) pixels per class, its mask holds \(0, 12\)"):
        merged_mask(LAYOUT, joined([part(0, 12, 0), part(24, 0, 11)]), planes(1, 2))


def test_a_tile_with_counts_of_fewer_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the segmenter counts \(12,\) pixels per class, its mask holds \(12, 0\)"):
        merged_mask(LAYOUT, joined([part(0, 12), part(24, 0, 12)]), planes(1, 2))
