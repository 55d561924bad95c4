"""Writes an evaluation or a comparison into a folder: one HTML file, the figures as JSON, a row of CSV for each frame."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import msgspec

from inspector.errors import UserError
from inspector.evaluate.blocks import blocks
from inspector.evaluate.charts import charts
from inspector.evaluate.compare import Comparison, comparison_blocks
from inspector.evaluate.evaluate import Evaluated
from inspector.evaluate.figures import Evaluation
from inspector.evaluate.page import Gallery, page, worst_errors
from inspector.evaluate.tally import FrameResult

PAGE = "index.html"


def prepare(directory: Path) -> None:
    """Make the folder before the work begins. Raises UserError where it cannot be."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(directory, error) from None


def write_evaluation(directory: Path, made: Evaluated) -> Path:
    """Write ``index.html``, ``evaluation.json`` and ``frames.csv``; return the page. Raises UserError."""
    one = made.evaluation
    html = page(
        f"{one.bundle.id} on {_data(one)}",
        [],
        charts([("all thresholds", one)]),
        blocks(one),
        [_errors(made, "Worst errors of the pipeline")],
    )
    return _write(directory, {PAGE: html, "evaluation.json": _json(one), "frames.csv": _frames(made)})


def write_comparison(directory: Path, made: Comparison, first: Evaluated, second: Evaluated) -> Path:
    """Write ``index.html``, ``comparison.json`` and the frames of both; return the page. Raises UserError."""
    pair = (("first", first), ("second", second))
    html = page(
        f"{made.first.bundle.id} and {made.second.bundle.id} on {_data(made.first)}",
        [made.conclusion, *(one.sentence for one in made.differences)],
        charts([(name, one.evaluation) for name, one in pair]),
        [
            *comparison_blocks(made),
            *(replace(block, title=f"{name}: {block.title}") for name, one in pair for block in blocks(one.evaluation)),
        ],
        [_errors(one, f"Worst errors of the {name}, {one.evaluation.bundle.id}") for name, one in pair],
    )
    frames = {f"frames_{name}.csv": _frames(one) for name, one in pair}
    return _write(directory, {PAGE: html, "comparison.json": _json(made), **frames})


def _data(one: Evaluation) -> str:
    return one.data.name if one.data.part is None else f"{one.data.name}, {one.data.part}"


def _errors(made: Evaluated, title: str) -> Gallery:
    bundle = made.evaluation.bundle
    return worst_errors(made.worst, bundle.classes, (bundle.height, bundle.width), title)


def _json(made: Evaluation | Comparison) -> str:
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode()


def _frames(made: Evaluated) -> str:
    """A row for each frame, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FrameResult.__dataclass_fields__)
    for one in made.tally.frames:
        cells = [getattr(one, name) for name in FrameResult.__dataclass_fields__]
        writer.writerow("" if cell is None else int(cell) if isinstance(cell, bool) else cell for cell in cells)
    return text.getvalue()


def _write(directory: Path, files: dict[str, str]) -> Path:
    prepare(directory)
    try:
        for name, content in files.items():
            (directory / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise _unwritable(directory, error) from None
    return directory / PAGE


def _unwritable(directory: Path, error: OSError) -> UserError:
    return UserError(
        f"{directory}: the report cannot be written ({error.strerror or error}); give another directory with --report"
    )
