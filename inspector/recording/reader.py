"""Reads a recording: what is in it, and the pixels of its frames."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.errors import BadFrameError, FileError
from engines.files.looking import is_file, is_folder, size_of
from engines.files.text import brief
from engines.images.decoder import Decoder
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.recording.manifest import INDEX, MANIFEST, PHASES, RecordedCamera, camera_folder, read_manifest
from inspector.recording.records import Frame, Lost, Phase, Record, RecordLines, phases_of

_MOST_PIXELS = 1 << 28
MOST_LOOKED_AT = 200
"""Frames of a camera whose sizes are looked at."""


class DamagedPixelsError(Exception):
    """The pixels of a frame are not as they were written; the text says why, in one line."""


@dataclass
class Contents:
    """What the index of a camera holds."""

    frames: int = 0
    lost: int = 0
    not_recorded: int = 0
    first: int | None = None
    """Number of the first frame, captured or lost; None where there is none."""
    first_frame: Frame | None = None
    """The first one that was captured."""
    last: int | None = None
    """Number of the last one that was captured."""
    trailing: int = 0
    """Frames lost or not recorded after that."""
    damaged: int = 0
    """Lines that are left out because they are not as they were written."""
    cut_off: bool = False
    without_pixels: str = ""
    """The file that holds less than it should, where frames at the end are left out for that; within the camera's folder."""


class RecordingReader:
    """A recording. Its methods may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        """Raises UserError where there is no recording, or one that cannot be used."""
        self.folder = folder
        self.manifest = read_manifest(folder)
        try:
            self.phases: dict[int, Phase] = phases_of(folder / PHASES)
        except FileError as error:
            raise UserError(str(error)) from None

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras."""
        return tuple(camera.name for camera in self.manifest.cameras)

    def camera(self, name: str | None) -> RecordedCamera:
        """The camera of this name; None: the only one. Raises UserError."""
        names = ", ".join(self.cameras)
        if name is None and len(self.cameras) != 1:
            raise UserError(f"{self.folder}: holds the cameras {names}; name one with the key camera")
        for camera in self.manifest.cameras:
            if name in (None, camera.name):
                if not is_file(camera_folder(self.folder, camera.name) / INDEX):
                    raise UserError(f"{self.folder}: has no index of camera {camera.name}; copy the whole folder")
                return camera
        raise UserError(f"{self.folder}: holds no camera {name}; its cameras: {names}")

    def records(self, camera: str) -> CameraRecords:
        """What was recorded of a camera, in the order of the frames."""
        return CameraRecords(camera_folder(self.folder, camera))

    def contents(self, camera: str) -> Contents:
        """Read the index of a camera through. Raises FileError where it cannot be read."""
        found = Contents()
        records = self.records(camera)
        for record in records:
            if found.first is None:
                found.first = record.frame
            if isinstance(record, Frame):
                found.frames += 1
                found.last, found.trailing = record.frame, 0
                found.first_frame = found.first_frame or record
                continue
            found.trailing += record.count
            if isinstance(record, Lost):
                found.lost += record.count
            else:
                found.not_recorded += record.count
        found.damaged, found.cut_off = records.damaged, records.cut_off
        found.without_pixels = records.without_pixels
        return found

    def frame_sizes(self, camera: str) -> Counter[FrameSize]:
        """Sizes of the first frames of a camera, with how many have them. Raises UserError where its index cannot be read."""
        sizes: Counter[FrameSize] = Counter()
        try:
            for record in self.records(camera):
                if isinstance(record, Frame) and record.place is not None:
                    sizes[FrameSize(record.place.height, record.place.width)] += 1
                    if sizes.total() >= MOST_LOOKED_AT:
                        break
        except FileError as error:
            raise UserError(str(error)) from None
        return sizes

    def pixels(self, camera: str, frame: Frame) -> NDArray[np.uint8] | None:
        """Pixels of a frame as they arrived, uint8 [H, W]; None where none arrived. Raises DamagedPixelsError."""
        if frame.place is None:
            return None
        place, folder = frame.place, camera_folder(self.folder, camera)
        shape = (place.height, place.width)
        if place.height * place.width > _MOST_PIXELS or Path(place.file).is_absolute() or ".." in place.file:
            raise DamagedPixelsError(f"the index names {brief(place.file)!r} with {list(shape)} pixels")
        try:
            read = _png if place.file.endswith(".png") else _raw
            pixels = read(folder / place.file, place.offset, shape)
        except (OSError, ValueError, FileError, BadFrameError) as error:
            raise DamagedPixelsError(f"{brief(place.file)}: cannot be read ({brief(str(error), 200)})") from None
        if pixels is None or pixels.shape != shape or zlib.crc32(pixels.data) != place.crc32:
            raise DamagedPixelsError(
                f"{brief(place.file)}: the pixels of frame {frame.frame} are not as they were recorded"
            )
        return pixels


class CameraRecords:
    """The records of a camera. Those that do not follow the ones before, and frames at the end whose pixels never reached the disk, are
    left out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: RecordLines[Record] = RecordLines(folder / INDEX, Record)
        self._out_of_order = 0
        self._sizes: dict[str, int] = {}
        self.without_pixels = ""
        """Once all are read: file of the first frame at the end that is left out."""

    @property
    def damaged(self) -> int:
        """Records left out so far because they are damaged."""
        return self._lines.damaged + self._out_of_order

    @property
    def cut_off(self) -> bool:
        """Whether the recording ended in the middle of a frame."""
        return self._lines.cut_off or bool(self.without_pixels)

    def __iter__(self) -> Iterator[Record]:
        """Raises FileError where the index cannot be read."""
        following = 0
        held: list[Frame] = []
        for record in self._lines:
            if record.frame < following or (not isinstance(record, Frame) and record.count < 1):
                self._out_of_order += 1
                continue
            following = record.frame + (1 if isinstance(record, Frame) else record.count)
            if isinstance(record, Frame) and not self._is_whole(record):
                held.append(record)  # told only where something whole follows
                continue
            yield from held
            held.clear()
            yield record
        self.without_pixels = held[0].place.file if held and held[0].place else ""

    def _is_whole(self, frame: Frame) -> bool:
        """Whether the file of the pixels is as long as it should be."""
        place = frame.place
        if place is None:
            return True
        end = place.offset + (place.height * place.width if place.file.endswith(".raw") else 1)
        if self._sizes.get(place.file, 0) < end:
            self._sizes = {place.file: size_of(self._folder / place.file)}
        return self._sizes[place.file] >= end


def _raw(path: Path, offset: int, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
    pixels = np.empty(shape, np.uint8)
    with open(path, "rb", buffering=0) as file:
        file.seek(offset)
        whole = file.readinto(pixels.data.cast("B")) == pixels.nbytes
    return pixels if whole else None


def _png(path: Path, _offset: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    return Decoder(*shape).decode(path)


def refuse_target(folder: Path, option: str) -> None:
    """Raise UserError where a recording cannot be written to ``folder``; ``option`` names it in the error."""
    try:
        if is_file(folder / MANIFEST):
            holds = read_manifest(folder)
            raise UserError(f"{option} {folder}: holds a recording of line {holds.line} already; name another folder")
        if is_folder(folder) and any(folder.iterdir()):
            raise UserError(f"{option} {folder}: is not empty; name a new folder")
        if is_file(folder):
            raise UserError(f"{option} {folder}: is a file; name a folder")
    except (FileError, OSError) as error:
        raise UserError(f"{option} {folder}: cannot be looked into ({error})") from None
