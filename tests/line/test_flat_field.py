"""A flat field on the line: defects that hide in the dark corner of a lens are found, every verdict names it, and what does not fit is refused."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

import inspector
from engines.bundle import Bundle
from engines.flat_field import GAIN_ONE, read_flat_field, write_flat_field
from engines.scale import ScaleCard, write_scale
from inspector.capture.flat_field import flat_field_of
from inspector.config.genicam import GenicamConfig
from inspector.config.load import with_scale_files
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.line.line import Line
from inspector.protocol.messages import ResultBody
from inspector.results.journal_reader import JournalReader
from tests.capture.flat_fields import flat_field_file
from tests.line.accounting import account
from tests.line.conftest import Running, tiny_config
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, OFFLINE
from tests.tiny_bundle import HEIGHT, WIDTH


@pytest.fixture
def darkening(tmp_path: Path) -> Path:
    """A file for a lens that takes up to half of the light."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    gain = np.rint(GAIN_ONE * (1 + 0.5 * (x**2 + y**2))).astype(np.uint16)
    write_flat_field(flat_field_file(np.full_like(gain, 512), gain, serial="17"), tmp_path / "top-flat.zip")
    return tmp_path / "top-flat.zip"


def seen(sheet: np.ndarray, file: Path) -> np.ndarray:
    """The sheet as that camera sees it."""
    made = read_flat_field(file)
    return np.rint(sheet / (made.gain / GAIN_ONE) + 2).astype(np.uint8)


def configured(config: LineConfig, **camera: Any) -> LineConfig:
    replace = msgspec.structs.replace
    return replace(config, cameras=tuple(replace(one, **camera) for one in config.cameras))


def test_defects_in_the_dark_are_found_and_the_verdicts_name_it(
    tiny_bundle: Bundle, tmp_path: Path, darkening: Path
) -> None:
    frames = [seen(sheet, darkening) for sheet in (BAD, CLEAN)]
    journal = tmp_path / "journal.sqlite"
    config = tiny_config(tiny_bundle.path, journal, ("without", "with"), **OFFLINE)
    without, corrected = config.cameras
    config = msgspec.structs.replace(
        config, cameras=(without, msgspec.structs.replace(corrected, flat_field=str(darkening)))
    )
    line = Line(config, tiny_bundle, sources={name: ListCamera(frames) for name in ("without", "with")})
    running = Running(line, journal, threading.Event())
    try:
        assert line.start(running.stop)
        running.finish_only()
    finally:
        line.stop()
    found = {name: account(journal, name) for name in ("without", "with")}
    assert {n: one[0] for n, one in found["with"].verdicts.items()} == {0: "REJECT", 1: "PASS"}
    assert {defect.area_px for defect in found["with"].results[0].defects} == {9, 16}
    assert named(journal, "with") == {read_flat_field(darkening).id}
    assert named(journal, "without") == {None}
    assert [d.area_px for d in found["without"].results[0].defects] != [16, 9]


def named(journal: Path, camera: str) -> set[str | None]:
    """The flat fields that verdicts of a camera name."""
    with JournalReader(journal) as reader:
        (epoch,) = reader.epochs()
        packets = [row.packet() for row in reader.rows(epoch, camera, limit=1000)]
    return {packet.header.flat_field for packet in packets if isinstance(packet.body, ResultBody)}


@pytest.mark.parametrize(
    ("size", "told"),
    [((HEIGHT + 1, WIDTH), f"these have {HEIGHT} rows and {WIDTH} columns"), (None, "No such file")],
)
def test_what_does_not_fit_is_refused_at_the_start(
    size: tuple[int, int] | None, told: str, tiny_bundle: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "other.zip"
    if size is not None:
        plane = np.full(size, GAIN_ONE, np.uint16)
        write_flat_field(flat_field_file(np.zeros_like(plane), plane), path)
    config = configured(tiny_config(tiny_bundle.path, None), flat_field=str(path))
    with pytest.raises(UserError, match=rf"^cameras\.top\.flat_field: .*other\.zip: .*{told}"):
        Line(config, tiny_bundle)


def test_a_program_sees_what_the_line_sees(tiny_bundle: Bundle, tmp_path: Path, darkening: Path) -> None:
    config = configured(tiny_config(tiny_bundle.path, None), flat_field=str(darkening))
    frame = seen(BAD, darkening)
    cv2.imwrite(str(tmp_path / "frame.png"), frame)
    with inspector.open(tiny_bundle.path, config=config) as program:
        for image in (frame, tmp_path / "frame.png"):
            assert {defect.area_px for defect in program.inspect(image).defects} == {9, 16}


def test_calibrations_of_another_camera_are_refused(tiny_bundle: Bundle, tmp_path: Path, darkening: Path) -> None:
    write_scale(
        ScaleCard(name="s", height=HEIGHT, width=WIDTH, camera_serial="17", mm_per_px_x=1, mm_per_px_y=1),
        tmp_path / "scale.yaml",
    )
    own, other = (
        configured(tiny_config(tiny_bundle.path, None), source=GenicamConfig(serial=one)) for one in ("17", "18")
    )
    flat, scale = {"flat_field": str(darkening)}, {"scale_file": str(tmp_path / "scale.yaml")}
    size = FrameSize(HEIGHT, WIDTH)
    assert flat_field_of(configured(own, **flat).cameras[0], size) is not None
    with pytest.raises(UserError, match=r"^cameras\.top\.flat_field: .* made with camera 17, this camera is 18;"):
        flat_field_of(configured(other, **flat).cameras[0], size)
    assert with_scale_files(configured(own, **scale)).cameras[0].scale is not None
    with pytest.raises(UserError, match=r"^cameras\.top\.scale_file: .* made with camera 17, this camera is 18;"):
        with_scale_files(configured(other, **scale))
