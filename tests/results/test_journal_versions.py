"""Journals of earlier schema versions: read as they are, and continued. The masks of version 2 are not compressed; up to version 3 there are
publications only."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import msgspec
import numpy as np
import pytest

from inspector.config.journal import JournalConfig
from inspector.doctor.finding import Section, State
from inspector.doctor.journal_folder import journal_finding
from inspector.protocol.masks import encode
from inspector.results.identity import Identity
from inspector.results.journal_reader import JournalReader
from inspector.results.journal_schema import SCHEMA_VERSION, open_for_writing
from inspector.results.publication import Publication
from inspector.results.stored_row import Row
from tests.results.publishing import make_identity
from tests.results.recording import make_command
from tests.results.test_journal import make_journal, publications

TABLES_2 = """
CREATE TABLE streams (
    id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, line TEXT NOT NULL, camera TEXT NOT NULL, simulated INTEGER NOT NULL,
    opened_unix_ns INTEGER NOT NULL, UNIQUE (epoch, camera)
);
CREATE TABLE publications (
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, run TEXT, frame INTEGER,
    verdict TEXT, captured_unix_ns INTEGER, published_unix_ns INTEGER NOT NULL, header BLOB NOT NULL, body BLOB NOT NULL, blob BLOB
);
CREATE UNIQUE INDEX publications_seq ON publications (stream, seq);
CREATE INDEX publications_frame ON publications (stream, frame) WHERE frame IS NOT NULL;
CREATE INDEX publications_event ON publications (type, id) WHERE verdict IS NULL;
CREATE INDEX publications_verdict ON publications (verdict, id) WHERE verdict IN ('REJECT', 'SCRAP', 'UNINSPECTED');
CREATE INDEX publications_captured ON publications (captured_unix_ns) WHERE captured_unix_ns IS NOT NULL;
PRAGMA user_version = 2;
"""
MASK = encode(np.random.default_rng(3).integers(0, 4, (40, 100)).astype(np.uint8))
Sent = tuple[int, bytes, bytes, bytes]


def with_masks(identity: Identity, count: int) -> list[Publication]:
    """Publications, some of which have masks of some KiB."""
    made = publications(identity, count)
    return [msgspec.structs.replace(one, blob=MASK) if one.blob and one.seq % 2 else one for one in made]


def write_version_2(path: Path, identity: Identity, sent: list[Publication]) -> None:
    """The file that a program of that version wrote."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(TABLES_2)
        connection.execute(
            "INSERT INTO streams VALUES (1, ?, ?, ?, ?, 0)",
            (identity.epoch, identity.line, identity.cameras[0], identity.simulated),
        )
        connection.executemany(
            "INSERT INTO publications VALUES (NULL, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (p.seq, p.type.value, p.run, p.frame, p.verdict, p.captured_unix_ns, p.published_unix_ns, p.header, p.body, p.blob or None)
                for p in sent
            ],
        )  # fmt: skip


def append(path: Path, identity: Identity, sent: list[Publication]) -> None:
    """Continue the journal, as the next start of the daemon does."""
    journal = make_journal(path, identity)
    journal.open()
    for publication in sent:
        journal.append(publication)
    assert journal.close(5)


def published(sent: list[Publication]) -> list[Sent]:
    return [(one.seq, one.header, one.body, one.blob) for one in sent]


def read(rows: list[Row]) -> list[Sent]:
    return [(one.seq, one.header, one.body, one.blob) for one in rows]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


@pytest.fixture
def old(tmp_path: Path) -> tuple[Path, Identity, list[Publication]]:
    """A journal of version 2 with 700 rows."""
    identity = make_identity()
    sent = with_masks(identity, 700)
    write_version_2(tmp_path / "j.sqlite", identity, sent)
    return tmp_path / "j.sqlite", identity, sent


Old = tuple[Path, Identity, list[Publication]]


