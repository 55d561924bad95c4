"""Files of this user alone, proved by a keyed digest: what TensorRT is handed may run as code, and a cache folder may be writable
for others."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from engines.errors import EngineError

KEY_FILE = "key"
KEY_BYTES = 32
_DIGEST_BYTES = 32
MEND = "build it again with `inspector engines build`"
AS_USER = f"{MEND} as the user who runs the line"


def read_key(folder: Path, *, make: bool = False) -> bytes:
    """The key of what is kept in the folder; with ``make`` there is one afterwards. Raises EngineError where others know it."""
    path = folder / KEY_FILE
    try:
        if make and not path.exists():
            write_private(path, secrets.token_bytes(KEY_BYTES), replace=False)
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise EngineError(f"{path}: the key of the plans cannot be read ({error.strerror}); {AS_USER}") from None
    if stat.S_IMODE(facts.st_mode) & 0o077 or facts.st_uid != os.geteuid() or len(key) != KEY_BYTES:
        raise EngineError(
            f"{path}: belongs to another user or can be read or written by others, so the plans cannot be trusted; "
            f"remove {folder}, then {AS_USER}"
        )
    return key


def digest(key: bytes, told: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 over what a file is and what it holds."""
    return hmac.new(key, len(told).to_bytes(8, "big") + told + data, hashlib.sha256).digest()


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """For this user alone, all or nothing; without ``replace`` the first to write wins. Raises EngineError."""
    partial = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if replace:
            partial.replace(path)
            return
        with suppress(FileExistsError):
            path.hardlink_to(partial)
        partial.unlink()
    except BaseException as error:
        if partial is not None:
            partial.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise EngineError(f"{path}: cannot be written ({error.strerror}); make room or name another folder") from None


def remove_file(path: Path) -> int:
    """Remove one file, if it is there; gives the bytes that were freed. Raises EngineError."""
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise EngineError(f"{path}: cannot be removed ({error.strerror})") from None
    return size


def read_sealed(path: Path) -> bytes:
    """What `write_sealed` put there; empty where there is nothing, or not what was put there."""
    try:
        sealed = path.read_bytes()
        proof, data = sealed[:_DIGEST_BYTES], sealed[_DIGEST_BYTES:]
        right = digest(read_key(path.parent), path.name.encode(), data)
    except (OSError, EngineError):
        return b""
    return data if hmac.compare_digest(proof, right) else b""


def write_sealed(path: Path, data: bytes) -> None:
    """Keep data in one file with its digest. Raises EngineError."""
    key = read_key(path.parent, make=True)
    write_private(path, digest(key, path.name.encode(), data) + data)
