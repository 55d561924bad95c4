"""Defects against shapes whose figures are known, and against a slow and simple measurement; by the compiled and the numpy pass."""

from __future__ import annotations

import math

import cv2
import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.config.verdicts import Scale
from inspector.frames.outcome import Defect
from inspector.verdicts.measured import Measured, Settings
from tests.verdicts.both_passes import measure

CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
SCORES = (0.5, 0.625, 0.75, 0.875)
SQUARE = Scale(mm_per_px_x=0.5, mm_per_px_y=0.5)
OBLONG = Scale(mm_per_px_x=0.5, mm_per_px_y=2.0)


def found(
    mask: NDArray[np.uint8], scale: Scale | None = None, minimum_area_px: int = 1, max_defects: int = 1000
) -> Measured:
    return measure(mask, SCORES, Settings(CLASSES, (minimum_area_px,) * 4, max_defects, scale))


def only(mask: NDArray[np.uint8], scale: Scale | None = None) -> Defect:
    (defect,) = found(mask, scale).defects
    return defect


def blank(height: int = 256, width: int = 1600) -> NDArray[np.uint8]:
    return np.zeros((height, width), dtype=np.uint8)


def test_an_empty_mask_has_no_defects() -> None:
    assert found(blank()) == Measured((), None, (0, 0, 0, 0), b"")


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1599, 0), (0, 255), (1599, 255), (700, 90)])
def test_one_pixel(x: int, y: int) -> None:
    mask = blank()
    mask[y, x] = 4
    assert only(mask, OBLONG) == Defect(
        class_name="scratches",
        score=0.75,
        area_px=1,
        bbox_px=(x, y, 1, 1),
        centroid_px=(x, y),
        length_px=1,
        width_px=1,
        area_mm2=1,
        length_mm=2,
        width_mm=0.5,
        x_mm=None,
        position_um=None,
    )


@pytest.mark.parametrize(
    ("rows", "columns", "sides_px", "sides_mm"),
    [
        (slice(10, 11), slice(20, 50), (30, 1), (15, 2)),
        (slice(10, 40), slice(20, 21), (30, 1), (60, 0.5)),
        (slice(20, 32), slice(100, 140), (40, 12), (24, 20)),
        (slice(0, 256), slice(0, 1600), (1600, 256), (800, 512)),
    ],
    ids=["row", "column", "rectangle", "whole frame"],
)
def test_upright_shapes_are_exact(
    rows: slice, columns: slice, sides_px: tuple[float, float], sides_mm: tuple[float, float]
) -> None:
    mask = blank()
    mask[rows, columns] = 1
    height, width = rows.stop - rows.start, columns.stop - columns.start
    defect = only(mask, OBLONG)
    assert defect.area_px == width * height == defect.area_mm2  # 0.5 mm x 2 mm is 1 mm2
    assert defect.bbox_px == (columns.start, rows.start, width, height)
    assert defect.centroid_px == (columns.start + (width - 1) / 2, rows.start + (height - 1) / 2)
    assert (defect.length_px, defect.width_px) == pytest.approx(sides_px, rel=1e-5)
    assert (defect.length_mm, defect.width_mm) == pytest.approx(sides_mm, rel=1e-5)


def test_a_diagonal_line_of_single_pixels_is_one_defect() -> None:
    mask = blank(64, 64)
    for i in range(10):
        mask[5 + i, 50 - i] = 2
    defect = only(mask, SQUARE)
    assert defect.area_px == 10
    assert (defect.length_px, defect.width_px) == pytest.approx((10 * math.sqrt(2), math.sqrt(2)), rel=1e-5)
    assert (defect.length_mm, defect.width_mm) == pytest.approx((5 * math.sqrt(2), math.sqrt(0.5)), rel=1e-5)


