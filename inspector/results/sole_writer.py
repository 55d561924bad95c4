"""Only one process at a time writes a journal, or an archive: the streams of two lines in one file would be neither's proof.

The file is guarded twice. A lock on a file beside it holds across containers and, where the file server has locks, across machines; it is
found through links to the journal because their target is looked for. A name made of the file's inode finds hard links too, within
this machine. The kernel gives both free when the process ends, so what a killed daemon leaves behind stops nobody.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from inspector.errors import UserError
from inspector.frames.held_name import HeldName, NameHeldError, process_in_words

_SUFFIX = ".lock"
_MODE = 0o644
"""Others may see who it is."""
_BUSY = (errno.EWOULDBLOCK, errno.EACCES)
_TRIES = 5


class SoleWriter:
    """The guard of one file. For one thread."""

    def __init__(self, path: Path, kind: str = "journal", told: str = "") -> None:
        """``kind`` says what the file is; ``told`` is how errors begin that name it."""
        self._path = path
        self._kind = kind
        self._told = told or f"journal.path: {path}"
        self._lock: int | None = None
        self._place: Path | None = None
        """The file beside the journal."""
        self._inode: tuple[int, int] | None = None
        self._name: HeldName | None = None

    def take(self) -> None:
        """Guard the file at the path, which need not be there yet; to be called again once it is, and whenever it may be another one.

        Raises UserError where another writer has it. Where no file can be made beside the journal, SQLite cannot write there either, and
        says why."""
        real = Path(os.path.realpath(self._path))
        place = real.with_name(real.name + _SUFFIX)
        if place != self._place or self._lock is None or not _is_at(self._lock, place):
            self._unlock()
            self._lock, self._place = self._locked(place), place
        try:
            status = real.stat()
        except OSError:
            return
        inode = status.st_dev, status.st_ino
        if inode == self._inode:
            return
        try:
            name = HeldName(f"{self._kind}/{inode[0]}/{inode[1]}")
        except NameHeldError as error:
            raise self._refusal(error.holder) from None
        self._let_name_go()
        self._name, self._inode = name, inode

    def release(self) -> None:
        """Let others have it."""
        self._let_name_go()
        self._unlock()

    def _locked(self, place: Path) -> int | None:
        """A descriptor that holds the lock; None where no file can be made there."""
        for _ in range(_TRIES):
            descriptor = _opened(place)
            if descriptor is None:
                return None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = _written_in(descriptor)
                os.close(descriptor)
                if error.errno in _BUSY:
                    raise self._refusal(process_in_words(holder)) from None
                return None  # a file system without locks
            if not _is_at(descriptor, place):  # its holder has removed it between the two calls
                os.close(descriptor)
                continue
            _sign(descriptor)
            return descriptor
        return None

    def _unlock(self) -> None:
        if self._lock is not None and self._place is not None:
            if _is_at(self._lock, self._place) and _written_in(self._lock) == os.getpid():
                with contextlib.suppress(OSError):
                    self._place.unlink()  # while it is locked, so that nobody locks a file without a name
            os.close(self._lock)
        self._lock = self._place = None

    def _let_name_go(self) -> None:
        if self._name is not None:
            self._name.release()
        self._name = self._inode = None

    def _refusal(self, holder: str) -> UserError:
        return UserError(f"{self._told} is written by {holder} already; stop it, or name a file of this line's own")


def _opened(place: Path) -> int | None:
    """A descriptor of the file, which is made where there is none. One that belongs to another user is locked without being written."""
    for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(place, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, _MODE)
    return None


def _sign(descriptor: int) -> None:
    """Write into the file who has the lock, which is more than the lock needs; not where it is somebody else's file, with something else in it."""
    with contextlib.suppress(OSError):
        content = os.pread(descriptor, 64, 0)
        if os.fstat(descriptor).st_nlink == 1 and (not content or content.strip().isdigit()):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)


def _is_at(descriptor: int, place: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), place.lstat())
    except OSError:
        return False


def _written_in(descriptor: int) -> int:
    """The number of the process that has the lock; 0 where the file does not say."""
    try:
        return int(os.pread(descriptor, 20, 0))
    except (OSError, ValueError):
        return 0
