"""``streams``: of which streams something may be had, in the order of their epochs."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

from inspector.protocol.recovery import MOST_STREAMS, StreamEntry, Streams
from inspector.results.recovery.archive import StreamName, StreamRow
from inspector.results.recovery.sources import Refused, Sources

_STEP = 20


class Listed(NamedTuple):
    """A page of streams."""

    streams: tuple[StreamEntry, ...]
    next: str | None


def streams(sources: Sources, ask: Streams) -> Generator[int, None, Listed]:
    """The answer. Raises Refused, Unavailable and Damaged."""
    if ask.after is not None and not (ask.after.isascii() and ask.after.isdigit() and len(ask.after) < 19):
        raise Refused("`after` is no cursor of `streams`")
    entries: list[StreamEntry] = []
    archive = sources.archive
    stored: list[StreamRow] = [] if archive is None else archive.streams()
    orders: dict[str, int] = {}
    for row in stored:
        orders.setdefault(row.name.epoch, row.id)
    after = int(ask.after or 0)
    wanted = [row for row in stored if row.id > after and _is_wanted(ask, row.name)]
    for at, row in enumerate(wanted):
        if at % _STEP == 0:
            yield 0
        entry = _entry(sources, row, orders[row.name.epoch])
        if entry is None:
            continue
        if len(entries) == MOST_STREAMS:
            return Listed(tuple(entries), str(wanted[at - 1].id))
        entries.append(entry)
    order = orders.get(sources.identity.epoch, max(orders.values(), default=0) + 1)
    # Streams of this epoch that the journal does not know yet, or where there is none.
    own = [
        StreamRow(0, name, sources.identity.simulated, sources.opened_unix_ns)
        for name in _own_names(sources)
        if _is_wanted(ask, name) and name not in {row.name for row in stored}
    ]
    if own and entries and len(entries) + len(own) > MOST_STREAMS:
        return Listed(tuple(entries), str(wanted[-1].id))
    entries += [entry for row in own[:MOST_STREAMS] if (entry := _entry(sources, row, order)) is not None]
    return Listed(tuple(entries), None)


def _own_names(sources: Sources) -> list[StreamName]:
    identity = sources.identity
    return [StreamName(identity.line, camera, identity.epoch) for camera in identity.streams]


def _is_wanted(ask: Streams, name: StreamName) -> bool:
    return ask.line in (None, name.line) and ask.camera in (None, name.camera)


def _entry(sources: Sources, row: StreamRow, order: int) -> StreamEntry | None:
    """None where nothing of the stream is left, and nothing more will come."""
    name, identity = row.name, sources.identity
    current = (name.line, name.epoch) == (identity.line, identity.epoch)
    newest = sources.recent.newest(name.camera) if current else None
    oldest = sources.recent.next_from(name.camera, 0) if newest is not None else None
    ends = None if sources.archive is None else sources.archive.ends(name)
    if newest is None:
        if ends is None:
            return None
        newest = ends[1]
    if ends is not None:
        oldest = ends[0] if oldest is None else min(oldest, ends[0])
    return StreamEntry(
        line=name.line,
        camera=name.camera,
        epoch=name.epoch,
        order=order,
        opened_unix_ns=row.opened_unix_ns,
        oldest_available=oldest,
        newest=newest,
        simulated=row.simulated,
        ended=not current,
        current=current,
    )
