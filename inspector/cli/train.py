"""``inspector train``: one network from a recipe and labelled frames."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import MOST_PROCESSES, Limits, number_option, read_number
from inspector.cli.output import tell
from inspector.errors import UserError

if TYPE_CHECKING:
    from engines.training.train import Task
    from engines.training.weights import Trained

_NEEDED = ("torch", "torchvision", "lightning", "timm", "segmentation_models_pytorch")


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE",
            help="File of a recipe, or name of an included one, such as gate-resnet50; `inspector config example --list` shows them.",
        ),
    ],
    data: Annotated[Path, typer.Option("--data", "-d", help="Labelled frames: a folder or a dataset.yaml.")],
    split: Annotated[
        Path | None, typer.Option(help="Split file. Default: split by the recipe, written to OUT/split.csv.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to write to. Default: training/NAME.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with a training that was stopped.")] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe: optimiser.learning_rate=2e-4. Repeatable."),
    ] = None,
    fold: Annotated[
        int | None,
        number_option(
            "--fold", Limits(0, 999, whole=True), help="Validate on fold-N of the split and train on its other folds."
        ),
    ] = None,
    extra: Annotated[
        Path | None, typer.Option(help="More labelled frames to train on, in the share batches.extra_share.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu, or auto: a GPU where there is one.")] = "auto",
    devices: Annotated[str, typer.Option(help="How many devices train together, or which: 2, 0,3 or auto.")] = "auto",
    nodes: Annotated[
        int, number_option("--nodes", Limits(1, 10_000, whole=True), help="How many machines train together.")
    ] = 1,
    workers: Annotated[
        int | None,
        number_option(
            "--workers",
            Limits(0, MOST_PROCESSES, whole=True),
            help="Processes that read frames. Default: as suits the machine.",
        ),
    ] = None,
    progress: Annotated[
        bool, typer.Option(help="Show a progress bar; without, and without a terminal, a line an epoch.")
    ] = True,
) -> None:
    """Train a gate or a segmenter.

    Writes OUT/weights.safetensors, for `inspector bundle build`; recipe.yaml and split.csv as they were used; metrics.csv, a row an
    epoch; last.ckpt and best.ckpt. A training that was stopped goes on with --resume.
    """
    from inspector.cli.examples import recipe_file

    file = recipe_file(recipe)
    _require_extra()
    from engines.errors import TrainingError
    from engines.training.train import Hardware
    from engines.training.train import train as run

    task = _task(file, changes or [], data, split, out, resume, fold, extra)
    try:
        trained = run(
            task,
            resume=resume,
            hardware=Hardware(accelerator, _devices(devices), nodes, workers),
            progress=progress and sys.stderr.isatty(),
        )
    except TrainingError as error:
        tell(f"inspector: {error}", err=True)
        raise typer.Exit(1) from None
    if trained is not None:
        _tell(task, trained)


def _devices(text: str) -> str:
    """How many, which, or auto. Raises UserError for anything else."""
    expected = "auto, how many devices, or which: 2, or 0,3"
    if text != "auto":
        least = 0 if "," in text else 1
        for one in text.removesuffix(",").split(","):
            read_number("--devices", one, Limits(least, 1024, whole=True), expected)
    return text


def _require_extra() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"train: the training extra is not installed ({', '.join(missing)} missing); "
            "pip install 'inspector[training]', see docs/training.md for machines without a GPU"
        )


def _task(
    recipe: Path,
    changes: list[str],
    data: Path,
    split: Path | None,
    out: Path | None,
    resume: bool,
    fold: int | None,
    extra: Path | None,
) -> Task:
    from engines.data.dataset import open_dataset
    from engines.data.split import make_split, read_split
    from engines.files.looking import is_file
    from engines.files.writing import refuse_inputs
    from engines.training.parts import choose_parts
    from engines.training.read_recipe import read_recipe
    from engines.training.train import Task

    wanted = read_recipe(recipe, changes)
    folder = out or Path("training") / wanted.name
    kept = folder / "split.csv"
    if resume:
        split = kept if split is None and is_file(kept) else split
    else:
        read = {"the recipe that is read": recipe} | ({"the split that is read": split} if split else {})
        for written in (kept, folder / "recipe.yaml"):
            refuse_inputs(written, read, "--out")
    dataset = open_dataset(data)
    chosen = read_split(split, dataset) if split else make_split(dataset, wanted.split, wanted.seed)
    parts = choose_parts(dataset, chosen, fold)
    more = None if extra is None else open_dataset(extra)
    return Task(wanted, dataset, chosen, parts, folder, more)


def _tell(task: Task, trained: Trained) -> None:
    figures = [f"{name} {value:.4g}" for name, value in trained.metrics.items() if name != "epoch"]
    tell(
        f"{task.out / 'weights.safetensors'}: {trained.network.title}, {len(task.parts.training)} frames to learn from, "
        f"epoch {trained.metrics['epoch']:.0f} of {task.recipe.epochs}"
    )
    if figures:
        tell(f"on {len(task.parts.validation)} validation frames: {', '.join(figures)}")
