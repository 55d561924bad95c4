"""Both engines of a bundle on one GPU: the gate's stream, the segmenter's, and those of the copies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.batches import buckets
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.frames import DeviceFrames
from engines.runtime.cuda.network import Network
from engines.runtime.cuda.stage import Layout, Stage, Streams
from engines.runtime.cuda.trace import Trace
from engines.runtime.engine import Frame, GateOutput, SegmenterOutput

IDLE_S = 0.2
"""A GPU lowers its clocks when it has nothing to do, within a second or so."""


@dataclass(frozen=True)
class CudaOptions:
    """What may be switched off, to find a fault or to measure what it brings."""

    graphs: bool = True
    """Start each batch as one recorded CUDA graph."""
    overlap: bool = True
    """Gate, segmenter and copies each on a stream of its own."""
    direct: bool = True
    """Copy straight from and to the adopted planes, page-locked."""


class CudaGate:
    """The gate on the GPU."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.max_batch, self.in_flight = stage.max_batch, stage.in_flight

    def enqueue(self, frames: Sequence[Frame], done: Callable[[GateOutput | Exception], None]) -> None:
        """See ``engines.runtime.engine.GateEngine``."""
        self._stage.enqueue(frames, (), done, seen=False)


class CudaSegmenter:
    """The segmenter on the GPU."""

    def __init__(self, stage: Stage, set_thresholds: Callable[[Sequence[float]], None]) -> None:
        self._stage = stage
        self.max_batch, self.in_flight = stage.max_batch, stage.in_flight
        self.set_thresholds = set_thresholds
        """See ``engines.runtime.engine.SegmenterEngine``."""

    def enqueue(
        self,
        frames: Sequence[Frame],
        masks: Sequence[Frame],
        done: Callable[[SegmenterOutput | Exception], None],
        *,
        seen: bool = False,
    ) -> None:
        """See ``engines.runtime.engine.SegmenterEngine``."""
        self._stage.enqueue(frames, masks, done, seen=seen)


class CudaEngines:
    """Both engines on the GPU whose context is current on the calling thread; all calls come from that thread."""

    def __init__(
        self,
        bundle: Bundle,
        device: Device,
        networks: tuple[Network, Network],
        max_batch: int,
        thresholds: Sequence[float],
        options: CudaOptions | None = None,
        *,
        trace: bool = False,
    ) -> None:
        """``networks`` are gate and segmenter, which are closed with the engines, as is the device. ``trace``: keep what ran
        when. Raises EngineError: networks of another form, no memory."""
        options = options or CudaOptions()
        self._device, self._networks = device, networks
        classes = len(bundle.classes)
        shape = (bundle.height, bundle.width)
        self._threshold_values = device.pinned((classes,), np.float32)
        self._thresholds = device.memory(self._threshold_values.nbytes)
        self._set_thresholds(thresholds)
        self._frames = DeviceFrames(device, options.direct)
        upload, gate, segmenter, gate_down, segmenter_down = self._streams = _streams(device, options.overlap)
        self.trace = Trace(device, upload) if trace else None
        with device.plain("the engines cannot be prepared"):
            gate_stage = Stage(
                "gate",
                device,
                networks[0],
                Layout({"score": ((), np.float32)}, mask=False),
                shape,
                max_batch,
                Streams(upload, gate, gate_down),
                self._frames,
                _gate_output,
                graphs=options.graphs,
                trace=self.trace,
            )
            segmenter_stage = Stage(
                "segmenter",
                device,
                networks[1],
                Layout({"pixels": ((classes,), np.int32), "scores": ((classes,), np.float32)}, mask=True),
                shape,
                max_batch,
                Streams(upload, segmenter, segmenter_down),
                self._frames,
                _segmenter_output,
                graphs=options.graphs,
                # Many small kernels: each would wait for one of the gate's large ones, and a let-through frame for all of them.
                urgent=True,
                extra={"thresholds": self._thresholds.address},
                trace=self.trace,
            )
        self._stages = (gate_stage, segmenter_stage)
        for stage in self._stages:
            stage.start()
        self.batches = tuple(buckets(max_batch))
        self.gate = CudaGate(gate_stage)
        self.segmenter = CudaSegmenter(segmenter_stage, self._set_thresholds)
        self.in_flight = gate_stage.in_flight + segmenter_stage.in_flight
        self.idle_s: float | None = IDLE_S
        off = [name for name, on in vars(options).items() if not on]
        self.device = f"{device.name}, {networks[0].library}, batches up to {max_batch}" + (
            f", without {', '.join(off)}" if off else ""
        )

    def adopt(self, frames: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
        """See ``engines.runtime.engine.Engines``."""
        self._frames.adopt(frames, masks)

    def keep_warm(self) -> None:
        """See ``engines.runtime.engine.Engines``."""
        for stage in self._stages:
            stage.keep_warm()

    def close(self) -> None:
        """Finish what is enqueued and release the device. Of a device that failed nothing can be released; the process ends."""
        for stage in self._stages:
            stage.finish()
        with suppress(EngineError), self._device.plain("the GPU cannot be released"):
            for stream in self._streams:
                stream.synchronize()
            self._frames.release()
            for stage in self._stages:
                stage.release()
            self._thresholds.free()
            for network in self._networks:
                network.close()
        self._device.close()

    def _set_thresholds(self, thresholds: Sequence[float]) -> None:
        with self._device.plain("the thresholds cannot be set"):
            self._threshold_values[:] = thresholds
            self._device.cu.memcpy_htod(self._thresholds.address, self._threshold_values)


def _streams(device: Device, overlap: bool) -> tuple[Any, Any, Any, Any, Any]:
    """Upload, gate, segmenter, and a download for each of the two: a score must not queue behind masks."""
    if not overlap:
        one = device.stream()
        return one, one, one, one, one
    return device.stream(), device.stream(), device.stream(), device.stream(), device.stream()


def _gate_output(small: Mapping[str, NDArray[Any]], count: int) -> GateOutput:
    return GateOutput(small["score"][:count].copy())


def _segmenter_output(small: Mapping[str, NDArray[Any]], count: int) -> SegmenterOutput:
    return SegmenterOutput(small["pixels"][:count].copy(), small["scores"][:count].copy())
