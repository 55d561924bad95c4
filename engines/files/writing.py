"""The one door for outputs: a file that a command writes is never one that it reads, and never half written.

A regular file is written under another name beside its place and renamed when it is complete, so an error leaves what was there before.
A link is followed: the file it leads to is replaced, and the link stays. A device or a pipe is written in place.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO, TextIO, cast

from engines.errors import FileError
from engines.files.looking import is_same_file, resolved, unusable

Inputs = Mapping[str, Path]
"""The files that a command reads, by what they are, in words for its user: ``{"the journal that is read": path}``."""

UNWRITABLE = "cannot be written"


def refuse_inputs(output: Path, inputs: Inputs, option: str = "") -> None:
    """Raises FileError where ``output`` is one of the files that are read, whatever its spelling, or where one of them would be looked
    for that is not there; ``option`` is named in it."""
    for what, path in inputs.items():
        if _is_one(output, path):
            raise FileError(f"{_named(output, option)}: is {what}; name another file")


def check_output(output: Path, inputs: Inputs, option: str = "") -> None:
    """As `refuse_inputs`, and raises FileError where the folder of ``output`` is missing, too: for a command that works long before it
    writes."""
    refuse_inputs(output, inputs, option)
    _place(output, _named(output, option))


def refuse_folders(output: Path, folders: Inputs, option: str = "", *, below: bool = False) -> None:
    """Raises FileError where the folder ``output`` is, or with ``below`` lies in, one of the folders that are read.

    What is written there would be read with the rest the next time.
    """
    places = [output, *_above(output)] if below else [output]
    for what, folder in folders.items():
        for place in places:
            if _is_one(place, folder):
                where = "is" if place == output else "lies in"
                raise FileError(f"{_named(output, option)}: {where} {what}; name another folder")


@contextmanager
def text_output(path: Path, inputs: Inputs | None = None, option: str = "") -> Iterator[TextIO]:
    """A UTF-8 text file to write, line ends as given; it takes its place at the end. Raises FileError, see `refuse_inputs`."""
    with _output(path, inputs or {}, option, "w") as file:
        yield cast(TextIO, file)


@contextmanager
def binary_output(path: Path, inputs: Inputs | None = None, option: str = "") -> Iterator[BinaryIO]:
    """As `text_output`, for bytes."""
    with _output(path, inputs or {}, option, "wb") as file:
        yield cast(BinaryIO, file)


def write_text(path: Path, text: str, option: str = "") -> None:
    """Write a whole UTF-8 text file, or nothing. Raises FileError."""
    with text_output(path, option=option) as file:
        file.write(text)


def write_bytes(path: Path, data: bytes, option: str = "") -> None:
    """Write a whole file, or nothing. Raises FileError."""
    with binary_output(path, option=option) as file:
        file.write(data)


def output_folder(path: Path, option: str = "") -> Path:
    """The folder, made where it is missing. Raises FileError where it cannot be made, or where something else is there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise FileError(f"{_named(path, option)}: is no folder; name another one") from None
    except (OSError, ValueError) as error:
        raise unusable(_named(path, option), error, UNWRITABLE) from None
    return path


@contextmanager
def folder_beside(output: Path, option: str = "") -> Iterator[Path]:
    """A new folder beside ``output`` for what `take_place` moves there when it is complete; removed at the end. Raises FileError."""
    parent = output_folder(output.parent, option)
    try:
        scratch = tempfile.TemporaryDirectory(prefix=f".{output.name[:60]}-", dir=parent)
    except (OSError, ValueError) as error:
        raise unusable(_named(output, option), error, UNWRITABLE) from None
    with scratch as name:
        yield Path(name)


def take_place(made: Path, output: Path, option: str = "") -> None:
    """Move a folder to ``output`` on the same disk, which is not there or is an empty folder. Raises FileError for any other."""
    try:
        made.rename(output)  # over an empty folder too
    except OSError as error:
        raise unusable(_named(output, option), error, UNWRITABLE) from None


@contextmanager
def temporary_folder(prefix: str, advice: str = "") -> Iterator[Path]:
    """A new folder for files that are needed for a while only. Raises FileError where there is no place for one; ``advice`` ends it."""
    try:
        scratch = tempfile.TemporaryDirectory(prefix=prefix)
    except OSError as error:
        # Where no place at all can be written, tempfile lists those it has tried.
        why = "" if error.filename is None else f" ({error.strerror})"
        raise FileError(f"no folder for temporary files{why}; set TMPDIR{advice}") from None
    with scratch as name:
        yield Path(name)


@contextmanager
def _output(path: Path, inputs: Inputs, option: str, mode: str) -> Iterator[IO[str] | IO[bytes]]:
    refuse_inputs(path, inputs, option)
    named = _named(path, option)
    target, old = _place(path, named)
    try:
        if old is not None and not stat.S_ISREG(old):
            with _opened(target, mode) as file:
                yield file
        else:
            permissions = 0o666 & ~_umask() if old is None else stat.S_IMODE(old)
            with _beside(target, permissions, mode) as file:
                yield file
    except OSError as error:
        if not _is_of_the_output(error, target):
            raise
        raise unusable(named, error, UNWRITABLE) from None


def _place(path: Path, named: str) -> tuple[Path, int | None]:
    """The file that is written, links followed, and the mode of what is there; None where nothing is. Raises FileError where none can be."""
    try:
        old = _status(path)
        target = Path(os.path.realpath(path)) if old is None or stat.S_ISREG(old.st_mode) else path
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not target.parent.is_dir():
            raise FileError(f"{named}: {UNWRITABLE}, its folder does not exist; create it first")
    except (OSError, ValueError) as error:
        raise unusable(named, error, UNWRITABLE) from None
    return target, None if old is None else old.st_mode


@contextmanager
def _beside(target: Path, permissions: int, mode: str) -> Iterator[IO[str] | IO[bytes]]:
    """A new file that takes the place of ``target`` at the end, and is removed after an error."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:60]}.", suffix=".part", dir=target.parent)
    try:
        with _opened(handle, mode) as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), permissions)
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _opened(file: int | Path, mode: str) -> IO[str] | IO[bytes]:
    return open(file, mode, encoding="utf-8", newline="") if mode == "w" else open(file, mode)


def _is_of_the_output(error: OSError, target: Path) -> bool:
    """Whether the error is of the written file: errors of a write name no file, those of other files name theirs."""
    named = error.filename
    return named is None or (isinstance(named, (str, bytes)) and Path(os.fsdecode(named)).parent == target.parent)


def _is_one(path: Path, other: Path) -> bool:
    """Whether both are, or would be, one file or folder."""
    with suppress(OSError, ValueError):
        return is_same_file(path, other) or os.path.realpath(path) == os.path.realpath(other)
    return path == other


def _above(path: Path) -> list[Path]:
    return list(resolved(path).parents)


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _umask() -> int:
    """The process's umask, read without setting it, which would change what other threads create."""
    with suppress(OSError), open("/proc/self/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022


def _named(path: Path, option: str) -> str:
    return f"{option} {path}" if option else str(path)
