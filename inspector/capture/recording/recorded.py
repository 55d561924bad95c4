"""What a recording knows of a camera, for the line that plays it: how large its frames are, and which flat field was applied to them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from inspector.config.camera import SourceConfig
from inspector.config.fit import FitConfig, SizePx
from inspector.config.recording import RecordedSource
from inspector.frames.size import FrameSize
from inspector.recording.manifest import FLAT_FIELD, RecordedCamera, camera_folder
from inspector.recording.reader import RecordingReader


class Recorded:
    """One camera of a recording."""

    def __init__(self, recording: RecordingReader, camera: RecordedCamera) -> None:
        self.camera = camera
        self.flat_field_file = camera_folder(recording.folder, camera.name) / FLAT_FIELD
        """Copy of the flat field that was applied, where there was one."""
        self._recording = recording

    @property
    def commonest_size(self) -> FrameSize | None:
        """The size that most of its frames have; None where it has none with pixels. Raises UserError where its index cannot be read."""
        sizes = self._recording.frame_sizes(self.camera.name)
        return sizes.most_common(1)[0][0] if sizes else None

    @property
    def one_size(self) -> bool:
        """Whether the camera delivered frames of one size, not files that have each their own."""
        return self.camera.height is not None

    def other_flat_field(self, played: str) -> str:
        """What to tell where another flat field than ``played`` (an identity; empty: none) was applied, one line; else empty."""
        recorded = self.camera.flat_field
        if played == recorded:
            return ""
        if not recorded:
            return f"{played} is applied to a recording of a line that applied none: verdicts may differ; leave it out for the same ones"
        return f"recorded with {recorded}, played with {played or 'none'}: verdicts may differ; give {self.flat_field_file} for the same ones"


def recorded_camera(source: SourceConfig) -> Recorded | None:
    """The camera of the recording that a source plays; None for another source. Raises UserError where there is no such recording."""
    if not isinstance(source, RecordedSource):
        return None
    recording = RecordingReader(Path(source.path))
    return Recorded(recording, recording.camera(source.camera))


def fit_of(configured: FitConfig, recorded: Recorded | None) -> FitConfig:
    """The fit of a camera, with the size of a recording's frames where it is not given."""
    if recorded is None or configured.mode == "refuse" or configured.size is not None:
        return configured
    if configured.mode != "tile" and not recorded.one_size:
        return configured
    size = recorded.commonest_size or FrameSize(recorded.camera.height or 1, recorded.camera.width or 1)
    return msgspec.structs.replace(configured, size=SizePx(height=size.height, width=size.width))
