"""The keys of clients on other machines, and the role of each: a folder for each role, with one public key file for each client."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import zmq

from inspector.config.control import RemoteControl
from inspector.errors import UserError
from inspector.protocol.control import Role
from inspector.protocol.keys import open_to_others
from inspector.results.allow_list import protect, server_keys
from inspector.results.key_folder import KeyFolder, Refusals
from inspector.results.zap import LATER, LET_IN, REFUSED, Answer, answer_all

log = logging.getLogger(__name__)

SECTION = "control.remote"
CLIENTS = f"{SECTION}.clients"


class Client(NamedTuple):
    """The owner of a key."""

    name: str
    role: Role


class RoleKeys:
    """Who may connect, and as what. ``who`` and ``allows`` may be called from any thread, the rest from one."""

    def __init__(self, config: RemoteControl, refused: Callable[[str, str], None]) -> None:
        """``refused(key, address)`` is called once for each key that is turned away. Raises UserError naming ``control.remote``."""
        secret_file = Path(config.secret_key)
        self._public, self._secret = server_keys(secret_file, SECTION)
        if problem := secret_problem(secret_file):
            raise UserError(f"{SECTION}.secret_key: {problem}")
        self._folder = Path(config.clients)
        self._refused = refused
        self._turned_away = Refusals(log, "control clients that were refused")
        self._folders: dict[Role, KeyFolder] = {}
        self._clients: dict[str, Client] = {}
        if not self._folder.is_dir():
            raise UserError(
                f"{CLIENTS}: there is no folder {self._folder}; `inspector keys allow` makes it and puts the first client in"
            )
        if problem := folder_problem(self._folder):
            raise UserError(f"{CLIENTS}: {problem}")
        damaged = self._find_folders()
        if damaged:
            raise UserError(f"{CLIENTS}: {damaged[0]}")
        self._merge()

    def protect(self, data: zmq.Socket[bytes]) -> None:
        """Make ``data``, which is not bound yet, a CURVE server."""
        protect(data, self._public, self._secret, b"control")

    def who(self, key: str) -> Client | None:
        """The owner of a public key; None where it is in no role's folder."""
        return self._clients.get(key)

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer the requests that wait on ``zap``, a ROUTER socket bound to ``ZAP_ENDPOINT``."""
        answer_all(zap, self._decide)

    def allows(self, key: str) -> bool:
        """Whether the owner of ``key`` may still be connected."""
        return key in self._clients

    def look(self) -> None:
        """Read the keys again if one of the files has changed."""
        for problem in self._find_folders():
            log.error("%s: %s", CLIENTS, problem)
        for role, folder in list(self._folders.items()):
            folder.look()
            if not folder.readable and not folder.folder.exists():
                del self._folders[role]  # with its last key revoked, say; it may come again
        self._merge()

    def sum_up(self) -> None:
        """Log how many lines were left out."""
        self._turned_away.sum_up()

    def _find_folders(self) -> list[str]:
        """Take in the folders of roles that have none yet; return what is wrong."""
        problems = []
        for role in Role:
            path = self._folder / role.value
            if role in self._folders or not path.is_dir():
                continue
            if problem := folder_problem(path):
                if self._turned_away.first(str(path)):
                    problems.append(problem)
                continue
            try:
                self._folders[role] = folder = KeyFolder(path, CLIENTS, log, guarded=True)
            except OSError as error:
                problems.append(f"{path} cannot be read: {error.strerror}")
            else:
                problems.extend(folder.damaged)
        return problems

    def _merge(self) -> None:
        clients: dict[str, Client] = {}
        for role in Role:  # the highest comes last, and counts where a key is in several folders
            if role in self._folders:
                clients.update({key: Client(name, role) for key, name in self._folders[role].names.items()})
        if clients != self._clients:
            self._clients = clients
            self._turned_away.forget()

    def _decide(self, key: str, address: str) -> Answer:
        self.look()
        if key in self._clients:
            return LET_IN
        if not self._folder.is_dir() or not all(folder.readable for folder in self._folders.values()):
            return LATER
        if self._turned_away.tell(
            key, "control: %s from %s is refused: no file in %s holds this public key", key, address, self._folder
        ):
            self._refused(key, address)
        return REFUSED


def secret_problem(path: Path) -> str:
    """Why a secret key is not secret, and what mends it; empty where only its owner reads it. What systemd has loaded for the service
    (LoadCredential) is guarded by it."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and path.absolute().is_relative_to(credentials):
        return ""
    return open_to_others(path)


def folder_problem(path: Path) -> str:
    """Why a folder is not fit to say who may do what; empty where it is."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return f"{path} can be written to by others (mode {mode:04o}); chmod go-w {path}" if mode & 0o022 else ""
