"""Is fed with the verdicts of frames and publishes those of sheets, in a thread of its own.

``add`` only queues, because the ledger calls it under its lock. An error with one frame is logged; its sheet then misses it, and is UNINSPECTED.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from inspector.config.sheets import SheetsConfig
from inspector.frames.clock import now_ns
from inspector.frames.outcome import Reason, Settled, Verdict
from inspector.sheets.by_frame import ByFrame
from inspector.sheets.by_length import ByLength
from inspector.sheets.by_part import ByPart
from inspector.sheets.combining import Limits, Sheet, combined, skipped
from inspector.sheets.gathering import Ending, Gathering

log = logging.getLogger(__name__)


class SheetMessages(Protocol):
    """Publishes sheets (``inspector.results.results.Results``)."""

    def sheet(self, settled: Settled) -> None:
        """A sheet has its verdict, or a range of them."""

    def end_sheets(self, run: str) -> None:
        """Every sheet of the run has its verdict."""


class _Begun(NamedTuple):
    run: str


class _Ended(NamedTuple):
    """Every frame of the run on this camera has its verdict."""

    camera: str
    run: str


def gathering_of(config: SheetsConfig, cameras: Sequence[str]) -> Gathering[Sheet]:
    """Gathers frames of ``cameras`` to sheets as the configuration says."""
    deadline_ns = None if config.deadline_ms is None else int(config.deadline_ms * 1e6)
    made: Gathering[Sheet]
    if config.by == "frame":
        made = ByFrame(cameras, deadline_ns)
    elif config.by == "part":
        made = ByPart(cameras, deadline_ns, config.frames_per_part)  # type: ignore[assignment]
    else:
        assert config.length_mm is not None, "the configuration is checked"
        made = ByLength(cameras, deadline_ns, config.length_mm, config.unseen_mm)  # type: ignore[assignment]
    return made


class SheetCollector:
    """One per line. Every method may be called from any thread."""

    def __init__(
        self,
        config: SheetsConfig,
        cameras: Sequence[str],
        messages: SheetMessages,
        most_defects: int,
        clock: Callable[[], int] = now_ns,
    ) -> None:
        """``cameras`` are those of the line, of which the configuration may choose some; ``most_defects`` are listed of a sheet."""
        self.cameras = config.cameras or tuple(cameras)
        """Those that see each sheet."""
        self._messages = messages
        self._clock = clock
        self._limits = Limits(config.overlap_tolerance_mm, most_defects)
        self._gathering = gathering_of(config, self.cameras)
        self._lock = threading.Lock()
        self._settled: Counter[tuple[Verdict, Reason]] = Counter()
        self._queue: deque[Settled | _Begun | _Ended] = deque()
        self._runs: dict[str, set[str]] = {}
        """The runs that have not ended in the order in which they began, each with the cameras on which it has ended."""
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sheets", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def add(self, settled: Settled) -> None:
        """Queue the verdict of a frame; ``wake`` is to follow."""
        if settled.meta.camera in self.cameras:
            self._queue.append(settled)

    def wake(self) -> None:
        """Have what was queued looked at."""
        if self._queue:
            self._wake.set()

    def begun(self, run: str) -> None:
        """A run begins; the verdicts of its frames follow."""
        self._queue.append(_Begun(run))
        self._wake.set()

    def ended(self, camera: str, run: str) -> None:
        """All verdicts of a run on this camera were added."""
        if camera in self.cameras:
            self._queue.append(_Ended(camera, run))
            self._wake.set()

    @property
    def waiting(self) -> int:
        """Sheets of which not every frame has its verdict, and verdicts that were not looked at yet."""
        return self._gathering.waiting + len(self._queue)

    @property
    def settled(self) -> dict[tuple[Verdict, Reason], int]:
        """How many sheets have which verdict, and why, since the start."""
        with self._lock:
            return dict(self._settled)

    def close(self, timeout_s: float) -> None:
        """Give every sheet its verdict and end the thread, which is left behind after ``timeout_s``."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            log.error("sheets did not get their verdicts in time; the thread was left behind")

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.wait(self._pause_s())
            self._wake.clear()
            self._work()
        self._work()
        self._attempt(lambda: self._publish(self._gathering.close()))
        for run in list(self._runs):
            self._attempt(lambda run=run: self._messages.end_sheets(run))  # type: ignore[misc]

    def _pause_s(self) -> float | None:
        due_ns = self._gathering.next_deadline_ns()
        return None if due_ns is None else max(0.0, (due_ns - self._clock()) / 1e9)

    def _work(self) -> None:
        while self._queue:
            item = self._queue.popleft()
            self._attempt(lambda item=item: self._take(item))  # type: ignore[misc]
        self._attempt(lambda: self._publish(self._gathering.due(self._clock())))

    def _take(self, item: Settled | _Begun | _Ended) -> None:
        if isinstance(item, _Begun):
            self._runs[item.run] = set()
        elif isinstance(item, _Ended):
            self._end_on(item)
        else:
            self._publish(self._gathering.add(_without_mask(item)))

    def _end_on(self, item: _Ended) -> None:
        cameras = self._runs.get(item.run)
        if cameras is None:
            return
        cameras.add(item.camera)
        if cameras.issuperset(self.cameras):
            del self._runs[item.run]
            try:
                self._publish(self._gathering.run_over(item.run, next(reversed(self._runs), None)))
            finally:
                self._messages.end_sheets(item.run)

    def _publish(self, endings: Sequence[Ending]) -> None:
        for one in endings:
            self._attempt(lambda one=one: self._publish_one(one))  # type: ignore[misc]

    def _publish_one(self, one: Ending) -> None:
        settled = self._combined(one)
        with self._lock:
            self._settled[settled.outcome.verdict, settled.outcome.reason] += settled.count
        self._messages.sheet(settled)

    def _combined(self, one: Ending) -> Settled:
        """The sheet with its verdict, or the range; UNINSPECTED where an error leaves its verdict unknown."""
        now, detail = self._clock(), one.detail
        if one.sheet is not None:
            try:
                return combined(one.sheet, one.missing, one.why, now, one.through, self._limits)
            except Exception:
                log.exception("sheet %d could not get its verdict, it is UNINSPECTED", one.first)
                detail = "an error in the program; the log has the details"
        return skipped(one.first, one.last, one.run, detail, now, one.through)

    @staticmethod
    def _attempt(action: Callable[[], None]) -> None:
        try:
            action()
        except Exception:
            log.exception("a sheet could not get its verdict")


def _without_mask(settled: Settled) -> Settled:
    """What is kept of a frame until its sheet ends: a mask takes far more memory than the rest, and is not looked at."""
    if not settled.outcome.mask:
        return settled
    return replace(settled, outcome=replace(settled.outcome, mask=b""))
