"""``inspector simulate``: files that agree with the renderer, and errors a user can mend."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.capture.simulator import SheetRenderer
from inspector.cli.simulate import simulate
from inspector.config.simulator import SimulatorConfig
from inspector.errors import UserError


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


@pytest.mark.parametrize("mix", ["1,1,1", "a,b,c,d", "0,0,0,0", "1,1,1,-1", ""])
def test_a_wrong_mix_is_told_in_one_line(tmp_path: Path, mix: str) -> None:
    with pytest.raises(UserError, match="expected four weights"):
        simulate(tmp_path, 1, 1, 0, 64, 64, 0.5, mix, 0.5, 1)
