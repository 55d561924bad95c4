"""``inspector simulate``: files that agree with the renderer, and errors a user can mend."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from inspector.capture.simulator import SheetRenderer, SimulatorTruth, StripTruth, strip_view
from inspector.cli.simulate import simulate
from inspector.config.load import load_config
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError
from tests.tiny_bundle import make_tiny_bundle


def test_files_hold_what_the_renderer_gives(tmp_path: Path) -> None:
    simulate(
        tmp_path / "sheets",
        frames=18,
        seed=4,
        first=2,
        height=64,
        width=200,
        defect_rate=0.6,
        class_mix="1,1,1,1",
        look_alike_rate=0.5,
        workers=1,
    )
    table = (tmp_path / "sheets" / "frames.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert [row["file"] for row in rows] == [f"images/{index:06d}.jpg" for index in range(2, 20)]
    config = SimulatorConfig(seed=4, defect_rate=0.6, class_mix=(1, 1, 1, 1), look_alike_rate=0.5)
    renderer = SheetRenderer(config, 64, 200)
    for index, row in enumerate(rows, start=2):
        sheet = renderer.render(index)
        data = np.frombuffer((tmp_path / "sheets" / row["mask"]).read_bytes(), np.uint8)
        mask = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert np.array_equal(mask, sheet.mask)
        data = np.frombuffer((tmp_path / "sheets" / row["file"]).read_bytes(), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert image.shape == (64, 200)
        assert np.abs(image.astype(int) - sheet.frame).mean() < 6
        assert len([name for name in row["classes"].split("|") if name]) == len(sheet.classes)
        assert tuple(name for name in row["look_alikes"].split("|") if name) == sheet.look_alikes


SIZE = 64, 200
LINE = """\
line: coil
bundle: {bundle}
cameras:
  - name: top
    source:
      kind: simulator
      frames: 30
      pool: 3
      lose_rate: 0.2
      dead_columns: [5]
      strip: {{width_mm: 400, long_defects: [{{per_100_m: 60}}], roll_marks: [{{period_mm: 700, x_mm: 100}}]}}
    scale: {{mm_per_px_x: 2, mm_per_px_y: 2}}
    travel_um_per_frame: 128000
  - {{name: real, source: {{kind: replay, path: frames}}}}
verdicts: {{travel_axis: y}}
"""


def line_file(folder: Path) -> Path:
    bundle = make_tiny_bundle(folder / "bundle", *SIZE)
    (folder / "line.yaml").write_text(LINE.format(bundle=bundle.path), encoding="utf-8")
    return folder / "line.yaml"


def test_frames_of_a_line_come_with_the_truth_about_its_strip(tmp_path: Path) -> None:
    path, out = line_file(tmp_path), tmp_path / "sheets"
    simulate(out, config=path, camera="top", workers=1)
    told = msgspec.json.decode((out / "strip.json").read_bytes(), type=StripTruth)
    line = load_config(path)
    source = line.cameras[0].source
    assert isinstance(source, SimulatorConfig)
    view = strip_view(line.cameras[0], "y", *SIZE)
    truth = SimulatorTruth(source, *SIZE, view=view)
    assert told == truth.strip()
    assert told.frames == 30
    assert told.lost
    assert told.roll_marks[0].count > 3
    rows = list(csv.DictReader((out / "frames.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["file"] for row in rows] == [f"images/{number:06d}.jpg" for number in range(30)]
    for number, row in enumerate(rows):
        mask = cv2.imread(str(out / row["mask"]), cv2.IMREAD_UNCHANGED)
        image = cv2.imread(str(out / row["file"]), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(mask, truth(number).mask)
        assert image is not None
        assert image[:, 5].mean() < 40, "as the worn camera delivers it"
    simulate(out, frames=1, height=64, width=64, workers=1)
    assert not (out / "strip.json").exists(), "it was the truth about other frames"


def test_options_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    path = line_file(tmp_path)
    with pytest.raises(UserError, match=r"--seed: the sheets are those of .*line\.yaml"):
        simulate(tmp_path / "out", config=path, camera="top", seed=3)
    with pytest.raises(UserError, match="camera real is not simulated"):
        simulate(tmp_path / "out", config=path, camera="real")
    with pytest.raises(UserError, match="--camera: the configuration has 2"):
        simulate(tmp_path / "out", config=path)
    with pytest.raises(UserError, match="add --config"):
        simulate(tmp_path / "out", camera="top")


@pytest.mark.parametrize("mix", ["1,1,1", "a,b,c,d", "0,0,0,0", "1,1,1,-1", ""])
def test_a_wrong_mix_is_told_in_one_line(tmp_path: Path, mix: str) -> None:
    with pytest.raises(UserError, match="expected four weights"):
        simulate(tmp_path, frames=1, height=64, width=64, class_mix=mix, workers=1)
