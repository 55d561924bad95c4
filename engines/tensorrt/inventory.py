"""Lists the plans of the cache with their bundles, and which of them this machine would run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engines.bundle import Bundle
from engines.errors import DamagedPlanError
from engines.tensorrt.build_plan import DEFAULT_MAX_BATCH
from engines.tensorrt.cache import PlanCache
from engines.tensorrt.machine import Machine
from engines.tensorrt.metadata import PlanMetadata


@dataclass(frozen=True)
class CachedPlan:
    """A plan of the cache; its keyed digest has not been checked."""

    path: Path
    metadata: PlanMetadata
    size: int
    """Bytes."""
    stored_unix_s: float
    why_not: str | None
    """Why this machine would not run it; empty where it would; None where this machine cannot run plans."""


def list_plans(
    cache: PlanCache, machine: Machine | None = None, max_batch: int = DEFAULT_MAX_BATCH
) -> tuple[list[CachedPlan], list[DamagedPlanError]]:
    """Every plan, sorted by bundle, library and GPU; and what is wrong with those whose metadata cannot be read.

    `machine`: the one that may run them; `max_batch`: the largest batch it wants to run."""
    plans, damaged = [], []
    for path in cache.plans():
        try:
            entry = cache.entry(path)
            why_not = None if machine is None else _why_not(cache, path, entry.metadata, machine, max_batch)
            plans.append(CachedPlan(path, entry.metadata, entry.size, path.stat().st_mtime, why_not))
        except DamagedPlanError as error:
            damaged.append(error)
        except FileNotFoundError:  # removed since it was listed
            continue
    return sorted(plans, key=_order), damaged


def plans_of(cache: PlanCache, bundle: Bundle) -> list[Path]:
    """The plans of a bundle's graphs, whatever the bundle was called when they were built."""
    graphs = set(bundle.graph_digests().values())
    return [plan.path for plan in list_plans(cache)[0] if plan.metadata.onnx_sha256 in graphs]


def plans_of_id(cache: PlanCache, bundle_id: str) -> list[Path]:
    """The plans that were built from a bundle with this id, which may not exist any more."""
    return [plan.path for plan in list_plans(cache)[0] if plan.metadata.bundle == bundle_id]


def _order(plan: CachedPlan) -> tuple[str, ...]:
    one = plan.metadata
    return one.bundle, one.library, one.version, one.capability, one.network


def _why_not(cache: PlanCache, path: Path, plan: PlanMetadata, machine: Machine, max_batch: int) -> str:
    request = machine.request(plan.bundle, plan.network, plan.onnx_sha256, max_batch)
    mismatch = request.mismatch(plan)
    return mismatch or ("" if cache.choose(request) == path else "another one is for smaller batches")
