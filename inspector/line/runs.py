"""The runs of an epoch: coils, batches or replays. A run begins or ends between two frames while the line goes on.

A frame belongs to the run in which it was captured, whenever its verdict comes. So the ``end`` of a run is published when the last
of its frames has its verdict, which may be after the next run has begun.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from engines.files.names import NAME
from inspector.errors import UserError
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Settled
from inspector.results.identity import Totals

NO_RUN = ""
"""Run name of a frame that was captured while no run was on."""


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
    """Which run is on, and the totals of each. Every method may be called from any thread."""

    def __init__(
        self,
        cameras: Iterable[str],
        begun: Callable[[str, str], None],
        ended: Callable[[str, str, Totals], None],
    ) -> None:
        """``begun(camera, run)`` and ``ended(camera, run, totals)`` publish begin and end; called under a lock, they should only queue."""
        self._cameras = tuple(cameras)
        self._begun = begun
        self._ended = ended
        self._lock = threading.Lock()
        self._open: dict[str, _Run] = {}
        self._current: _Run | None = None

    def begin(self, name: str) -> None:
        """Begin run ``name`` for the frames captured from now on; the run that was on is over.

        Raises UserError for a name whose run is still open."""
        if not re.fullmatch(NAME, name):
            raise UserError(
                f"run {name!r}: expected a letter or digit, then at most 62 letters, digits, '_', '.' or '-'"
            )
        with self._lock:
            if name in self._open:
                raise UserError(f"run {name}: is open already; give the next one another name")
            for camera in self._cameras:
                self._begun(camera, name)
            self._close_current()
            self._current = self._open[name] = _Run(name, {camera: _Books() for camera in self._cameras})

    @property
    def current(self) -> str | None:
        """Name of the run that is on; None where there is none."""
        run = self._current
        return None if run is None else run.name

    def end(self) -> None:
        """End the current run; frames captured from now on belong to none."""
        with self._lock:
            self._close_current()

    def end_all(self) -> None:
        """At the end of the epoch: publish the end of every open run, also where frames are still open."""
        with self._lock:
            self._close_current()
            for run in list(self._open.values()):
                for camera in list(run.books):
                    self._publish_end(run, camera)

    def enter(self, camera: str, frames: int = 1) -> str:
        """Count ``frames`` captured or lost now; return the run they belong to. To be called before they are entered in the ledger."""
        with self._lock:
            run = self._current
            if run is None:
                return NO_RUN
            run.books[camera].entered += frames
            return run.name

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

    def _close_current(self) -> None:
        run, self._current = self._current, None
        if run is None:
            return
        run.over = True
        for camera, books in list(run.books.items()):
            if books.entered == books.totals.frames:
                self._publish_end(run, camera)

    def _publish_end(self, run: _Run, camera: str) -> None:
        self._ended(camera, run.name, run.books.pop(camera).totals)
        if not run.books:
            del self._open[run.name]
