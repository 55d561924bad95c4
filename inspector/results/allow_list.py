"""The keys of clients on other machines: who may connect to a socket, and what each of them may do.

A folder for each role holds one public key file for each client. Each TCP socket of the line has an `AllowList` of its own, with the least
role that it asks for: ``subscriber`` for results and recovery, ``viewer`` for control.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import zmq

from inspector.config.keys import KeysConfig
from inspector.errors import UserError
from inspector.protocol.control import Role
from inspector.protocol.keys import KeyFileError, read_secret_key_file
from inspector.results.brief_log import BriefLog
from inspector.results.key_folder import KeyFolder, Refusals
from inspector.results.zap import LATER, LET_IN, REFUSED, Answer, answer_all

log = logging.getLogger(__name__)

SECRET_KEY, CLIENTS = "keys.secret_key", "keys.clients"


class Client(NamedTuple):
    """The owner of a key."""

    name: str
    role: Role


def _nobody_is_told(key: str, address: str, client: Client | None) -> None:
    pass


class AllowList:
    """Who may connect to one socket. ``who`` and ``allows`` may be called from any thread, the rest from one."""

    def __init__(
        self,
        keys: KeysConfig,
        socket: str,
        least: Role,
        refused: Callable[[str, str, Client | None], None] = _nobody_is_told,
    ) -> None:
        """``socket`` names it in the log: results, control. ``refused(key, address, client)`` is called once for each key that is turned away;
        ``client`` is its owner where the key is there, and the role is too low. Raises UserError naming ``keys``, also for a single file
        that cannot be used."""
        self._public, self._secret = server_keys(keys)
        self._folder = Path(keys.clients)
        self._socket = socket
        self._least = least
        self._tell_refused = refused
        self.refused = 0
        """How often somebody was not let in, whatever the reason."""
        self._let_in = BriefLog(log, logging.INFO, f"clients that were let in ({socket})")
        self._turned_away = Refusals(log, f"clients that were refused ({socket})")
        self._folders: dict[Role, KeyFolder] = {}
        self._clients: dict[str, Client] = {}
        self._unsafe: set[Path] = set()
        """Folders that others may write to since the start: what is in them gives nobody a role."""
        if not os.path.isdir(self._folder):
            raise UserError(
                f"{CLIENTS}: there is no folder {self._folder}; `inspector keys allow` makes it and puts the first client in"
            )
        if problem := folder_problem(self._folder):
            raise UserError(f"{CLIENTS}: {problem}")
        if problems := self._find_folders():
            raise UserError(f"{CLIENTS}: {problems[0]}")
        self._merge()

    def protect(self, data: zmq.Socket[bytes]) -> None:
        """Make ``data``, which is not bound yet, a CURVE server; ``answer`` then lets each client in or not."""
        data.setsockopt(zmq.CURVE_SERVER, 1)
        data.setsockopt(zmq.CURVE_PUBLICKEY, self._public)
        data.setsockopt(zmq.CURVE_SECRETKEY, self._secret)
        data.setsockopt(zmq.ZAP_DOMAIN, self._socket.encode())

    def who(self, key: str) -> Client | None:
        """The owner of a public key, whatever the role; None where it is in no role's folder."""
        return self._clients.get(key)

    def answer(self, zap: zmq.Socket[bytes]) -> None:
        """Answer the requests that wait on ``zap``, a ROUTER socket bound to ``ZAP_ENDPOINT``."""
        self.refused += answer_all(zap, self._decide)

    def allows(self, key: str) -> bool:
        """Whether the owner of ``key`` may be connected, as the keys were read last."""
        client = self._clients.get(key)
        return client is not None and client.role.covers(self._least)

    def look(self) -> None:
        """Read the keys again if one of the files has changed."""
        for problem in self._find_folders():
            log.error("%s: %s", CLIENTS, problem)
        for role, folder in list(self._folders.items()):
            folder.look()
            if not folder.readable and not os.path.exists(folder.folder) and os.path.isdir(self._folder):
                del self._folders[role]  # with its last key revoked, say; it may come again
        self._check_folders()
        self._merge()

    def sum_up(self) -> None:
        """Log how many lines were left out."""
        self._let_in.sum_up()
        self._turned_away.sum_up()

    def clients(self) -> list[Client]:
        """Those that may connect."""
        return [client for key, client in self._clients.items() if self.allows(key)]

    def _find_folders(self) -> list[str]:
        """Take in the folders of roles that have none yet; return what is wrong."""
        problems = []
        for role in Role:
            path = self._folder / role.value
            if role in self._folders or not os.path.isdir(path):
                continue
            if problem := folder_problem(path):
                if self._turned_away.first(str(path)):
                    problems.append(problem)
                continue
            try:
                self._folders[role] = folder = KeyFolder(path, CLIENTS, log)
            except OSError as error:
                problems.append(f"{path} cannot be read: {error.strerror}")
            else:
                problems.extend(folder.damaged)
        return problems

    def _check_folders(self) -> None:
        """Notice a folder that others may write to by now."""
        folders = (self._folder, *(folder.folder for folder in self._folders.values()))
        problems = {path: problem for path in folders if os.path.isdir(path) and (problem := folder_problem(path))}
        for path, problem in problems.items():
            if path not in self._unsafe:
                log.error("%s: %s; until then the keys in it do not count", CLIENTS, problem)
        self._unsafe = set(problems)

    def _merge(self) -> None:
        clients: dict[str, Client] = {}
        for role in Role:  # the highest comes last, and counts where a key is in several folders
            if role in self._folders and not self._unsafe & {self._folder, self._folders[role].folder}:
                clients.update({key: Client(name, role) for key, name in self._folders[role].names.items()})
        if clients != self._clients:
            self._clients = clients
            self._turned_away.forget()

    def _decide(self, key: str, address: str) -> Answer:
        self.look()
        client = self.who(key)
        there = os.path.isdir(self._folder)
        if client is not None and self.allows(key) and there and self._folders[client.role].readable:
            self._let_in.write("%s: %s %s is let in (%s)", self._socket, client.role.value, client.name, address)
            return LET_IN
        if not there or self._unsafe or not all(folder.readable for folder in self._folders.values()):
            return LATER
        if client is None:
            why = f"no file in {self._folder} holds this public key; `inspector keys allow` lets its owner in"
        else:
            why = f"{client.name} has the role {client.role.value}, and this socket needs {self._least.value}"
        if self._turned_away.tell(key, "%s: the key %s from %s is refused: %s", self._socket, key, address, why):
            self._tell_refused(key, address, client)
        return REFUSED


def server_keys(keys: KeysConfig) -> tuple[bytes, bytes]:
    """Public and secret key of the line. Raises UserError naming ``keys``."""
    if not zmq.has("curve"):
        raise UserError("keys: this ZeroMQ was built without CURVE; install pyzmq from its binary wheel")
    try:
        return read_secret_key_file(Path(keys.secret_key))
    except KeyFileError as error:
        raise UserError(f"{SECRET_KEY}: {error}") from None


def folder_problem(path: Path) -> str:
    """Why a folder is not fit to say who may do what; empty where it is."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return f"{path} cannot be read: {os.strerror(error.errno or 0)}"
    return f"{path} can be written to by others (mode {mode:04o}); chmod go-w {path}" if mode & 0o022 else ""
