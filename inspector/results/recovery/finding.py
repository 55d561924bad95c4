"""``find``: publications that meet conditions, in the order of publication, from the journal and then from memory; so what the journal did not
take comes last.

The journal is looked through by ranges of row ids, each small enough to take some milliseconds, so that a condition that hardly
a row meets costs many small steps, and several requests, but never a long one.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import NamedTuple

from inspector.protocol.recovery import Find, Parts
from inspector.results.recovery.archive import Archive, Damaged, Page, StreamName
from inspector.results.recovery.recent import Held
from inspector.results.recovery.search import Cursor, Search, last_of, read_cursor
from inspector.results.recovery.sources import Filling, Refused, Sources, parts_of

_ROWS = 50
"""Read in one step."""
_IDS = 2_000, 500, 1_000_000
"""Row ids that are looked through in one step: the first time, fewest and most."""
_STEP_S = 0.004, 0.016
"""A step that takes less is made longer, one that takes more shorter."""
_LONGEST_S = 0.1
"""Work for one reply; then it ends with a cursor."""


class Sought(NamedTuple):
    """A page of what was found."""

    publications: tuple[Parts, ...]
    next: str | None
    text: str


class _InMemory(NamedTuple):
    """What is in memory and not in the journal."""

    held: list[Held]
    stored: dict[str, int]
    """Last number in the journal, by camera."""


def find(sources: Sources, ask: Find) -> Generator[int, None, Sought]:
    """The answer; each step yields how many publications it has found. Raises Refused, Unavailable and Damaged."""
    cursor = read_cursor(ask.after, sources.identity.epoch)
    if cursor is None:
        raise Refused("`after` is no cursor of `find`")
    finding = _Finding(sources, ask, cursor)
    if sources.archive is None:
        finding.in_memory = _InMemory(sources.recent.all(), {})
    else:
        yield 0
        while finding.in_memory is None and not finding.ended:
            yield finding.step(sources.archive)
    if not finding.ended:
        yield finding.from_memory()
    return finding.sought()


class _Finding:
    """An answer that is being worked out: every row of the journal up to ``cursor`` is in it."""

    def __init__(self, sources: Sources, ask: Find, cursor: Cursor) -> None:
        identity = sources.identity
        self._sources = sources
        self._ask = ask
        self._search = Search(ask)
        self._cursor = cursor
        self._own = ask.line in (None, identity.line) and ask.epoch in (None, identity.epoch)
        self._filling = Filling(ask.limit)
        self._ids, self._fewest, self._most = _IDS
        self._rows = _ROWS
        self._spent_s = 0.0
        self._text = ""
        self._near_end = False
        """Whether the last step has come to the journal's end."""
        self.in_memory: _InMemory | None = None
        """Set once the journal was looked through to its end."""
        self.ended = False
        """Whether the reply ends before the search does."""

    def step(self, archive: Archive) -> int:
        """Look through some rows of the journal; return how many are found."""
        began_s = time.monotonic()
        before = len(self._filling.parts)
        # First memory, then the journal: what memory lets go of in between is in the journal by then.
        held = self._sources.recent.all() if self._own and self._near_end else []
        try:
            with archive.at_one_moment():
                through, at_end, page = self._look(archive)
                stored = self._stored(archive) if at_end and not page.more else {}
        except Damaged as error:
            if self._rows > 1:
                self._rows = 1  # what is before the damage can be read row by row
                return 0
            if not self._filling.parts:
                raise
            self._text, self.ended = str(error), True
            return 0
        for row in page.rows:
            if self._search.overlaps(row.type, row.frame, row.parts.body) and not self._filling.add(row.parts):
                self.ended = True
                break
            self._cursor = self._cursor._replace(row=row.id)
        else:
            if not page.more:
                self._cursor = self._cursor._replace(row=max(through, self._cursor.row))
                if at_end and (self._near_end or not self._own):
                    self.in_memory = _InMemory(held, stored)
                self._near_end = at_end
        took_s = time.monotonic() - began_s
        self._spent_s += took_s
        if took_s < _STEP_S[0]:
            self._ids = min(self._most, 2 * self._ids)
        elif took_s > _STEP_S[1]:
            self._ids = max(self._fewest, self._ids // 2)
        if self.in_memory is None and self._spent_s > _LONGEST_S:
            self.ended = True
        return len(self._filling.parts) - before

    def from_memory(self) -> int:
        """Look through what the journal has not stored; return how many are found."""
        assert self.in_memory is not None, "the journal comes first"
        before = len(self._filling.parts)
        for held in self.in_memory.held if self._own else ():
            one = held.publication
            # What the journal did not take never comes into it, whatever it has stored since.
            stored = held.ticket is not None and one.seq <= self.in_memory.stored.get(one.camera, -1)
            if held.order > self._cursor.order and not stored:
                if self._search.matches(one) and not self._filling.add(parts_of(one)):
                    self.ended = True
                    break
                self._cursor = self._cursor._replace(order=held.order)
        return len(self._filling.parts) - before

    def sought(self) -> Sought:
        """The answer."""
        next_ = self._cursor.text(self._sources.identity.epoch) if self.ended else None
        return Sought(tuple(self._filling.parts), next_, self._text)

    def _look(self, archive: Archive) -> tuple[int, bool, Page]:
        """The last row id that was looked at, whether it is the last one to look at, and what was found."""
        ask, after = self._ask, self._cursor.row
        ends = archive.ids()
        if after > (ends[1] if ends else 0):
            raise Refused(
                "`after` is a cursor of another journal than the one that is written now; begin again without it"
            )
        rows = archive.streams(line=ask.line, camera=ask.camera, epoch=ask.epoch)
        every = ask.line is None and ask.camera is None and ask.epoch is None
        only = rows[0].name if len(rows) == 1 else None
        if only is not None:
            ends = archive.ids(only)
        if ends is None or not rows:
            return after, True, Page([], False)
        after = max(after, ends[0] - 1)
        through = min(after + self._ids, ends[1])
        condition, values = self._search.sql(
            None if every else [row.id for row in rows], self._reached_from(archive, only)
        )
        page = archive.page(
            f"p.id > ? AND p.id <= ? AND {condition}",
            (after, through, *values),
            # One more than there are places for, so that the reply ends where there is more, and not before.
            min(self._rows, self._filling.places + 1),
            self._filling.room,
        )
        if not self._search.by_index:
            to_end = not page.more and only is None and through == ends[1]
            archive.check(after, page.rows[-1].id if page.more else through, to_end=to_end)
        return through, through == ends[1], page

    def _reached_from(self, archive: Archive, only: StreamName | None) -> int | None:
        first = self._ask.first_frame
        if only is None or first is None:
            return None
        gap = archive.gap_over(only, first)
        return gap[0] if gap is not None and last_of(gap[1]) >= first else first

    def _stored(self, archive: Archive) -> dict[str, int]:
        """The last number in the journal of each stream of this epoch."""
        if not self._own:
            return {}
        identity = self._sources.identity
        stored = {}
        for camera in identity.streams:
            ends = archive.ends(StreamName(identity.line, camera, identity.epoch))
            if ends is not None:
                stored[camera] = ends[1]
        return stored
