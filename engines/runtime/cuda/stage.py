"""One engine on the device: its stream, its static buffers, and the batches under way.

A batch takes three streams, ordered by events, none of which the host waits for: frames come up on the upload stream; on the stage's own
stream they are gathered into the network's input, the network runs, and its answer is copied aside, so that the next batch may follow at
once; on the download stream the answer goes to the host. A thread waits for the end of each batch in turn and hands the answer on.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.errors import EngineError
from engines.runtime.batches import bucket, buckets
from engines.runtime.cuda.device import Device, DeviceMemory
from engines.runtime.cuda.frames import DeviceFrames
from engines.runtime.cuda.network import Network, Run
from engines.runtime.cuda.trace import Mark, Trace, no_mark
from engines.runtime.engine import Frame

IN_FLIGHT = 2
"""Batches of a stage under way: while one computes, the next one's frames come up and the last one's answer goes down."""
_ALIGNED = 256

Done = Callable[[Any], None]
Answer = Callable[[Mapping[str, NDArray[Any]], int], Any]
"""Makes an engine's answer of the small outputs by name, each of the full batch, and the number of frames."""


@dataclass(frozen=True)
class Layout:
    """What a network answers, per frame: shape and type by name. The mask is a plane, the others are small."""

    small: dict[str, tuple[tuple[int, ...], Any]]
    mask: bool


@dataclass
class Streams:
    """Where a stage's work goes; with all three the same nothing overlaps."""

    upload: Any
    compute: Any
    download: Any


@dataclass
class _BufferSet:
    """What one batch under way needs for itself."""

    landing: DeviceMemory
    """Frames that are not of the adopted planes."""
    aside: DeviceMemory
    """A copy of the answer on the device."""
    small: NDArray[np.uint8]
    """Page-locked: the small outputs."""
    outputs: Mapping[str, NDArray[Any]]
    """The same by name."""
    uploaded: Any
    computed: Any
    finished: Any
    staging: NDArray[np.uint8] | None = None
    """Page-locked frames and masks, [2, batch, H, W]; made when first needed."""


@dataclass
class _Job:
    berth: _BufferSet
    count: int
    done: Done
    masks: list[tuple[Frame, NDArray[np.uint8]]] = field(default_factory=list)
    """Masks that were copied to page-locked memory first, and from where."""
    marks: list[Mark] = field(default_factory=list)
    """Traced: what began and ended, with timed events."""


