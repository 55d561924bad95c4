"""The CPU runtime: OpenVINO, one frame per lane at a time.

Larger batches are not faster on a CPU, so the networks are compiled for one frame and the frames of a batch are computed in turn,
directly from and to the caller's memory. Each lane owns an infer request of each network and an equal share of the cores, which work on one
frame together. With two cores a lane, a live line's default, a frame takes half as long as on one; where that does not matter, more
lanes give more frames per second (``lanes.throughput_lanes``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.bundle import Bundle, Contents, Graph
from engines.errors import EngineError
from engines.runtime.engine import Frame, GateDone, GateOutput, SegmenterDone, SegmenterOutput
from engines.runtime.lanes import Lanes, available_cores
from engines.runtime.openvino_quiet import core, ov


def cpu_precisions() -> tuple[str, ...]:
    """Precisions this CPU computes natively, the fastest first."""
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return ("bf16", "f32") if "BF16" in capabilities else ("f32",)


def cpu_name() -> str:
    """The CPU as OpenVINO names it."""
    return str(core.get_property("CPU", "FULL_DEVICE_NAME")).strip()


class OpenVinoGate:
    """The gate on the CPU."""

    def __init__(self, model: Any, lanes: Lanes, max_batch: int) -> None:
        self.max_batch = max_batch
        self.in_flight = lanes.count + 1
        self._lanes = lanes
        self._requests = [model.create_infer_request() for _ in range(lanes.count)]

    def enqueue(self, frames: Sequence[Frame], done: GateDone) -> None:
        """See ``engines.runtime.engine.GateEngine``."""
        self._lanes.submit(lambda lane: _finish(lambda: self._compute(lane, frames), done))

    def _compute(self, lane: int, frames: Sequence[Frame]) -> GateOutput:
        request = self._requests[lane]
        scores = np.empty(len(frames), np.float32)
        for i, frame in enumerate(frames):
            request.set_tensor("frames", ov.Tensor(frame[np.newaxis], shared_memory=True))
            request.infer()
            scores[i] = request.get_tensor("score").data[0]
        return GateOutput(scores)


class OpenVinoSegmenter:
    """The segmenter on the CPU."""

    def __init__(self, model: Any, lanes: Lanes, max_batch: int, thresholds: Sequence[float]) -> None:
        self.max_batch = max_batch
        self.in_flight = lanes.count + 1
        self._lanes = lanes
        self._classes = len(thresholds)
        self._requests = [model.create_infer_request() for _ in range(lanes.count)]
        self.set_thresholds(thresholds)

    def set_thresholds(self, thresholds: Sequence[float]) -> None:
        """Set the mask thresholds (probabilities, one per class). No batch may be in flight."""
        for request in self._requests:
            request.set_tensor("thresholds", ov.Tensor(np.asarray(thresholds, np.float32)))

    def enqueue(
        self, frames: Sequence[Frame], masks: Sequence[Frame], done: SegmenterDone, *, seen: bool = False
    ) -> None:
        """See ``engines.runtime.engine.SegmenterEngine``."""
        self._lanes.submit(lambda lane: _finish(lambda: self._compute(lane, frames, masks), done))

    def _compute(self, lane: int, frames: Sequence[Frame], masks: Sequence[Frame]) -> SegmenterOutput:
        request = self._requests[lane]
        pixels = np.empty((len(frames), self._classes), np.int32)
        scores = np.empty((len(frames), self._classes), np.float32)
        for i, (frame, mask) in enumerate(zip(frames, masks, strict=True)):
            request.set_tensor("frames", ov.Tensor(frame[np.newaxis], shared_memory=True))
            request.set_tensor("mask", ov.Tensor(mask[np.newaxis], shared_memory=True))
            request.infer()
            pixels[i] = request.get_tensor("pixels").data[0]
            scores[i] = request.get_tensor("scores").data[0]
        return SegmenterOutput(pixels, scores)


class OpenVinoEngines:
    """Both engines of a bundle on the CPU."""

    def __init__(
        self, contents: Contents, precision: str, lanes: int, max_batch: int, thresholds: Sequence[float]
    ) -> None:
        """``precision`` is f32 or bf16; ``thresholds`` are the mask thresholds, one per class.

        Raises EngineError when a network cannot be read or is not of the bundle's form.
        """
        bundle, graphs = contents.bundle, contents.graphs
        options = {
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": lanes,
            "INFERENCE_NUM_THREADS": max(lanes, available_cores()),
            # Two compiled networks that both pin would share core 0 while core 1 idles.
            "ENABLE_CPU_PINNING": False,
        }
        gate = _compile(bundle, graphs["gate"], {"frames"}, {"score"}, options)
        segmenter = _compile(
            bundle, graphs["segmenter"], {"frames", "thresholds"}, {"mask", "pixels", "scores"}, options
        )
        self.precision = precision
        self._lanes = Lanes(lanes)
        self.gate = OpenVinoGate(gate, self._lanes, max_batch)
        self.segmenter = OpenVinoSegmenter(segmenter, self._lanes, max_batch, thresholds)
        # One more than there are lanes: a lane that is done finds its next batch waiting.
        self.in_flight = lanes + 1
        self.overlap = False  # every lane computes on the same cores, whichever network it runs
        self.idle_s: float | None = None
        self.batches: tuple[int, ...] = (1,)
        self.device = (
            f"{cpu_name()}, OpenVINO {ov.__version__.split('-')[0]} {precision}, {lanes} lane{'s' if lanes > 1 else ''}"
        )

    def adopt(self, frames: NDArray[np.uint8], masks: NDArray[np.uint8]) -> None:
        """Nothing to do: a CPU computes in place."""

    def keep_warm(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Finish enqueued batches and end the lanes."""
        self._lanes.close()


def _compile(bundle: Bundle, graph: Graph, inputs: set[str], outputs: set[str], options: dict[str, Any]) -> Any:
    try:
        model = core.read_model(graph.data)
    except RuntimeError as error:
        raise EngineError(f"{graph.path}: is not a network OpenVINO can read: {_reason(error)}") from None
    found_inputs = {port.any_name for port in model.inputs}
    found_outputs = {port.any_name for port in model.outputs}
    if found_inputs != inputs or found_outputs != outputs:
        raise EngineError(
            f"{graph.path}: takes {sorted(found_inputs)} and gives {sorted(found_outputs)}; "
            f"expected {sorted(inputs)} and {sorted(outputs)}; export the bundle again"
        )
    try:
        model.reshape({"frames": [1, bundle.height, bundle.width]})
        return core.compile_model(model, "CPU", options)
    except RuntimeError as error:
        raise EngineError(
            f"{graph.path}: cannot be compiled for frames of {bundle.height}x{bundle.width}: {_reason(error)}"
        ) from None


def _reason(error: Exception) -> str:
    """The most informative line of an OpenVINO error, which has many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _finish(compute: Callable[[], Any], done: Callable[[Any], None]) -> None:
    """Pass the output or the exception to ``done``; an exception in either must not end the lane."""
    try:
        output = compute()
    except RuntimeError as error:
        output = EngineError(_reason(error))
        output.__cause__ = error
    except Exception as error:
        output = error
    done(output)
