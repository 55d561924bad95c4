"""``inspector calibrate flat-field``: from folders of frames to a file that a line reads, and one line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engines.flat_field import read_flat_field
from tests.calibration.flat_field.sensor import DEAD, Sensor, write_frames
from tests.cli.in_process import inspector, refused


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``dark`` and ``white`` with frames of one camera, ``other`` with those of a smaller one."""
    folder = tmp_path_factory.mktemp("flat-field")
    sensor = Sensor(dead=DEAD)
    for name, frames in (
        ("dark", sensor.frames(0, 9)),
        ("white", sensor.frames(1, 9)),
        ("other", Sensor(40, 100).frames(0, 9)),
        ("few", sensor.frames(0, 3)),
    ):
        (folder / name).mkdir()
        write_frames(str(folder / name), frames)
    return folder


def test_a_file_and_a_picture(recorded: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "top-flat.zip", tmp_path / "report"
    done = inspector(
        "calibrate", "flat-field", "--dark", recorded / "dark", "--white", f"{recorded}/white/*.png", "--out", out,
        "--report", report, "--serial", "17",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "9 dark, 9 white, of 80x200 pixels" in done.stdout
    assert "dead pixels           4 (left as they are), at 0,0 40,20 41,20 199,79" in done.stdout
    found = read_flat_field(out, "17")
    assert f"wrote {out}: top-flat-{found.card.sha256[:8]}" in done.stderr
    assert (report / "flat-field.png").is_file()


def test_json_for_scripts(recorded: Path, tmp_path: Path) -> None:
    done = inspector(
        "calibrate", "flat-field", "--dark", recorded / "dark", "--white", recorded / "white", "--out", tmp_path / "a.zip",
        "--line-scan", "--target", "150", "--name", "left", "--json",
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["per"], told["target"], told["white_frames"]) == ("column", 150, 9)
    assert told["id"] == read_flat_field(tmp_path / "a.zip").id
    assert told["id"].startswith("left-")


def test_what_is_wrong_is_one_line(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "top-flat.zip"

    def told(dark: Path, white: Path, *more: str | Path) -> str:
        return refused("calibrate", "flat-field", "--dark", dark, "--white", white, *more)

    dark, white = recorded / "dark", recorded / "white"
    assert "no darker than the white ones" in told(white, dark, "--out", out)
    assert "dark: 3 frames are too few" in told(recorded / "few", white, "--out", out)
    assert "--dark: frames of 40x100 pixels, but those of --white have 80x200" in told(
        recorded / "other", white, "--out", out
    )
    assert "--white: " in told(dark, recorded / "whit", "--out", out)
    assert "is the frame 000.png of --dark" in told(dark, white, "--out", dark / "000.png")
    assert "--report" in told(dark, white, "--out", out, "--report", white)
    assert "--name: 'a b' is no name" in told(dark, white, "--out", out, "--name", "a b")
    assert "--target: found '300', expected a number from 1 to 255" in told(
        dark, white, "--out", out, "--target", "300"
    )
    assert "--serial: " in told(dark, white, "--out", out, "--serial", "a\nb")
    assert "its folder does not exist" in told(dark, white, "--out", tmp_path / "no" / "x.zip")
    few = recorded / "few"
    assert "its folder does not exist" in told(few, white, "--out", tmp_path / "no" / "x.zip"), "before frames are read"
    assert not out.exists()
