"""What ``inspector bench --peers`` prints: the line beside loops that a user would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.cli.output import console, print_json, shown, tell

if TYPE_CHECKING:
    from rich.table import Table

    from inspector.bench.figures import BenchSettings
    from inspector.bench.peers.compare import PeersAtShare, PeersFigures

EXPLANATION = """\
All take the same frames from memory and run the same networks in the same
precision, in turns. The line also measures, keeps a journal and publishes;
nobody subscribes. "OpenCV": measures defects by connectedComponentsWithStats.
line/loop: their rates in the same repetition; above 1 the line is faster.
CPU: of all processes, per frame."""


def bench_peers(settings: BenchSettings, *, as_json: bool) -> None:
    """Compare at each share of frames let through, and print tables or JSON. Raises UserError, BundleError or EngineError."""
    from inspector.bench.peers.compare import compare
    from inspector.errors import UserError

    runtime = settings.inference.runtime
    if runtime not in ("auto", "openvino"):
        raise UserError(f"--runtime {runtime}: --peers compares on the CPU; leave --runtime out, or use openvino")
    with console(stderr=True).status("starting") as status:
        figures = compare(settings, lambda text: status.update(shown(text)))
    if as_json:
        print_json(figures)
    else:
        print_figures(figures)


def print_figures(figures: PeersFigures) -> None:
    """Print what is compared, and a table for each share of frames let through."""
    tell(f"{figures.bundle} on {figures.device}, {figures.cores} cores")
    tell(EXPLANATION)
    if figures.left_out:
        tell(figures.left_out)
    for at in figures.shares:
        console().print(_table(at, figures))


def _table(at: PeersAtShare, figures: PeersFigures) -> Table:
    from rich.table import Table

    quiet = f"{at.quiet_repetitions} quiet ones" if at.quiet_repetitions else "none was quiet: all"
    title = (
        f"{at.share:.0%} let through, slices of {at.frames} frames; medians of {figures.repetitions} repetitions, {quiet}; "
        f"other programs took {at.others:.0%} of the cores"
    )
    table = Table(title=shown(title), title_justify="left")
    table.add_column("")
    for name in ("frames/s", "line/loop", "quartiles", "CPU, ms"):
        table.add_column(name, justify="right")
    for arm in at.arms:
        table.add_row(
            shown(arm.name),
            f"{arm.rate_hz:.1f}",
            f"{arm.line_of_loop:.2f}",
            f"{arm.line_of_loop_low:.2f} {arm.line_of_loop_high:.2f}",
            f"{arm.cpu_ms:.2f}",
        )
    return table
