"""The table of questions about a new line, with the answers of somebody who presses Enter: those of the configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from inspector.cli.new_line import readers
from inspector.cli.new_line.asking import Question
from inspector.cli.new_line.limits import KEEP_DAYS, RATE_HZ
from inspector.cli.new_line.readers import CAMERAS, ENGINES, NONE, SIMULATOR
from inspector.cli.new_line.service_paths import ServicePlaces
from inspector.cli.options import read_number
from inspector.config.journal import JournalConfig
from inspector.config.results import ResultsConfig
from inspector.config.section import Section
from inspector.config.tree import LineConfig
from inspector.errors import UserError

USUAL_RATE_HZ = 10
"""With the included bundle, two cores of a CPU keep up with it. Without a rate, as the configuration has it, frames come faster than
any line with a deadline takes them."""


def line_questions(file: Path, service: ServicePlaces | None = None) -> dict[str, Question]:
    """The questions about the line that is written to ``file``, by name, in the order in which they are asked; with ``service`` its files
    are where the service has them."""
    journal = file.parent / str(_default(JournalConfig, "path")) if service is None else service.journal
    return {
        "line": Question("--line", "Name of the line", readers.read_name, lambda: _usual_name(file)),
        "camera": Question(
            "--camera",
            "Camera, genicam (GigE Vision, USB3 Vision), replay (recorded frames) or simulator",
            lambda text: readers.read_choice("--camera", text, CAMERAS),
            _always(SIMULATOR),
        ),
        "frames": Question(
            "--frames",
            "Folder with the recorded frames",
            lambda text: readers.read_frames(text, file, service),
            _always(""),
        ),
        "device": Question(
            "--device",
            "IP address, MAC address or serial number of the camera; empty where it is the only one",
            readers.read_device,
            _always(""),
        ),
        "rate": Question(
            "--rate",
            "Frames per second",
            lambda text: read_number("--rate", text, RATE_HZ),
            _always(USUAL_RATE_HZ),
        ),
        "bundle": Question(
            "--bundle",
            "Model bundle, a directory or the name of an included one",
            lambda text: readers.read_bundle_name(text, file, service),
            _always(_default(LineConfig, "bundle")),
        ),
        "engines": Question(
            "--engines",
            "Engines, gpu (the line refuses to start without one) or cpu (permitted where no GPU can be used)",
            lambda text: readers.read_choice("--engines", text, ENGINES),
            engines_here,
        ),
        "scale": Question(
            "--scale",
            f"Millimetres per pixel, one number or X,Y; {NONE}: figures in pixels only",
            readers.read_scale,
            _always(NONE),
        ),
        "deadline_ms": Question(
            "--deadline-ms",
            "Longest time from capture to verdict, in ms",
            readers.read_deadline,
            _always(_default(LineConfig, "deadline_ms")),
        ),
        "results": Question(
            "--results",
            "Results, a port for this machine only, or tcp://ADDRESS:PORT for other machines, with keys that are made for it",
            readers.read_endpoint,
            _always(_default(ResultsConfig, "endpoint")),
        ),
        "journal": Question(
            "--journal",
            f"Journal of the results, an SQLite file; {NONE}: no journal",
            lambda text: readers.read_journal(text, file, service),
            _always(journal),
        ),
        "keep_days": Question(
            "--keep-days",
            f"Days that the journal keeps them; {NONE}: whatever their age",
            lambda text: readers.read_number_or_none("--keep-days", text, KEEP_DAYS),
            _always(_default(JournalConfig, "keep_days")),
        ),
    }


def engines_here() -> str:
    """What the doctor's probes find on this machine: gpu where a runtime can use one, else cpu."""
    from inspector.doctor.finding import State
    from inspector.doctor.probing import probe
    from inspector.doctor.runtime import CPU, usual_runtime

    found = usual_runtime(probe("runtime"), probe("torch"))
    works = found.state in (State.OK, State.NOTE) and found.found != CPU
    return ENGINES[1] if works else ENGINES[0]


def _usual_name(file: Path) -> str:
    """That of the file, where a line can have it."""
    try:
        return readers.read_name(file.stem)
    except UserError:
        return "line1"


def _always(default: Any) -> Callable[[], str]:
    text = f"{default:g}" if isinstance(default, float) else str(default)
    return lambda: text


def _default(section: type[Section], key: str) -> Any:
    return next(field.default for field in msgspec.structs.fields(section) if field.name == key)
