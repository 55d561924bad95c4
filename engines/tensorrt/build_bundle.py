"""Builds the plans of both networks of a bundle, has them checked on the GPU they are for, and stores them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import msgspec

from engines.bundle import Contents
from engines.tensorrt.build_plan import DEFAULT_MAX_BATCH, BuildProfile, SerializedPlan, build_plan
from engines.tensorrt.cache import PlanCache, VerifiedPlan
from engines.tensorrt.keyed_digest import read_with_digest, write_with_digest
from engines.tensorrt.library import Library
from engines.tensorrt.metadata import PlanMetadata
from engines.tensorrt.progress import Progress, no_progress
from engines.tensorrt.target import Target
from engines.tensorrt.timing_cache import timing_cache_path

CheckResult = TypeVar("CheckResult")
CheckPlans = Callable[[Contents, Library, Mapping[str, VerifiedPlan], int], CheckResult]
"""Runs the bundle's golden frames through plans, given by network, in batches up to a size. Raises EngineError where they disagree.
`engines.runtime.cuda.check_plans` is one: only a runtime can run plans, and this package is below it."""


class PlanBuilder(Protocol):
    """Builds plans from another source than the bundle's ONNX."""

    def build(self, network: str, profile: BuildProfile, progress: Progress, timing_cache: bytes) -> SerializedPlan:
        """The plan of `gate` or `segmenter`. Raises EngineError."""


@dataclass(frozen=True)
class BuiltPlan:
    """A plan that was built and is not stored yet."""

    metadata: PlanMetadata
    data: bytes


@dataclass(frozen=True)
class StoredPlans(Generic[CheckResult]):
    """Plans that were stored."""

    paths: tuple[Path, ...]
    check: CheckResult | None
    """How they agreed with the golden frames; None where the GPU they are for is not in this machine."""


class BundleBuild(Generic[CheckResult]):
    """One build of all of a bundle's plans: `build` for each of `networks`, then `store`."""

    def __init__(
        self,
        contents: Contents,
        target: Target,
        cache: PlanCache,
        check_plans: CheckPlans[CheckResult],
        *,
        max_batch: int = DEFAULT_MAX_BATCH,
        workspace_mib: int = 1024,
        builder: PlanBuilder | None = None,
    ) -> None:
        """`contents` of the bundle; the cache must be writable. Plans are built from the bundle's ONNX unless there is
        another `builder`."""
        self.networks = tuple(contents.graphs)
        """In the order in which they are built."""
        self._contents, self._target, self._cache, self._builder = contents, target, cache, builder
        self._check_plans = check_plans
        self._profile = BuildProfile(
            target.capability,
            local_capability=target.gpu.capability if target.gpu else "",
            max_batch=max_batch,
            workspace_mib=workspace_mib,
        )
        self._timing_cache = timing_cache_path(cache.folder, target.library, target.capability)
        self._built: dict[str, BuiltPlan] = {}

    def last_build_seconds(self, network: str) -> float:
        """How long the last build of this network with this library took; 0 where that is not known."""
        return self._cache.last_build_seconds(self._contents.graphs[network].sha256, self._target.library.name)

    def build(self, network: str, progress: Progress = no_progress) -> BuiltPlan:
        """Build the plan of a network; `store` stores it. Raises EngineError."""
        library, profile = self._target.library, self._profile
        graph = self._contents.graphs[network]
        timing_cache = read_with_digest(self._timing_cache) if library.uses_timing_cache else b""
        started = time.monotonic()
        if self._builder is None:
            plan = build_plan(library, graph, profile, progress, timing_cache)
        else:
            plan = self._builder.build(network, profile, progress, timing_cache)
        metadata = self._metadata(network, plan, round(time.monotonic() - started, 2))
        if plan.timing_cache:
            write_with_digest(self._timing_cache, plan.timing_cache)
        self._built[network] = built = BuiltPlan(metadata, plan.data)
        return built

    def store(self) -> StoredPlans[CheckResult]:
        """Store the built plans. Where they are for this machine's GPU, they must agree with the golden frames first; else raises EngineError and
        stores nothing."""
        check = None
        if self._target.gpu:
            plans = {network: VerifiedPlan(built.data) for network, built in self._built.items()}
            check = self._check_plans(self._contents, self._target.library, plans, self._profile.max_batch)
        checked = self._target.gpu is not None
        paths = [
            self._cache.store(msgspec.structs.replace(built.metadata, checked=checked), built.data)
            for built in self._built.values()
        ]
        return StoredPlans(tuple(paths), check)

    def _metadata(self, network: str, plan: SerializedPlan, build_seconds: float) -> PlanMetadata:
        target, profile = self._target, self._profile
        return PlanMetadata(
            bundle=self._contents.bundle.id,
            network=network,
            onnx_sha256=self._contents.graphs[network].sha256,
            library=target.library.name,
            version=target.library.version,
            capability=profile.capability,
            driver=target.driver,
            cuda=target.cuda,
            max_batch=profile.max_batch,
            builder_flags=target.library.builder_flags,
            workspace_mib=profile.workspace_mib,
            precisions=plan.precisions,
            layers=plan.layers,
            build_seconds=build_seconds,
        )
