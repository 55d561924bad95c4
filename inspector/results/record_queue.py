"""What waits for the journal's disk beside publications: commands, each with somebody who waits for it, and what a shadow bundle said.

Each kind is limited by itself. Commands have a limit that a line reaches only where its disk fails for hours. What the shadow said is let go of
first: where its queue is full, and where the journal's writer is behind. Of the counts of a shadow session only the newest are kept.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence

from inspector.results.command_record import CommandRecord
from inspector.results.record_tables import Record, same_session
from inspector.results.shadow_record import Comparison, Disagreement

MOST_COMMANDS = 10_000
MOST_DISAGREEMENTS = 1_000
MOST_COMPARISONS = 1_000
MOST_BYTES = 16 * 2**20
"""Of the answers of commands, and of disagreements, that wait."""
GROUP = 256
"""Most of a kind that are stored in one transaction."""


class Entry:
    """A record that waits, or a trial write where there is no record."""

    __slots__ = ("number", "over", "record", "stored")

    def __init__(self, record: Record | None, number: int) -> None:
        self.record = record
        self.number = number
        """Tells the records of an epoch apart."""
        self.over = threading.Event()
        """Set when it is stored or given up."""
        self.stored = False

    def end(self, *, stored: bool) -> None:
        """Have those that wait for it go on."""
        self.stored = stored
        self.over.set()

    @property
    def size(self) -> int:
        """Bytes of what may be long."""
        record = self.record
        if isinstance(record, CommandRecord):
            return len(record.arguments) + len(record.answer) + len(record.diff)
        return len(record.active) + len(record.shadow) if isinstance(record, Disagreement) else 0


class RecordQueue:
    """Any thread may put something in; the journal's thread takes it out."""

    def __init__(self) -> None:
        self.commands_let_go = 0
        """Commands that were not queued because of the limit, or that could not be stored."""
        self.shadow_let_go = 0
        """The same of disagreements and comparisons, and those that came while the writer was behind."""
        self._lock = threading.Lock()
        self._number = time.time_ns()  # beyond those of a journal before it of the same epoch, as a test may have it
        self._closed = False
        self._commands: deque[Entry] = deque()
        self._commands_bytes = self._disagreements_bytes = 0
        self._disagreements: deque[Entry] = deque()
        self._comparisons: dict[tuple[object, ...], Entry] = {}
        self._trials: list[Entry] = []

    @property
    def commands_waiting(self) -> int:
        """Commands that are neither stored nor given up."""
        return len(self._commands)

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for what is queued."""
        return bool(self._commands or self._trials)

    @property
    def waiting(self) -> bool:
        """Whether anything waits to be stored."""
        return bool(self._commands or self._disagreements or self._comparisons)

    def command(self, record: CommandRecord) -> Entry | None:
        """Queue a command; None where it is let go."""
        entry = self._entry(record)
        with self._lock:
            full = len(self._commands) >= MOST_COMMANDS or self._commands_bytes >= MOST_BYTES
            if self._closed or full:
                self.commands_let_go += 1
                return None
            self._commands.append(entry)
            self._commands_bytes += entry.size
        return entry

    def shadow(self, record: Disagreement | Comparison, *, behind: bool) -> bool:
        """Queue what the shadow said; False where it is let go, as always where the writer is ``behind``."""
        entry = self._entry(record)
        with self._lock:
            if self._closed or behind or not self._has_room(record):
                self.shadow_let_go += 1
                return False
            if isinstance(record, Comparison):
                self._comparisons[same_session(record)] = entry
            else:
                self._disagreements.append(entry)
                self._disagreements_bytes += entry.size
        return True

    def trial(self) -> Entry:
        """Queue a trial write, which leaves nothing behind in the file."""
        entry = self._entry(None)
        with self._lock:
            if self._closed:
                entry.end(stored=False)
            else:
                self._trials.append(entry)
        return entry

    def urgent_group(self) -> list[Entry]:
        """The oldest commands, and the trial writes. They stay queued until ``done``."""
        with self._lock:
            return [*self._trials, *(self._commands[n] for n in range(min(GROUP, len(self._commands))))]

    def shadow_group(self) -> list[Entry]:
        """The oldest disagreements, and the comparisons. They stay queued until ``done``."""
        with self._lock:
            oldest = [self._disagreements[n] for n in range(min(GROUP, len(self._disagreements)))]
            return [*oldest, *self._comparisons.values()]

    def done(self, group: Sequence[Entry], refused: Sequence[Entry] = ()) -> None:
        """The group is stored, except those that were ``refused``, which never can be."""
        unstorable = set(map(id, refused))
        with self._lock:
            for entry in group:
                self._remove(entry)
                if id(entry) in unstorable:
                    if isinstance(entry.record, CommandRecord):
                        self.commands_let_go += 1
                    else:
                        self.shadow_let_go += 1
        for entry in group:
            entry.end(stored=id(entry) not in unstorable)

    def end_trials(self) -> None:
        """The disk refused: those that wait for a trial write learn it."""
        with self._lock:
            trials, self._trials = self._trials, []
        for entry in trials:
            entry.end(stored=False)

    def close(self) -> None:
        """Nothing is stored from now on: those that wait go on."""
        with self._lock:
            self._closed = True
            left = [*self._trials, *self._commands]
            self._trials = []
        for entry in left:
            entry.end(stored=False)

    def _entry(self, record: Record | None) -> Entry:
        with self._lock:
            self._number += 1
            return Entry(record, self._number)

    def _has_room(self, record: Disagreement | Comparison) -> bool:
        if isinstance(record, Comparison):
            return len(self._comparisons) < MOST_COMPARISONS or same_session(record) in self._comparisons
        return len(self._disagreements) < MOST_DISAGREEMENTS and self._disagreements_bytes < MOST_BYTES

    def _remove(self, entry: Entry) -> None:
        record = entry.record
        if isinstance(record, CommandRecord):
            self._commands.popleft()
            self._commands_bytes -= entry.size
        elif isinstance(record, Disagreement):
            self._disagreements.popleft()
            self._disagreements_bytes -= entry.size
        elif isinstance(record, Comparison):
            # One of the same session that came meanwhile stays.
            if self._comparisons.get(same_session(record)) is entry:
                del self._comparisons[same_session(record)]
        else:
            self._trials.remove(entry)
