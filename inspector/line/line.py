"""The line: the one place that builds the parts, starts them in order, drains them, and stops them.

The road of a frame, top to bottom:

    acquisition      a camera delivers it; it gets its number, a slot in the ring and an entry in the ledger
    inference        a child process runs the gate and, where the gate lets it through, the segmenter
    postprocessing   defects are measured, the rules give the verdict
    ledger           takes the first verdict and no second; the deadline timer is one of those who may give it
    results          journal and ZeroMQ
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import msgspec

from engines.bundle import Bundle, find_bundle, read_bundle
from inspector.capture.make import make_source
from inspector.capture.source import FrameSource
from inspector.config.camera import CameraConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import check_rules
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import Outcome, Reason, Settled
from inspector.frames.ring import FrameRing
from inspector.inference.messages import Forced
from inspector.inference.service import InferenceService, Listener
from inspector.inference.state import State
from inspector.line.acquisition import Acquisition
from inspector.line.announcements import identity_of, start_info, totals_of
from inspector.line.postprocessing import Postprocessing
from inspector.protocol.messages import LineState
from inspector.results.results import Results
from inspector.service.latency import LatencyHistogram
from inspector.verdicts.deadline import DeadlineTimer
from inspector.verdicts.judge import Judge
from inspector.verdicts.ledger import CameraCounts, Ledger

log = logging.getLogger(__name__)


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What the line is doing, at one moment."""

    counts: dict[str, CameraCounts]
    latency_p50_us: float | None
    latency_p99_us: float | None
    latency_max_us: float
    held_by_inference: int
    free_slots: int
    inference: str


