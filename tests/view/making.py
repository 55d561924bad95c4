"""Journals and archives to look at: strips that are painted, inspected by the real judge and published by the real stream."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspector.archive.entry import Evidence, Facts
from inspector.archive.store import Store
from inspector.config.journal import JournalConfig
from inspector.frames.outcome import Verdict
from inspector.protocol import masks
from inspector.protocol.messages import ResultBody
from inspector.results.identity import Identity
from inspector.results.journal import Journal
from inspector.results.journal_reader import JournalReader, Row
from inspector.results.publication import Publication
from tests.archive.making import png
from tests.coil.strip import CLASSES, Camera, Line

RUN = "coil-7"
CAMERA = Camera("a", (0, 40))
_MOST_WAITING = 500
LONG_MM = 24 * 3 / 2
"""Of the scratch of ``painted``: three frames."""


class JournaledLine(Line):
    """A line whose publications are in a journal."""

    def __init__(self, path: Path, cameras: Sequence[Camera] = (CAMERA,), *, epoch: str, after_s: float = 0.0) -> None:
        """``after_s``: when it is started, by its own clock."""
        names = tuple(camera.name for camera in cameras)
        self._journal = Journal(
            JournalConfig(path=str(path), keep_days=None),
            Identity(line="line1", cameras=names, epoch=epoch, simulated=True),
        )
        self._journal.open()
        super().__init__(cameras, epoch=epoch)
        self.now_ns += int(after_s * 1e9)

    def close(self) -> None:
        """All is in the file."""
        assert self._journal.close(30)

    def _say(self, publication: Publication) -> None:
        super()._say(publication)
        self._journal.append(publication)
        while (
            self._journal.state().waiting > _MOST_WAITING
        ):  # one that drops what the disk is too slow for is no whole run
            time.sleep(0.001)


def painted(lines: int = 24 * 10) -> NDArray[np.uint8]:
    """A scratch over three frames, and a pit in each second one: ``[along, across]``, 0.5 and 0.25 mm a pixel."""
    strip = np.zeros((lines, 40), np.uint8)
    strip[24 : 24 * 4, 30:33] = 2
    for first in range(6, lines, 48):
        strip[first : first + 4, 8:12] |= 1
    return strip


def run_of(line: JournaledLine, run: str = RUN, *, ended: bool = True) -> None:
    """The run of a painted strip; its seventh frame is lost."""
    strip = painted()
    line.start(run)
    for first in CAMERA.frames(len(strip)):
        if first == 24 * 6:
            line.lose("a", first, 1, run)
            continue
        line.inspect(line.capture("a", first, run), CAMERA.mask(strip, first))
    if ended:
        line.end(run)


def journal_of(path: Path, *names: str) -> Path:
    """A journal with runs of these names, one after another."""
    for number, name in enumerate(names or (RUN,)):
        line = JournaledLine(path, epoch=f"epoch-{number}", after_s=100.0 * number)
        run_of(line, name)
        line.close()
    return path


def archive_of(folder: Path, journal: Path) -> Path:
    """An archive with the frames of the journal that have defects."""
    with JournalReader(journal) as reader, Store(folder) as store:
        for row in reader.walk(verdict=Verdict.REJECT):
            _add(store, row)
    return folder


def _add(store: Store, row: Row) -> None:
    packet = row.packet()
    header, body = packet.header, packet.body
    assert isinstance(body, ResultBody)
    assert body.mask is not None
    height, width = body.mask.height_px, body.mask.width_px
    found = masks.decode(packet.blob, height, width)
    picture = np.where(found > 0, 40, 140).astype(np.uint8)
    facts = Facts(
        line=header.line, camera=header.camera, epoch=header.epoch, frame=header.frame or 0, run=header.run, recipe=None,
        part=None, captured_unix_ns=header.captured_unix_ns or 0, position_um=header.position_um, travel_um=header.travel_um,
        verdict=body.verdict, reason=body.reason, detail=body.detail, gate_score=body.gate_score,
        classes=tuple(dict.fromkeys(one.class_name for one in body.defects)), pixels=body.pixels,
        defect_pixels=body.defect_pixels, defects=body.defects, bundle=header.bundle,
        operating_point=header.operating_point, calibration=None, flat_field=None, simulated=True, name="",
        evidence=Evidence.REJECT, worth=1.0, height_px=height, width_px=width, bits=CLASSES, format="png", box_px=None,
    )  # fmt: skip
    thumbnail = bytes(cv2.imencode(".jpg", cv2.resize(picture, (16, 16)))[1])
    store.add(facts, png(picture), png(found), thumbnail)
