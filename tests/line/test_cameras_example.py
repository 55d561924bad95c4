"""The example with GenICam cameras, with every section of cameras, sheets and positions, is a line that runs: here on two fake cameras."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import yaml

from engines.bundle import Bundle
from inspector.cli.examples import find_example
from inspector.config.load import load_config
from inspector.frames.outcome import Reason, Verdict
from inspector.line.line import Line
from inspector.protocol.messages import SheetBody
from inspector.results.journal_reader import JournalReader
from tests.capture.genicam.conftest import aravis_or_skip
from tests.capture.genicam.fake_camera import FakeCamera
from tests.line.test_line import wait_until
from tests.tiny_bundle import frame_with

HEIGHT, WIDTH, MM = 50, 96, 0.5
FLAT = frame_with([], HEIGHT, WIDTH)
MARKED = FLAT.copy()
MARKED[20:26, 44:50] = 192
REJECTED = Verdict.REJECT, Reason.DEFECT


def test_it_runs(tmp_path: Path, tiny_bundle: Bundle) -> None:
    aravis_or_skip()
    tree = yaml.safe_load(find_example("cameras").text())
    for camera, address in zip(tree["cameras"], ("127.0.16.11", "127.0.16.12"), strict=True):
        # What the fake camera has not: lines, an encoder.
        camera["source"] = {"kind": "genicam", "address": address, "features": [{"Width": WIDTH}, {"Height": HEIGHT}]}
        camera["fit"] |= {"size": {"height": HEIGHT, "width": WIDTH}, "overlap_px": 8}
        camera["scale"] = {"mm_per_px_x": MM, "mm_per_px_y": MM}
        del camera["encoder"]
        camera["travel_um_per_frame"] = round(HEIGHT * MM * 1000)
        camera["frame_check"] = {"enabled": False}
    tree |= {"bundle": str(tiny_bundle.path), "deadline_ms": 5000, "journal": {"path": "j.sqlite"}}
    tree["results"]["endpoint"] = "tcp://127.0.0.1:*"
    tree["sheets"] |= {"length_mm": 5 * HEIGHT * MM, "deadline_ms": 5000}
    path = tmp_path / "line.yaml"
    path.write_text(yaml.safe_dump(tree))
    images = np.stack([FLAT, MARKED])
    with (
        FakeCamera("127.0.16.11", "22104711", images, rate_hz=50),
        FakeCamera("127.0.16.12", "22104712", images, rate_hz=50),
        Line(load_config(path), tiny_bundle) as line,
    ):
        assert line.start(threading.Event())
        assert line.serials == {"left": "22104711", "right": "22104712"}
        wait_until(lambda: line.sheets is not None and line.sheets.settled.get(REJECTED, 0) >= 2)
    with JournalReader(tmp_path / "j.sqlite") as reader:
        (epoch,) = reader.epochs()
        packets = [row.packet() for row in reader.rows(epoch, "sheet", limit=1000)]
    seen = [one.body for one in packets if isinstance(one.body, SheetBody) and one.body.verdict is Verdict.REJECT]
    both = [{one.camera for one in body.frames} == {"left", "right"} for body in seen]
    assert len(both) >= 2
    assert all(both[1:]), "the first sheet may have passed before both cameras had begun"
    for body in seen:
        for defect in body.defects:
            lateral_mm = 553 if defect.camera == "right" else 0
            assert defect.x_mm == pytest.approx(lateral_mm + 47 * MM)
