"""Which files of a folder are the user's: one rule for the recordings of a line and for data sets.

- Leftovers of other programs (a name with a leading dot, thumbnails of a NAS, a Mac's or Windows' own files) are left out.
- Links are followed. Where folders are searched through, every real folder is searched once, so that a circle of links ends and a linked
  folder does not give its files twice; a path without links is preferred.
- A link to a file that is not there is listed: whoever reads it tells. Pipes, sockets and devices are not.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import is_folder, unusable

_LEFTOVERS = frozenset(
    {"@eadir", "@recycle", "#recycle", "$recycle.bin", "__macosx", "lost+found", "system volume information"}
    | {"thumbs.db", "ehthumbs.db", "desktop.ini"}
)

Wanted = Callable[[str], bool]
"""Whether a name is looked for."""


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """Files of a folder, sorted."""

    files: tuple[Path, ...]
    leftovers: tuple[Path, ...]
    """What has such a name too but is of another program, down to the first level of a folder of leftovers."""


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is of another program, so that nobody means it as a frame or a mask."""
    return name.startswith(".") or name.casefold() in _LEFTOVERS


def with_suffix(suffixes: Collection[str]) -> Wanted:
    """Whether a name ends in one of ``suffixes`` (".png"), in capitals or not."""
    return lambda name: os.path.splitext(name)[1].lower() in suffixes


def files_in(folder: Path, wanted: Wanted, *, below: bool) -> FolderFiles:
    """The files directly in ``folder`` whose name is ``wanted``; with ``below`` also those in folders below it.

    Raises FileError for a folder that cannot be listed.
    """
    files: list[Path] = []
    leftovers: list[Path] = []
    for place in _searched([folder]) if below else [folder]:
        for entry in _entries(place):
            if is_leftover(entry.name):
                leftovers += _named_so(entry, wanted)
            elif wanted(entry.name) and _is_file(entry):
                files.append(Path(entry.path))
    return FolderFiles(tuple(sorted(files)), tuple(sorted(leftovers)))


def files_matching(pattern: str) -> list[Path]:
    """The files that a glob means, sorted; ``**`` is any number of folders. Leftovers only where the pattern spells them.

    Raises FileError for a folder that cannot be listed.
    """
    *folders, last = Path(pattern).parts
    places = [Path()]
    for part in folders:
        places = _step(places, part)
    if last == "**":
        places, last = _searched(places), "*"
    matches = _matches(last)
    found = {Path(one.path) for place in places for one in _entries(place) if matches(one.name) and _is_file(one)}
    return sorted(found)


def names_in_a_run(paths: Sequence[Path]) -> list[str]:
    """What to call each file: the last part of its path, or the path below the folder that all share where that part is not unique."""
    whole = [os.path.abspath(path) for path in paths]
    common = os.path.commonpath([os.path.dirname(path) for path in whole]) if whole else ""
    return unique_names([os.path.relpath(path, common) for path in whole])


def unique_names(relatives: Sequence[str]) -> list[str]:
    """The last part of each path, or the path where several files have that part."""
    count = Counter(os.path.basename(one) for one in dict.fromkeys(relatives))
    return [os.path.basename(one) if count[os.path.basename(one)] == 1 else one for one in relatives]


def _step(places: Iterable[Path], part: str) -> list[Path]:
    """The folders that a part of a pattern leads to."""
    if part == "**":
        return _searched(places)
    if not has_magic(part):
        return [one for one in (place / part for place in places) if is_folder(one)]
    matches = _matches(part)
    real, linked = _folders(places, matches)
    return _once([*real, *linked], set())


def _matches(part: str) -> Wanted:
    shows_dots = part.startswith(".")
    return lambda name: (
        fnmatchcase(name, part)
        and (name == part or not is_leftover(name) or (shows_dots and name.casefold() not in _LEFTOVERS))
    )


def _searched(places: Iterable[Path]) -> list[Path]:
    """The folders and all below them, leftovers left out, every real folder once."""
    seen: set[tuple[int, int]] = set()
    found: list[Path] = []
    waiting: list[Path] = []
    level = _once(places, seen)
    while level or waiting:
        if not level:  # linked folders come after all that are reached without a link
            level = _once([waiting.pop(0)], seen)
        found += level
        real, linked = _folders(level, lambda name: not is_leftover(name))
        waiting += linked
        level = _once(real, seen)
    return found


def _folders(places: Iterable[Path], wanted: Wanted) -> tuple[list[Path], list[Path]]:
    """The folders directly in ``places``, sorted: those that are there, and the linked ones."""
    real: list[Path] = []
    linked: list[Path] = []
    for place in places:
        for entry in _entries(place):
            if wanted(entry.name) and _is_folder(entry):
                (linked if entry.is_symlink() else real).append(Path(entry.path))
    return sorted(real), sorted(linked)


def _once(places: Iterable[Path], seen: set[tuple[int, int]]) -> list[Path]:
    """The folders that are not in ``seen``, which they are put into."""
    kept = []
    for place in places:
        try:
            status = place.stat()
        except (OSError, ValueError) as error:
            raise unusable(place, error, "cannot be listed") from None
        key = (status.st_dev, status.st_ino)
        if key not in seen:
            seen.add(key)
            kept.append(place)
    return kept


def _named_so(entry: os.DirEntry[str], wanted: Wanted) -> list[Path]:
    """The leftover, if its name is wanted; of a folder, what is directly in it and wanted by its name."""
    if wanted(entry.name):
        return [Path(entry.path)]
    try:
        return [Path(one.path) for one in _entries(Path(entry.path)) if wanted(one.name)] if _is_folder(entry) else []
    except FileError:  # of no interest
        return []


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (OSError, ValueError) as error:
        raise unusable(folder, error, "cannot be listed") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link that leads to nothing."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:  # a circle of links, or a folder that may not be entered: reading it tells
        return True
