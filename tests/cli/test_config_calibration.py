"""``inspector config check`` and the doctor tell a calibration that does not fit, before a line refuses to start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.bundle import Bundle
from engines.flat_field import GAIN_ONE, write_flat_field
from engines.scale import ScaleCard, write_scale
from tests.capture.flat_fields import flat_field_file
from tests.cli.in_process import inspector
from tests.tiny_bundle import HEIGHT, WIDTH


@pytest.mark.parametrize(("width", "fine"), [(WIDTH, True), (WIDTH + 1, False)])
@pytest.mark.parametrize("key", ["flat_field", "scale_file"])
def test_it_is_told(key: str, width: int, fine: bool, tiny_bundle: Bundle, tmp_path: Path) -> None:
    plane = np.full((HEIGHT, width), GAIN_ONE, np.uint16)
    write_flat_field(flat_field_file(np.zeros_like(plane), plane), tmp_path / "flat_field")
    write_scale(ScaleCard(name="s", height=HEIGHT, width=width, mm_per_px_x=1, mm_per_px_y=1), tmp_path / "scale_file")
    line = tmp_path / "line.yaml"
    line.write_text(
        f"line: l\nbundle: {tiny_bundle.path}\ncameras: [{{name: top, source: {{kind: simulator}}, {key}: {key}}}]\n",
        encoding="utf-8",
    )
    checked = inspector("config", "check", line)
    if fine:
        assert checked.returncode == 0, checked.stderr
    else:
        assert checked.returncode == 2
        assert f"cameras.top.{key}: " in checked.stderr
        assert f"{width}" in checked.stderr
