"""The child process: loads and verifies the engines, and runs the cascade until ``Stop`` comes or the parent has ended.

The main thread decides (``Loop``); engines compute in threads of their own; a reader thread queues the messages. Any error of an
engine ends the process, with the reason as its last message: the supervisor starts a new one, because the device may be in a bad state.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import traceback
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from engines.bundle import read_bundle
from engines.errors import BundleError, EngineError
from engines.runtime.engine import Engines, GateOutput, SegmenterOutput
from engines.runtime.plausibility import require_agreement, require_probabilities
from inspector.frames.background import Priority, take_processor
from inspector.frames.channel import Channel, ClosedError
from inspector.frames.clock import now_ns
from inspector.frames.planes import SharedPlanes
from inspector.frames.size import FrameSize
from inspector.frames.spawned_process import ignore_signals
from inspector.inference.cascade import Batch, Cascade, Stage
from inspector.inference.figures import ChildTally
from inspector.inference.loading import load_configured
from inspector.inference.messages import (
    Failed,
    FromChild,
    InferenceResult,
    InferenceResults,
    Ready,
    Stop,
    ToChild,
    WorkerSettings,
)
from inspector.inference.pace import Pace
from inspector.inference.remedies import with_remedy

_LONGEST_REASON, _LONGEST_TRACEBACK = 2_000, 30_000
"""Characters that are sent of an internal error: a message is bounded."""


class Done(NamedTuple):
    """A finished batch."""

    batch: Batch
    output: GateOutput | SegmenterOutput | Exception
    enqueued_ns: int
    """When it was given to the engine, monotonic ns."""
    done_ns: int


Mail: TypeAlias = ToChild | Done


def main(end: socket.socket, frames: SharedPlanes, masks: SharedPlanes, settings: WorkerSettings) -> None:
    """Serve the parent until it says stop; ``end`` is this process's end of the channel to it. Called by ``spawned``."""
    ignore_signals()
    channel: Channel[ToChild] = Channel(end, ToChild)
    mail: queue.SimpleQueue[Mail] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(channel, mail), name="reader", daemon=True).start()
    # The reason is sent before the engines are closed: closing may hang on a device that failed.
    with contextlib.closing(channel), contextlib.ExitStack() as engines:
        try:
            _serve(channel, frames, masks, settings, mail, engines)
        except (BundleError, EngineError) as error:
            channel.send(Failed(with_remedy(error), mendable=isinstance(error, BundleError)))
        except Exception as error:
            text = traceback.format_exc()[-_LONGEST_TRACEBACK:]
            channel.send(Failed(f"{type(error).__name__}: {error}"[:_LONGEST_REASON], mendable=False, traceback=text))


def _read(channel: Channel[ToChild], mail: queue.SimpleQueue[Mail]) -> None:
    """Put the channel's messages into the queue. When the parent has ended, this process exits at once."""
    try:
        while (message := channel.receive()) is not None:
            mail.put(message)
            if isinstance(message, Stop):
                return
    except ClosedError:
        os._exit(1)


def _serve(
    channel: Channel[ToChild],
    frames: SharedPlanes,
    masks: SharedPlanes,
    settings: WorkerSettings,
    mail: queue.SimpleQueue[Mail],
    closing: contextlib.ExitStack,
) -> None:
    bundle = read_bundle(Path(settings.bundle), settings.operating_point)
    if bundle.sha256 != settings.bundle_sha256:
        raise BundleError(
            f"{bundle.path}: holds {bundle.id} now, the line was started with {settings.bundle_id}; start the line again"
        )
    config = settings.inference
    loaded = load_configured(bundle, config)
    engines = loaded.engines
    closing.callback(engines.close)
    engines.adopt(frames.array, masks.array)
    cascade = Cascade(
        bundle.operating_point.gate_threshold,
        engines.gate.max_batch,
        engines.segmenter.max_batch,
        config.gate_max_wait_us * 1000,
        config.segmenter_max_wait_us * 1000,
    )
    # One batch more than the device takes: it forms while the results of the last one are on their way, so that the device is never
    # idle. Frames that wait for each other before the segmenter take up places too.
    gathering = engines.segmenter.max_batch if config.segmenter_max_wait_us else 0
    frames_in_flight = (engines.in_flight + 1) * engines.gate.max_batch + gathering
    if settings.priority is Priority.LOADING:
        take_processor()
    channel.send(Ready(engines.device, loaded.note, loaded.cpu_fallback, loaded.runtime, frames_in_flight))
    thresholds = bundle.operating_point.thresholds(bundle.classes)
    planes = Planes(frames, masks, FrameSize(bundle.height, bundle.width))
    pace = Pace(frames_in_flight, any_batch=config.max_batch is None and max(engines.batches) == 1)
    Loop(cascade, engines, planes, mail, channel.send, thresholds, pace).run()


class Planes(NamedTuple):
    """The frames that are read and the masks that are written, in windows of the bundle's frame size."""

    frames: SharedPlanes
    masks: SharedPlanes
    size: FrameSize


