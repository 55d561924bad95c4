"""Bad frames of a camera: each is UNINSPECTED, many degrade the line, and frames without a sheet never do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inspector.line.bad_frames import BadFrames
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, OFFLINE
from tests.tiny_bundle import frame_with

BLACK = np.zeros_like(CLEAN)
WHITE = np.full_like(CLEAN, 255)
GREY = np.full_like(CLEAN, 128)
NOISE = np.random.default_rng(1).integers(0, 256, (2, *CLEAN.shape), np.uint8)


def codes(found: Any) -> list[tuple[str, str]]:
    return [(state, code) for state, code, _ in found.statuses if "frames" in code]


def test_a_frame_that_shows_nothing_never_reaches_the_gate(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN, BLACK, WHITE, GREY, *NOISE, BAD])}, **OFFLINE)
    found = running.finish()
    assert [found.verdicts[number][:2] for number in range(7)] == [
        ("PASS", "gate_clean"),
        *[("UNINSPECTED", "bad_frame")] * 5,
        ("REJECT", "defect"),
    ]
    assert found.verdicts[1][2] == "shows nothing: all pixels are 0"
    assert found.verdicts[4][2].startswith("shows nothing: noise")
    assert found.results[1].gate_score is None
    assert running.line.ring.leases.free == running.line.ring.leases.slots
    assert codes(found) == [], "a few are no trouble"


def test_the_check_can_be_switched_off(start_line) -> None:
    found = start_line({"top": ListCamera([BLACK, GREY])}, frame_check={"enabled": False}, **OFFLINE).finish()
    assert found.reasons == {"gate_clean": 1, "no_defect": 1}


def test_many_bad_frames_degrade_the_line_until_frames_show_something(start_line) -> None:
    frames = [CLEAN, *[BLACK, "torn.jpg: truncated"] * 4, *[CLEAN] * 20]
    running = start_line(
        {"top": ListCamera(frames)}, frame_check={"degraded_from": 5, "degraded_window": 10}, **OFFLINE
    )
    found = running.finish()
    assert found.reasons == {"gate_clean": 21, "bad_frame": 8}
    assert codes(found) == [("degraded", "bad_frames"), ("running", "frames_usable")]
    told = {code: text for _, code, text in found.statuses}
    assert (
        told["bad_frames"]
        == "camera top: 5 of the last 10 frames cannot be used; frame 5: shows nothing: all pixels are 0"
    )
    assert told["frames_usable"] == "camera top: the frames can be used again, from frame 16 on"


def test_frames_without_a_sheet_never_degrade_the_line(start_line) -> None:
    empty = {"grey_from": 45, "grey_to": 55, "max_deviation": 6}
    frames = [CLEAN, *[frame_with([], background=60)] * 30, CLEAN]
    check = {"empty_position": empty, "degraded_from": 2}
    found = start_line({"top": ListCamera(frames)}, frame_check=check, **OFFLINE).finish()
    assert found.reasons == {"gate_clean": 2, "no_sheet": 30}
    assert codes(found) == []
    assert found.verdicts[1][2].startswith("the position is empty: mean grey 51.8, deviation 4.8")


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ("b" * 3, [(2, False)]),
        ("bgb" + "g" * 20, []),
        ("bggb" + "ggb", [(6, False)]),  # a share of the window, not only in a row
        ("bbbbb" + "g" * 20, [(2, False), (13, True)]),  # one bad frame is left among the last ten
        ("bbb" + "ggggb" * 5, [(2, False)]),  # frames that go on failing now and then keep the line degraded
    ],
)
def test_bad_frames_are_counted_among_the_last(frames: str, told: list[tuple[int, bool]]) -> None:
    number, seen = 0, []
    counted = BadFrames(3, 10, lambda well, _: seen.append((number, well)))
    for number, kind in enumerate(frames):
        counted.bad(number, "why") if kind == "b" else counted.good(number)
    assert seen == told
