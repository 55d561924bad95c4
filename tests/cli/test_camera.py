"""``inspector camera`` on a fake camera, which sends real packets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspector.cli.app import app
from tests.capture.genicam.conftest import aravis_or_skip
from tests.capture.genicam.fake_camera import FakeCamera
from tests.cli.in_process import refused

IMAGE = np.random.default_rng(1).integers(0, 256, (1, 32, 48), dtype=np.uint8)


@pytest.fixture(scope="module")
def camera() -> Iterator[FakeCamera]:
    aravis_or_skip()
    with FakeCamera(images=IMAGE, rate_hz=200) as one:
        yield one


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["camera", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_cameras_are_listed_with_what_they_are_chosen_by(camera: FakeCamera) -> None:
    found = json.loads(said("list", "--json"))
    one = next(one for one in found if one["serial"] == camera.serial)
    assert (one["address"], one["vendor"]) == (camera.address, "Aravis")


def test_features_show_value_range_and_access(camera: FakeCamera) -> None:
    found = {one["name"]: one for one in json.loads(said("features", camera.address, "--json"))}
    assert found["Width"] == {"name": "Width", "kind": "integer", "access": "rw", "value": "48", "range": "1 to 2048"}
    assert found["SensorWidth"]["access"] == "ro"
    assert found["PixelFormat"]["value"] == "Mono8"
    assert "Mono16" in found["PixelFormat"]["range"]
    assert re.search(r"ExposureTimeAbs +float +rw +10000", said("features", camera.address))


def test_grab_saves_frames_and_counts(camera: FakeCamera, tmp_path: Path) -> None:
    output = said("grab", "25", camera.address, "--save", str(tmp_path / "frames"))
    assert "25 frames of 32x48, " in output
    assert "received 25, lost 0, incomplete 0" in output
    files = sorted((tmp_path / "frames").iterdir())
    assert len(files) == 25
    assert np.array_equal(cv2.imread(str(files[24]), cv2.IMREAD_UNCHANGED), IMAGE[0])
    assert "is not empty; name a new folder" in refused(
        "camera", "grab", "1", camera.address, "--save", tmp_path / "frames"
    )


def test_check_measures_and_says_what_to_tune(camera: FakeCamera) -> None:
    output = said("check", camera.address, "--seconds", "0.3")
    assert re.search(r"\d+ frames of 32x48 in 0\.\d s: ", output)
    assert "lost 0, incomplete 0" in output
    assert "from first packet to pixels: p50 " in output
    assert "packet_size: 9000 means fewer interrupts" in output


def test_mistakes_are_one_line() -> None:
    assert "N: found 'x', expected a whole number from 1 to 1000000" in refused("camera", "grab", "x")
    assert "expected a whole number from 1 to 1000000" in refused("camera", "grab", "0")
