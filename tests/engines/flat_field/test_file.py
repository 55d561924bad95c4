"""The file of a flat field: read as it was written, refused where it is damaged, of another version or for another camera."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from engines.errors import FileError
from engines.files.yaml_text import yaml_text
from engines.flat_field import FlatFieldFile, read_flat_field, write_flat_field
from tests.capture.flat_fields import flat_field_file, some_flat_field

MADE = some_flat_field(np.random.default_rng(1), 12, 20, per_column=False)
Change = Callable[[dict[str, bytes]], None]


@pytest.mark.parametrize("per_column", [False, True])
def test_it_is_read_as_it_was_written(per_column: bool, tmp_path: Path) -> None:
    made = some_flat_field(np.random.default_rng(2), 12, 20, per_column)
    write_flat_field(made, tmp_path / "top.zip")
    found = read_flat_field(tmp_path / "top.zip")
    assert found.card == made.card
    assert found.id == made.id == f"top-{made.card.sha256[:8]}"
    np.testing.assert_array_equal(found.offset, made.offset)
    np.testing.assert_array_equal(found.gain, made.gain)


def test_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        write_flat_field(MADE, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_other_programs_can_look_into_it(tmp_path: Path) -> None:
    write_flat_field(MADE, tmp_path / "top.zip")
    with zipfile.ZipFile(tmp_path / "top.zip") as archive:
        gain = cv2.imdecode(np.frombuffer(archive.read("gain.png"), np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(gain, MADE.gain)


def test_of_another_camera_it_is_refused(tmp_path: Path) -> None:
    planes = np.zeros((2, 3), np.uint16)
    write_flat_field(flat_field_file(planes, planes, serial="17-A"), tmp_path / "top.zip")
    for serial in (None, "", "17-A"):
        assert read_flat_field(tmp_path / "top.zip", serial).card.camera_serial == "17-A"
    with pytest.raises(FileError, match=r"top\.zip: was made with camera 17-A, this camera is 18;"):
        read_flat_field(tmp_path / "top.zip", "18")


def card(**changes: object) -> Change:
    def change(members: dict[str, bytes]) -> None:
        tree = msgspec.to_builtins(MADE.card) | changes
        members["card.yaml"] = yaml_text({key: value for key, value in tree.items() if value is not None}).encode()

    return change


def planes(name: str, values: np.ndarray) -> Change:
    return lambda members: members.update({name: bytes(cv2.imencode(".png", values)[1])})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda members: members.pop("gain.png"), "expected card.yaml, offset.png and gain.png"),
        (lambda members: members.update({"more.txt": b"x"}), "expected card.yaml, offset.png and gain.png"),
        (lambda members: members.update({"gain.png": b"no picture"}), "is not a JPEG, PNG"),
        (planes("gain.png", MADE.gain + np.uint16(1)), "its digest is not that of its card"),
        (planes("gain.png", MADE.gain[:5]), "5x20 pixels"),
        (planes("offset.png", MADE.offset.astype(np.uint8)), "a plane is uint8"),
        (planes("offset.png", np.dstack([MADE.offset] * 3)), "a plane is uint16"),
        (card(sha256="0" * 64), "its digest is not that of its card"),
        (card(format=2), "flat field format 2, this version reads 1"),
        (card(height=13), "12x20 pixels"),
        (card(per="row"), "per"),
        (card(width=0), "width"),
        (card(target=None), "target"),
        (card(made_by="me"), "made_by"),
        (lambda members: members.update({"card.yaml": b"\xff"}), "is not UTF-8"),
        (lambda members: members.update({"card.yaml": b"[1, 2"}), "line 1"),
    ],
)
def test_a_damaged_file_is_refused(change: Change, told: str, tmp_path: Path) -> None:
    path = tmp_path / "top.zip"
    write_flat_field(MADE, path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert told in refusal(path)


def test_bytes_that_were_lost_or_changed_are_noticed(tmp_path: Path) -> None:
    """Of every byte: the file is refused, or nothing that matters has changed."""
    path = tmp_path / "top.zip"
    write_flat_field(MADE, path)
    whole = path.read_bytes()
    for end in (0, 1, 100, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert str(path) in refusal(path)
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        found = found_or_refused(path)
        assert found is None or found.id == MADE.id


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    """What a small file unpacks to could fill the memory."""
    path = tmp_path / "top.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("card.yaml", "offset.png", "gain.png"):
            archive.writestr(name, bytes(10**6))
    assert "stored without compression" in refusal(path)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "top.zip").lower() or "does not exist" in refusal(tmp_path / "top.zip")


def refusal(path: Path) -> str:
    """The one line with which a file is refused."""
    with pytest.raises(FileError) as refused:
        read_flat_field(path)
    text = str(refused.value)
    assert "\n" not in text
    return text


def found_or_refused(path: Path) -> FlatFieldFile | None:
    try:
        return read_flat_field(path)
    except FileError:
        return None
