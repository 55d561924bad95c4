"""Where on the strip defects are: each axis, each flip, each offset, and null where it is not known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engines.bundle import Bundle
from inspector.config.positions import PlacementConfig
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.frames.size import FrameSize
from inspector.frames.strip import StripBox
from inspector.inference.identity import identity_of
from inspector.verdicts.judge import Judge
from inspector.verdicts.places import Places

SCALE = Scale(mm_per_px_x=0.5, mm_per_px_y=2.0)
SIZE = FrameSize(100, 400)
"""200 x 200 mm: 400 px of 0.5 mm along x, 100 px of 2 mm along y."""


def places(axis: Any = "x", scale: Scale | None = SCALE, **placement: Any) -> Places:
    return Places(PlacementConfig(**placement), VerdictsConfig(travel_axis=axis), SIZE, scale)


@pytest.mark.parametrize(
    ("axis", "placement", "expected"),
    [
        ("x", {}, (20.0, 30.0)),
        ("y", {}, (30.0, 20.0)),
        ("x", {"lateral_mm": 500}, (520.0, 30.0)),
        ("x", {"flip_across": True, "face": "bottom"}, (180.0, 30.0)),
        ("x", {"flip_along": True}, (20.0, 170.0)),
        ("y", {"flip_across": True, "flip_along": True, "lateral_mm": -10}, (160.0, 180.0)),
        ("x", {"along_mm": 1200}, (20.0, -1170.0)),
    ],
)
def test_a_point_of_the_frame_is_a_point_of_the_strip(axis: str, placement: dict[str, Any], expected: Any) -> None:
    assert places(axis, **placement).on_strip(60, 10) == pytest.approx(expected)


def test_subscribers_are_told_the_edges_of_the_frame() -> None:
    told = places("y", flip_along=True, lateral_mm=100, along_mm=50, face="bottom").message
    assert (told.travel_axis, told.face, told.flip_across, told.flip_along) == ("y", "bottom", False, True)
    edges = told.frame
    assert edges is not None
    assert (edges.x_from_mm, edges.x_to_mm, edges.from_mm, edges.to_mm) == (100, 300, -50, 150)
    assert places(scale=None).message.frame is None


def test_a_view_and_a_box_begin_at_their_smaller_ends() -> None:
    where = places(flip_across=True, flip_along=True, lateral_mm=100)
    assert where.view == StripBox(100, 300, 0, 200)
    assert places(scale=None).view is None


@pytest.mark.parametrize(
    ("scale", "position_um", "expected"),
    [(SCALE, 5_000_000, (7.0, 5_001_750)), (SCALE, None, (7.0, None)), (None, 5_000_000, (None, None))],
)
def test_a_judge_says_where_its_defects_are(tiny_bundle: Bundle, scale: Any, position_um: Any, expected: Any) -> None:
    mask = np.zeros((32, 48), np.uint8)
    mask[2:5, 2:5] = 1  # the middle of pixel (3, 3) is at 3.5 px
    judge = Judge(VerdictsConfig(), identity_of(tiny_bundle), (1, 1), scale)
    (defect,) = judge.segmented(0.9, mask, (9, 0), (0.9, 0.0), position_um).defects
    assert (defect.x_mm, defect.position_um) == expected
