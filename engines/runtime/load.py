"""Loads a bundle's engines on the best runtime this machine has, and proves them before handing them out."""

from __future__ import annotations

from dataclasses import dataclass

from engines.bundle import Bundle, read_golden, verify_files
from engines.errors import EngineError
from engines.runtime.engine import Engines
from engines.runtime.golden import GoldenResult, compare_golden, require_golden
from engines.runtime.openvino_runtime import OpenVinoEngines, cpu_precisions, default_lanes


@dataclass(frozen=True, slots=True)
class Loaded:
    """Engines that agree with their golden frames."""

    engines: Engines
    golden: GoldenResult
    note: str
    """Why the precision is not the fastest one, where that is so; else empty."""


def load_engines(
    bundle: Bundle, *, runtime: str = "auto", precision: str = "auto", lanes: int | None = None, max_batch: int = 1
) -> Loaded:
    """Verify the bundle's files, load both engines and run the golden frames.

    ``precision`` auto takes the CPU's fastest that agrees with the golden frames. Raises BundleError or EngineError.
    """
    if runtime not in ("auto", "openvino"):
        raise EngineError(f"runtime {runtime!r} is not known; expected auto or openvino")
    verify_files(bundle)
    candidates = cpu_precisions() if precision == "auto" else (precision,)
    note = ""
    for candidate in candidates:
        loaded = _load_openvino(
            bundle, candidate, lanes or default_lanes(), max_batch, last=candidate == candidates[-1]
        )
        if isinstance(loaded, Loaded):
            return Loaded(loaded.engines, loaded.golden, note)
        note = f"{candidate} is off by {loaded.score_difference:.3g} on the golden frames, so it is not used"
    raise AssertionError("the last candidate either loads or raises")


def _load_openvino(bundle: Bundle, precision: str, lanes: int, max_batch: int, *, last: bool) -> Loaded | GoldenResult:
    """Engines that agree, or how far they are off where another candidate is left."""
    golden, samples = read_golden(bundle)
    trial = OpenVinoEngines(bundle, precision, lanes, max_batch, golden.thresholds)
    try:
        result = compare_golden(trial, samples)
        if not result.agrees and not last:
            trial.close()
            return result
        require_golden(result, trial.device)
    except EngineError:
        trial.close()
        raise
    trial.segmenter.set_thresholds(bundle.operating_point.thresholds(bundle.classes))
    return Loaded(trial, result, "")
