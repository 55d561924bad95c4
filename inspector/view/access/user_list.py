"""Those who may log in, as the running viewer knows them: the file is read again when it has changed."""

from __future__ import annotations

import logging
from pathlib import Path

from inspector.errors import UserError
from inspector.view.access.passwords import COST, Cost, StoredPassword, nobodys
from inspector.view.access.secret_files import seen
from inspector.view.access.users import User, read_users

log = logging.getLogger(__name__)


class UserList:
    """Read when it is made, which raises UserError, and by ``look``. ``look`` is called by one thread at a time, the rest by any."""

    def __init__(self, path: Path, origin: str) -> None:
        """``origin`` names the configuration in errors."""
        self._path = path
        self._seen = seen(path)
        self._users = read_users(path, f"{origin}: users")
        self.readable = True
        """False while the file cannot be used: those who are logged in stay, and nobody else can log in."""
        self._nobodys = nobodys(self._cost())

    def __len__(self) -> int:
        return len(self._users)

    def get(self, name: str) -> User | None:
        """Somebody with this name."""
        return self._users.get(name)

    def password_of(self, name: str) -> StoredPassword:
        """What the password of this name is compared with, also where there is no such name: it takes the same time."""
        user = self._users.get(name)
        return self._nobodys if user is None else user.password

    def look(self) -> set[str]:
        """Read the file if it has changed; the names of those who are gone or changed, whose sessions are over."""
        now = seen(self._path)
        if now == self._seen:
            return set()
        self._seen = now
        try:
            users = read_users(self._path)
        except UserError as error:
            self.readable = False
            log.error("%s; nobody can log in until that is mended, and those who are logged in stay", error)
            return set()
        before, self._users, self.readable = self._users, users, True
        self._nobodys = nobodys(self._cost())
        log.info("users: %s was read; %d may log in", self._path, len(users))
        return {name for name, user in before.items() if users.get(name) != user}

    def _cost(self) -> Cost:
        """Of the passwords of most users."""
        costs = [user.password.cost for user in self._users.values()]
        return max(set(costs), key=costs.count) if costs else COST
