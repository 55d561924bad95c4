"""Counts what is new in a journal, in a process of its own (``worker.py``).

Its messages: ``k`` what was counted since the last one (MessagePack), several times, so that work that is given up is not lost; and ``t``, at the end, why the
journal could not be read further.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from engines.errors import FileError
from inspector.errors import UserError
from inspector.results.brief_rows import BriefReader, BriefStream
from inspector.results.journal_reader import UnreadableError
from inspector.view.review.dismissed import Frames, dismissed
from inspector.view.trends.buckets import Day
from inspector.view.trends.reading import DAY_NS, MOST_DAYS, Journal, Known, Last, Reading, call_of, frame_key
from inspector.view.worker import PROGRESS, Progress, Tell, run_worker

KNOWN, UNREAD = b"k", b"t"
_TELL_EVERY_S = 0.2
_GIVE_EVERY_S = 3.0


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be counted."""

    journal: str
    line: str
    archive: str | None
    """Whose reviews say which calls are dismissed."""
    known: bytes
    """What is known already, as ``Known`` in MessagePack; empty: nothing."""
    now_ns: int


class Found(msgspec.Struct, kw_only=True):
    """What was counted."""

    known: Known
    days: dict[int, Day]
    """To be added to what was counted before, by number of the day since 1970."""


def main() -> None:
    """Entry point of the process."""
    run_worker(Job, count)


def count(job: Job, tell: Tell) -> None:
    """Do the job. Raises UserError where the journal cannot be read at all."""
    known = msgspec.msgpack.decode(job.known, type=Known) if job.known else Known()
    unread = ""
    with BriefReader(Path(job.journal)) as reader:
        reading = Reading(known, job.line, Journal(reader.streams, reader.header), job.now_ns)
        try:
            _read(reader, reading, Path(job.journal), tell)
            _review(known, reader, job)
        except UnreadableError as error:
            unread = str(error)
    known.events.forget((job.now_ns - MOST_DAYS * DAY_NS) // 10**6)
    _give(reading, tell)
    if unread:
        tell(UNREAD, unread.encode())


def settle(known: Known, reader: BriefReader, line: str, frames: Frames) -> None:
    """Look up what was said of frames that review has dismissed; those that were looked up before are not again. Raises UnreadableError."""
    numbers = {(one.epoch, one.camera): number for number, one in reader.streams().items() if one.line == line}
    before, known.dismissed, known.unfound = known.dismissed, {}, 0
    for epoch, camera, frame in frames:
        key = frame_key(epoch, camera, frame)
        call = before.get(key)
        number = numbers.get((epoch, camera))
        if call is None and number is not None:
            row = reader.verdict_of(number, frame)
            if row is not None and known.last is not None and row[0] <= known.last.id:
                call = call_of(row, camera)
        if call is not None:
            known.dismissed[key] = call
        else:
            known.unfound += 1


def _review(known: Known, reader: BriefReader, job: Job) -> None:
    known.unreviewed = ""
    if job.archive is None:
        return
    try:
        frames = dismissed(Path(job.archive))
    except (UserError, FileError) as error:
        known.unreviewed = str(error)  # what was dismissed before stays so
    else:
        settle(known, reader, job.line, frames)


def _read(reader: BriefReader, reading: Reading, path: Path, tell: Tell) -> None:
    known = reading.known
    streams = reader.streams()
    inode = os.stat(path).st_ino
    begin, last = reader.span()
    after = _after(reader, streams, known, begin, inode)
    known.inode = inode
    told_s = given_s = time.monotonic()
    for page in reader.pages(after, last):
        reading.feed(page.rows)
        if page.rows:
            id_, number, seq, *_ = page.rows[-1]
            if number not in streams:
                streams = reader.streams()
            known.last = Last(id_, _name(streams.get(number)), seq)
        now_s = time.monotonic()
        if now_s - told_s > _TELL_EVERY_S:
            tell(PROGRESS, msgspec.json.encode(Progress(done=page.through - after, of=last - after)))
            told_s = now_s
        if now_s - given_s > _GIVE_EVERY_S:
            _give(reading, tell)
            given_s = now_s


def _after(reader: BriefReader, streams: dict[int, BriefStream], known: Known, begin: int, inode: int) -> int:
    """The row behind which reading goes on. Where the journal is another one, all of it is read; what is counted already is left out."""
    last = known.last
    if last is None:
        return begin
    row = reader.row(last.id)
    if row is not None and (_name(streams.get(row[1])), row[2]) == (last.stream, last.seq):
        return max(begin, last.id)
    if row is None and begin >= last.id and inode == known.inode:
        return begin  # old rows were deleted, also some that were not read
    known.events.mark(known.last_ns // 10**6, "journal", "another journal took the place of the one before")
    known.last = None
    return begin


def _name(stream: BriefStream | None) -> str:
    return "" if stream is None else f"{stream.epoch} {stream.camera}"


def _give(reading: Reading, tell: Tell) -> None:
    days = reading.take()
    tell(KNOWN, msgspec.msgpack.encode(Found(known=reading.known, days=days)))


if __name__ == "__main__":
    main()
