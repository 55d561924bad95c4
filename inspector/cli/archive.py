"""``inspector archive``: look at the defect archive, protect what is in it, and hand it on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inspector.cli.archive_filters import (
    AfterOption,
    CameraOption,
    ClassOption,
    EvidenceOption,
    LeastScoreOption,
    LineOption,
    LostOption,
    MostScoreOption,
    ProtectedOption,
    ReviewedOption,
    RunOption,
    SinceOption,
    UntilOption,
    VerdictOption,
    wanted,
)
from inspector.cli.options import Limits, number_argument, number_option
from inspector.cli.output import console, print_json, tell

app = typer.Typer(no_args_is_help=True, help="Look at the defect archive, protect what is in it, and export it.")

ArchiveArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the archive, as in archive.path.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.command(name="list")
def list_command(
    archive: ArchiveArgument = Path("archive"),
    count: Annotated[
        int, number_option("--count", Limits(1, 100_000, whole=True), "-n", help="Most entries of one answer.")
    ] = 50,
    after: AfterOption = None,
    run: RunOption = None,
    line: LineOption = None,
    camera: CameraOption = None,
    class_name: ClassOption = None,
    verdict: VerdictOption = None,
    evidence: EvidenceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    least_score: LeastScoreOption = None,
    most_score: MostScoreOption = None,
    protected: ProtectedOption = None,
    lost: LostOption = None,
    reviewed: ReviewedOption = None,
    as_json: JsonOption = False,
) -> None:
    """List entries, the one added last first, and what the archive holds in all.

    An answer that is not the last one ends with the number to go on `--after`.
    """
    from inspector.archive.reader import Archive
    from inspector.cli.archive_output import print_entries, totals_in_words

    conditions = wanted(
        run=run, line=line, camera=camera, class_name=class_name, verdict=verdict, evidence=evidence, since=since,
        until=until, least_score=least_score, most_score=most_score, protected=protected, lost=lost,
        reviewed=reviewed,
    )  # fmt: skip
    with Archive(archive) as reader:
        found = reader.list(conditions, cursor=after, limit=count + 1)
        sums = reader.totals()
        reviewed_ones = reader.reviewed_among([one.id for one in found])
    page, more = found[:count], len(found) > count
    cursor = page[-1].id if more else None
    if as_json:
        print_json({"entries": page, "after": cursor, "totals": {one.value: total for one, total in sums.items()}})
        return
    if page:
        print_entries(page, reviewed_ones)
    tell(f"{'no entries' if not page else len(page)}{'' if cursor is None else f', more with --after {cursor}'}")
    tell(totals_in_words(sums))


@app.command()
def show(
    entry: Annotated[int, number_argument("ID", Limits(1, 2**62, whole=True), help="Number of the entry.")],
    archive: ArchiveArgument = Path("archive"),
    picture: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture with what was found outlined, and what a review left of it dashed, to this PNG."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show one entry in words with all its reviews, and write its picture with what was found outlined."""
    import msgspec

    from engines.errors import FileError
    from engines.files.writing import refuse_folders
    from inspector.archive.reader import Archive
    from inspector.cli.archive_output import entry_in_words, write_picture
    from inspector.errors import UserError

    if picture is not None:
        if picture.suffix.lower() != ".png" or not picture.parent.is_dir():
            raise UserError(f"--picture {picture}: expected a file called *.png in a folder that exists")
        refuse_folders(picture.parent, {"the archive that is read": archive}, "--picture", below=True)
    with Archive(archive) as reader:
        found = reader.get(entry)
        if found is None:
            raise FileError(f"archive {archive}: has no entry {entry}; it was deleted, or never there")
        history = reader.reviews(entry)
        if as_json:
            print_json(msgspec.to_builtins(found) | {"reviews": history})
        else:
            console().print(entry_in_words(found, history), soft_wrap=True)
        if picture is not None:
            write_picture(reader, found, picture)