def test_a_rectangle_turned_by_30_degrees() -> None:
    """Its sides, no more than a pixel's width too long: 1.37 px is how wide a pixel is at 30 degrees."""
    length, width, angle = 120.0, 24.0, math.radians(30)
    y, x = np.mgrid[0:256, 0:1600]
    dx, dy = x - 800.25, y - 128.5
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    mask = ((abs(along) <= length / 2) & (abs(across) <= width / 2)).astype(np.uint8)
    defect = only(mask, SQUARE)
    pixel = math.cos(angle) + math.sin(angle)
    assert length - 0.5 < defect.length_px < length + pixel
    assert width - 0.5 < defect.width_px < width + pixel
    assert defect.area_px == pytest.approx(length * width, rel=0.01)
    assert defect.centroid_px == pytest.approx((800.25, 128.5), abs=0.2)
    assert defect.length_mm == pytest.approx(defect.length_px / 2, rel=1e-4)
    assert defect.width_mm == pytest.approx(defect.width_px / 2, rel=1e-4)


def test_a_turned_rectangle_is_measured_on_the_sheet_and_not_on_the_frame() -> None:
    """30 x 5 mm at 30 degrees on the sheet, where a pixel is 0.1 x 0.25 mm."""
    angle = math.radians(30)
    y, x = np.mgrid[0:256, 0:1600]
    dx, dy = (x - 800) * 0.1, (y - 128) * 0.25
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    mask = ((abs(along) <= 15) & (abs(across) <= 2.5)).astype(np.uint8)
    defect = only(mask, Scale(mm_per_px_x=0.1, mm_per_px_y=0.25))
    assert defect.length_mm == pytest.approx(30, abs=0.3)
    assert defect.width_mm == pytest.approx(5, abs=0.3)
    assert defect.area_mm2 == pytest.approx(150, rel=0.02)


def test_a_ring_is_one_defect_and_a_dot_in_it_another() -> None:
    y, x = np.mgrid[0:256, 0:1600]
    distance = np.hypot(x - 400, y - 120)
    mask = ((distance <= 60) & (distance >= 50)).astype(np.uint8)
    mask[110:113, 398:402] = 1
    ring, dot = found(mask).defects
    assert ring.area_px == int(((distance <= 60) & (distance >= 50)).sum())
    assert ring.bbox_px == (340, 60, 121, 121)
    assert ring.centroid_px == (400, 120)
    assert ring.length_px == pytest.approx(121, abs=1)
    assert ring.width_px == pytest.approx(121, abs=1)
    assert (dot.area_px, dot.bbox_px, dot.length_px, dot.width_px) == (12, (398, 110, 4, 3), 4, 3)


def test_classes_that_touch_are_two_defects() -> None:
    mask = blank()
    mask[10:20, 10:30] = 1
    mask[10:20, 30:40] = 2
    assert [(d.class_name, d.area_px, d.bbox_px) for d in found(mask).defects] == [
        ("pitting", 200, (10, 10, 20, 10)),
        ("inclusion", 100, (30, 10, 10, 10)),
    ]


def test_classes_that_overlap_both_count_what_they_share() -> None:
    mask = blank()
    mask[10:20, 10:30] |= 1
    mask[15:40, 20:30] |= 8
    measured = found(mask)
    assert [(d.class_name, d.area_px, d.score) for d in measured.defects] == [
        ("corrosion", 250, 0.875),
        ("pitting", 200, 0.5),
    ]
    assert measured.pixels == (200, 0, 0, 250)


def test_regions_that_touch_at_a_corner_are_one_and_across_a_gap_two() -> None:
    mask = blank()
    mask[10:20, 10:20] = mask[20:30, 20:30] = 1
    assert only(mask).bbox_px == (10, 10, 20, 20)
    mask = blank()
    mask[10:20, 10:20] = mask[21:31, 10:20] = 1
    assert len(found(mask).defects) == 2


def test_regions_below_the_minimum_area_of_their_class_are_no_defects_but_are_counted_in_the_pixels() -> None:
    mask = blank()
    mask[0:2, 0:5] = mask[0:3, 1000:1003] = 1
    mask[100:102, 0:2] = 2
    measured = measure(mask, SCORES, Settings(CLASSES, (10, 1, 1, 1), 100, None))
    assert [(d.class_name, d.area_px) for d in measured.defects] == [("pitting", 10), ("inclusion", 4)]
    assert measured.pixels == (19, 4, 0, 0)


def test_a_class_the_bundle_does_not_have_is_refused() -> None:
    mask = blank()
    mask[3, 3] = 16
    with pytest.raises(ValueError, match="value 16"):
        found(mask)


