"""The folder of masks: which file is the mask of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engines.data.file_errors import as_data_errors
from engines.data.matching import Labels, Match
from engines.errors import DataError
from engines.files.folders import files_in, with_suffix
from engines.files.looking import is_folder
from engines.files.text import brief
from engines.images.suffixes import SUFFIXES


class MaskFiles:
    """Masks by the name of their frame: ``<frame>.png``, or any other image of that name where there is no PNG."""

    @as_data_errors()
    def __init__(self, folder: Path) -> None:
        """List the folder and those below it. Raises DataError where that cannot be done; a folder that is not there has no masks."""
        self.folder = folder
        self.is_there = is_folder(folder)
        files = files_in(folder, with_suffix(SUFFIXES), below=True).files if self.is_there else ()
        chosen = {path.with_suffix(""): path for path in files if path.suffix == ".png"}
        self.paths = tuple(path for path in files if chosen.get(path.with_suffix(""), path) == path)
        """Every mask, sorted."""
        self._masks = Labels((path.relative_to(folder).as_posix(), path) for path in self.paths)

    def path_of(self, name: str) -> Path:
        """The mask that ``compare`` calls so."""
        return self.folder / name

    def find(self, name: str, relative: str = "") -> Path | None:
        """The mask of a frame, None where it has none; raises DataError as `Labels.find` does."""
        found = self._masks.find(name, relative)
        if len(found) > 1:  # names that differ only in what no text can hold
            raise DataError(f"{found[0]} and {found[1]} may both be the mask of {brief(name)}; keep one of them")
        return found[0] if found else None

    def compare(self, frames: Sequence[tuple[str, str]]) -> Match:
        """How the masks fit the frames; see `Labels.compare`."""
        return self._masks.compare(frames)

    def told(self) -> str:
        """What is in the folder, for a message."""
        if not self.is_there:
            return "there is no such folder"
        count = len(self.paths)
        if not count:
            return "the folder holds no images"
        return f"the folder holds {count} image{'s' if count > 1 else ''}, such as {self.paths[0].name}"
