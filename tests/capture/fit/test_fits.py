"""What each fit makes of frames: pixels, places, and what is refused in which words."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.data.images import Fit as DataFit
from inspector.capture.fit.tile import starts
from inspector.capture.preparation import Preparation
from inspector.config.fit import FitConfig, FitMode, OffsetPx, SizePx
from inspector.errors import UserError
from inspector.frames.size import FrameSize

TILE = FrameSize(32, 48)


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height * 1000 + width).integers(1, 255, (height, width), np.uint8)


def prepared(mode: FitMode, size: tuple[int, int] | None = None, **keys: object) -> Preparation:
    known = None if size is None else SizePx(height=size[0], width=size[1])
    return Preparation(TILE, FitConfig(mode=mode, size=known, **keys))  # type: ignore[arg-type]


def windows(preparation: Preparation, pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """What the engines see, window by window, from a slot that is dirty."""
    assert preparation.refusal(pixels) == ""
    plane = np.full(preparation.slot_px, 7, np.uint8)
    preparation.write(pixels, plane)
    layout = preparation.layout(pixels)
    offsets = [0] if layout is None else [piece.offset for piece in layout.pieces]
    return [plane[offset : offset + TILE.pixels].reshape(TILE) for offset in offsets]


def test_a_frame_of_the_bundles_size_is_what_the_engines_see_in_every_mode() -> None:
    frame = picture(*TILE)
    for mode in ("refuse", "crop", "pad", "resize", "tile"):
        (window,) = windows(prepared(mode, None if mode == "refuse" else TILE), frame)
        np.testing.assert_array_equal(window, frame)


def test_refuse_takes_no_other_size() -> None:
    assert prepared("refuse").refusal(picture(32, 47)) == "the camera delivered uint8 [32, 47]; expected uint8 [32, 48]"
    assert "uint16 [32, 48]" in prepared("refuse").refusal(picture(32, 48).astype(np.uint16))  # type: ignore[arg-type]


def test_crop_takes_the_middle_or_what_the_offset_says() -> None:
    frame = picture(41, 60)
    (middle,) = windows(prepared("crop"), frame)
    np.testing.assert_array_equal(middle, frame[4:36, 6:54])
    placed = prepared("crop", (41, 60), offset=OffsetPx(x=12, y=0))
    np.testing.assert_array_equal(windows(placed, frame)[0], frame[:32, 12:])
    assert placed.to_camera(3, 4) == (15, 4)
    assert prepared("crop").refusal(picture(31, 60)) == (
        "the camera delivered uint8 [31, 60]; crop takes 32x48 out of a frame; use mode pad or tile"
    )
    with pytest.raises(ValueError, match=r"give fit\.size"):
        prepared("crop").to_camera(0, 0)


def test_pad_fills_up_with_the_mirrored_frame_or_a_grey() -> None:
    frame = picture(10, 20)
    (mirrored,) = windows(prepared("pad"), frame)
    np.testing.assert_array_equal(mirrored, np.pad(frame, ((0, 22), (0, 28)), "reflect"))
    grey = prepared("pad", offset=OffsetPx(x=5, y=6), pad_with=90)
    (window,) = windows(grey, frame)
    np.testing.assert_array_equal(window[6:16, 5:25], frame)
    assert np.count_nonzero(window == 90) >= TILE.pixels - frame.size
    assert grey.to_camera(5, 6) == (0, 0)
    assert "is no larger; use mode tile or crop" in prepared("pad").refusal(picture(32, 49))
    assert windows(prepared("pad"), picture(1, 1))[0].shape == TILE


def test_a_mask_is_cut_to_the_frame_where_it_was_padded() -> None:
    layout = prepared("pad", offset=OffsetPx(x=5, y=6)).layout(picture(10, 20))
    assert layout is not None
    merged = layout.merged([(layout.pieces[0], np.full(TILE, 3, np.uint8))])
    expected = np.zeros(TILE, np.uint8)
    expected[6:16, 5:25] = 3
    np.testing.assert_array_equal(merged, expected)


@pytest.mark.parametrize("size", [(64, 96), (20, 200), (32, 30), (7, 9), (90, 48)])
def test_resize_gives_the_pixels_of_a_data_set_that_is_stretched(size: tuple[int, int]) -> None:
    frame = picture(*size)
    (window,) = windows(prepared("resize", size), frame)
    np.testing.assert_array_equal(window, DataFit(*TILE, "stretch").frame(frame))
    x, y = prepared("resize", size).to_camera(TILE.width, TILE.height)
    assert (y, x) == pytest.approx(size)


@pytest.mark.parametrize(
    ("length", "tile", "overlap"), [(100, 48, 0), (100, 48, 8), (49, 48, 8), (4096, 1600, 32), (97, 48, 47)]
)
def test_tiles_cover_a_side_and_overlap_enough(length: int, tile: int, overlap: int) -> None:
    found = starts(length, tile, overlap)
    assert (found[0], found[-1]) == (0, length - tile)
    steps = np.diff(found)
    assert steps.max() <= tile - overlap
    assert len(found) == 1 + int(np.ceil((length - tile) / (tile - overlap))), "no more than it takes"


@pytest.mark.parametrize("size", [(32, 150), (100, 48), (70, 130), (20, 150), (100, 30), (20, 30)])
def test_tiles_hold_every_pixel_and_put_a_frame_and_its_mask_together_again(size: tuple[int, int]) -> None:
    frame = picture(*size)
    preparation = prepared("tile", size, overlap_px=8)
    layout = preparation.layout(frame)
    assert layout is not None
    assert preparation.judged == size
    np.testing.assert_array_equal(preparation.judged_frame(frame), frame)
    seen = windows(preparation, frame)
    np.testing.assert_array_equal(layout.merged(zip(layout.pieces, seen, strict=True)), frame)
    height, width = min(size[0], 32), min(size[1], 48)
    for piece, window in zip(layout.pieces, seen, strict=True):
        part = frame[piece.y : piece.y + height, piece.x : piece.x + width]
        np.testing.assert_array_equal(window, np.pad(part, ((0, 32 - height), (0, 48 - width)), "reflect"))


def test_a_camera_whose_frames_cannot_be_fitted_is_refused_with_what_mends_it() -> None:
    with pytest.raises(UserError, match=r"fit: frames of 20x20: crop takes 32x48 out of a frame; use mode pad or tile"):
        prepared("crop", (20, 20))
    with pytest.raises(UserError, match=r"fit: frames of 32x400: pad fills up to 32x48"):
        prepared("pad", (32, 400))
    with pytest.raises(UserError, match=r"fit\.overlap_px: 48; expected less than a side of a tile, which is 32x48"):
        prepared("tile", (32, 400), overlap_px=48)
    with pytest.raises(UserError, match=r"are 2500 tiles of 32x48; at most 256"):
        prepared("tile", (1600, 2400), overlap_px=0)


def test_frames_of_another_size_than_the_configured_one_are_refused() -> None:
    for mode in ("crop", "pad", "resize", "tile"):
        preparation = prepared(mode, (32, 48))
        assert "fit.size says 32x48" in preparation.refusal(picture(32, 47)), mode


class Doubled:
    """A flat field that doubles the grey."""

    id = "doubled"

    def refusal(self, pixels: NDArray[np.uint8]) -> str:
        return "it is for frames of 64x96" if pixels.shape != (64, 96) else ""

    def apply(self, pixels: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        np.multiply(pixels, 2, out=out)


def test_the_flat_field_comes_before_the_fit() -> None:
    frame = picture(64, 96) // 2
    keys = FitConfig(mode="resize", size=SizePx(height=64, width=96))
    preparation = Preparation(TILE, keys, Doubled())
    (window,) = windows(preparation, frame)
    np.testing.assert_array_equal(window, DataFit(*TILE, "stretch").frame(frame * 2))
    assert preparation.flat_field == "doubled"
    assert "it is for frames of 64x96" in Preparation(TILE, flat_field=Doubled()).refusal(picture(*TILE))
