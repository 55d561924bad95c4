"""Augmentation of frames and their masks, all drawn from one generator."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.training.recipe import Augmentation

Grey = NDArray[np.uint8]
Pair = tuple[Grey, Grey]
"""A frame and its mask, uint8 `[H, W]` each."""


def flip(pair: Pair, rng: np.random.Generator, probability: float = 0.5) -> Pair:
    """Mirror each axis with this probability."""
    rows, columns = (slice(None, None, -1 if rng.random() < probability else 1) for _ in range(2))
    frame, mask = pair
    return frame[rows, columns], mask[rows, columns]


def move(pair: Pair, rng: np.random.Generator, ranges: Augmentation) -> Pair:
    """Turn, scale each axis, shift, each by something within its range; borders are mirrored."""
    frame, mask = pair
    if not ranges.rotation_degrees and not ranges.shift and ranges.stretch == (1.0, 1.0):
        return pair
    height, width = frame.shape
    angle = np.deg2rad(rng.uniform(-ranges.rotation_degrees, ranges.rotation_degrees))
    across, along = rng.uniform(*ranges.stretch, 2)
    turn = np.array([[np.cos(angle) * across, -np.sin(angle)], [np.sin(angle), np.cos(angle) * along]])
    centre = np.array([width / 2, height / 2])
    shift = rng.uniform(-ranges.shift, ranges.shift, 2) * (width, height)
    matrix = np.column_stack([turn, centre - turn @ centre + shift])
    size = (width, height)
    moved = cv2.warpAffine(
        np.ascontiguousarray(frame), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    labels = cv2.warpAffine(
        np.ascontiguousarray(mask), matrix, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
    )
    return moved.astype(np.uint8, copy=False), labels.astype(np.uint8, copy=False)


def expose(frame: Grey, rng: np.random.Generator, ranges: Augmentation) -> Grey:
    """Change gain, offset and gamma; now and then blur or add noise, as lenses and lamps do."""
    curve = np.linspace(0.0, 1.0, 256) ** np.exp(rng.uniform(-ranges.gamma, ranges.gamma))
    curve = curve * np.exp(rng.uniform(-ranges.contrast, ranges.contrast))
    curve = curve + rng.uniform(-ranges.brightness, ranges.brightness)
    table = np.clip(np.rint(curve * 255.0), 0, 255).astype(np.uint8)
    exposed: NDArray[np.uint8] = table[frame]
    kind = rng.random()
    if kind < ranges.blur:
        exposed = cv2.GaussianBlur(exposed, (3, 3), rng.uniform(0.4, 1.0)).astype(np.uint8, copy=False)
    elif kind < ranges.blur + ranges.noise:
        noise = rng.normal(0.0, rng.uniform(1.0, 5.0), exposed.shape)
        exposed = np.clip(exposed + noise, 0, 255).astype(np.uint8)
    return exposed


def paste_defect(pair: Pair, donor: Pair, rng: np.random.Generator) -> Pair:
    """Paste one of the donor's defects, with a soft border and the mean grey of its new place.

    Clean sheets are few, and so are defects of the rare classes: this puts each defect on sheets it was never on.
    """
    grey, marked = donor
    count, regions, stats, _ = cv2.connectedComponentsWithStats((marked > 0).astype(np.uint8))
    if count < 2:
        return pair
    region = int(rng.integers(1, count))
    left, top, wide, high = (int(v) for v in stats[region][:4])
    margin = 6
    rows = slice(max(0, top - margin), min(marked.shape[0], top + high + margin))
    columns = slice(max(0, left - margin), min(marked.shape[1], left + wide + margin))
    chosen = (regions[rows, columns] == region).astype(np.uint8)
    patch, labels = flip((grey[rows, columns], marked[rows, columns] * chosen), rng)
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


def join_strips(pairs: Sequence[Pair], rng: np.random.Generator) -> Pair:
    """A frame made of strips of several frames side by side, each strip from its own place along the frame.

    The gate would otherwise learn the few frames by heart; the clean parts of defective frames become clean frames
    for it, look-alikes included.
    """
    width = pairs[0][0].shape[1]
    cuts = np.sort(rng.integers(width // 8, width - width // 8, len(pairs) - 1))
    edges = [0, *(int(cut) for cut in cuts), width]
    frames, masks = [], []
    for pair, start, end in zip(pairs, edges, edges[1:], strict=False):
        frame, mask = flip(pair, rng)
        frames.append(frame[:, start:end])
        masks.append(mask[:, start:end])
    return np.concatenate(frames, axis=1), np.concatenate(masks, axis=1)
