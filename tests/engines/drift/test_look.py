"""The figures of a frame."""

from __future__ import annotations

import numpy as np
import pytest

from engines.drift.look import DARK, look, tile_counts


def textured(height: int = 64, width: int = 256, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(100, 10, (height, width)).round().clip(0, 255).astype(np.uint8)


def test_figures_are_those_of_all_pixels_of_a_texture() -> None:
    frame = textured()
    seen = look(frame)
    assert seen is not None
    assert seen.brightness == pytest.approx(float(frame.mean()), rel=0.01)
    assert seen.contrast == pytest.approx(float(frame.std() / frame.mean()), rel=0.05)
    steps = np.abs(np.diff(frame.astype(float), axis=1)).mean() / frame.mean()
    assert seen.sharpness == pytest.approx(steps, rel=0.05)
    assert seen.tiles.shape == (4, 64) == tile_counts(64, 256)
    assert (seen.first, seen.stop) == (0, 64)
    assert seen.columns.shape == (256,)


def test_a_dimmer_lamp_changes_the_brightness_alone() -> None:
    frame = textured()
    bright, dim = look(frame), look((frame * 0.6).round().astype(np.uint8))
    assert bright is not None
    assert dim is not None
    assert dim.brightness == pytest.approx(0.6 * bright.brightness, rel=0.01)
    assert dim.contrast == pytest.approx(bright.contrast, rel=0.02)
    assert dim.sharpness == pytest.approx(bright.sharpness, rel=0.02)


def test_the_background_beyond_the_strip_is_not_the_sheet() -> None:
    whole = look(textured())
    frame = textured()
    frame[:, :100] = 3
    part = look(frame)
    assert whole is not None
    assert part is not None
    assert part.brightness == pytest.approx(whole.brightness, rel=0.01)
    assert (part.first, part.stop) == (26, 64), "the group that the edge lies in, and the one beside it, are left out"


def test_nothing_lit_is_nothing_seen() -> None:
    assert look(np.full((64, 256), DARK, np.uint8)) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (17, 63), (32, 48), (100, 3000)])
def test_any_size_has_figures(size: tuple[int, int]) -> None:
    seen = look(np.full(size, 90, np.uint8))
    assert seen is not None
    assert (seen.brightness, seen.contrast, seen.sharpness) == (90, 0, 0)
    assert seen.tiles.shape == tile_counts(*size)


def test_a_view_with_gaps_between_its_rows_is_read_alike() -> None:
    wide = textured(64, 512)
    assert look(wide[:, :256])[:3] == look(wide[:, :256].copy())[:3]
