"""The check of a camera's frames: bad ones, the empty position, and nothing where it is switched off."""

from __future__ import annotations

import numpy as np
import pytest

from inspector.capture.frame_check import FrameCheck
from inspector.capture.simulator import SimulatorCamera
from inspector.config.frame_check import EmptyPosition, FrameCheckConfig
from inspector.config.load import parse_config
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError
from inspector.frames.outcome import Reason, Verdict
from tests.tiny_bundle import frame_with

BLACK = np.zeros((32, 48), np.uint8)
TABLE = frame_with([], background=60)
"""Of mean 51.8 and deviation 4.8."""
EMPTY = EmptyPosition(grey_from=45, grey_to=55, max_deviation=6)


def test_a_frame_that_shows_nothing_is_bad() -> None:
    found = FrameCheck(FrameCheckConfig()).refused(BLACK)
    assert found is not None
    assert (found.verdict, found.reason) == (Verdict.UNINSPECTED, Reason.BAD_FRAME)
    assert found.detail == "shows nothing: all pixels are 0"
    assert FrameCheck(FrameCheckConfig()).refused(TABLE) is None
    assert FrameCheck(FrameCheckConfig(enabled=False)).refused(BLACK) is None


def test_a_frame_of_the_empty_position_shows_no_sheet() -> None:
    check = FrameCheck(FrameCheckConfig(empty_position=EMPTY))
    found = check.refused(TABLE)
    assert found is not None
    assert (found.verdict, found.reason) == (Verdict.UNINSPECTED, Reason.NO_SHEET)
    assert found.detail == f"the position is empty: mean grey {TABLE.mean():.1f}, deviation {TABLE.std():.1f}"
    assert check.refused(frame_with([(192, 20)], background=60)) is None, "too much contrast for an empty table"
    assert check.refused(frame_with([], background=100)) is None, "too bright for it"
    dead = check.refused(BLACK)
    assert dead is not None
    assert dead.reason is Reason.BAD_FRAME, "a dead lamp is told, as the empty table is not black"


def test_an_empty_position_may_be_black() -> None:
    check = FrameCheck(FrameCheckConfig(empty_position=EmptyPosition(grey_from=0, grey_to=5, max_deviation=3)))
    found = check.refused(BLACK)
    assert found is not None
    assert found.reason is Reason.NO_SHEET


@pytest.mark.parametrize("size", [(8, 8), (32, 48), (64, 400)])
def test_simulated_sheets_pass(size: tuple[int, int]) -> None:
    camera = SimulatorCamera(SimulatorConfig(frames=40, pool=40, defect_rate=0.5), *size)
    camera.open()
    check = FrameCheck(FrameCheckConfig())
    while (arrival := camera.next()) is not None:
        assert arrival.pixels is not None
        assert check.refused(arrival.pixels) is None


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("{black: 250, white: 250}", r"^t: cameras\[0\]\.frame_check: black 250 is not below white 250$"),
        ("{degraded_from: 101}", "degraded_from 101 is more than degraded_window 100"),
        ("{empty_position: {grey_from: 9, grey_to: 3, max_deviation: 1}}", "grey_from 9 is above grey_to 3"),
        ("{max_clipped: 2}", r"cameras\[0\]\.frame_check\.max_clipped: expected `float` <= 1\.0 \(found 2\)"),
        ("{empty_position: {grey_from: 9}}", "the key 'grey_to' is missing"),
    ],
)
def test_what_is_wrong_with_the_section_is_told_in_one_line(section: str, words: str) -> None:
    text = f"line: l1\ncameras: [{{name: top, source: {{kind: simulator}}, frame_check: {section}}}]\n"
    with pytest.raises(UserError, match=words) as refused:
        parse_config(text, "t")
    assert "\n" not in str(refused.value)
