"""The simulated camera as a ``FrameSource``: a pool of rendered sheets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from inspector.capture.pacing import Pacer
from inspector.capture.simulator.faults import is_corrupt, is_lost, sheet_of
from inspector.capture.simulator.scene import SheetRenderer
from inspector.capture.simulator.strip import StripView
from inspector.capture.simulator.truth import SimulatorTruth, Truth, on_strip, overlay_of
from inspector.capture.simulator.wear import Wear
from inspector.capture.source import Arrival, SoftwareSource
from inspector.config.simulator import SimulatorConfig

_RENDER_THREADS = 2


class SimulatorCamera(SoftwareSource):
    """A ``FrameSource``: renders its pool in ``open``, then delivers the pool's arrays, read-only and not copied, or copies: with what is on the
    strip (``strip``), and as a worn camera station would see them (``wear``).

    Frames lost by ``lose_rate``, and frames overwritten because the line was too slow for ``rate_hz``, are jumps in
    ``Arrival.number``; frames chosen by ``corrupt_rate`` arrive without pixels.
    """

    def __init__(
        self,
        config: SimulatorConfig,
        height: int,
        width: int,
        progress: Callable[[int, int], None] | None = None,
        view: StripView | None = None,
    ) -> None:
        """``progress(done, total)`` is called after each sheet rendered, from a thread that renders. ``view`` says how the camera sees its strip;
        a configuration with a strip needs it."""
        self._config, self._height, self._width = config, height, width
        self._progress = progress
        self._pool: list[NDArray[np.uint8]] = []
        self._pacer = Pacer(config.rate_hz)
        self._interrupted = threading.Event()
        self._next = 0
        self._truth = SimulatorTruth(config, height, width, view=view)
        self._overlay = overlay_of(config, view)
        self._wear = Wear(config, height, width)
        self.render_s = 0.0
        """Time ``open`` took to render the pool, seconds."""

    def open(self) -> None:
        """Render the sheets of the pool that the run shows. Ends early, with no frame to deliver, after ``interrupt``."""
        started = time.monotonic()
        renderer = SheetRenderer(self._config, self._height, self._width)
        total = self._config.pool
        if self._config.strip is None:  # which shows them at random
            total = min(total, self._config.frames or total)

        lock = threading.Lock()
        pool: dict[int, NDArray[np.uint8]] = {}

        def render_share(first: int) -> None:
            for index in range(first, total, _RENDER_THREADS):
                if self._interrupted.is_set():
                    return
                sheet = renderer.render(index)
                pixels = (sheet if self._overlay is None else on_strip(sheet, self._overlay)).frame
                pixels.flags.writeable = False
                with lock:
                    pool[index] = pixels
                    if self._progress is not None:
                        self._progress(len(pool), total)

        with ThreadPoolExecutor(_RENDER_THREADS, thread_name_prefix="simulator") as workers:
            for share in [workers.submit(render_share, first) for first in range(_RENDER_THREADS)]:
                share.result()
        if len(pool) == total:
            self._pool = [pool[index] for index in range(total)]
        self.render_s = time.monotonic() - started

    def next(self) -> Arrival | None:
        """The next frame, when it is due; None at the end of the run and after ``interrupt``."""
        number = self._skip_lost(self._next)
        if self._past_end(number) or not self._pool:
            return None
        due = self._pacer.wait(number)
        if due < 0 or self._interrupted.is_set():
            return None
        number = self._skip_lost(self._within_run(due))
        self._next = number + 1
        captured_ns = self._pacer.due_ns(number)
        if is_corrupt(self._config, number):
            return Arrival(number, captured_ns, None, error="simulated fault: the pixels did not arrive whole")
        pixels = self._pool[sheet_of(self._config, number)]
        if self._overlay is not None:
            pixels = self._overlay.draw(number, pixels)
        return Arrival(number, captured_ns, self._wear(number, pixels))

    def exposed(self) -> int | None:
        """Frames due by now at the configured rate, at most those of the run; None without a rate. From any thread."""
        due = self._pacer.exposed()
        return due if due is None or self._config.frames is None else min(due, self._config.frames)

    def interrupt(self) -> None:
        """End a waiting ``next`` or ``open``. From any thread."""
        self._interrupted.set()
        self._pacer.stop()

    def close(self) -> None:
        """Release the pool."""
        self.interrupt()
        self._pool = []

    def truth(self, number: int) -> Truth:
        """What frame ``number`` shows, lost or not."""
        return self._truth(number)

    def _skip_lost(self, number: int) -> int:
        while is_lost(self._config, number) and not self._interrupted.is_set():
            number += 1
        return number

    def _within_run(self, number: int) -> int:
        """The camera's buffer still holds the last frame of the run when the line comes late for it."""
        return number if self._config.frames is None else min(number, self._config.frames - 1)

    def _past_end(self, number: int) -> bool:
        return self._config.frames is not None and number >= self._config.frames
