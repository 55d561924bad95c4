"""Checks on the GPU of this machine that plans give the right outputs for the bundle's golden frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engines.bundle import Contents
from engines.runtime.agreement import Agreement
from engines.runtime.cuda.engines import CudaOptions
from engines.runtime.cuda.load import open_engines, plan_networks
from engines.runtime.golden import compare_golden, require_golden
from engines.tensorrt.cache import VerifiedPlan
from engines.tensorrt.library import Library


@dataclass(frozen=True)
class PlanCheck:
    """Plans that agree with the golden frames."""

    golden: Agreement
    device: str
    """What they ran on."""


def check_plans(contents: Contents, library: Library, plans: Mapping[str, VerifiedPlan], max_batch: int) -> PlanCheck:
    """Load the plans of both networks, as a line would, and run every golden frame. Raises EngineError where they cannot be loaded,
    DisagreementError where they disagree."""
    networks = plan_networks(library, plans)
    engines = open_engines(contents.bundle, networks, max_batch, contents.golden_thresholds, CudaOptions(direct=False))
    try:
        result = compare_golden(engines, contents.golden)
        require_golden(result, engines.device)
        return PlanCheck(result, engines.device)
    finally:
        engines.close()
