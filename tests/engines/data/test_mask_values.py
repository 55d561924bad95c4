"""What mask values mean: told by them only without doubt, and what is said otherwise."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from engines.data.mask_values import MaskValues, binary_problem, doubt, style_of, values_in, values_of_all
from engines.data.masks import MaskStyle, read_mask_image
from engines.errors import DataError
from tests.engines.data.sets import write_image

NUMBERS, BINARY, BITS = MaskStyle.CLASS_NUMBER, MaskStyle.BINARY, MaskStyle.BITMASK


def values(*some: int, soft: tuple[int, ...] = ()) -> MaskValues:
    """The values, and further ones that only edges have."""
    solid = np.isin(np.arange(256), some)
    return MaskValues(solid | np.isin(np.arange(256), soft), solid)


@pytest.mark.parametrize(
    ("some", "classes", "style"),
    [
        ((0,), None, NUMBERS),
        ((0, 1, 2, 3), None, NUMBERS),
        ((0, 1, 2, 3, 4, 5, 6, 7, 8), None, NUMBERS),
        ((0, 3, 4), "abcd", NUMBERS),
        ((0, 255), None, BINARY),
        ((0, 254, 255), "a", BINARY),
        ((0, 50, 100, 150, 200), None, None),
        ((0, 127, 255), None, None),
        ((0, 1, 255), None, None),
        ((0, 1, 2, 3, 255), None, None),
        ((0, 128), None, None),
        ((0, 9), None, None),
        ((0, 1, 2, 4), None, None),
        ((0, 4), "abcd", None),
        ((0, 255), "ab", None),
        ((0, 5), "abcd", None),
    ],
)
def test_values_tell_a_style_only_without_doubt(
    some: tuple[int, ...], classes: str | None, style: MaskStyle | None
) -> None:
    found = values(*some)
    assert style_of(found, classes, simulated=False, lists_classes=False) is style
    assert style_of(found, classes, simulated=True, lists_classes=False) is BITS
    if style is None:
        assert f"masks hold {', '.join(map(str, some))}, which" in doubt(found, classes)


def test_soft_edges_are_no_doubt_where_they_can_be_nothing_else() -> None:
    edges = tuple(range(7, 250, 11))
    for found, style in (
        (values(0, 255, soft=edges), BINARY),
        (values(0, 255, soft=edges[:8]), None),
        (values(0, 255, soft=(127,)), None),
        (values(0, 100, 255, soft=edges), None),
        (values(0, 1, 255, soft=edges), None),
        (values(0, soft=edges[:-1]), None),
    ):
        assert style_of(found, None, simulated=False, lists_classes=False) is style


def test_a_list_of_frames_names_the_class_of_a_binary_mask() -> None:
    assert style_of(values(0, 255), "ab", simulated=False, lists_classes=True) is BINARY
    assert style_of(values(0, 100, 255), "ab", simulated=False, lists_classes=True) is None


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (values(0), ""),
        (values(0, 255), ""),
        (values(0, 200), ""),
        (values(0, 3, 250, 255, soft=(17, 90, 128, 201)), ""),
        (values(0, 1), "hold 0, 1, and nothing above 127"),
        (values(0, 50, 100), "nothing above 127"),
        (values(0, 50, 100, 150, 200), "hold 0, 50, 100, 150, 200, more than the 0 and 255"),
        (values(0, 85, 170, 255), "more than the 0 and 255"),
        (values(0, 100, 255, soft=(7, 200)), "hold 0, 7, 100, 200, 255, more than"),
    ],
)
def test_masks_that_are_called_binary_and_are_not(found: MaskValues, why: str) -> None:
    assert why in binary_problem(found)
    assert bool(why) == bool(binary_problem(found))


def test_soft_edges_and_jpeg_are_told_from_classes(tmp_path: Path) -> None:
    mask = np.zeros((64, 200), np.uint8)
    cv2.circle(mask, (60, 30), 20, 255, -1)
    cv2.line(mask, (100, 5), (190, 60), 255, 2)
    soft = cv2.resize(mask, (150, 48), interpolation=cv2.INTER_AREA)
    for path in (
        write_image(tmp_path / "soft.png", soft),
        write_image(tmp_path / "m.jpg", mask, cv2.IMWRITE_JPEG_QUALITY, 90),
    ):
        found = values_in(path, None)
        assert found.present[9:247].any()
        assert style_of(found, None, simulated=False, lists_classes=False) is BINARY
        assert binary_problem(found) == ""
    grey = write_image(tmp_path / "grey.png", mask // 255 * 50)
    assert "more than" in binary_problem(values_of_all([found, values_in(grey, None)]))
    assert str(values(*range(40))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 ... 39 (40 values)"


STORED = np.array([[0, 1, 2], [3, 0, 0]], np.uint8)


@pytest.mark.parametrize(
    ("kind", "pixels"),
    [
        ("grey", STORED),
        ("colours", np.dstack([STORED] * 3)),
        ("opaque", np.dstack([STORED] * 3 + [np.full_like(STORED, 255)])),
        ("deep", STORED.astype(np.uint16)),
        ("scaled", STORED.astype(np.uint16) * 257),
    ],
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_masks_are_read_where_one_thing_can_be_meant(
    kind: str, pixels: np.ndarray, suffix: str, tmp_path: Path
) -> None:
    read = read_mask_image(write_image(tmp_path / f"{kind}{suffix}", pixels))
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, STORED)


@pytest.mark.parametrize(
    ("pixels", "why"),
    [
        (np.dstack([STORED, STORED, STORED + 1]), "is a colour image"),
        (np.dstack([STORED] * 3 + [STORED]), "is transparent in places"),
        (STORED.astype(np.uint16) * 300, "holds the uint16 values 0, 300, 600, 900; expected"),
    ],
)
def test_other_masks_are_refused_with_what_they_are(pixels: np.ndarray, why: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=why):
        read_mask_image(write_image(tmp_path / "m.png", pixels))
