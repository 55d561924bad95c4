"""The compiled pass against the numpy one, on masks of every kind, and alone where the two may differ."""

from __future__ import annotations

import math
import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inspector.config.verdicts import Scale
from inspector.protocol import masks
from inspector.verdicts import native
from inspector.verdicts.defects import measure
from inspector.verdicts.measured import Settings, six_digits
from tests.verdicts import both_passes

pytestmark = pytest.mark.skipif(not native.BUILT, reason="the compiled measuring pass is not built here")

NAMES = tuple("abcdefgh")


@st.composite
def frames(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Masks of 1 to 8 classes, of odd sizes, with noise, shapes, or both."""
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, 40)), draw(st.sampled_from([1, 2, 7, 63, 64, 65, 127, 128, 129, 200]))
    bits = draw(st.integers(1, 255))
    density = draw(st.sampled_from([0.0, 0.02, 0.3, 0.5, 0.9, 1.0]))
    mask = dice.integers(0, 256, (height, width)) * (dice.random((height, width)) < density)
    for _ in range(draw(st.integers(0, 6))):
        shape = np.zeros((height, width), np.uint8)
        centre = int(dice.integers(width)), int(dice.integers(height))
        axes = int(dice.integers(1, 60)), int(dice.integers(1, 20))
        cv2.ellipse(shape, centre, axes, float(dice.integers(180)), 0, 360, 1, int(dice.choice([-1, 1, 2])))
        mask |= shape.astype(np.int64) * int(dice.integers(256))
    return (mask & bits).astype(np.uint8)


@settings(deadline=None, max_examples=200)
@given(frames(), st.data())
def test_both_passes_agree(mask: NDArray[np.uint8], data: st.DataObject) -> None:
    areas = data.draw(st.lists(st.integers(0, 12), min_size=8, max_size=8))
    scores = data.draw(st.lists(st.floats(0, 1), min_size=8, max_size=8))
    side = st.floats(1e-3, 1e3)
    scale = data.draw(st.none() | st.builds(Scale, mm_per_px_x=side, mm_per_px_y=side))
    measured = both_passes.measure(
        mask, scores, Settings(NAMES, tuple(areas), data.draw(st.sampled_from([0, 1, 5, 1000])), scale)
    )
    np.testing.assert_array_equal(masks.decode(measured.encoded, *mask.shape), mask)


@given(st.floats(1e-6, 1e12) | st.integers(1, 10**9).map(lambda n: n / 2000))
def test_figures_are_rounded_like_texts(value: float) -> None:
    """To six digits, also halfway between two of them. A pixel as large as that has its size as its length, but for the last bit, which may
    be what decides between two texts."""
    pixel = np.ones((1, 1), np.uint8)
    for mm in (value, value * 1000) if value < 1e9 else (value,):
        _, _, ((_, _, _, _, _, _, area_mm2, length_mm, width_mm),), _, _ = native._native.measure(
            pixel.ctypes.data, 1, 1, (1,), 1, mm, mm
        )
        assert area_mm2 == six_digits(1 * mm * mm)
        assert length_mm == width_mm == pytest.approx(six_digits(mm), rel=1.01e-5)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_edge_of_the_hull_gives_a_smaller_rectangle(seed: int) -> None:
    dice = np.random.default_rng(seed)
    mask = np.zeros((60, 90), np.uint8)
    cv2.fillPoly(mask, [dice.integers(0, 60, (int(dice.integers(3, 12)), 2)).astype(np.int32)], 1)
    mask[dice.integers(60), dice.integers(90)] = 1
    for defect in measure(mask, (1.0,), Settings(("a",), (1,), 10, None)).defects:
        x, y, width, height = defect.bbox_px
        part = np.zeros_like(mask)
        part[y : y + height, x : x + width] = mask[y : y + height, x : x + width]
        count, labels = cv2.connectedComponents(part, connectivity=8)
        (label,) = [one for one in range(1, count) if (labels == one).sum() == defect.area_px][:1]
        rows, columns = np.nonzero(labels == label)
        corners = np.concatenate([np.stack((columns + i, rows + j), 1) for i in (0, 1) for j in (0, 1)])
        hull = cv2.convexHull(corners.astype(np.int32)).reshape(-1, 2).astype(np.float64)
        rectangles = []
        for edge in np.roll(hull, -1, axis=0) - hull:
            along = edge / math.hypot(*edge)
            sides = np.ptp(hull @ along), np.ptp(hull @ np.array((-along[1], along[0])))
            rectangles.append((float(max(sides)), float(min(sides))))
        smallest = min(length * width for length, width in rectangles)
        assert any(
            (defect.length_px, defect.width_px) == pytest.approx(sides, rel=1e-5)
            for sides in rectangles
            if math.isclose(sides[0] * sides[1], smallest, rel_tol=1e-9)
        )


def test_masks_that_are_not_in_one_piece_are_read_right() -> None:
    mask = np.random.default_rng(1).integers(0, 4, (50, 70), np.uint8)
    for view in (mask.T, mask[::2, ::3], mask[::-1], np.asfortranarray(mask)):
        both_passes.measure(view, (0.5, 0.5), Settings(("a", "b"), (1, 1), 5, None))


def test_threads_measure_side_by_side() -> None:
    """The pass keeps memory from one call for the next, which two calls at once must not share."""
    dice = np.random.default_rng(2)
    noise = [dice.integers(0, 16, (int(dice.integers(1, 90)), 200)).astype(np.uint8) for _ in range(8)]
    arguments = ((0.5,) * 4, Settings(NAMES[:4], (1,) * 4, 5, None))
    expected = [measure(mask, *arguments) for mask in noise]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(40):
            found = measure(noise[number], *arguments)
            if (found.defects, found.encoded) != (expected[number].defects, expected[number].encoded):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    "arguments",
    [
        (0, 1, 1, (1,), 1, 0.0, 0.0),
        (1, 0, 1, (1,), 1, 0.0, 0.0),
        (1, 1, -1, (1,), 1, 0.0, 0.0),
        (1, 65536, 1, (1,), 1, 0.0, 0.0),
        (1, 65535, 65535, (1,), 1, 0.0, 0.0),
        (1, 1, 1, (), 1, 0.0, 0.0),
        (1, 1, 1, (1,) * 9, 1, 0.0, 0.0),
        (1, 1, 1, (1,), -1, 0.0, 0.0),
    ],
)
def test_sizes_that_cannot_be_are_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match=r"mask|areas"):
        native._native.measure(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("arguments", [(), (1, 1, 1, [1], 1, 0.0, 0.0), (1, 1, 1, ("a",), 1, 0.0, 0.0), ("1",) * 7])
def test_arguments_of_other_types_are_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        native._native.measure(*arguments)  # type: ignore[arg-type, call-arg]
