"""Which files a replay consists of, in what order, and what they are called in results."""

from __future__ import annotations

from glob import has_magic
from pathlib import Path

from engines.errors import FileError
from engines.files.folders import files_in, files_matching, names_in_a_run, with_suffix
from engines.files.looking import is_file, is_folder, is_there
from engines.files.text import brief, spelled_out
from engines.images.suffixes import SUFFIXES
from inspector.capture.replay.listed import LIST_SUFFIXES, is_recorded, read_list
from inspector.capture.replay.order import in_natural_order
from inspector.errors import UserError

_LONGEST_NAME = 1024
"""Characters of a frame's name in results; only a line of a list that is no name at all is longer."""


def list_files(path: str | tuple[str, ...]) -> list[Path]:
    """The files of ``path`` (see ``ReplayConfig.path``), in replay order; files in a list need not exist.

    Raises UserError where there is no file to replay.
    """
    try:
        if not isinstance(path, str):
            return _some_existing([Path(one) for one in path])
        place = Path(path)
        if is_folder(place):
            return _in_folder(place)
        if is_file(place):
            return read_list(place, SUFFIXES) if place.suffix.lower() in LIST_SUFFIXES else [place]
        if has_magic(path):
            files = in_natural_order(files_matching(path))
            if not files:
                raise UserError(f"{path}: no file matches this pattern; expected image files; correct the pattern")
            return files
        if is_there(place):
            raise UserError(f"{path}: is no directory and no regular file; give one of these, or a glob")
    except FileError as error:
        raise UserError(str(error)) from None
    raise UserError(f"{path}: does not exist; expected a directory, a glob, a list (.txt, .csv) or an image file")


def frame_names(files: list[Path]) -> list[str]:
    """What each file is called in results: its name, or, where several have that name, its path below the folder they share."""
    return [brief(spelled_out(name), _LONGEST_NAME) for name in names_in_a_run(files)]


def _in_folder(place: Path) -> list[Path]:
    images = with_suffix(SUFFIXES)
    files = files_in(place, images, below=False).files
    if files:
        return in_natural_order(files)
    below = files_in(place, images, below=True).files
    hint = f"; there are some in {below[0].parent}: give that one" if below else ""
    raise UserError(f"{place}: holds no image files (expected {' '.join(sorted(SUFFIXES))}){hint}")


def _some_existing(files: list[Path]) -> list[Path]:
    """The files, if at least one is there: each missing one becomes an UNINSPECTED frame and does not stop the run."""
    if not files:
        raise UserError("path: lists no files; expected at least one")
    if not any(map(is_recorded, files)):
        raise UserError(
            f"path: none of the {len(files)} listed files exists, the first being {brief(files[0].name)}; "
            "looked in the working directory"
        )
    return files
