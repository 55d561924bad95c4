"""``inspector data``, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from engines.data.dataset import open_dataset
from engines.data.split import read_split
from tests.cli.command import one_line_of
from tests.cli.in_process import inspector
from tests.engines.data.sets import HEIGHT, WIDTH, describe, write_image, write_masks


def healthy(folder: Path) -> Path:
    boxes = {f"{i:02}": (() if i % 3 == 0 else ((i % 3 - 1, 2, 5, 6, 9),)) for i in range(36)}
    return describe(write_masks(folder, boxes), "kind: masks\nmask_style: bitmask\nclasses: [pit, scab]\n")


def test_check_split_and_check_the_split(tmp_path: Path) -> None:
    folder, split, picture = healthy(tmp_path / "set"), tmp_path / "split.csv", tmp_path / "sheet.png"
    made = inspector("data", "split", folder, split, "--parts", "training=0.5,validation=0.5", "--seed", "4")
    assert (made.returncode, made.stdout) == (0, f"{split}: training 18, validation 18 frames\n")
    again = inspector("data", "split", folder, tmp_path / "again.csv", "--folds", "3")
    assert again.returncode == 0
    dataset = open_dataset(folder)
    assert set(read_split(tmp_path / "again.csv", dataset).parts) == {"fold-0", "fold-1", "fold-2"}
    checked = inspector("data", "check", folder, "--split", split, "--picture", picture)
    assert checked.returncode == 0, checked.stdout
    for words in (
        "36: 12 clean, 24 defective",
        "24x96 px",
        "validation",
        "scab",
        "can be used for training",
        str(picture),
    ):
        assert words in checked.stdout
    sheet = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR)
    assert sheet is not None
    assert sheet.shape[1] == 1640


def test_errors_are_exit_status_1(tmp_path: Path) -> None:
    folder = healthy(tmp_path)
    write_image(folder / "masks" / "07.png", np.zeros((HEIGHT, WIDTH - 1), np.uint8))
    cut = folder / "images" / "04.png"
    cut.write_bytes(cut.read_bytes()[:600])
    checked = inspector("data", "check", folder)
    assert (checked.returncode, checked.stderr.strip()) == (1, "")
    assert "04.png: is a damaged or cut-short PNG file" in checked.stdout
    assert "2 errors: correct the data set" in checked.stdout
    told = json.loads(inspector("data", "check", folder, "--json").stdout)
    assert told["sound"] is False
    assert told["frames"] == 34
    assert [one["is_error"] for one in told["findings"]] == [True, True]


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    folder = healthy(tmp_path / "set")
    assert "no such folder" in one_line_of(inspector("data", "check", tmp_path / "absent"))
    assert "expected a file called *.png" in one_line_of(inspector("data", "check", folder, "--picture", "a.jpg"))
    assert "expected each part once with its share" in one_line_of(
        inspector("data", "split", folder, tmp_path / "s.csv", "--parts", "training")
    )
    assert "add up to 1" in one_line_of(
        inspector("data", "split", folder, tmp_path / "s.csv", "--parts", "training=0.5")
    )
    assert "its folder does not exist" in one_line_of(inspector("data", "split", folder, tmp_path / "no" / "s.csv"))
