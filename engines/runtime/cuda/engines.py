"""Both engines of a bundle on one GPU, with a stream for each engine and streams for the copies."""

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
from engines.runtime.cuda.buffers import OutputLayout
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.frames import DeviceFrames
from engines.runtime.cuda.network import Network
from engines.runtime.cuda.stage import Stage, Streams
from engines.runtime.cuda.trace import Trace
from engines.runtime.engine import Frame, GateDone, GateOutput, SegmenterDone, SegmenterOutput

IDLE_S = 0.2
"""A GPU lowers its clocks within about a second without work."""


@dataclass(frozen=True)
class CudaOptions:
    """Features that can be switched off, to find a fault or to measure their effect."""

    graphs: bool = True
    """Launch each batch as one CUDA graph."""
    overlap: bool = True
    """Gate, segmenter and copies each on a stream of its own."""
    direct: bool = True
    """Page-lock the adopted planes, and copy from and to them without a staging buffer."""


class CudaGate:
    """The gate on the GPU."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.max_batch, self.in_flight = stage.max_batch, stage.in_flight

    def enqueue(self, frames: Sequence[Frame], done: GateDone) -> None:
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
        self, frames: Sequence[Frame], masks: Sequence[Frame], done: SegmenterDone, *, seen: bool = False
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
        """``networks`` are gate and segmenter; ``close`` closes them and the device. ``trace`` records the times of copies and runs.

        Raises EngineError: the networks have other inputs or outputs; DeviceMemoryError."""
        options = options or CudaOptions()
        self._device, self._networks = device, networks
        self._threshold_values = device.pinned((len(bundle.classes),), np.float32)
        self._thresholds = device.memory(self._threshold_values.nbytes)
        self._set_thresholds(thresholds)
        self._frames = DeviceFrames(device, options.direct)
        self._streams = _streams(device, options.overlap)
        self.trace = Trace(device, self._streams[0]) if trace else None
        with device.cuda_errors("the engines cannot be prepared"):
            gate_stage, segmenter_stage = self._make_stages(bundle, max_batch, graphs=options.graphs)
        self._stages = (gate_stage, segmenter_stage)
        for stage in self._stages:
            stage.start()
        self.batches = tuple(buckets(max_batch))
        self.gate = CudaGate(gate_stage)
        self.segmenter = CudaSegmenter(segmenter_stage, self._set_thresholds)
        self.in_flight = gate_stage.in_flight + segmenter_stage.in_flight
        self.overlap = options.overlap
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
        """Finish enqueued batches and release the device. After a failure of the device nothing can be released; the process ends."""
        for stage in self._stages:
            stage.finish()
        with suppress(EngineError), self._device.cuda_errors("the GPU cannot be released"):
            for stream in self._streams:
                stream.synchronize()
            self._frames.release()
            for stage in self._stages:
                stage.release()
            self._thresholds.free()
            for network in self._networks:
                network.close()
        self._device.close()

    def _make_stages(self, bundle: Bundle, max_batch: int, *, graphs: bool) -> tuple[Stage, Stage]:
        upload, gate, segmenter, gate_download, segmenter_download = self._streams
        shape, classes = (bundle.height, bundle.width), len(bundle.classes)
        scores = {"pixels": ((classes,), np.int32), "scores": ((classes,), np.float32)}
        return (
            Stage(
                "gate",
                self._device,
                self._networks[0],
                OutputLayout({"score": ((), np.float32)}, mask=False, max_batch=max_batch),
                shape,
                Streams(upload, gate, gate_download),
                self._frames,
                _gate_output,
                graphs=graphs,
                trace=self.trace,
            ),
            Stage(
                "segmenter",
                self._device,
                self._networks[1],
                OutputLayout(scores, mask=True, max_batch=max_batch),
                shape,
                Streams(upload, segmenter, segmenter_download),
                self._frames,
                _segmenter_output,
                graphs=graphs,
                # It has many small kernels; without priority each would wait for one of the gate's large ones.
                high_priority=True,
                extra_inputs={"thresholds": self._thresholds.address},
                trace=self.trace,
            ),
        )

    def _set_thresholds(self, thresholds: Sequence[float]) -> None:
        with self._device.cuda_errors("the thresholds cannot be set"):
            self._threshold_values[:] = thresholds
            self._device.cu.memcpy_htod(self._thresholds.address, self._threshold_values)


def _streams(device: Device, overlap: bool) -> tuple[Any, Any, Any, Any, Any]:
    """Streams for uploads, gate, segmenter, downloads of the gate and of the segmenter: a gate score must not wait for masks."""
    if not overlap:
        one = device.stream()
        return one, one, one, one, one
    return device.stream(), device.stream(), device.stream(), device.stream(), device.stream()


def _gate_output(small: Mapping[str, NDArray[Any]], count: int) -> GateOutput:
    return GateOutput(small["score"][:count].copy())


def _segmenter_output(small: Mapping[str, NDArray[Any]], count: int) -> SegmenterOutput:
    return SegmenterOutput(small["pixels"][:count].copy(), small["scores"][:count].copy())
