"""Journals: SQLite files that were damaged, and their rows.

``python -m tests.fuzz.targets.journals`` makes the journal anew that is damaged here, after a change of its tables.
"""

from __future__ import annotations

import functools
import logging
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec

from inspector.config.journal import JournalConfig
from inspector.control.remembered import Remembered
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.line.shadow.figures import AlteredRowsError, report
from inspector.protocol import recovery
from inspector.protocol.codec import MalformedError
from inspector.protocol.shadow_report import ClassCounts, SampleCounts, ShadowAnswer
from inspector.results.identity import Identity
from inspector.results.journal import Journal
from inspector.results.journal_damage import RowError
from inspector.results.journal_reader import JournalReader
from inspector.results.journal_rows import as_sent, compressed
from inspector.results.recovery.answers import answer
from inspector.results.recovery.archive import Archive
from inspector.results.recovery.recent import Recent
from inspector.results.recovery.sources import Sources
from tests.fuzz.mutation import json_changed
from tests.fuzz.target import MARK, BrokenPromiseError, Target, joined, parts_of, promised, require, require_readable
from tests.fuzz.targets import scratch
from tests.results.publishing import make_identity
from tests.results.recording import make_command, make_comparison, make_disagreement
from tests.results.test_journal import publications

_PATCH = 12
"""Bytes of a patch: a place in three, and what is written there."""


def patched(data: bytes) -> None:
    """A journal of a line with patches of a few bytes anywhere in it."""
    _read(_with_patches(data))


def _with_patches(data: bytes) -> bytes:
    content = bytearray(_journal())
    for at in range(0, len(data), _PATCH):
        patch = data[at : at + _PATCH]
        place = int.from_bytes(patch[:3], "big") % len(content)
        content[place : place + len(patch) - 3] = patch[3:]
    return bytes(content[: len(_journal())])


def written(data: bytes) -> None:
    """A line that starts with such a journal: it writes into it, trims it, or sets it aside and begins a new one; or it is refused."""
    died: list[str] = []
    before, threading.excepthook = threading.excepthook, lambda died_of: died.append(f"{died_of.exc_value!r}")
    logging.getLogger("inspector").addHandler(_LOGGED)
    logging.getLogger("inspector").propagate = False
    try:
        with scratch.empty("journal-written") as folder:
            path = folder / "j.sqlite"
            path.write_bytes(_with_patches(data))
            with promised(UserError):
                _write(path, make_identity(epoch="1" * 8))
    finally:
        threading.excepthook = before
        logging.getLogger("inspector").removeHandler(_LOGGED)
        logging.getLogger("inspector").propagate = True
    require(not died, f"the thread of the journal died: {died}")


def _write(path: Path, identity: Identity) -> None:
    journal = Journal(JournalConfig(path=str(path), keep_days=1e-9, retry_ms=10, retention_interval_s=1e-3), identity)
    journal.open()
    try:
        for publication in publications(identity, 4):
            journal.append(publication)
        journal.record_command(make_command(), 0.2)
    finally:
        closed = journal.close(5)
        require(journal.condition().text.isprintable(), "a condition that steers a terminal")
    require(closed or journal.trouble(), "a journal that is not closed, and no trouble told")


_ASKED: tuple[recovery.Ask, ...] = (
    recovery.Get(line="line1", camera="cam1", epoch="0" * 8, first=0, last=99),
    recovery.Get(line="line1", camera="cam1", epoch="0" * 8, first=3, last=4),
    recovery.Find(),
    recovery.Find(line="line1", run="coil-7", first_frame=1, last_frame=5),
    recovery.Find(verdict=Verdict.REJECT, limit=2),
    recovery.Find(since_unix_ns=1, until_unix_ns=2**62),
    recovery.Streams(),
)
_MOST_STEPS, _MOST_PAGES = 5000, 40


