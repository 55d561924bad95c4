"""A scale from a file: it takes the place of ``scale``, a recipe replaces it, and what is not for this camera is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from engines.scale import ScaleCard, write_scale
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.difference import differences
from inspector.config.load import load_config, load_recipe
from inspector.config.recipe import with_recipe
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError

CARD = ScaleCard(name="top", height=32, width=48, mm_per_px_x=0.2, mm_per_px_y=0.3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With ``top.yaml``, a scale, and ``recipes/``."""
    write_scale(CARD, tmp_path / "top.yaml")
    (tmp_path / "recipes").mkdir()
    return tmp_path


def line(folder: Path, **camera: Any) -> LineConfig:
    tree = {"line": "l", "cameras": [{"name": "top", "source": {"kind": "simulator"}, **camera}]}
    (folder / "line.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
    return load_config(folder / "line.yaml")


def recipe(folder: Path, **camera: Any) -> LineConfig:
    (folder / "recipes" / "thin.yaml").write_text(
        yaml.safe_dump({"cameras": [{"name": "top", **camera}]}), encoding="utf-8"
    )
    return with_recipe(line(folder, scale_file="top.yaml"), load_recipe(folder / "recipes", "thin"))


def test_the_camera_has_the_scale_of_the_file(folder: Path) -> None:
    scale = line(folder, scale_file="top.yaml").cameras[0].scale
    assert isinstance(scale, CalibratedScale)
    assert (scale.mm_per_px_x, scale.mm_per_px_y, scale.id) == (0.2, 0.3, CARD.id)
    assert scale.places_mm(10, 10) == pytest.approx((2.0, 3.0))


def test_a_recipe_replaces_it(folder: Path) -> None:
    flat = recipe(folder, scale={"mm_per_px_x": 0.5, "mm_per_px_y": 0.5}).cameras[0]
    assert (flat.scale, flat.scale_file) == (Scale(mm_per_px_x=0.5, mm_per_px_y=0.5), None)
    write_scale(
        ScaleCard(name="thin", height=32, width=48, mm_per_px_x=0.1, mm_per_px_y=0.1),
        folder / "recipes" / "thin-scale.yaml",
    )
    measured = recipe(folder, scale_file="thin-scale.yaml").cameras[0].scale
    assert isinstance(measured, CalibratedScale)
    assert measured.id.startswith("thin-")


def test_a_reload_sees_another_content_of_the_file(folder: Path) -> None:
    before = line(folder, scale_file="top.yaml")
    assert differences(before, line(folder, scale_file="top.yaml")) == []
    write_scale(ScaleCard(name="top", height=32, width=48, mm_per_px_x=0.21, mm_per_px_y=0.3), folder / "top.yaml")
    found = differences(before, line(folder, scale_file="top.yaml"))
    assert {one.key for one in found} == {"cameras[0].scale.mm_per_px_x", "cameras[0].scale.id"}
    assert all(one.live for one in found)
    removed = differences(before, line(folder))
    assert removed
    assert all(one.live for one in removed)


@pytest.mark.parametrize(
    ("camera", "told"),
    [
        ({"scale_file": "top.yaml", "scale": {"mm_per_px_x": 1, "mm_per_px_y": 1}}, "scale and scale_file are both given"),
        ({"scale_file": "nothing.yaml"}, r"^cameras\.top\.scale_file: .*nothing\.yaml: cannot be read .*`inspector calibrate scale`"),
        ({"scale_file": "line.yaml"}, r"^cameras\.top\.scale_file: .*line\.yaml: "),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused(folder: Path, camera: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        line(folder, **camera)


@pytest.mark.parametrize(
    ("camera", "told"),
    [
        ({}, "neither scale nor scale_file is given"),
        (
            {"scale_file": "a.yaml", "scale": {"mm_per_px_x": 1, "mm_per_px_y": 1}},
            "scale and scale_file are both given",
        ),
        ({"scale_file": "a.yaml"}, r"thin\.yaml: cameras\.top\.scale_file: .*a\.yaml: cannot be read"),
    ],
)
def test_a_wrong_one_of_a_recipe_is_refused(folder: Path, camera: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        recipe(folder, **camera)


def test_the_scale_of_another_camera_is_refused(folder: Path) -> None:
    scale = CalibratedScale(
        mm_per_px_x=1, mm_per_px_y=1, file="top.yaml", id="top-1", height=32, width=48, camera_serial="17", lens=None
    )
    assert scale.problem_of("18") == "top.yaml: was made with camera 17, this camera is 18; give its own scale"
    assert scale.problem_of("17") == scale.problem_of(None) == ""


def test_without_the_calibration_a_damaged_file_does_not_matter(folder: Path) -> None:
    """For commands that only look for an address."""
    (folder / "top.yaml").write_text("no scale", encoding="utf-8")
    with pytest.raises(UserError):
        line(folder, scale_file="top.yaml")
    assert load_config(folder / "line.yaml", calibrated=False).cameras[0].scale is None
