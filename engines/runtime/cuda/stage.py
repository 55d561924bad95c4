"""One engine on the device: its streams, its static buffers, and the batches in flight.

A batch uses three streams, which are ordered by events that the host does not wait for. On the upload stream its frames are copied to the
device. On the compute stream they are gathered in the network's input, the network runs, and its outputs are copied aside, so that the
next batch can start at once. On the download stream the outputs are copied to the host. A thread waits for the end of each batch in turn
and calls back.
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
from engines.runtime.cuda.buffers import BufferSet, OutputLayout
from engines.runtime.cuda.device import Device, DeviceMemory
from engines.runtime.cuda.frames import DeviceFrames
from engines.runtime.cuda.network import Network, Run
from engines.runtime.cuda.trace import Mark, Trace, no_mark
from engines.runtime.engine import Frame

IN_FLIGHT = 2
"""Batches of a stage in flight: while one is computed, the frames of the next are uploaded or the outputs of the last downloaded."""

Done = Callable[[Any], None]
Answer = Callable[[Mapping[str, NDArray[Any]], int], Any]
"""Makes the output for ``done`` from the small outputs of a full batch, by name, and the number of frames."""


@dataclass(frozen=True)
class Streams:
    """The streams of a stage; where all three are the same, nothing overlaps."""

    upload: Any
    compute: Any
    download: Any


@dataclass
class _Batch:
    """A batch in flight."""

    buffers: BufferSet
    count: int
    done: Done
    staged_masks: list[tuple[Frame, NDArray[np.uint8]]] = field(default_factory=list)
    """Masks that are downloaded to a staging buffer first: destination and staging buffer of each."""
    marks: list[Mark] = field(default_factory=list)


class Stage:
    """The gate or the segmenter on the device."""

    def __init__(
        self,
        name: str,
        device: Device,
        network: Network,
        layout: OutputLayout,
        frame_shape: tuple[int, int],
        streams: Streams,
        frames: DeviceFrames,
        answer: Answer,
        *,
        graphs: bool,
        high_priority: bool = False,
        extra_inputs: Mapping[str, int] | None = None,
        trace: Trace | None = None,
    ) -> None:
        """``extra_inputs``: device addresses of inputs besides the frames, by name; ``high_priority``: its kernels go before the other
        stage's.

        Raises EngineError: the network has other inputs or outputs; DeviceMemoryError."""
        extra = extra_inputs or {}
        _require_form(name, network, {"frames", *extra}, {*layout.small, *(("mask",) if layout.mask else ())})
        self.name, self.max_batch, self.in_flight = name, layout.max_batch, IN_FLIGHT
        self._device, self._layout, self._streams, self._frames, self._answer = device, layout, streams, frames, answer
        self._shape = frame_shape
        self._frame_bytes = frame_shape[0] * frame_shape[1]
        self._trace = trace
        self._small_bytes = layout.small_bytes
        self._held: list[DeviceMemory] = []
        self._input = self._memory(self.max_batch * self._frame_bytes)
        self._output = self._memory(self._output_bytes(self.max_batch))
        self._runs = self._bind(network, extra, graphs, high_priority)
        self._free: queue.SimpleQueue[BufferSet] = queue.SimpleQueue()
        for _ in range(IN_FLIGHT):
            self._free.put(self._buffer_set())
        self._under_way: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._complete, name=f"{name}-outputs", daemon=True)

    def start(self) -> None:
        """Accept batches from now on."""
        self._thread.start()

    def enqueue(self, frames: Sequence[Frame], masks: Sequence[Frame], done: Done, seen: bool) -> None:
        """Start a batch; ``done`` gets its outputs, or the exception that ended it. Returns at once while fewer than ``IN_FLIGHT``
        are in flight, else waits for the oldest."""
        if odd := next((frame.shape for frame in frames if frame.shape != self._shape), None):
            done(EngineError(f"a frame of {odd} was given, the {self.name} takes {self._shape}"))
            return
        batch = _Batch(self._free.get(), len(frames), done)
        try:
            with self._device.cuda_errors(f"the {self.name} cannot be given a batch"):
                self._start(batch, frames, masks, seen)
        except Exception as error:
            # The buffer set is not used again: after an error of CUDA the process ends.
            done(error)
            return
        self._under_way.put(batch)

    def keep_warm(self) -> None:
        """Run the smallest batch on the present content of the input buffer."""
        with self._device.cuda_errors(f"the {self.name} fails when kept warm"):
            self._runs[1]()

    def finish(self) -> None:
        """Finish the batches in flight."""
        if self._thread.ident is not None:
            self._under_way.put(None)
            self._thread.join()

    def release(self) -> None:
        """Free the device memory. No batch may be in flight."""
        self._runs.clear()
        for memory in self._held:
            memory.free()
        self._held.clear()

    def _bind(self, network: Network, extra: Mapping[str, int], graphs: bool, high_priority: bool) -> dict[int, Run]:
        """What runs each batch size that is prepared."""
        outputs = {name: self._output.address + offset for name, offset in self._layout.offsets.items()}
        if self._layout.mask:
            outputs["mask"] = self._output.address + self._small_bytes
        addresses = {"frames": self._input.address, **extra, **outputs}
        runs = {
            batch: network.bind(batch, addresses, self._streams.compute, graph=graphs, high_priority=high_priority)
            for batch in buckets(self.max_batch)
        }
        network.finish_binding()
        return runs

    def _start(self, batch: _Batch, frames: Sequence[Frame], masks: Sequence[Frame], seen: bool) -> None:
        cu, buffers, streams = self._device.cu, batch.buffers, self._streams
        size = self._frame_bytes
        mark = self._trace.mark if self._trace else no_mark
        with mark(batch.marks, "upload", streams.upload):
            addresses = self._upload(buffers, frames, seen)
        streams.compute.wait_for_event(buffers.uploaded)
        with mark(batch.marks, self.name, streams.compute):
            for i, address in enumerate(addresses):
                cu.memcpy_dtod_async(self._input.address + i * size, address, size, streams.compute)
            self._runs[bucket(len(frames), self.max_batch)]()
            # One copy for all: the masks of the batch lie behind the small outputs.
            output_bytes = self._output_bytes(len(frames))
            cu.memcpy_dtod_async(buffers.outputs.address, self._output.address, output_bytes, streams.compute)
        buffers.computed.record(streams.compute)
        streams.download.wait_for_event(buffers.computed)
        with mark(batch.marks, f"{self.name} download", streams.download):
            cu.memcpy_dtoh_async(buffers.small, buffers.outputs.address, streams.download)
            for i, mask in enumerate(masks):
                target = mask
                if not self._frames.is_direct(mask):
                    target = self._staging(buffers)[1, i]
                    batch.staged_masks.append((mask, target))
                source = buffers.outputs.address + self._small_bytes + i * size
                cu.memcpy_dtoh_async(target, source, streams.download)
        buffers.finished.record(streams.download)

    def _upload(self, buffers: BufferSet, frames: Sequence[Frame], seen: bool) -> list[int]:
        """Copy every frame to the device that is not there yet; returns their device addresses."""
        addresses = []
        for i, frame in enumerate(frames):
            address = self._frames.address_of(frame)
            adopted = address is not None
            if address is None:
                address = buffers.frames.address + i * self._frame_bytes
            addresses.append(address)
            if adopted and seen:
                continue
            source = frame
            if not (adopted and self._frames.direct):
                source = self._staging(buffers)[0, i]
                source[...] = frame
            self._device.cu.memcpy_htod_async(address, source, self._streams.upload)
        buffers.uploaded.record(self._streams.upload)
        return addresses

    def _complete(self) -> None:
        """The thread that waits for batches, in the order in which they were started."""
        with self._device.current():
            while (batch := self._under_way.get()) is not None:
                try:
                    with self._device.cuda_errors(f"the {self.name} failed on the GPU"):
                        batch.buffers.finished.synchronize()
                    answer = self._answered(batch)
                except Exception as error:
                    answer = error
                self._free.put(batch.buffers)
                batch.done(answer)

    def _answered(self, batch: _Batch) -> Any:
        for mask, staged in batch.staged_masks:
            mask[...] = staged
        if self._trace:
            self._trace.take(batch.marks)
        return self._answer(batch.buffers.views, batch.count)

    def _buffer_set(self) -> BufferSet:
        device = self._device
        small = device.pinned((self._small_bytes,), np.uint8)
        return BufferSet(
            frames=self._memory(self.max_batch * self._frame_bytes),
            outputs=self._memory(self._output_bytes(self.max_batch)),
            small=small,
            views=self._layout.views(small),
            uploaded=device.event(),
            computed=device.event(),
            finished=device.event(),
        )

    def _output_bytes(self, frames: int) -> int:
        return self._small_bytes + (frames * self._frame_bytes if self._layout.mask else 0)

    def _memory(self, size: int) -> DeviceMemory:
        self._held.append(self._device.memory(size))
        return self._held[-1]

    def _staging(self, buffers: BufferSet) -> NDArray[np.uint8]:
        if buffers.staging is None:
            buffers.staging = self._device.pinned((2, self.max_batch, *self._shape), np.uint8)
        return buffers.staging


def _require_form(name: str, network: Network, inputs: set[str], outputs: set[str]) -> None:
    if (set(network.inputs), set(network.outputs)) != (inputs, outputs):
        raise EngineError(
            f"the {name} takes {sorted(network.inputs)} and gives {sorted(network.outputs)}; "
            f"expected {sorted(inputs)} and {sorted(outputs)}; export the bundle again"
        )
