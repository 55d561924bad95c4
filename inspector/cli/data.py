"""``inspector data``: check a labelled data set, or split it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from engines.data.check import Checked, Examined
    from engines.data.dataset import Dataset, LabelledFrame
    from engines.data.findings import Finding
    from inspector.report.pictures.labelled_sheet import Drawn

Item = TypeVar("Item")

app = typer.Typer(no_args_is_help=True, help="Check a labelled data set, or split it.")

DataArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder of the data set, or the dataset.yaml that describes it.")
]
_SHOWN_FRAMES = 6
"""Frames of each kind in the picture."""
_SHOWN_LINES = 3
_SHOWN_KIND = 8
"""So many findings of one kind are printed; --json has all."""


@app.command()
def check(
    data: DataArgument,
    split: Annotated[Path | None, typer.Option(help="Also judge this split file.")] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Write a contact sheet with the masks outlined to this PNG.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts; it has every line.")] = False,
) -> None:
    """Read every frame and mask once, and say what would spoil a training.

    Known without a description: a Kaggle set (train.csv in either form,
    train_images/ or images/), images/ with masks/ (class numbers, or one
    class above 127), and what [bold]inspector simulate[/bold] writes. A dataset.yaml
    describes the rest: class names, bitmasks, groups, one size for all.

    Reported are counts, balance of the classes, sizes, near-duplicates
    (flipped, brightened or stored anew; above all on both sides of a split),
    unreadable files, masks that do not fit, classes without a frame.

    Exit status: 0 fit to train on, 1 something would spoil it, 2 no data set.

    Example: [bold]inspector data check frames/ --split split.csv --picture a.png[/bold]
    """
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # before its import: damaged files are reported here, by name
    from engines.data.check import check_dataset
    from inspector.errors import UserError

    if picture is not None and (picture.suffix.lower() != ".png" or not picture.absolute().parent.is_dir()):
        raise UserError(f"--picture {picture}: expected a file called *.png in a folder that exists")
    with _progress() as began:
        examined = check_dataset(data, split, began)
    checked = examined.checked
    if picture is not None:
        _draw(examined, picture)
    if as_json:
        _print_json(checked)
    else:
        _print(checked, picture)
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
    """Deal the frames out to parts, by group and with each class in its share.

    Near-duplicates stay together. What nothing can be measured on (defective,
    but nobody drew where; altered frames to learn from only) goes to the part
    "training" with its whole group, also beside folds.

    Example: [bold]inspector data split frames/ split.csv --folds 5[/bold]
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
    """A bar on stderr; what it yields is told the total and answers what to call after each frame."""
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


def _print_json(checked: Checked) -> None:
    import msgspec

    answer = {"sound": checked.sound, **msgspec.to_builtins(checked)}
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


def _print(checked: Checked, picture: Path | None) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    _print_summary(console, checked)
    _print_classes(console, checked)
    if checked.parts:
        _print_parts(console, checked)
    _print_findings(console, checked)
    if picture is not None:
        console.print(f"\nPicture: {picture}", markup=False, soft_wrap=True)
    wrong = sum(finding.spoils for finding in checked.findings)
    if wrong:
        things = "1 thing" if wrong == 1 else f"{wrong} things"
        console.print(f"\n{things} would spoil a training on this data set.", style="bold red")
    else:
        console.print("\nThis data set is fit to train on.", style="green")


def _print_summary(console: Console, checked: Checked) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column("", style="dim", no_wrap=True)
    table.add_column("", ratio=1, overflow="fold")
    sizes = list(checked.sizes.items())
    told = ", ".join(f"{size} ({count})" for size, count in sizes[:4])
    rest = f", {len(sizes) - 4} more" if len(sizes) > 4 else ""
    size = f"{checked.height}x{checked.width} px (height x width)"
    if len(sizes) > 1 or sizes[0][0] != f"{checked.height}x{checked.width}":
        size += f"; as stored {told}{rest}"
    defective = f"{checked.defective} defective"
    if checked.not_located:
        defective += f" ({checked.not_located} of them: nobody drew where)"
    frames = f"{checked.frames}: {checked.clean} clean, {defective}"
    if checked.training_only:
        frames += f"; {checked.training_only} to learn from only"
    rows = {
        "Data set": f"{checked.name}, id {checked.id}",
        "Frames": frames,
        "Left out": ", ".join(f"{count} {why}" for why, count in checked.left_out.items()),
        "Size": size,
        "Groups": _group_words(checked),
        "Duplicates": _duplicate_words(checked),
    }
    for key, value in rows.items():
        if value:
            table.add_row(key, Text(value))
    console.print(table)


def _group_words(checked: Checked) -> str:
    ways = []
    if checked.groups_given_by:
        ways.append(f"given by {checked.groups_given_by!r}")
    if checked.groups_by_looks:
        ways.append("near-duplicates share one")
    largest = f", the largest of {checked.largest_group} frames" if checked.largest_group > 1 else ", each of one frame"
    return f"{checked.groups}{largest}; {' and '.join(ways) or 'none given'}"


