"""Notices that a camera delivers nothing although a frame is due: a cable is loose, a file server has gone, a driver hangs.

The camera's own thread is then blocked inside ``FrameSource.next``, so another thread has to look: ``SilenceWatch``, one for all cameras.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

_LONGEST_INTERVAL_S = 0.1
"""Time between two looks; verdicts of frames that a silent camera owes come at most this much later than the frames are due."""


class Silence:
    """How long one camera has owed a frame. Its owner calls every method under one lock."""

    def __init__(self, limit_s: float | None) -> None:
        """``limit_s`` None: the camera is never silent."""
        self.limit_s = limit_s
        self.on = False
        """Whether the camera is silent."""
        self._waiting = False
        self._owing_since_s: float | None = None

    def begin(self) -> None:
        """The line waits for the camera from now on."""
        self._waiting = True
        self._owing_since_s = None

    def end(self) -> bool:
        """The camera has delivered or ended. True where it was silent until now."""
        was, self.on = self.on, False
        self._waiting = False
        return was

    def owing_s(self, due: bool, now_s: float) -> float:
        """How long the camera has owed a frame by now; 0 where it owes none. ``due``: a frame is due now."""
        if not self._waiting or not (due or self.on):
            self._owing_since_s = None
            return 0.0
        if self._owing_since_s is None:
            self._owing_since_s = now_s
        return now_s - self._owing_since_s


class SilenceWatch:
    """The thread that calls ``look`` of every camera from time to time."""

    def __init__(
        self, looks: Sequence[Callable[[float], None]], limits_s: Sequence[float | None], *, always: bool = False
    ) -> None:
        """Each of ``looks`` is called with the monotonic time, seconds; ``limits_s`` are the cameras' limits. ``always``: also where none has
        a limit, because a camera may be lost."""
        self._looks = tuple(looks)
        self._interval_s = min([_LONGEST_INTERVAL_S, *(limit_s / 8 for limit_s in limits_s if limit_s is not None)])
        self._watched = always or any(limit_s is not None for limit_s in limits_s)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silence", daemon=True)

    def start(self) -> None:
        """Start the thread, unless there is nothing to look for."""
        if self._watched:
            self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread. Safe before ``start`` and when called twice."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            for look in self._looks:
                try:
                    look(time.monotonic())
                except Exception:
                    log.exception("a camera could not be watched")
