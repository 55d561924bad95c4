"""The runs of an epoch: coils, batches or replays, and what their frames are inspected with. Both change between two captured frames while
the line goes on.

A frame belongs to the run in which it was captured, whenever its verdict comes. So the ``end`` of a run is published when the last
of its frames has its verdict, which may be after the next run has begun.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from engines.files.names import NAME
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Settled
from inspector.line.setup import Entry, Setup
from inspector.results.identity import Totals

NO_RUN = ""
"""Run name of a frame that was captured while no run was on."""


class RunMessages(Protocol):
    """Publishes what happens to runs. Called under a lock: it should only queue."""

    def begun(self, camera: str, run: str, setup: Setup) -> None:
        """A run begins."""

    def changed(self, camera: str, setup: Setup, why: str) -> None:
        """What frames are inspected with changes."""

    def ended(self, camera: str, run: str, totals: Totals) -> None:
        """Every frame of the run has its verdict."""


@dataclass
class _Books:
    """Counts of a run's frames on one camera."""

    entered: int = 0
    """Frames captured or lost."""
    totals: Totals = field(default_factory=Totals)


@dataclass
class _Run:
    """A run whose ``end`` is not yet published for every camera."""

    name: str
    books: dict[str, _Books]
    over: bool = False
    """True once no further frames are added to it."""


class Runs:
    """Which run is on, what its frames are inspected with, and the totals of each. Every method may be called from any thread."""

    def __init__(self, cameras: Iterable[str], setup: Setup, messages: RunMessages) -> None:
        """``setup`` is that of the first frames."""
        self._cameras = tuple(cameras)
        self._messages = messages
        self._lock = threading.Lock()
        self._open: dict[str, _Run] = {}
        self._current: _Run | None = None
        self.now = Entry(NO_RUN, "", False, setup)
        """Of frames that are captured now. Replaced as a whole."""

    def begin(self, name: str, setup: Setup | None = None) -> None:
        """Begin run ``name`` for the frames captured from now on, inspected with ``setup``, else as before; the run that was on is over.

        Raises UserError for a name whose run is still open."""
        with self._lock:
            self._check(name)
            setup = setup or self.now.setup
            for camera in self._cameras:
                self._messages.begun(camera, name, setup)
            self._close_current()
            self._current = self._open[name] = _Run(name, {camera: _Books() for camera in self._cameras})
            self.now = Entry(name, "", self.now.paused, setup, self.now.phase + 1)

    def check(self, name: str) -> None:
        """Raise UserError for a name with which no run can begin now."""
        with self._lock:
            self._check(name)

    def end(self) -> str:
        """End the current run and return its name; frames captured from now on belong to none."""
        with self._lock:
            name = self.now.run
            self._close_current()
            return name

    def end_all(self) -> None:
        """At the end of the epoch: publish the end of every open run, also where frames are still open."""
        with self._lock:
            self._close_current()
            for run in list(self._open.values()):
                for camera in list(run.books):
                    self._publish_end(run, camera)

    def change(self, setup: Setup, why: str) -> None:
        """Inspect the frames captured from now on with ``setup``; ``why`` is one line for a person."""
        with self._lock:
            for camera in self._cameras:
                self._messages.changed(camera, setup, why)
            self.now = self.now._replace(setup=setup, phase=self.now.phase + 1)

    def name_part(self, part: str) -> None:
        """Name the sheet that comes next. The name holds for the frames captured until another is given or the run changes."""
        with self._lock:
            self.now = self.now._replace(part=part)

    def pause(self, paused: bool) -> bool:
        """Whether frames captured from now on are not inspected; return how it was before."""
        with self._lock:
            before = self.now.paused
            if paused is not before:
                self.now = self.now._replace(paused=paused, phase=self.now.phase + 1)
            return before

    def enter(self, camera: str, frames: int = 1) -> Entry:
        """Count ``frames`` captured or lost now; return what they belong to. To be called before they are entered in the ledger."""
        with self._lock:
            if self._current is not None:
                self._current.books[camera].entered += frames
            return self.now

    def settled(self, settled: Settled) -> None:
        """Count a frame, or a range of lost ones, that has its verdict."""
        with self._lock:
            run = self._open.get(settled.meta.run)
            if run is None:
                return
            books = run.books[settled.meta.camera]
            books.totals.add(settled.outcome.verdict, settled.outcome.reason, settled.count)
            if run.over and books.entered == books.totals.frames:
                self._publish_end(run, settled.meta.camera)

    def late(self, meta: FrameMeta, publish: Callable[[], None]) -> None:
        """Count a result that came after its frame's verdict, and call ``publish``. It is not counted once the run's end is published."""
        with self._lock:
            run = self._open.get(meta.run)
            if run is not None and meta.camera in run.books:
                run.books[meta.camera].totals.late += 1
            publish()

    # What follows runs under the lock.

    def _check(self, name: str) -> None:
        if not re.fullmatch(NAME, name):
            raise UserError(
                f"run {name!r}: expected a letter or digit, then at most 62 letters, digits, '_', '.' or '-'"
            )
        if name in self._open:
            raise UserError(f"run {name}: is open already; give the next one another name")

    def _close_current(self) -> None:
        run, self._current = self._current, None
        self.now = self.now._replace(run=NO_RUN, part="", phase=self.now.phase + 1)
        if run is None:
            return
        run.over = True
        for camera, books in list(run.books.items()):
            if books.entered == books.totals.frames:
                self._publish_end(run, camera)

    def _publish_end(self, run: _Run, camera: str) -> None:
        self._messages.ended(camera, run.name, run.books.pop(camera).totals)
        if not run.books:
            del self._open[run.name]
