"""``inspector bench``: what this machine can do with a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from inspector.bench.memory import MemorySlope
    from inspector.bench.run import Figures


def bench(
    bundle: Annotated[str, typer.Option(help="Bundle directory, or the name of an included one.")] = "demo",
    precision: Annotated[str, typer.Option(help="Arithmetic: auto, f32 or bf16.")] = "auto",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; figures are medians over them.")] = 3,
    seconds: Annotated[float, typer.Option(min=0.2, help="Length of each single measurement.")] = 6.0,
    memory_frames: Annotated[
        int, typer.Option(min=0, help="Frames of the memory run, which is run twice; 0 leaves it out.")
    ] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure this machine: each engine alone, the line against what the engines allow, latency at part load, memory.

    The gate's decisions are replaced by a fixed list, so that the share of frames let through is exact; both engines still run.
    All that is compared is measured in turn within this run. Takes about ten minutes; close what else uses the CPU.
    """
    import json

    import msgspec
    from rich.console import Console

    from inspector.bench.run import Plan, measure
    from inspector.errors import UserError

    if precision not in ("auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")
    progress = Console(stderr=True)
    plan = Plan(
        bundle=bundle,
        precision=cast(Literal["auto", "f32", "bf16"], precision),
        rounds=rounds,
        seconds=seconds,
        batches=(1, 2, 4),
        memory_frames=memory_frames,
    )
    with progress.status("starting") as status:
        figures = measure(plan, lambda text: status.update(text))
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(figures), indent=2))
        return
    console = Console()
    console.print(f"{figures.bundle} on {figures.device}; medians of {figures.rounds} rounds")
    for table in _tables(figures):
        console.print(table)


def _tables(figures: Figures) -> list[Table]:
    return [_engines(figures), _line(figures), *([_memory(figures)] if figures.memory else [])]


def _engines(figures: Figures) -> Table:
    from rich.table import Table

    table = Table(title="Engines alone, ms per frame", title_justify="left")
    for name in ("batch", "gate", "segmenter", "gate, one in flight", "segmenter, one in flight"):
        table.add_column(name, justify="right")
    for size, times in figures.batches.items():
        found = (times.gate_ms, times.segmenter_ms, times.gate_alone_ms, times.segmenter_alone_ms)
        table.add_row(size, *(f"{value:.2f}" for value in found))
    return table


def _line(figures: Figures) -> Table:
    from rich.table import Table

    table = Table(title="The line, frames per second and capture-to-verdict ms", title_justify="left")
    columns = ("let through", "bound", "line", "line/bound", "parent ms/frame", "at load", "p50", "p95", "p99", "max")
    for name in (*columns, "engines' own", "p99/own", "uninspected"):
        table.add_column(name, justify="right")
    for at in figures.pass_rates:
        table.add_row(
            f"{at.pass_rate:.0%}",
            f"{at.bound_hz:.1f}",
            f"{at.rate_hz:.1f}",
            f"{at.of_bound:.2f}",
            f"{at.cpu_ms:.2f}",
            f"{at.load_hz:.1f}",
            *(f"{value:.1f}" for value in (at.p50_ms, at.p95_ms, at.p99_ms, at.max_ms, at.own_ms)),
            f"{at.p99_of_own:.2f}",
            str(at.uninspected),
        )
    return table


def _memory(figures: Figures) -> Table:
    from rich.table import Table

    table = Table(title="Memory of both processes over a run", title_justify="left")
    for name in ("run", "frames", "bytes per frame", "95 % interval", "MiB", "verdict"):
        table.add_column(name, justify="right")
    runs: list[tuple[str, MemorySlope | None]] = [
        ("the line", figures.memory),
        ("with a planted leak of 1,024 bytes per frame", figures.memory_with_planted_leak),
    ]
    for name, found in runs:
        if found is not None:
            table.add_row(
                name,
                f"{found.frames:,}",
                f"{found.bytes_per_frame:+.1f}",
                f"{found.low:+.1f} .. {found.high:+.1f}",
                f"{found.first_mib:.1f} .. {found.last_mib:.1f}",
                "leaks" if found.leaks else "flat",
            )
    return table
