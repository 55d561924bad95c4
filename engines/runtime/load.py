"""Loads a bundle's engines on the fastest runtime of this machine, and verifies them with the golden frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from engines.bundle import Bundle, Contents, read_contents
from engines.errors import DisagreementError, EngineError, NoGpuError
from engines.gpu import find_gpu
from engines.runtime.agreement import Agreement
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.cuda.load import open_engines, plan_networks, torch_networks, why_not_torch
from engines.runtime.cuda.torch_network import UnusableTorchError
from engines.runtime.engine import Engines
from engines.runtime.golden import compare_golden, require_golden
from engines.runtime.lanes import default_lanes
from engines.tensorrt.build_plan import DEFAULT_MAX_BATCH
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.library import open_library
from engines.tensorrt.machine import Machine, why_not_tensorrt

RUNTIMES = ("auto", "tensorrt", "torch", "openvino")
CPU_MAX_BATCH = 4


@dataclass(frozen=True, slots=True)
class Loaded:
    """Loaded engines that were verified with the golden frames."""

    engines: Engines
    golden: Agreement
    note: str
    """Why a faster runtime is not used; empty where the fastest is."""
    cpu_fallback: bool = False
    """Whether the CPU is used because no GPU can be."""
    runtime: str = "openvino"
    """Which of ``RUNTIMES`` it is."""


def load_engines(
    bundle: Bundle,
    *,
    runtime: str = "auto",
    precision: str = "auto",
    lanes: int | None = None,
    max_batch: int | None = None,
    allow_cpu: bool = True,
    cuda: CudaOptions | None = None,
) -> Loaded:
    """Verify the bundle's files, load both engines and run the golden frames.

    ``runtime`` auto uses a GPU with TensorRT, else with torch, else, with ``allow_cpu``, the CPU. ``precision`` is for the CPU; auto
    is the fastest that agrees with the golden frames. GPU engines belong to the calling thread. Raises BundleError or EngineError.
    """
    if runtime not in RUNTIMES:
        raise EngineError(f"runtime {runtime!r} is not known; expected {', '.join(RUNTIMES[:-1])} or {RUNTIMES[-1]}")
    contents = read_contents(bundle)
    note = ""
    if runtime != "openvino":
        loaded = _load_gpu(contents, runtime, max_batch or DEFAULT_MAX_BATCH, cuda)
        if isinstance(loaded, Loaded):
            return loaded
        if not (runtime == "auto" and allow_cpu):
            raise NoGpuError(loaded, runtime)
        note = f"on the CPU, no GPU: {loaded}"
    on_cpu = _load_cpu(contents, precision, lanes, max_batch or CPU_MAX_BATCH)
    notes = "; ".join(one for one in (note, on_cpu.note) if one)
    return replace(on_cpu, note=notes, cpu_fallback=bool(note))


def _load_gpu(contents: Contents, runtime: str, max_batch: int, options: CudaOptions | None) -> Loaded | str:
    """Engines on the GPU, or why there are none. Raises EngineError where a GPU runtime is there but fails."""
    bundle, gpu = contents.bundle, find_gpu()
    if isinstance(gpu, str):
        return gpu
    why_not = [why_not_tensorrt(gpu)] if runtime != "torch" else []
    if why_not == [""]:
        library = open_library()
        plans = Machine(gpu, library).find_plans(bundle, max_batch, PlanCache.default())
        loaded = _prove(
            contents, lambda limits: open_engines(bundle, plan_networks(library, plans), max_batch, limits, options)
        )
        return replace(loaded, runtime="tensorrt")
    if runtime != "tensorrt":
        missing = why_not_torch()
        if not missing:
            try:
                loaded = _prove(
                    contents, lambda limits: open_engines(bundle, torch_networks(contents), max_batch, limits, options)
                )
                return replace(loaded, note="; ".join(why_not), runtime="torch")
            except UnusableTorchError as error:
                missing = str(error)
        why_not.append(missing)
    return f"{gpu.name}: {'; '.join(why_not)}"


def _prove(contents: Contents, make: Callable[[Sequence[float]], Engines]) -> Loaded:
    """Engines that agree with the golden frames, set to the bundle's thresholds. Raises EngineError."""
    bundle = contents.bundle
    engines = make(contents.golden_thresholds)
    try:
        result = compare_golden(engines, contents.golden)
        require_golden(result, engines.device)
        engines.segmenter.set_thresholds(bundle.operating_point.thresholds(bundle.classes))
    except BaseException:
        engines.close()
        raise
    return Loaded(engines, result, "")


def _load_cpu(contents: Contents, precision: str, lanes: int | None, max_batch: int) -> Loaded:
    """Engines on the CPU in the first precision that agrees. Raises EngineError where none does, and where OpenVINO cannot be imported."""
    try:  # here, because where a GPU is used nothing needs it
        from engines.runtime.openvino_runtime import OpenVinoEngines, cpu_precisions
    except ImportError as error:
        raise EngineError(
            f"OpenVINO, which runs the engines on the CPU, cannot be imported: {error}; install the package openvino again"
        ) from error
    candidates = cpu_precisions() if precision == "auto" else (precision,)
    note = ""
    for candidate in candidates:

        def make(limits: Sequence[float], candidate: str = candidate) -> Engines:
            return OpenVinoEngines(contents, candidate, lanes or default_lanes(), max_batch, limits)

        try:
            loaded = _prove(contents, make)
        except DisagreementError as error:
            if candidate == candidates[-1]:
                raise
            note = f"{candidate} is off by {error.score_difference:.3g} on the golden frames, so it is not used"
            continue
        return replace(loaded, note=note)
    raise AssertionError("the last candidate either loads or raises")
