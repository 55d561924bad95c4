"""Keys of ssh-keygen, the file of those who may sign, and signed copies of a bundle."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from engines.bundle import MANIFEST, OPERATING_POINT
from engines.bundle.signature import NAMESPACE, SUFFIX, sign


def make_key(folder: Path, name: str) -> Path:
    """A private key, with the public one beside it."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", folder / name], check=True, timeout=20
    )
    return folder / name


def make_signers(file: Path, *keys: Path, namespace: str = NAMESPACE) -> Path:
    """The file that names the owners of these keys."""
    lines = [f'{key.name}@plant namespaces="{namespace}" {key.with_suffix(".pub").read_text()}' for key in keys]
    file.write_text("".join(lines))
    file.chmod(0o644)
    return file


def sign_files(bundle: Path, key: Path, *names: str) -> None:
    """Sign files of a bundle; without names the two that are signed."""
    for name in names or (MANIFEST, OPERATING_POINT):
        (bundle / f"{name}{SUFFIX}").write_bytes(sign((bundle / name).read_bytes(), key))


def copied(bundle: Path, to: Path, key: Path | None = None) -> Path:
    """A copy, signed where a key is given."""
    shutil.copytree(bundle, to)
    if key is not None:
        sign_files(to, key)
    return to
