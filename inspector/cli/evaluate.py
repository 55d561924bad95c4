"""``inspector evaluate``: how good a bundle is on labelled frames, or which of two is better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.calibration_options import FoldsOption, require_precision
from inspector.cli.options import RuntimeName, RuntimeOption
from inspector.cli.output import console, print_json, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from calibration.thresholds.on_bundle import BundleOnPart
    from engines.bundle import Bundle
    from engines.data.dataset import Dataset
    from inspector.evaluate.compare import Comparison
    from inspector.evaluate.evaluate import Evaluated
    from inspector.evaluate.figures import Evaluation
    from inspector.evaluate.fit import Selection

    Arithmetic = tuple[str, str]
    """Runtime and, of the CPU's, precision."""


def evaluate(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="BUNDLE DATA",
            help="Bundle (directory, or name of an included one) and data set (folder or dataset.yaml); with --compare two bundles first.",
        ),
    ],
    compare: Annotated[bool, typer.Option("--compare", help="Compare two bundles on the same frames.")] = False,
    split: Annotated[Path | None, typer.Option(help="Split file of the data set, as training wrote it.")] = None,
    part: Annotated[
        str | None, typer.Option(help="With --split: the part to evaluate on; default: validation.")
    ] = None,
    folds: FoldsOption = None,
    report: Annotated[
        Path | None, typer.Option(help="Directory for index.html (one file, pictures inside), JSON and frames.csv.")
    ] = None,
    runtime: RuntimeOption = RuntimeName.OPENVINO,
    precision: Annotated[str, typer.Option(help="Arithmetic on the CPU: auto, f32 or bf16.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False,
) -> None:
    """Measure a bundle on labelled frames, with the engines of the line.

    For the segmenter alone and for the pipeline: the variants of Dice, defects found and false, gate and sheets, with bootstrap intervals by
    groups of frames. With `--compare A B DATA` both bundles run on the same frames, and a sentence states whether a difference is significant.

    Example: `inspector evaluate demo data --split split.csv --report out`
    """
    from engines.data.inputs import input_folders, root_folder
    from inspector.cli.report_folder import prepare_report
    from inspector.errors import UserError
    from inspector.evaluate.fit import require_comparable

    require_precision(precision)
    expected = 3 if compare else 2
    if len(paths) != expected:
        form = "--compare A B DATA" if compare else "BUNDLE DATA"
        raise UserError(f"evaluate: {len(paths)} arguments ({' '.join(paths)}); expected {form}")
    if part is not None and split is None:
        raise UserError(f"--part {part}: a part of what? Give the split file with --split")
    if folds is not None and (compare or part is not None):
        raise UserError("--folds: measures one bundle on all folds of the split; leave out --compare and --part")
    bundles = [_bundle(one) for one in paths[:-1]]
    if compare:
        require_comparable(*bundles)
    if report is not None:
        prepare_report(report, root_folder(Path(paths[-1])), input_folders(Path(paths[-1])))
    if folds is not None:
        made = [_evaluated_by_folds(bundles[0], Path(paths[-1]), split, folds, (runtime.value, precision))]
    else:
        dataset, selection = _frames(Path(paths[-1]), split, part or "validation")
        made = [_evaluated(bundle, dataset, selection, (runtime.value, precision)) for bundle in bundles]
    _show(made, report, as_json)


def _bundle(name: str) -> Bundle:
    from engines.bundle import find_bundle, read_bundle

    return read_bundle(find_bundle(name))


def _frames(path: Path, split: Path | None, part: str) -> tuple[Dataset, Selection | None]:
    """The frames to evaluate on, without those for training only. Raises DataError."""
    from dataclasses import replace

    from engines.data.dataset import open_dataset
    from engines.data.split import read_split
    from inspector.evaluate.fit import Selection

    dataset = open_dataset(path)
    if split is None:
        return dataset, None
    found = read_split(split, dataset)
    measured = tuple(one for one in found.frames(dataset, part) if not one.training_only)
    return replace(dataset, frames=measured), Selection(part, found.id)


def _evaluated_by_folds(
    bundle: Bundle, data: Path, split: Path | None, folds: Path, arithmetic: Arithmetic
) -> Evaluated:
    from dataclasses import replace

    from engines.data.dataset import open_dataset
    from engines.data.part import joined
    from engines.data.split import read_split
    from inspector.bundles.folds import read_fold_models
    from inspector.evaluate.fit import Selection

    dataset = open_dataset(data)
    found = read_split(split, dataset) if split else None
    runs = read_fold_models(folds, dataset, found)
    part = joined([run.part for run in runs])
    assert found is not None, "read_fold_models refuses none"
    selection = Selection(part.name or "", found.id, {run.part.name or "": run.bundle.id for run in runs})
    return _evaluated(bundle, replace(dataset, frames=part.frames), selection, arithmetic, runs)


def _evaluated(
    bundle: Bundle,
    dataset: Dataset,
    selection: Selection | None,
    arithmetic: Arithmetic,
    folds: Sequence[BundleOnPart] = (),
) -> Evaluated:
    from inspector.cli.progress import counting
    from inspector.evaluate.evaluate import evaluate
    from inspector.evaluate.fit import require_fit

    require_fit(bundle, dataset)
    with counting(f"evaluating {bundle.id}", len(dataset.frames)) as progress:
        runtime, precision = arithmetic
        return evaluate(
            bundle, dataset, selection=selection, folds=folds, runtime=runtime, precision=precision, progress=progress
        )


def _show(made: list[Evaluated], report: Path | None, as_json: bool) -> None:
    """Print one evaluation or the comparison of two, and write the report."""
    from rich.console import Group
    from rich.text import Text

    from inspector.evaluate.blocks import blocks
    from inspector.evaluate.compare import compare, comparison_blocks
    from inspector.evaluate.report import write_comparison, write_evaluation
    from inspector.report.table import tables

    told: Evaluation | Comparison
    shown: RenderableType
    page = None
    if len(made) == 1:
        told = made[0].evaluation
        shown = tables(blocks(told))
        if report is not None:
            page = write_evaluation(report, made[0])
    else:
        told = compare(*made)
        sentences = [Text(one.sentence) for one in told.differences if one.better]
        shown = Group(tables(comparison_blocks(told)), *sentences, Text(told.conclusion, style="bold"))
        if report is not None:
            page = write_comparison(report, told, *made)
    if as_json:
        print_json(told)
        return
    console().print(shown)
    if page is not None:
        tell(f"report: {page}")
