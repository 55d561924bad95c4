"""Frames that show nothing are told from dark, glaring and smooth ones, in every geometry."""

from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.images.blank import blank
from engines.images.blank_limits import DEFAULT_LIMITS
from tests.engines.data.sets import real

HEIGHT, WIDTH = 256, 1600
Grey = NDArray[np.uint8]


def noise(mean: float, deviation: float, height: int = HEIGHT, width: int = WIDTH) -> Grey:
    drawn = np.random.default_rng(3).normal(mean, deviation, (height, width))
    return drawn.round().clip(0, 255).astype(np.uint8)


def surface(height: int = HEIGHT, width: int = WIDTH, mean: float = 90, deviation: float = 12) -> Grey:
    """Grain of a few pixels and the noise of a sensor."""
    rng = np.random.default_rng(5)
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 1.6)
    drawn = mean + deviation * grain / grain.std() + rng.normal(0, 2, grain.shape)
    return drawn.round().clip(0, 255).astype(np.uint8)


def with_rows(level: int, first: int = 100) -> Grey:
    frame = surface()
    frame[first:] = level
    return frame


BOTH_ENDS = np.where(np.arange(WIDTH) < 700, 0, 255).astype(np.uint8)[None].repeat(HEIGHT, axis=0)
PACKED = cv2.imdecode(cv2.imencode(".jpg", noise(128, 30), [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)

NOTHING = {
    "black": (np.zeros((HEIGHT, WIDTH), np.uint8), "shows nothing: all pixels are 0"),
    "white": (np.full((HEIGHT, WIDTH), 255, np.uint8), "shows nothing: all pixels are 255"),
    "one grey": (np.full((HEIGHT, WIDTH), 128, np.uint8), "shows nothing: all pixels are 128"),
    "lens cap": (noise(4, 1.5), "shows nothing: all pixels are black (16 or less)"),
    "lens cap, dead pixels": (
        np.where(np.random.default_rng(1).random((HEIGHT, WIDTH)) < 0.002, 255, noise(4, 1.5)).astype(np.uint8),
        r"shows nothing: 99\.8 % of the pixels are black \(16 or less\)",
    ),
    "glare": (noise(256, 2.5), r"shows nothing: 99\.\d % of the pixels are white \(250 or more: saturated\)"),
    "black and white": (
        BOTH_ENDS,
        r"shows nothing: 43\.8 % of the pixels are black \(16 or less\), 56\.2 % of the pixels are white \(250 or more: saturated\)",
    ),
    "defocus": (noise(128, 1), r"shows nothing: one grey, 99\.0 % of the pixels are 12\d to 13\d"),
    "grey noise": (noise(128, 5), r"shows nothing: noise, .* \(correlation 0\.0\d\)"),
    "all noise": (np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH), np.uint8), "shows nothing: noise"),
    "noise as JPEG": (PACKED, "shows nothing: noise"),
    "smoothed noise": (cv2.blur(noise(128, 40), (3, 3)), "shows nothing: noise"),
    "one row": (surface()[100:101].repeat(HEIGHT, axis=0), "shows nothing: every row is the same"),
    "one column": (surface()[:, 100:101].repeat(WIDTH, axis=1), "shows nothing: every column is the same"),
    "stopped, grey": (with_rows(128), "is not whole: rows 100 to 255 of 256 are all 128"),
    "stopped, black": (with_rows(0), "is not whole: rows 100 to 255 of 256 are all 0"),
    "stopped, last row again": (
        np.concatenate([surface()[:200], surface()[199:200].repeat(56, axis=0)]),
        "is not whole: rows 199 to 255 of 256 are the same",
    ),
}


@pytest.mark.parametrize("kind", NOTHING)
def test_what_shows_nothing_is_told_with_the_reason(kind: str) -> None:
    frame, words = NOTHING[kind]
    found = blank(frame)
    assert found == words or re.match(words, found)
    assert "\n" not in found


def edge(share: float, dark: Grey) -> Grey:
    """A strip of which only ``share`` is in the frame, beside the dark."""
    frame = dark.copy()
    seen = int(share * WIDTH)
    frame[:, :seen] = surface()[:, :seen]
    return frame


