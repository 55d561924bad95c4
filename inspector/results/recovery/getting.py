"""``get``: publications of one stream by their numbers, from memory and from the journal."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from inspector.protocol.recovery import Get, Parts
from inspector.results.recovery.archive import Archive, Damaged, StreamName, Unavailable
from inspector.results.recovery.sources import Filling, Refused, Sources, parts_of

_STEP = 50
"""Numbers that are looked at in one step."""
_MOST_BLIND = 100
"""Steps without a find that one reply may hold where the index is damaged, which then does not say where to go on."""


class Got(NamedTuple):
    """What was found of a range."""

    publications: tuple[Parts, ...]
    next: int | None
    absent: tuple[tuple[int, int], ...]
    oldest_available: int | None
    newest: int
    text: str


def get(sources: Sources, ask: Get) -> Generator[int, None, Got]:
    """The answer; each step yields how many publications it has found. Raises Refused, Unavailable and Damaged."""
    getting = _Getting(sources, ask)
    yield 0
    while getting.at <= getting.end and getting.next is None:
        yield getting.step()
    return getting.got()


class _Getting:
    """An answer that is being worked out: every number before ``at`` is in it."""

    def __init__(self, sources: Sources, ask: Get) -> None:
        identity = sources.identity
        self._ask = ask
        self._stream = StreamName(ask.line, ask.camera, ask.epoch)
        self._archive = sources.archive
        own = (ask.line, ask.epoch) == (identity.line, identity.epoch)
        newest = sources.recent.newest(ask.camera) if own else None
        self._recent = None if newest is None else sources.recent
        ends = self._ends_before() if newest is None else None
        self._oldest = ends[0] if ends else None
        self._newest = newest if newest is not None else ends[1] if ends else -1
        self._filling = Filling()
        self._absent: list[tuple[int, int]] = []
        self._text = ""
        self._blind = 0
        """Steps without a find over what is damaged."""
        self.at = ask.first
        self.end = min(ask.last, self._newest)
        self.next: int | None = None
        """Where the reply ends before the range does."""

    def step(self) -> int:
        """Look at some numbers; return how many of them are found."""
        through = min(self.end, self.at + _STEP - 1)
        # First memory, then the journal: what memory lets go of in between is in the journal by then.
        held = {} if self._recent is None else self._recent.held(self._ask.camera, self.at, through)
        rows: dict[int, Parts] = {}
        missing = [seq for seq in range(self.at, through + 1) if seq not in held]
        if missing and self._archive is not None:
            try:
                rows, through = self._read(self._archive, missing, through)
            except Unavailable as error:
                if missing[0] == self._ask.first:
                    raise
                self._text, self.next, through = str(error), missing[0], missing[0] - 1
        found = len(self._filling.parts)
        for seq in range(self.at, through + 1):
            parts = parts_of(held[seq]) if seq in held else rows.get(seq)
            if parts is None:
                self._gone(seq, seq)
            elif not self._filling.add(parts):
                self.next = seq
                break
        self.at = through + 1
        found = len(self._filling.parts) - found
        if not found and self.next is None and self.at <= self.end:
            self._leap()
        return found

    def got(self) -> Got:
        """The answer."""
        return Got(
            tuple(self._filling.parts), self.next, tuple(self._absent), self._oldest_now(), self._newest, self._text
        )

    def _read(self, archive: Archive, missing: list[int], through: int) -> tuple[dict[int, Parts], int]:
        """What the journal holds of these numbers, and the last number up to which all are known."""
        try:
            span = archive.span(self._stream, missing[0], missing[-1], self._filling.room)
        except Damaged as error:
            return self._read_singly(archive, missing, through, error)
        return span.rows, through if span.through == missing[-1] else span.through

    def _read_singly(
        self, archive: Archive, missing: list[int], through: int, error: Damaged
    ) -> tuple[dict[int, Parts], int]:
        """Around what is damaged. What cannot be read counts as absent, and the text of the reply says so."""
        rows: dict[int, Parts] = {}
        size = 0
        for seq in missing:
            try:
                rows.update(archive.span(self._stream, seq, seq, 0).rows)
            except Damaged:
                self._text = f"{error}: some of these numbers cannot be read any more"
            size += sum(map(len, rows.get(seq, ())))
            if size > self._filling.room:
                return rows, seq
        return rows, through

    def _leap(self) -> None:
        """Over numbers that are gone, to the next one that is there; where the index does not say which that is, step by step."""
        there = [] if self._recent is None else [self._recent.next_from(self._ask.camera, self.at)]
        if self._archive is not None:
            try:
                there.append(self._archive.next_from(self._stream, self.at))
            except Unavailable as error:
                self._text, self.next = str(error), self.at
                return
            except Damaged as error:
                self._text = f"{error}: some of these numbers cannot be read any more"
                self._blind += 1
                if self._blind >= _MOST_BLIND:
                    self.next = self.at
                return
        to = min((seq for seq in there if seq is not None), default=self.end + 1)
        to = min(to, self.end + 1)
        if to > self.at:
            self._gone(self.at, to - 1)
            self.at = to

    def _gone(self, first: int, last: int) -> None:
        if self._absent and self._absent[-1][1] == first - 1:
            first = self._absent.pop()[0]
        self._absent.append((first, last))

    def _ends_before(self) -> tuple[int, int] | None:
        """The ends of a stream of an earlier epoch. Raises Refused where it is not known."""
        if self._archive is not None:
            if ends := self._archive.ends(self._stream):
                return ends
            if self._archive.streams(**self._stream._asdict()):
                return None
        line, camera, epoch = self._stream
        raise Refused(f"no stream of line {line}, camera {camera}, epoch {epoch} is known here; ask for `streams`")

    def _oldest_now(self) -> int | None:
        """The oldest number that may be had now, as far as that can be told."""
        if self._recent is None:
            return self._oldest
        there = [self._recent.next_from(self._ask.camera, 0)]
        if self._archive is not None:
            try:
                there.append(self._archive.next_from(self._stream, 0))
            except (Unavailable, Damaged):
                return None
        return min((seq for seq in there if seq is not None), default=None)
