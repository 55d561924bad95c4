"""What `inspector archive` prints and draws."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engines.files.text import brief
from inspector.cli.output import console, shown

if TYPE_CHECKING:
    from rich.text import Text

    from inspector.archive.entry import Entry, Evidence
    from inspector.archive.export.write import Exported
    from inspector.archive.index import Total
    from inspector.archive.reader import Archive
    from inspector.archive.review import Review

_MIB = 1 << 20


def print_entries(entries: Sequence[Entry], reviewed: Container[int] = ()) -> None:
    """A table; ``reviewed``: ids."""
    from rich import box
    from rich.table import Table

    from inspector.cli.result_lines import VERDICT_STYLES

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("id", "captured", "run", "camera", "frame", "verdict", "evidence", "classes", "gate", ""):
        table.add_column(column, overflow="fold", justify="right" if column in ("id", "frame", "gate") else "left")
    for one in entries:
        table.add_row(
            str(one.id),
            _local(one.captured_unix_ns),
            shown(one.run or ""),
            shown(one.camera),
            str(one.frame),
            shown(one.verdict.value, VERDICT_STYLES[one.verdict]),
            one.evidence.value,
            shown(", ".join(one.classes)),
            "" if one.gate_score is None else f"{one.gate_score:.2f}",
            _marks(one, one.id in reviewed),
        )
    console().print(table)


def totals_in_words(sums: Mapping[Evidence, Total]) -> str:
    """One line: what there is of each class of evidence."""
    told = [
        f"{evidence.value} {one.entries} ({one.bytes / _MIB:.1f} MiB)" for evidence, one in sums.items() if one.entries
    ]
    protected = sum(one.protected_bytes for one in sums.values())
    lost = sum(one.lost for one in sums.values())
    told += [f"protected {protected / _MIB:.1f} MiB"] if protected else []
    told += [f"{lost} lost"] if lost else []
    return f"in all: {', '.join(told) or 'nothing'}"


def entry_in_words(one: Entry, reviews: Sequence[Review] = ()) -> Text:
    """An entry, a line for each fact, and for each of its reviews."""
    from rich.text import Text

    from inspector.cli.result_lines import VERDICT_STYLES

    text = Text()
    text.append(f"entry {one.id}  ").append(one.verdict.value, VERDICT_STYLES[one.verdict])
    text.append(f"  {one.reason.value}  {brief(one.detail, 1000)}\n")
    height, width = one.picture_px
    part = (
        "whole frame"
        if one.box_px is None
        else f"part at {one.box_px[0]}, {one.box_px[1]} of {one.width_px} x {one.height_px}"
    )
    facts = {
        "kept as": f"{one.evidence.value}, worth {one.worth:g}{', protected' if one.protected else ''}",
        "frame": f"{one.frame} of camera {one.camera}, line {one.line}{', simulated' if one.simulated else ''}",
        "captured": _local(one.captured_unix_ns),
        "run": one.run or "none",
        "recipe": one.recipe,
        "part": one.part,
        "position": None if one.travel_um is None else f"{one.travel_um / 1e6:.3f} m of the run",
        "file": one.name,
        "gate": None if one.gate_score is None else f"{one.gate_score:.4f}",
        "pixels": ", ".join(f"{name} {count}" for name, count in one.pixels.items()),
        "bundle": one.bundle,
        "thresholds": one.operating_point,
        "calibration": one.calibration,
        "flat field": one.flat_field,
        "picture": f"{one.image.path} ({part}, {width} x {height}){' IS LOST' if one.lost else ''}",
        "mask": "none: it was not segmented" if one.mask is None else f"{one.mask.path} (predicted by the segmenter)",
    }
    for key, value in facts.items():
        if value:
            text.append(f"  {key:<12}", "dim").append(f"{brief(value, 1000)}\n")
    for defect in one.defects[:20]:
        size = f"{defect.length_px:.0f} x {defect.width_px:.0f} px"
        if defect.length_mm is not None and defect.width_mm is not None:
            size += f", {defect.length_mm:.1f} x {defect.width_mm:.1f} mm"
        x, y = defect.centroid_px
        text.append(f"  {'defect':<12}", "dim")
        text.append(
            f"{brief(defect.class_name)} at {x:.0f}, {y:.0f}: {size}, {defect.area_px} px, score {defect.score:.2f}\n"
        )
    if len(one.defects) > 20:
        text.append(f"  and {len(one.defects) - 20} smaller defects\n")
    for review in reviews:
        text.append(f"  {'review':<12}", "dim").append(f"{brief(_review_in_words(review), 1200)}\n")
    text.rstrip()
    return text


def exported_in_words(exported: Exported) -> str:
    """Several lines."""
    from inspector.archive.export.write import whose_labels

    left_out = ", ".join(f"{count} {why}" for why, count in exported.left_out.items())
    labels = "rows" if exported.form.value == "severstal" else "regions"
    told = f"{exported.folder}: {exported.frames} frames, {exported.labels} {labels} of {', '.join(exported.classes)}"
    return f"{told}{f'; left out: {left_out}' if left_out else ''}\n{whose_labels(exported.predicted, exported.reviewed, exported.frames)}"


def write_picture(archive: Archive, entry: Entry, path: Path) -> None:
    """The picture with what the segmenter found tinted and outlined, and what a review left of it dashed. Raises FileError."""
    from inspector.report.pictures.contact_sheet import outlined
    from inspector.report.pictures.drawing import write_png

    write_png(
        path, outlined(archive.pixels(entry), archive.mask(entry), archive.reviewed_mask(entry), len(entry.bits), 1.0)
    )


def _marks(one: Entry, reviewed: bool) -> str:
    marks = (("reviewed", reviewed), ("protected", one.protected and not reviewed), ("LOST", one.lost))
    return " ".join(word for word, is_so in marks if is_so)


def _review_in_words(review: Review) -> str:
    told = f"{review.revision}: {review.says.replace('_', ' ')}, by {review.author}, {_local(review.at_unix_ns)}"
    if review.truth is not None:
        told += f"; {', '.join(review.truth.classes) or 'clean'}{'' if review.truth.located else ', not all outlined'}"
    return f"{told}; {review.note}" if review.note else told


def _local(unix_ns: int) -> str:
    try:
        return datetime.fromtimestamp(unix_ns // 1_000_000_000).isoformat(sep=" ")
    except (ValueError, OverflowError, OSError):
        return str(unix_ns)
