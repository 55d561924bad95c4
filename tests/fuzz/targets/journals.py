"""Journals: SQLite files that were damaged, and their rows."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from inspector.config.journal import JournalConfig
from inspector.errors import UserError
from inspector.frames.outcome import Verdict
from inspector.protocol.codec import MalformedError
from inspector.results.journal import Journal
from inspector.results.journal_damage import RowError
from inspector.results.journal_reader import JournalReader
from inspector.results.journal_rows import as_sent, compressed
from tests.fuzz.target import Target, promised, require
from tests.fuzz.targets import scratch
from tests.results.publishing import make_identity
from tests.results.recording import make_command, make_comparison, make_disagreement
from tests.results.test_journal import publications

_PATCH = 12
"""Bytes of a patch: a place in three, and what is written there."""


def patched(data: bytes) -> None:
    """A journal of a line with patches of a few bytes anywhere in it."""
    content = bytearray(_journal())
    for at in range(0, len(data), _PATCH):
        patch = data[at : at + _PATCH]
        place = int.from_bytes(patch[:3], "big") % len(content)
        content[place : place + len(patch) - 3] = patch[3:]
    _read(bytes(content[: len(_journal())]))


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


@functools.cache
def _journal() -> bytes:
    """A small journal with a row in each table, made with pages of 512 bytes."""
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
    """The first page, which has the schema."""
    yield _journal()[:4096]


_TOKENS = (b"SQLite format 3\0", b"\x0d\0", b"\x05\0", b"\xff" * 9, bytes(9), b"\x81" * 9, b"TEXT", b"INTEGER")

TARGETS = (
    Target("journal_patched", patched, patched_seeds, _TOKENS, longest=20 * _PATCH),
    Target("journal_bytes", whole, whole_seeds, _TOKENS, longest=1 << 12),
    Target("journal_mask", row, row_seeds, longest=1 << 9),
)
