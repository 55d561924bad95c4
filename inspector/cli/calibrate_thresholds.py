"""``inspector calibrate thresholds``: an operating point for a bundle, with an upper bound of the gate's miss rate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from inspector.cli import calibration_options as options
from inspector.cli.options import Limits, number_option
from inspector.cli.output import print_json, tell

if TYPE_CHECKING:
    from calibration.thresholds.calibrate import Calibration
    from calibration.thresholds.on_bundle import BundleOnPart
    from calibration.thresholds.trade_off import Costs
    from engines.bundle import Bundle
    from engines.data.part import Part
    from engines.drift.reference import Reference

BundleArgument = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")
]
DataArgument = Annotated[Path, typer.Argument(metavar="DATA", help="Labelled frames: a folder or a dataset.yaml.")]
SplitOption = Annotated[Path | None, typer.Option(help="Split file that training used. Without: all frames.")]
PartOption = Annotated[str, typer.Option(help="Part of the split, held out from training.")]
BySizeOption = Annotated[
    bool, typer.Option("--by-size", help="Weigh a lost frame by the area of its defects, up to a cap.")
]
SizeCapOption = Annotated[
    int | None,
    number_option(
        "--size-cap-px",
        Limits(1, 2**32, whole=True),
        help="With --by-size: area of full weight, px; default: 5 % of the frame.",
    ),
]
FalseDefectsOption = Annotated[
    float,
    number_option(
        "--false-defects", Limits(0, 1_000_000), help="With --metric recall: false defects allowed per frame."
    ),
]
ThresholdsOption = Annotated[str | None, typer.Option(help="Mask thresholds to try, e.g. 0.3,0.5,0.7.")]
KeepMasksOption = Annotated[
    bool, typer.Option("--keep-masks", help="Choose the gate's threshold only: seven times as fast.")
]
_COST = Limits(0, 1e12)
CostMissOption = Annotated[
    float | None, number_option("--cost-miss", _COST, help="Cost of a defective sheet that is not marked.")
]
CostFalseScrapOption = Annotated[
    float | None, number_option("--cost-false-scrap", _COST, help="Cost of a clean sheet that is marked.")
]
DefectRateOption = Annotated[
    float,
    number_option(
        "--defect-rate",
        Limits(0, 1),
        help="Share of sheets on the line that are defective: for the costs, and for the reference of the drift watch.",
    ),
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", help="File to write the operating point to.")]
WriteOption = Annotated[bool, typer.Option("--write", help="Put the operating point into the bundle.")]
AllowWeakerOption = Annotated[
    bool, typer.Option("--allow-weaker", help="Write it even where the miss-rate target is not met.")
]
CurveOption = Annotated[Path | None, typer.Option(help="CSV file to write the whole trade-off curve to.")]
PrecisionOption = Annotated[str, typer.Option(help="Arithmetic: auto, f32 or bf16; that of the line is best.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]

NO_REFERENCE = (
    "too few clean frames for a reference, so a line with this operating point does not watch for drift; make one of frames of the line "
    "by `inspector reference`"
)


def calibrate_thresholds(
    bundle: BundleArgument,
    data: DataArgument,
    split: SplitOption = None,
    part: PartOption = "calibration",
    folds: options.FoldsOption = None,
    miss_rate: options.MissRateOption = 0.01,
    confidence: options.ConfidenceOption = 0.95,
    method: options.MethodOption = "exact",
    by_size: BySizeOption = False,
    size_cap_px: SizeCapOption = None,
    metric: options.MetricOption = "balanced",
    false_defects: FalseDefectsOption = 0.1,
    thresholds: ThresholdsOption = None,
    areas: options.AreasOption = None,
    keep_masks: KeepMasksOption = False,
    cost_miss: CostMissOption = None,
    cost_false_scrap: CostFalseScrapOption = None,
    defect_rate: DefectRateOption = 0.05,
    out: OutOption = None,
    write: WriteOption = False,
    allow_weaker: AllowWeakerOption = False,
    curve: CurveOption = None,
    precision: PrecisionOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Choose gate threshold, mask thresholds and minimum areas on frames that were not used in training.

    The gate's threshold is the highest that meets a miss-rate target, "at most 1 % of defective frames lost, with 95 % confidence". Where
    the frames are too few for it, one line reports how many are needed; nothing is written without --allow-weaker, and the exit status is 1.

    Example: `inspector calibrate thresholds bundle data --split split.csv --miss-rate 0.05 --write`
    """
    from dataclasses import replace

    from engines.bundle import OPERATING_POINT, find_bundle, read_bundle
    from inspector.cli.calibrate_tables import json_value, print_tables, write_curve

    options.require_precision(precision)
    found = read_bundle(find_bundle(bundle))
    _refuse_inputs(found, data, split, out, curve)
    cap = size_cap_px or max(1, found.height * found.width // 20)
    request = options.calibration_request(
        miss_rate, confidence, method, metric, by_size=by_size, size_cap_px=cap, false_defects=false_defects
    )
    costs = _costs(cost_miss, cost_false_scrap, defect_rate)
    request = replace(request, costs=costs, defect_rate=defect_rate)
    grid = _grid(thresholds, areas, keep_masks)
    chosen, runs = _runs(found, data, split, part, folds)
    made = _calibrated(found, chosen, runs, request=request, precision=precision, **grid)
    if as_json:
        print_json(json_value(made, found))
    else:
        print_tables(made, found, chosen)
    if made.blank_note:
        tell(f"inspector: {made.blank_note}", err=True)
    if curve is not None:
        write_curve(made.curve, curve)
    files = [*([out] if out else []), *([found.path / OPERATING_POINT] if write else [])]
    _write(made, files, allow_weaker, as_json, found.operating_point.camera_references)


def _refuse_inputs(bundle: Bundle, data: Path, split: Path | None, out: Path | None, curve: Path | None) -> None:
    """Raises FileError where a file to write is one of those that are read; the bundle's own operating point may be replaced."""
    from engines.bundle import MANIFEST, OPERATING_POINT
    from engines.data.inputs import input_files
    from engines.files.writing import check_output

    read = {f"{name} of the bundle": bundle.path / name for name in (MANIFEST, *bundle.manifest.files)}
    read |= input_files(data) | ({"the split that is read": split} if split else {})
    if out is not None:
        check_output(out, read, "--out")
    if curve is not None:
        read |= {"the bundle's operating point": bundle.path / OPERATING_POINT}
        check_output(curve, read | ({"the file of --out": out} if out else {}), "--curve")


def _costs(miss: float | None, false_scrap: float | None, defect_rate: float) -> Costs | None:
    from calibration.thresholds.trade_off import Costs
    from inspector.errors import UserError

    if (miss is None) != (false_scrap is None):
        raise UserError("--cost-miss and --cost-false-scrap belong together; give both")
    return None if miss is None or false_scrap is None else Costs(miss, false_scrap, defect_rate)


def _grid(thresholds: str | None, areas: str | None, keep_masks: bool) -> dict[str, Any]:
    """What to try, as ``calibrate_bundle`` takes it."""
    tried, least = options.thresholds(thresholds), options.areas_px(areas)
    return {"areas_px": least or None, "keep_masks": keep_masks, **({"thresholds": tried} if tried else {})}


def _runs(
    bundle: Bundle, data: Path, split: Path | None, part: str, folds: Path | None
) -> tuple[Part, tuple[BundleOnPart, ...]]:
    """The frames to calibrate on, and which bundle is run on which of them."""
    from calibration.thresholds.on_bundle import BundleOnPart
    from engines.data.dataset import open_dataset
    from engines.data.part import choose_part, joined
    from engines.data.split import read_split
    from inspector.bundles.folds import read_fold_models

    dataset = open_dataset(data)
    frames = read_split(split, dataset) if split else None
    if folds is None:
        chosen = choose_part(dataset, frames, part)
        return chosen, (BundleOnPart(bundle, chosen),)
    runs = read_fold_models(folds, dataset, frames)
    return joined([run.part for run in runs]), runs


def _calibrated(bundle: Bundle, part: Part, runs: tuple[BundleOnPart, ...], **wanted: Any) -> Calibration:
    from calibration.thresholds.on_bundle import calibrate_bundle
    from inspector.cli.progress import counting

    with counting("calibrating", len(part.frames)) as progress:
        return calibrate_bundle(bundle, runs, progress=progress, **wanted)


def _write(made: Calibration, files: list[Path], allow_weaker: bool, say: bool, kept: dict[str, Reference]) -> None:
    """Write the operating point, with the references of single cameras that the bundle has. A target that is not met is printed to stderr too, where the table was not printed or nothing is written."""
    from msgspec.structs import replace

    from engines.operating_point import write_operating_point

    if not made.gate.met:
        refused = bool(files) and not allow_weaker
        mend = f"; nothing is written: ask for --miss-rate {_round_up(made.gate.bound):g}, or add --allow-weaker"
        if refused or say:
            tell(f"inspector: miss-rate target {made.summary}{mend if refused else ''}", err=True)
        if refused:
            raise typer.Exit(1)
    point = replace(made.point, camera_references=kept)
    for file in files:
        write_operating_point(point, file)
        tell(f"wrote {file}: {point.id}", err=True)
    if files and point.reference is None:
        tell(f"inspector: {NO_REFERENCE}", err=True)


def _round_up(share: float) -> float:
    """Round up to two digits."""
    from decimal import ROUND_UP, Context, Decimal

    return float(Context(prec=2, rounding=ROUND_UP).create_decimal(Decimal(share)))