def recovered(data: bytes) -> None:
    """A line whose journal is damaged so is asked for what was missed: every request has an answer in some steps, and every search an end."""
    path = scratch.put("journal-recovery/j.sqlite", _with_patches(data))
    archive = Archive(path)
    try:
        sources = Sources(make_identity(epoch="1" * 8), Recent(["cam1"], 1 << 20), archive, 1)
        for ask in _ASKED:
            for _ in range(_MOST_PAGES):
                reply = _answered(sources, ask)
                if not isinstance(reply.next, str) or isinstance(ask, recovery.Get):
                    break
                ask = msgspec.structs.replace(ask, after=reply.next)
            else:
                raise BrokenPromiseError("a search that does not end")
    finally:
        archive.close()


def _answered(sources: Sources, ask: recovery.Ask) -> recovery.Reply:
    steps = answer(sources, recovery.Request(id="a", do=ask))
    for _ in range(_MOST_STEPS):
        try:
            next(steps)
        except StopIteration as end:
            found = recovery.decode_answer(recovery.encode_answer(end.value))
            if found.reply.text:
                require_readable(found.reply.text)
            return found.reply
    raise BrokenPromiseError("an answer that does not end")


class _Logged(logging.Handler):
    """What is logged is one printable line."""

    def emit(self, record: logging.LogRecord) -> None:
        require_readable(record.getMessage())


_LOGGED = _Logged()


def whole(data: bytes) -> None:
    """Any bytes as a journal."""
    _read(data)


def _read(data: bytes) -> None:
    """Everything that a reader does with it."""
    for end in ("-wal", "-shm"):
        scratch.put(f"journal/j.sqlite{end}", b"").unlink()
    path = scratch.put("journal/j.sqlite", data)
    with promised(UserError), JournalReader(path) as reader:
        streams = []
        with promised(UserError):
            streams = reader.streams()
        for stream in streams[:4]:
            with promised(UserError):
                reader.rows(stream.epoch, stream.camera, limit=100)
        with promised(UserError):
            for row in reader.walk(verdicts_only=True):
                with promised(MalformedError):
                    row.packet()
        with promised(UserError):
            list(reader.walk(run="coil-7", verdict=Verdict.REJECT))
        with promised(UserError):
            reader.tail(10)
        with promised(UserError, MalformedError):
            reader.last_frame("line1", "cam1")
        for read in (reader.commands, reader.disagreements, reader.comparisons):
            with promised(UserError):
                read(5)


def row(data: bytes) -> None:
    """The columns of a mask: a size, and what is stored of it."""
    size, stored = int.from_bytes(data[:3], "big"), data[3:]
    with promised(RowError):
        blob = as_sent(stored, size)
        require(len(blob) == size, "a mask of another size")
        kept, kept_size = compressed(blob)
        require(kept is not None and as_sent(kept, kept_size) == blob, "a mask that comes back as another one")


def row_seeds() -> Iterator[bytes]:
    """A compressed mask."""
    blob = b"\x05\0\0\0\x01\0\0\0" * 40
    kept, size = compressed(blob)
    assert kept is not None
    assert size is not None
    yield size.to_bytes(3, "big") + kept


_COUNTS = ("started_unix_ns", "compared", "agreed")


def shadow(data: bytes) -> None:
    """What the journal holds of a shadow: the counts, three columns of JSON, and two answers."""
    counts, pairs, classes, sample, active, other = (*parts_of(data, 6), b"", b"", b"", b"", b"")[:6]
    numbers = {key: int.from_bytes(counts[8 * at : 8 * at + 8], "big", signed=True) for at, key in enumerate(_COUNTS)}
    comparison = msgspec.structs.replace(make_comparison(), pairs=pairs, classes=classes, sample=sample, **numbers)
    disagreement = make_disagreement(captured_unix_ns=2**63 - 1, shadow_bundle=comparison.shadow_bundle)
    disagreement = msgspec.structs.replace(
        disagreement, active_bundle=comparison.active_bundle, active=active, shadow=other
    )
    with promised(AlteredRowsError):
        made = report([comparison], [disagreement], state="ended")
        msgspec.json.encode(made)


