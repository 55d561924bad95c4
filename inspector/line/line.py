"""The line: builds the parts, starts them in order, drains and stops them.

The path of a frame, top to bottom:

    acquisition      a camera delivers the frame; it gets its number, an entry in the ledger and a slot in the ring
    inference        a child process runs the gate and, where the gate lets it through, the segmenter
    postprocessing   defects are measured, the rules give the verdict
    ledger           keeps the first verdict and refuses any other; the deadline timer may give one too
    results          journal and ZeroMQ
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2

from engines.bundle import Bundle
from engines.operating_point import OperatingPoint
from inspector.capture.recording import Playback
from inspector.capture.source import FrameSource
from inspector.config.tree import LineConfig
from inspector.drift.watch import DriftWatch
from inspector.frames.latency import LatencyHistogram
from inspector.frames.leased_frame import Observer
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity, Outcome, Reason, Settled
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize
from inspector.frames.uninspected import Uninspected
from inspector.inference.dispatcher import Dispatcher, Listener
from inspector.inference.inference import Inference
from inspector.inference.messages import Forced
from inspector.inference.state import State
from inspector.line.acquisition_of import acquisition_of
from inspector.line.announcing import Announcer
from inspector.line.archive import LineArchive
from inspector.line.bundles import LineBundles
from inspector.line.cameras import Cameras
from inspector.line.changes import judges_of
from inspector.line.control import LineControl
from inspector.line.fits import Fits
from inspector.line.last_rejects import LastRejects
from inspector.line.loading import Loading
from inspector.line.observers import Observers
from inspector.line.postprocessing import Postprocessing
from inspector.line.recorder import Recorder
from inspector.line.recording_follower import RecordingFollower
from inspector.line.runs import Runs
from inspector.line.setup import Setup
from inspector.line.shadow.shadow import Shadow
from inspector.line.snapshot import Snapshot, snapshot_of
from inspector.line.start_info import captures_during_start, first_run, new_epoch
from inspector.line.status import LineStatus
from inspector.protocol.messages import Health, LineState
from inspector.results.results import Results
from inspector.results.status import Status
from inspector.sheets.collector import SheetCollector
from inspector.verdicts import native
from inspector.verdicts.deadline import DeadlineTimer
from inspector.verdicts.ledger import Ledger

log = logging.getLogger(__name__)

DRAINED_BY_S = 1.0
CLOSED_BY_S = 1.7
"""When the line has been told to stop for so long, it no longer waits for open frames; for subscribers and the disk. The parts between the
two take at most 0.4 s, and the end of the process takes some time too."""


class Line:
    """One line with its cameras. Use as a context manager: leaving it stops every part."""

    def __init__(
        self,
        config: LineConfig,
        bundle: Bundle,
        *,
        sources: dict[str, FrameSource] | None = None,
        forced: Callable[[FrameMeta], Forced] | None = None,
        observe: Callable[[Settled], None] | None = None,
        observers: Sequence[Observer] = (),
        read_config: Callable[[], LineConfig] | None = None,
        folder: Path = Path(),
    ) -> None:
        """Build the parts; nothing runs yet.

        ``bundle`` gives the verdicts (``config.bundle`` names it). ``observers`` are shown every inspected frame. ``read_config`` reads the
        configuration file, which is in ``folder``, again; without it a reload finds nothing changed.
        ``sources`` replaces the cameras' sources by name, ``forced`` the gate's decisions, and ``observe`` sees each verdict under the
        ledger's lock: all three are for measurements. Raises UserError where the configuration does not fit bundle or machine.
        """
        # OpenCV would measure defects with threads of its own, on the cores the engines compute on.
        cv2.setNumThreads(1)
        self.config = config
        self.bundle = bundle
        self.size = FrameSize(bundle.height, bundle.width)
        """Of the frames that the bundle inspects."""
        self.fits = Fits(config, self.size)
        self.latency = LatencyHistogram()
        self.uninspected = Uninspected()
        self.rejects = LastRejects()
        self._observe = observe or (lambda _: None)
        self.epoch = epoch = new_epoch(config)
        """Identity of this start of the line."""
        self.status = LineStatus(self._publish_status)
        self.results = Results(
            config.results,
            config.journal,
            epoch,
            journal_changed=partial(self.status.condition, "journal"),
            peers_changed=partial(self.status.condition, "peers"),
            keys=config.keys,
        )
        self.sheets = self._sheet_collector()
        self.ledger = Ledger(self._settled, queued=self._queued)
        self.deadlines = DeadlineTimer(self.ledger, lambda: self.inference.look())
        self.ring = FrameRing(
            config.ring.slots_for(self.fits.slot_px), self.size, config.ring.observer_slots, self.fits.slot_px
        )
        self.drift = DriftWatch(
            config.drift,
            self.fits.judged,
            self.size,
            self.ring,
            self._active_point,
            partial(self.status.condition, degrades=False),
        )
        self.observers = Observers((*observers, self.drift) if config.drift.enabled else observers)
        self.archive = LineArchive(self)
        self.serials: dict[str, str] = {}
        """Serial numbers of the devices that are open, by camera."""
        judges = judges_of(config, self.fits, self.serials)
        judges.check(bundle)
        self.postprocessing = Postprocessing(self.ledger, self.observers, self._late, config.verdicts.threads)
        self.inference = Inference(
            config.inference,
            bundle,
            self.ring,
            Listener(
                self.postprocessing.results, self.postprocessing.given_up, self._child_changed, self._child_silent
            ),
            hold_while_down=config.overload == "wait",
            forced=forced,
        )
        self.announcer = Announcer(lambda: self.config, self.results, self.drift.reset, self.sheets)
        self.runs = Runs(epoch.cameras, Setup(self.inference.active, judges), self.announcer)
        """Which run is on, and what frames are inspected with."""
        self.bundles = LineBundles(self.inference, self.runs, self.status, self.size, config.inference.standby_s)
        self.shadow = Shadow(
            config.inference,
            self.inference,
            self.bundles,
            self.observers,
            self.status,
            self.results,
            epoch.epoch,
            self.archive.disagreed,
        )
        self.recorder = Recorder(
            config,
            self.fits,
            epoch,
            partial(self.status.condition, degrades=False),
        )
        self.playback = Playback()
        """Of the cameras that play a recording."""
        self.cameras = Cameras(
            [acquisition_of(self, camera, (sources or {}).get(camera.name)) for camera in config.cameras]
        )
        self.control = LineControl(self, read_config or (lambda: config), folder)
        self._started = False
        """Whether frames are, or were, taken."""
        self._stopped = False

    def start(self, stop: threading.Event, tick: Callable[[], None] | None = None) -> bool:
        """Start every part, the cameras last; where the configuration says so (``capture_during_start``), the engines last. False where
        ``stop`` was set meanwhile. ``tick`` is called some times a second while the engines load.

        Raises UserError where the line cannot run: port in use, bundle altered, camera unusable.
        """
        early = captures_during_start(self.config)
        self.results.start(stop)
        self.cameras.resume(self.results.last_frame)
        if self.sheets is not None:
            self.sheets.start()
        self.control.start(stop)
        self.archive.start()
        self.inference.start()
        loading = Loading(self.inference.active.supervisor, self.status, self.results.awaited_are_there, tick)
        if not self.cameras.open(stop) or (early and not self._begin(stop)):
            return False
        if early:
            self.cameras.start()
        if not loading.wait(stop) or not (early or self._begin(stop)):
            return False
        self.status.enter(LineState.RUNNING, "running", f"engines run on {self.inference.active.supervisor.device}")
        if not early:
            self.cameras.start()
        return True

    def wait(self, stop: threading.Event, tick: Callable[[], None] | None = None, tick_s: float = 0.1) -> None:
        """Wait until ``stop`` is set, or every camera has ended and every frame has its verdict, or the publisher has failed.

        ``tick`` is called every ``tick_s`` seconds meanwhile."""
        while not stop.wait(tick_s):
            self.control.tick()
            if tick is not None:
                tick()
            if not self.results.snapshot().alive:
                self.status.failed("results", "the publisher failed; the log says why")
                return
            if not self.cameras.running and not self.ledger.open_frames():
                return

    def stop(self) -> None:
        """Drain and stop every part, from any state, in under 2 s. An error in one part is logged, and the next part is stopped.

        What hangs (a camera, a child, a disk) is left behind. A second call does nothing."""
        if self._stopped:
            return
        self._stopped = True
        begun_s = time.monotonic()
        if self._started:
            self._attempt(lambda: self.status.enter(LineState.DRAINING, "draining", "no further frames"))
        self._attempt(self.bundles.close)
        self._attempt(self.cameras.interrupt)
        self._attempt(lambda: self.cameras.stop(0.2))
        self._attempt(self.recorder.end)
        self._attempt(lambda: self._drain(begun_s + DRAINED_BY_S))
        self._attempt(lambda: self.inference.stop(0.2))
        self._attempt(lambda: self.postprocessing.close(0.2))
        self._attempt(self.shadow.close)
        self._attempt(self.archive.end)
        self._attempt(lambda: self.drift.stop(0.1))
        self._attempt(lambda: self.ledger.settle_all(Reason.SHUTDOWN, "the line stopped"))
        self._attempt(self.deadlines.stop)
        self._attempt(self.control.close)
        self._attempt(self._say_goodbye)
        self._attempt(lambda: self.results.close(max(0.3, begun_s + CLOSED_BY_S - time.monotonic())))
        self._attempt(lambda: self.archive.close(max(0.05, begun_s + CLOSED_BY_S - time.monotonic())))
        self._attempt(self.inference.close)
        self._attempt(self.recorder.close)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None and not self.status.started and not self.failures:
            self.status.failed("start", str(error) or type(error).__name__)
        self.stop()

    @property
    def failures(self) -> list[str]:
        """Parts that stopped early and why, one line each."""
        return self.status.failures

    @property
    def health(self) -> Health:
        """How the line is (NAMUR NE 107), and why, by part."""
        return self.status.health

    def snapshot(self) -> Snapshot:
        """Counts, latencies and load at this moment."""
        return snapshot_of(self)

    # Building.

    def _sheet_collector(self) -> SheetCollector | None:
        config = self.config
        if config.sheets is None:
            return None
        return SheetCollector(config.sheets, self.epoch.cameras, self.results, config.verdicts.max_defects)

    def _begin(self, stop: threading.Event) -> bool:
        """Begin the first run, so that frames can be taken. False where ``stop`` was set before."""
        if not self.results.wait_for_subscribers(stop):
            return False
        follower = RecordingFollower(self.runs, self.status)
        self.playback.follow(follower)
        self.runs.begin(self.playback.first_run or first_run(self.config, self.epoch.epoch))
        self.deadlines.start()
        self.drift.start()
        native.warn_if_missing()
        self._started = True
        return True

    def _active_point(self) -> tuple[BundleIdentity, OperatingPoint]:
        """The bundle that gives the verdicts, and its operating point."""
        active = self.inference.active
        return active.identity, active.bundle.operating_point

    # Running.

    def _settled(self, settled: Settled) -> None:
        """Every verdict passes here, in order, under the ledger's lock."""
        self.results.queue(settled)
        if self.sheets is not None:
            self.sheets.add(settled)
        self.runs.settled(settled)
        self.latency.add((settled.settled_ns - settled.meta.captured_ns) / 1e3)
        self.uninspected.settled(settled)
        self.rejects.settled(settled)
        self._observe(settled)

    def _queued(self) -> None:
        self.results.wake()
        if self.sheets is not None:
            self.sheets.wake()

    def _late(self, meta: FrameMeta, outcome: Outcome) -> None:
        self.runs.late(meta, lambda: self.results.late(meta, outcome))

    def _publish_status(self, status: Status) -> None:
        self.results.status(status)

    def _child_changed(self, source: Dispatcher, state: State, text: str) -> None:
        self.bundles.child_changed(source, state, text)

    def _child_silent(self, source: Dispatcher, why: str) -> None:
        self.bundles.silent(source, why)

    def camera_opened(self, camera: str, serial: str | None) -> str:
        """Why the camera that is open is not the one that its calibrations were made with; empty where it may be."""
        self.serials.pop(camera, None)
        if serial is not None:
            self.serials[camera] = serial
        return self.runs.now.setup.judges.foreign(camera)

    def camera_failed(self, camera: str, why: str) -> None:
        """A camera has stopped early. From any thread."""
        self.status.failed(f"cameras.{camera}", why)
        self.status.trouble(f"camera {camera}", "camera_failed", f"camera {camera}: {why}")

    # Stopping.

    def _drain(self, by_s: float) -> None:
        until_s = min(by_s, time.monotonic() + self.config.drain_timeout_s)
        while self.ledger.open_frames() and time.monotonic() < until_s:
            time.sleep(0.01)

    def _say_goodbye(self) -> None:
        """Also where the start failed: whoever has heard the heartbeats learns why they end."""
        if not self.results.endpoint:
            return
        self.runs.end_all()
        if self.sheets is not None:
            self.sheets.close(0.2)
        ended = "the run has ended" if self._started else "stopped before the first frame"
        self.status.enter(LineState.STOPPED, "stopped", "; ".join(self.failures) or ended)

    @staticmethod
    def _attempt(action: Callable[[], object]) -> None:
        try:
            action()
        except Exception:
            log.exception("a part did not stop cleanly")