def test_a_journal_of_version_2_is_read_without_being_changed(old: Old) -> None:
    path, identity, sent = old
    before = path.read_bytes()
    with JournalReader(path) as reader:
        assert read(list(reader.walk())) == published(sent)
        assert read(reader.tail(5)) == published(sent[-5:])
        assert read(reader.rows(identity.epoch, "cam1", 3, 9)) == published(sent[3:10])
        assert (reader.streams()[0].last_seq, reader.epochs()) == (699, [identity.epoch])
    assert journal_finding(JournalConfig(path=str(path)), Section.LINE).state is State.OK
    assert path.read_bytes() == before
    assert version(path) == 2


def test_a_journal_of_version_2_is_continued(old: Old) -> None:
    path, first, sent = old
    second = make_identity()
    more = with_masks(second, 300)
    append(path, second, more)
    assert version(path) == SCHEMA_VERSION
    with JournalReader(path) as reader:
        assert read(list(reader.walk())) == published(sent + more)
        assert read(reader.rows(first.epoch, "cam1")) == published(sent)
        assert read(reader.rows(second.epoch, "cam1")) == published(more)
    with closing(sqlite3.connect(path)) as connection:
        kept = "SELECT count(blob), count(blob_bytes) FROM publications WHERE stream = ?"
        masks = sum(bool(one.blob) for one in more)
        assert connection.execute(kept, (1,)).fetchone() == (sum(bool(one.blob) for one in sent), 0)
        assert connection.execute(kept, (2,)).fetchone() == (masks, masks)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_starts_that_bring_a_file_up_to_date_at_once_do_not_race(old: Old) -> None:
    path, _, sent = old
    start = threading.Barrier(6)
    opened: list[sqlite3.Connection] = []

    def open_it() -> None:
        start.wait()
        opened.append(open_for_writing(path, 10_000))

    threads = [threading.Thread(target=open_it) for _ in range(start.parties)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connection in opened:
        connection.close()
    assert len(opened) == start.parties
    with JournalReader(path) as reader:
        assert read(list(reader.walk())) == published(sent)


def test_a_start_that_fails_while_it_brings_a_file_up_to_date_leaves_it_as_it_was(old: Old) -> None:
    path, _, sent = old
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_for_writing(path, 10)
    assert version(path) == 2
    with JournalReader(path) as reader:
        assert read(list(reader.walk())) == published(sent)


def test_a_walk_goes_on_over_the_rows_of_a_daemon_that_brings_the_file_up_to_date(old: Old) -> None:
    path, _, sent = old
    identity = make_identity()
    more = with_masks(identity, 300)
    with JournalReader(path) as reader:
        walk = reader.walk()
        rows = [next(walk)]
        append(path, identity, more)
        rows.extend(walk)
        assert read(rows) == published(sent), "the streams are those of the walk's beginning"
        assert read(list(reader.walk())) == published(sent + more)


def test_a_file_brought_up_to_date_between_the_look_at_its_version_and_its_rows(old: Old) -> None:
    path, _, sent = old
    identity = make_identity()
    more = with_masks(identity, 300)
    with JournalReader(path) as reader:

        def daemon(statement: str) -> None:
            if "p.blob" in statement and version(path) == 2:
                append(path, identity, more)

        reader._connection.set_trace_callback(daemon)
        assert read(reader.tail(900)) == published(sent)
        assert version(path) == SCHEMA_VERSION
        reader._connection.set_trace_callback(None)
        assert read(reader.tail(1000)) == published(sent + more)


def test_a_file_without_tables_for_commands_has_none_and_gets_them(old: Old) -> None:
    """Also one of version 3, which differs from version 2 by a column."""
    path, _, sent = old
    for older in (2, 3):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            if older == 3:
                connection.executescript("DROP TABLE commands; DROP TABLE disagreements; DROP TABLE comparisons")
                connection.execute("PRAGMA user_version = 3")
        assert version(path) == older
        with JournalReader(path) as reader:
            assert (reader.commands(), reader.disagreements(), reader.comparisons()) == ([], [], [])
            journal = make_journal(path, make_identity())
            journal.open()
            assert journal.record_command(make_command(older), 5)
            assert journal.close(5)
            assert reader.commands() == [make_command(older)], "the same reader"
            assert read(reader.tail(5)) == published(sent[-5:])
        assert version(path) == SCHEMA_VERSION