def shadow_seeds() -> Iterator[bytes]:
    """As a line stores it."""
    answer = ShadowAnswer(
        bundle="b", operating_point="o", verdict="REJECT", reason="defect", gate_score=0.9, defects={"scratches": 2}
    )
    yield joined(
        b"".join(number.to_bytes(8, "big") for number in (1_800_000_000_000_000_000, 100, 98)),
        b'{"PASS":{"REJECT":2,"PASS":98}}',
        msgspec.json.encode(
            {
                "scratches": ClassCounts(
                    active=1, shadow=3, both=1, active_px=10, shadow_px=30, smaller_px=9, larger_px=31
                )
            }
        ),
        msgspec.json.encode(
            SampleCounts(share=0.5, frames=200, chosen=100, skipped={"no_slot": 1}, gate={"active": 1})
        ),
        msgspec.json.encode(answer),
        msgspec.json.encode(msgspec.structs.replace(answer, verdict="PASS")),
    )


def command(data: bytes) -> None:
    """The answer to a command, as the journal remembers it over a restart."""
    outcome, answer = (*parts_of(data, 2), b"")[:2]
    Remembered([make_command(outcome=outcome.decode("utf-8", "replace"), answer=answer)])


def command_seeds() -> Iterator[bytes]:
    """A command that was done."""
    yield joined(b"done", b'{"code":"done","text":"","result":{"run":"coil-7"}}')


_FILE = Path(__file__).with_name("journal.z")
"""A small journal, always the same, so that a patch means the same; compressed."""


@functools.cache
def _journal() -> bytes:
    return zlib.decompress(_FILE.read_bytes())


def make() -> bytes:
    """A journal with a row in each table and pages of 512 bytes."""
    path = scratch.folder("journal-seed") / "j.sqlite"
    identity = make_identity(epoch="0" * 8)
    journal = Journal(JournalConfig(path=str(path)), identity)
    journal.open()
    for publication in publications(identity, 8):
        journal.append(publication)
    assert journal.record_command(make_command(), 5)
    journal.record_shadow(make_disagreement())
    journal.record_shadow(make_comparison())
    assert journal.close(10)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 512")
        connection.execute("VACUUM")
    return path.read_bytes()


def patched_seeds() -> Iterator[bytes]:
    """No patch, and patches of the header and of rows."""
    content = _journal()
    yield (0).to_bytes(3, "big") + content[:9]
    for word in (b"coil-7", b"REJECT", b'"seq":3', b"CREATE TABLE"):
        at = content.find(word)
        yield at.to_bytes(3, "big") + content[at : at + _PATCH - 3]


def whole_seeds() -> Iterator[bytes]:
    """All of one, and its first pages, which have the schema."""
    yield _journal()
    yield _journal()[:4096]


_TOKENS = (b"SQLite format 3\0", b"\x0d\0", b"\x05\0", b"\xff" * 9, bytes(9), b"\x81" * 9, b"TEXT", b"INTEGER")

TARGETS = (
    Target("journal_patched", patched, patched_seeds, _TOKENS, longest=20 * _PATCH),
    Target("journal_written", written, patched_seeds, _TOKENS, longest=20 * _PATCH),
    Target("journal_recovered", recovered, patched_seeds, _TOKENS, longest=20 * _PATCH),
    Target("journal_bytes", whole, whole_seeds, _TOKENS, longest=1 << 15),
    Target("journal_mask", row, row_seeds, longest=1 << 9),
    Target(
        "shadow_rows",
        shadow,
        shadow_seeds,
        (MARK, b'"PASS":', b'"SCRAP":', b"null", b"{}"),
        json_changed,
        longest=1 << 11,
    ),
    Target("command_answer", command, command_seeds, (MARK, b"null", b"[" * 1500), json_changed, longest=1 << 11),
)


if __name__ == "__main__":
    _FILE.write_bytes(zlib.compress(make(), 9))
