"""Signatures of a bundle, by ``ssh-keygen -Y``: who has released it, and that its files are what was released.

Two files are signed, because either can be replaced alone: the manifest, which holds the SHA-256 of every other file, and the operating
point. The signature of ``FILE`` is ``FILE.sig`` beside it. What is checked are the bytes that were read, not the file: nothing is
opened a second time.
"""

from __future__ import annotations

import os
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engines.errors import BundleError, FileError, UnsignedError
from engines.files.looking import is_there
from engines.files.reading import read_bytes
from engines.files.text import brief

NAMESPACE = "inspector-bundle"
"""What the signatures are for (``-n``): one for another purpose does not count."""
SUFFIX = ".sig"
_PROGRAM = "ssh-keygen"
_MOST_BYTES = 64 << 10
_LONGEST_S = 10.0
_LONGEST_SIGNING_S = 120.0
"""A person may have to type a passphrase or touch a token."""


@dataclass(frozen=True, slots=True)
class Signers:
    """Those whose signature counts."""

    file: Path
    """As ssh-keygen reads it (ALLOWED SIGNERS in its manual): one line for each, ``NAME namespaces="inspector-bundle" KEY``."""

    def check(self, data: bytes, path: Path) -> str:
        """Who has signed ``data``, which was read from ``path``. Raises BundleError where nobody of them has."""
        self._check_file()
        signature = _signature_of(path, self.file)
        with tempfile.NamedTemporaryFile(prefix="inspector-", suffix=SUFFIX) as copy:
            copy.write(signature)
            copy.flush()
            found = _run("-Y", "find-principals", "-s", copy.name, "-f", str(self.file))
            if found.returncode:
                raise UnsignedError(path, f"is signed by a key that {self.file} does not name")
            for name in found.stdout.decode("utf-8", "replace").splitlines():
                options = ("-f", str(self.file), "-I", name, "-n", NAMESPACE, "-s", copy.name)
                if _run("-Y", "verify", *options, data=data).returncode == 0:
                    return name
        raise UnsignedError(path, f"its signature is not of this content, or not for bundles (namespace {NAMESPACE})")

    def _check_file(self) -> None:
        try:
            mode = os.stat(self.file).st_mode
        except OSError as error:
            raise BundleError(
                f"{self.file}: cannot be read: {error.strerror}; it names those who may sign bundles"
            ) from None
        if not stat.S_ISREG(mode):
            raise BundleError(f"{self.file}: is no file with those who may sign bundles")
        if mode & 0o022:
            raise BundleError(
                f"{self.file}: can be written to by others (mode {stat.S_IMODE(mode):04o}); chmod go-w {self.file}"
            )
        for folder in {self.file.absolute().parent, Path(os.path.realpath(self.file)).parent}:
            mode = os.stat(folder).st_mode
            if mode & 0o022 and not mode & stat.S_ISVTX:  # in one like /tmp nobody replaces another's file
                raise BundleError(
                    f"{self.file}: its folder {folder} can be written to by others (mode {stat.S_IMODE(mode):04o}); chmod go-w {folder}"
                )


def sign(data: bytes, key: Path) -> bytes:
    """The signature of ``data`` with a private key, or with a public one whose private key an agent has. Raises FileError."""
    if not is_there(key):
        raise FileError(f"{key}: no such key; `ssh-keygen -t ed25519 -f {key}` makes one")
    try:
        done = _run("-Y", "sign", "-q", "-f", str(key), "-n", NAMESPACE, data=data, longest_s=_LONGEST_SIGNING_S)
    except BundleError as error:
        raise FileError(str(error)) from None
    if done.returncode or not done.stdout.startswith(b"-----BEGIN SSH SIGNATURE-----"):
        raise FileError(f"{key}: does not sign: {_last_line(done.stderr)}")
    return done.stdout


def _signature_of(path: Path, signers: Path) -> bytes:
    place = path.with_name(path.name + SUFFIX)
    try:
        if not is_there(place):
            raise UnsignedError(
                path,
                f"is not signed (there is no {place.name} beside it), and only what one of {signers} has signed is loaded",
            )
        return read_bytes(place, _MOST_BYTES)
    except FileError as error:
        raise BundleError(str(error)) from None


def _run(*arguments: str, data: bytes = b"", longest_s: float = _LONGEST_S) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run([_PROGRAM, *arguments], input=data, capture_output=True, timeout=longest_s, check=False)
    except FileNotFoundError:
        raise BundleError(
            f"{_PROGRAM}: is not installed, and signatures of bundles need it; apt install openssh-client"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"{_PROGRAM}: cannot be used: {brief(str(error), 200)}") from None


def _last_line(told: bytes) -> str:
    lines = [line for line in told.decode("utf-8", "replace").splitlines() if line.strip()]
    return brief(lines[-1], 200) if lines else "ssh-keygen does not say why"
