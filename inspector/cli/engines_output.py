"""What ``inspector engines`` prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from engines.errors import DamagedPlanError
    from engines.runtime.cuda.check_plans import PlanCheck
    from engines.tensorrt.cache import PlanCache
    from engines.tensorrt.inventory import CachedPlan
    from engines.tensorrt.machine import Machine
    from engines.tensorrt.metadata import PlanMetadata

_PRECISIONS = {
    "FLOAT": "single precision",
    "HALF": "half precision",
    "BF16": "bfloat16",
    "FP8": "8-bit floats",
    "INT8": "8-bit integers",
}
"""Data types that layers compute in; layers with other types handle shapes and masks."""
_AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def duration(last_seconds: float, ahead_of_time: bool) -> str:
    """How long a build may take; `last_seconds` is 0 where no earlier build is known."""
    if last_seconds:
        return f"the last time it took {last_seconds:.{0 if last_seconds > 10 else 1}f} s"
    return "usually under a minute" if ahead_of_time else "usually minutes, as kernels are timed on the GPU"


def built_line(plan: PlanMetadata, size: int) -> str:
    """What was built, in a line; `size` in bytes."""
    counts = [f"{plan.precisions[name]} in {words}" for name, words in _PRECISIONS.items() if name in plan.precisions]
    layers = ", ".join([f"{sum(plan.layers.values())} layers", *counts])
    return f"{plan.network}: {layers}, {size / 1e6:.1f} MB, {plan.build_seconds:.1f} s"


def agreement_line(check: PlanCheck) -> str:
    """How plans agree with the golden frames, in a line."""
    golden = check.golden
    return (
        f"checked on {check.device}: {golden.frames} golden frames, scores off by {golden.score_difference:.2g} at most, "
        f"masks agree on {golden.mask_agreement:.2%}"
    )


def unchecked_line(capability: str) -> str:
    """That plans were stored unchecked, in a line."""
    return f"not checked, without a GPU of {capability}: golden frames are run each time a plan is loaded"


def name_of(plan: PlanMetadata) -> str:
    """A plan, in words."""
    return (
        f"{plan.network} of {plan.bundle} for {plan.capability}, {plan.library} {plan.version}, "
        f"batches up to {plan.max_batch}"
    )


def name_of_file(cache: PlanCache, path: Path) -> str:
    """A plan in words, or its file where its metadata cannot be read."""
    from engines.errors import EngineError

    try:
        return name_of(cache.entry(path).metadata)
    except EngineError:
        return str(path)


def print_plans_json(
    cache: PlanCache, machine: Machine | str, plans: list[CachedPlan], damaged: list[DamagedPlanError]
) -> None:
    """Everything that is known of the plans and of what would run them here."""
    import msgspec

    from inspector.cli.remedies import with_remedy

    document = {
        "cache": str(cache.folder),
        "gpu": None if isinstance(machine, str) else machine.gpu,
        "library": None if isinstance(machine, str) else f"{machine.library.name} {machine.library.version}",
        "no_gpu": machine if isinstance(machine, str) else "",
        "plans": [
            {
                "file": str(one.path),
                "size": one.size,
                "stored_unix_s": one.stored_unix_s,
                "runs_here": one.why_not == "",
                "why_not": one.why_not,
                **msgspec.to_builtins(one.metadata),
            }
            for one in plans
        ],
        "damaged": [with_remedy(error) for error in damaged],
    }
    print_json(document)


def print_table(
    cache: PlanCache, machine: Machine | str, plans: list[CachedPlan], damaged: list[DamagedPlanError]
) -> None:
    """A table for each bundle and library, and what would run the plans here."""
    from itertools import groupby

    from inspector.cli.remedies import with_remedy

    printer = console()
    where = f"plans in {cache.folder}"
    printer.print(where.capitalize() if plans else f"no {where}", soft_wrap=True)
    for (bundle, library), group in groupby(
        plans, lambda one: (one.metadata.bundle, f"{one.metadata.library} {one.metadata.version}")
    ):
        printer.print(f"\n{bundle}, {library}", style="bold", soft_wrap=True)
        printer.print(_table(list(group)))
    if plans:
        printer.print()
    for error in damaged:
        printer.print(f"damaged: {with_remedy(error)}", soft_wrap=True)
    if not all(one.metadata.checked for one in plans):
        printer.print(
            "not checked: built ahead of time; the golden frames are run each time a plan is loaded", soft_wrap=True
        )
    here = (
        f"this machine cannot run plans: {machine}"
        if isinstance(machine, str)
        else f"this machine: {machine.gpu.name}, {machine.gpu.capability}, {machine.library.name} {machine.library.version}"
    )
    printer.print(here, soft_wrap=True)


def _table(plans: list[CachedPlan]) -> Table:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for name, justify, width in (
        ("network", "left", 9),
        ("GPU", "left", 4),
        ("batches", "right", 7),
        ("MB", "right", 5),
        ("driver, CUDA", "left", 12),
        ("checked", "left", 7),
        ("age", "right", 6),
        ("runs here", "left", 9),
    ):
        table.add_column(name, justify=cast("JustifyMethod", justify), min_width=width, overflow="fold")
    for one in plans:
        plan = one.metadata
        table.add_row(
            plan.network,
            plan.capability,
            f"1-{plan.max_batch}",
            f"{one.size / 1e6:.1f}",
            ", ".join(what for what in (plan.driver, plan.cuda) if what) or "any",
            "yes" if plan.checked else "no",
            _age(one.stored_unix_s),
            "-" if one.why_not is None else one.why_not or "yes",
        )
    return table


def _age(stored_unix_s: float) -> str:
    age_s = max(0.0, time.time() - stored_unix_s)
    for seconds, unit in _AGES:
        if age_s >= seconds:
            return f"{age_s // seconds:.0f} {unit}"
    return "now"


def tell_where(plans: PlanCache) -> None:
    """Print where the plans were stored, and how the line finds them there."""
    from engines.errors import FileError
    from engines.files.looking import resolved
    from engines.tensorrt.cache import PlanCache

    tell(f"stored in {plans.folder}")
    folder = resolved(plans.folder)
    try:
        usual = resolved(PlanCache.default().folder)
    except FileError:
        usual = None
    if folder != usual:
        tell(f"the line looks for them there with INSPECTOR_CACHE={folder}")
