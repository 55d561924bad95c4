"""A recording of frames that the line fits and corrects: it keeps what arrived, and gives the same results with the line's configuration and
without."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
import yaml

from engines.bundle import Bundle
from engines.distortion import Distortion
from engines.flat_field import GAIN_ONE, write_flat_field
from engines.scale import ScaleCard, write_scale
from inspector.cli.report_folder import JOURNAL
from inspector.config.load import load_config
from inspector.config.tree import LineConfig
from inspector.doctor.configured_line import ConfiguredLine
from inspector.frames.size import FrameSize
from inspector.line.fits import Fits
from inspector.line.line import Line
from inspector.protocol.messages import ResultBody
from inspector.recording.manifest import read_manifest
from inspector.results.journal_reader import JournalReader
from tests.capture.flat_fields import flat_field_file
from tests.cli.in_process import refused, run
from tests.line.sources import ListCamera
from tests.line_file import write_line
from tests.tiny_bundle import frame_with

WIDE, TALL = FrameSize(50, 150), FrameSize(40, 48)
SCALE = {"mm_per_px_x": 0.5, "mm_per_px_y": 0.25}
RULES = [{"verdict": "scrap", "min_area_mm2": 5.0}, {"verdict": "reject", "min_area_px": 4}]


def write_calibration(folder: Path) -> None:
    """Of camera ``wide``: light that falls off, and a lens that bends."""
    y, x = np.mgrid[-1 : 1 : WIDE.height * 1j, -1 : 1 : WIDE.width * 1j]
    gain = np.rint(GAIN_ONE * (1 + 0.3 * (x**2 + y**2))).astype(np.uint16)
    write_flat_field(flat_field_file(np.zeros_like(gain), gain), folder / "flat.zip")
    lens = Distortion(kind="radial", center_x_px=74.5, center_y_px=24.5, reach_px=79.0, k1=0.02)
    card = ScaleCard(name="s", height=WIDE.height, width=WIDE.width, mm_per_px_x=0.5, mm_per_px_y=0.5, distortion=lens)
    write_scale(card, folder / "scale.yaml")


def write_frames(folder: Path, size: FrameSize, gain: Any = 1.0) -> dict[str, Any]:
    """Frames in a folder, as a camera's source: clean ones, and ones with a square somewhere."""
    folder.mkdir()
    for number in range(8):
        frame = frame_with([], *size)
        if number % 2:
            side = 3 + number
            frame[number : number + side, 4 * number : 4 * number + side] = 192
        cv2.imwrite(str(folder / f"{number}.png"), np.rint(frame / gain).astype(np.uint8))
    return {"kind": "replay", "path": str(folder)}


class Made(NamedTuple):
    """A line, and what was recorded of it."""

    line_file: Path
    journal: Path
    recording: Path

    def other_line(self, **changes: Any) -> Path:
        """A file with the line's configuration, changed."""
        path = self.line_file.with_name("other.yaml")
        path.write_text(yaml.safe_dump({**yaml.safe_load(self.line_file.read_text()), **changes}))
        return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Bundle) -> Made:
    """Of a line with a camera that is tiled and corrected, and one that is cropped."""
    folder = tmp_path_factory.mktemp("prepared")
    write_calibration(folder)
    y, x = np.mgrid[-1 : 1 : WIDE.height * 1j, -1 : 1 : WIDE.width * 1j]
    wide = {
        "name": "wide",
        "source": write_frames(folder / "wide", WIDE, 1 + 0.3 * (x**2 + y**2)),
        "fit": {"mode": "tile", "size": {"height": WIDE.height, "width": WIDE.width}, "overlap_px": 8},
        "flat_field": "flat.zip",
        "scale_file": "scale.yaml",
        "placement": {"lateral_mm": 100.0},
        "travel_um_per_frame": 25_000,
    }
    tall = {
        "name": "tall",
        "source": write_frames(folder / "tall", TALL),
        "fit": {"mode": "crop", "size": {"height": TALL.height, "width": TALL.width}, "offset": {"x": 0, "y": 3}},
        "scale": SCALE,
        "placement": {"face": "bottom"},
    }
    line_file = write_line(
        folder,
        tiny_bundle.path,
        cameras=[wide, tall],
        verdicts={"rules": RULES},
        deadline_ms=None,
        overload="wait",
        sheets={"by": "frame", "deadline_ms": None},
        recording={"buffer_mib": 8, "free_mib": 1},
    )
    config = load_config(line_file)
    record(config, tiny_bundle, folder / "r")
    return Made(line_file, Path(str(config.journal.path)), folder / "r")


def record(config: LineConfig, bundle: Bundle, folder: Path, sources: dict[str, Any] | None = None) -> None:
    """Run a line to its end and record it."""
    stop = threading.Event()
    with Line(config, bundle, sources=sources) as line:
        line.recorder.begin(folder, "--to", patience_s=10)
        assert line.start(stop)
        line.wait(stop, tick_s=0.01)
        assert not line.failures