def _duplicate_words(checked: Checked) -> str:
    identical = sum(one.identical for one in checked.duplicates)
    if not checked.duplicates:
        return "none found"
    pairs = "1 pair" if len(checked.duplicates) == 1 else f"{len(checked.duplicates)} pairs"
    return f"{pairs} of near-duplicates, {identical} identical"


def _print_classes(console: Console, checked: Checked) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Class")
    for heading in ("Frames", "of all", "Defects", "Median area", "Pixels"):
        table.add_column(heading, justify="right")
    for one in checked.classes:
        share = f"{one.frames / max(checked.frames, 1):.1%}"
        area = f"{one.median_area_px:.0f} px" if one.defects else "-"
        style = None if one.frames else "bold red"
        table.add_row(one.name, str(one.frames), share, str(one.defects), area, f"{one.pixel_share:.3%}", style=style)
    console.print()
    console.print(table)


def _print_parts(console: Console, checked: Checked) -> None:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("Part")
    for heading in ("Frames", "Groups", "Clean", *(one.name for one in checked.classes)):
        table.add_column(heading, justify="right")
    for part in checked.parts:
        counts = (part.frames, part.groups, part.clean, *part.classes.values())
        table.add_row(part.part, *map(str, counts))
    console.print()
    console.print(table)


def _print_findings(console: Console, checked: Checked) -> None:
    for spoils, word, style in ((False, "note", "yellow"), (True, "wrong", "bold red")):
        findings = [one for one in checked.findings if one.spoils == spoils]
        if findings:
            console.print()
        for finding in findings[:_SHOWN_KIND]:
            _print_finding(console, finding, word, style)
        if len(findings) > _SHOWN_KIND:
            console.print(f"{word}  and {len(findings) - _SHOWN_KIND} more; --json has all", style=style)


def _print_finding(console: Console, finding: Finding, word: str, style: str) -> None:
    from rich.text import Text

    advice = f"; {finding.advice}" if finding.advice else ""
    console.print(Text.assemble((f"{word:5s}", style), "  ", finding.what, advice), soft_wrap=True)
    for line in finding.where[:_SHOWN_LINES]:
        console.print(f"         {line}", style="dim", markup=False, soft_wrap=True)
    if len(finding.where) > _SHOWN_LINES:
        console.print(f"         and {len(finding.where) - _SHOWN_LINES} more", style="dim")


def _draw(examined: Examined, path: Path) -> None:
    from inspector.errors import UserError
    from inspector.report.pictures.drawing import write_png
    from inspector.report.pictures.labelled_sheet import labelled_sheet

    dataset = examined.dataset
    sections = [(title, [_drawn(frame, dataset) for frame in frames]) for title, frames in _chosen(examined) if frames]
    try:
        write_png(path, labelled_sheet(sections, dataset.classes, (dataset.height, dataset.width)))
    except OSError as error:
        raise UserError(f"--picture {path}: cannot be written ({error.strerror or error})") from None


def _chosen(examined: Examined) -> Iterator[tuple[str, list[LabelledFrame]]]:
    """Frames of each class spread over the data set, clean ones, unlocated ones, and the closest near-duplicates."""
    dataset = examined.dataset
    for k, name in enumerate(dataset.classes):
        mine = [frame for frame in dataset.frames if k in frame.classes and frame.located]
        yield _titled(name, mine), _spread(mine, _SHOWN_FRAMES)
    clean = [frame for frame in dataset.frames if not frame.defective]
    yield _titled("clean", clean), _spread(clean, _SHOWN_FRAMES)
    lost = [frame for frame in dataset.frames if not frame.located]
    yield _titled("defective, but nobody drew where", lost), _spread(lost, _SHOWN_FRAMES)
    frames = {frame.name: frame for frame in dataset.frames}
    pairs = [one for one in examined.checked.duplicates if one.first in frames and one.second in frames]
    shown = [frames[name] for one in _spread(pairs, _SHOWN_FRAMES // 2) for name in (one.first, one.second)]
    yield f"near-duplicates, in pairs from the closest on: {len(shown) // 2} of {len(pairs)}", shown


def _titled(what: str, frames: Sequence[LabelledFrame]) -> str:
    return f"{what}: {min(len(frames), _SHOWN_FRAMES)} of {len(frames)}"


def _drawn(frame: LabelledFrame, dataset: Dataset) -> Drawn:
    from inspector.report.pictures.labelled_sheet import Drawn

    words = ", ".join(dataset.classes[k] for k in frame.classes) or ("defective" if frame.defective else "clean")
    return Drawn(frame.name, words, frame.frame(), frame.mask())


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most ``count`` of ``items``, evenly from first to last."""
    if len(items) <= count:
        return list(items)
    return [items[round(i * (len(items) - 1) / (count - 1))] for i in range(count)]
