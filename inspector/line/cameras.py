"""All acquisitions of a line: opened in parallel, watched, interrupted, stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from functools import partial

from inspector.config.tree import OverloadPolicy
from inspector.frames.daemon_threads import DaemonThreads
from inspector.line.acquisition import Acquisition
from inspector.line.silence import SilenceWatch
from inspector.protocol.messages import Header

log = logging.getLogger(__name__)

SLOW_OPEN_S = 10.0
"""A camera that takes longer to open is named in the log."""


class Cameras:
    """The acquisitions of a line, one per camera."""

    def __init__(self, acquisitions: Sequence[Acquisition]) -> None:
        self._acquisitions = tuple(acquisitions)
        self._watch = SilenceWatch(
            [acquisition.watch.look for acquisition in self._acquisitions],
            [acquisition.camera.silent_after_s for acquisition in self._acquisitions],
            always=any(acquisition.live for acquisition in self._acquisitions),
        )

    def __iter__(self) -> Iterator[Acquisition]:
        return iter(self._acquisitions)

    def open(self, stop: threading.Event) -> bool:
        """Open all in parallel; False where ``stop`` was set meanwhile. Raises the UserError of the first that failed."""
        threads = DaemonThreads(len(self._acquisitions), "open")
        opened = {acquisition.camera.name: threads.submit(acquisition.open) for acquisition in self._acquisitions}
        slow_s = time.monotonic() + SLOW_OPEN_S
        try:
            while waiting := [name for name, future in opened.items() if not future.done()]:
                if stop.wait(0.02):
                    self.interrupt()
                    return False
                if time.monotonic() > slow_s:
                    log.warning(
                        "%s: not open after %g s, still waiting; look at cable, power and address",
                        ", ".join(waiting),
                        SLOW_OPEN_S,
                    )
                    slow_s = float("inf")
            for future in opened.values():
                future.result()
        finally:
            threads.close(0.0)
        return not stop.is_set()

    def resume(self, last_frame: Callable[[str], Header | None]) -> None:
        """Have positions go on after the last frames of before, which ``last_frame`` gives by camera. To be called before ``start``."""
        for acquisition in self._acquisitions:
            camera = acquisition.camera
            knows = camera.encoder is not None or camera.um_per_frame is not None
            if knows and (last := last_frame(camera.name)) is not None:
                acquisition.resume(last)

    def start(self) -> None:
        """Start the thread of every camera, and the one that notices a silent camera."""
        for acquisition in self._acquisitions:
            acquisition.start()
        self._watch.start()

    def set_limits(self, deadline_ms: float | None, overload: OverloadPolicy) -> None:
        """See ``Acquisition.set_limits``, of every camera."""
        for acquisition in self._acquisitions:
            acquisition.set_limits(deadline_ms, overload)

    @property
    def running(self) -> bool:
        """Whether any camera may deliver a further frame."""
        return any(acquisition.running for acquisition in self._acquisitions)

    def interrupt(self) -> None:
        """Take no further frame. An error with one camera is logged."""
        for acquisition in self._acquisitions:
            try:
                acquisition.interrupt()
            except Exception:
                log.exception("camera %s could not be interrupted", acquisition.camera.name)

    def stop(self, timeout_s: float) -> None:
        """Stop and release the cameras, in parallel; those that have not stopped after ``timeout_s`` are left behind."""
        self._watch.stop(timeout_s / 2)
        threads = DaemonThreads(len(self._acquisitions), "stop")
        stopped = {
            threads.submit(partial(acquisition.stop, timeout_s)): acquisition.camera.name
            for acquisition in self._acquisitions
        }
        # A little longer than each waits for its thread, which is then reported as left behind.
        done, hanging = wait(stopped, timeout_s * 1.2)
        threads.close(0.0)
        for future in done:
            if (error := future.exception()) is not None:
                log.error("camera %s could not be stopped", stopped[future], exc_info=error)
        for future in hanging:
            log.error("camera %s could not be released in time and was left behind", stopped[future])
