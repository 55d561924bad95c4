"""Reads through the index of a recording that a line plays."""

from __future__ import annotations

from concurrent.futures import TimeoutError
from functools import partial
from pathlib import Path

from engines.errors import FileError
from inspector.capture.recording import notes
from inspector.config.recording import RecordedSource
from inspector.doctor.finding import Finding, Subject
from inspector.errors import UserError
from inspector.frames.daemon_threads import DaemonThreads
from inspector.recording.reader import RecordingReader

LONGEST_LOOK_S = 10.0


def recording_finding(source: RecordedSource, subject: Subject) -> Finding:
    """What the recording holds of the camera."""
    threads = DaemonThreads(1, "doctor")
    looking = threads.submit(partial(_look, source))
    try:
        found, told = looking.result(LONGEST_LOOK_S)
    except TimeoutError:
        found = f"{source.path}: was not read through in {LONGEST_LOOK_S:g} s"
        return subject.note(found, "look at the disk or the file server, where it is not simply long")
    except (UserError, FileError, OSError) as error:
        return subject.wrong(str(error), "the daemon refuses to start")
    finally:
        threads.close(0.0)
    return subject.note(told[0], found) if told else subject.ok(found, "frames come as they were recorded")


def _look(source: RecordedSource) -> tuple[str, list[str]]:
    """What there is, and what a person should know of it."""
    recording = RecordingReader(Path(source.path))
    name = recording.camera(source.camera).name
    contents = recording.contents(name)
    if not contents.frames:
        raise UserError(f"{source.path}: holds no frame of camera {name}")
    return f"{contents.frames} frames of camera {name} in {source.path}", notes(recording, name, contents)
