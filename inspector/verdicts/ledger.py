"""The ledger: holds every captured frame until it has its verdict, and gives each frame exactly one.

A frame is opened when it is captured and settled by the first of these: a result, a drop, a crash, the deadline, the
end of the line. Any later attempt changes nothing and returns False. So does a result after the deadline, even where it comes
before the deadline timer has run: no PASS is ever late. Verdicts are passed to ``sink`` under the lock,
so that they are passed on in the order in which they were reached and ``resolved_through`` never falls within a camera.
"""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Callable, Sequence

import msgspec

from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled, Verdict

_STALE_ENTRIES = 64
"""The deadline heap may hold this many entries of settled frames, besides one per open frame."""


class CameraCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Frames of one camera by verdict and reason; each lost frame is counted. ``frames == open + sum(verdicts.values())``."""

    frames: int
    """Frames numbered so far: captured and lost."""
    open: int
    """Frames without a verdict yet."""
    endings: dict[tuple[Verdict, Reason], int]
    """Frames per verdict and reason; pairs that did not occur are absent."""

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """Frames per verdict; verdicts that did not occur are absent."""
        found: dict[Verdict, int] = {}
        for (verdict, _), count in self.endings.items():
            found[verdict] = found.get(verdict, 0) + count
        return found

    @property
    def reasons(self) -> dict[Reason, int]:
        """Frames per reason; reasons that did not occur are absent."""
        found: dict[Reason, int] = {}
        for (_, reason), count in self.endings.items():
            found[reason] = found.get(reason, 0) + count
        return found


class _Camera:
    """The frames of one camera. Those below ``next_frame`` that are not in ``open`` have their verdict."""

    __slots__ = ("by_ending", "next_frame", "open", "order")

    def __init__(self) -> None:
        self.next_frame = 0
        self.open: dict[int, FrameMeta] = {}
        # Frame numbers in the order of capture, from the oldest open one: a settled number is removed once all earlier ones are settled.
        self.order: deque[int] = deque()
        self.by_ending: dict[tuple[Verdict, Reason], int] = {}

    def resolved_through(self) -> int:
        order = self.order
        while order and order[0] not in self.open:
            order.popleft()
        return (order[0] if order else self.next_frame) - 1

    def counts(self) -> CameraCounts:
        return CameraCounts(frames=self.next_frame, open=len(self.open), endings=dict(self.by_ending))


class Ledger:
    """Gives each frame exactly one verdict. Every method may be called from any thread.

    ``sink`` gets each verdict; it should only queue it: it runs under the lock, must not call the ledger and must not raise.
    If it does raise, the frame has its verdict all the same and the caller gets the exception. ``queued`` is called when the lock is
    free again, once however many verdicts were queued: to wake whoever reads the queue. ``clock`` gives monotonic ns.
    """

    def __init__(
        self,
        sink: Callable[[Settled], None],
        clock: Callable[[], int] = now_ns,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._queued = queued
        self._lock = threading.Lock()
        self._cameras: dict[str, _Camera] = {}
        self._open_count = 0
        # (deadline, serial, books, frame); the entry of a settled frame stays until it comes up or there are too many.
        self._deadlines: list[tuple[int, int, _Camera, int]] = []
        self._serial = 0
        self._on_earliest: Callable[[int], None] = lambda deadline_ns: None

    def on_earliest(self, callback: Callable[[int], None]) -> None:
        """Have ``callback(deadline_ns)`` called when a frame is opened whose deadline is the earliest of all; it must be
        quick and must not call the ledger."""
        self._on_earliest = callback

    def open(self, meta: FrameMeta) -> None:
        """Enter a captured frame. Raises ValueError unless its number follows the camera's last one."""
        with self._lock:
            camera = self._next(meta.camera, meta.frame)
            camera.next_frame += 1
            camera.open[meta.frame] = meta
            camera.order.append(meta.frame)
            self._open_count += 1
            if meta.deadline_ns is not None:
                self._serial += 1
                entry = (meta.deadline_ns, self._serial, camera, meta.frame)
                heapq.heappush(self._deadlines, entry)
                if self._deadlines[0] is entry:
                    self._on_earliest(meta.deadline_ns)

    def lost(self, meta: FrameMeta, count: int, detail: str = "") -> None:
        """Enter ``count`` frames that the camera lost, of which ``meta`` is the first, and settle them at once as one.

        Raises ValueError unless it follows the camera's last frame and ``count`` is at least 1.
        """
        if count < 1:
            raise ValueError(f"camera {meta.camera!r} cannot lose {count} frames")
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.CAMERA_LOST, detail=detail)
        try:
            with self._lock:
                books = self._next(meta.camera, meta.frame)
                books.next_frame += count
                self._record(books, meta, outcome, self._clock(), count)
        finally:
            self._queued()

    def settle(self, camera: str, frame: int, outcome: Outcome) -> bool:
        """Give a frame its verdict. True where this is its verdict now; False where it had one already, which is kept.

        Also False when the frame is still open but its deadline has passed: then it is settled as expired, unless
        ``outcome`` is UNINSPECTED itself and has a more precise reason. Raises ValueError for a frame that was never opened.
        """
        try:
            with self._lock:
                return self._settle_first(camera, frame, outcome)
        finally:
            self._queued()

    def settle_each(self, endings: Sequence[tuple[FrameMeta, Outcome]]) -> list[bool | Exception]:
        """``settle`` for several frames, in this order and with the lock taken once: what it returns, or the exception it raises, for each
        frame. An exception with one frame does not concern the others."""
        answers: list[bool | Exception] = []
        with self._lock:
            for meta, outcome in endings:
                try:
                    answers.append(self._settle_first(meta.camera, meta.frame, outcome))
                except Exception as error:
                    answers.append(error)
        self._queued()
        return answers

    def expire(self, now_ns: int) -> list[FrameMeta]:
        """Settle every open frame whose deadline is ``now_ns`` or before as UNINSPECTED, earliest first; return them."""
        due = []
        try:
            with self._lock:
                while (deadline_ns := self._earliest()) is not None and deadline_ns <= now_ns:
                    _, _, books, frame = heapq.heappop(self._deadlines)
                    due.append((books, books.open[frame]))
                return self._settle_open(due, lambda meta: _expired(meta, now_ns))
        finally:
            if due:
                self._queued()

    def settle_all(self, reason: Reason, detail: str = "") -> list[FrameMeta]:
        """Settle every frame that is still open as UNINSPECTED for ``reason``; return them, oldest first per camera."""
        outcome = Outcome(verdict=Verdict.UNINSPECTED, reason=reason, detail=detail)
        try:
            with self._lock:
                still_open = [(books, meta) for books in self._cameras.values() for meta in books.open.values()]
                return self._settle_open(still_open, lambda meta: outcome)
        finally:
            self._queued()

    def next_deadline_ns(self) -> int | None:
        """The earliest deadline of an open frame, monotonic ns; None where none has one."""
        with self._lock:
            return self._earliest()

    def resolved_through(self, camera: str) -> int:
        """The camera's watermark: every frame up to and including this one has its verdict; -1 before the first."""
        with self._lock:
            books = self._cameras.get(camera)
            return -1 if books is None else books.resolved_through()

    def open_frames(self) -> list[FrameMeta]:
        """Every frame without a verdict, oldest first per camera."""
        with self._lock:
            return [meta for books in self._cameras.values() for meta in books.open.values()]

    def counts(self) -> dict[str, CameraCounts]:
        """Frames by verdict and reason so far, per camera, all at the same moment."""
        with self._lock:
            return {name: books.counts() for name, books in self._cameras.items()}

    # What follows runs under the lock.

    def _next(self, camera: str, frame: int) -> _Camera:
        books = self._cameras.get(camera)
        expected = 0 if books is None else books.next_frame
        if frame != expected:
            raise ValueError(f"camera {camera!r} numbers its frames without a gap: expected {expected}, got {frame}")
        if books is None:
            books = self._cameras[camera] = _Camera()
        return books

    def _settle_first(self, camera: str, frame: int, outcome: Outcome) -> bool:
        """See ``settle``."""
        books = self._cameras.get(camera)
        if books is None or not 0 <= frame < books.next_frame:
            raise ValueError(f"frame {frame} of camera {camera!r} was never opened")
        meta = books.open.get(frame)
        if meta is None:
            return False
        now = self._clock()
        in_time = meta.deadline_ns is None or now < meta.deadline_ns or outcome.verdict is Verdict.UNINSPECTED
        self._settle(books, meta, outcome if in_time else _expired(meta, now), now)
        return in_time

    def _settle(self, books: _Camera, meta: FrameMeta, outcome: Outcome, settled_ns: int) -> None:
        del books.open[meta.frame]
        self._open_count -= 1
        self._earliest()  # drops entries of settled frames
        self._record(books, meta, outcome, settled_ns, 1)

    def _settle_open(
        self, frames: list[tuple[_Camera, FrameMeta]], outcome_of: Callable[[FrameMeta], Outcome]
    ) -> list[FrameMeta]:
        """Settle open frames; all of them are settled even where the sink raises on one."""
        failure: Exception | None = None
        for books, meta in frames:
            try:
                self._settle(books, meta, outcome_of(meta), self._clock())
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return [meta for _, meta in frames]

    def _record(self, books: _Camera, meta: FrameMeta, outcome: Outcome, settled_ns: int, count: int) -> None:
        ending = (outcome.verdict, outcome.reason)
        books.by_ending[ending] = books.by_ending.get(ending, 0) + count
        through = books.resolved_through()
        self._sink(Settled(meta=meta, outcome=outcome, settled_ns=settled_ns, resolved_through=through, count=count))

    def _earliest(self) -> int | None:
        heap = self._deadlines
        if len(heap) > 2 * self._open_count + _STALE_ENTRIES:
            heap[:] = [entry for entry in heap if entry[3] in entry[2].open]
            heapq.heapify(heap)
        while heap and heap[0][3] not in heap[0][2].open:
            heapq.heappop(heap)
        return heap[0][0] if heap else None


def _expired(meta: FrameMeta, now_ns: int) -> Outcome:
    assert meta.deadline_ns is not None, "only frames with a deadline are in the heap"
    late_ms = (now_ns - meta.deadline_ns) / 1e6
    detail = f"no result within {(meta.deadline_ns - meta.captured_ns) / 1e6:.6g} ms"
    if late_ms >= 1:  # the process was delayed: report it, because a controller got this verdict later than promised
        detail += f"; settled {late_ms:.0f} ms after that"
    return Outcome(verdict=Verdict.UNINSPECTED, reason=Reason.DEADLINE, detail=detail)
