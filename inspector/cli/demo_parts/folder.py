"""The folder of the demo: the configurations of the line and of what stands beside it, on ports that are free."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engines.errors import FileError
from engines.files.looking import is_there
from engines.files.writing import output_folder, write_text
from inspector.errors import UserError
from inspector.frames.held_name import HeldName, NameHeldError

OPTION = "--folder"
LINE, COIL, VIEW, LOGS, CONTROL = "line.yaml", "coil.yaml", "view.yaml", "logs", "control"
_MARK = "# Written by `inspector demo-view`, and written again each time it starts in this folder."
_PAGES_PORT = 8090
_HOST = "127.0.0.1"
_TRIES = 200
_GRADING = {
    "leave_out_head_m": 5,
    "leave_out_tail_m": 5,
    "grades": [
        {"name": "A", "limits": [{"most_in_100m": 10}], "most_uninspected_percent": 0.5, "most_roll_marks": 0},
        {"name": "B", "limits": [{"most_per_100m": 60}], "most_uninspected_percent": 2, "most_roll_marks": 1},
    ],
    "otherwise": "C",
}
_ROLLS = [{"name": "F7-top", "circumference_mm": 1885.0, "elongation": 1.04}]


@dataclass(frozen=True)
class Demo:
    """Where everything of it is."""

    folder: Path
    name: str
    """Of the line."""
    port: int
    """Of the pages."""

    @property
    def control(self) -> str:
        """The line's control socket."""
        return f"ipc://{self.folder.resolve() / CONTROL}"

    @property
    def url(self) -> str:
        """Of the first page."""
        return f"http://{_HOST}:{self.port}/"


@contextmanager
def prepared(folder: Path, tree: dict[str, Any], run: str) -> Iterator[Demo]:
    """The folder with its configurations, which nobody else uses meanwhile. ``tree`` is the line's, whose addresses and files are replaced; ``run``
    names its first coil.

    Raises FileError and UserError where it has files of others, or where a demo runs in it."""
    output_folder(folder, OPTION)
    _refuse_foreign(folder)
    with ExitStack() as stack:
        stack.callback(_claimed(folder).release)
        results, coil = free_pairs(2)
        demo = Demo(folder, _free_name(tree["line"]), _pages_port())
        # A socket that a killed line has left is no mistake.
        (folder / CONTROL).unlink(missing_ok=True)
        for name, written in (
            (VIEW, _view(demo, results, coil)),  # by which a folder is known as ours
            (LINE, _line(tree, demo.name, run, results)),
            (COIL, _coil(tree, results, coil)),
        ):
            text = yaml.safe_dump(written, sort_keys=False, allow_unicode=True, width=120)
            write_text(folder / name, f"{_MARK}\n{text}", OPTION)
        output_folder(folder / LOGS, OPTION)
        yield demo


def free_pairs(count: int) -> list[int]:
    """Ports that are free now, each with the one behind it, which is that of recovery. Raises UserError."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(_TRIES):
            if len(found) == count:
                return found
            first = held.enter_context(socket.create_server((_HOST, 0)))
            port = first.getsockname()[1]
            try:
                held.enter_context(socket.create_server((_HOST, port + 1)))
            except (OSError, OverflowError):
                continue
            found.append(port)
    raise UserError(f"no two free ports beside each other were found on {_HOST}")


def _refuse_foreign(folder: Path) -> None:
    view = folder / VIEW
    ours = is_there(view) and view.is_file() and _begins(view) == _MARK
    if not ours and any(folder.iterdir()):
        raise FileError(f"{OPTION} {folder}: has files that are not of an earlier demo; name a new or an empty folder")


def _begins(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as lines:
        return lines.readline(200).rstrip("\n")


def _claimed(folder: Path) -> HeldName:
    it = folder.stat()
    try:
        return HeldName(f"demo-view/{it.st_dev}-{it.st_ino}")
    except NameHeldError as error:
        raise UserError(f"{OPTION} {folder}: {error.holder} runs a demo in it already; name another folder") from None


def _free_name(name: str) -> str:
    """The line's name, with a number behind it where another line on this machine has it."""
    for number in range(1, _TRIES):
        one = name if number == 1 else f"{name}-{number}"
        try:
            HeldName(f"line/{one}").release()
        except NameHeldError:
            continue
        return one
    raise UserError(f"{_TRIES} lines with the name {name} run on this machine; stop some of them")


def _pages_port() -> int:
    for port in (_PAGES_PORT, 0):
        try:
            with socket.create_server((_HOST, port)) as found:
                return int(found.getsockname()[1])
        except OSError:
            continue
    raise UserError(f"no free port was found on {_HOST}")


def _line(tree: dict[str, Any], name: str, run: str, port: int) -> dict[str, Any]:
    return {
        **tree,
        "line": name,
        "run": run,
        "results": {**tree.get("results", {}), "endpoint": f"tcp://{_HOST}:{port}"},
        "journal": {**tree.get("journal", {}), "path": "journal.sqlite"},
        "control": {"endpoint": f"ipc://{CONTROL}"},
        "archive": {**tree.get("archive", {}), "path": "archive"},
    }


def _coil(tree: dict[str, Any], line: int, port: int) -> dict[str, Any]:
    strip = tree["cameras"][0]["source"].get("strip") or {}
    return {
        "width_mm": strip.get("width_mm"),
        "rolls": _ROLLS,
        "grading": _GRADING,
        "follow": {"endpoint": f"tcp://{_HOST}:{line}", "publish": f"tcp://{_HOST}:{port}"},
        "report": {"folder": "reports", "archive": "archive"},
    }


def _view(demo: Demo, line: int, coil: int) -> dict[str, Any]:
    return {
        "listen": f"{_HOST}:{demo.port}",
        "anyone": "engineer",
        "state": "state",
        "lines": [
            {
                "name": demo.name,
                "endpoint": f"tcp://{_HOST}:{line}",
                "coil": f"tcp://{_HOST}:{coil}",
                "control": f"ipc://{CONTROL}",
                "journal": "journal.sqlite",
                "archive": "archive",
                "coil_config": COIL,
            }
        ],
    }
