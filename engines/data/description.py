"""``dataset.yaml``, the description of a data set; and the description assumed for a folder of a known layout.

name: tiles
root: ../tiles               # what the paths below are relative to; relative to this file; default: its folder; ~ and ${VARIABLES} are filled in
kind: masks                  # kaggle (run lengths in a CSV) or masks (one mask image a frame)
classes: [blowhole, crack]   # class k is bit k of a mask; default: what the files say
images: images               # folder of the frames, searched through
masks: masks                 # masks: folder of the masks, <frame>.png each
mask_style: bitmask          # masks: bitmask, class_number or binary
missing_mask: refuse         # masks: or clean (a frame without a mask is clean), or leave_out
csv: train.csv               # kaggle: the run lengths
frames: frames.csv           # list of the frames, see engines.data.frame_list; or archive.sqlite, the index of a defect archive
labels: given                # or predicted: a network made them, and nobody has checked them; default: predicted for an archive
                             # or reviewed: of an archive, only the frames that a person has reviewed
groups: tile                 # column of the list; or a CSV with the columns name,group; or folder, found, none, tile+found
training_only: [augmented]   # values of the list's column `split`: frames to learn from, never to measure on
exclude: ["broken_*.png"]    # frames to leave out, by name
size: [256, 512]             # height and width all frames are brought to, where theirs differ
fit: stretch                 # or pad: keep the proportions, fill up with black
white_level: 4095            # the 16-bit value that is white in frames (as `white_level` of a camera); default: what files state, else 65535
raw: {dtype: uint16, height: 256, width: 1600}   # what .raw files hold; also skip_bytes
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.data import archive_list, frame_list
from engines.data.images import Fit
from engines.data.masks import MaskStyle
from engines.errors import DataError, FileError
from engines.files.looking import expanded, is_file, is_folder, is_there
from engines.files.names import LONGEST_LABEL, why_no_labels
from engines.files.text import brief
from engines.files.typed import read_typed
from engines.images.decoder import Decoder
from engines.images.raw_format import RawType

FILE = "dataset.yaml"
Side = Annotated[int, Meta(ge=1, le=65536)]
Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_LABEL)]
Place = Annotated[str, Meta(max_length=1000)]


class RawKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys under ``raw``: an ``RawFormat`` that says the size, which nothing else does in a data set."""

    dtype: RawType
    height: Side
    width: Side
    skip_bytes: Annotated[int, Meta(ge=0)] = 0


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of ``dataset.yaml``."""

    name: Name | None = None
    root: Place = "."
    kind: Literal["kaggle", "masks"]
    classes: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=8)] | None = None
    images: Place = "images"
    masks: Place = "masks"
    mask_style: MaskStyle | None = None
    missing_mask: Literal["refuse", "clean", "leave_out"] = "refuse"
    csv: Place = "train.csv"
    frames: Place | None = None
    labels: Literal["given", "predicted", "reviewed"] | None = None
    groups: Place | None = None
    training_only: tuple[Name, ...] = ()
    exclude: tuple[Place, ...] = ()
    size: tuple[Side, Side] | None = None
    fit: Literal["stretch", "pad"] = "stretch"
    white_level: Annotated[int, Meta(ge=1, le=65535)] | None = None
    raw: RawKeys | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A description and the folders it refers to."""

    description: Description
    name: str
    root: Path
    origin: Path
    """What to name in a message: the YAML file, or the folder."""

    def place(self, relative: str) -> Path:
        """A path of the description."""
        return self.root / expanded(relative, str(self.origin))

    @property
    def fit(self) -> Fit | None:
        """How frames of other sizes are brought to one size; None where they are refused."""
        size = self.description.size
        return Fit(size[0], size[1], self.description.fit) if size else None

    @property
    def predicted(self) -> bool:
        """Whether a network made the labels, and nobody has checked them."""
        return self.description.labels == "predicted" or (self.description.labels is None and self.from_archive)

    @property
    def from_archive(self) -> bool:
        """Whether its list of frames is the index of a defect archive."""
        return (self.description.frames or "").endswith(archive_list.SUFFIX)

    @property
    def only_reviewed(self) -> bool:
        """Whether only frames that a person has reviewed are labelled."""
        return self.description.labels == "reviewed"

    @property
    def decoder(self) -> Decoder:
        """What reads the frames."""
        return Decoder(white_level=self.description.white_level, raw=self.description.raw)


def find_source(path: Path) -> Source:
    """What ``path`` is: a ``dataset.yaml``, a folder that holds one, or a folder of a known layout. Raises DataError."""
    try:
        if path.suffix.lower() in {".yaml", ".yml"}:
            return _read(path)
        if not is_folder(path):
            raise DataError(f"{path}: no such folder; give the folder of a data set, or its {FILE}")
        if is_file(path / FILE):
            return _read(path / FILE)
        return Source(_recognise(path), path.resolve().name, path, path)
    except FileError as error:
        raise DataError(str(error)) from None


def _recognise(folder: Path) -> Description:
    if is_file(folder / archive_list.FILE):
        return Description(kind="masks", mask_style=MaskStyle.BITMASK, frames=archive_list.FILE)
    images = next((name for name in ("train_images", "images") if is_folder(folder / name)), None)
    frames = frame_list.FILE if is_file(folder / frame_list.FILE) else None
    if images is not None and is_file(folder / "train.csv"):
        return Description(kind="kaggle", images=images, frames=frames)
    if images is not None and is_folder(folder / "masks"):
        return Description(kind="masks", images=images, frames=frames)
    if is_file(folder / "annotations.json") or is_file(folder / "data.yaml"):
        raise DataError(
            f"{folder}: looks like COCO or YOLO, which are written for other programs and not read; give a data set as Kaggle has it "
            "(of a defect archive: `inspector archive export --severstal`), or images/ with masks/"
        )
    raise DataError(
        f"{folder}: no data set in it that is known; expected train.csv with train_images/ or images/, "
        f"or images/ with masks/, or the {archive_list.FILE} of a defect archive, or a {FILE} that says what is where"
    )


def _read(path: Path) -> Source:
    description = read_typed(path, Description, "description of a data set", keys_are_in="docs/data.md lists all")
    for key, names in (
        ("name", (description.name,) if description.name else ()),
        ("classes", description.classes or ()),
    ):
        if problem := why_no_labels(names):
            raise DataError(f"{path}: {key}: {problem}")
    root = path.parent / expanded(_filled_in(description.root, path), f"{path}: root")
    try:
        found = is_folder(root)
    except FileError as error:
        raise DataError(f"{path}: root: {error}") from None
    if not found:
        raise DataError(f"{path}: root: {brief(str(root), 300)} is no folder; expected the one that holds the data set")
    source = Source(description, description.name or root.resolve().name, root, path)
    if source.only_reviewed and not source.from_archive:
        raise DataError(
            f"{path}: labels: reviewed is for a defect archive; expected frames: {archive_list.FILE} beside it, or labels: given"
        )
    for key in ("images", "masks", "csv", "frames", "groups"):
        _require_possible(source, key, getattr(description, key) or "")
    return source


def _require_possible(source: Source, key: str, value: str) -> None:
    """Raises DataError where nothing can have such a path: it is too long, or leads in a circle."""
    try:
        is_there(source.place(value))
    except FileError as error:
        raise DataError(f"{source.origin}: {key}: {error}") from None


def _filled_in(text: str, path: Path) -> str:
    filled = os.path.expandvars(text)
    missing = re.search(r"\$\{?(\w+)", filled)
    if missing is not None:
        raise DataError(f"{path}: root: the environment variable {brief(missing[1])} is not set")
    return filled
