"""``inspector calibrate``: an operating point for a bundle, with a bound on what the gate loses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from calibration.thresholds.calibrate import Calibration, Wishes
    from calibration.thresholds.curve import Costs, TradeOff
    from calibration.thresholds.on_bundle import Part
    from calibration.thresholds.promise import Method
    from engines.bundle import Bundle

_ROWS = 12
FOLDS_HELP = (
    "For few frames, instead of --part: folder with bundles fold-0, fold-1..., each trained without the fold of the split "
    "it is named after, which it answers for."
)


def calibrate(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled frames: a folder or a dataset.yaml.")],
    split: Annotated[Path | None, typer.Option(help="Split file that training used. Without: all frames.")] = None,
    part: Annotated[str, typer.Option(help="Part of the split, held out from training.")] = "calibration",
    folds: Annotated[Path | None, typer.Option(help=FOLDS_HELP)] = None,
    miss_rate: Annotated[float, typer.Option(help="Largest share of defective frames the gate may lose.")] = 0.01,
    confidence: Annotated[float, typer.Option(help="How sure that must be (exact).")] = 0.95,
    method: Annotated[
        str, typer.Option(help="exact: Clopper-Pearson, with confidence; conformal: on average only.")
    ] = "exact",
    by_size: Annotated[
        bool, typer.Option("--by-size", help="Weigh a lost frame by the area of its defects, up to a cap.")
    ] = False,
    size_cap_px: Annotated[
        int | None, typer.Option(help="With --by-size: area of full weight, px; default: 5 % of the frame.", min=1)
    ] = None,
    metric: Annotated[
        str, typer.Option(help="What mask thresholds are chosen for: balanced, kaggle, pixel or recall.")
    ] = "balanced",
    false_defects: Annotated[
        float, typer.Option(help="With --metric recall: false defects allowed per frame.", min=0)
    ] = 0.1,
    thresholds: Annotated[str | None, typer.Option(help="Mask thresholds to try, e.g. 0.3,0.5,0.7.")] = None,
    areas: Annotated[str | None, typer.Option(help="Minimum areas to try, px, e.g. 1,100,400.")] = None,
    keep_masks: Annotated[
        bool, typer.Option("--keep-masks", help="Choose the gate's threshold only: seven times as fast.")
    ] = False,
    cost_miss: Annotated[
        float | None, typer.Option(help="Cost of a defective sheet that goes unmarked.", min=0)
    ] = None,
    cost_false_scrap: Annotated[float | None, typer.Option(help="Cost of a clean sheet that is marked.", min=0)] = None,
    defect_rate: Annotated[
        float, typer.Option(help="For the costs: share of sheets on the line that are defective.", min=0, max=1)
    ] = 0.05,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write the operating point to.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put the operating point into the bundle.")] = False,
    allow_weaker: Annotated[
        bool, typer.Option("--allow-weaker", help="Write it even where the promise cannot be kept.")
    ] = False,
    curve: Annotated[Path | None, typer.Option(help="CSV file to write the whole trade-off curve to.")] = None,
    precision: Annotated[str, typer.Option(help="Arithmetic: auto, f32 or bf16; that of the line is best.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Choose gate threshold, mask thresholds and minimum areas on frames the networks never saw.

    The gate's threshold is the highest that keeps a promise, "at most 1 % of defective frames lost, with 95 % confidence". Where the
    frames are too few for it, a line says so and how many would do; nothing is then written without --allow-weaker, exit status 1.

    Example: `inspector calibrate bundle data --split split.csv --miss-rate 0.05 --write`
    """
    from calibration.thresholds.folds import read_folds, together
    from calibration.thresholds.on_bundle import Trial, calibrate_bundle, choose_part
    from engines.bundle import OPERATING_POINT, find_bundle, read_bundle
    from engines.data.dataset import open_dataset
    from engines.data.split import read_split
    from inspector.cli.progress import counting
    from inspector.errors import UserError

    require_precision(precision)
    found = read_bundle(find_bundle(bundle))
    cap = size_cap_px or max(1, found.height * found.width // 20)
    wishes = make_wishes(miss_rate, confidence, method, by_size, cap, metric, false_defects)
    wishes = _with_costs(wishes, cost_miss, cost_false_scrap, defect_rate)
    tried = [float(value) for value in numbers("--thresholds", thresholds)]
    least = [int(value) for value in numbers("--areas", areas)]
    if any(not 0 < value < 1 for value in tried):
        raise UserError(f"--thresholds: {thresholds}: must lie between 0 and 1")
    dataset = open_dataset(data)
    frames = read_split(split, dataset) if split else None
    if folds is None:
        chosen = choose_part(dataset, frames, part)
        trials: tuple[Trial, ...] = (Trial(found, chosen),)
    else:
        trials = read_folds(folds, dataset, frames)
        chosen = together(trials)
    optional: dict[str, Any] = {"thresholds": tried} if tried else {}
    with counting("calibrating", len(chosen.frames)) as progress:
        made = calibrate_bundle(
            found,
            trials,
            wishes,
            areas_px=least or None,
            keep_masks=keep_masks,
            precision=precision,
            progress=progress,
            **optional,
        )
    _tell(made, found, chosen, as_json)
    if curve is not None:
        _write_curve(made.curve, curve)
    _write(made, [*([out] if out else []), *([found.path / OPERATING_POINT] if write else [])], allow_weaker, as_json)


def require_precision(precision: str) -> None:
    """Raise UserError for an arithmetic nobody knows."""
    from inspector.errors import UserError

    if precision not in ("auto", "f32", "bf16"):
        raise UserError(f"--precision: {precision!r} is not known; use auto, f32 or bf16")


def make_wishes(
    miss_rate: float, confidence: float, method: str, by_size: bool, cap_px: int, metric: str, budget: float
) -> Wishes:
    """Raises UserError for what cannot be asked for."""
    from calibration.thresholds.calibrate import Wishes
    from calibration.thresholds.mask_thresholds import METRICS
    from calibration.thresholds.promise import Promise
    from inspector.errors import UserError

    if metric not in METRICS:
        raise UserError(f"--metric: {metric!r} is not known; use one of {', '.join(METRICS)}")
    try:
        promise = Promise(miss_rate, confidence, cast("Method", method), by_size, cap_px)
    except ValueError as error:
        raise UserError(f"calibrate: {error}") from None
    return Wishes(promise, metric, budget)


def _with_costs(wishes: Wishes, miss: float | None, false_scrap: float | None, defect_rate: float) -> Wishes:
    from dataclasses import replace

    from calibration.thresholds.curve import Costs
    from inspector.errors import UserError

    if (miss is None) != (false_scrap is None):
        raise UserError("--cost-miss and --cost-false-scrap belong together; give both")
    costs: Costs | None = None
    if miss is not None and false_scrap is not None:
        costs = Costs(miss, false_scrap, defect_rate)
    return replace(wishes, costs=costs)


def numbers(option: str, text: str | None) -> list[float]:
    """The numbers of an option, rising. Raises UserError."""
    from inspector.errors import UserError

    try:
        return sorted({float(part) for part in text.split(",")}) if text else []
    except ValueError:
        raise UserError(f"{option}: {text!r} is not a list of numbers; write them as 0.3,0.5,0.7") from None


def _tell(made: Calibration, bundle: Bundle, part: Part, as_json: bool) -> None:
    import json
    from dataclasses import asdict

    import msgspec
    from rich.console import Console

    if as_json:
        told = {
            "bundle": bundle.id,
            "promise": {**asdict(made.promise), "words": made.promise.words},
            "kept": made.kept.kept,
            "says": made.sentence,
            "operating_point": {"id": made.point.id, **msgspec.to_builtins(made.point)},
            "figures": made.figures,
            "missed_by_class": made.missed_by_class,
            "curve": [asdict(point) for point in made.curve],
            "cheapest": asdict(made.cheapest) if made.cheapest else None,
        }
        typer.echo(json.dumps(without_nan(told), indent=2))
        return
    console = Console()
    where = f"part {part.name} of {part.dataset.name}" if part.name else part.dataset.name
    console.print(f"{bundle.id} on {where}, {len(part.frames)} frames", highlight=False)
    console.print(f"[bold]Promise {made.sentence}[/bold]", highlight=False)
    for table in (_point_table(made), _curve_table(made)):
        console.print(table)


def without_nan(told: Any) -> Any:
    """The same with null for what is not a number, as JSON knows none: a figure of frames that there are none of."""
    if isinstance(told, dict):
        return {key: without_nan(value) for key, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [without_nan(value) for value in told]
    return None if isinstance(told, float) and told != told else told


def _point_table(made: Calibration) -> Any:
    from rich.table import Table

    value = "" if made.masks is None else f", {made.masks.metric} {made.masks.value:.3f}"
    table = Table(
        title=f"Operating point {made.point.id}, gate {made.point.gate_threshold:g}{value}", title_justify="left"
    )
    for name in ("class", "threshold", "from px", "missed at the gate", "at most", "Dice where present"):
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


def _curve_table(made: Calibration) -> Any:
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


def _write_curve(curve: list[TradeOff], path: Path) -> None:
    import csv
    from dataclasses import asdict

    from inspector.errors import UserError

    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(asdict(curve[0])))
            writer.writeheader()
            writer.writerows(asdict(point) for point in curve)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); give another file with --curve") from None


def _write(made: Calibration, targets: list[Path], allow_weaker: bool, say: bool) -> None:
    """Write the point; a promise that is not kept goes to stderr too, where the table did not tell it or it stops the writing."""
    from engines.operating_point import write_operating_point

    if not made.kept.kept:
        refused = bool(targets) and not allow_weaker
        mend = f"; nothing is written: ask for --miss-rate {_round_up(made.kept.bound):g}, or add --allow-weaker"
        if refused or say:
            typer.echo(f"inspector: promise {made.sentence}{mend if refused else ''}", err=True)
        if refused:
            raise typer.Exit(1)
    for target in targets:
        write_operating_point(made.point, target)
        typer.echo(f"wrote {target}: {made.point.id}", err=True)


def _round_up(share: float) -> float:
    """To two digits, never below."""
    from decimal import ROUND_UP, Context, Decimal

    return float(Context(prec=2, rounding=ROUND_UP).create_decimal(Decimal(share)))
