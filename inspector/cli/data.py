"""``inspector data``: check a labelled data set, or split it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Check a labelled data set, or split it.")

DataArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of the data set, or the dataset.yaml that describes it.")
]


@app.command()
def check(
    data: DataArgument,
    split: Annotated[Path | None, typer.Option(help="Also check this split file.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write a contact sheet with the masks outlined to this PNG.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts; it has every line.")] = False,
) -> None:
    """Read every frame and mask once, and report errors that would harm a training.

    Recognized without a description: a Kaggle set (train.csv in either form,
    train_images/ or images/), images/ with masks/ (class numbers, or 0 and
    255 for one class), and what `inspector simulate` writes. A dataset.yaml
    describes the rest: class names, bitmasks, groups, one size for all.

    Reported are counts, balance of the classes, sizes, near-duplicates
    (also flipped, brightened or compressed again; an error in two parts of a split),
    unreadable files, masks that do not fit, classes without a frame.

    Exit status: 0 no errors, 1 errors found, 2 no data set.

    Example: `inspector data check frames/ --split split.csv --picture a.png`
    """
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # before its import: damaged files are reported here, by name
    from engines.data.check import check_dataset
    from inspector.cli.data_picture import draw_check
    from inspector.cli.data_tables import print_check, print_json
    from inspector.errors import UserError

    if picture is not None and (picture.suffix.lower() != ".png" or not picture.absolute().parent.is_dir()):
        raise UserError(f"--picture {picture}: expected a file called *.png in a folder that exists")
    with _progress() as began:
        examined = check_dataset(data, split, began)
    checked = examined.checked
    if picture is not None:
        draw_check(examined, picture)
    if as_json:
        print_json(checked)
    else:
        print_check(checked, picture)
    if not checked.sound:
        raise typer.Exit(1)


@app.command(name="split")
def split_command(
    data: DataArgument,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="CSV to write: name, group, part, classes.")],
    parts: Annotated[
        str, typer.Option(help="Parts with their shares, which add up to 1.")
    ] = "training=0.6,calibration=0.2,validation=0.2",
    folds: Annotated[int | None, typer.Option(help="Make this many equal folds instead (fold-0...).", min=2)] = None,
    seed: Annotated[int, typer.Option(help="Seed: the same seed gives the same split.", min=0)] = 1,
) -> None:
    """Assign the frames to parts, by group and with each class in its share.

    Near-duplicates stay together. Frames that cannot be used for measuring (defective
    but not outlined; altered frames for training only) go to the part
    "training" with their whole group, also in a split into folds.

    Example: `inspector data split frames/ split.csv --folds 5`
    """
    from engines.data.dataset import open_dataset
    from engines.data.split import fold_fractions, make_split, write_split
    from inspector.errors import UserError

    if not out.absolute().parent.is_dir():
        raise UserError(f"{out}: its folder does not exist; create it first")
    fractions = fold_fractions(folds) if folds is not None else _shares(parts)
    dataset = open_dataset(data)
    made = make_split(dataset, fractions, seed)
    write_split(made, dataset, out)
    counts = ", ".join(f"{part} {len(names)}" for part, names in made.parts.items())
    typer.echo(f"{out}: {counts} frames")


def _shares(text: str) -> dict[str, float]:
    from inspector.errors import UserError

    shares: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = (piece.strip() for piece in item.partition("="))
        try:
            value = float(share)
        except ValueError:
            value = 0.0
        if not name or not value or name in shares:
            raise UserError(f"--parts: found {item!r}; expected each part once, such as training=0.8,validation=0.2")
        shares[name] = value
    return shares


@contextmanager
def _progress() -> Iterator[Callable[[int], Callable[[], None]]]:
    """A progress bar on stderr. Call what it yields with the total; call what that returns after each frame."""
    from rich.console import Console
    from rich.progress import Progress

    lock = threading.Lock()
    with Progress(console=Console(stderr=True), transient=True) as progress:

        def began(total: int) -> Callable[[], None]:
            task = progress.add_task("Reading frames", total=total)

            def seen() -> None:
                with lock:
                    progress.advance(task)

            return seen

        yield began
