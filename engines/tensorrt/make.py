"""The plan of one of a bundle's networks, and the facts it is stored under."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from engines.bundle import Bundle
from engines.tensorrt.cache import Facts
from engines.tensorrt.library import Library
from engines.tensorrt.monitor import Told
from engines.tensorrt.plan import Plan, Wanted, build_plan


class Route(Protocol):
    """Another way to a plan than from the bundle's ONNX."""

    def build(self, network: str, wanted: Wanted, told: Told, timings: bytes) -> Plan:
        """The plan of `gate` or `segmenter`. Raises EngineError."""


@dataclass(frozen=True)
class Made:
    """A plan that was built, not stored yet."""

    facts: Facts
    data: bytes
    timings: bytes = b""
    """What TensorRT measured meanwhile."""


def make_plan(
    bundle: Bundle,
    network: str,
    library: Library,
    wanted: Wanted,
    told: Told,
    *,
    driver: str = "",
    cuda: str = "",
    timings: bytes = b"",
    route: Route | None = None,
) -> Made:
    """Build the plan of `gate` or `segmenter`, from its ONNX unless by another route; `driver` and `cuda` are those of the GPU here,
    empty for one built ahead of time.

    Raises EngineError."""
    graph = bundle.graphs()[network]
    began = time.monotonic()
    if route is None:
        plan = build_plan(library, graph.path, wanted, told, timings)
    else:
        plan = route.build(network, wanted, told, timings)
    facts = Facts(
        bundle=bundle.id,
        network=network,
        onnx_sha256=graph.sha256,
        library=library.name,
        version=library.version,
        capability=wanted.capability,
        driver=driver,
        cuda=cuda,
        max_batch=wanted.max_batch,
        options=library.options,
        workspace_mib=wanted.workspace_mib,
        precisions=plan.precisions,
        layers=plan.layers,
        seconds=round(time.monotonic() - began, 2),
    )
    return Made(facts, plan.data, plan.timings)
