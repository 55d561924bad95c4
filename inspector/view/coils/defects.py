"""What a page is told of one defect: what it is, and of each frame that shows it the verdict, the thresholds that held, and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from inspector.errors import UserError
from inspector.frames.coil import CoilDefect
from inspector.frames.outcome import Defect, Reason, Verdict
from inspector.protocol.codec import Packet
from inspector.protocol.messages import MessageType, ResultBody
from inspector.protocol.settings import Settings, Thresholds
from inspector.results.journal_reader import JournalReader
from inspector.results.stored_row import Row
from inspector.view.coils.arrays import DefectFacts, Seen
from inspector.view.coils.pictures import Shown, entry_of

MOST_FRAMES = 16
"""Frames of a defect that are told of; a long one has more."""


class FrameFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A frame that shows the defect."""

    camera: str
    frame: int
    epoch: str
    seq: int
    captured_unix_ns: int | None
    verdict: Verdict
    reason: Reason
    detail: str
    gate_score: float | None
    defects: tuple[Defect, ...]
    """All of the frame."""
    pixels: Mapping[str, int]
    bundle: str | None
    operating_point: str | None
    calibration: str | None
    recipe: str | None
    thresholds: Thresholds | None
    """None: the start that says them is not in the journal any more."""
    archived: Shown | None
    """None: the archive has no picture of it."""


class DefectPage(msgspec.Struct, frozen=True, kw_only=True):
    """A defect and its frames."""

    defect: CoilDefect
    frames: tuple[FrameFacts, ...]
    frames_in_all: int
    notes: tuple[str, ...]


def facts_of(journal: Path, archive: Path | None, facts: DefectFacts) -> DefectPage:
    """Read what journal and archive have of it. An archive that cannot be read costs the pictures only. Raises UserError and MalformedError."""
    notes: list[str] = []
    pictures: dict[int, Shown | None] = {}
    for at, seen in enumerate(facts.frames[:MOST_FRAMES]):
        try:
            pictures[at] = None if archive is None else entry_of(archive, seen.epoch, seen.camera, seen.frame)
        except UserError as error:
            notes.append(str(error))
            break
    with JournalReader(journal) as reader:
        told = [_told(reader, seen, pictures.get(at)) for at, seen in enumerate(facts.frames[:MOST_FRAMES])]
    frames = tuple(one for one in told if one is not None)
    if len(frames) < len(told):
        notes.append("the journal does not hold all of its frames any more")
    return DefectPage(
        defect=facts.defect, frames=frames, frames_in_all=max(len(facts.frames), len(frames)), notes=tuple(notes)
    )


def _told(reader: JournalReader, seen: Seen, archived: Shown | None) -> FrameFacts | None:
    rows = reader.rows(seen.epoch, seen.camera, seen.seq, seen.seq, 1)
    if not rows:
        return None
    packet = rows[0].packet()
    header, body = packet.header, packet.body
    if not isinstance(body, ResultBody) or header.frame != seen.frame:
        return None
    settings = _settings(reader, rows[0], packet)
    return FrameFacts(
        camera=seen.camera,
        frame=seen.frame,
        epoch=seen.epoch,
        seq=seen.seq,
        captured_unix_ns=header.captured_unix_ns,
        verdict=body.verdict,
        reason=body.reason,
        detail=body.detail,
        gate_score=body.gate_score,
        defects=body.defects,
        pixels=body.pixels,
        bundle=header.bundle,
        operating_point=header.operating_point,
        calibration=header.calibration,
        recipe=header.recipe,
        thresholds=None if settings is None else settings.thresholds,
        archived=archived,
    )


def _settings(reader: JournalReader, row: Row, packet: Packet) -> Settings | None:
    """What held for the frame: the last start or change before it with the same thresholds."""
    wanted = packet.header.operating_point
    found = [
        one
        for kind in (MessageType.START, MessageType.CHANGE)
        for one in reader.events(kind, 8, epoch=row.epoch, camera=row.camera, before=row.id)
    ]
    for one in sorted(found, key=lambda each: -each.id):
        told = one.packet()
        if isinstance(told.body, Settings) and wanted in (None, told.header.operating_point):
            return told.body
    return None
