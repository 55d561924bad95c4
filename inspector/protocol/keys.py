"""Reads CURVE key files, as `inspector keys new` and ``zmq.auth.create_certificates`` write them, for the line and for its clients."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import NamedTuple

import zmq
from zmq.utils import z85

KEY_CHARACTERS = 40
CREDENTIALS = "/run/credentials"
"""Where systemd puts the files that it loads for services, each while its service runs."""
_LONGEST_FILE = 64 << 10
_MAKE_IT = "make it with `inspector keys new NAME`"


class KeyFileError(ValueError):
    """The file holds no usable key; the text names the file and says what was found."""


class KeyPair(NamedTuple):
    """The keys in one file, as Z85 text."""

    public: bytes
    secret: bytes | None
    """None in a file that holds the public key only."""


def read_key_file(path: Path) -> KeyPair:
    """The keys in ``path``. Raises KeyFileError, and nothing else, whatever the path is and whatever the file holds."""
    return _read(path)[0]


def read_secret_key_file(path: Path) -> tuple[bytes, bytes]:
    """Public and secret key in ``path``. Raises KeyFileError, also for a file with the public key only, and for one that other users of this
    machine may read or write: whoever has the secret key passes for its owner."""
    keys, mode = _read(path)
    if keys.secret is None:
        raise KeyFileError(f"{path} holds no secret key; name the *.key_secret file beside it")
    if mode & 0o077 and not _guarded_by_systemd(path):
        raise KeyFileError(f"{path} can be read by others (mode {mode:04o}); chmod 600 {path}")
    return keys.public, keys.secret


def _read(path: Path) -> tuple[KeyPair, int]:
    """The keys, and the mode of the file they were read from."""
    content, mode = _content(path)
    found = dict(_entries(path, content))
    if b"public-key" not in found:
        raise KeyFileError(f"{path} holds no public key; {_MAKE_IT}")
    keys = KeyPair(found[b"public-key"], found.get(b"secret-key"))
    for key in keys:
        if key is not None:
            _check_z85(path, key)
    if keys.secret is not None and zmq.has("curve") and zmq.curve_public(keys.secret) != keys.public:
        raise KeyFileError(f"{path} holds a public key that does not belong to its secret key; {_MAKE_IT}")
    return keys, mode


def _guarded_by_systemd(path: Path) -> bool:
    """Whether systemd has loaded the file for a service (LoadCredential=), into a folder that only the service and root may enter."""
    folders = (CREDENTIALS, os.environ.get("CREDENTIALS_DIRECTORY"))
    return any(folder and path.absolute().is_relative_to(folder) for folder in folders)


def _content(path: Path) -> tuple[bytes, int]:
    try:
        # Without O_NONBLOCK, a named pipe would block the caller until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(f"{path} is no file with a key; {_MAKE_IT}")
            content = file.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, KeyFileError):
            raise
        mend = f"; {_MAKE_IT}" if isinstance(error, FileNotFoundError) else ""
        raise KeyFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}{mend}") from None
    if len(content) > _LONGEST_FILE:
        raise KeyFileError(f"{path} is too large for a key file; {_MAKE_IT}")
    return content, stat.S_IMODE(mode)


def _entries(path: Path, content: bytes) -> list[tuple[bytes, bytes]]:
    entries = []
    for line in content.splitlines():
        name, equals, value = line.partition(b"=")
        name = name.strip()
        if name.startswith((b"public-key", b"secret-key")):
            if not equals or name not in (b"public-key", b"secret-key"):
                raise KeyFileError(
                    f"{path} is damaged: no key after {name[:20].decode('ascii', 'replace')!r}; {_MAKE_IT}"
                )
            entries.append((name, value.strip(b" \t'\"")))
    return entries


def _check_z85(path: Path, key: bytes) -> None:
    if len(key) != KEY_CHARACTERS:
        raise KeyFileError(f"{path} holds a key of {len(key)} characters; a key has {KEY_CHARACTERS}; {_MAKE_IT}")
    try:
        good = z85.encode(z85.decode(key)) == key
    except (KeyError, ValueError, struct.error):
        good = False
    if not good:
        raise KeyFileError(f"{path} holds a key that is no Z85 text; {_MAKE_IT}")
