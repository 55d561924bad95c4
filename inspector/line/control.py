"""The control of a line: its commands, the socket that takes them, and a reload that a signal asks for."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.config.tree import LineConfig
from inspector.control.audit import Audit, Record
from inspector.control.limits import REMEMBERED
from inspector.control.remembered import Answer
from inspector.control.replies import refused
from inspector.control.server import ControlServer, takes_commands
from inspector.line.commands import LineCommands
from inspector.protocol.control import Caller, CommandRefused, Reload, Role
from inspector.protocol.control_messages import Code, Outcome
from inspector.results.bad_messages import Fault

if TYPE_CHECKING:
    from inspector.line.line import Line

log = logging.getLogger(__name__)

SIGNAL = "SIGHUP"
"""Who asked, in the journal, where it was a signal."""


class LineControl:
    """Takes commands from the time when the results are published until they end."""

    def __init__(self, line: Line, read_config: Callable[[], LineConfig], folder: Path) -> None:
        """``read_config`` reads the configuration file again and raises UserError where it is refused; ``folder`` is that of the file."""
        self._line = line
        self._read_config = read_config
        self._folder = folder
        self._server: ControlServer | None = None
        self._commands: LineCommands | None = None
        self._reloading: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        """Take commands; ``drain`` sets ``stop``. To be called once the journal is open. Raises UserError where an address cannot be bound."""
        line, results = self._line, self._line.results
        self._commands = commands = LineCommands(line, stop, self._read_config, self._folder)
        if not takes_commands(line.config.control):
            return
        self._server = ControlServer(
            line.config.control,
            line.config.line,
            line.epoch.epoch,
            lambda command, caller: commands.perform(command),
            self._record(),
            results.journal_writable,
            results.remembered_commands(REMEMBERED),
            line.config.keys,
        )
        self._server.start()

    @property
    def endpoints(self) -> list[str]:
        """The addresses at which commands are taken; none before ``start``."""
        return self._server.endpoints if self._server else []

    @property
    def bad_messages(self) -> dict[str, dict[Fault, int]]:
        """How many messages to each socket could not be used, by kind."""
        return self._server.bad_messages if self._server else {}

    def tick(self) -> None:
        """To be called some times a second, so that reported rates are those of the last seconds."""
        if self._commands is not None:
            self._commands.reporter.tick()

    def reload(self) -> None:
        """Read the configuration again because a signal asked for it, in a thread of its own; not while one is under way already."""
        if self._commands is not None and not self.reloading:
            self._reloading = threading.Thread(target=self._reload, args=(self._commands,), name="reload", daemon=True)
            self._reloading.start()

    @property
    def reloading(self) -> bool:
        """Whether a reload that a signal asked for is under way."""
        return self._reloading is not None and self._reloading.is_alive()

    def close(self) -> None:
        """Take no further command."""
        if self._server is not None:
            self._server.close(0.2)

    def _reload(self, commands: LineCommands) -> None:
        received_ns = time.time_ns()
        try:
            result = commands.perform(Reload())
            answer = Answer(outcome=Outcome.DONE, code=Code.DONE, result=result)
            log.info("reloaded: %s", ", ".join(one["key"] for one in result["changed"]) or "nothing has changed")
            if result["needs_restart"]:
                log.warning("restart the line, so that these keys take effect: %s", ", ".join(result["needs_restart"]))
        except CommandRefused as error:
            answer = refused(error.code, str(error))
            log.warning("reload is refused, nothing was changed: %s", error)
        except Exception:
            log.exception("the configuration could not be reloaded")
            answer = Answer(outcome=Outcome.FAILED, code=Code.INTERNAL, text="an error in the program, see the log")
        caller = Caller(who=SIGNAL, role=Role.ENGINEER, request_id=str(uuid.uuid4()))
        Audit(self._line.epoch.epoch, self._record()).done(caller, "reload", b"{}", received_ns, answer)

    def _record(self) -> Record | None:
        """What keeps commands; None where the line has no journal."""
        return self._line.results.record_command if self._line.config.journal.path is not None else None