class Stage:
    """The gate or the segmenter on the device."""

    def __init__(
        self,
        name: str,
        device: Device,
        network: Network,
        layout: Layout,
        frame_shape: tuple[int, int],
        max_batch: int,
        streams: Streams,
        frames: DeviceFrames,
        answer: Answer,
        *,
        graphs: bool,
        urgent: bool = False,
        extra: Mapping[str, int] | None = None,
        trace: Trace | None = None,
    ) -> None:
        """``extra`` are inputs besides the frames, by name; ``urgent``: its kernels go before the other stage's.

        Raises EngineError: the network is not of this form, no memory."""
        wanted = {"frames", *(extra or {})}, {*layout.small, *(("mask",) if layout.mask else ())}
        if (set(network.inputs), set(network.outputs)) != wanted:
            raise EngineError(
                f"the {name} takes {sorted(network.inputs)} and gives {sorted(network.outputs)}; "
                f"expected {sorted(wanted[0])} and {sorted(wanted[1])}; export the bundle again"
            )
        self.name, self.max_batch, self.in_flight = name, max_batch, IN_FLIGHT
        self._device, self._layout, self._streams, self._frames, self._answer = device, layout, streams, frames, answer
        self._shape = frame_shape
        self._frame_bytes = frame_shape[0] * frame_shape[1]
        self._trace = trace
        self._offsets, self._small_bytes = _offsets(layout, max_batch)
        answer_bytes = self._small_bytes + (max_batch * self._frame_bytes if layout.mask else 0)
        self._held: list[DeviceMemory] = []
        self._input = self._memory(max_batch * self._frame_bytes)
        self._output = self._memory(answer_bytes)
        addresses = {"frames": self._input.address, **(extra or {})}
        addresses |= {one: self._output.address + at for one, at in self._offsets.items()}
        if layout.mask:
            addresses["mask"] = self._output.address + self._small_bytes
        self._runs: dict[int, Run] = {
            batch: network.bind(batch, addresses, streams.compute, graph=graphs, urgent=urgent)
            for batch in buckets(max_batch)
        }
        network.bound()
        self._free: queue.SimpleQueue[_BufferSet] = queue.SimpleQueue()
        for _ in range(IN_FLIGHT):
            self._free.put(self._berth(answer_bytes))
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._complete, name=f"{name}-answers", daemon=True)

    def start(self) -> None:
        """Take batches from now on."""
        self._thread.start()

    def enqueue(self, frames: Sequence[Frame], masks: Sequence[Frame], done: Done, seen: bool) -> None:
        """Start a batch; ``done`` gets the answer or what ended it. Returns at once while no more than ``IN_FLIGHT`` are under
        way, else waits for the oldest."""
        if odd := next((frame.shape for frame in frames if frame.shape != self._shape), None):
            done(EngineError(f"a frame of {odd} was given, the {self.name} takes {self._shape}"))
            return
        job = _Job(self._free.get(), len(frames), done)
        try:
            with self._device.plain(f"the {self.name} cannot be given a batch"):
                self._start(job, frames, masks, seen)
        except Exception as error:
            # What was begun is never used again: an error of CUDA ends the process.
            done(error)
            return
        self._jobs.put(job)

    def keep_warm(self) -> None:
        """Run the smallest batch on whatever the input holds."""
        with self._device.plain(f"the {self.name} fails when kept warm"):
            self._runs[1]()

    def finish(self) -> None:
        """Finish what is under way."""
        if self._thread.ident is not None:
            self._jobs.put(None)
            self._thread.join()

    def release(self) -> None:
        """Free what it holds on the device; nothing is under way."""
        self._runs.clear()
        for memory in self._held:
            memory.free()
        self._held.clear()

    def _start(self, job: _Job, frames: Sequence[Frame], masks: Sequence[Frame], seen: bool) -> None:
        cu, berth, streams = self._device.cu, job.berth, self._streams
        size = self._frame_bytes
        mark = self._trace.mark if self._trace else no_mark
        with mark(job.marks, "upload", streams.upload):
            places = self._upload(berth, frames, seen)
        streams.compute.wait_for_event(berth.uploaded)
        with mark(job.marks, self.name, streams.compute):
            for i, place in enumerate(places):
                cu.memcpy_dtod_async(self._input.address + i * size, place, size, streams.compute)
            self._runs[bucket(len(frames), self.max_batch)]()
            # One copy for all: the masks of the batch lie behind the small outputs.
            answer_bytes = self._small_bytes + (len(frames) * size if self._layout.mask else 0)
            cu.memcpy_dtod_async(berth.aside.address, self._output.address, answer_bytes, streams.compute)
        berth.computed.record(streams.compute)
        streams.download.wait_for_event(berth.computed)
        with mark(job.marks, f"{self.name} download", streams.download):
            cu.memcpy_dtoh_async(berth.small, berth.aside.address, streams.download)
            for i, mask in enumerate(masks):
                target = mask
                if not self._frames.takes_straight(mask):
                    target = self._staging(berth)[1, i]
                    job.masks.append((mask, target))
                cu.memcpy_dtoh_async(target, berth.aside.address + self._small_bytes + i * size, streams.download)
        berth.finished.record(streams.download)

    def _upload(self, berth: _BufferSet, frames: Sequence[Frame], seen: bool) -> list[int]:
        """Have every frame come up that is not on the device; gives the addresses where they will be."""
        places = []
        for i, frame in enumerate(frames):
            place = self._frames.place(frame)
            adopted = place is not None
            if place is None:
                place = berth.landing.address + i * self._frame_bytes
            places.append(place)
            if adopted and seen:
                continue
            source = frame
            if not (adopted and self._frames.direct):
                source = self._staging(berth)[0, i]
                source[...] = frame
            self._device.cu.memcpy_htod_async(place, source, self._streams.upload)
        berth.uploaded.record(self._streams.upload)
        return places

    def _complete(self) -> None:
        """The thread that waits for batches in the order they were started."""
        with self._device.entered():
            while (job := self._jobs.get()) is not None:
                try:
                    with self._device.plain(f"the {self.name} failed on the GPU"):
                        job.berth.finished.synchronize()
                    answer = self._answered(job)
                except Exception as error:
                    answer = error
                self._free.put(job.berth)
                job.done(answer)

    def _answered(self, job: _Job) -> Any:
        for mask, landed in job.masks:
            mask[...] = landed
        if self._trace:
            self._trace.take(job.marks)
        return self._answer(job.berth.outputs, job.count)

    def _berth(self, answer_bytes: int) -> _BufferSet:
        device = self._device
        small = device.pinned((self._small_bytes,), np.uint8)
        return _BufferSet(
            landing=self._memory(self.max_batch * self._frame_bytes),
            aside=self._memory(answer_bytes),
            small=small,
            outputs=_views(small, self._layout, self._offsets, self.max_batch),
            uploaded=device.event(),
            computed=device.event(),
            finished=device.event(),
        )

    def _memory(self, size: int) -> DeviceMemory:
        self._held.append(self._device.memory(size))
        return self._held[-1]

    def _staging(self, berth: _BufferSet) -> NDArray[np.uint8]:
        if berth.staging is None:
            berth.staging = self._device.pinned((2, self.max_batch, *self._shape), np.uint8)
        return berth.staging


def _offsets(layout: Layout, max_batch: int) -> tuple[dict[str, int], int]:
    """Where each small output begins, and the size of all."""
    found, end = {}, 0
    for name, (shape, dtype) in layout.small.items():
        found[name] = end
        size = max_batch * int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
        end += -(-size // _ALIGNED) * _ALIGNED
    return found, end


def _views(
    small: NDArray[np.uint8], layout: Layout, offsets: Mapping[str, int], max_batch: int
) -> dict[str, NDArray[Any]]:
    """Each small output of a full batch, in this memory."""
    found = {}
    for name, (shape, dtype) in layout.small.items():
        begin = offsets[name]
        end = begin + max_batch * int(np.prod(shape, dtype=int)) * np.dtype(dtype).itemsize
        found[name] = small[begin:end].view(dtype).reshape(max_batch, *shape)
    return found
