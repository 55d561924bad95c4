"""Key pairs of a line and its clients, as `inspector keys` leaves them, and the folder of those that may connect."""

from __future__ import annotations

import shutil
from pathlib import Path

import zmq.auth

from inspector.config.keys import KeysConfig

LINE = "line"
ROLES = ("subscriber", "viewer", "operator", "engineer")


def make_pair(folder: Path, name: str) -> Path:
    """A key pair in ``folder``; the file with the secret key, for its owner alone."""
    _, secret = zmq.auth.create_certificates(folder, name)
    Path(secret).chmod(0o600)
    return Path(secret)


def make_keys(folder: Path, *strangers: str, **clients: str) -> KeysConfig:
    """Pairs of the line, of each of ``clients`` (role by name) and of ``strangers``, who may not connect; the section of the line's file."""
    for name in (LINE, *clients, *strangers):
        make_pair(folder, name)
    (folder / "clients").mkdir(mode=0o755)
    for name, role in clients.items():
        let_in(folder, name, role)
    return KeysConfig(secret_key=str(folder / f"{LINE}.key_secret"), clients=str(folder / "clients"))


def let_in(folder: Path, name: str, role: str) -> Path:
    """Give the client ``name`` a role; its file."""
    place = folder / "clients" / role
    place.mkdir(mode=0o755, exist_ok=True)
    place.chmod(0o755)
    file = Path(shutil.copy(folder / f"{name}.key", place))
    file.chmod(0o644)
    return file


def owner_of(folder: Path, name: str) -> dict[str, Path]:
    """What the client ``name`` connects with."""
    return {"server_key": folder / f"{LINE}.key", "client_key": folder / f"{name}.key_secret"}
