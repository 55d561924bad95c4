"""Whether a journal of results is whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from inspector.client.completeness import Completeness
from inspector.client.events import StreamKey
from inspector.protocol.messages import GapBody, ResultBody
from inspector.results.journal_reader import JournalReader


@dataclass(frozen=True)
class Journal:
    """What a journal has of its last epoch."""

    frames: int
    twice: int
    """Frames with more than one verdict."""
    absent: int
    """Frames without one, below the last that has."""
    proven: bool
    """Whether no publication is missing, and the totals in `end` agree."""


def read_journal(path: Path) -> Journal:
    """Count what a journal has of its last epoch, which has one camera."""
    with JournalReader(path) as reader:
        stream = reader.streams()[-1]
        books = Completeness(StreamKey(stream.line, stream.camera, stream.epoch))
        frames: list[int] = []
        for row in reader.walk(epoch=stream.epoch):
            packet = row.packet()
            books.take(packet)
            if isinstance(packet.body, ResultBody):
                assert packet.header.frame is not None
                frames.append(packet.header.frame)
            elif isinstance(packet.body, GapBody):
                frames.extend(range(packet.body.first, packet.body.last + 1))
    different = set(frames)
    return Journal(len(different), len(frames) - len(different), max(different) + 1 - len(different), books.proven)
