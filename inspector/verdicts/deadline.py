"""The thread that settles frames whose deadline has passed, also when inference hangs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from inspector.frames.clock import now_ns
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

_NEVER_NS = 2**63
_LONGEST_WAIT_S = 3600.0
_PAUSE_AFTER_FAILURE_S = 0.02


class DeadlineTimer:
    """Sleeps until the ledger's next deadline, then has the ledger expire what is due.

    Deadlines mostly come in order, and most frames are settled before theirs. So a new frame wakes the thread only where
    its deadline comes before the moment the thread wakes by itself: about once per deadline, not once per frame.
    """

    def __init__(self, ledger: Ledger, expired: Callable[[], None] = lambda: None) -> None:
        """``expired`` is called, in this thread, when frames were settled because their deadline had passed. An exception of it, or of the
        ledger's sink, is logged, and the timer goes on."""
        self._ledger = ledger
        self._expired = expired
        self._wakes_at_ns = _NEVER_NS
        self._announced_ns = 0
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)

    def start(self) -> None:
        """Start the thread. A timer is started once."""
        self._ledger.on_earliest(self._reconsider)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, within 1 s even where the ledger's sink hangs. Safe before ``start`` and when called twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=0.9)
            if self._thread.is_alive():
                log.error("the deadline timer is stuck in a verdict and was left behind")

    def _reconsider(self, deadline_ns: int) -> None:
        if deadline_ns < self._wakes_at_ns:
            self._announced_ns = deadline_ns
            self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._expire_and_wait()
            except Exception:
                log.exception("the deadline timer met an error and goes on")
                self._stopping.wait(_PAUSE_AFTER_FAILURE_S)

    def _expire_and_wait(self) -> None:
        # From here until the wait every new earliest deadline sets the event, so none can slip in between.
        self._wake.clear()
        self._wakes_at_ns = _NEVER_NS
        if self._ledger.expire(now_ns()):
            self._expired()
            return
        now = now_ns()
        due_ns = self._ledger.next_deadline_ns()
        if due_ns is None and self._announced_ns > now:
            # The frame this thread was woken for is settled by now. Sleep until its deadline all the same: the frames after
            # it are due later, and so need not wake the thread each.
            due_ns = self._announced_ns
        if due_ns is None:
            self._wait(_LONGEST_WAIT_S)
            return
        self._wakes_at_ns = due_ns
        self._wait(min((due_ns - now) / 1e9, _LONGEST_WAIT_S))

    def _wait(self, timeout_s: float) -> None:
        if not self._stopping.is_set():
            self._wake.wait(max(timeout_s, 0.0))
