"""How a command ends: what the user can correct is one line on stderr; errors of the program itself keep their traceback."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from engines.errors import BundleError, DataError, EngineError, FileError, RecipeError
from engines.files.looking import reason
from engines.files.text import printable
from inspector.cli.remedies import with_remedy
from inspector.errors import UserError
from inspector.service.log import structured

log = logging.getLogger("inspector")

FAILED = 1
REFUSED = 2
OF_THE_LINE = ("numpy", "cv2", "simplejpeg", "jinja2", "openvino", "prometheus_client")
"""Modules of the extra ``line``, without which one may subscribe and give commands."""


def exit_status(command: Callable[[], object]) -> int:
    """Run a command, which may raise SystemExit, and print what stopped it; its exit status."""
    status = _status(command)
    try:
        sys.stdout.flush()  # here, because an error at the interpreter's own end could not be told in one line
    except BrokenPipeError:
        _discard(sys.stdout)
        return status or FAILED
    except OSError as error:
        return status or _unwritable(error)
    return status


def prepare_streams() -> None:
    """Make any text printable on stdout and stderr, whatever their encoding, and give them a place where the caller has closed them.

    Otherwise the next file that is opened would get the number of the closed one, and what is printed would be written into it.
    """
    while (spare := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(spare)
    sys.stdout = _Stream("standard output", 1, sys.stdout)
    sys.stderr = _Stream("standard error", 2, sys.stderr)


class _Stream(io.TextIOWrapper):
    """A standard stream that can print any text, and whose errors say that they are its own."""

    def __init__(self, called: str, descriptor: int, usual: TextIO | None) -> None:
        encoding = usual.encoding if usual is not None else None
        by_line, unbuffered = (
            (usual.line_buffering, usual.write_through) if isinstance(usual, io.TextIOWrapper) else (False, False)
        )
        # On stderr nothing is kept: what could not be written would fail again where Python flushes its streams, which is whenever it starts a
        # process, and the inference child could not be started.
        kept = descriptor != 2
        unbuffered = unbuffered or not kept
        file: Any = open(descriptor, "wb", buffering=-1 if kept else 0, closefd=False)  # noqa: SIM115  open as long as the process
        super().__init__(file, encoding, errors="backslashreplace", line_buffering=by_line, write_through=unbuffered)
        self.called = called

    def write(self, text: str) -> int:
        """Write a text, or keep it for the next flush. Raises OSError with the stream's name."""
        with self._named():
            return super().write(text)

    def flush(self) -> None:
        """Write what was kept. Raises OSError with the stream's name."""
        with self._named():
            super().flush()

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            error.filename = self.called
            raise


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
    except ModuleNotFoundError as error:
        if (missing := (error.name or "").split(".")[0]) not in OF_THE_LINE:
            raise
        return _told(
            f"this command needs what runs a line ({missing} is missing): pip install 'inspector[line]'", REFUSED
        )
    except OSError as error:
        if isinstance(sys.stdout, _Stream) and error.filename == sys.stdout.called:
            return _unwritable(error)
        return _told(f"{_name(error.filename)}: {reason(error)}" if error.filename else reason(error), REFUSED)
    except Exception:
        if not structured():
            raise
        log.critical("ended by an internal error; report this with the traceback", exc_info=True)
        return FAILED
    return 0


def _name(file: object) -> str:
    return os.fsdecode(file) if isinstance(file, (str, bytes)) else str(file)


def _unwritable(error: OSError) -> int:
    _discard(sys.stdout)
    return _told(f"standard output: cannot be written ({reason(error)})", FAILED)


def _discard(stream: TextIO) -> None:
    """Send what was not written nowhere, so that the interpreter does not try again at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _told(what: str, status: int) -> int:
    if structured():  # a program reads stderr, which gets no line of another kind
        log.error("%s", what)
        return status
    try:
        print(f"inspector: {printable(what)}", file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)
    return status
