"""What a data set is read from, so that nothing is written in its place or among its frames."""

from __future__ import annotations

from pathlib import Path

from engines.data import description
from engines.data.description import find_source
from engines.data.frame_list import FILE
from engines.data.groups import FOUND


def input_files(data: Path) -> dict[str, Path]:
    """The lists and the description of a data set, by what they are, for `engines.files.writing.refuse_inputs`. Raises DataError."""
    source = find_source(data)
    described, name = source.description, source.name
    files = {
        f"the description of {name}": data if data.suffix else data / description.FILE,
        f"the list of frames of {name}": source.place(described.frames or FILE),
    }
    if described.kind == "kaggle":
        files[f"the list of labels of {name}"] = source.place(described.csv)
    groups = (described.groups or "").removesuffix(f"+{FOUND}")
    if groups.endswith(".csv"):
        files[f"the list of groups of {name}"] = source.place(groups)
    return files


def input_folders(data: Path) -> dict[str, Path]:
    """The folders of its frames and masks, which are searched through. Raises DataError."""
    source = find_source(data)
    folders = {f"the folder of the frames of {source.name}": source.place(source.description.images)}
    if source.description.kind == "masks":
        folders[f"the folder of the masks of {source.name}"] = source.place(source.description.masks)
    return folders


def root_folder(data: Path) -> dict[str, Path]:
    """The folder that the paths of a data set are relative to. Raises DataError."""
    source = find_source(data)
    return {f"the folder of the data set {source.name}": source.root}
