"""A scale of rendered targets: right to 0.1 %, with a lens that bends and without; of known distances; and what gives none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.scale.distances import Distance
from calibration.scale.estimate import Camera, Estimate, from_distances, from_target
from calibration.scale.picture import write_picture
from calibration.scale.target import Target
from engines.errors import DataError
from tests.calibration.scale.rendered import Lens, where_seen

BOARD = Target("checkerboard", 14, 8, 10.0)
DOTS = Target("dots", 14, 8, 10.0)
SHIFTED = Target("asymmetric-dots", 14, 15, 10.0)
SMALL = {"height": 240, "width": 400, "mm_per_px_x": 0.4, "mm_per_px_y": 0.4}


def made(target: Target, lens: Lens, **rendering: float) -> Estimate:
    camera = Camera("top", lens.height, lens.width, line_scan=lens.across)
    return from_target([lens.render(target, **rendering)], ["target.png"], target, camera)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [BOARD, DOTS, SHIFTED], ids=lambda target: target.kind)
@pytest.mark.parametrize(
    "lens",
    [
        Lens(**SMALL),
        Lens(**SMALL, angle_deg=2.0, bend=-0.06),
        Lens(**SMALL | {"mm_per_px_y": 0.43}, bend=0.04, across=True),
    ],
    ids=["straight", "bent and turned", "line scan"],
)
def test_the_scale_is_right_to_a_thousandth(target: Target, lens: Lens) -> None:
    found = made(target, lens, blur=0.8, noise=2.0)
    assert found.card.mm_per_px_x == pytest.approx(lens.mm_per_px_x, rel=0.001)
    assert found.card.mm_per_px_y == pytest.approx(lens.mm_per_px_y, rel=0.001)
    assert found.figures["residual_px"] < 0.1
    assert (found.card.distortion is not None) == (lens.bend != 0)
    assert far_off(found, lens) < 0.001 * lens.width * lens.mm_per_px_x


def far_off(found: Estimate, lens: Lens) -> float:
    """The largest error of a place on the sheet, mm, in nine tenths of the frame."""
    half = 0.45 * np.array((lens.width * lens.mm_per_px_x, lens.height * lens.mm_per_px_y))
    places = np.stack(np.meshgrid(*(np.linspace(-one, one, 9) for one in half)), axis=-1).reshape(-1, 2)
    seen = where_seen(lens, places)
    card = found.card
    if card.distortion is not None:
        seen = np.stack(card.distortion.corrected(seen[:, 0], seen[:, 1]), axis=1)
    off = seen * (card.mm_per_px_x, card.mm_per_px_y) - places
    return float(np.abs(off - off.mean(axis=0)).max())


def test_a_distortion_is_reported_and_corrected() -> None:
    lens = Lens(**SMALL, bend=-0.06)
    found = made(BOARD, lens)
    assert found.figures["residual_without_distortion_px"] > 1
    # 0.06 of the distance of the corner, 233 px, where a lens without the distortion would show it further out.
    assert found.figures["largest_distortion_px"] == pytest.approx(17, abs=3)


def test_the_centre_of_a_lens_is_found() -> None:
    lens = Lens(**SMALL, bend=-0.1, center=(215.0, 108.0))
    found = made(Target("dots", 15, 9, 10.0), lens, noise=1.0)
    assert found.card.distortion is not None
    assert (found.card.distortion.center_x_px, found.card.distortion.center_y_px) == pytest.approx((215, 108), abs=4)
    assert found.card.mm_per_px_x == pytest.approx(0.4, rel=0.001)


def test_frames_with_the_target_in_several_places_cover_more() -> None:
    target, camera = Target("dots", 7, 7, 10.0), Camera("top", 240, 400)
    lenses = [Lens(**SMALL, center=(x, 119.5)) for x in (110.0, 290.0)]
    one = from_target([lenses[0].render(target)], ["a"], target, camera)
    both = from_target([lens.render(target) for lens in lenses], ["a", "b"], target, camera)
    assert one.figures["coverage"][0] < 0.5 < 0.7 < both.figures["coverage"][0]
    assert any("covers" in warning for warning in one.warnings)
    assert both.card.mm_per_px_x == pytest.approx(0.4, rel=0.001)


def test_what_shows_no_target_is_refused() -> None:
    empty = np.full((240, 400), 90, np.uint8)
    for target in (BOARD, DOTS, SHIFTED):
        with pytest.raises(DataError, match=r"^empty\.png: the 14x(8|15) .* were not found; all of them must be seen"):
            from_target([empty], ["empty.png"], target, Camera("top", 240, 400))


def test_a_target_is_found_that_opencv_misses_when_it_upsamples() -> None:
    target, pitch_px = Target("checkerboard", 62, 9, 10.0), 10
    row, column = (np.floor(one / pitch_px) for one in np.mgrid[-20.7:119, -85:715:1])
    dark = (column >= 0) & (column <= target.columns) & (row >= 0) & (row <= target.rows) & ((row + column) % 2 == 0)
    assert len(target.find(np.where(dark, 30, 230).astype(np.uint8))) == 62 * 9


def test_another_grid_than_was_said_is_refused() -> None:
    with pytest.raises(DataError, match="13x8 inner corners of a checkerboard were not found"):
        from_target(
            [Lens(**SMALL).render(BOARD)], ["a.png"], Target("checkerboard", 13, 8, 10.0), Camera("top", 240, 400)
        )


def test_a_target_that_is_seen_at_an_angle_is_refused() -> None:
    frame = Lens(**SMALL).render(BOARD)
    corners = np.array(((0, 0), (399, 0), (399, 239), (0, 239)), np.float32)
    tilted = np.array(((0, 0), (399, 30), (399, 209), (0, 239)), np.float32)
    seen = cv2.warpPerspective(frame, cv2.getPerspectiveTransform(corners, tilted), (400, 240), borderValue=(200.0,))
    with pytest.raises(DataError, match=r"px off a flat grid seen straight on.*lay the target flat"):
        from_target([np.asarray(seen, np.uint8)], ["a.png"], BOARD, Camera("top", 240, 400))


def test_two_distances_give_a_scale() -> None:
    camera = Camera("top", 240, 400, serial="17")
    found = from_distances(
        [Distance((10, 120), (390, 120), 380 * 0.4), Distance((200, 5), (200, 235), 230 * 0.43)], camera
    )
    assert (found.card.mm_per_px_x, found.card.mm_per_px_y) == pytest.approx((0.4, 0.43))
    assert (found.card.distortion, found.card.camera_serial) == (None, "17")


def test_distances_may_have_any_direction() -> None:
    ends = [((10, 20), (300, 200)), ((20, 230), (350, 100)), ((30, 30), (60, 220))]
    known = [Distance(a, b, float(np.hypot((a[0] - b[0]) * 0.4, (a[1] - b[1]) * 0.43))) for a, b in ends]
    found = from_distances(known, Camera("top", 240, 400))
    assert (found.card.mm_per_px_x, found.card.mm_per_px_y) == pytest.approx((0.4, 0.43))
    assert found.figures["largest_error"] < 1e-6


ROW, COLUMN = Distance((10, 120), (390, 120), 152), Distance((200, 5), (200, 235), 92)


@pytest.mark.parametrize(
    ("distances", "told"),
    [
        ([ROW], "one distance gives no scale in two directions"),
        ([ROW, Distance((10, 20), (390, 24), 152)], "almost the same direction"),
        ([ROW, Distance((200, 5), (200, 15), 4)], r"a distance of 10\.0 px is too short; at least 20 px"),
        ([ROW, Distance((200, 5), (200, 240), 94)], "the point 200,240 is not on a frame of 240x400 pixels"),
        ([ROW, COLUMN, Distance((10, 10), (390, 230), 500)], "the distances contradict each other"),
        ([ROW, Distance((200, 5), (200, 235), 1e7)], "a scale of .* mm per pixel is none"),
    ],
)
def test_distances_that_give_no_scale_are_refused(distances: list[Distance], told: str) -> None:
    with pytest.raises(DataError, match=told):
        from_distances(distances, Camera("top", 240, 400))


def test_the_picture_marks_what_was_found(tmp_path: Path) -> None:
    frame = Lens(**SMALL).render(DOTS)
    found = from_target([frame], ["a"], DOTS, Camera("top", 240, 400))
    write_picture(found, 0, frame, tmp_path / "target.png")
    picture = cv2.imread(str(tmp_path / "target.png"))
    assert picture is not None
    assert picture.shape == (266, 400, 3)
    x, y = np.rint(found.seen[0].px[0]).astype(int)
    around = picture[26 + y - 4 : 26 + y + 5, x - 4 : x + 5].astype(int)
    assert (around[..., 1] - around[..., 2]).max() > 60
