"""Addresses for commands: what a person may have a line do, its recipes, what was done last; giving a command, asking what became of it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engines.files.names import NAME, NAME_IN_WORDS
from engines.files.text import brief
from inspector.errors import UserError
from inspector.protocol.control import NEEDS, Role
from inspector.protocol.control_messages import RequestId
from inspector.view.access.door import may, visit_of
from inspector.view.access.people import Right
from inspector.view.answers import RefusedError, as_json, posted, told
from inspector.view.commands.desk import FRESH_S, Given, LineDesk
from inspector.view.commands.history import Past, last_commands, last_given
from inspector.view.commands.line import OFFERED, Offered, Place
from inspector.view.config import ViewConfig, line_id

_WAIT_S = 8.0
_RIGHTS = {Role.VIEWER: Right.LOOK, Role.OPERATOR: Right.OPERATE, Role.ENGINEER: Right.ENGINEER}
RIGHT_FOR = {str(command.__struct_config__.tag): _RIGHTS[NEEDS[command]] for command in OFFERED}
"""By name of a command that may be given from a page, what a person needs for it."""
_SEEN = {"run start": "run", "run end": "run", "bundle rollback": "bundle"}
"""What a person has to have seen as it is, because the command ends it."""


class _Beside(msgspec.Struct, kw_only=True):
    """What is beside the command and its arguments in what a page sends."""

    id: RequestId
    seen: dict[str, str | None] = {}
    """What the person saw: see `_SEEN`."""


def command_routes(config: ViewConfig, wait_s: float = _WAIT_S) -> list[Route]:
    """``/api/lines/<id>/commands``: GET and POST, and GET of a single one by its id. Lines without a control socket say so. ``wait_s``: how long an
    answer waits for the line; then it says that the command is under way."""
    lines = {line_id(config, number): _Line(config, number) for number in range(len(config.lines))}

    def of(request: Request) -> _Line:
        line = lines.get(request.path_params["line"])
        if line is None:
            raise RefusedError(404, "there is no such line")
        if line.desk is None:
            raise RefusedError(
                404, "the line takes no commands from here; `control` in the viewer's configuration names its socket"
            )
        return line

    async def offer(request: Request) -> Response:
        may(request, Right.LOOK)
        rights = visit_of(request).person.rights
        return as_json(await of(request).offer([name for name, right in RIGHT_FOR.items() if right in rights]))

    async def give(request: Request) -> Response:
        may(request, Right.LOOK)
        desk = of(request).known_desk
        command, beside = _read(await posted(request, dict[str, Any]))
        person = may(request, RIGHT_FOR[str(command.__struct_config__.tag)])
        given = desk.begin(command, person.author, beside.id, _seen(command, beside.seen))
        return _answer(await desk.find(given.id, wait_s) or given)

    async def ask(request: Request) -> Response:
        may(request, Right.LOOK)
        given = await of(request).known_desk.find(request.path_params["command"], wait_s)
        if given is None:
            raise RefusedError(
                404, "the viewer knows no such command, or no longer; the last commands say what was done"
            )
        return _answer(given)

    at = "/api/lines/{line}/commands"
    return [
        Route(at, told(offer), methods=["GET"]),
        Route(at, told(give), methods=["POST"]),
        Route(f"{at}/{{command}}", told(ask), methods=["GET"]),
    ]


class _Line:
    """A line, its desk, and its last commands, read at most once in ``FRESH_S``."""

    def __init__(self, config: ViewConfig, number: int) -> None:
        line = config.lines[number]
        keys = (None if key is None else Path(key) for key in (line.server_key, line.client_key))
        self.desk = None if line.control is None else LineDesk(line_id(config, number), Place(line.control, *keys))
        self._journal = None if line.journal is None else Path(line.journal)
        self._last: list[Past] = []
        self._no_last = ""
        self._read_s, self._read_after = float("-inf"), 0

    @property
    def known_desk(self) -> LineDesk:
        """Where the line takes commands."""
        assert self.desk is not None
        return self.desk

    async def offer(self, names: list[str]) -> dict[str, Any]:
        """What a person is told who may give the commands with these names."""
        desk = self.known_desk
        now = await desk.now()
        last, no_last = await self._last_commands()
        return {
            "commands": names,
            "now": now,
            "under_way": desk.under_way,
            "last": last,
            "no_last": no_last,
            "journal": self._journal is not None,
        }

    async def _last_commands(self) -> tuple[list[Past], str]:
        if self._journal is None:
            return last_given(self.known_desk.over), ""
        finished = self.known_desk.finished
        if time.monotonic() - self._read_s >= FRESH_S or finished != self._read_after:
            self._read_s, self._read_after = time.monotonic(), finished
            try:
                self._last, self._no_last = await run_in_threadpool(last_commands, self._journal), ""
            except UserError as error:
                self._last, self._no_last = [], str(error)
        return self._last, self._no_last


def _read(content: dict[str, Any]) -> tuple[Offered, _Beside]:
    """What a page has sent. Raises RefusedError."""
    name = content.get("command")
    if not isinstance(name, str) or name not in RIGHT_FOR:
        raise RefusedError(400, f"no command that is given from here; expected one of {', '.join(RIGHT_FOR)}")
    for key in ("run", "recipe"):
        value = content.get(key)
        if isinstance(value, str) and re.search(NAME, value) is None:
            raise RefusedError(400, f"{key} {brief(value)!r}: expected {NAME_IN_WORDS}")
    arguments = {key: value for key, value in content.items() if key not in ("id", "seen")}
    try:
        beside = msgspec.convert({key: content[key] for key in ("id", "seen") if key in content}, _Beside)
        return msgspec.convert(arguments, Offered), beside
    except msgspec.ValidationError as error:
        raise RefusedError(400, brief(f"{name}: {error}", 300)) from None


def _seen(command: Offered, seen: dict[str, str | None]) -> dict[str, str | None]:
    """What is compared with the line before the command is given. Raises RefusedError where it is missing."""
    name = str(command.__struct_config__.tag)
    key = _SEEN.get(name)
    if key is None:
        return {}
    if key not in seen:
        raise RefusedError(400, f"{name}: `seen.{key}` is missing: the {key} that the page showed, or null")
    return {key: seen[key]}


def _answer(given: Given) -> Response:
    return as_json(given, 202 if given.told is None else 200)
