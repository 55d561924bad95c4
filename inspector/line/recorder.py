"""The recorder of a line: shows the writer of a recording what the cameras deliver, while one is on.

It begins before the line and ends with it (``inspector record``). Nothing that happens to a recording
changes a verdict: a disk that refuses ends the recording, and the line says that it needs a person.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engines.errors import FileError
from engines.files.reading import read_bytes
from engines.files.writing import write_bytes
from engines.flat_field import MOST_BYTES
from inspector.capture.make import source_kind
from inspector.capture.source import Arrival
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.camera import CameraConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.meta import FrameMeta
from inspector.line.fits import Fits
from inspector.line.setup import Entry
from inspector.recording.limits import MIB, Limits
from inspector.recording.manifest import FLAT_FIELD, Manifest, RecordedCamera, camera_folder
from inspector.recording.reader import refuse_target
from inspector.recording.records import Frame, Lost, Phase
from inspector.recording.writer import Progress, RecordingWriter
from inspector.results.identity import Identity
from inspector.version import __version__

log = logging.getLogger(__name__)

Condition = Callable[[str, bool, str, str], None]


class Recorder:
    """A ``Tap``. Every method may be called from any thread."""

    def __init__(
        self,
        config: LineConfig,
        fits: Fits,
        epoch: Identity,
        maintenance: Condition,
    ) -> None:
        """``fits`` says how the line prepares the frames; ``maintenance(part, well, code, text)`` is told of a recording that
        ended early."""
        self._config, self._fits, self._epoch = config, fits, epoch
        self._maintenance = maintenance
        self._lock = threading.Lock()
        self._writer: RecordingWriter | None = None
        self._phases: set[int] = set()
        """Those that the recording knows."""
        self._patience_s = 0.0
        self.folder: Path | None = None
        """Of the recording that is on, or was the last."""

    def begin(self, folder: Path, option: str, *, frames: int | None = None, patience_s: float = 0.1) -> None:
        """Record into ``folder``, ``frames`` of each camera where that is given. ``patience_s`` is how long the end of the line waits
        until what is in memory is on the disk. Raises UserError, in which ``option`` names the folder."""
        with self._lock:
            if self._writer is not None and self._writer.alive:
                raise UserError(f"the recording in {self.folder} is not ended yet")
            refuse_target(folder, option)
            config = self._config.recording
            limits = Limits(
                format=config.format,
                buffer_bytes=config.buffer_mib * MIB,
                free_bytes=config.free_mib * MIB,
                segment_bytes=config.segment_mib * MIB,
                frames=frames,
            )
            try:
                flat_fields = {one.name: _file_of(one) for one in self._config.cameras if one.flat_field is not None}
                self._writer = RecordingWriter(folder, self._manifest(), limits, self._ended_early)
                self.folder, self._phases, self._patience_s = folder, set(), patience_s
                for name, data in flat_fields.items():
                    write_bytes(camera_folder(folder, name) / FLAT_FIELD, data)
            except FileError as error:
                self.end()
                raise UserError(str(error)) from None
        self._maintenance("recording", True, "recording_begun", f"recording into {folder}")

    def end(self) -> None:
        """Record no further frame; what is in memory is still written. Does not wait."""
        writer = self._writer
        if writer is not None:
            writer.end()

    def close(self) -> None:
        """At the end of the line: what the disk has not taken in time is counted as not recorded."""
        writer = self._writer
        if writer is not None and not writer.close(self._patience_s):
            log.error("the recording in %s waits for its disk and was left behind", self.folder)

    def progress(self) -> Progress | None:
        """How far the recording is that is on, or was the last; None where there was none."""
        writer = self._writer
        return None if writer is None else writer.progress()

    @property
    def complete(self) -> bool:
        """Whether the recording has all frames that it was to have."""
        writer = self._writer
        return writer is not None and writer.complete

    # As a tap.

    def captured(self, meta: FrameMeta, arrival: Arrival, entry: Entry) -> None:
        """See ``Tap``."""
        writer = self._writer
        if writer is None:
            return
        try:
            self._look_at(entry, writer)
            pixels, error = arrival.pixels, arrival.error
            if pixels is not None and (pixels.dtype != np.uint8 or pixels.ndim != 2 or not pixels.size):
                error = f"the camera delivered {pixels.dtype} {list(pixels.shape)}; only uint8 [H, W] is recorded"
                pixels = None
            writer.add(meta.camera, _frame(meta, entry.phase, error), pixels)
        except Exception as raised:  # ends the recording, never the camera
            writer.give_up(f"internal error: {raised}")

    def lost(self, meta: FrameMeta, count: int, entry: Entry) -> None:
        """See ``Tap``."""
        writer = self._writer
        if writer is None:
            return
        try:
            where = {"position_um": meta.position_um, "travel_um": meta.travel_um}
            source = None if meta.position_source is None else meta.position_source.value
            writer.add(meta.camera, Lost(frame=meta.frame, count=count, position_source=source, **where))
        except Exception as raised:  # as above
            writer.give_up(f"internal error: {raised}")

    # Parts of the above.

    def _look_at(self, entry: Entry, writer: RecordingWriter) -> None:
        """Record the phase of an entry where it is a new one. Two cameras may both do it, which does no harm."""
        if entry.phase in self._phases:
            return
        self._phases.add(entry.phase)
        identity = entry.setup.dispatcher.identity
        phase = Phase(
            phase=entry.phase,
            run=entry.run,
            paused=entry.paused,
            recipe=entry.setup.recipe,
            bundle=identity.bundle,
            operating_point=identity.operating_point,
        )
        writer.phase(phase)

    def _manifest(self) -> Manifest:
        return Manifest(
            line=self._epoch.line,
            epoch=self._epoch.epoch,
            software=f"inspector {__version__}",
            pixels=self._config.recording.format,
            cameras=tuple(self._camera(camera) for camera in self._config.cameras),
            verdicts=self._config.verdicts,
            begun_unix_ns=time.time_ns(),
            begun_monotonic_ns=now_ns(),
        )

    def _camera(self, camera: CameraConfig) -> RecordedCamera:
        preparation = self._fits.of(camera.name)
        own = camera.fit.mode != "refuse" and preparation.camera is None
        height, width = (None, None) if own else preparation.camera or self._fits.inspected
        calibrated = camera.scale if isinstance(camera.scale, CalibratedScale) else None
        return RecordedCamera(
            name=camera.name,
            source=source_kind(camera.source),
            height=height,
            width=width,
            fit=camera.fit,
            flat_field=preparation.flat_field,
            scale=None if calibrated else camera.scale,
            calibrated_scale=calibrated,
            placement=camera.placement,
            travel_um_per_frame=camera.travel_um_per_frame,
            frame_check=camera.frame_check,
        )

    def _ended_early(self, why: str) -> None:
        log.error(
            "the recording in %s ended: %s; the line goes on", self.folder, why, extra={"code": "recording_ended"}
        )
        self._maintenance("recording", False, "recording_ended", f"the recording in {self.folder} ended: {why}")


def _file_of(camera: CameraConfig) -> bytes:
    """The flat field of a camera. Raises FileError."""
    assert camera.flat_field is not None
    return read_bytes(Path(camera.flat_field), MOST_BYTES)


def _frame(meta: FrameMeta, phase: int, error: str) -> Frame:
    return Frame(
        frame=meta.frame,
        captured_ns=meta.captured_ns,
        phase=phase,
        error=error,
        name=meta.name,
        part=meta.part,
        camera_ns=meta.camera_ns,
        camera_clock=meta.camera_clock,
        encoder=meta.encoder,
        position_um=meta.position_um,
        travel_um=meta.travel_um,
        position_source=None if meta.position_source is None else meta.position_source.value,
        flat_field=meta.flat_field,
    )
