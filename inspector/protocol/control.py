"""What may be asked of a running line over its control socket: the commands and their arguments. ``docs/control.md`` is the contract.

A command is a JSON object with its name under ``command`` and its arguments beside it: ``{"command": "run start", "run": "coil-4711"}``.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from engines.files.names import Name


class Role(str, Enum):
    """What a client may do; each role may do what the one before it may."""

    SUBSCRIBER = "subscriber"
    """Read results, and ask for those that were missed; nothing on the control socket."""
    VIEWER = "viewer"
    """Look: ``status``, ``start info``, ``bundle list``, ``recipe list``, ``shadow report``."""
    OPERATOR = "operator"
    """Pause, resume, drain, begin and end runs, name parts, prepare recipes for a run."""
    ENGINEER = "engineer"
    """Change the configuration, the bundle and the shadow."""

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what takes ``needed``."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="command"):
    """A command. The class of each says in its docstring what its result holds."""


BundleName = Annotated[
    str, Meta(description="Path of a bundle's folder, or the name of an included one.", min_length=1, max_length=4096)
]
Text = Annotated[str, Meta(max_length=200)]


class ReadStatus(Command, frozen=True, kw_only=True, tag="status"):
    """The line as it is now (``inspector.protocol.line_report.LineReport``)."""


class ReadStart(Command, frozen=True, kw_only=True, tag="start info"):
    """What the last ``start`` or ``change`` message of each camera said: ``{"cameras": {camera: body}}``. For a subscriber that came late."""


class Pause(Command, frozen=True, kw_only=True, tag="pause"):
    """Frames captured from now on are UNINSPECTED (``paused``). ``{"paused": true}``"""

    why: Text = ""


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """Frames are inspected again. ``{"paused": false}``"""


class Drain(Command, frozen=True, kw_only=True, tag="drain"):
    """Take no further frame, give every open one its verdict, and end the daemon. ``{"draining": true}``"""


class RunStart(Command, frozen=True, kw_only=True, tag="run start"):
    """Begin a run between two frames, with a recipe that was prepared; without one the line's recipe stays.
    ``{"run", "recipe", "bundle", "operating_point"}``"""

    run: Name
    recipe: Name | None = None


class RunEnd(Command, frozen=True, kw_only=True, tag="run end"):
    """End the run; frames captured from now on belong to none. ``{"ended": name or null}``"""


class Part(Command, frozen=True, kw_only=True, tag="part"):
    """Name the sheet that comes next: frames captured from now on carry this id, until another one is given or the run ends.
    ``{"part": id}``"""

    part: Annotated[str, Meta(min_length=1, max_length=64)]


class RecipePrepare(Command, frozen=True, kw_only=True, tag="recipe prepare"):
    """Load and verify a recipe, so that a run can begin with it. Takes as long as loading its engines.
    ``{"recipe", "bundle", "operating_point"}``"""

    recipe: Name


class RecipeList(Command, frozen=True, kw_only=True, tag="recipe list"):
    """``{"recipes": [names], "prepared": name or null, "active": name or null}``"""


class Reload(Command, frozen=True, kw_only=True, tag="reload"):
    """Read the configuration file again. ``{"changed": [{"key", "before", "after"}], "needs_restart": [keys]}``; nothing is applied where the
    file is refused."""


class BundleActivate(Command, frozen=True, kw_only=True, tag="bundle activate"):
    """Load a bundle in a second child, verify it, and have it give the verdicts. ``{"bundle", "operating_point", "before"}``"""

    bundle: BundleName


class BundleRollback(Command, frozen=True, kw_only=True, tag="bundle rollback"):
    """Go back to the bundle that was active before; it is verified like any other. ``{"bundle", "operating_point", "before"}``"""


class BundleList(Command, frozen=True, kw_only=True, tag="bundle list"):
    """``{"bundles": [{"bundle", "operating_point", "role", "state", "path"}]}``"""


class ShadowStart(Command, frozen=True, kw_only=True, tag="shadow start"):
    """Have a candidate inspect a share of the frames beside the active bundle. ``{"bundle", "operating_point", "share"}``"""

    bundle: BundleName
    share: Annotated[float, Meta(description="Of the frames, chosen by their number.", gt=0, le=1)] = 0.1


class ShadowStop(Command, frozen=True, kw_only=True, tag="shadow stop"):
    """End the shadow. ``{"bundle": name or null}``"""


class ShadowReport(Command, frozen=True, kw_only=True, tag="shadow report"):
    """What the shadow would have changed so far (``inspector.protocol.shadow_report.ShadowReportBody``)."""


class Log(Command, frozen=True, kw_only=True, tag="log"):
    """Set the least severe messages to log, until the next one or the daemon's end. ``{"level", "before"}``"""

    level: Literal["debug", "info", "warning", "error"]


AnyCommand: TypeAlias = (
    ReadStatus
    | ReadStart
    | Pause
    | Resume
    | Drain
    | RunStart
    | RunEnd
    | Part
    | RecipePrepare
    | RecipeList
    | Reload
    | BundleActivate
    | BundleRollback
    | BundleList
    | ShadowStart
    | ShadowStop
    | ShadowReport
    | Log
)

NEEDS: dict[type[Command], Role] = {
    ReadStatus: Role.VIEWER,
    ReadStart: Role.VIEWER,
    RecipeList: Role.VIEWER,
    BundleList: Role.VIEWER,
    ShadowReport: Role.VIEWER,
    Pause: Role.OPERATOR,
    Resume: Role.OPERATOR,
    Drain: Role.OPERATOR,
    RunStart: Role.OPERATOR,
    RunEnd: Role.OPERATOR,
    Part: Role.OPERATOR,
    RecipePrepare: Role.OPERATOR,
    Reload: Role.ENGINEER,
    BundleActivate: Role.ENGINEER,
    BundleRollback: Role.ENGINEER,
    ShadowStart: Role.ENGINEER,
    ShadowStop: Role.ENGINEER,
    Log: Role.ENGINEER,
}
"""The least role for each command."""

SLOW = frozenset({RecipePrepare, Reload, BundleActivate, BundleRollback, ShadowStart})
"""Commands that load engines, which takes seconds or minutes. The others are done at once, also while one of these is under way."""

WITHOUT_JOURNAL = frozenset({ReadStatus, ReadStart, RecipeList, BundleList, ShadowReport, Pause, Drain, BundleRollback})
"""Commands that are done although the journal cannot be written: they look, or make the line safer. All others are refused then."""


LOOKS = frozenset(command for command, role in NEEDS.items() if role is Role.VIEWER)
"""Commands that change nothing."""


class CommandRefused(Exception):  # noqa: N818 - a refusal is an answer, no error of the program
    """The line does not do what it was asked; nothing has changed. ``code`` is for programs, the text one line for a person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who gave a command."""

    who: str
    """Name of the key's file, or ``local`` for one who opened the ipc socket."""
    public_key: str = ""
    """Empty for a local one."""
    role: Role
    on_behalf_of: str = ""
    """The person a program speaks for, as the program says."""
    request_id: str = ""
