"""The places of a line that systemd runs, as systemd/inspector@.service has them: the name of its file is that of the instance."""

from __future__ import annotations

import re
from pathlib import Path

from engines.files.looking import resolved
from inspector.errors import UserError

CONFIGURATIONS = Path("/etc/inspector")
STATE = Path("/var/lib/inspector")
CREDENTIALS = Path("/run/credentials")
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""Hidden from the service by ProtectHome."""


def is_for_a_service(file: Path) -> bool:
    """Whether the service reads a configuration in this place."""
    return resolved(file.parent) == CONFIGURATIONS


class ServicePlaces:
    """Where the service of the configuration ``file`` has what it writes and what it is given."""

    def __init__(self, file: Path) -> None:
        """Raises UserError where the service cannot be named after the file."""
        if file.suffix != ".yaml" or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", file.stem):
            raise UserError(
                f"{file}: a line that systemd runs is named after its file: letters, digits, -, _ and ., then .yaml"
            )
        self.instance = file.stem
        self.unit = f"inspector@{file.stem}.service"

    @property
    def journal(self) -> Path:
        """Its journal, in the folder that systemd makes when the line starts."""
        return STATE / self.instance / "journal.sqlite"

    def credential(self, secret: Path) -> str:
        """The copy of a secret key that the service is given: it may not read the file itself."""
        return str(CREDENTIALS / self.unit / secret.name)

    def check_readable(self, option: str, path: Path) -> None:
        """Raises UserError for a place that is hidden from the service."""
        whole = resolved(path)
        if any(whole.is_relative_to(home) for home in HOMES):
            raise UserError(f"{option}: {path} is in a home folder, which the service does not see; move it to {STATE}")

    def check_writable(self, option: str, path: Path) -> None:
        """Raises UserError for a file where the service may not write."""
        if not resolved(path).is_relative_to(STATE / self.instance):
            raise UserError(f"{option}: the service writes to {STATE / self.instance} only; name a file there")
