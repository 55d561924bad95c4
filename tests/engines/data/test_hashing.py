"""Near-duplicates: copies are found whatever was done to them, different frames stay apart."""

from __future__ import annotations

import csv
from collections.abc import Callable
from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.data.groups import join_groups
from engines.data.hashing import _BLOCK, NEAR, hash_grid, near_duplicates, perceptual_hash
from engines.data.images import read_grey
from tests.engines.data.sets import real, sheet

Grey = NDArray[np.uint8]


def _clipped(pixels: NDArray[np.floating]) -> Grey:
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _jpeg(pixels: Grey) -> Grey:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0), np.uint8)


def _noisy(pixels: Grey) -> Grey:
    return _clipped(pixels + np.random.default_rng(5).normal(0, 6, pixels.shape))


ALTERED: dict[str, Callable[[Grey], Grey]] = {
    "stored anew": _jpeg,
    "brighter": lambda pixels: _clipped(pixels * 1.25 + 15),
    "darker": lambda pixels: _clipped(pixels * 0.7 - 8),
    "noisy": _noisy,
    "shifted": lambda pixels: np.roll(pixels, (pixels.shape[0] // 128, pixels.shape[1] // 400), (0, 1)),
    "mirrored": lambda pixels: np.ascontiguousarray(pixels[:, ::-1]),
    "upside down": lambda pixels: np.ascontiguousarray(pixels[::-1]),
    "turned by a half": lambda pixels: np.ascontiguousarray(pixels[::-1, ::-1]),
}


def distances(frames: list[Grey], copies: list[Grey]) -> list[float]:
    """Distance of each frame to its copy."""
    grid = hash_grid(*frames[0].shape)
    made = []
    for one, other in zip(frames, copies, strict=True):
        ((_, _, distance),) = near_duplicates(
            np.stack([perceptual_hash(one, grid), perceptual_hash(other, grid)]), limit=1.0
        )
        made.append(distance)
    return made


@pytest.mark.parametrize("shape", [(256, 1600), (200, 200), (600, 150)])
def test_the_grid_follows_the_frame(shape: tuple[int, int]) -> None:
    rows, columns = hash_grid(*shape)
    assert 192 <= rows * columns <= 256
    assert abs(np.log(rows / columns * shape[1] / shape[0])) < 0.35


@pytest.mark.parametrize("way", ALTERED)
def test_altered_copies_are_near(way: str) -> None:
    frames = [sheet(seed, 128, 800) for seed in range(12)]
    assert max(distances(frames, [ALTERED[way](one) for one in frames])) <= NEAR


def test_quarter_turns_are_near_on_square_frames() -> None:
    frames = [sheet(seed, 200, 200) for seed in range(12)]
    assert max(distances(frames, [np.ascontiguousarray(np.rot90(one)) for one in frames])) <= NEAR


def test_different_frames_are_apart_and_flat_ones_like_nothing() -> None:
    frames = [sheet(seed, 128, 800) for seed in range(60)] + [np.full((128, 800), 9, np.uint8)] * 2
    grid = hash_grid(128, 800)
    assert near_duplicates(np.stack([perceptual_hash(one, grid) for one in frames])) == []


def test_pairs_are_found_across_blocks() -> None:
    hashes = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (2 * _BLOCK + 50, 6, 42))
    hashes[2 * _BLOCK + 47] = hashes[3]
    assert near_duplicates(hashes) == [(3, 2 * _BLOCK + 47, 0.0)]


def test_a_strip_that_stood_still_is_one_group_of_as_many_links_as_frames_less_one() -> None:
    count = _BLOCK + 300
    hashes = np.random.default_rng(2).choice(np.array([-1, 1], np.int8), (count, 6, 42))
    hashes[::2] = hashes[0]
    links = near_duplicates(hashes)
    assert len(links) == (count + 1) // 2 - 1
    joined = join_groups({str(one): str(one) for one in range(count)}, [(str(a), str(b)) for a, b, _ in links])
    assert {joined[str(one)] for one in range(0, count, 2)} == {"0"}


@pytest.mark.parametrize("seed", range(2))
def test_links_join_what_all_pairs_would(seed: int) -> None:
    generator = np.random.default_rng(seed)
    bases = generator.choice(np.array([-1, 1], np.int8), (8, 16, 16))
    flipped = generator.random((40, 16, 16)) < generator.choice([0.02, 0.1, 0.22], (40, 1, 1))
    hashes = np.where(flipped, -1, 1).astype(np.int8) * bases[generator.integers(0, 8, 40)]
    pairs = [(i, j) for i, j in combinations(range(40), 2) if near_duplicates(hashes[[i, j]])]
    links = near_duplicates(hashes)
    assert {(one.first, one.second) for one in links} <= set(pairs)
    names = {str(one): str(one) for one in range(40)}
    groups = join_groups(names, [(str(i), str(j)) for i, j in pairs])
    assert join_groups(names, [(str(one.first), str(one.second)) for one in links]) == groups
    assert len(links) == 40 - len(set(groups.values()))


def test_joined_groups_hang_together() -> None:
    groups = {name: name for name in "abcdef"}
    joined = join_groups(groups, [("c", "b"), ("e", "f"), ("b", "a")])
    assert joined == {"a": "a", "b": "a", "c": "a", "d": "d", "e": "e", "f": "e"}
    assert join_groups({"x": "1", "y": "1", "z": "2"}, [("y", "z")]) == {"x": "1", "y": "1", "z": "1"}


def test_real_frames_are_apart_and_their_copies_near() -> None:
    paths = sorted((real("severstal") / "images").iterdir())
    frames = [read_grey(path) for path in paths]
    grid = hash_grid(256, 1600)
    assert near_duplicates(np.stack([perceptual_hash(one, grid) for one in frames])) == []
    some = frames[::4]
    found = {
        way: np.mean(np.array(distances(some, [alter(one) for one in some])) <= NEAR) for way, alter in ALTERED.items()
    }
    assert min(found.values()) >= 0.97, found


def test_real_flips_and_turns_are_found() -> None:
    place = real("neu_seg")
    with (place / "frames.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:600]
    hashes = np.stack([perceptual_hash(read_grey(place / row["image"]), hash_grid(200, 200)) for row in rows])
    strange = "41"  # a group of 32 frames that are plainly not of one image
    groups = [row["group"] for row in rows]
    same = {(i, j) for i, j in combinations(range(len(rows)), 2) if groups[i] == groups[j] != strange}
    assert len(same) > 50
    assert all(near_duplicates(hashes[[i, j]]) for i, j in same)