class Line:
    """One line with its cameras. Use as a context manager: leaving it stops every part."""

    def __init__(
        self,
        config: LineConfig,
        *,
        relative_to: Path | None = None,
        sources: dict[str, FrameSource] | None = None,
        forced: Callable[[FrameMeta], Forced] | None = None,
        observe: Callable[[Settled], None] | None = None,
    ) -> None:
        """Build the parts; nothing runs yet.

        ``relative_to`` is where a relative bundle path begins. ``sources`` replaces the cameras' sources by name, ``forced`` the
        gate's decisions, and ``observe`` sees each verdict under the ledger's lock: all three are for measurements.
        Raises UserError or BundleError.
        """
        # OpenCV would measure defects with threads of its own, on the cores the engines compute on.
        cv2.setNumThreads(1)
        self.config = config
        self.bundle: Bundle = read_bundle(find_bundle(config.bundle, relative_to))
        for camera in config.cameras:
            check_rules(config.verdicts, self.bundle.classes, camera.scale)
        self.latency = LatencyHistogram()
        self._observe = observe or (lambda _: None)
        self._lock = threading.Lock()
        """Over what the line tells of itself, for the keeper, the cameras' watch and the judges all have something to say."""
        self._degraded: dict[str, str] = {}
        self._late_answers: Counter[str] = Counter()
        self._given_up = ""
        self._silent = False
        self.ring = FrameRing(config.ring.slots, self.bundle.height, self.bundle.width)
        self.results = Results(config.results, config.journal, identity_of(config, self.bundle))
        self.ledger = Ledger(self._settled)
        self.deadlines = DeadlineTimer(self.ledger)
        self.postprocessing = Postprocessing(
            self._judges(), self.ledger, self.ring, self._late, config.verdicts.threads
        )
        self.inference = InferenceService(
            config.inference,
            self.bundle.path,
            self.ring.memory,
            Listener(self.postprocessing.answered, self.postprocessing.given_up, self._inference_changed),
            hold_while_down=config.overload == "wait",
            forced=forced,
        )
        self.acquisitions = [self._acquisition(camera, (sources or {}).get(camera.name)) for camera in config.cameras]
        self._started = False
        self._stopped = False

    def start(self, stop: threading.Event) -> bool:
        """Start every part, the cameras last. False where ``stop`` was set meanwhile.

        Raises UserError where the line cannot run: port in use, bundle altered, camera unusable.
        """
        self.results.start()
        self.inference.start()
        if not self._open_cameras(stop):
            return False
        while not self.inference.wait_ready(0.05):
            if stop.is_set():
                return False
        if not self.results.wait_for_subscribers(stop):
            return False
        for camera in self.config.cameras:
            self.results.begin(camera.name, start_info(self.config, camera, self.bundle))
        self.deadlines.start()
        self._started = True
        self._tell("running", f"engines run on {self.inference.device}")
        for acquisition in self.acquisitions:
            acquisition.start()
        return True

    def wait(self, stop: threading.Event, tick: Callable[[], None] | None = None, tick_s: float = 0.1) -> None:
        """Until ``stop`` is set, or every camera has ended and every frame has its verdict, or nobody can hear us any more."""
        reported: set[str] = set()
        while not stop.wait(tick_s):
            if tick is not None:
                tick()
            self._report_failures(reported)
            if not self.results.snapshot().alive:
                self._silent = True
                return
            if not any(acquisition.running for acquisition in self.acquisitions) and not self.ledger.open_frames():
                self._report_failures(reported)
                return

    def stop(self) -> None:
        """Drain and stop every part, whatever state it is in, in under 2 s; each part's trouble is logged and the next goes on.

        Once is enough: a second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        if self._started:
            self._attempt(lambda: self.results.status(None, LineState.DRAINING, "draining", "no further frames"))
        for acquisition in self.acquisitions:
            self._attempt(acquisition.interrupt)
        cameras_end_s = time.monotonic() + 0.3  # all of them together
        for acquisition in self.acquisitions:
            self._attempt(lambda acquisition=acquisition: acquisition.stop(cameras_end_s - time.monotonic()))  # type: ignore[misc]
        self._attempt(self._drain)
        self._attempt(lambda: self.inference.stop(0.3))
        self._attempt(lambda: self.postprocessing.close(0.3))
        self._attempt(lambda: self.ledger.settle_all(Reason.SHUTDOWN, "the line stopped"))
        self._attempt(self.deadlines.stop)
        self._attempt(self._say_goodbye)
        self._attempt(lambda: self.results.close(0.8))
        self._attempt(self.ring.close)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def failures(self) -> list[str]:
        """What ended before its time and why, one line each."""
        cameras = [
            f"cameras.{acquisition.camera.name}: {acquisition.failure}"
            for acquisition in self.acquisitions
            if acquisition.failure
        ]
        inference = [f"inference: {self._given_up}"] if self._given_up else []
        results = ["results: the publisher failed; the log says why"] if self._silent else []
        return [*cameras, *inference, *results]

    def snapshot(self) -> Snapshot:
        """What the line is doing now."""
        return Snapshot(
            counts=self.ledger.counts(),
            latency_p50_us=self.latency.percentile_us(0.50),
            latency_p99_us=self.latency.percentile_us(0.99),
            latency_max_us=self.latency.max_us,
            held_by_inference=self.inference.held,
            free_slots=self.ring.free,
            inference=self.inference.state.value,
        )

    # Building.

    def _judges(self) -> dict[str, Judge]:
        bundle = self.bundle
        minimum_areas = bundle.operating_point.minimum_areas(bundle.classes)
        return {
            camera.name: Judge(
                self.config.verdicts, bundle.classes, minimum_areas, camera.scale, bundle.height, bundle.width
            )
            for camera in self.config.cameras
        }

    def _acquisition(self, camera: CameraConfig, source: FrameSource | None) -> Acquisition:
        return Acquisition(
            camera,
            source or make_source(camera.source, self.bundle.height, self.bundle.width),
            self.ledger,
            self.ring,
            self.inference,
            deadline_ms=self.config.deadline_ms,
            overload=self.config.overload,
        )

    # Running.

    def _settled(self, settled: Settled) -> None:
        """Every verdict passes here, in order, under the ledger's lock."""
        self.results.settled(settled)
        self.latency.add((settled.settled_ns - settled.meta.captured_ns) / 1e3)
        self._observe(settled)

    def _late(self, meta: FrameMeta, outcome: Outcome) -> None:
        with self._lock:
            self._late_answers[meta.camera] += 1
        self.results.late(meta, outcome)

    def _inference_changed(self, state: State, text: str) -> None:
        if state is not State.GIVEN_UP or self._started:  # else the daemon ends with this very line
            cpu_fallback = state is State.READY and self.inference.cpu_fallback
            log.log(logging.WARNING if cpu_fallback else logging.INFO, "inference: %s", text)
        if state is State.GIVEN_UP:
            self._given_up = text
        if state is State.READY:
            self.results.engines_are(self.inference.device)
        if state is not State.STOPPED:
            self._tell(f"inference_{state.value}", text, part="inference", well=state is State.READY)

    def _tell(self, code: str, text: str, *, part: str = "", well: bool = True) -> None:
        """Something happened, perhaps to ``part`` of the line; one that is not ``well`` leaves the line degraded."""
        with self._lock:
            if well:
                self._degraded.pop(part, None)
            else:
                self._degraded[part] = text
            if self._started:
                running = LineState.DEGRADED if self._degraded else LineState.RUNNING
                state = LineState.DRAINING if self._stopped else running
                self.results.status(None, state, code, text)

    def _open_cameras(self, stop: threading.Event) -> bool:
        """All cameras side by side; False where ``stop`` was set meanwhile. Raises UserError of the first that failed."""
        with ThreadPoolExecutor(len(self.acquisitions), thread_name_prefix="open") as openers:
            opened = [openers.submit(acquisition.open) for acquisition in self.acquisitions]
            while not all(future.done() for future in opened):
                if stop.wait(0.02):
                    for acquisition in self.acquisitions:
                        acquisition.interrupt()
                    return False
            for future in opened:
                future.result()
        return not stop.is_set()

    def _report_failures(self, reported: set[str]) -> None:
        for acquisition in self.acquisitions:
            if acquisition.failure and acquisition.camera.name not in reported:
                reported.add(acquisition.camera.name)
                text = f"camera {acquisition.camera.name}: {acquisition.failure}"
                self._tell("camera_failed", text, part=f"camera {acquisition.camera.name}", well=False)

    # Stopping.

    def _drain(self) -> None:
        until = time.monotonic() + self.config.drain_timeout_s
        while self.ledger.open_frames() and time.monotonic() < until:
            time.sleep(0.01)

    def _say_goodbye(self) -> None:
        if not self._started:
            return
        counts = self.ledger.counts()
        for camera in self.config.cameras:
            self.results.end(camera.name, totals_of(counts.get(camera.name), self._late_answers[camera.name]))
        self.results.status(None, LineState.STOPPED, "stopped", "; ".join(self.failures) or "the run has ended")

    @staticmethod
    def _attempt(action: Callable[[], object]) -> None:
        try:
            action()
        except Exception:
            log.exception("a part did not stop cleanly")
