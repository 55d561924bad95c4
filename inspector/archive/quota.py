"""How much of the disk the archive may take, and which entries go first."""

from __future__ import annotations

import itertools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from inspector.archive.entry import Evidence
from inspector.archive.index import Total, totals

GIVE_WAY = (Evidence.CLEAN, Evidence.UNCERTAIN, Evidence.DISAGREEMENT, Evidence.REJECT, Evidence.SCRAP)
"""The order in which classes give way where the archive as a whole has no room. None gives way to one before it."""
WINDOW = 1000
"""Among so many of the oldest entries of a class, the least worth goes first."""


_LOG_S = 30.0
"""After so long every file system has counted what was deleted."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of the archive; None: no limit."""

    total_bytes: int | None = None
    class_bytes: Mapping[Evidence, int] = field(default_factory=dict)
    """By class of evidence, where one has a limit."""
    least_free_bytes: int = 1 << 30
    """What the disk keeps free."""


@dataclass(frozen=True, slots=True)
class Excess:
    """A limit that is exceeded."""

    why: str
    """One line, as a deletion notes it."""
    bytes: int
    """By how much."""
    evidence: tuple[Evidence, ...]
    """The classes that may give way, the first one first."""


class FreeSpace:
    """Bytes that are free for this user on the disk of a folder.

    Some file systems count what was deleted as free only when they next write their log. Without that knowledge, the archive would delete
    again and again for the space that it has freed already."""

    def __init__(self, folder: Path, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock_s = folder, clock_s
        self._expected = 0
        self._until_s = float("-inf")

    def bytes(self) -> int:
        """What the disk says, or what is expected for a while after a deletion. Raises OSError."""
        status = os.statvfs(self._folder)
        said = status.f_bavail * status.f_frsize
        return max(said, self._expected) if self._clock_s() < self._until_s else said

    def freed(self, count: int) -> None:
        """So many bytes were deleted. Raises OSError."""
        self._expected = self.bytes() + count
        self._until_s = self._clock_s() + _LOG_S

    def taken(self, count: int) -> None:
        """So many bytes were written."""
        self._expected -= count


def excess(
    quota: Quota, sums: Mapping[Evidence, Total], free_bytes: int, coming: Evidence, coming_bytes: int
) -> Excess | None:
    """The first limit that an entry of ``coming_bytes`` would exceed; None where it fits."""
    limit = quota.class_bytes.get(coming)
    if limit is not None and (over := sums[coming].bytes + coming_bytes - limit) > 0:
        return Excess(f"quota of {coming.value} ({limit} bytes)", over, (coming,))
    yielding = GIVE_WAY[: GIVE_WAY.index(coming) + 1]
    used = sum(one.bytes for one in sums.values())
    if quota.total_bytes is not None and (over := used + coming_bytes - quota.total_bytes) > 0:
        return Excess(f"quota of the archive ({quota.total_bytes} bytes)", over, yielding)
    if (over := quota.least_free_bytes + coming_bytes - free_bytes) > 0:
        return Excess(f"less than {quota.least_free_bytes} bytes free on the disk", over, yielding)
    return None


def next_to_delete(connection: sqlite3.Connection, evidence: Evidence) -> Iterator[tuple[int, int]]:
    """Id and bytes of the entries that go first in a class: of the `WINDOW` oldest, those of least worth, the oldest first among equals.
    Protected ones are never among them."""
    oldest = "SELECT id, worth, bytes FROM entries WHERE evidence = ? AND protected = 0 ORDER BY id LIMIT ?"
    for id_, size in connection.execute(
        f"SELECT id, bytes FROM ({oldest}) ORDER BY worth, id", (evidence.value, WINDOW)
    ).fetchall():
        yield int(id_), int(size)


def days_until_full(
    connection: sqlite3.Connection, quota: Quota, free: int, evidence: Evidence | None = None
) -> float | None:
    """Days until entries are deleted for lack of room, at the rate of the last `WINDOW` entries: of one class by its own limit, or of all by
    those of the archive and the disk. None: there is no limit, or no rate is known.

    Steps of the clock back count as no time, those of more than a day as a day."""
    sums = totals(connection)
    if evidence is not None:
        limit, used = quota.class_bytes.get(evidence), sums[evidence].bytes
        room = None if limit is None else limit - used
    else:
        room = free - quota.least_free_bytes
        if quota.total_bytes is not None:
            room = min(room, quota.total_bytes - sum(one.bytes for one in sums.values()))
    if room is None:
        return None
    rate = _bytes_a_day(connection, evidence)
    return None if rate is None else max(0.0, room / rate)


def _bytes_a_day(connection: sqlite3.Connection, evidence: Evidence | None) -> float | None:
    condition, values = ("WHERE evidence = ?", (evidence.value,)) if evidence is not None else ("", ())
    rows = connection.execute(
        f"SELECT added_unix_ns, bytes FROM entries {condition} ORDER BY id DESC LIMIT {WINDOW}", values
    ).fetchall()
    day_ns = 86_400 * 10**9
    steps = [min(max(later[0] - earlier[0], 0), day_ns) for later, earlier in itertools.pairwise(rows)]
    span_ns, added = sum(steps), sum(row[1] for row in rows[:-1])
    return float(added * day_ns / span_ns) if span_ns and added else None
