"""What the line does when it is asked over the control socket: each command, and what its result says. ``docs/control.md`` is the contract."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.outcome import BundleIdentity
from inspector.line.changes import LineChanges, NotPreparedError
from inspector.line.line_report import LineReporter
from inspector.line.setup import Setup
from inspector.protocol import control as asked
from inspector.protocol.messages import LineState
from inspector.service.log import set_level

if TYPE_CHECKING:
    from inspector.line.line import Line

log = logging.getLogger(__name__)

Result = dict[str, Any]


class LineCommands:
    """Does what a running line is asked. Slow commands (``asked.SLOW``) from one thread, the others from any."""

    def __init__(self, line: Line, stop: threading.Event, read_config: Callable[[], LineConfig], folder: Path) -> None:
        """``stop`` ends the line; ``read_config`` reads its configuration again, from ``folder``."""
        self._line = line
        self._stop = stop
        self._one_at_a_time = threading.Lock()
        """Held while engines are loaded for a change."""
        self.changes = LineChanges(line, read_config, folder)
        self.reporter = LineReporter(line)
        self._do: dict[type[asked.Command], Callable[[Any], Result]] = {
            asked.ReadStatus: self._status,
            asked.ReadStart: self._start_info,
            asked.Pause: self._pause,
            asked.Resume: self._resume,
            asked.Drain: self._drain,
            asked.RunStart: self._run_start,
            asked.RunEnd: self._run_end,
            asked.Part: self._part,
            asked.RecipePrepare: self._recipe_prepare,
            asked.RecipeList: self._recipe_list,
            asked.Reload: self._reload,
            asked.BundleActivate: self._bundle_activate,
            asked.BundleRollback: self._bundle_rollback,
            asked.BundleList: self._bundle_list,
            asked.ShadowStart: self._shadow_start,
            asked.ShadowStop: self._shadow_stop,
            asked.ShadowReport: self._shadow_report,
            asked.Log: self._log,
        }

    def perform(self, command: asked.Command) -> Result:
        """Do it, and say what was done. Raises CommandRefused where it is not done; the line is as it was then."""
        line = self._line
        looks = asked.NEEDS[type(command)] is asked.Role.VIEWER
        if not looks and not line.status.started:
            raise asked.CommandRefused("starting", "the line is starting; try again when it runs")
        if not looks and line.status.state in (LineState.DRAINING, LineState.STOPPED):
            raise asked.CommandRefused("stopping", "the line is stopping")
        try:
            if type(command) not in asked.SLOW:
                return self._do[type(command)](command)
            with self._one_at_a_time:
                return self._do[type(command)](command)
        except UserError as error:
            code = "not_prepared" if isinstance(error, NotPreparedError) else "refused"
            if type(command) in asked.SLOW - {asked.ShadowStart}:  # which tells it itself
                line.status.note("change_refused", f"{command.__struct_config__.tag}: {error}; nothing was changed")
            raise asked.CommandRefused(code, str(error)) from None

    # Looking.

    def _status(self, _: asked.ReadStatus) -> Result:
        return _builtins(self.reporter.report())

    def _start_info(self, _: asked.ReadStart) -> Result:
        bodies = self._line.announcer.start_bodies(self._line.runs.now.setup)
        return {"cameras": {name: _builtins(body) for name, body in bodies.items()}}

    def _recipe_list(self, _: asked.RecipeList) -> Result:
        prepared = self.changes.prepared
        return {
            "recipes": self.changes.recipes(),
            "prepared": prepared.name if prepared else None,
            "active": self._line.runs.now.setup.recipe or None,
        }

    def _bundle_list(self, _: asked.BundleList) -> Result:
        return {
            "bundles": [
                {
                    **_named(one.identity),
                    "role": role,
                    "state": one.supervisor.state.value,
                    "path": str(one.bundle.path),
                }
                for role, one in self._line.inference.loaded()
            ]
        }

    # Running.

    def _pause(self, command: asked.Pause) -> Result:
        if not self._line.runs.pause(True):
            self._line.status.enter(
                LineState.PAUSED, "paused", command.why or "the line is paused; frames are UNINSPECTED"
            )
        return {"paused": True}

    def _resume(self, _: asked.Resume) -> Result:
        if self._line.runs.pause(False):
            self._line.status.enter(LineState.RUNNING, "resumed", "frames are inspected again")
        return {"paused": False}

    def _drain(self, _: asked.Drain) -> Result:
        self._stop.set()
        return {"draining": True}

    def _run_start(self, command: asked.RunStart) -> Result:
        self.changes.begin_run(command.run, command.recipe)
        return {"run": command.run, **_described(self._line.runs.now.setup)}

    def _run_end(self, _: asked.RunEnd) -> Result:
        return {"ended": self.changes.end_run() or None}

    def _part(self, command: asked.Part) -> Result:
        self._line.runs.name_part(command.part)
        return {"part": command.part}

    # Changing.

    def _recipe_prepare(self, command: asked.RecipePrepare) -> Result:
        prepared = self.changes.prepare(command.recipe)
        bundle = prepared.bundle
        return {"recipe": command.recipe, "bundle": bundle.id, "operating_point": bundle.operating_point.id}

    def _reload(self, _: asked.Reload) -> Result:
        found = self.changes.reload()
        return {
            "changed": [msgspec.to_builtins(one) for one in found],
            "needs_restart": [one.key for one in found if not one.live],
        }

    def _bundle_activate(self, command: asked.BundleActivate) -> Result:
        before = self._line.runs.now.setup
        return {**_described(self.changes.activate(command.bundle)), "before": before.dispatcher.identity.bundle}

    def _bundle_rollback(self, _: asked.BundleRollback) -> Result:
        before = self._line.runs.now.setup
        return {**_described(self.changes.roll_back()), "before": before.dispatcher.identity.bundle}

    def _shadow_start(self, command: asked.ShadowStart) -> Result:
        info = self._line.shadow.start(self.changes.open(command.bundle), command.share)
        return {"bundle": info.bundle, "operating_point": info.operating_point, "share": info.share}

    def _shadow_stop(self, _: asked.ShadowStop) -> Result:
        info = self._line.shadow.stop()
        return {"bundle": info.bundle if info else None}

    def _shadow_report(self, _: asked.ShadowReport) -> Result:
        report = self._line.shadow.report()
        if report is None:
            raise UserError(
                "no shadow has run since the line started; `inspector shadow report` reads those in the journal"
            )
        return _builtins(report)

    def _log(self, command: asked.Log) -> Result:
        before = logging.getLevelName(logging.getLogger().level).lower()
        set_level(command.level)
        return {"level": command.level, "before": before}


def _builtins(report: msgspec.Struct) -> Result:
    """As JSON has it."""
    return cast(Result, msgspec.to_builtins(report))


def _named(identity: BundleIdentity) -> Result:
    return {"bundle": identity.bundle, "operating_point": identity.operating_point}


def _described(setup: Setup) -> Result:
    return {"recipe": setup.recipe or None, **_named(setup.dispatcher.identity)}
