"""``inspector bench``: how fast this machine runs a bundle."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from inspector.bench.pattern import FINEST_SHARE, Pattern
from inspector.cli.options import Limits, RuntimeName, RuntimeOption, limits_of, number_option
from inspector.cli.output import console, print_json, shown
from inspector.config.inference import InferenceConfig
from inspector.config.tree import LineConfig


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
    share: Annotated[
        list[float] | None,
        number_option(
            "--share",
            Limits(FINEST_SHARE, 1),
            help="Share of the frames that is let through. Give it several times for several; default: 0.02, 0.1, 0.5 and 1.",
        ),
    ] = None,
    pattern: Annotated[
        list[Pattern] | None,
        typer.Option(
            help="How the frames let through follow each other: evenly, at random, or in bursts of 20, as in a defective stretch. "
            "Give it several times for several; default: each."
        ),
    ] = None,
    repetitions: Annotated[
        int,
        number_option(
            "--repetitions",
            Limits(1, 100_000, whole=True),
            help="Repetitions; figures are medians, latencies are pooled.",
        ),
    ] = 7,
    seconds: Annotated[
        float,
        number_option(
            "--seconds", Limits(0.05, 600), help="Length of each single measurement, at part load three times as long."
        ),
    ] = 1.0,
    deadline_ms: Annotated[
        float,
        number_option(
            "--deadline-ms",
            limits_of(LineConfig, "deadline_ms"),
            help="Longest time from capture to verdict at part load, milliseconds; then a frame is UNINSPECTED.",
        ),
    ] = 100.0,
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
            help="Instead: the line on the CPU beside loops that a user of OpenVINO or onnxruntime would write, on the same frames, "
            "those let through evenly spread.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure this machine: each engine alone, the line against what the engines allow, latency at part load, memory.

    The gate's decisions are replaced by a fixed list, so that the share of frames let through is exact; both engines still run. The line has
    a journal, a subscriber, a deadline and a scale. Figures that are compared are measured alternately. Takes about ten minutes, one
    share in one pattern without memory about one; close other programs that use the CPU.
    """
    import msgspec

    from inspector.bench.figures import BenchSettings
    from inspector.bench.run import measure
    from inspector.cli.bench_peers import bench_peers
    from inspector.cli.bench_tables import print_figures
    from inspector.errors import UserError

    if precision not in ("auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")
    given = {
        "runtime": runtime.value,
        "precision": precision,
        "max_batch": max_batch,
        "segmenter_max_wait_us": segmenter_max_wait_us,
    }
    chosen: dict[str, Any] = {"shares": share, "patterns": pattern}
    settings = BenchSettings(
        bundle=bundle,
        inference=msgspec.convert({**given, "allow_cpu": True}, InferenceConfig),
        repetitions=repetitions,
        seconds=seconds,
        deadline_ms=deadline_ms,
        memory_frames=memory_frames,
        **{key: tuple(values) for key, values in chosen.items() if values},
    )
    if peers:
        bench_peers(settings, as_json=as_json)
        return
    with console(stderr=True).status("starting") as status:
        figures = measure(settings, lambda text: status.update(shown(text)))
    if as_json:
        print_json(figures)
    else:
        print_figures(figures)
