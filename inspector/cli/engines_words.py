"""What ``inspector engines`` prints."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

    from engines.tensorrt.cache import Facts, PlanCache
    from engines.tensorrt.inventory import Kept, Machine
    from engines.tensorrt.prove import Proof

_PRECISIONS = {
    "FLOAT": "single precision",
    "HALF": "half precision",
    "BF16": "bfloat16",
    "FP8": "8-bit floats",
    "INT8": "8-bit integers",
}
"""What layers compute in; other types are of shapes and masks."""
_AGES = ((86400, "d"), (3600, "h"), (60, "min"))


def expected(seconds_before: float, ahead: bool) -> str:
    """How long a build may take."""
    if seconds_before:
        return f"the last time it took {seconds_before:.{0 if seconds_before > 10 else 1}f} s"
    return "usually under a minute" if ahead else "usually minutes, as kernels are timed on the GPU"


def report(facts: Facts, size: int) -> str:
    """What a build gave, in a line."""
    counts = [f"{facts.precisions[name]} in {words}" for name, words in _PRECISIONS.items() if name in facts.precisions]
    layers = ", ".join([f"{sum(facts.layers.values())} layers", *counts])
    return f"{facts.network}: {layers}, {size / 1e6:.1f} MB, {facts.seconds:.1f} s"


def agreement(proof: Proof) -> str:
    """How plans agree with the golden frames, in a line."""
    golden = proof.golden
    return (
        f"checked on {proof.device}: {golden.frames} golden frames, scores off by {golden.score_difference:.2g} at most, "
        f"masks agree on {golden.mask_agreement:.2%}"
    )


def name_of(facts: Facts) -> str:
    """A plan, in words."""
    return (
        f"{facts.network} of {facts.bundle} for {facts.capability}, {facts.library} {facts.version}, "
        f"batches up to {facts.max_batch}"
    )


def name_of_file(cache: PlanCache, path: Path) -> str:
    """A plan in words, or its file where nothing is known of it."""
    from engines.errors import EngineError

    try:
        return name_of(cache.entry(path).facts)
    except EngineError:
        return str(path)


def print_json(cache: PlanCache, machine: Machine | str, kept: list[Kept], wrong: list[str]) -> None:
    """All there is to know."""
    import msgspec

    answer = {
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
                **msgspec.to_builtins(one.facts),
            }
            for one in kept
        ],
        "damaged": wrong,
    }
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def print_table(cache: PlanCache, machine: Machine | str, kept: list[Kept], wrong: list[str]) -> None:
    """A table for each bundle and library, and what it is that runs them here."""
    from itertools import groupby

    from rich.console import Console

    console = Console(highlight=False)
    where = f"plans in {cache.folder}"
    console.print(where.capitalize() if kept else f"no {where}", markup=False, soft_wrap=True)
    for (bundle, library), plans in groupby(
        kept, lambda one: (one.facts.bundle, f"{one.facts.library} {one.facts.version}")
    ):
        console.print(f"\n{bundle}, {library}", style="bold", markup=False, soft_wrap=True)
        console.print(_table(list(plans)))
    if kept:
        console.print()
    for told in wrong:
        console.print(f"damaged: {told}", markup=False, soft_wrap=True)
    if not all(one.facts.checked for one in kept):
        console.print(
            "not checked: built ahead of time; the golden frames are run each time a plan is loaded", soft_wrap=True
        )
    here = (
        f"nothing here runs plans: {machine}"
        if isinstance(machine, str)
        else f"this machine: {machine.gpu.name}, {machine.gpu.capability}, {machine.library.name} {machine.library.version}"
    )
    console.print(here, markup=False, soft_wrap=True)


def _table(plans: list[Kept]) -> Table:
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
        facts = one.facts
        table.add_row(
            facts.network,
            facts.capability,
            f"1-{facts.max_batch}",
            f"{one.size / 1e6:.1f}",
            ", ".join(what for what in (facts.driver, facts.cuda) if what) or "any",
            "yes" if facts.checked else "no",
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
