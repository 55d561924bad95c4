"""Whether plans answer as the bundle's golden frames say, on the GPU of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engines.bundle import Bundle, read_golden
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.cuda.load import open_engines, plan_networks
from engines.runtime.golden import GoldenResult, compare_golden, require_golden
from engines.tensorrt.cache import ProvedPlan
from engines.tensorrt.library import Library


@dataclass(frozen=True)
class Proof:
    """Plans agree with the golden frames."""

    golden: GoldenResult
    device: str
    """What they ran on."""


def prove_plans(bundle: Bundle, library: Library, plans: Mapping[str, ProvedPlan], max_batch: int) -> Proof:
    """Load the plans of both networks, as the line would, and run every golden frame. Raises EngineError where they cannot be loaded
    or disagree, BundleError where the golden frames cannot be read."""
    golden, samples = read_golden(bundle)
    engines = open_engines(
        bundle, plan_networks(library, plans), max_batch, golden.thresholds, CudaOptions(direct=False)
    )
    try:
        result = compare_golden(engines, samples)
        require_golden(result, engines.device)
        return Proof(result, engines.device)
    finally:
        engines.close()