@app.command()
def protect(
    what: Annotated[
        list[str], typer.Argument(metavar="RUN|ID...", help="Name of a run, or numbers of entries.", show_default=False)
    ],
    archive: Annotated[
        Path, typer.Option("--archive", metavar="FOLDER", help="Folder of the archive, as in archive.path.")
    ] = Path("archive"),
    is_run: Annotated[
        bool, typer.Option("--run", help="Each of them is the name of a run, also where it looks like a number.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
) -> None:
    """Keep the entries of a run, also those that are added later, or single entries, whatever the quotas say. Also while the line runs."""
    from inspector.archive.protection import protect as protect_entries
    from inspector.errors import UserError

    ids = [] if is_run else [int(one) for one in what if one.isascii() and one.isdecimal() and len(one) < 19]
    runs = [one for one in what if is_run or not (one.isascii() and one.isdecimal() and len(one) < 19)]
    now = "no longer protected" if off else "protected"
    if ids:
        count = protect_entries(archive, ids, not off)
        if not count:
            raise UserError(f"archive {archive}: has none of the entries {', '.join(map(str, ids))[:100]}")
        tell(f"{count} of {len(ids)} entries: {now}")
    for run in runs:
        count = protect_entries(archive, run, not off)
        tell(f"run {run}: {now}, {count} entries of it are there now")


@app.command()
def review(
    entry: Annotated[int, number_argument("ID", Limits(1, 2**62, whole=True), help="Number of the entry.")],
    author: Annotated[str, typer.Option(metavar="NAME", help="Who says it; it is kept with the review.")],
    archive: ArchiveArgument = Path("archive"),
    right: Annotated[
        bool, typer.Option("--right", help="All that was found is right; where nothing was found, the sheet is clean.")
    ] = False,
    false_alarm: Annotated[bool, typer.Option("--false-alarm", help="Nothing of it is a defect.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last review back; the history keeps it.")] = False,
    note: Annotated[str, typer.Option(help="A line that is kept with it.")] = "",
    base: Annotated[
        int | None,
        number_option(
            "--base",
            Limits(0, 10_000, whole=True),
            help="Only if the entry is at this revision still, 0: not reviewed. By default whatever is there is replaced.",
        ),
    ] = None,
) -> None:
    """Say whether what was found on one frame is right. Also while the line runs.

    Single defects, other classes and what was missed are judged on the pages of `inspector view`.
    """
    from inspector.archive.reader import Archive
    from inspector.archive.review import Proposal, Says
    from inspector.archive.reviewing import review as keep
    from inspector.errors import UserError

    says: list[Says] = [
        *(("right",) if right else ()), *(("false_alarm",) if false_alarm else ()), *(("undone",) if undo else ()),
    ]  # fmt: skip
    if len(says) != 1:
        raise UserError("expected one of --right, --false-alarm and --undo")
    if base is None:
        with Archive(archive) as reader:
            base = len(reader.reviews(entry))
    made = keep(archive, entry, Proposal(base=base, says=says[0], note=note), author=author)
    tell(f"entry {entry}: revision {made.revision}, {made.says.replace('_', ' ')}")


@app.command()
def export(
    archive: ArchiveArgument = Path("archive"),
    coco: Annotated[
        Path | None, typer.Option(metavar="NEW-FOLDER", help="Write COCO: annotations.json (run lengths) and images/.")
    ] = None,
    severstal: Annotated[
        Path | None,
        typer.Option(metavar="NEW-FOLDER", help="Write the form of the Kaggle set: train.csv and train_images/."),
    ] = None,
    yolo: Annotated[
        Path | None,
        typer.Option(metavar="NEW-FOLDER", help="Write YOLO segmentation: data.yaml, images/ and labels/ (outlines)."),
    ] = None,
    run: RunOption = None,
    line: LineOption = None,
    camera: CameraOption = None,
    class_name: ClassOption = None,
    verdict: VerdictOption = None,
    evidence: EvidenceOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    least_score: LeastScoreOption = None,
    most_score: MostScoreOption = None,
    protected: ProtectedOption = None,
    reviewed: ReviewedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write entries as a data set of another program: `--coco`, `--severstal` or `--yolo`.

    The labels are what the segmenter found: predictions, which nobody has checked; those of reviewed entries are what a person said. The
    export says so, too. With --reviewed nothing else is in it.
    """
    from inspector.archive.export.write import Form
    from inspector.archive.export.write import export as write_export
    from inspector.archive.reader import Archive
    from inspector.cli.archive_output import exported_in_words
    from inspector.errors import UserError

    asked = [(form, folder) for form, folder in zip(Form, (coco, severstal, yolo), strict=True) if folder is not None]
    if len(asked) != 1:
        raise UserError("expected one of --coco FOLDER, --severstal FOLDER and --yolo FOLDER")
    ((form, folder),) = asked
    conditions = wanted(
        run=run, line=line, camera=camera, class_name=class_name, verdict=verdict, evidence=evidence, since=since,
        until=until, least_score=least_score, most_score=most_score, protected=protected, lost=None,
        reviewed=reviewed,
    )  # fmt: skip
    with Archive(archive) as reader:
        exported = write_export(reader, conditions, form, folder, f"--{form.value}")
    if as_json:
        print_json(exported)
    else:
        tell(exported_in_words(exported))


@app.command()
def check(
    archive: ArchiveArgument = Path("archive"),
    mend: Annotated[
        bool, typer.Option("--mend", help="Mend what is found; not while the line writes the archive.")
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Read every file, and compare it with what was written.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Look whether every row has its files and every file its row.

    Exit status: 0 all is well or was mended, 1 something is wrong.
    """
    from inspector.archive.check import check as check_archive

    found = check_archive(archive, mend=mend, thorough=thorough)
    if as_json:
        print_json(found)
    else:
        tell(f"{found.entries} entries: {found.in_words()}")
        for line in found.damaged:
            tell(f"  {line}")
    if not found.well:
        raise typer.Exit(1)