class Loop:
    """The main loop: takes messages and finished batches, asks the cascade, starts batches on the engines, sends results."""

    def __init__(
        self,
        cascade: Cascade,
        engines: Engines,
        planes: Planes,
        mail: queue.SimpleQueue[Mail],
        report: Callable[[FromChild], bool],
        thresholds: Sequence[float],
        pace: Pace,
    ) -> None:
        self._cascade = cascade
        self._pace = pace
        self._tally = ChildTally()
        self._engines = engines
        self._planes = planes
        self._mail = mail
        self._report = report
        self._thresholds = thresholds
        self._stage_limits = {
            Stage.GATE: engines.gate.in_flight,
            Stage.SEGMENTER: engines.segmenter.in_flight,
        }
        self._enqueued = dict.fromkeys(Stage, 0)
        self._results: list[InferenceResult] = []
        """Results that are not sent yet."""

    def run(self) -> None:
        """Run until ``Stop``. Raises EngineError when an engine fails or gives an implausible output."""
        try:
            while self._turn():
                pass
        finally:
            self._send_results()

    def _turn(self) -> bool:
        """Send what is done, start what is due, and take in what comes next; False where that is ``Stop``."""
        self._send_results()
        room = self._feed()
        self._send_figures(now_ns())
        for message in self._next_mail(room):
            if isinstance(message, Stop):
                return False
            if isinstance(message, Done):
                self._take_in(message)
            else:
                now = now_ns()
                for work in message.items:
                    self._cascade.arrive((work.slot, work.offset), work.forced, now)
        return True

    def _next_mail(self, room: Collection[Stage]) -> Sequence[Mail]:
        """The mail that is there or comes next; none when a partial batch has waited long enough first, or nothing came for a long time."""
        wake = self._cascade.wake_ns(room)
        timeout = None if wake is None else max(0.0, (wake - now_ns()) / 1e9)
        idle = not any(self._enqueued.values()) and wake is None
        figures_ns = self._tally.due_ns if idle else None
        if figures_ns is not None:
            timeout = max(0.0, (figures_ns - now_ns()) / 1e9)
        elif idle:
            timeout = self._engines.idle_s
        try:
            mail = [self._mail.get(timeout=timeout)]
        except queue.Empty:
            if idle and figures_ns is None:
                self._engines.keep_warm()
            return ()
        while not self._mail.empty():
            mail.append(self._mail.get_nowait())
        return mail

    def _room(self) -> dict[Stage, int]:
        """The engines that accept a further batch, and how many."""
        in_all = self._engines.in_flight - sum(self._enqueued.values())
        room = {}
        if in_all > 0:
            for stage, limit in self._stage_limits.items():
                left = limit - self._enqueued[stage]
                if left > 0:
                    room[stage] = min(left, in_all)
        return room

    def _feed(self) -> Collection[Stage]:
        """Start every batch that is due, as long as the engines accept more. Returns the engines that still do."""
        while room := self._room():
            now = now_ns()
            batch = self._cascade.next_batch(now, room, self._pace.largest_batch)
            if batch is None:
                break
            self._enqueued[batch.stage] += 1
            planes = self._planes
            frames = [planes.frames.view(item.window, planes.size) for item in batch.items]
            if batch.stage is Stage.GATE:
                self._engines.gate.enqueue(frames, self._mailer(batch, now))
            else:
                masks = [planes.masks.view(item.window, planes.size) for item in batch.items]
                # A slot is not written to before its result is sent, so the device still has the frame from the gate's batch.
                self._engines.segmenter.enqueue(frames, masks, self._mailer(batch, now), seen=True)
        return room

    def _mailer(self, batch: Batch, enqueued_ns: int) -> Callable[[Any], None]:
        return lambda output: self._mail.put(Done(batch, output, enqueued_ns, now_ns()))

    def _take_in(self, done: Done) -> None:
        batch, output = done.batch, done.output
        self._enqueued[batch.stage] -= 1
        self._pace.took(batch.stage, len(batch.items), done.enqueued_ns, done.done_ns)
        self._tally.took(batch, done.enqueued_ns, done.done_ns)
        if isinstance(output, Exception):
            raise EngineError(f"the {batch.stage.value} failed: {output}") from output
        if isinstance(output, GateOutput):
            self._gated(batch, output)
        else:
            self._segmented(batch, output)

    def _send_results(self) -> None:
        if self._results:
            self._report(InferenceResults(self._results, self._pace.in_flight))
            self._results = []

    def _send_figures(self, now_ns: int) -> None:
        due_ns = self._tally.due_ns
        if due_ns is not None and due_ns <= now_ns:
            self._report(self._tally.take(now_ns))

    def _gated(self, batch: Batch, output: GateOutput) -> None:
        """Clean frames of the batch are done; the others go on to the segmenter."""
        now = now_ns()
        for item, score in zip(batch.items, output.scores.tolist(), strict=True):
            require_probabilities("gate", (score,))
            if not self._cascade.gated(item, score, now):
                self._results.append(InferenceResult(*item.window, score, let_through=False))

    def _segmented(self, batch: Batch, output: SegmenterOutput) -> None:
        for item, pixels, scores in zip(batch.items, output.pixels.tolist(), output.scores.tolist(), strict=True):
            require_probabilities("segmenter", scores)
            require_agreement(pixels, scores, self._thresholds)
            self._results.append(InferenceResult(*item.window, item.gate_score, True, tuple(pixels), tuple(scores)))
