"""What ``inspector bench`` prints for a person. Each table holds only figures that may be compared; ``docs/benchmarks`` explains each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from inspector.bench.bound import Bound
from inspector.cli.output import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspector.bench.figures import AtMix, Figures
    from inspector.bench.latency import KindLatency

_BOUNDS = {
    Bound.SUM: "gate and segmenter take turns on the same cores: 1 / (gate + share x segmenter)",
    Bound.SLOWER_STREAM: "gate and segmenter overlap on two streams: 1 / the slower of gate and share x segmenter",
}


def print_figures(figures: Figures) -> None:
    """Print all tables, for a terminal of 80 columns."""
    printer = console()
    settings = figures.settings
    printer.print(f"{figures.bundle} on {figures.device}")
    printer.print(
        f"Medians of {settings.repetitions} repetitions, latencies pooled. A percentile is given where ten samples lie beyond it "
        "(p99: from 1,000 frames)."
    )
    printer.print(
        f"Check whether a frame shows anything, in the camera's thread: {figures.frame_check_us:.0f} us per frame"
    )
    copying = figures.copying
    printer.print(
        f"Copy into the slot, ns per pixel: {copying.plain_ns:.3f} plain; with a flat field {copying.per_pixel_ns:.3f} per pixel "
        f"({copying.ratio:.1f} times), {copying.per_column_ns:.3f} per column{'' if copying.compiled else ', not compiled'}"
    )
    for table in (_engines(figures), _saturated(figures), _own(figures), _part_load(figures), _latency(figures)):
        printer.print()
        printer.print(table)
    printer.print()
    received = figures.received
    printer.print(f"The subscriber got {received.results:,} results and missed {received.missed:,} messages.")
    if figures.memory is not None:
        printer.print()
        printer.print(_memory(figures))


def _engines(figures: Figures) -> Table:
    table = _table(
        "Engines alone, ms per frame",
        "",
        ("batch", "gate", "segmenter", "gate, one\nin flight", "segmenter,\none in flight"),
    )
    for size, times in figures.batches.items():
        found = (times.gate_ms, times.segmenter_ms, times.gate_alone_ms, times.segmenter_alone_ms)
        table.add_row(size, *(f"{value:.2f}" for value in found))
    return table


def _saturated(figures: Figures) -> Table:
    table = _table(
        "Saturated: the line as fast as it takes frames, and the engines alone",
        f"bound: {_BOUNDS[figures.bound]}",
        (
            "let\nthrough",
            "pattern",
            "bound,\nframes/s",
            "line,\nframes/s",
            "line/\nbound",
            "quartiles",
            "parent\nCPU, ms",
            "steady",
            "unin-\nspected",
        ),
    )
    for at in figures.mixes:
        found = at.saturated
        table.add_row(
            *_mix(at),
            f"{found.bound_hz:.1f}",
            f"{found.rate_hz:.1f}",
            f"{found.of_bound:.2f}",
            f"{found.of_bound_low:.2f} {found.of_bound_high:.2f}",
            f"{found.cpu_ms:.2f}",
            f"{at.steady_repetitions} of {figures.settings.repetitions}",
            _uninspected(found.uninspected),
        )
    return table


def _own(figures: Figures) -> Table:
    table = _table(
        "Own time: a frame with nothing else running, ms",
        "",
        ("frame", "passes", "own", "p99/own", "full batch\nand waits"),
    )
    for name, passes, own in (
        ("clean", "gate", figures.own_clean),
        ("let through", "gate and segmenter", figures.own_let_through),
    ):
        table.add_row(name, passes, f"{own.mean_ms:.2f}", _shown(own.p99_of_mean, 2), f"{own.full_batch_ms:.2f}")
    return table


def _part_load(figures: Figures) -> Table:
    table = _table(
        f"Part load: the camera delivers {100 * figures.load:g} % of the rate just reached",
        f"one frame after the other at equal distances, whatever the line does; deadline {figures.settings.deadline_ms:g} ms",
        (
            "let\nthrough",
            "pattern",
            "camera,\nframes/s",
            "verdicts/\ncamera",
            "under way\nmean",
            "\nmost",
            "frames",
            "uninspected",
        ),
    )
    for at in figures.mixes:
        found = at.part_load
        table.add_row(
            *_mix(at),
            f"{found.rate_hz:.1f}",
            f"{found.of_camera:.2f}",
            f"{found.under_way_mean:.1f}",
            str(found.under_way_most),
            f"{found.frames:,}",
            _uninspected(found.uninspected),
        )
    return table


def _latency(figures: Figures) -> Table:
    table = _table(
        "Part load: capture to verdict, ms, and p99 beside the own time",
        "-: too few frames, or the percentile falls on frames that ended UNINSPECTED",
        ("let\nthrough", "pattern", "frame", "frames", "p50", "p95", "p99", "p99.9", "max", "p99/\nown", "p99/\nfull"),
    )
    for at in figures.mixes:
        for name, found in (("clean", at.part_load.clean), ("through", at.part_load.let_through)):
            if found is not None:
                table.add_row(*_mix(at), name, *_kind(found))
    return table


def _kind(found: KindLatency) -> Sequence[str]:
    latencies = (found.p50_ms, found.p95_ms, found.p99_ms, found.p999_ms, found.max_ms)
    return (
        str(found.frames),
        *(_shown(one, 1) for one in latencies),
        _shown(found.p99_of_own, 2),
        _shown(found.p99_of_full_batch, 2),
    )


def _memory(figures: Figures) -> Table:
    table = _table(
        "Memory of both processes over a run",
        "",
        ("run", "frames", "bytes per\nframe", "95 % interval", "MiB", "verdict"),
    )
    for name, found in (
        ("the line", figures.memory),
        ("1,024 bytes per\nframe leaked", figures.memory_with_planted_leak),
    ):
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


def _table(title: str, caption: str, columns: Sequence[str]) -> Table:
    """A plain one. Text is to the left in the columns before the first figure, figures to the right."""
    table = Table(
        title=title,
        title_justify="left",
        caption=caption or None,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    for name in columns:
        table.add_column(name, justify="left" if name in _WORDS else "right")
    return table


_WORDS = ("pattern", "frame", "passes", "run", "uninspected")


def _mix(at: AtMix) -> tuple[str, str]:
    return f"{100 * at.share:g} %", at.pattern.value if at.share < 1 else "all"


def _uninspected(by_reason: Mapping[str, int]) -> str:
    return "\n".join(f"{count:,} {reason}" for reason, count in by_reason.items()) or "0"


def _shown(figure: float | None, digits: int) -> str:
    return "-" if figure is None else f"{figure:.{digits}f}"
