"""The inside of a process that makes something for the pages of the viewer, gives way to everything else on the machine, and says it on standard output.

A message is a letter, the length of what follows (8 bytes, little endian) and that: ``p`` is progress, ``e`` why it cannot be made, ``.`` the end; what others
mean is the worker's own. Standard input is the job and stays open: at its end nobody waits any more, and the process ends.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import msgspec

from engines.errors import FileError
from inspector.errors import UserError

MESSAGE = struct.Struct("<cQ")
PROGRESS, TROUBLE, END = b"p", b"e", b"."
Tell = Callable[[bytes, bytes], None]
T = TypeVar("T")


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far it is, rows of the journal."""

    done: int
    of: int


def run_worker(kind: type[T], make: Callable[[T, Tell], None]) -> None:
    """Do the job on standard input with ``make``; the process is of no further use."""
    os.nice(10)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), daemon=True).start()
    out = os.dup(1)
    os.dup2(2, 1)  # nothing that is printed by a library comes between the messages
    try:
        with open(out, "wb") as file:
            told(make, job, lambda kind, content: _write(file, kind, content))
    except BrokenPipeError:
        os._exit(0)


def told(make: Callable[[T, Tell], None], job: T, tell: Tell) -> None:
    """Do the job, and tell what prevents it."""
    try:
        make(job, tell)
        tell(END, b"")
    except (UserError, FileError) as error:
        tell(TROUBLE, str(error).encode())


def _write(file: BinaryIO, kind: bytes, content: bytes) -> None:
    file.write(MESSAGE.pack(kind, len(content)))
    file.write(content)
    file.flush()


def _end_with(stream: BinaryIO) -> None:
    stream.read()
    os._exit(0)
