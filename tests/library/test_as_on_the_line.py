"""A frame gets the verdict from the library call that it gets on the line, with everything that goes with it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

import inspector
from engines.bundle import open_bundle
from inspector.bench.lines import render_pool
from inspector.config.load import load_config
from inspector.frames.outcome import Outcome, Settled
from inspector.library import Inspection
from inspector.line.line import Line
from inspector.protocol.messages import ResultBody
from inspector.results.journal_reader import JournalReader
from tests.cli.command import inspector as command
from tests.line.sources import ListCamera
from tests.line_file import write_line

RULES = {
    "travel_axis": "y",
    "rules": [
        {"verdict": "reject", "min_area_mm2": 40},
        {"verdict": "scrap", "class": "corrosion", "min_length_mm": 60},
        {"verdict": "scrap", "min_count_per_metre": 30},
    ],
}


@pytest.fixture(scope="module")
def frames() -> tuple[NDArray[np.uint8], ...]:
    """Sheets of the size of the demo bundle."""
    return render_pool(256, 1600, 48)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("max_batch", [1, 4])
def test_simulated_frames(tmp_path: Path, max_batch: int, frames: tuple[NDArray[np.uint8], ...]) -> None:
    path = write_line(
        tmp_path,
        Path("demo"),
        cameras=[{"name": "top", "source": {"kind": "simulator"}, "scale": {"mm_per_px_x": 0.5, "mm_per_px_y": 0.8}}],
        deadline_ms=None,
        overload="wait",
        verdicts=RULES,
        inference={"allow_cpu": True, "max_batch": max_batch},
    )
    wanted = on_the_line(path, frames)
    with inspector.open(config=path) as model:
        one_by_one = [model.inspect(frame) for frame in frames]
        at_once = list(model.inspect_many(frames))
    assert [one.outcome for one in one_by_one] == wanted
    assert [one.outcome for one in at_once] == wanted
    assert {one.verdict.value for one in wanted} == {"PASS", "REJECT", "SCRAP"}, "the frames show every verdict"
    for found, outcome in zip(at_once, wanted, strict=True):
        counts = tuple(int(np.count_nonzero(found.mask >> k & 1)) for k in range(4))
        assert counts == (outcome.pixels or (0, 0, 0, 0))


def on_the_line(path: Path, frames: tuple[NDArray[np.uint8], ...]) -> list[Outcome]:
    """The outcomes of frames that a camera delivers to the line configured in ``path``."""
    outcomes: dict[int, Outcome] = {}

    def observe(settled: Settled) -> None:
        outcomes[settled.meta.frame] = settled.outcome

    stop, config = threading.Event(), load_config(path)
    with Line(config, open_bundle(config.bundle), sources={"top": ListCamera(frames)}, observe=observe) as line:
        assert line.start(stop)
        line.wait(stop, tick_s=0.01)
    return [outcomes[frame] for frame in range(len(frames))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("precision", ["auto", "f32"])
def test_real_frames_get_what_a_replay_published(tmp_path: Path, precision: str) -> None:
    """Every real frame there is, as `inspector replay` published it: verdict, reason, detail, score, counts, defects, mask."""
    files = real_frames()
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, file in enumerate(files):
        (folder / f"{number:04}{file.suffix}").symlink_to(file)
    config = write_line(tmp_path, Path("demo"), inference={"allow_cpu": True, "precision": precision})
    done = command("replay", folder, "-c", config, "--precision", precision, "--report", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    published = results(tmp_path / "out" / "journal.sqlite")
    assert len(published) == len(files)
    with inspector.open(config=config) as model:
        engine, _ = model.device.rsplit(", ", 1)  # a replay has more lanes, each on fewer cores
        assert f"engines ran on {engine}, " in done.stderr
        paths = sorted(folder.iterdir())
        for path, found in zip(paths, model.inspect_many(paths), strict=True):
            assert as_published(found) == published[path.name], path.name
        rng = np.random.default_rng(0)
        for path in rng.choice(np.array(paths, dtype=object), 20, replace=False):
            assert as_published(model.inspect(path)) == published[path.name], path.name


def real_frames() -> list[Path]:
    """Every image of steel in the folder of real data."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    place = Path(os.environ.get("INSPECTOR_DATA", beside))
    folders = [place / name / part for name in ("severstal", "severstal_more") for part in ("images", "unlabelled")]
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.glob("*.jpg"))]
    if not files:
        pytest.skip(f"no real frames in {place}/severstal (set INSPECTOR_DATA)")
    return files


def results(journal: Path) -> dict[str, tuple[Any, ...]]:
    """What was published of each file."""
    found = {}
    with JournalReader(journal) as reader:
        for row in reader.walk(verdicts_only=True):
            body = row.packet().body
            assert isinstance(body, ResultBody)
            facts = (body.verdict, body.reason, body.detail, body.gate_score, body.pixels)
            found[body.name] = (*facts, msgspec.to_builtins(body.defects), row.blob or b"")
    return found


def as_published(found: Inspection) -> tuple[Any, ...]:
    """An inspection in the form of ``results``."""
    outcome = found.outcome
    pixels = dict(zip(found.classes, outcome.pixels, strict=False))
    facts = (outcome.verdict, outcome.reason, outcome.detail, outcome.gate_score, pixels)
    return (*facts, msgspec.to_builtins(outcome.defects), outcome.mask)
