"""Which bundle plans are built for, and whether there is anything to build: for the unit that builds them before a line starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engines.bundle import Bundle
    from engines.tensorrt.cache import PlanCache

PLANNED_RUNTIMES = ("auto", "tensorrt")
"""Runtimes of a line that may run plans."""


@dataclass(frozen=True)
class Wanted:
    """What plans are wanted for."""

    bundle: Bundle
    max_batch: int
    runtime: str = "tensorrt"
    """As the line's configuration has it."""


def wanted(bundle: str | None, config: Path | None, max_batch: int) -> Wanted:
    """The bundle that is named, or that of a line's configuration, whose batches the plans then allow. Raises UserError, BundleError."""
    from engines.bundle import find_bundle, open_bundle, read_bundle
    from inspector.config.load import load_config
    from inspector.errors import UserError

    if (bundle is None) is (config is None):
        raise UserError("engines build: name a BUNDLE, or a line's configuration with --config; one of the two")
    if bundle is not None:
        return Wanted(read_bundle(find_bundle(bundle)), max_batch)
    assert config is not None, "one of the two is there"
    line = load_config(config)
    return Wanted(
        open_bundle(line.bundle, config.parent),
        max(max_batch, line.inference.max_batch or 0),
        line.inference.runtime,
    )


def why_not_needed(one: Wanted, plans: PlanCache) -> str:
    """Why nothing has to be built, one line; empty where plans are missing or damaged. Raises EngineError where no plan could be trusted."""
    from engines.errors import DamagedPlanError, MissingPlanError
    from engines.tensorrt.machine import this_machine

    if one.runtime not in PLANNED_RUNTIMES:
        return f"inference.runtime is {one.runtime}"
    machine = this_machine()
    if isinstance(machine, str):
        return machine
    try:
        machine.find_plans(one.bundle, one.max_batch, plans)
    except (MissingPlanError, DamagedPlanError):
        return ""
    return f"the plans of {one.bundle.id} are there"
