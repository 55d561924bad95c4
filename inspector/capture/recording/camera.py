"""A camera of a recording as a ``FrameSource``."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from engines.errors import FileError
from engines.files.text import brief
from inspector.capture.recording.playback import Playback
from inspector.capture.recording.reading import Played, ReadAhead
from inspector.capture.source import Arrival, SoftwareSource
from inspector.config.recording import RecordedSource
from inspector.errors import UserError
from inspector.frames.clock import now_ns
from inspector.frames.position import Position, PositionSource
from inspector.recording.manifest import camera_folder
from inspector.recording.reader import Contents, RecordingReader
from inspector.recording.records import Frame, Lost

log = logging.getLogger(__name__)


class RecordingCamera(SoftwareSource):
    """Delivers the frames of a camera as they were recorded (a ``FrameSource``), raw pixels of any size.

    Frames that were lost, or not recorded, are jumps in ``Arrival.number``; a frame whose pixels are damaged arrives without them. Numbers
    begin at 0: those of a recording that was begun later are lower by its first number, and ``Arrival.name`` holds the original one.
    """

    def __init__(self, config: RecordedSource, playback: Playback) -> None:
        """``playback`` is what all cameras of the recording share."""
        self._config, self._playback = config, playback
        self._interrupted = threading.Event()
        self._ahead: ReadAhead | None = None
        self._first = 0
        self._delivered = 0
        self._upcoming: tuple[int, int] | None = None
        """Number and time of the frame that is waited for."""

    def open(self) -> None:
        """Find the camera in the recording and begin to read. Raises UserError."""
        folder = Path(self._config.path)
        recording = RecordingReader(folder)
        camera = recording.camera(self._config.camera).name
        try:
            contents = recording.contents(camera)
        except FileError as error:
            raise UserError(str(error)) from None
        first = contents.first_frame
        if first is None or contents.first is None:
            raise UserError(_why_nothing(recording, camera, contents))
        for note in notes(recording, camera, contents):
            log.warning("%s", note)
        self._first = contents.first
        self._playback.join(self, str(folder.resolve()), recording.phases, first.captured_ns, first.phase)
        self._ahead = ReadAhead(recording, camera)

    def next(self) -> Arrival | None:
        """The next frame, when it is due; None after the last one and after ``interrupt``."""
        arrival = self._next()
        if arrival is None:
            self._playback.leave(self)
        return arrival

    def _next(self) -> Arrival | None:
        if self._ahead is None:
            return None
        try:
            played = self._ahead.take(self._interrupted)
        except FileError as error:
            raise UserError(str(error)) from None
        if played is None or not self._playback.reach(self, played.frame.phase, self._interrupted):
            return None
        number = played.frame.frame - self._first
        captured_ns = now_ns()
        if self._config.pace == "recorded":
            due_ns = self._playback.due_ns(played.frame.captured_ns)
            self._upcoming = number, due_ns
            if self._interrupted.wait(max(0.0, (due_ns - now_ns()) / 1e9)):
                return None
            captured_ns = due_ns
        self._delivered, self._upcoming = number + 1, None
        return self._arrival(number, captured_ns, played)

    def _arrival(self, number: int, captured_ns: int, played: Played) -> Arrival:
        frame = played.frame
        return Arrival(
            number,
            captured_ns,
            played.pixels,
            error=played.error,
            name=frame.name or (f"frame-{frame.frame}" if self._first else ""),
            camera_ns=frame.camera_ns,
            camera_clock=frame.camera_clock,
            encoder=frame.encoder,
            part=frame.part,
            recorded=_position(frame, frame.encoder),
            recorded_lost=None if played.lost is None else _position(played.lost),
        )

    def exposed(self) -> int | None:
        """Frames due by now, where they come at the recorded pace; else None. From any thread."""
        if self._config.pace != "recorded":
            return None
        upcoming = self._upcoming
        return upcoming[0] + 1 if upcoming is not None and upcoming[1] <= now_ns() else self._delivered

    def interrupt(self) -> None:
        """Make a blocked or later ``next`` return None within 50 ms. May be called from any thread."""
        self._interrupted.set()

    def close(self) -> None:
        """End the reading; safe after a failed ``open`` and when called twice."""
        self.interrupt()
        self._playback.leave(self)
        if self._ahead is not None:
            self._ahead.close()
            self._ahead = None


def notes(recording: RecordingReader, camera: str, contents: Contents) -> list[str]:
    """What a person should know before a camera of a recording is played, one line each."""
    where, found = f"{recording.folder}, camera {camera}", []
    manifest = recording.manifest
    if manifest.ended_unix_ns is None or contents.cut_off:
        missing = f"{brief(contents.without_pixels)} is missing or cut short; " if contents.without_pixels else ""
        found.append(f"{where}: was cut off; {missing}it plays up to frame {contents.last}, the last whole one")
    elif manifest.ended_why:
        found.append(f"{where}: ended early, after frame {contents.last}: {manifest.ended_why}")
    if contents.not_recorded:
        found.append(
            f"{where}: {contents.not_recorded} frames were not recorded, because the disk was too slow; they play as lost ones"
        )
    if contents.damaged:
        found.append(f"{where}: {contents.damaged} records are damaged and left out; their frames play as lost ones")
    if contents.trailing:
        found.append(f"{where}: {contents.trailing} frames after the last recorded one are missing and not played")
    if contents.first:
        found.append(f"{where}: begins with frame {contents.first}, which plays as frame 0")
    return found


def _why_nothing(recording: RecordingReader, camera: str, contents: Contents) -> str:
    nothing = f"{recording.folder}: holds no frame of camera {camera}"
    if not contents.without_pixels:
        return nothing
    file = camera_folder(recording.folder, camera) / contents.without_pixels
    return f"{nothing} with pixels: {file} is missing or cut short; copy the whole folder"


def _position(frame: Frame | Lost, encoder: int | None = None) -> Position:
    source = None if frame.position_source is None else PositionSource(frame.position_source)
    return Position(frame.position_um, frame.travel_um, source, encoder)
