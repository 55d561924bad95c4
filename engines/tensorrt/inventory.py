"""What the plan cache holds, whose it is, and which plans the GPU of this machine would run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.runtime.cuda.driver import Gpu, find_gpu
from engines.runtime.cuda.load import why_not_tensorrt
from engines.tensorrt.cache import Facts, PlanCache, Wish
from engines.tensorrt.library import Library, open_library


@dataclass(frozen=True)
class Machine:
    """A GPU that TensorRT runs on, here."""

    gpu: Gpu
    library: Library

    def wish(self, facts: Facts, max_batch: int) -> Wish:
        """The plan of the same graph that this machine would run."""
        return Wish(
            bundle=facts.bundle,
            network=facts.network,
            onnx_sha256=facts.onnx_sha256,
            library=self.library.name,
            version=self.library.version,
            capability=self.gpu.capability,
            driver=self.gpu.driver,
            cuda=self.gpu.cuda,
            options=self.library.options,
            max_batch=max_batch,
        )


@dataclass(frozen=True)
class Kept:
    """A plan of the cache; its digest is not proved."""

    path: Path
    facts: Facts
    size: int
    stored_unix_s: float
    why_not: str | None
    """Why the GPU here would not run it; empty: it would; None: there is no GPU here that could."""


def this_machine() -> Machine | str:
    """The GPU here and the TensorRT that would run on it, or in one line why nothing would."""
    gpu = find_gpu()
    if isinstance(gpu, str):
        return gpu
    return why_not_tensorrt(gpu) or Machine(gpu, open_library())


def kept_plans(cache: PlanCache, machine: Machine | str, max_batch: int) -> tuple[list[Kept], list[str]]:
    """Every plan, by bundle, library and GPU, and in a line each what is wrong with those that nothing is known of."""
    kept, wrong = [], []
    for path in cache.plans():
        try:
            entry = cache.entry(path)
            why_not = None if isinstance(machine, str) else _why_not(cache, path, entry.facts, machine, max_batch)
            kept.append(Kept(path, entry.facts, entry.size, path.stat().st_mtime, why_not))
        except EngineError as error:
            wrong.append(str(error))
        except FileNotFoundError:  # removed since it was listed
            continue
    return sorted(kept, key=_order), wrong


def _order(one: Kept) -> tuple[str, ...]:
    facts = one.facts
    return facts.bundle, facts.library, facts.version, facts.capability, facts.network


def plans_of(cache: PlanCache, bundle: Bundle) -> list[Path]:
    """The plans of a bundle's graphs, whatever the bundle was called when they were built."""
    graphs = {graph.sha256 for graph in bundle.graphs().values()}
    return [one.path for one in kept_plans(cache, "", 1)[0] if one.facts.onnx_sha256 in graphs]


def plans_called(cache: PlanCache, bundle_id: str) -> list[Path]:
    """The plans that were built of a bundle of this id, which may be gone."""
    return [one.path for one in kept_plans(cache, "", 1)[0] if one.facts.bundle == bundle_id]


def _why_not(cache: PlanCache, path: Path, facts: Facts, machine: Machine, max_batch: int) -> str:
    wish = machine.wish(facts, max_batch)
    why = wish.why_not(facts)
    return why or ("" if cache.choose(wish) == path else "another one is for smaller batches")
