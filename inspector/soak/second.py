"""Checks a second subscriber, which is stopped, killed and started again, against the first."""

from __future__ import annotations

from collections import deque

from inspector.client import StreamKey
from inspector.soak.books import Books
from inspector.soak.findings import Findings, Kind

_MOST_MISSED = 1000


class Second:
    """What it says: a line for each publication or range of missed ones."""

    def __init__(self, books: Books, findings: Findings) -> None:
        self.received = self.compared = self.missed = 0
        self.newest: tuple[str, int] = ("", -1)
        """Epoch and number of the last."""
        self._books, self._findings = books, findings
        self._next: dict[str, int] = {}
        self._gone: deque[tuple[StreamKey, int, int, str]] = deque(maxlen=_MOST_MISSED)

    def begin(self) -> None:
        """It was started: it begins anew, with the first number of the running epoch."""
        self._next.clear()

    def take(self, line: str) -> None:
        """A line of its output: EPOCH CAMERA SEQ DIGEST, or EPOCH CAMERA FIRST-LAST WHY."""
        epoch, camera, number, what = line.split()
        due = self._next.get(epoch, 0)
        if "-" in number:
            first, last = map(int, number.split("-"))
            self.missed += last - first + 1
            self._next[epoch] = last + 1
            self._gone.append((StreamKey(self._line(), camera, epoch), first, last, what))
            return
        seq = int(number)
        if seq != due:
            self._findings.broken(Kind.NUMBERS, f"epoch {epoch[:8]}: the second subscriber got {seq}, expected {due}")
        self._next[epoch] = seq + 1
        self.received += 1
        self.newest = epoch, seq
        stream = self._books.streams.get(StreamKey(self._line(), camera, epoch))
        sent = None if stream is None else stream.digests.get(seq)
        if sent is None:
            return
        self.compared += 1
        if sent.hex() != what:
            self._findings.broken(Kind.NUMBERS, f"epoch {epoch[:8]}: {seq} differs between the two subscribers")

    def look(self) -> None:
        """Whether the journal has what was missed."""
        for one in list(self._gone):
            key, first, last, why = one
            stream = self._books.streams.get(key)
            if stream is not None and stream.stored_through >= first:
                self._gone.remove(one)
                text = f"the second subscriber missed {first} to {last} ({why}), and the journal has them"
                self._findings.broken(Kind.RECOVERY, f"epoch {key.epoch[:8]}: {text}")

    def _line(self) -> str:
        return next(iter(self._books.streams)).line if self._books.streams else ""
