"""Questions about a path that a user named, whose answer is never a traceback.

``Path.is_file`` and its like raise for a folder that may not be entered and for a name that is too long (up to Python 3.13),
``Path.expanduser`` where no home directory is known, and ``Path.glob`` keeps silent about a folder that may not be read. Here each of
these is a FileError of one line.
"""

from __future__ import annotations

import os
import stat
from fnmatch import fnmatchcase
from pathlib import Path

from engines.errors import FileError
from engines.files.text import brief

_ABSENT = (FileNotFoundError, NotADirectoryError)


def is_file(path: Path) -> bool:
    """Whether a regular file is there; links are followed. Raises FileError where that cannot be known."""
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def is_folder(path: Path) -> bool:
    """Whether a folder is there; links are followed. Raises FileError where that cannot be known."""
    mode = _mode(path)
    return mode is not None and stat.S_ISDIR(mode)


def is_there(path: Path) -> bool:
    """Whether anything is there; links are followed. Raises FileError where that cannot be known."""
    return _mode(path) is not None


def absence(path: Path) -> str:
    """How to say that ``path`` is not there; a link that leads to nothing is one whose data are elsewhere, or were not fetched."""
    return "is a link to a file that is not there" if os.path.islink(path) else "does not exist"


def is_same_file(one: Path, other: Path) -> bool:
    """Whether both are one file, through whatever links and spellings; False where one of them is not there."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def expanded(path: str | Path, origin: str = "") -> Path:
    """The path with ``~`` filled in; ``origin`` says where it was written. Raises FileError where no home directory is known."""
    try:
        return Path(path).expanduser()
    except (RuntimeError, ValueError):  # nobody of that name, or a name that nobody can have
        raise FileError(
            f"{origin}{': ' if origin else ''}{brief(str(path), 300)}: no home directory is known for it; write the whole path"
        ) from None


def home(needed_for: str) -> Path:
    """The user's home directory; ``needed_for`` begins the error: what needs it. Raises FileError where none is known."""
    try:
        return Path.home()
    except RuntimeError:
        raise FileError(f"{needed_for}: no home directory is known") from None


def resolved(path: Path) -> Path:
    """The whole path, links followed as far as they lead. Raises FileError where that cannot be known, as in a circle of links."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise FileError(f"{path}: cannot be followed ({reason(error)}); give another place") from None


def entries(folder: Path, pattern: str = "*") -> list[Path]:
    """What is in a folder under names that match, in the order of names; nothing where there is no such folder.

    Raises FileError where it cannot be listed.
    """
    try:
        names = os.listdir(folder)
    except _ABSENT:
        return []
    except (OSError, ValueError) as error:
        raise unusable(folder, error, "cannot be listed") from None
    return [folder / name for name in sorted(names) if fnmatchcase(name, pattern)]


def files_below(folder: Path) -> list[Path]:
    """The regular files in a folder and in those below it; links to folders are not followed. Raises FileError as `entries` does."""
    found: list[Path] = []
    for one in entries(folder):
        if is_file(one):
            found.append(one)
        elif is_folder(one) and not os.path.islink(one):
            found += files_below(one)
    return found


def size_of(path: Path) -> int:
    """Bytes of a file; 0 where there is none. Raises FileError where that cannot be known."""
    status = _status(path)
    return 0 if status is None else status.st_size


def unusable(path: str | Path, error: OSError | ValueError, what: str = "cannot be read") -> FileError:
    """The error of the system as a FileError of one line."""
    return FileError(f"{brief(str(path), 300)}: {what} ({reason(error)})")


def reason(error: BaseException) -> str:
    """Why the system refused, without the path: "Permission denied"."""
    return getattr(error, "strerror", None) or str(error).splitlines()[0] if str(error) else type(error).__name__


def _mode(path: Path) -> int | None:
    status = _status(path)
    return None if status is None else status.st_mode


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except _ABSENT:
        return None
    except PermissionError as error:
        raise FileError(
            f"{path}: cannot be looked into ({error.strerror}); let this user enter the folders above it, "
            "or give another place"
        ) from None
    except (OSError, ValueError) as error:  # too long, a circle of links, a NUL character
        raise unusable(path, error, "cannot be looked for") from None
