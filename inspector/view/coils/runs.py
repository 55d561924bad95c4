"""The runs that a journal holds, found by the messages that say where they begin and end: by an index, however many results there are."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from inspector.frames.outcome import Verdict
from inspector.frames.sheet import SHEET
from inspector.protocol.codec import MalformedError, decode_header
from inspector.protocol.messages import EndBody, MessageType
from inspector.results.journal_reader import JournalReader
from inspector.results.stored_row import Row

MOST_RUNS = 200
"""Runs in one list."""
_MOST_EVENTS = 4000
"""Starts, and as many ends, that are read for one list."""
SETTLE_NS = 5_000_000_000
"""A line that is started again within this time after the end of a run goes on with the run of that name, as it does for ``inspector coil follow``."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run, from the messages that begin and end it."""

    id: int
    """Of the first row that tells of it. It stays as long as that row is in the journal."""
    through: int | None
    """The last row that may belong to it; None: it may go on."""
    name: str
    line: str
    epochs: tuple[str, ...]
    """Starts of the daemon in which it was inspected."""
    cameras: tuple[str, ...]
    began_unix_ns: int | None
    """None: its beginning is not in the journal any more."""
    ended_unix_ns: int | None
    """None: it goes on, or the line was killed."""
    frames: int
    verdicts: dict[Verdict, int]
    """As its ends say it; nothing while it goes on."""
    simulated: bool


@dataclass
class _Group:
    """The messages of one run, gathered."""

    first: int
    last: int
    line: str
    name: str
    begun: bool
    began_unix_ns: int
    simulated: bool
    epochs: dict[str, None] = field(default_factory=dict)
    cameras: dict[str, None] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    """Cameras whose end is not there."""
    ended_unix_ns: int = 0
    ends: list[EndBody] = field(default_factory=list)
    next_first: int | None = None
    """Where the next run of this name begins."""


def runs(
    reader: JournalReader, *, name: str | None = None, line: str | None = None, most: int = MOST_RUNS
) -> list[Run]:
    """The newest runs, the newest first; those called ``name`` and of ``line``, where they are given. Raises UserError."""
    return [one for one in _gathered(reader, name) if line is None or one.line == line][:most]


def find_run(reader: JournalReader, id_: int) -> Run | None:
    """The run with this id; None where the journal holds none. Raises UserError."""
    for kind in (MessageType.START, MessageType.END):
        for row in reader.events(kind, 1, before=id_ + 1):
            if row.id == id_:
                name = _header_of(row)
                return None if name is None else next((one for one in _gathered(reader, name) if one.id == id_), None)
    return None


def _header_of(row: Row) -> str | None:
    try:
        return decode_header(row.header).run
    except MalformedError:
        return None


def _gathered(reader: JournalReader, name: str | None) -> list[Run]:
    starts = reader.events(MessageType.START, _MOST_EVENTS, run=name)
    ends = reader.events(MessageType.END, _MOST_EVENTS, run=name)
    # Where one of the lists is cut off, the other one goes back no further: an end without its start would be a run of its own.
    cut = max((rows[-1].id for rows in (starts, ends) if len(rows) == _MOST_EVENTS), default=0)
    in_order = heapq.merge(reversed(starts), reversed(ends), key=lambda row: row.id)
    return _grouped(row for row in in_order if row.id >= cut)


def _grouped(rows: Iterable[Row]) -> list[Run]:
    """Runs of messages in the order of publication, the newest run first. Rows that were altered are left out."""
    groups: list[_Group] = []
    current: dict[tuple[str, str], _Group] = {}
    for row in rows:
        try:
            packet = row.packet()
        except MalformedError:
            continue
        header, body = packet.header, packet.body
        if header.run is None or header.camera == SHEET:
            continue
        key = header.line, header.run
        group = current.get(key)
        ends = isinstance(body, EndBody)
        if group is None or (not ends and _is_over(group, header.published_unix_ns)):
            if group is not None:
                group.next_first = row.id
            group = _Group(row.id, row.id, *key, not ends, header.published_unix_ns, header.simulated)
            current[key] = group
            groups.append(group)
        group.last = row.id
        group.epochs[header.epoch] = None
        group.cameras[header.camera] = None
        if ends:
            group.open.discard(header.camera)
            group.ended_unix_ns = header.published_unix_ns
            group.ends.append(body)  # type: ignore[arg-type]
        else:
            group.open.add(header.camera)
    return [_run(group) for group in sorted(groups, key=lambda one: -one.first)]


def _is_over(group: _Group, now_unix_ns: int) -> bool:
    return not group.open and bool(group.ends) and not 0 <= now_unix_ns - group.ended_unix_ns <= SETTLE_NS


def _run(group: _Group) -> Run:
    verdicts: dict[Verdict, int] = {}
    for end in group.ends:
        for verdict, count in end.verdicts.items():
            verdicts[verdict] = verdicts.get(verdict, 0) + count
    over = not group.open and bool(group.ends)
    through = group.next_first - 1 if group.next_first is not None else (group.last if over else None)
    return Run(
        id=group.first,
        through=through,
        name=group.name,
        line=group.line,
        epochs=tuple(group.epochs),
        cameras=tuple(group.cameras),
        began_unix_ns=group.began_unix_ns if group.begun else None,
        ended_unix_ns=group.ended_unix_ns if over else None,
        frames=sum(end.frames for end in group.ends),
        verdicts=verdicts,
        simulated=group.simulated,
    )
