"""How one comes in: under which names and by which certificate, and who needs a login."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from types import TracebackType

from inspector.config.metrics import Address
from inspector.frames.daemon_threads import DaemonThreads
from inspector.view.access.door import Door
from inspector.view.access.hosts import Hosts, names_of
from inspector.view.access.login import Logins
from inspector.view.access.tls import Certificate
from inspector.view.access.user_list import UserList
from inspector.view.config import ViewConfig, stranger_role

log = logging.getLogger(__name__)

_LOOK_S = 0.5


class Files:
    """Users and certificate, as they are read at the start."""

    def __init__(self, config: ViewConfig, origin: str) -> None:
        """Raises UserError for one that cannot be used."""
        self.users = None if config.users is None else UserList(Path(config.users), origin)
        self.tls = None if config.tls is None else Certificate(config.tls, origin)


class Entrance:
    """All of it; a context manager, which ends what looks at passwords."""

    def __init__(self, config: ViewConfig, files: Files, address: Address) -> None:
        """``address``: where the pages are served, with the port that was found."""
        self.tls = files.tls
        secure = files.tls is not None
        certified = () if files.tls is None else files.tls.names
        self.hosts = Hosts(address.port, names_of(address, config.hosts, certified), secure=secure)
        self.door = Door(
            stranger_role(config),
            files.users,
            secure=secure,
            port=address.port,
            session_s=config.session_hours * 3600,
        )
        self._reading = DaemonThreads(1, "users-and-certificate")
        """A disk that does not answer holds up nothing else."""
        self.logins = None if files.users is None else Logins(files.users)

    def __enter__(self) -> Entrance:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.close(0.0)
        if self.logins is not None:
            self.logins.close()

    async def run(self) -> None:
        """Notice files that have changed, and logins that are over, until it is cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                await self._look()
            except Exception:  # of whatever kind: it is looked again
                log.exception("users and certificate could not be looked at")

    async def _look(self) -> None:
        users = self.door.users
        self.door.look(set() if users is None else await asyncio.wrap_future(self._reading.submit(users.look)))
        if self.tls is not None:
            pair = await asyncio.wrap_future(self._reading.submit(self.tls.look))
            if pair is not None:
                self.tls.use(pair)
