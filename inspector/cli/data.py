"""``inspector data``: check a labelled data set, split it, or correct recorded frames."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from engines.files.text import brief
from inspector.cli.data_correct import correct
from inspector.cli.options import LARGEST_SEED, Limits, number_option, read_number
from inspector.cli.output import console, tell

app = typer.Typer(no_args_is_help=True, help="Check a labelled data set, split it, or correct recorded frames.")

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
    from engines.data.inputs import input_folders
    from engines.files.looking import is_folder
    from engines.files.writing import refuse_folders
    from inspector.cli.data_picture import draw_check
    from inspector.cli.data_tables import print_check, print_checked_json
    from inspector.errors import UserError

    if picture is not None:
        if picture.suffix.lower() != ".png" or not is_folder(picture.parent):
            raise UserError(f"--picture {picture}: expected a file called *.png in a folder that exists")
        refuse_folders(picture.parent, input_folders(data), "--picture", below=True)
    with _progress() as began:
        examined = check_dataset(data, split, began)
    checked = examined.checked
    if picture is not None:
        draw_check(examined, picture)
    if as_json:
        print_checked_json(checked)
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
    folds: Annotated[
        int | None,
        number_option("--folds", Limits(2, 1000, whole=True), help="Make this many equal folds instead (fold-0...)."),
    ] = None,
    seed: Annotated[
        int,
        number_option("--seed", Limits(0, LARGEST_SEED, whole=True), help="Seed: the same seed gives the same split."),
    ] = 1,
) -> None:
    """Assign the frames to parts, by group and with each class in its share.

    Near-duplicates stay together. Frames that cannot be used for measuring (defective
    but not outlined; altered frames for training only) go to the part
    "training" with their whole group, also in a split into folds.

    Example: `inspector data split frames/ split.csv --folds 5`
    """
    from engines.data.dataset import open_dataset
    from engines.data.inputs import input_files
    from engines.data.split import fold_fractions, make_split, require_split_place, write_split
    from engines.files.writing import refuse_inputs

    fractions = fold_fractions(folds) if folds is not None else _shares(parts)
    refuse_inputs(out, input_files(data))
    require_split_place(out)
    dataset = open_dataset(data)
    made = make_split(dataset, fractions, seed)
    write_split(made, dataset, out)
    counts = ", ".join(f"{part} {len(names)}" for part, names in made.parts.items())
    tell(f"{out}: {counts} frames")


def _shares(text: str) -> dict[str, float]:
    from inspector.errors import UserError

    expected = "each part once with its share, such as training=0.8,validation=0.2"
    shares: dict[str, float] = {}
    for item in text.split(","):
        name, _, share = (piece.strip() for piece in item.partition("="))
        value = read_number("--parts", share, Limits(0, 1, above=True), expected)
        if not name or name in shares:
            raise UserError(f"--parts: found {brief(item, 40)!r}, expected {expected}")
        shares[name] = value
    return shares


@contextmanager
def _progress() -> Iterator[Callable[[int], Callable[[], None]]]:
    """A progress bar on stderr. Call what it yields with the total; call what that returns after each frame."""
    from rich.progress import Progress

    lock = threading.Lock()
    with Progress(console=console(stderr=True), transient=True) as progress:

        def began(total: int) -> Callable[[], None]:
            task = progress.add_task("Reading frames", total=total)

            def seen() -> None:
                with lock:
                    progress.advance(task)

            return seen

        yield began


app.command()(correct)
