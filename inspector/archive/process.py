"""The encoder process: copies the pixels of frames out of the ring, encodes them, and writes them through the ``Store``.

The reader thread copies, so that slots are free again whatever the disk does; the main thread encodes and writes. When the line has ended, the
process exits at once: what is half written the next start mends.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from engines.errors import FileError
from inspector.archive.entry import Evidence
from inspector.archive.messages import (
    Archived,
    ClassStanding,
    Copied,
    EncoderSettings,
    FromEncoder,
    Keep,
    NotArchived,
    Opened,
    Standing,
    Stop,
    ToEncoder,
    Unusable,
)
from inspector.archive.pictures import mask_picture, picture, thumbnail
from inspector.archive.quota import Quota
from inspector.archive.store import NoRoomError, Store
from inspector.config.archive import ArchiveConfig
from inspector.errors import UserError
from inspector.frames.channel import Channel, ClosedError
from inspector.frames.planes import SharedPlanes
from inspector.frames.spawned_process import ignore_signals
from inspector.protocol.masks import decode

MIB = 1 << 20
STANDING_EVERY_S = 2.0
REST_S = 1.0
"""After the disk has refused a frame, those of the next second are not tried."""
_LONGEST = 2000
"""Characters of a reason."""


class _Job(NamedTuple):
    keep: Keep
    pixels: NDArray[np.uint8]


class _Line:
    """The line, as this process talks to it. Any thread may tell it something."""

    def __init__(self, end: socket.socket) -> None:
        self.channel: Channel[ToEncoder] = Channel(end, ToEncoder)
        self._lock = threading.Lock()

    def tell(self, message: FromEncoder) -> None:
        """Send it."""
        with self._lock:
            self.channel.send(message)


def main(
    end: socket.socket,
    frames: SharedPlanes,
    settings: EncoderSettings,
    in_reader: Callable[[Callable[[], None]], None],
) -> None:
    """Serve the line until it says stop; ``end`` is this process's end of the channel to it, ``in_reader`` runs something in the reader
    thread. Called by ``spawned``."""
    ignore_signals()
    cv2.setNumThreads(1)
    line = _Line(end)
    jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
    in_reader(partial(_read, line, frames, jobs))
    with contextlib.closing(line.channel):
        try:
            with Store(Path(settings.archive.path or ""), quota_of(settings.archive)) as store:
                _serve(line, store, settings.archive, jobs)
        except UserError as error:
            line.tell(Unusable(str(error)[:_LONGEST]))
        except Exception as error:
            line.tell(Unusable(f"{type(error).__name__}: {error}"[:_LONGEST], traceback.format_exc()[-8 * _LONGEST :]))


def quota_of(config: ArchiveConfig) -> Quota:
    """The limits of the archive as they are configured."""
    return Quota(
        total_bytes=config.quota_mib * MIB,
        class_bytes={one: config.kept(one.value).quota_mib * MIB for one in Evidence},
        least_free_bytes=config.free_mib * MIB,
    )


def _read(line: _Line, frames: SharedPlanes, jobs: queue.SimpleQueue[_Job | None]) -> None:
    """Copy the pixels of each frame that the line names, and queue it."""
    decoder = msgspec.msgpack.Decoder(Keep)
    parts: list[bytes] = []
    try:
        while (message := line.channel.receive()) is not None:
            if isinstance(message, Stop):
                jobs.put(None)
                return
            parts.append(message.data)
            if message.last:
                keep = decoder.decode(b"".join(parts))
                parts.clear()
                pixels = _copied(frames, keep)
                line.tell(Copied(keep.number))
                jobs.put(_Job(keep, pixels))
    except ClosedError:
        os._exit(1)
    except Exception as error:
        line.tell(Unusable(f"{type(error).__name__}: {error}"[:_LONGEST], traceback.format_exc()[-8 * _LONGEST :]))
        os._exit(1)


def _copied(frames: SharedPlanes, keep: Keep) -> NDArray[np.uint8]:
    """What is kept of the frame, uint8 [H, W], a copy."""
    if keep.layout is None:
        whole = frames.view((keep.slot, 0), keep.size)
    else:
        whole = keep.layout.frame(frames.array[keep.slot])
    return _cut(whole, keep).copy()


def _cut(whole: NDArray[np.uint8], keep: Keep) -> NDArray[np.uint8]:
    if keep.facts.box_px is None:
        return whole
    x, y, width, height = keep.facts.box_px
    return whole[y : y + height, x : x + width]


def _serve(line: _Line, store: Store, config: ArchiveConfig, jobs: queue.SimpleQueue[_Job | None]) -> None:
    line.tell(Opened(store.mended.in_words()))
    told_s = 0.0
    rest_until_s = 0.0
    refusal: NotArchived | None = None
    while True:
        if time.monotonic() - told_s > STANDING_EVERY_S:
            with contextlib.suppress(FileError):
                line.tell(_standing(store))
            told_s = time.monotonic()
        try:
            job = jobs.get(timeout=STANDING_EVERY_S)
        except queue.Empty:
            continue
        if job is None:
            return
        if refusal is not None and time.monotonic() < rest_until_s:
            line.tell(msgspec.structs.replace(refusal, number=job.keep.number))
            continue
        answer = _archived(store, config, job)
        if isinstance(answer, NotArchived) and answer.rests:
            rest_until_s, refusal = time.monotonic() + REST_S, answer
        line.tell(answer)
        del job


def _archived(store: Store, config: ArchiveConfig, job: _Job) -> Archived | NotArchived:
    """Encode a frame and write it."""
    keep, pixels = job
    facts = keep.facts
    try:
        mask = None
        if keep.mask is not None:
            mask = mask_picture(_cut(decode(keep.mask, *keep.size), keep))
        image = picture(pixels, facts.format, keep.quality)
        store.add(facts, image, mask, thumbnail(pixels, config.thumbnail_px))
    except NoRoomError as error:
        return NotArchived(keep.number, str(error)[:_LONGEST], full=True, rests=False)
    except FileError as error:
        return NotArchived(keep.number, str(error)[:_LONGEST], full="is full" in str(error), rests=True)
    except ValueError as error:
        return NotArchived(keep.number, str(error)[:_LONGEST], full=False, rests=False)
    return Archived(keep.number)


def _standing(store: Store) -> Standing:
    """Raises FileError."""
    totals = store.totals()
    classes = {
        one.value: ClassStanding(total.entries, total.bytes, store.days_until_full(one) if total.entries else None)
        for one, total in totals.items()
    }
    return Standing(classes, store.days_until_full())
