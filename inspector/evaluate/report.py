"""Writes an evaluation or a comparison into a folder: one HTML file, the figures as JSON, a row of CSV for each frame."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import msgspec

from engines.files.text import spreadsheet_cell
from engines.files.writing import output_folder, write_text
from inspector.evaluate.blocks import blocks
from inspector.evaluate.charts import charts
from inspector.evaluate.compare import Comparison, comparison_blocks
from inspector.evaluate.evaluate import Evaluated
from inspector.evaluate.figures import Evaluation
from inspector.evaluate.page import Gallery, page, worst_errors
from inspector.evaluate.tally import FrameResult

PAGE = "index.html"


def write_evaluation(directory: Path, made: Evaluated) -> Path:
    """Write ``index.html``, ``evaluation.json`` and ``frames.csv``; return the page. Raises FileError."""
    one = made.evaluation
    html = page(
        f"{one.bundle.id} on {_data(one)}",
        [],
        charts([("all thresholds", one)]),
        blocks(one),
        [_errors(made, "Worst errors of the pipeline")],
    )
    return _write(directory, {"evaluation.json": _json(one), "frames.csv": _frames(made), PAGE: html})


def write_comparison(directory: Path, made: Comparison, first: Evaluated, second: Evaluated) -> Path:
    """Write ``index.html``, ``comparison.json`` and the frames of both; return the page. Raises FileError."""
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
    return _write(directory, {"comparison.json": _json(made), **frames, PAGE: html})


def _data(one: Evaluation) -> str:
    return one.data.name if one.data.part is None else f"{one.data.name}, {one.data.part}"


def _errors(made: Evaluated, title: str) -> Gallery:
    bundle = made.evaluation.bundle
    return worst_errors(made.worst, bundle.classes, (bundle.height, bundle.width), title)


def _json(made: Evaluation | Comparison) -> str:
    return msgspec.json.format(msgspec.json.encode(made), indent=2).decode()


def _frames(made: Evaluated) -> str:
    """A row for each frame, for a spreadsheet: no text in it is a formula there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FrameResult.__dataclass_fields__)
    for one in made.tally.frames:
        cells = [getattr(one, name) for name in FrameResult.__dataclass_fields__]
        writer.writerow(map(_cell, cells))
    return text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str):
        return spreadsheet_cell(value)
    return "" if value is None else int(value) if isinstance(value, bool) else value


def _write(directory: Path, files: dict[str, str]) -> Path:
    output_folder(directory)
    for name, content in files.items():
        write_text(directory / name, content)
    return directory / PAGE
