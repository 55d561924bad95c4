"""The file with those who may log in: name, role and the hash of the password of each. Written by `inspector users`, read by the viewer."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from engines.errors import FileError
from engines.files.looking import unusable
from engines.files.names import Name
from engines.files.reading import decoded
from engines.files.typed import typed
from engines.files.writing import UNWRITABLE
from engines.files.yaml_text import parse_yaml, yaml_text
from inspector.errors import UserError
from inspector.view.access.passwords import StoredPassword, stored
from inspector.view.access.people import Role, RoleName
from inspector.view.access.secret_files import read_secret

MOST_USERS = 500
_MOST_BYTES = 256 << 10
_MODE = 0o600
_HEAD = "# Those who may log in at the viewer, by `inspector users`. What is kept of a password is a secret too: mode 0600, or 0640.\n"


class User(NamedTuple):
    """One who may log in."""

    name: str
    role: Role
    password: StoredPassword


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    role: RoleName
    password: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    users: tuple[_Entry, ...]


def read_users(path: Path, key: str = "users") -> dict[str, User]:
    """By name. Raises UserError, naming ``key``, also for a file that others may read."""
    content = read_secret(path, key, _MOST_BYTES)
    try:
        file = typed(
            parse_yaml(decoded(content, path), str(path)), _File, str(path), "list of users", keys_are_in="docs/view-users.md"
        )  # fmt: skip
    except FileError as error:
        raise UserError(f"{key}: {error}") from None
    if len(file.users) > MOST_USERS:
        raise UserError(f"{key}: {path}: more than {MOST_USERS} users")
    users: dict[str, User] = {}
    for number, entry in enumerate(file.users):
        if entry.name in users:
            raise UserError(f"{key}: {path}: users[{number}]: the name {entry.name!r} is there twice")
        try:
            users[entry.name] = User(entry.name, Role(entry.role), stored(entry.password))
        except ValueError as error:
            raise UserError(f"{key}: {path}: users[{number}].password: {error}") from None
    return users


@contextmanager
def changing_users(path: Path) -> Iterator[dict[str, User]]:
    """Those in the file (none where there is no file yet), to be changed in place; written at the end where they were. One process at a time.
    Raises UserError."""
    with _alone(path.parent):
        users = read_users(path) if path.exists() else {}
        before = dict(users)
        yield users
        if users != before or not path.exists():
            _write(path, users)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UserError(str(unusable(folder, error))) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, users: dict[str, User]) -> None:
    """The whole file or nothing of it; owner and mode of the one before stay, so that the viewer goes on to read what root has changed."""
    entries = [{"name": one.name, "role": one.role.value, "password": str(one.password)} for one in users.values()]
    try:
        place = path.resolve()
        before = place.stat() if place.exists() else None
        handle, name = tempfile.mkstemp(prefix=f".{place.name[:60]}.", suffix=".part", dir=place.parent)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(_HEAD + yaml_text({"users": entries}))
                file.flush()
                if before is not None:
                    status = os.fstat(file.fileno())
                    if (status.st_uid, status.st_gid) != (before.st_uid, before.st_gid):
                        os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), _MODE if before is None else before.st_mode & 0o777)
                os.fsync(file.fileno())
            os.replace(name, place)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise UserError(str(unusable(path, error, UNWRITABLE))) from None
