"""From the text of an answer to its value. Each reader raises UserError, one line that begins with the option of its question."""

from __future__ import annotations

import re
from pathlib import Path

from engines.bundle import MANIFEST, OPERATING_POINT, find_bundle, read_bundle
from engines.errors import BundleError, FileError
from engines.files.looking import expanded, is_folder, is_same_file, resolved
from engines.files.names import NAME, NAME_IN_WORDS
from engines.files.text import brief
from inspector.cli.new_line.limits import DEADLINE_MS, MM_PER_PX, PORT
from inspector.cli.new_line.places import as_written
from inspector.cli.new_line.service_paths import ServicePlaces
from inspector.cli.options import Limits, read_number
from inspector.config.genicam import GenicamConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError

NONE = "none"
"""The answer that leaves something out."""
CAMERAS = ("genicam", "replay", "simulator")
SIMULATOR = "simulator"
ENGINES = ("cpu", "gpu")


def read_name(text: str) -> str:
    """The name of the line."""
    if re.match(NAME, text):
        return text
    raise _unexpected("--line", text, NAME_IN_WORDS)


def read_choice(option: str, text: str, choices: tuple[str, ...]) -> str:
    """One of a few words, in any case."""
    if text.lower() in choices:
        return text.lower()
    raise _unexpected(option, text, f"{', '.join(choices[:-1])} or {choices[-1]}")


def read_number_or_none(option: str, text: str, limits: Limits) -> float | None:
    """A number within the limits, or None."""
    return None if text.lower() == NONE else read_number(option, text, limits, f"{limits.in_words}, or {NONE}")


def read_deadline(text: str) -> float:
    """The deadline in ms."""
    return read_number("--deadline-ms", text, DEADLINE_MS)


def read_scale(text: str) -> Scale | None:
    """Millimetres per pixel: one number, or one along a row and one from row to row."""
    if text.lower() == NONE:
        return None
    expected = f"{MM_PER_PX.in_words}, or two as X,Y, or {NONE}"
    parts = text.split(",")
    if len(parts) > 2:
        raise _unexpected("--scale", text, expected)
    numbers = [read_number("--scale", part, MM_PER_PX, expected) for part in parts]
    return Scale(mm_per_px_x=numbers[0], mm_per_px_y=numbers[-1])


def read_frames(text: str, file: Path, service: ServicePlaces | None) -> str:
    """A folder with frames that a replay finds, as ``file`` writes it; one that the service sees."""
    from inspector.capture.replay.listing import list_files

    path = _path("--frames", text, f"a folder with recorded frames, or --camera {SIMULATOR}")
    try:
        there = is_folder(path)
        found = list_files(str(path)) if there else []
    except (FileError, UserError) as error:
        raise UserError(f"--frames: {error}") from None
    if not there:
        raise _unexpected("--frames", text, "a folder with recorded frames, and there is none of this name")
    if any(is_same_file(file, frame) for frame in found):
        raise UserError(f"--frames: {file}, the file to write, is one of these frames; name another file")
    if service is not None:
        service.check_readable("--frames", path)
    return as_written(path, file.parent)


def read_device(text: str) -> GenicamConfig:
    """Which GenICam camera; the only one for an empty text."""
    return GenicamConfig.named(text or None)


def read_bundle_name(text: str, file: Path, service: ServicePlaces | None) -> str:
    """A bundle that opens, as ``file`` writes it: the name of an included one, or a path; one that the service sees."""
    path = _path("--bundle", text, "a bundle directory or the name of an included bundle")
    try:
        found = find_bundle(str(path))
        read_bundle(found)
        if any(is_same_file(file, found / name) for name in (MANIFEST, OPERATING_POINT)):
            raise UserError(f"--bundle: {file}, the file to write, is a file of this bundle; name another file")
        if service is not None:
            service.check_readable("--bundle", found)
        written = as_written(path, file.parent) if is_folder(path) else text
        return written if find_bundle(written, file.parent) == found else str(found)
    except (BundleError, FileError) as error:
        raise UserError(f"--bundle: {error}") from None


def read_endpoint(text: str) -> tuple[str, bool]:
    """The address to bind, and whether others can reach it, so that it needs CURVE keys. A port means one of this machine only."""
    from inspector.results.endpoint import check_endpoint

    expected = "a port, or tcp://ADDRESS:PORT"
    if text.isdecimal():
        port = read_number("--results", text, PORT, f"a port from {PORT}, or tcp://ADDRESS:PORT")
        return f"tcp://127.0.0.1:{port}", False
    if not text.startswith("tcp://"):
        raise _unexpected("--results", text, expected)
    try:
        check_endpoint(text, keys=True)
    except UserError:
        raise _unexpected("--results", text, expected) from None
    try:
        check_endpoint(text, keys=False)
    except UserError:
        return text, True
    return text, False


def read_journal(text: str, file: Path, service: ServicePlaces | None) -> str | None:
    """The journal's file, as ``file`` writes it; None for no journal. Its folder must be there; that of the service is made at its start."""
    if text.lower() == NONE:
        return None
    path = _path("--journal", text, f"an SQLite file, or {NONE}")
    try:
        if is_folder(path):
            raise _unexpected("--journal", text, "a file, and this is a folder")
        if service is not None:
            service.check_writable("--journal", path)
        if not is_folder(path.parent) and (service is None or resolved(path.parent) != service.journal.parent):
            raise UserError(f"--journal: the folder {path.parent} does not exist; make it, or choose another place")
        if resolved(path) == resolved(file):
            raise UserError(f"--journal: {brief(text)} is the configuration itself; choose another file")
    except FileError as error:
        raise UserError(f"--journal: {error}") from None
    return as_written(path, file.parent)


def _path(option: str, text: str, expected: str) -> Path:
    if not text or "\0" in text:
        raise _unexpected(option, text, expected)
    try:
        text.encode()
        return expanded(text)
    except UnicodeEncodeError:
        raise _unexpected(option, text, "a path in UTF-8, as the configuration is written in it") from None
    except FileError as error:
        raise UserError(f"{option}: {error}") from None


def _unexpected(option: str, text: str, expected: str) -> UserError:
    return UserError(f"{option}: found {brief(text, 40)!r}, expected {expected}")