def test_eight_classes_fit() -> None:
    mask = blank()
    mask[3, 3] = 255
    names = tuple("abcdefgh")
    measured = measure(mask, [0.5] * 8, Settings(names, (1,) * 8, 100, None))
    assert tuple(d.class_name for d in measured.defects) == names


def test_a_hundred_thousand_specks_are_capped_and_their_totals_are_right() -> None:
    mask = blank()
    mask[::2, ::2] = 1
    mask[100:104, 800:810] = 1
    measured = found(mask, SQUARE, max_defects=50)
    assert len(measured.defects) == 50
    assert measured.defects[0].area_px == max(d.area_px for d in measured.defects) > 40
    assert measured.unlisted is not None
    listed = sum(d.area_px for d in measured.defects)
    assert listed + int(measured.unlisted.area_px.sum()) == int(mask.sum()) == measured.pixels[0]
    assert len(measured.unlisted) > 100_000


def naive(mask: NDArray[np.uint8], scale: Scale) -> list[Defect]:
    """The same by flood fill, and by trying every edge of the hull in float64."""
    defects = []
    for k, name in enumerate(CLASSES):
        left = {(int(x), int(y)) for y, x in np.argwhere(mask >> k & 1)}
        while left:
            region, edge = set(), [left.pop()]
            while edge:
                x, y = edge.pop()
                region.add((x, y))
                near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
                left -= near
                edge.extend(near)
            xs, ys = [x for x, _ in region], [y for _, y in region]
            corners = sorted({(x + i, y + j) for x, y in region for i in (0, 1) for j in (0, 1)})
            length_px, width_px = rectangle(corners, 1, 1)
            length_mm, width_mm = rectangle(corners, scale.mm_per_px_x, scale.mm_per_px_y)
            defects.append(
                Defect(
                    class_name=name,
                    score=SCORES[k],
                    area_px=len(region),
                    bbox_px=(min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1),
                    centroid_px=(sum(xs) / len(xs), sum(ys) / len(ys)),
                    length_px=length_px,
                    width_px=width_px,
                    area_mm2=len(region) * scale.mm_per_px_x * scale.mm_per_px_y,
                    length_mm=length_mm,
                    width_mm=width_mm,
                    x_mm=None,
                    position_um=None,
                )
            )
    return defects


