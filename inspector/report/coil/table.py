"""The defects of a coil as CSV: a row each, for a spreadsheet and for other programs."""

from __future__ import annotations

import csv
import io

from engines.files.text import spreadsheet_cell
from inspector.report.coil.content import CoilReport

COLUMNS = (
    "class", "face", "from_mm", "to_mm", "x_from_mm", "x_to_mm", "along_mm", "x_mm", "length_mm", "width_mm", "area_mm2", "score",
    "near_edge_mm", "far_edge_mm", "pieces", "head", "tail", "first_camera", "first_frame",
)  # fmt: skip
"""Lengths and places in mm; ``head`` and ``tail``: ``unknown`` where the defect may go on in a stretch that was not inspected."""


def defects_csv(report: CoilReport) -> str:
    """A line for the names of the columns, and one for each defect, the largest first. Lines end with CR LF (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in report.defects:
        area, first = one.area, one.frames[0] if one.frames else None
        numbers = (
            area.from_mm, area.to_mm, area.x_from_mm, area.x_to_mm, one.along_mm, one.x_mm, one.length_mm, one.width_mm, one.area_mm2,
        )  # fmt: skip
        writer.writerow(
            (
                spreadsheet_cell(one.class_name),
                area.face,
                *(f"{number:.3f}" for number in numbers),
                f"{one.score:.4f}",
                f"{one.near_edge_mm:.3f}",
                "" if one.far_edge_mm is None else f"{one.far_edge_mm:.3f}",
                one.pieces,
                one.head.value,
                one.tail.value,
                "" if first is None else spreadsheet_cell(first.camera),
                "" if first is None else first.frame,
            )
        )
    return text.getvalue()
