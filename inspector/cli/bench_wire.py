"""``inspector bench wire``: the road of a frame without engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option
from inspector.cli.output import console, print_json, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from inspector.bench.wire.run import Arm, Figures, Wire


def wire(
    repetitions: Annotated[
        int, number_option("--repetitions", Limits(1, 1000, whole=True), help="How often everything is measured.")
    ] = 7,
    seconds: Annotated[
        float,
        number_option(
            "--seconds",
            Limits(0.02, 600),
            help="Length of each single measurement; those of latencies take twice as long.",
        ),
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure the line without engines: what capture, hand-over, judging, journal and sending allow and cost.

    The line is the real one, with a subscriber in a process of its own; only the networks cost nothing. Where the compiled code that
    measures masks is there, the code without it is measured too, alternately. Takes three to six minutes.
    """
    from inspector.bench.wire.run import WireSettings, measure

    settings = WireSettings(repetitions=repetitions, seconds=seconds)
    with console(stderr=True).status("starting") as status:
        figures = measure(settings, lambda text: status.update(shown(text)))
    if as_json:
        print_json(figures)
        return
    printer = console()
    printer.print(
        f"The line without engines on {figures.cores} cores, medians over {figures.repetitions} repetitions; "
        "by the share of frames let through and the defects in each of these"
    )
    for name, arm in figures.arms.items():
        printer.print(_line(name, arm))
    if figures.rate_ratios:
        printer.print(_ratios(figures))
    printer.print(_judging(figures))


def _table(title: str, kinds: tuple[Wire, ...]) -> Table:
    """A column for each kind of frames, so narrow that the table fits into a terminal of 80 columns."""
    from rich import box
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("let through\ndefects")
    for one in kinds:
        table.add_column(f"{one.kind.percent} %\n{one.kind.defects or '-'}", justify="right")
    return table


def _line(name: str, arm: Arm) -> Table:
    from inspector.bench.wire.run import SAMPLES
    from inspector.bench.wire.threads import REST, THREADS

    rows: list[tuple[str, Callable[[Wire], str]]] = [
        ("frames/s", lambda one: f"{one.rate_hz:.0f}"),
        ("  lower quartile", lambda one: f"{one.rate_low_hz:.0f}"),
        ("  upper quartile", lambda one: f"{one.rate_high_hz:.0f}"),
        ("line's CPU, us/frame", lambda one: f"{one.cpu_us['all']:.0f}"),
        *((f"  {thread}", lambda one, thread=thread: f"{one.cpu_us[thread]:.0f}") for thread in (*THREADS, REST)),
        ("child's CPU", lambda one: f"{one.child_cpu_us:.0f}"),
        ("subscriber's CPU", lambda one: f"{one.subscriber_cpu_us:.0f}"),
        ("line's switches/frame", lambda one: f"{one.switches:.1f}"),
        ("child's switches", lambda one: f"{one.child_switches:.1f}"),
        ("results received", lambda one: f"{one.received:.1%}"),
        ("at half rate, frames/s", lambda one: f"{one.load_hz:.0f}"),
        ("  line's CPU, us/frame", lambda one: f"{one.load_cpu_us:.0f}"),
        ("  to subscriber p50, ms", lambda one: _percentile(one, "p50")),
        *(
            (f"  p{percent:g}", lambda one, percent=percent: _percentile(one, f"p{percent:g}"))
            for percent in list(SAMPLES)[1:]
        ),
        ("  of so many samples", lambda one: str(one.samples)),
        ("uninspected", lambda one: str(one.uninspected)),
    ]
    table = _table(f"Masks measured by the {name} code", arm.kinds)
    for title, show in rows:
        table.add_row(title, *(show(one) for one in arm.kinds))
    return table


def _percentile(one: Wire, name: str) -> str:
    return f"{one.latency_ms[name]:.2f}" if name in one.latency_ms else "-"


def _ratios(figures: Figures) -> Table:
    first, second = figures.arms
    one, other = (figures.arms[name].kinds for name in (first, second))
    table = _table(f"{first} / {second}", one)
    table.add_row("frames/s", *(f"{ratio:.2f}" for ratio in figures.rate_ratios))
    both = list(zip(one, other, strict=True))
    table.add_row("line's CPU", *(f"{a.cpu_us['all'] / b.cpu_us['all']:.2f}" for a, b in both))
    table.add_row("verdicts' CPU", *(_ratio(a.cpu_us["verdicts"], b.cpu_us["verdicts"]) for a, b in both))
    return table


def _ratio(one: float, other: float) -> str:
    return f"{one / other:.2f}" if one >= 1 and other >= 1 else "-"


def _judging(figures: Figures) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title="Judging one mask, CPU us", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("mask of")
    for name in figures.arms:
        table.add_column(name, justify="right")
    for kind in next(iter(figures.arms.values())).judging_us:
        table.add_row(kind, *(f"{arm.judging_us[kind]:.0f}" for arm in figures.arms.values()))
    return table
