"""``inspector train``: one network from a recipe and labelled frames."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
        int | None, typer.Option(help="Validate on fold-N of the split and train on its other folds.", min=0)
    ] = None,
    extra: Annotated[
        Path | None, typer.Option(help="More labelled frames to train on, in the share batches.extra_share.")
    ] = None,
    accelerator: Annotated[str, typer.Option(help="cpu, gpu, or auto: a GPU where there is one.")] = "auto",
    devices: Annotated[str, typer.Option(help="How many devices train together, or which: 2, 0,3 or auto.")] = "auto",
    nodes: Annotated[int, typer.Option(help="How many machines train together.", min=1)] = 1,
    workers: Annotated[
        int | None, typer.Option(help="Processes that read frames. Default: as suits the machine.", min=0)
    ] = None,
    progress: Annotated[
        bool, typer.Option(help="Show a progress bar; without, and without a terminal, a line an epoch.")
    ] = True,
) -> None:
    """Train a gate or a segmenter.

    Writes OUT/weights.pt, for `inspector bundle build`; recipe.yaml and split.csv as they were used; metrics.csv, a row an
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
            hardware=Hardware(accelerator, devices, nodes, workers),
            progress=progress and sys.stderr.isatty(),
        )
    except TrainingError as error:
        typer.echo(f"inspector: {error}", err=True)
        raise typer.Exit(1) from None
    if trained is not None:
        _tell(task, trained)


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
    from engines.training.parts import choose_parts
    from engines.training.read_recipe import read_recipe
    from engines.training.train import Task

    wanted = read_recipe(recipe, changes)
    folder = out or Path("training") / wanted.name
    dataset = open_dataset(data)
    kept = folder / "split.csv"
    if split is None and resume and kept.is_file():
        split = kept
    chosen = read_split(split, dataset) if split else make_split(dataset, wanted.split, wanted.seed)
    parts = choose_parts(dataset, chosen, fold)
    more = None if extra is None else open_dataset(extra)
    return Task(wanted, dataset, chosen, parts, folder, more)


def _tell(task: Task, trained: Trained) -> None:
    figures = [f"{name} {value:.4g}" for name, value in trained.metrics.items() if name != "epoch"]
    typer.echo(
        f"{task.out / 'weights.pt'}: {trained.network.title}, {len(task.parts.training)} frames to learn from, "
        f"epoch {trained.metrics['epoch']:.0f} of {task.recipe.epochs}"
    )
    if figures:
        typer.echo(f"on {len(task.parts.validation)} validation frames: {', '.join(figures)}")