def results(journal: Path, camera: str) -> list[tuple[Any, ...]]:
    """All that was said of each frame of a camera, but times."""
    with JournalReader(journal) as reader:
        packets = [row.packet() for row in reader.rows(reader.epochs()[0], camera, limit=1000)]
    told = []
    for header, body, blob in ((one.header, one.body, one.blob) for one in packets):
        if isinstance(body, ResultBody):
            where = header.position_um, header.travel_um, header.flat_field, header.calibration
            told.append((header.frame, body.verdict, body.reason, body.detail, body.defects, blob, where))
    return sorted(told, key=lambda one: one[0])


def played(folder: Path, report: Path, *arguments: str | Path) -> Path:
    """Play it by the command; return its journal."""
    ended = run("replay", folder, "--report", report, "--json", *arguments)
    assert ended.status == 0, ended.err
    assert json.loads(ended.out)["unresolved"] == 0
    return report / JOURNAL


def test_fitted_and_corrected_frames_play_alike(made: Made, tiny_bundle: Bundle, tmp_path: Path) -> None:
    manifest = {one.name: one for one in read_manifest(made.recording).cameras}
    assert {name: (one.height, one.width) for name, one in manifest.items()} == {"wide": WIDE, "tall": TALL}
    with_line = played(made.recording, tmp_path / "with", "--config", made.line_file)
    without = played(made.recording, tmp_path / "without", "--bundle", tiny_bundle.path)
    for camera in manifest:
        recorded = results(made.journal, camera)
        assert {one[1].value for one in recorded} == {"PASS", "REJECT", "SCRAP"}
        assert results(with_line, camera) == recorded
        assert results(without, camera) == recorded
    assert len(sheets := results(made.journal, "sheet")) == 8
    assert results(with_line, "sheet") == sheets
    assert (tmp_path / "without/contact_sheet.png").is_file()


def test_another_flat_field_is_told_and_a_missing_one_refused(
    made: Made, tiny_bundle: Bundle, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wide, tall = yaml.safe_load(made.line_file.read_text())["cameras"]
    other = made.other_line(cameras=[{**wide, "flat_field": None}, tall])
    ended = run("replay", made.recording, "--config", other, "--camera", "wide", "--json")
    assert "sheets have no verdicts: camera tall, which sees them too, is not played" in ended.err
    kept = made.recording / "cameras/wide/flat_field.zip"
    (told,) = [one.getMessage() for one in caplog.records if "flat_field" in one.getMessage()]
    assert "cameras.wide.flat_field: recorded with top-" in told
    assert told.endswith(f"played with none: verdicts may differ; give {kept} for the same ones")
    copied = shutil.copytree(made.recording, tmp_path / "copied")
    (copied / "cameras/wide/flat_field.zip").unlink()
    told = refused("replay", copied, "--bundle", tiny_bundle.path)
    assert "flat_field.zip: is missing, and camera wide was recorded with the flat field top-" in told
    assert "--config" in told


def test_frames_that_were_refused_are_played_with_a_fit(made: Made, tiny_bundle: Bundle, tmp_path: Path) -> None:
    """As with image files: what most frames need is said, and the option does it."""
    frames = [frame_with([], *TALL) for _ in range(4)]
    config = load_config(made.other_line(cameras=[{"name": "tall", "source": {"kind": "simulator"}}], verdicts={}))
    record(config, tiny_bundle, tmp_path / "r", {"tall": ListCamera(frames)})
    play = ["replay", tmp_path / "r", "--bundle", tiny_bundle.path]
    ended = run(*play)
    assert ended.status == 1
    assert "4 of 4 frames have the size 40x48, none of which fits; the bundle inspects 32x48: --fit tile" in ended.err
    ended = run(*play, "--fit", "crop", "--json")
    assert json.loads(ended.out)["verdicts"]["PASS"] == 4, ended.err
    assert "--fit: 'tlie' is not known" in refused(*play, "--fit", "tlie")


def test_the_doctor_knows_what_a_recording_holds(made: Made) -> None:
    camera = {"name": "wide", "source": {"kind": "recording", "path": "r", "camera": "wide"}}
    path = made.other_line(cameras=[camera], verdicts={}, sheets=None)
    (found,) = [one for one in ConfiguredLine(path).findings() if one.name == "Camera wide"]
    assert found.found.startswith("8 frames of camera wide in ")
    path = made.other_line(
        cameras=[{**camera, "source": {"kind": "recording", "path": "gone"}}], verdicts={}, sheets=None
    )
    assert any("gone: is no recording" in one.found for one in ConfiguredLine(path).findings())


def test_a_line_that_plays_a_recording_need_not_know_its_size(made: Made, tiny_bundle: Bundle) -> None:
    source = {"kind": "recording", "path": "r", "camera": "wide", "pace": "max"}
    camera = {"name": "wide", "source": source, "fit": {"mode": "tile", "overlap_px": 8}}
    config = load_config(made.other_line(cameras=[camera], verdicts={}, sheets=None))
    assert Fits(config, FrameSize(tiny_bundle.height, tiny_bundle.width)).of("wide").judged == WIDE
    other = made.other_line(cameras=[{**camera, "source": {"kind": "simulator"}}], verdicts={}, sheets=None)
    assert "needs the size of the camera's frames before they come" in refused("config", "check", other)
