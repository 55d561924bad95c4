"""Augmentation of half-resolution frames and their masks, all drawn from one generator."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.training.samples import Grey, Sample

Pair = tuple[Grey, Grey]
"""A frame and its mask, uint8 `[H, W]` each."""


def flip(pair: Pair, rng: np.random.Generator) -> Pair:
    """Mirror each axis with probability one half."""
    rows, columns = (slice(None, None, int(rng.choice((-1, 1)))) for _ in range(2))
    frame, mask = pair
    return frame[rows, columns], mask[rows, columns]


def move(pair: Pair, rng: np.random.Generator) -> Pair:
    """Turn by up to 4 degrees, scale by 0.85..1.2 in each axis, shift by up to 6 %; borders are mirrored."""
    frame, mask = pair
    height, width = frame.shape
    angle = np.deg2rad(rng.uniform(-4, 4))
    across, along = rng.uniform(0.85, 1.2, 2)
    turn = np.array([[np.cos(angle) * across, -np.sin(angle)], [np.sin(angle), np.cos(angle) * along]])
    centre = np.array([width / 2, height / 2])
    shift = rng.uniform(-0.06, 0.06, 2) * (width, height)
    matrix = np.column_stack([turn, centre - turn @ centre + shift])
    size = (width, height)
    moved = cv2.warpAffine(
        np.ascontiguousarray(frame), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    labels = cv2.warpAffine(
        np.ascontiguousarray(mask), matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
    )
    return moved.astype(np.uint8, copy=False), labels.astype(np.uint8, copy=False)


def expose(frame: Grey, rng: np.random.Generator) -> Grey:
    """Change gain, offset and gamma; now and then blur or add noise, as lenses and lamps do."""
    curve = np.linspace(0.0, 1.0, 256) ** np.exp(rng.uniform(-0.3, 0.3))
    curve = curve * np.exp(rng.uniform(-0.35, 0.35)) + rng.uniform(-0.06, 0.06)
    table = np.clip(curve * 255.0, 0, 255).astype(np.uint8)
    exposed: NDArray[np.uint8] = table[frame]
    kind = rng.random()
    if kind < 0.15:
        exposed = cv2.GaussianBlur(exposed, (3, 3), rng.uniform(0.4, 1.0)).astype(np.uint8, copy=False)
    elif kind < 0.35:
        noise = rng.normal(0.0, rng.uniform(1.0, 5.0), exposed.shape)
        exposed = np.clip(exposed + noise, 0, 255).astype(np.uint8)
    return exposed


def paste_defect(pair: Pair, donor: Sample, rng: np.random.Generator) -> Pair:
    """Paste one of the donor's defects, with a soft border and the mean grey of its new place.

    Clean sheets are few, and so are defects of the rare classes: this puts each defect on sheets it was never on.
    """
    count, regions, stats, _ = cv2.connectedComponentsWithStats((donor.mask > 0).astype(np.uint8))
    if count < 2:
        return pair
    region = int(rng.integers(1, count))
    left, top, wide, high = (int(v) for v in stats[region][:4])
    margin = 6
    rows = slice(max(0, top - margin), min(donor.mask.shape[0], top + high + margin))
    columns = slice(max(0, left - margin), min(donor.mask.shape[1], left + wide + margin))
    chosen = (regions[rows, columns] == region).astype(np.uint8)
    patch, labels = flip((donor.frame[rows, columns], donor.mask[rows, columns] * chosen), rng)
    frame, mask = pair[0].copy(), pair[1].copy()
    high, wide = patch.shape
    if high > frame.shape[0] or wide > frame.shape[1]:
        return pair
    y = int(rng.integers(0, frame.shape[0] - high + 1))
    x = int(rng.integers(0, frame.shape[1] - wide + 1))
    there = frame[y : y + high, x : x + wide]
    if np.median(there) < 30:
        return pair
    grown = cv2.dilate((labels > 0).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(np.float32)
    soft = cv2.GaussianBlur(grown, (9, 9), 2.5)
    around = patch[labels == 0]
    offset = float(there.mean()) - float(around.mean() if around.size else patch.mean())
    blended = there * (1 - soft) + (patch + offset) * soft
    frame[y : y + high, x : x + wide] = np.clip(blended, 0, 255).astype(np.uint8)
    mask[y : y + high, x : x + wide] |= labels
    return frame, mask


def join_strips(samples: Sequence[Sample], rng: np.random.Generator) -> Pair:
    """A frame made of strips of several frames side by side, each strip from its own place along the frame.

    The gate would otherwise learn the few frames by heart; the clean parts of defective frames become clean frames
    for it, look-alikes included.
    """
    width = samples[0].frame.shape[1]
    cuts = np.sort(rng.integers(width // 8, width - width // 8, len(samples) - 1))
    edges = [0, *(int(cut) for cut in cuts), width]
    frames, masks = [], []
    for sample, start, end in zip(samples, edges, edges[1:], strict=False):
        frame, mask = flip((sample.frame, sample.mask), rng)
        frames.append(frame[:, start:end])
        masks.append(mask[:, start:end])
    return np.concatenate(frames, axis=1), np.concatenate(masks, axis=1)
