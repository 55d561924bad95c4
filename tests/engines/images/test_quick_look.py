"""The quick look by compiled code: where it is certain, the check by numpy says the same."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from engines.images import blank as check
from engines.images import quick_look
from engines.images.blank_limits import DEFAULT_LIMITS, BlankLimits

pytestmark = pytest.mark.skipif(not quick_look.BUILT, reason="the compiled modules are not built here")

Frame = NDArray[np.uint8]


def certain(frame: Frame, limits: BlankLimits = DEFAULT_LIMITS) -> bool:
    return check._shows_something(frame, check.row_step(frame), limits)


def told(frame: Frame, limits: BlankLimits = DEFAULT_LIMITS) -> str:
    """What numpy says of the rows that were looked at."""
    return check._told(frame, check.row_step(frame), limits)


def sheet(dice: np.random.Generator, height: int = 256, width: int = 1600) -> Frame:
    """Rough steel."""
    grain = cv2.GaussianBlur(dice.normal(size=(height, width)), (0, 0), 3)
    return np.clip(120 + 60 * grain / max(1e-9, grain.std()) / 3 + dice.normal(0, 3, (height, width)), 0, 255).astype(
        np.uint8
    )


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Anything between a sheet and a frame that shows nothing."""
    dice = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 400))
    frame = sheet(dice, height, width).astype(np.float64)
    frame = draw(st.sampled_from([0, 1, 3, 40])) + frame * draw(st.sampled_from([0.0, 0.02, 0.05, 0.1, 1.0, 3.0]))
    frame += dice.normal(0, draw(st.sampled_from([0, 1, 10, 60])), frame.shape)
    frame = frame.clip(0, 255).astype(np.uint8)
    for axis in draw(st.sampled_from([(), (0,), (1,), (0, 1)])):
        count = frame.shape[axis]
        first = int(dice.integers(count))
        last = min(count, first + int(count * draw(st.sampled_from([0.05, 0.09, 0.11, 0.5]))) + 1)
        level = draw(st.sampled_from([None, 0, 16, 17, 249, 250, 255]))
        part = (slice(first, last), slice(None)) if axis == 0 else (slice(None), slice(first, last))
        frame[part] = frame[:, first][:, None] if level is None and axis else frame[first] if level is None else level
    return frame


limits = st.builds(
    BlankLimits,
    black=st.integers(0, 60),
    white=st.integers(200, 255),
    max_clipped=st.floats(0.01, 1),
    min_contrast=st.integers(0, 60),
    min_structure=st.floats(0, 1),
    max_repeated=st.floats(0.01, 1),
    count_clipped_rows=st.booleans(),
)


@settings(deadline=None, max_examples=400)
@given(frames(), st.just(DEFAULT_LIMITS) | limits)
def test_what_is_certain_is_so(frame: Frame, limit: BlankLimits) -> None:
    assert not (certain(frame, limit) and told(frame, limit))


def test_a_sheet_is_certain() -> None:
    dice = np.random.default_rng(1)
    assert all(certain(sheet(dice)) for _ in range(5))
    assert certain(sheet(dice, 512, 700)[::2, 30:630])


def test_a_strip_beside_a_black_edge_is_certain() -> None:
    frame = sheet(np.random.default_rng(2))
    frame[:, :500] = 0
    assert certain(frame)


@pytest.mark.parametrize("level", [0, 100, 255])
def test_one_grey_is_not(level: int) -> None:
    assert not certain(np.full((256, 1600), level, np.uint8))


def test_views_that_it_does_not_read_are_left_to_numpy() -> None:
    frame = sheet(np.random.default_rng(3))
    for view in (frame.T, frame[:, ::2], frame[::-1], frame[:0]):
        assert not certain(view)
        assert check.blank(view) or view.size


@pytest.mark.parametrize("place", range(5))
def test_sizes_that_cannot_be_are_refused(place: int) -> None:
    arguments = [1, 1, 1, 1, 1, 16, 250, 8, 0.98, 0.005, 0.2, 0.1, 64, 1, 1, True]
    arguments[place] = 0
    with pytest.raises(ValueError, match="no frame"):
        quick_look._quick_look.shows(*arguments)  # type: ignore[arg-type]


def test_arguments_of_other_types_are_refused() -> None:
    with pytest.raises(TypeError):
        quick_look._quick_look.shows("1", 1, 1)  # type: ignore[arg-type, call-arg]
