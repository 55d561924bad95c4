"""The file of a scale: read as it was written, refused where it is damaged, of another version or for another camera."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace

from engines.distortion import Distortion
from engines.errors import FileError
from engines.scale import ScaleCard, read_scale, write_scale

LENS = Distortion(kind="radial", center_x_px=10, center_y_px=5, reach_px=11.5, k1=0.05, k2=-0.01)
CARD = ScaleCard(
    name="top", height=10, width=20, camera_serial="17", mm_per_px_x=0.2, mm_per_px_y=0.21, distortion=LENS, made={"date": "2026-11-30", "coverage": [0.8, 0.7]}
)  # fmt: skip


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    for card in (CARD, replace(CARD, distortion=None, camera_serial="")):
        write_scale(card, tmp_path / "top.yaml")
        found = read_scale(tmp_path / "top.yaml")
        assert found == replace(card, sha256=card.digest)
        assert found.id == card.id == f"top-{card.digest[:8]}"


def test_the_id_is_of_what_changes_a_measurement() -> None:
    assert replace(CARD, made={}, camera_serial="").id == CARD.id
    for other in (replace(CARD, mm_per_px_y=0.22), replace(CARD, distortion=None), replace(CARD, width=21)):
        assert other.id != CARD.id


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"mm_per_px_x": 0.3}, "is a damaged scale"),
        ({"format": 2}, "scale format 2, this version reads 1; calibrate again"),
        ({"sha256": ""}, "is a damaged scale"),
        ({"mm_per_px_x": 0}, "mm_per_px_x"),
        ({"mm_per_px_x": float("nan")}, "mm_per_px_x"),
        ({"distortion": {"kind": "round"}}, "distortion"),
        ({"width": "wide"}, "width"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_damaged_file_is_refused(changes: dict[str, object], told: str, tmp_path: Path) -> None:
    path = tmp_path / "top.yaml"
    write_scale(CARD, path)
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    path.write_text(yaml.safe_dump(tree | changes), encoding="utf-8")
    assert told in refusal(path)


def test_a_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "top.yaml"
    write_scale(CARD, path)
    whole = path.read_text(encoding="utf-8")
    for end in range(0, whole.index("made:") - 1, 5):
        path.write_text(whole[:end], encoding="utf-8")
        assert str(path) in refusal(path)


def test_of_another_camera_it_is_refused(tmp_path: Path) -> None:
    write_scale(CARD, tmp_path / "top.yaml")
    for serial in (None, "", "17"):
        assert read_scale(tmp_path / "top.yaml", serial).id == CARD.id
    assert "was made with camera 17, this camera is 18; give its own scale" in refusal(tmp_path / "top.yaml", "18")


def refusal(path: Path, serial: str | None = None) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(FileError) as refused:
        read_scale(path, serial)
    text = str(refused.value)
    assert "\n" not in text
    return text
