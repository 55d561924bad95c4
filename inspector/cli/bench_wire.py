"""``inspector bench wire``: the road of a frame without engines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_option, read_number
from inspector.cli.output import console, print_json, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from inspector.bench.wire.figures import Arm, Wire
    from inspector.bench.wire.run import Figures


def wire(
    let_through: Annotated[
        str, typer.Option(metavar="PERCENT,...", help="Shares of the frames that hold defects and are let through.")
    ] = "0,10,50,100",
    defects: Annotated[
        str, typer.Option(metavar="COUNT,...", help="Defects in each of these frames, 1 to 20.")
    ] = "3,20",
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
    subscribers: Annotated[
        int,
        number_option(
            "--subscribers", Limits(1, 200, whole=True), help="How many; one of them measures, the others only receive."
        ),
    ] = 1,
    behind: Annotated[
        int,
        number_option(
            "--behind",
            Limits(0, 1_000_000, whole=True),
            help="Measure too how a subscriber catches up that is so many frames behind.",
        ),
    ] = 0,
    beside: Annotated[
        Path | None,
        typer.Option(help="Folder of another checkout of this program, which is measured alternately with this one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure the line without engines: what capture, hand-over, judging, journal and sending allow and cost.

    The line is the real one, with a subscriber in a process of its own; only the networks cost nothing. Where the compiled code that
    measures masks is there, the code without it is measured too, alternately. Takes three to six minutes and up to 1 GB in TMPDIR.
    """
    from inspector.bench.wire.run import WireSettings, measure

    settings = WireSettings(
        percents=_numbers("--let-through", let_through, Limits(0, 100, whole=True)),
        defects=_numbers("--defects", defects, Limits(1, 20, whole=True)),
        repetitions=repetitions,
        seconds=seconds,
        subscribers=subscribers,
        behind=behind,
        beside=beside,
    )
    with console(stderr=True).status("starting") as status:
        figures = measure(settings, lambda text: status.update(shown(text)))
    if as_json:
        print_json(figures)
    else:
        show(figures)


def show(figures: Figures) -> None:
    """Print the figures for people."""
    printer = console()
    times = "once" if figures.repetitions == 1 else f"medians over {figures.repetitions} repetitions"
    heard = "one subscriber" if figures.subscribers == 1 else f"{figures.subscribers} subscribers"
    printer.print(f"The line without engines on {figures.cores} cores, {heard}, {times}")
    for name, arm in figures.arms.items():
        printer.print(_line(name, arm))
    if figures.rate_ratios:
        printer.print(_ratios(figures))
    printer.print(_judging(figures))
    if any(arm.behind for arm in figures.arms.values()):
        printer.print(_behind(figures))


def _numbers(option: str, text: str, limits: Limits) -> tuple[int, ...]:
    expected = f"whole numbers from {limits}, separated by commas"
    return tuple(sorted({int(read_number(option, part, limits, expected)) for part in text.split(",")}))


def _table(title: str, kinds: Sequence[Wire]) -> Table:
    """A column for each kind of frames, so narrow that the seven of them fit into a terminal of 80 columns."""
    from rich import box
    from rich.table import Table

    table = Table(title=shown(title), title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("let through\ndefects", no_wrap=True)
    for one in kinds:
        table.add_column(f"{one.kind.percent} %\n{one.kind.defects or '-'}", justify="right", no_wrap=True)
    return table


def _line(name: str, arm: Arm) -> Table:
    from inspector.bench.wire.figures import SAMPLES

    threads = arm.kinds[0].cpu_us
    percentiles = [f"p{percent:g}" for percent in SAMPLES]
    rows: list[tuple[str, Callable[[Wire], str]]] = [
        ("frames/s", lambda one: f"{one.rate_hz:.0f}"),
        ("  lower quartile", lambda one: f"{one.rate_low_hz:.0f}"),
        ("  upper quartile", lambda one: f"{one.rate_high_hz:.0f}"),
        ("parent's CPU, us", lambda one: f"{one.all_cpu_us:.0f}"),
        *((f"  {thread}", lambda one, thread=thread: f"{one.cpu_us[thread]:.0f}") for thread in threads),
        ("child's CPU, us", lambda one: f"{one.child_cpu_us:.0f}"),
        ("subscriber's CPU, us", lambda one: f"{one.subscriber_cpu_us:.0f}"),
        ("parent's switches", lambda one: f"{one.switches:.1f}"),
        ("child's switches", lambda one: f"{one.child_switches:.1f}"),
        ("results received", lambda one: f"{one.received:.1%}"),
        *(
            [
                ("others connected", lambda one: str(one.crowd)),
                ("others' CPU, us", lambda one: f"{one.crowd_cpu_us:.0f}"),
            ]
            if arm.kinds[0].crowd_cpu_us
            else []
        ),
        ("journal, rows/s", lambda one: f"{one.rows_per_s:.0f}"),
        ("half load, frames/s", lambda one: f"{one.load_hz:.0f}"),
        ("  parent's CPU, us", lambda one: f"{one.load_cpu_us:.0f}"),
        *((f"  {percent}, ms", lambda one, percent=percent: _latency(one, percent)) for percent in percentiles),
        ("  samples", lambda one: str(one.samples)),
        ("uninspected", lambda one: str(one.uninspected)),
    ]
    table = _table(name, arm.kinds)
    for title, show in rows:
        table.add_row(title, *(show(one) for one in arm.kinds))
    return table


def _latency(one: Wire, percentile: str) -> str:
    return f"{one.latency_ms[percentile]:.2f}" if percentile in one.latency_ms else "-"


def _ratios(figures: Figures) -> Table:
    (first, one), (second, other) = figures.arms.items()
    table = _table(f"{first} / {second}", one.kinds)
    table.add_row("frames/s", *(f"{ratio:.2f}" for ratio in figures.rate_ratios))
    both = list(zip(one.kinds, other.kinds, strict=True))
    table.add_row("parent's CPU", *(f"{a.all_cpu_us / b.all_cpu_us:.2f}" for a, b in both))
    return table


def _behind(figures: Figures) -> Table:
    from rich import box
    from rich.table import Table

    from inspector.bench.wire.figures import SAMPLES

    table = Table(title="A subscriber that is behind", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("it fetches", min_width=18)
    found = [arm.behind for arm in figures.arms.values() if arm.behind]
    for name in figures.arms:
        table.add_column(name, justify="right")
    table.add_row("messages", *(str(one.publications) for one in found))
    table.add_row("  missed", *(str(one.missed) for one in found))
    table.add_row("  in a second", *(f"{one.rate_hz:.0f}" for one in found))
    table.add_row("  times the line", *(f"{one.times_live:.1f}" for one in found))
    for percent in SAMPLES:
        key = f"p{percent:g}"
        pairs = [(one.alone_ms.get(key), one.beside_ms.get(key)) for one in found]
        shown_pairs = [" / ".join("-" if ms is None else f"{ms:.2f}" for ms in pair) for pair in pairs]
        table.add_row(f"live {key} alone / meanwhile, ms", *shown_pairs)
    table.add_row("  samples", *(f"{one.samples[0]} / {one.samples[1]}" for one in found))
    return table


def _judging(figures: Figures) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title="Judging one mask, us of CPU", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("it shows", min_width=18)
    for name in figures.arms:
        table.add_column(name, justify="right")
    for what in next(iter(figures.arms.values())).judging_us:
        table.add_row(what, *(f"{arm.judging_us[what]:.0f}" for arm in figures.arms.values()))
    return table
