"""Which files a replay consists of, and in what order."""

from __future__ import annotations

import csv
import glob
from collections.abc import Iterable
from pathlib import Path

from inspector.capture.replay.order import in_natural_order
from inspector.errors import UserError

RAW_SUFFIX = ".raw"
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".pgm", ".ppm", ".pbm", ".pnm", RAW_SUFFIX})
_LIST_SUFFIXES = frozenset({".txt", ".csv"})
_NAME_COLUMNS = ("file", "image", "image_id", "imageid", "filename", "path", "name")


def list_files(path: str | tuple[str, ...]) -> list[Path]:
    """The files of ``path`` (see ``ReplayConfig.path``), in replay order; files in a list need not exist.

    Raises UserError where there is no file to replay.
    """
    if not isinstance(path, str):
        return _some_existing([Path(one) for one in path], "path", "the working directory")
    place = Path(path)
    if place.is_dir():
        return _in_directory(place)
    if place.is_file():
        return _in_list(place) if place.suffix.lower() in _LIST_SUFFIXES else [place]
    if glob.has_magic(path):
        found = in_natural_order(Path(one) for one in glob.glob(path, recursive=True))
        files = [one for one in found if one.is_file()]
        if not files:
            raise UserError(f"{path}: no file matches this pattern; expected image files; correct the pattern")
        return files
    raise UserError(f"{path}: does not exist; expected a directory, a glob, a list (.txt, .csv) or an image file")


def _images_in(place: Path) -> list[Path]:
    return [
        one
        for one in place.iterdir()
        if one.suffix.lower() in SUFFIXES and not one.name.startswith(".") and one.is_file()
    ]


def _in_directory(place: Path) -> list[Path]:
    try:
        files = in_natural_order(_images_in(place))
        below = [one for one in sorted(place.iterdir()) if not files and one.is_dir() and _images_in(one)]
    except OSError as error:
        raise UserError(f"{place}: cannot be listed ({error.strerror}); give a directory you may read") from None
    if files:
        return files
    hint = f"; there are some in {below[0]}: give that one" if below else ""
    kinds = " ".join(sorted(SUFFIXES))
    raise UserError(f"{place}: holds no image files (expected {kinds}){hint}")


def _in_list(place: Path) -> list[Path]:
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{place}: cannot be read as a UTF-8 list of files ({error})") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    names = list(_csv_names(lines)) if place.suffix.lower() == ".csv" else [line.strip() for line in lines]
    if not names:
        raise UserError(f"{place}: lists no files; expected one name a line")
    folders = (place.parent, place.parent / "images")
    files = [_first_existing(name, folders) for name in names]
    return _some_existing(files, str(place), " or ".join(str(one) for one in folders))


def _csv_names(lines: Iterable[str]) -> Iterable[str]:
    """The column of names of a CSV file, with or without a header."""
    rows = [row for row in csv.reader(lines) if row]
    if not rows:
        return
    header = [cell.strip().lower() for cell in rows[0]]
    column = next((header.index(name) for name in _NAME_COLUMNS if name in header), None)
    for row in rows if column is None else rows[1:]:
        name = row[column or 0].strip() if len(row) > (column or 0) else ""
        if name:
            yield name


def _first_existing(name: str, folders: Iterable[Path]) -> Path:
    candidates = [folder / name for folder in folders]
    return next((one for one in candidates if one.is_file()), candidates[0])


def _some_existing(files: list[Path], origin: str, looked_in: str) -> list[Path]:
    """The files, if at least one exists: each missing one becomes an UNINSPECTED frame and does not stop the run."""
    if not files:
        raise UserError(f"{origin}: lists no files; expected at least one")
    if not any(one.is_file() for one in files):
        raise UserError(
            f"{origin}: none of the {len(files)} listed files exists, the first being {files[0].name}; "
            f"looked in {looked_in}"
        )
    return files
