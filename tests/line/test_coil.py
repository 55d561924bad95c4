"""A run of a line as one coil: two cameras with an overlap see a painted strip; its defects are found in the journal, as they were painted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.bundle import Bundle
from tests.cli.in_process import run
from tests.line.sources import ListCamera
from tests.tiny_bundle import CLEAN_LEVEL, LEVELS, make_tiny_bundle

HEIGHT, WIDTH, FRAMES = 50, 160, 5
OVERLAP = 5
MM = 0.4
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return make_tiny_bundle(tmp_path_factory.mktemp("coil") / "tiny", HEIGHT, WIDTH)


def painted() -> Pixels:
    """A strip as both cameras see it together: rows are across it."""
    strip = np.full((2 * HEIGHT - OVERLAP, FRAMES * WIDTH), CLEAN_LEVEL, dtype=np.uint8)
    strip[10:12, 100:700] = LEVELS["bright"]  # a scratch that the left camera sees
    strip[40:60, 150:170] = LEVELS["bright"]  # a mark over the overlap and a seam
    strip[80:82, 20:780] = LEVELS["bright"]  # a scratch that the right camera sees
    strip[20:26, 300:306] = LEVELS["dark"]
    return strip


def test_a_run_is_shown_as_one_coil(start_line: Any, bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    strip = painted()
    cuts = [strip[:, at : at + WIDTH] for at in range(0, FRAMES * WIDTH, WIDTH)]
    left, right = [one[:HEIGHT].copy() for one in cuts], [one[HEIGHT - OVERLAP :].copy() for one in cuts]
    camera: dict[str, Any] = {
        "source": {"kind": "simulator"},
        "scale": {"mm_per_px_x": MM, "mm_per_px_y": MM},
        "travel_um_per_frame": round(WIDTH * MM * 1000),
        "frame_check": {"enabled": False},
    }
    running = start_line(
        {"left": ListCamera(left), "right": ListCamera([*right[:3], None, right[4]])},
        bundle=bundle,
        overload="wait",
        deadline_ms=None,
        run="coil-7",
        cameras_of_line=[
            {**camera, "name": "left"},
            {**camera, "name": "right", "placement": {"lateral_mm": (HEIGHT - OVERLAP) * MM}},
        ],
    )
    running.finish_only()
    ended = run("coil", "show", "coil-7", "--journal", running.journal, "--width-mm", "40", "--json")
    assert ended.status == 0, ended.err
    assert ended.out.isascii()
    told = json.loads(ended.out)
    found = sorted(_in_px(one) for one in told["defects"])
    assert found == [
        ("bright", 20, 480, 80, 82, 2 * 460),
        ("bright", 100, 700, 10, 12, 2 * 600),
        ("bright", 150, 170, 40, 60, 20 * 20),
        ("bright", 640, 780, 80, 82, 2 * 140),
        ("dark", 300, 306, 20, 26, 36),
    ]
    (unknown,) = told["unknowns"]
    assert (unknown["area"]["from_mm"], unknown["area"]["to_mm"]) == (3 * WIDTH * MM, 4 * WIDTH * MM)
    assert (unknown["reason"], unknown["frames"]) == ("camera_lost", 1)
    assert (told["length_mm"], told["complete"], told["ended"], told["notes"]) == (FRAMES * WIDTH * MM, True, True, [])
    scratch = next(one for one in told["defects"] if one["length_mm"] == 600 * MM)
    assert (scratch["near_edge_mm"], scratch["far_edge_mm"]) == (4.0, 35.2)
    _check_table(running.journal, monkeypatch)


def _in_px(defect: dict[str, Any]) -> tuple[str, int, int, int, int, int]:
    area = defect["area"]
    edges = (round(area[key] / MM) for key in ("from_mm", "to_mm", "x_from_mm", "x_to_mm"))
    first, last, x_first, x_last = edges
    return defect["class"], first, last, x_first, x_last, round(defect["area_mm2"] / MM**2)


def _check_table(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    shown = run("coil", "show", "coil-7", "--journal", journal, "--epoch", "last")
    assert shown.status == 0
    assert (
        "run coil-7 on line t, simulated: 0.320 m, 0.064 m of it not inspected; 5 defects; ended; complete: every message of it is here"
        in shown.out
    )
    assert "may go on" in shown.out
    assert "camera_lost" in shown.out
    absent = run("coil", "show", "coil \x1b[2J8", "--journal", journal)
    assert absent.status == 2
    assert "holds nothing of a run 'coil \ufffd[2J8'; the newest runs in it: coil-7" in absent.err