def mesh(period: float) -> Grey:
    waves = [np.cos(2 * np.pi * np.arange(length) / period) for length in (HEIGHT, WIDTH)]
    return (128 + 50 * waves[0][:, None] + 50 * waves[1][None]).round().astype(np.uint8)


SOMETHING = {
    "surface": surface(),
    "dim surface": surface(mean=30, deviation=4),
    "glaring surface": np.minimum(surface(mean=250, deviation=20).astype(int) + 5, 255).astype(np.uint8),
    "edge in the dark": edge(0.1, noise(4, 1.5)),
    "edge in exact black": edge(0.1, np.zeros((HEIGHT, WIDTH), np.uint8)),
    "a last bit of the edge": edge(0.05, noise(1, 1)),
    "a defect on a smooth sheet": np.where(np.arange(WIDTH) // 40 == 20, 60, surface(deviation=3)).astype(np.uint8),
    "9 % of the rows": with_rows(128, 234),
    **{f"mesh of {period} px": mesh(period) for period in (2, 4, 6, 7, 8, 12, 16)},
}


@pytest.mark.parametrize("kind", SOMETHING)
def test_what_shows_anything_passes(kind: str) -> None:
    assert blank(SOMETHING[kind]) == ""


@pytest.mark.parametrize("size", [(1, 1), (1, 8), (8, 1), (8, 8), (16, 8192), (1024, 64), (1024, 2048)])
def test_every_geometry(size: tuple[int, int]) -> None:
    assert blank(np.full(size, 77, np.uint8)) == "shows nothing: all pixels are 77"
    if min(size) >= 8:
        assert blank(surface(*size)) == ""
    if min(size) >= 64:
        assert blank(noise(128, 20, *size)).startswith("shows nothing: noise")


def test_of_few_pixels_nothing_is_concluded_that_may_be_chance() -> None:
    assert [blank(noise(128, 30, 8, 8)), blank(noise(128, 30, 2, 3))] == ["", ""]
    repeated = surface(16, 16)
    repeated[5:9] = repeated[5]
    assert blank(repeated) == ""
    assert blank(surface(8, 64)[3:4].repeat(8, axis=0)) == "shows nothing: every row is the same"


def test_views_are_looked_at_as_they_are_and_left_as_they_are() -> None:
    whole = np.stack([surface(), np.zeros((HEIGHT, WIDTH), np.uint8)], axis=-1)
    whole.flags.writeable = False
    for turn in (lambda one: one, lambda one: one.T, lambda one: one[::-1, ::-1], lambda one: one[:, ::2]):
        assert blank(turn(whole[..., 0])) == ""
        assert blank(turn(whole[..., 1])) == "shows nothing: all pixels are 0"


def test_a_little_to_see_between_the_rows_looked_at_first_is_found() -> None:
    frame = np.zeros((8192, 1024), np.uint8)
    frame[10:400] = surface(390, 1024)
    assert blank(frame, replace(DEFAULT_LIMITS, count_clipped_rows=False)) == ""


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("lens cap, dead pixels", {"max_clipped": 1.0, "max_repeated": 1.0, "min_contrast": 0, "min_structure": 0.0}),
        ("glare", {"white": 255, "min_contrast": 0, "min_structure": 0.0}),
        ("defocus", {"min_contrast": 0, "min_structure": 0.0}),
        ("grey noise", {"min_structure": 0.0}),
        ("stopped, grey", {"max_repeated": 0.7}),
        ("stopped, black", {"count_clipped_rows": False}),
        ("black", {"max_clipped": 1.0, "min_contrast": 0, "min_structure": 0.0, "max_repeated": 1.0}),
    ],
)
def test_each_limit_can_be_moved_and_switched_off(kind: str, limits: dict[str, float]) -> None:
    assert blank(NOTHING[kind][0], replace(DEFAULT_LIMITS, **limits)) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", ["severstal", "severstal_more"])
def test_no_real_frame_is_refused(folder: str) -> None:
    paths = sorted(real(folder).glob("**/*.jpg"))
    assert len(paths) > 100
    refused = {path.name: blank(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths}
    assert {name: why for name, why in refused.items() if why} == {}