def rectangle(corners: list[tuple[int, int]], scale_x: float, scale_y: float) -> tuple[float, float]:
    def half(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
        chain: list[tuple[int, int]] = []
        for p in points:
            while len(chain) > 1 and (
                (chain[-1][0] - chain[-2][0]) * (p[1] - chain[-2][1])
                <= (chain[-1][1] - chain[-2][1]) * (p[0] - chain[-2][0])
            ):
                chain.pop()
            chain.append(p)
        return chain[:-1]

    hull = np.array(half(corners) + half(corners[::-1]), dtype=np.float64) * (scale_x, scale_y)
    best = (math.inf, 0.0, 0.0)
    for edge in np.roll(hull, -1, axis=0) - hull:
        along = edge / np.linalg.norm(edge)
        sides = np.ptp(hull @ along), np.ptp(hull @ (-along[1], along[0]))
        best = min(best, (float(sides[0] * sides[1]), float(max(sides)), float(min(sides))))
    return best[1], best[2]


bitmasks = npst.arrays(
    np.uint8,
    npst.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.sampled_from([0, 0, 0, 1, 3, 8]),
)


@settings(deadline=None)
@given(st.lists(bitmasks, min_size=1, max_size=3), st.integers(0, 80), st.sampled_from([SQUARE, OBLONG]))
def test_any_mask_measures_as_the_slow_way_does(parts: list[NDArray[np.uint8]], gap: int, scale: Scale) -> None:
    """Parts side by side with a gap between, so that a class falls into one or several stretches of columns."""
    mask = np.zeros((12, sum(part.shape[1] + gap for part in parts)), dtype=np.uint8)
    x = 0
    for part in parts:
        mask[: part.shape[0], x : x + part.shape[1]] = part
        x += part.shape[1] + gap
    got = sorted(found(mask, scale).defects, key=lambda d: (d.class_name, d.bbox_px, d.area_px, d.centroid_px))
    expected = sorted(naive(mask, scale), key=lambda d: (d.class_name, d.bbox_px, d.area_px, d.centroid_px))
    assert len(got) == len(expected)
    for mine, slow in zip(got, expected, strict=True):
        assert (mine.class_name, mine.score, mine.area_px, mine.bbox_px) == (
            slow.class_name,
            slow.score,
            slow.area_px,
            slow.bbox_px,
        )
        assert mine.centroid_px == pytest.approx(slow.centroid_px, rel=1e-5)
        assert mine.area_mm2 == pytest.approx(slow.area_mm2, rel=1e-5)
        # Of two smallest rectangles of one area either may be named, so their area must agree and not their sides.
        assert mine.length_px * mine.width_px == pytest.approx(slow.length_px * slow.width_px, rel=1e-4)
        assert mine.length_mm is not None
        assert mine.width_mm is not None
        assert slow.length_mm is not None
        assert slow.width_mm is not None
        assert mine.length_mm * mine.width_mm == pytest.approx(slow.length_mm * slow.width_mm, rel=1e-4)
        assert mine.width_px >= 1 - 1e-5


@pytest.mark.parametrize("seed", range(5))
def test_frames_of_blobs_agree_with_opencvs_own_figures(seed: int) -> None:
    dice = np.random.default_rng(seed)
    mask = blank()
    for _ in range(25):
        blob = blank()
        centre = int(dice.integers(1600)), int(dice.integers(256))
        axes = int(dice.integers(1, 120)), int(dice.integers(1, 20))
        cv2.ellipse(blob, centre, axes, float(dice.integers(180)), 0, 360, 1, -1)
        mask |= blob << np.uint8(dice.integers(4))
    expected = set()
    for k, name in enumerate(CLASSES):
        count, _, stats, centroids = cv2.connectedComponentsWithStats((mask >> k & 1).astype(np.uint8), connectivity=8)
        for i in range(1, count):
            x, y, width, height, area = stats[i].tolist()
            centroid = tuple(float(f"{c:.6g}") for c in centroids[i])
            expected.add((name, area, (x, y, width, height), centroid))
    measured = found(mask)
    assert {(d.class_name, d.area_px, d.bbox_px, d.centroid_px) for d in measured.defects} == expected
    areas = [d.area_px for d in measured.defects]
    assert areas == sorted(areas, reverse=True)
    assert measured.pixels == tuple(int((mask >> k & 1).sum()) for k in range(4))


@pytest.mark.parametrize("scale", [SQUARE, OBLONG])
def test_what_is_not_listed_is_never_larger_than_its_bounds(scale: Scale) -> None:
    """Two shapes that tell: a line longer than its box is wide, a cut diamond wider than its box is high."""
    mask = blank(256, 400)
    mask[0:100, 0:150] = 1
    y, x = np.mgrid[0:256, 0:400]
    # As many mm as px on both axes, so that the shapes are the same on the sheet at every scale.
    dx, dy = abs(x - 280) * scale.mm_per_px_x, abs(y - 60) * scale.mm_per_px_y
    mask[(dx + dy <= 53) & (dy <= 30)] = 1
    for i in range(60):
        mask[150 + i, 200 + i] = 2
    whole, short = found(mask, scale), found(mask, scale, max_defects=1)
    assert len(whole.defects) == 3
    unlisted = short.unlisted
    assert unlisted is not None
    assert unlisted.length_mm is not None
    assert unlisted.width_mm is not None
    assert unlisted.area_mm2 is not None
    for i, defect in enumerate(whole.defects[1:]):
        assert CLASSES[unlisted.class_index[i]] == defect.class_name
        assert (unlisted.area_px[i], unlisted.score[i]) == (defect.area_px, defect.score)
        assert unlisted.area_mm2[i] == pytest.approx(defect.area_mm2, rel=1e-5)
        assert defect.length_mm is not None
        assert defect.width_mm is not None
        assert unlisted.length_mm[i] >= defect.length_mm * (1 - 1e-5)
        assert unlisted.width_mm[i] >= defect.width_mm * (1 - 1e-5)
