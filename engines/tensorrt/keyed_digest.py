"""Files with a keyed digest (HMAC-SHA256), made with a key that only this user can read.

Files given to TensorRT may run as code, and a cache folder may be writable for others: a file without the right digest is not used.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from engines.errors import EngineError, PlanKeyError
from engines.tensorrt.private_files import write_private

KEY_FILE = "key"
KEY_BYTES = 32
DIGEST_BYTES = 32


def read_key(folder: Path, *, create: bool = False) -> bytes:
    """The key of a folder; with `create` it is made where there is none. Raises PlanKeyError where it cannot be read or is not secret."""
    path = folder / KEY_FILE
    try:
        if create and not path.exists():
            write_private(path, secrets.token_bytes(KEY_BYTES), replace=False)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise PlanKeyError(path, f"the key of the plans cannot be read ({error.strerror})") from None
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid() or len(key) != KEY_BYTES:
        raise PlanKeyError(
            path,
            "belongs to another user or can be read or written by others, so the plans cannot be trusted",
            known_to_others=True,
        )
    return key


def keyed_digest(key: bytes, label: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 over a label, which names the kind of data, and the data."""
    return hmac.new(key, len(label).to_bytes(8, "big") + label + data, hashlib.sha256).digest()


def write_with_digest(path: Path, data: bytes) -> None:
    """Write a file that begins with the digest of its name and the data. Raises EngineError."""
    key = read_key(path.parent, create=True)
    write_private(path, keyed_digest(key, path.name.encode(), data) + data)


def read_with_digest(path: Path) -> bytes:
    """The data that `write_with_digest` wrote; empty where there is no such file, or it was altered."""
    try:
        content = path.read_bytes()
        found, data = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        expected = keyed_digest(read_key(path.parent), path.name.encode(), data)
    except (OSError, EngineError):
        return b""
    return data if hmac.compare_digest(found, expected) else b""
