"""How a command ends: what the user can correct is one line on stderr; errors of the program itself keep their traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from engines.errors import BundleError, DataError, EngineError, FileError, RecipeError
from engines.files.looking import reason
from engines.files.text import printable
from inspector.cli.remedies import with_remedy
from inspector.errors import UserError

FAILED = 1
REFUSED = 2


def exit_status(command: Callable[[], object]) -> int:
    """Run a command, which may raise SystemExit, and print what stopped it; its exit status."""
    status = _status(command)
    try:
        sys.stdout.flush()  # here, because an error at the interpreter's own end could not be told in one line
    except BrokenPipeError:
        _discard(sys.stdout)
        return status or FAILED
    except OSError as error:
        _discard(sys.stdout)
        return status or _told(f"standard output: cannot be written ({reason(error)})", FAILED)
    return status


def prepare_streams() -> None:
    """Make any text printable on stdout and stderr, whatever their encoding, and give them a place where the caller has closed them.

    Otherwise the next file that is opened would get the number of the closed one, and what is printed would be written into it.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115  as long as the process
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _status(command: Callable[[], object]) -> int:
    try:
        command()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else 0
    except (UserError, FileError, BundleError, DataError, EngineError, RecipeError) as error:
        return _told(with_remedy(error), REFUSED)
    except BrokenPipeError:  # the reader of our output has gone, as in `inspector ... | head`
        _discard(sys.stdout)
        return FAILED
    except MemoryError:
        return _told("not enough memory", FAILED)
    except OSError as error:
        if error.filename is not None:
            return _told(f"{_name(error.filename)}: {reason(error)}", REFUSED)
        if _is_full(sys.stdout):
            return _told(f"standard output: cannot be written ({reason(error)})", FAILED)
        return _told(reason(error), FAILED)
    return 0


def _name(file: object) -> str:
    return os.fsdecode(file) if isinstance(file, (str, bytes)) else str(file)


def _is_full(stream: TextIO) -> bool:
    """Whether what was printed cannot be written: what the failed write has left would be written now."""
    try:
        stream.flush()
    except OSError:
        _discard(stream)
        return True
    return False


def _discard(stream: TextIO) -> None:
    """Send what was not written nowhere, so that the interpreter does not try again at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _told(what: str, status: int) -> int:
    try:
        print(f"inspector: {printable(what)}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)
    return status
