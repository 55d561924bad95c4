"""Watches the cameras of a line for drift: an observer that looks at inspected frames, and a thread that judges windows of them.

A look takes about 0.05 ms and happens after the frame has its verdict, about ``drift.looks_hz`` times a second and camera at most. Everything else
is done by the thread, which may fall behind: then blocks are left out, and frames are not held up.
"""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import NamedTuple

from engines.drift.look import look, tile_counts
from engines.drift.reference import Reference
from engines.errors import FileError
from engines.operating_point import OperatingPoint
from inspector.config.drift import DriftConfig
from inspector.drift.block import Block
from inspector.drift.folder import PictureFolder
from inspector.drift.judge import QUARTERS, CameraJudge, Change
from inspector.drift.picture import draw
from inspector.frames.daemon_threads import DaemonThreads
from inspector.frames.leased_frame import Inspected
from inspector.frames.meta import FrameMeta
from inspector.frames.outcome import BundleIdentity
from inspector.frames.ring import FrameRing
from inspector.frames.size import FrameSize

log = logging.getLogger(__name__)

Report = Callable[[str, bool, str, str], None]
"""``report(part, well, code, text)``, called from the drift thread only."""
Active = Callable[[], tuple[BundleIdentity, OperatingPoint]]
"""The bundle whose results are verdicts, and its operating point."""
OVERTAKEN = 2
"""A block waits for frames that were overtaken until so many more were looked at, times the slots of the ring; at most a quarter window."""
MOST_WAITING = 8
"""Blocks of each camera that wait for the thread."""
PICTURE_WAIT_S = 2.0
"""A report waits so long for its picture: it must not depend on a disk that hangs."""


class _Job(NamedTuple):
    camera: str
    judge: CameraJudge
    block: Block | None
    """None: the camera's frames are another population from here on, and what was reported is taken back."""


class _Camera:
    """What is kept of one camera. ``lock`` is held for a look."""

    def __init__(self, size: FrameSize) -> None:
        self.size = size
        """Of the frames that are judged."""
        self.lock = threading.Lock()
        self.bundle: BundleIdentity | None = None
        """The one that ``reference`` is of."""
        self.reference: Reference | None = None
        self.judge: CameraJudge | None = None
        self.block: Block | None = None
        self.first = 0
        """Number of the first frame that belongs to ``block``; those before it belong to ``closing``."""
        self.closing: Block | None = None
        """The block before, which waits for frames that were overtaken: those that the gate let through take longer."""
        self.every = 1
        """Frames whose number is a multiple of this are looked at. By number, because a frame that was overtaken must have the same chance."""
        self.began: tuple[int, int] | None = None
        """Number and capture time (ns) of the frame that ``block`` began with."""


