"""The plans of a bundle: built one after the other, checked together on the GPU they are for, then stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.tensorrt.cache import PlanCache, ProvedPlan
from engines.tensorrt.keyed_digest import read_sealed, write_sealed
from engines.tensorrt.make import Made, Route, make_plan
from engines.tensorrt.monitor import Told
from engines.tensorrt.plan import Wanted
from engines.tensorrt.prove import Proof, prove_plans
from engines.tensorrt.target import Target
from engines.tensorrt.timings import timings_path


@dataclass(frozen=True)
class Stored:
    """Plans that were stored."""

    paths: tuple[Path, ...]
    proof: Proof | None
    """How they agreed with the golden frames; None where the GPU they are for is not here."""


class Build:
    """One build of all of a bundle's plans."""

    def __init__(
        self,
        bundle: Bundle,
        target: Target,
        cache: PlanCache,
        *,
        max_batch: int = 8,
        workspace_mib: int = 1024,
        route: Route | None = None,
    ) -> None:
        """The bundle's files are verified, and the cache can be written. Plans come from its ONNX unless by another route."""
        self._route = route
        self.networks = tuple(bundle.graphs())
        """In the order in which they are built."""
        self._bundle, self._target, self._cache = bundle, target, cache
        self._wanted = Wanted(
            target.capability,
            here=target.gpu.capability if target.gpu else "",
            max_batch=max_batch,
            workspace_mib=workspace_mib,
        )
        self._timings = timings_path(cache.folder, target.library, target.capability)
        self._made: dict[str, Made] = {}

    def seconds_before(self, network: str) -> float:
        """How long the last build of this network by this library took; 0 where that is not known."""
        return self._cache.seconds_of(self._bundle.graphs()[network].sha256, self._target.library.name)

    def make(self, network: str, told: Told) -> Made:
        """Build the plan of a network; it is not stored yet. Raises EngineError."""
        library, target = self._target.library, self._target
        made = make_plan(
            self._bundle,
            network,
            library,
            self._wanted,
            told,
            driver=target.driver,
            cuda=target.cuda,
            timings=read_sealed(self._timings) if library.keeps_timings else b"",
            route=self._route,
        )
        if made.timings:
            write_sealed(self._timings, made.timings)
        self._made[network] = made
        return made

    def store(self) -> Stored:
        """Store what was built, once it agrees with the golden frames where the GPU it is for is here. Raises EngineError."""
        proof = self._prove() if self._target.gpu else None
        paths = [
            self._cache.store(msgspec.structs.replace(made.facts, checked=proof is not None), made.data)
            for made in self._made.values()
        ]
        return Stored(tuple(paths), proof)

    def _prove(self) -> Proof:
        plans = {network: ProvedPlan(made.data) for network, made in self._made.items()}
        try:
            return prove_plans(self._bundle, self._target.library, plans, self._wanted.max_batch)
        except EngineError as error:
            raise EngineError(f"{error}; no plan was stored") from None
