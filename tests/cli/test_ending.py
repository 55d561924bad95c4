"""How a command ends: one line for what the user or the machine did, a traceback for our own errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engines.errors import BundleError, FileError
from inspector.cli.ending import exit_status
from tests.cli.command import COMMAND


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (FileError("a.yaml: cannot be read (Permission denied)"), 2, "a.yaml: cannot be read (Permission denied)"),
        (BundleError("b\x1b[2J"), 2, "b\ufffd[2J"),
        (OSError(28, "No space left on device", "out/x"), 2, "out/x: No space left on device"),
        (OSError(28, "No space left on device", b"out/\xff"), 2, "out/\ufffd: No space left on device"),
        (OSError(24, "Too many open files"), 2, "Too many open files"),
        (MemoryError(), 1, "not enough memory"),
    ],
)
def test_one_line(error: Exception, status: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise error

    assert exit_status(command) == status
    assert capsys.readouterr().err == f"inspector: {line}\n"


def test_an_error_of_our_own_keeps_its_traceback() -> None:
    def command() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        exit_status(command)


@pytest.mark.parametrize(("ended", "status"), [(SystemExit(None), 0), (SystemExit(1), 1), (SystemExit("text"), 1)])
def test_the_status_of_the_command(ended: SystemExit, status: int) -> None:
    def command() -> None:
        raise ended

    assert exit_status(command) == status


def test_a_full_and_a_closed_standard_output(tmp_path: Path) -> None:
    shell = ["sh", "-c", '"$@" >/dev/full; echo $?; "$@" >&- 2>/dev/null; echo $?', "sh"]
    done = subprocess.run(
        [*shell, *COMMAND, "config", "schema"], capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=True
    )
    assert done.stderr == "inspector: standard output: cannot be written (No space left on device)\n"
    assert done.stdout.split() == ["1", "0"]


def test_any_name_can_be_printed_in_any_encoding() -> None:
    program = (
        "import sys; from inspector.cli.ending import prepare_streams; prepare_streams();"
        "from inspector.cli.output import tell; tell('é\\udcff \\x1b[2J'); print('\\udcff')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert done.stdout == b"\\xe9\\ufffd \\ufffd[2J\n\\udcff\n"