class DriftWatch:
    """The ``Observer`` that watches for drift. Every method may be called from any thread."""

    def __init__(
        self,
        config: DriftConfig,
        cameras: Mapping[str, FrameSize],
        size: FrameSize,
        ring: FrameRing,
        active: Active,
        report: Report,
    ) -> None:
        """``cameras`` are the sizes of the frames that are judged, by camera; ``size`` is that of the frames that are inspected, in ``ring``."""
        self._config = config
        self._size = size
        self._ring = ring
        self._active = active
        self._report = report
        self._quarter = max(1, config.window_frames // QUARTERS)
        self._wait = min(self._quarter, OVERTAKEN * ring.leases.slots)
        self._cameras = {name: _Camera(judged) for name, judged in cameras.items()}
        self._folder = None if config.folder is None else PictureFolder(Path(config.folder), config.keep_pictures)
        self._writer = DaemonThreads(1, "drift-pictures")
        self._writing: Future[Path] | None = None
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._most_waiting = MOST_WAITING * len(cameras)
        self._stopping = False
        self._behind_told = False
        self._unwatched_told: set[tuple[str, str]] = set()
        self._thread = threading.Thread(target=self._run, name="drift", daemon=True)

    # The frames' side.

    def start(self) -> None:
        """Take the active bundle's reference, say for which cameras there is none, and start the thread."""
        if not self._config.enabled:
            return
        for name, camera in self._cameras.items():
            with camera.lock:
                self._take_reference(name, camera)
        self._thread.start()

    def inspected(self, inspected: Inspected) -> None:
        """Look at a frame that the active bundle inspected."""
        outcome, frame = inspected.outcome, inspected.frame
        if outcome.gate_score is None or frame.shadow or not self._config.enabled:
            return
        camera = self._cameras[frame.meta.camera]
        with camera.lock:
            if frame.meta.frame % camera.every:
                return
            if outcome.bundle is not camera.bundle:  # loaded anew, perhaps with another reference
                self._take_reference(frame.meta.camera, camera)
            if camera.judge is None or outcome.bundle != camera.bundle or camera.reference is None:
                return
            block = self._block_of(camera, camera.reference, frame.meta)
            pixels = self._ring.judged(frame, self._size)
            seen = None if block is None else look(pixels)
            if block is None or seen is None:
                return
            block.add(seen, outcome.gate_score, pixels, frame.meta.frame)
            if block is camera.block:
                self._close(frame.meta, camera, camera.judge, block)

    def _block_of(self, camera: _Camera, reference: Reference, meta: FrameMeta) -> Block | None:
        """The block that a frame belongs to; None for one that was overtaken by too many. ``lock`` is held."""
        if meta.frame < camera.first:
            return camera.closing
        if camera.block is None:
            camera.block = Block(reference, *camera.size)
            camera.began = meta.frame, meta.captured_ns
        return camera.block

    def _close(self, meta: FrameMeta, camera: _Camera, judge: CameraJudge, block: Block) -> None:
        """Hand over the block before, once it has waited for long enough, and close a full one. ``lock`` is held."""
        if camera.closing is not None and block.frames >= self._wait:
            self._hand_over(_Job(meta.camera, judge, camera.closing))
            camera.closing = None
        if block.frames < self._quarter:
            return
        camera.closing, camera.block = block, None
        camera.first = block.last_frame + 1
        if camera.began is not None and self._config.looks_hz is not None:
            frames, spent_ns = meta.frame - camera.began[0], meta.captured_ns - camera.began[1]
            if frames > 0 and spent_ns > 0:
                camera.every = max(1, math.ceil(frames * 1e9 / spent_ns / self._config.looks_hz - 0.05))

    def reset(self) -> None:
        """Begin new windows: another product comes, or the light was changed on purpose. What was reported is taken back."""
        for name, camera in self._cameras.items():
            with camera.lock:
                self._begin_anew(name, camera)

    def stop(self, timeout_s: float) -> None:
        """End the thread, waiting at most ``timeout_s``. What it has not judged yet is left out."""
        if self._thread.ident is None:
            return
        self._stopping = True
        self._jobs.put(None)
        self._thread.join(timeout_s)
        self._writer.close(0.0)

    def figures(self) -> dict[tuple[str, str], float]:
        """The population stability index by camera and figure (``gate_score``, ``brightness``, ``contrast``, ``sharpness``), of the last
        window; those without one are left out."""
        return {
            (name, figure): psi
            for name, camera in self._cameras.items()
            if (judge := camera.judge) is not None
            for figure, psi in tuple(judge.psi.items())
        }

    def reference_frames(self) -> dict[str, int]:
        """Frames in the reference of each camera; 0 where there is none, so that drift is not watched."""
        return {
            name: 0 if (reference := camera.reference) is None else reference.frames
            for name, camera in self._cameras.items()
        }

    def _take_reference(self, name: str, camera: _Camera) -> None:
        """Take the reference of the active bundle, where it is another one than the camera has. ``lock`` is held."""
        bundle, point = self._active()
        if bundle is camera.bundle:
            return
        camera.bundle = bundle
        camera.reference = point.reference_of(name)
        if camera.reference is not None and not _fits(camera.reference, camera.size):
            self._tell_unwatched(name, bundle, "the reference is of frames of another size")
            camera.reference = None
        elif camera.reference is None:
            self._tell_unwatched(name, bundle, "the operating point has no reference")
        self._begin_anew(name, camera)

    def _begin_anew(self, name: str, camera: _Camera) -> None:
        """``lock`` is held."""
        before, reference = camera.judge, camera.reference
        camera.block = camera.closing = None
        camera.first = 0
        camera.judge = None if reference is None else CameraJudge(reference, self._config)
        if before is not None:
            self._hand_over(_Job(name, before, None))

    def _tell_unwatched(self, name: str, bundle: BundleIdentity, why: str) -> None:
        """Once for each camera and bundle."""
        key = name, bundle.bundle + bundle.operating_point
        if key not in self._unwatched_told:
            self._unwatched_told.add(key)
            log.info(
                "camera %s: drift is not watched: bundle %s: %s; `inspector calibrate thresholds` or `inspector reference` writes one",
                name,
                bundle.bundle,
                why,
            )

    def _hand_over(self, job: _Job) -> None:
        """Give the thread a job; a block is left out where too many wait already."""
        if job.block is not None and self._jobs.qsize() >= self._most_waiting:
            if not self._behind_told:
                self._behind_told = True
                log.warning("drift is judged more slowly than frames come; some of them are left out")
            return
        self._jobs.put(job)

    # The thread's side.

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopping:
            try:
                self._judge(job)
            except Exception:
                log.exception("drift of camera %s could not be judged", job.camera)

    def _judge(self, job: _Job) -> None:
        changes = job.judge.all_well("watched anew") if job.block is None else job.judge.add(job.block)
        found = [change for change in changes if not change.well]
        behind = self._picture(job, found) if found else ""
        for change in changes:
            text = f"camera {job.camera}: {change.text}" + ("" if change.well else behind)
            log.log(logging.INFO if change.well else logging.WARNING, "%s", text)
            self._report(f"{change.subject} of camera {job.camera}", change.well, change.code, text)

    def _picture(self, job: _Job, found: list[Change]) -> str:
        """Save the picture; what the report says of it."""
        window, folder = job.judge.window, self._folder
        if folder is None or window is None:
            return ""
        if self._writing is not None and not self._writing.done():
            return "; no picture: the disk has not taken the one before"
        lines = [f"{job.camera}, {window.frames} frames up to number {window.last_frame}", *(one.code for one in found)]
        columns = [column for change in found for column in change.columns]
        picture = draw(window, job.judge.reference, columns, lines)
        code = found[0].code
        self._writing = self._writer.submit(lambda: folder.save(picture, job.camera, code))
        begun_s = time.monotonic()
        try:
            path = self._writing.result(PICTURE_WAIT_S)
        except FutureTimeoutError:
            why = f"the disk has not taken it after {time.monotonic() - begun_s:.0f} s"
        except (FileError, OSError) as error:
            why = str(error)
        else:
            return f"; picture: {path}"
        return f"; no picture: {why}"


def _fits(reference: Reference, size: FrameSize) -> bool:
    profile = reference.profile
    return (len(profile.mean), len(profile.frames)) == tile_counts(*size)
