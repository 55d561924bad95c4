"""Where the report of a coil goes: never over that of another coil, and not again where it is there."""

from __future__ import annotations

from pathlib import Path

import msgspec

from engines.errors import FileError
from engines.files.looking import is_there
from engines.files.reading import read_bytes
from inspector.report.coil.content import CoilReport
from inspector.report.coil.naming import folder_name
from inspector.report.coil.write import JSON

_MOST_BYTES = 1 << 30
_MOST_OF_ONE_NAME = 10_000


def place_for(reports: Path, report: CoilReport) -> tuple[Path, bool]:
    """The folder, and whether the report is in it already: the same run, read from its begin, and complete. Runs of one name have folders
    ``NAME``, ``NAME.2``, ... An earlier report of the same run that is not complete is replaced. Raises FileError."""
    folder = first = reports / folder_name(report.run)
    for number in range(2, _MOST_OF_ONE_NAME):
        if not is_there(folder):
            return folder, False
        there = _read(folder / JSON)
        if there is not None and _same(there, report):
            return folder, there.complete
        folder = first.with_name(f"{first.name}.{number}")
    raise FileError(f"{first}: {_MOST_OF_ONE_NAME} runs of this name have a report there; move them elsewhere")


def _same(one: CoilReport, other: CoilReport) -> bool:
    return (one.line, one.run, one.head.began_unix_ns) == (other.line, other.run, other.head.began_unix_ns)


def _read(path: Path) -> CoilReport | None:
    """None where it is not there, or no report."""
    try:
        return msgspec.json.decode(read_bytes(path, _MOST_BYTES), type=CoilReport)
    except (FileError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
