"""``recording.json``: of what a recording is, and whether it was ended."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engines.errors import FileError
from engines.files.looking import is_file
from engines.files.names import Name
from engines.files.reading import read_bytes
from engines.files.text import brief
from engines.files.writing import write_bytes
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.fit import FitConfig
from inspector.config.frame_check import FrameCheckConfig
from inspector.config.positions import PlacementConfig
from inspector.config.recording import PixelFormat
from inspector.config.verdicts import Scale, VerdictsConfig
from inspector.errors import UserError

MANIFEST = "recording.json"
PHASES = "phases.jsonl"
CAMERAS = "cameras"
INDEX = "index.jsonl"
FLAT_FIELD = "flat_field.zip"
"""In the folder of a camera: a copy of the flat field that the line applied."""
FORMAT = 1

_MOST_BYTES = 1 << 20


class RecordedCamera(msgspec.Struct, frozen=True, kw_only=True):
    """A camera, with the keys of its configuration that a verdict depends on."""

    name: Name
    source: str
    """Kind of the source that was recorded."""
    height: int | None
    width: int | None
    """Of the frames that the camera delivers, px; None where each has its own."""
    fit: FitConfig = FitConfig()
    flat_field: str = ""
    """Identity of the flat field that the line applied; the recorded pixels are those before it."""
    scale: Scale | None = None
    calibrated_scale: CalibratedScale | None = None
    """Instead of ``scale``, where the line read it from a file."""
    placement: PlacementConfig | None = None
    travel_um_per_frame: int | None = None
    frame_check: FrameCheckConfig = FrameCheckConfig()


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What was recorded of a camera."""

    frames: int = 0
    not_recorded: int = 0
    lost: int = 0


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A recording."""

    format: int = FORMAT
    line: str
    epoch: str
    software: str
    pixels: PixelFormat
    cameras: tuple[RecordedCamera, ...]
    verdicts: VerdictsConfig = VerdictsConfig()
    """The rules with which the line began."""
    begun_unix_ns: int
    begun_monotonic_ns: int
    """The same moment: it makes capture times in the index comparable with times of day."""
    ended_unix_ns: int | None = None
    """None while it is recorded, and where it was cut off."""
    ended_why: str = ""
    """Why it ended early, one line; empty where it was ended by command or with the line."""
    counted: dict[str, Counted] = {}
    """By camera, at the end."""


def is_recording(folder: Path) -> bool:
    """Whether a recording is there. Raises FileError where that cannot be known."""
    return is_file(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the recording in ``folder``. Raises UserError."""
    path = folder / MANIFEST
    try:
        if not is_file(path):
            raise UserError(f"{folder}: is no recording, it has no {MANIFEST}; `inspector record` makes one")
        manifest = msgspec.json.decode(read_bytes(path, _MOST_BYTES), type=Manifest)
    except FileError as error:
        raise UserError(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{path}: is damaged, or of another version ({brief(str(error), 200)})") from None
    if manifest.format != FORMAT:
        raise UserError(
            f"{path}: has format {manifest.format}, this version reads {FORMAT}; use the version that recorded it"
        )
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it whole, or leave what is there. Raises FileError."""
    write_bytes(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def camera_folder(folder: Path, camera: str) -> Path:
    """Where index and pixels of a camera are."""
    return folder / CAMERAS / camera
