"""Writes the report of a coil into a folder: ``index.html``, ``report.pdf``, ``defects.csv``, ``report.json``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import msgspec

from engines.files.writing import output_folder, write_bytes, write_text
from inspector.frames.coil import CoilDefect
from inspector.report.coil.coil_map import coil_map
from inspector.report.coil.content import CoilReport
from inspector.report.coil.page import MAP_CAPTION, page
from inspector.report.coil.pictures import Shown, shown
from inspector.report.coil.table import defects_csv
from inspector.report.coil.words import defect_in_words
from inspector.report.pictures.drawing import Picture

PAGE, PDF, CSV, JSON = "index.html", "report.pdf", "defects.csv", "report.json"
FindPicture = Callable[[CoilDefect], "Picture | None"]
"""Gives a picture that shows the defect, ``uint8 [H, W, 3]`` BGR, or None where there is none."""
log = logging.getLogger(__name__)


def write_report(
    folder: Path, report: CoilReport, find_picture: FindPicture | None = None, fonts: Sequence[Path] = ()
) -> list[str]:
    """Write the four files; return what a person should know of them, one line each. Raises FileError.

    Without ReportLab (extra ``report``) there is no PDF, and the lines say so.
    """
    output_folder(folder)
    map_, gallery = drawn(report, find_picture)
    told: list[str] = []
    write_text(folder / JSON, msgspec.json.format(msgspec.json.encode(report), indent=2).decode() + "\n")
    write_text(folder / CSV, defects_csv(report))
    if find_spec("reportlab") is None:
        told.append(f"no {PDF}: ReportLab is not installed; pip install 'inspector[report]'")
    else:
        told += _write_pdf(folder / PDF, report, map_, gallery, fonts)
    write_text(folder / PAGE, page(report, map_, gallery))
    return told


def _write_pdf(
    path: Path, report: CoilReport, map_: Shown | None, gallery: Sequence[Shown], fonts: Sequence[Path]
) -> list[str]:
    from inspector.report.coil.fonts import Fonts, told  # ReportLab is an extra of its own
    from inspector.report.coil.pdf import pdf

    found = Fonts(fonts)
    write_bytes(path, pdf(report, map_, gallery, found))
    missing = told(found.missing)
    return [f"{path.name}: {missing}"] if missing else []


def drawn(report: CoilReport, find_picture: FindPicture | None) -> tuple[Shown | None, list[Shown]]:
    """The map, where there is one, and pictures of the worst defects. Raises FileError."""
    picture = coil_map(report)
    map_ = None if picture is None else shown(picture, MAP_CAPTION)
    return map_, [] if find_picture is None else _gallery(report, find_picture)


def _gallery(report: CoilReport, find_picture: FindPicture) -> list[Shown]:
    found = []
    for number, defect in enumerate(report.worst, 1):
        picture = find_picture(defect)
        if picture is not None:
            found.append(shown(picture, f"{number}. {defect_in_words(defect)}", lossless=False))
    return found
