"""What ``inspector calibrate thresholds`` prints and writes: the operating point and the trade-off it was chosen from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspector.cli.output import console

if TYPE_CHECKING:
    from rich.table import Table

    from calibration.thresholds.calibrate import Calibration
    from calibration.thresholds.trade_off import TradeOff
    from engines.bundle import Bundle
    from engines.data.part import Part

_ROWS = 12


def json_value(made: Calibration, bundle: Bundle) -> dict[str, Any]:
    """Everything, for scripts."""
    from dataclasses import asdict

    import msgspec

    return {
        "bundle": bundle.id,
        "target": {**asdict(made.target), "description": made.target.description},
        "met": made.gate.met,
        "summary": made.summary,
        "operating_point": {"id": made.point.id, **msgspec.to_builtins(made.point)},
        "figures": made.figures,
        "missed_by_class": made.missed_by_class,
        "curve": [asdict(point) for point in made.curve],
        "cheapest": asdict(made.cheapest) if made.cheapest else None,
    }


def print_tables(made: Calibration, bundle: Bundle, part: Part) -> None:
    """The tables for a terminal."""
    printer = console()
    where = f"part {part.name} of {part.dataset.name}" if part.name else part.dataset.name
    printer.print(f"{bundle.id} on {where}, {len(part.frames)} frames")
    printer.print(f"Miss-rate target {made.summary}", style="bold")
    for table in (_point_table(made), _curve_table(made)):
        printer.print(table)


def _point_table(made: Calibration) -> Table:
    from rich.table import Table

    value = "" if made.masks is None else f", {made.masks.metric} {made.masks.value:.3f}"
    table = Table(
        title=f"Operating point {made.point.id}, gate {made.point.gate_threshold:g}{value}", title_justify="left"
    )
    for name in ("class", "threshold", "minimum px", "missed at the gate", "at most", "Dice where present"):
        table.add_column(name, justify="left" if name == "class" else "right")
    for name, missed in made.missed_by_class.items():
        dice = made.figures["dice_where_present"][name]
        table.add_row(
            name,
            f"{made.point.mask_thresholds[name]:g}",
            str(made.point.minimum_area_px[name]),
            f"{missed['missed']} of {missed['frames']}",
            f"{missed['bound']:.1%}",
            f"{dice['dice']:.2f}" if dice["frames"] else "-",
        )
    return table


def _curve_table(made: Calibration) -> Table:
    """The curve in a dozen rows, denser where few are missed, with the chosen point and the cheapest."""
    from rich.table import Table

    table = Table(title="Trade-off at the gate", title_justify="left")
    priced = ["cost per 1000"] if made.cheapest else []
    for name in ("threshold", "missed", "at most", "clean passed", "unmarked", "false scrap", *priced, ""):
        table.add_column(name, justify="right", no_wrap=not name)
    kept = [point for point in made.curve if point.threshold >= made.point.gate_threshold]
    named = {"chosen": kept[0] if kept else made.curve[-1], "cheapest": made.cheapest}
    shown = {round(len(made.curve) ** (i / _ROWS)) - 1 for i in range(_ROWS + 1)}
    for i, point in enumerate(made.curve):
        notes = [name for name, other in named.items() if point is other]
        if notes or i in shown:
            table.add_row(
                f"{point.threshold:.4g}",
                str(point.missed),
                f"{point.bound:.1%}",
                str(point.passed_on),
                str(point.unmarked),
                str(point.marked_clean),
                *([] if point.cost_per_1000 is None else [f"{point.cost_per_1000:.4g}"]),
                ", ".join(notes),
            )
    return table


def write_curve(curve: list[TradeOff], path: Path) -> None:
    """Every point of the trade-off as CSV; all cells are numbers. Raises FileError where it cannot be written."""
    import csv
    from dataclasses import asdict

    from engines.files.writing import text_output

    with text_output(path, option="--curve") as file:
        writer = csv.DictWriter(file, list(asdict(curve[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(point) for point in curve)
