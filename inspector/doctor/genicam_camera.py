"""Looks for the GenICam camera of a line, and whether the calibrations that the line names are its own."""

from __future__ import annotations

from inspector.capture.preparation import preparation_of
from inspector.config.calibrated_scale import CalibratedScale
from inspector.config.camera import CameraConfig
from inspector.config.genicam import GenicamConfig
from inspector.doctor.finding import Finding, Subject
from inspector.errors import UserError
from inspector.frames.size import FrameSize

REFUSES = "the daemon refuses to start"


def genicam_finding(camera: CameraConfig, source: GenicamConfig, subject: Subject, inspected: FrameSize) -> Finding:
    """The camera is looked for, and left as it is: the line may be using it. ``inspected`` is the size of the bundle's frames."""
    from inspector.capture.genicam.discovery import choose, search
    from inspector.capture.genicam.library import library

    try:
        name = choose(library(), source)
        there = next((one for one in search(library()) if one.name == name), None)
        problem = "" if there is None or not there.serial else _foreign(camera, there.serial, inspected)
    except UserError as error:
        return subject.wrong(str(error), REFUSES)
    if problem:
        return subject.wrong(problem, REFUSES)
    if there is None:
        return subject.note(
            f"genicam {name} did not answer a search",
            "the daemon asks this address alone, which may reach it all the same; look at its power, cable and network where it does not start",
        )
    return subject.ok(
        f"genicam {name} answers (serial {there.serial or 'not told'}), not opened",
        f"the line sets its features when it starts; `inspector camera grab 100 {name}` takes frames while no line uses it",
    )


def _foreign(camera: CameraConfig, serial: str, inspected: FrameSize) -> str:
    """Why a calibration is not for the camera with that serial, one line; empty where all may be. Raises UserError."""
    if problem := preparation_of(camera, inspected).foreign(serial):
        return f"flat_field: {problem}"
    problem = camera.scale.problem_of(serial) if isinstance(camera.scale, CalibratedScale) else ""
    return f"scale_file: {problem}" if problem else ""
