"""Compares the journal with what was published, while the daemon writes it."""

from __future__ import annotations

import time
from pathlib import Path

from inspector.errors import UserError
from inspector.results.journal_reader import JournalReader
from inspector.results.stored_row import Row
from inspector.soak.books import Books, Stream, digest
from inspector.soak.findings import Findings, Kind

_PAGE = 500
_PAGES = 20
"""Most pages at a time."""
UNREADABLE_S = 30.0


class Stored:
    """Looks at the journal from time to time."""

    def __init__(self, path: Path, books: Books, findings: Findings) -> None:
        self.rows = self.not_stored = self.lost_at_kill = 0
        """Publications found as they were sent; not stored and marked so; behind the last commit of a daemon that was killed."""
        self.torn = 0
        """Epochs that are over without having said so."""
        self._path, self._books, self._findings = path, books, findings
        self._reader: JournalReader | None = None
        self._unreadable_since: float | None = None
        self._closed: set[str] = set()
        """Epochs that are over and compared."""

    def look(self) -> None:
        """Compare what is there."""
        try:
            if self._reader is None:
                if not self._path.exists():
                    return
                self._reader = JournalReader(self._path)
            current = self._books.current
            for stream in list(self._books.streams.values()):
                if stream.key.epoch in self._closed:
                    continue
                whole = self._compare(self._reader, stream)
                if whole and stream is not current:
                    self._nothing_beyond(self._reader, stream)
                    self.close(stream)
            self._unreadable_since = None
        except UserError as error:
            self._drop()
            now_s = time.monotonic()
            self._unreadable_since = self._unreadable_since or now_s
            if now_s - self._unreadable_since > UNREADABLE_S:
                self._unreadable_since = now_s
                self._findings.broken(Kind.STORED, str(error))

    def close(self, stream: Stream) -> None:
        """Its epoch is over: what the journal does not have now it never will."""
        self._closed.add(stream.key.epoch)
        where = f"epoch {stream.key.epoch[:8]}"
        absent = [seq for seq in range(stream.stored_through + 1, stream.next_seq) if seq in stream.digests]
        kept = [seq for seq in absent if seq not in stream.not_durable]
        if stream.ended and kept:
            text = f"{len(kept)} durable publications from {kept[0]} on are not in the journal"
            self._findings.broken(Kind.STORED, f"{where}: {text}")
        elif not stream.ended:
            self.torn += 1
            self.lost_at_kill += len(kept)
        self.not_stored += len(absent) - len(kept)
        for missed in stream.missed:
            if stream.ended and missed.last_seq > stream.stored_through:
                self._findings.broken(
                    Kind.RECOVERY, f"{where}: {missed.first_seq} to {missed.last_seq} were missed ({missed.why.value})"
                )
        stream.digests.clear()
        stream.not_durable.clear()

    def end(self) -> None:
        """Compare the rest; every daemon has ended."""
        for _ in range(1000):
            before = self.rows
            self.look()
            if self.rows == before:
                break
        current = self._books.current
        if current is not None and current.key.epoch not in self._closed:
            self.close(current)
        self._drop()

    def _drop(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _nothing_beyond(self, reader: JournalReader, stream: Stream) -> None:
        """The subscriber must have been given the end of the epoch too."""
        if beyond := reader.rows(stream.key.epoch, stream.key.camera, stream.next_seq, None, 1):
            text = f"the subscriber was not told of {beyond[0].seq} and what follows, which the journal has"
            self._findings.broken(Kind.RECOVERY, f"epoch {stream.key.epoch[:8]}: {text}")

    def _compare(self, reader: JournalReader, stream: Stream) -> bool:
        """Compare rows that are new; False where there may be more."""
        for _ in range(_PAGES):
            first = stream.stored_through + 1
            rows = reader.rows(stream.key.epoch, stream.key.camera, first, stream.next_seq - 1, _PAGE)
            for row in rows:
                self._row(stream, row)
            if len(rows) < _PAGE:
                return True
        return False

    def _row(self, stream: Stream, row: Row) -> None:
        where = f"epoch {stream.key.epoch[:8]}, number {row.seq}"
        for seq in range(stream.stored_through + 1, row.seq):
            if seq not in stream.not_durable and seq in stream.digests:
                self._findings.broken(Kind.STORED, f"{where}: {seq} was published as durable and is not in the journal")
            self.not_stored += 1
            stream.not_durable.discard(seq)
        stream.stored_through = row.seq
        stream.not_durable.discard(row.seq)
        self.rows += 1
        if any(missed.first_seq <= row.seq <= missed.last_seq for missed in stream.missed):
            self._findings.broken(Kind.RECOVERY, f"{where}: it was missed, and the journal has it")
            return
        sent = stream.digests.get(row.seq)
        if sent is not None and sent != digest(row.header, row.body, row.blob):
            self._findings.broken(Kind.STORED, f"{where}: the journal has other bytes than were published")
