"""What ``find`` asks for: as a condition on rows of the journal and on what is in memory, and how far a search has come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from inspector.frames.outcome import Verdict
from inspector.protocol.messages import MessageType
from inspector.protocol.recovery import Find
from inspector.results.journal_schema import NOT_PASSED
from inspector.results.publication import Publication

_ABOUT_FRAMES = frozenset((MessageType.RESULT, MessageType.GAP, MessageType.LATE))
_CURSOR = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,18})-([0-9a-zA-Z]{1,8}))?")
_EPOCH = 8
"""Characters of the epoch in a cursor."""


class _Gap(msgspec.Struct):
    last: int


_gap_decoder = msgspec.json.Decoder(_Gap)


class Cursor(NamedTuple):
    """How far a search has come."""

    row: int
    """Id of the last row of the journal that was looked at."""
    order: int = -1
    """``Held.order`` of the last publication in memory that was looked at; -1: none."""

    def text(self, epoch: str) -> str:
        """As it is sent."""
        return f"{self.row}-{self.order}-{_brief(epoch)}" if self.order >= 0 else str(self.row)


def read_cursor(text: str | None, epoch: str) -> Cursor | None:
    """The cursor that a client sends back; None for a text that is none. What it says of another epoch's memory does not count."""
    if text is None:
        return Cursor(0)
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    return Cursor(int(found[1]), int(found[2]) if found[3] == _brief(epoch) else -1)


def _brief(epoch: str) -> str:
    return "".join(one for one in epoch if one.isascii() and one.isalnum())[:_EPOCH] or "0"


class Search:
    """The conditions of a request."""

    def __init__(self, ask: Find) -> None:
        self._ask = ask

    @property
    def by_index(self) -> bool:
        """Whether rows are looked up one by one through an index, so that SQLite says where one is missing."""
        return self._ask.verdict not in (None, Verdict.PASS)

    def sql(self, streams: Sequence[int] | None, reached_from: int | None) -> tuple[str, tuple[object, ...]]:
        """A condition on rows of ``streams``, or of all, and its values.

        ``reached_from``: where it is known, the frame of the gap that reaches to the first frame, or the first frame itself. Without, gaps
        may come that ``overlaps`` does not let through."""
        ask = self._ask
        conditions, values = ["p.frame IS NOT NULL"], list[object]()
        if streams is not None:
            # With both ends known, the index by frame is better than the ids; the plus keeps SQLite from it in all other searches.
            plus = "" if reached_from is not None and ask.last_frame is not None else "+"
            conditions.append(f"{plus}p.stream IN ({', '.join(map(str, streams))})")
        if ask.verdict is not None:
            conditions.append(f"p.verdict = '{ask.verdict.value}'")
            conditions += [] if ask.verdict is Verdict.PASS else [NOT_PASSED]
        if ask.first_frame is not None and reached_from is None:
            conditions.append("(p.frame >= ? OR p.type = 'gap')")
            values.append(ask.first_frame)
        for condition, value in (
            ("p.frame >= ?", reached_from),
            ("p.frame <= ?", ask.last_frame),
            ("p.run = ?", ask.run),
            ("p.captured_unix_ns >= ?", ask.since_unix_ns),
            ("p.captured_unix_ns < ?", ask.until_unix_ns),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        return " AND ".join(conditions), tuple(values)

    def overlaps(self, kind: str, frame: int | None, body: bytes) -> bool:
        """Whether a row is about a frame that is not before the first one."""
        first = self._ask.first_frame
        return first is None or (frame is not None and frame >= first) or (kind == "gap" and last_of(body) >= first)

    def matches(self, publication: Publication) -> bool:
        """Whether a publication in memory, of the line and epoch that are asked for, meets the conditions."""
        ask, one = self._ask, publication
        if one.type not in _ABOUT_FRAMES or one.frame is None:
            return False
        captured = one.captured_unix_ns
        return (
            (ask.camera is None or one.camera == ask.camera)
            and (ask.run is None or one.run == ask.run)
            and (ask.verdict is None or one.verdict == ask.verdict.value)
            and (ask.last_frame is None or one.frame <= ask.last_frame)
            and (ask.since_unix_ns is None or (captured is not None and captured >= ask.since_unix_ns))
            and (ask.until_unix_ns is None or (captured is not None and captured < ask.until_unix_ns))
            and self.overlaps(one.type.value, one.frame, one.body)
        )


def last_of(body: bytes) -> int:
    """Last frame of a gap; -1 where the body is damaged."""
    try:
        return _gap_decoder.decode(body).last
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return -1
