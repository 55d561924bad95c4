"""Encrypts secret keys by a program that is kept for it: age or gpg. Nothing is encrypted here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from engines.files.text import brief
from inspector.errors import UserError

_LONGEST_S = 300.0
"""A person may have to type a passphrase."""


class Tool(str, Enum):
    """What encrypts."""

    AGE = "age"
    GPG = "gpg"


def seal(tool: Tool, recipients: Sequence[str], data: bytes) -> bytes:
    """``data``, encrypted to these public keys. Raises UserError."""
    for recipient in recipients:
        if recipient.startswith("-"):
            raise UserError(f"-r {brief(recipient)}: is no recipient; give a public key of {tool.value}")
    to = [word for recipient in recipients for word in ("-r", recipient)]
    command = ["--batch", "--no-tty", "--encrypt", *to] if tool is Tool.GPG else to
    return _run(tool, command, data, "encrypt")


def unseal(tool: Tool, data: bytes, identity: Path | None) -> bytes:
    """What ``seal`` encrypted. ``identity``: file with age's secret key; gpg has its own. Raises UserError."""
    if tool is Tool.GPG:
        return _run(tool, ["--quiet", "--decrypt"], data, "decrypt")
    if identity is None:
        raise UserError(
            "--with-keys: the keys were encrypted by age; give --identity FILE, the secret key that reads them"
        )
    return _run(tool, ["--decrypt", "-i", str(identity.absolute())], data, "decrypt")


def _run(tool: Tool, arguments: Sequence[str], data: bytes, what: str) -> bytes:
    program = shutil.which(tool.value)
    if program is None:
        raise UserError(f"{tool.value}: is not installed; install it, or leave the secret keys out")
    try:
        done = subprocess.run([program, *arguments], input=data, capture_output=True, timeout=_LONGEST_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"{tool.value}: cannot {what} ({error})") from None
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UserError(f"{tool.value}: cannot {what}: {brief(said[-1] if said else 'it says nothing', 200)}")
    return done.stdout
