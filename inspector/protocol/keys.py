"""Reads CURVE key files as ``zmq.auth.create_certificates`` writes them, for the publisher and for subscribers."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path
from typing import NamedTuple

import zmq
from zmq.utils import z85

KEY_CHARACTERS = 40
_LONGEST_FILE = 64 << 10
_MAKE_IT = "make it with zmq.auth.create_certificates"


class KeyFileError(ValueError):
    """The file holds no usable key; the text names the file and says what was found."""


class KeyPair(NamedTuple):
    """The keys in one file, as Z85 text."""

    public: bytes
    secret: bytes | None
    """None in a file that holds the public key only."""


def read_key_file(path: Path) -> KeyPair:
    """The keys in ``path``. Raises KeyFileError, and nothing else, whatever the path is and whatever the file holds."""
    found = dict(_entries(path, _content(path)))
    if b"public-key" not in found:
        raise KeyFileError(f"{path} holds no public key; {_MAKE_IT}")
    keys = KeyPair(found[b"public-key"], found.get(b"secret-key"))
    for key in keys:
        if key is not None:
            _check_z85(path, key)
    if keys.secret is not None and zmq.has("curve") and zmq.curve_public(keys.secret) != keys.public:
        raise KeyFileError(f"{path} holds a public key that does not belong to its secret key; {_MAKE_IT}")
    return keys


def read_secret_key_file(path: Path) -> tuple[bytes, bytes]:
    """Public and secret key in ``path``. Raises KeyFileError, also for a file with the public key only."""
    public, secret = read_key_file(path)
    if secret is None:
        raise KeyFileError(
            f"{path} holds no secret key; name the *.key_secret file that zmq.auth.create_certificates wrote beside it"
        )
    return public, secret


def open_to_others(path: Path) -> str:
    """A warning where other users of the machine may read or write the secret key in ``path``; empty where they may not."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return ""
    return f"{path} can be read by others (mode {mode:04o}); chmod 600 {path}" if mode & 0o077 else ""


def _content(path: Path) -> bytes:
    try:
        # Without O_NONBLOCK, a named pipe would block the caller until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise KeyFileError(f"{path} is no file with a key; {_MAKE_IT}")
            content = file.read(_LONGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, KeyFileError):
            raise
        raise KeyFileError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > _LONGEST_FILE:
        raise KeyFileError(f"{path} is too large for a key file; {_MAKE_IT}")
    return content


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
