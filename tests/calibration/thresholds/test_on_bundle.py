"""Calibration on a data set with frames that no line would inspect."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from calibration.thresholds.calibrate import CalibrationRequest
from calibration.thresholds.on_bundle import BundleOnPart, calibrate_bundle
from engines.bundle import Bundle
from engines.data.dataset import open_dataset
from engines.data.part import choose_part
from engines.operating_point import OperatingPoint, read_operating_point, write_operating_point
from tests.evaluate.tiny_data import write_data


def test_frames_that_show_nothing_do_not_count_in_silence(tiny_bundle: Bundle, tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data")

    def note() -> str:
        run = BundleOnPart(tiny_bundle, choose_part(open_dataset(folder), None, None))
        return calibrate_bundle(tiny_bundle, [run], CalibrationRequest(), keep_masks=True, precision="f32").blank_note

    assert note() == ""
    cv2.imwrite(str(folder / "images" / "f00.png"), np.full((32, 48), 255, np.uint8))
    assert note().startswith(
        "A line would not inspect 1 of these 6 frames, because nothing can be seen (the first is f00.png"
    )


def test_a_point_says_which_sizes_were_stretched(tiny_bundle: Bundle, tmp_path: Path) -> None:
    folder = write_data(tmp_path / "data")

    def point() -> OperatingPoint:
        run = BundleOnPart(tiny_bundle, choose_part(open_dataset(folder), None, None))
        made = calibrate_bundle(tiny_bundle, [run], CalibrationRequest(), keep_masks=True, precision="f32").point
        write_operating_point(made, tmp_path / "point.yaml")
        return read_operating_point(tmp_path / "point.yaml", tiny_bundle.classes)

    assert point().resized_from == ()
    assert "resized_from" not in (tmp_path / "point.yaml").read_text()
    for place in (folder / "images", folder / "masks"):
        for file in place.iterdir():
            pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
            cv2.imwrite(str(file), np.repeat(np.repeat(pixels, 2, axis=0), 3, axis=1))
    (folder / "dataset.yaml").write_text("kind: masks\nsize: [32, 48]\nfit: stretch\nclasses: [dark, bright]\n")
    assert point().resized_from == ((64, 144),)
