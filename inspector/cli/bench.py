"""``inspector bench``: how fast this machine runs a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, RuntimeName, RuntimeOption, limits_of, number_option
from inspector.cli.output import console, print_json, shown
from inspector.config.inference import InferenceConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from inspector.bench.memory import MemorySlope
    from inspector.bench.run import AtPassRate, Figures


def bench(
    bundle: Annotated[str, typer.Option(help="Bundle directory, or the name of an included one.")] = "demo",
    runtime: RuntimeOption = RuntimeName.AUTO,
    precision: Annotated[str, typer.Option(help="Arithmetic on the CPU: auto, f32 or bf16.")] = "auto",
    max_batch: Annotated[
        int | None,
        number_option(
            "--max-batch",
            limits_of(InferenceConfig, "max_batch"),
            help="Most frames in a batch; default: as for a line.",
        ),
    ] = None,
    segmenter_max_wait_us: Annotated[
        int,
        number_option(
            "--segmenter-max-wait-us",
            limits_of(InferenceConfig, "segmenter_max_wait_us"),
            help="Longest time that frames let through wait for more of them, microseconds.",
        ),
    ] = 0,
    rounds: Annotated[
        int,
        number_option(
            "--rounds",
            Limits(1, 100_000, whole=True),
            help="Rounds; figures are medians over the rounds in which the machine's speed was steady.",
        ),
    ] = 40,
    seconds: Annotated[
        float, number_option("--seconds", Limits(0.2, 600), help="Length of each single measurement.")
    ] = 0.5,
    memory_frames: Annotated[
        int,
        number_option(
            "--memory-frames",
            Limits(0, 100_000_000, whole=True),
            help="Frames of the memory run, which is run twice; 0 leaves it out.",
        ),
    ] = 20_000,
    peers: Annotated[
        bool,
        typer.Option(
            "--peers",
            help="Instead: the line on the CPU beside loops that a user of OpenVINO or onnxruntime would write, on the same frames.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure this machine: each engine alone, the line against what the engines allow, latency at part load, memory.

    The gate's decisions are replaced by a fixed list, so that the share of frames let through is exact; both engines still run.
    Figures that are compared are measured alternately. Takes about ten minutes; close other programs that use the CPU.
    """
    import msgspec

    from inspector.bench.run import PASS_RATES, BenchSettings, measure
    from inspector.errors import UserError

    if precision not in ("auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")
    given = {
        "runtime": runtime.value,
        "precision": precision,
        "max_batch": max_batch,
        "segmenter_max_wait_us": segmenter_max_wait_us,
    }
    inference = msgspec.convert({**given, "allow_cpu": True}, InferenceConfig)
    if peers:
        from inspector.cli.bench_peers import bench_peers

        bench_peers(bundle, inference, rounds, seconds, PASS_RATES, as_json=as_json)
        return
    settings = BenchSettings(
        bundle=bundle, inference=inference, rounds=rounds, seconds=seconds, memory_frames=memory_frames
    )
    with console(stderr=True).status("starting") as status:
        figures = measure(settings, lambda text: status.update(shown(text)))
    if as_json:
        print_json(figures)
        return
    printer = console()
    printer.print(f"{figures.bundle} on {figures.device}; medians over the steady ones of {figures.rounds} rounds")
    printer.print(
        f"Check whether a frame shows anything, in the camera's thread: {figures.frame_check_us:.0f} us per frame"
    )
    for table in _tables(figures):
        printer.print(table)


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
    """A column per pass rate, so that the table fits into a terminal of 80 columns."""
    from rich.table import Table

    table = Table(title="The line, by the share of frames let through", title_justify="left")
    table.add_column("")
    for at in figures.pass_rates:
        table.add_column(f"{at.pass_rate:.0%}", justify="right")
    rows: list[tuple[str, Callable[[AtPassRate], str]]] = [
        ("steady rounds", lambda at: f"{at.steady_rounds} of {figures.rounds}"),
        ("engines' bound, frames/s", lambda at: f"{at.bound_hz:.1f}"),
        ("line, frames/s", lambda at: f"{at.rate_hz:.1f}"),
        ("line/bound", lambda at: f"{at.of_bound:.2f}"),
        ("  quartiles over rounds", lambda at: f"{at.of_bound_low:.2f} {at.of_bound_high:.2f}"),
        ("parent's CPU, ms/frame", lambda at: f"{at.cpu_ms:.2f}"),
        ("load for latency, frames/s", lambda at: f"{at.load_hz:.1f}"),
        ("capture to verdict p50, ms", lambda at: f"{at.p50_ms:.1f}"),
        ("  p95", lambda at: f"{at.p95_ms:.1f}"),
        ("  p99", lambda at: f"{at.p99_ms:.1f}"),
        ("  p99.9", lambda at: f"{at.p999_ms:.1f}"),
        ("  max", lambda at: f"{at.max_ms:.1f}"),
        ("engines' own time, ms", lambda at: f"{at.own_ms:.1f}"),
        ("p99/own", lambda at: f"{at.p99_of_own:.2f}"),
        ("full batch and waits, ms", lambda at: f"{at.policy_ms:.1f}"),
        ("p99/full batch", lambda at: f"{at.p99_of_policy:.2f}"),
        ("  engines with no line", lambda at: f"{at.engines_p99_of_own:.2f}"),
        ("uninspected", lambda at: str(at.uninspected)),
    ]
    for name, show in rows:
        table.add_row(name, *(show(at) for at in figures.pass_rates))
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
