"""A measured scale on the line: verdicts name it, a lens is corrected, and frames of another size are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import inspector
from engines.bundle import Bundle
from engines.distortion import Distortion
from engines.scale import ScaleCard, write_scale
from inspector.config.load import with_scale_files
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.line.line import Line
from inspector.protocol.messages import ResultBody, StartBody
from inspector.results.journal_reader import JournalReader
from tests.line.conftest import Running, tiny_config
from tests.line.sources import ListCamera
from tests.line.test_line import BAD, CLEAN, OFFLINE
from tests.tiny_bundle import HEIGHT, WIDTH

LENS = Distortion(kind="radial", center_x_px=23.5, center_y_px=15.5, reach_px=29.0, k1=0.3)
CARD = ScaleCard(name="top-scale", height=HEIGHT, width=WIDTH, mm_per_px_x=0.5, mm_per_px_y=0.5, distortion=LENS)


def configured(bundle: Bundle, journal: Path | None, card: ScaleCard, folder: Path) -> LineConfig:
    write_scale(card, folder / "scale.yaml")
    config = tiny_config(bundle.path, journal, **OFFLINE)
    return with_scale_files(
        replace(config, cameras=tuple(replace(one, scale_file=str(folder / "scale.yaml")) for one in config.cameras))
    )


def test_verdicts_name_it_and_measure_by_it(
    tiny_bundle: Bundle, tmp_path: Path, run: Callable[[Line, Path], None]
) -> None:
    journal = tmp_path / "journal.sqlite"
    run(
        Line(configured(tiny_bundle, journal, CARD, tmp_path), tiny_bundle, sources={"top": ListCamera([BAD, CLEAN])}),
        journal,
    )
    with JournalReader(journal) as reader:
        (epoch,) = reader.epochs()
        packets = [row.packet() for row in reader.rows(epoch, "top", limit=1000)]
    results = [packet for packet in packets if isinstance(packet.body, ResultBody)]
    assert {packet.header.calibration for packet in results} == {CARD.id}
    (start,) = (packet.body for packet in packets if isinstance(packet.body, StartBody))
    assert start.scale is not None
    assert start.scale.x_mm_per_px == 0.5
    for defect in results[0].body.defects:  # type: ignore[union-attr]
        flat = 0.25 * defect.area_px
        away = ((defect.centroid_px[0] - 23.5) ** 2 + (defect.centroid_px[1] - 15.5) ** 2) / 29.0**2
        assert defect.area_mm2 == pytest.approx(flat * (1 + 0.9 * away) * (1 + 0.3 * away), rel=0.02)


@pytest.fixture
def run() -> Callable[[Line, Path], None]:
    """Run a line to its end."""
    import threading

    def run(line: Line, journal: Path) -> None:
        running = Running(line, journal, threading.Event())
        try:
            assert line.start(running.stop)
            running.finish()
        finally:
            line.stop()

    return run


def test_a_scale_of_other_frames_is_refused_at_the_start(tiny_bundle: Bundle, tmp_path: Path) -> None:
    config = configured(tiny_bundle, None, replace(CARD, width=WIDTH + 1), tmp_path)
    with pytest.raises(
        UserError,
        match=rf"^cameras\.top\.scale_file: .*scale\.yaml: is for frames of 32x{WIDTH + 1} pixels, these have 32x48",
    ):
        Line(config, tiny_bundle)
    with pytest.raises(UserError, match="is for frames of"):
        inspector.open(tiny_bundle.path, config=config)


def test_a_program_measures_as_the_line(tiny_bundle: Bundle, tmp_path: Path) -> None:
    config = configured(tiny_bundle, None, CARD, tmp_path)
    with inspector.open(tiny_bundle.path, config=config) as program:
        found = program.inspect(BAD).defects
    assert all(defect.area_mm2 > 0.25 * defect.area_px for defect in found)
