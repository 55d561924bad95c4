"""A line's control socket, as the viewer uses it: a command is given and waited for, the line is looked at. For threads: each call may wait."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, get_args

import msgspec

from engines.files.text import brief
from inspector.client.control import ControlClient, KeyRefused, NoAnswer
from inspector.errors import UserError
from inspector.protocol.control import (
    LOOKS,
    SLOW,
    BundleList,
    BundleRollback,
    Command,
    Pause,
    ReadStatus,
    RecipeList,
    RecipePrepare,
    Resume,
    RunEnd,
    RunStart,
    ShadowReport,
)
from inspector.protocol.control_messages import Code, Outcome, Reply

Offered = Pause | Resume | RunStart | RunEnd | RecipePrepare | BundleRollback | BundleList | ShadowReport
"""What may be commanded from a page. `drain` ends the daemon, `reload`, `bundle activate` and `shadow start` take files of the line's machine."""

OFFERED: tuple[type[Command], ...] = get_args(Offered)

_QUICK_S = 15.0
_SLOW_S = 1800.0
"""A command that takes longer is given up here; the line goes on with it."""
_LOOK_S = 2.0
"""A line that says nothing for so long is not asked further when a page only looks."""
_LONGEST_TEXT = 1000
_NOT_KNOWN = "whether it was done is not known"


class Place(NamedTuple):
    """Where a line takes commands."""

    endpoint: str
    server_key: Path | None
    client_key: Path | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a command."""

    outcome: str
    """``done``, ``refused``, ``failed``, or ``unknown``: the line did not say."""
    code: str
    text: str
    """The line's own, or why it could not be asked: one line."""
    result: dict[str, Any] | None = None
    journaled: bool | None = None


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """What a page has to know of a line that takes commands."""

    why: str = ""
    """Why the line cannot be asked, one line; empty: it answers."""
    state: str | None = None
    paused: bool = False
    run: str | None = None
    recipe: str | None = None
    bundle: str | None = None
    standby: str | None = None
    """Of a rollback."""
    recipes: list[str] = []
    prepared: str | None = None
    no_recipes: str = ""
    """Why they could not be listed."""


def give(place: Place, command: Offered, author: str, request_id: str, seen: dict[str, str | None]) -> Told:
    """Have the line do it; ``seen``: what of the line's status the person saw (``run``, ``bundle``). Where it is another by now, nothing is done."""
    longest_s = _SLOW_S if type(command) in SLOW else _QUICK_S
    begun = False
    try:
        with _client(place, author) as client:
            if seen:
                status = client.ask(ReadStatus(), longest_s)
                if status.outcome is not Outcome.DONE:
                    return _told(status)
                changed = _changed(status.result or {}, seen)
                if changed:
                    return Told(outcome="refused", code="changed", text=changed)
            client.hello()
            begun = True
            return _told(client.ask(command, longest_s, request_id))
    except (NoAnswer, KeyRefused, UserError) as error:
        if begun and type(command) not in LOOKS:
            return Told(outcome="unknown", code="no_answer", text=f"{_NOT_KNOWN}: {error}")
        return Told(outcome="refused", code="no_answer", text=f"nothing was done: {error}")


def look(place: Place) -> Now:
    """How the line is, and its recipes."""
    try:
        with _client(place, "", _LOOK_S) as client:
            status, recipes = client.ask(ReadStatus(), _LOOK_S), client.ask(RecipeList(), _LOOK_S)
    except (NoAnswer, KeyRefused, UserError) as error:
        return Now(why=str(error))
    if status.outcome is not Outcome.DONE or status.result is None:
        return Now(why=status.text or status.code)
    listed: dict[str, Any] = recipes.result or {}
    no_recipes = "" if recipes.outcome is Outcome.DONE else recipes.text or recipes.code
    told: dict[str, Any] = {
        key: status.result.get(key) for key in ("state", "paused", "run", "recipe", "bundle", "standby")
    }
    named: dict[str, Any] = {key: listed[key] for key in ("recipes", "prepared") if key in listed}
    try:
        return msgspec.convert(told | named | {"no_recipes": no_recipes}, Now)
    except msgspec.ValidationError as error:
        return Now(why=f"{place.endpoint} is no control socket of this version: {error}")


def _client(place: Place, author: str, timeout_s: float = 5.0) -> ControlClient:
    over_tcp = place.endpoint.startswith("tcp://")  # an ipc address has no keys
    return ControlClient(
        place.endpoint,
        server_key=place.server_key if over_tcp else None,
        client_key=place.client_key if over_tcp else None,
        on_behalf_of=author[:200],
        timeout_s=timeout_s,
    )


def _changed(status: dict[str, Any], seen: dict[str, str | None]) -> str:
    for key, before in seen.items():
        now = status.get(key)
        if now != before:
            told = brief(str(now or "none")), brief(before or "none")
            return f"the {key} is {told[0]} by now, and was {told[1]} on the page; nothing was done: look again"
    return ""


def _told(reply: Reply) -> Told:
    outcome, text = reply.outcome.value, brief(reply.text, _LONGEST_TEXT)
    comparisons = (reply.result or {}).get("comparisons")
    for comparison in comparisons if isinstance(comparisons, list) else ():
        if isinstance(comparison, dict):  # of a shadow report, whose single frames no page shows
            comparison.pop("frames", None)
    if reply.code == Code.OTHER_EPOCH:
        outcome, text = "unknown", f"the line was started again meanwhile; {_NOT_KNOWN}"
    return Told(outcome=outcome, code=reply.code, text=text, result=reply.result, journaled=reply.journaled)
