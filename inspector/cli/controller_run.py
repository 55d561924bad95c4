"""What ``inspector controller run`` prints, and what it tells systemd."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import msgspec

from engines.files.looking import expanded
from inspector.cli.output import escaped, tell
from inspector.client.controller import RejectController
from inspector.client.controller.gate import Decision
from inspector.client.controller.load import load_controller
from inspector.client.controller.rearm import ControllerStatus
from inspector.client.controller.sights import Why
from inspector.errors import UserError
from inspector.service.log import log_to_stderr, sum_up_repeats, uncaught_logged
from inspector.service.notify import ServiceManager
from inspector.service.process import spare_collector
from inspector.service.signals import stop_on_signals

log = logging.getLogger("inspector")

SHOW = ("all", "rejected", "none")
STATUS_EVERY_S = 1.0
REPORT_EVERY_S = 60.0
_START_S = 10.0
_QUIET = (Why.BLOCKED, Why.UNSEEN)
"""Reasons that hold for every sheet of a while; the log names them once."""


def run_controller(config: Path, show: str, as_json: bool, log_level: str, log_format: str) -> None:
    """Run until a signal ends it. Raises UserError."""
    if show not in SHOW:
        raise UserError(f"--show: found {show!r}, expected {', '.join(SHOW[:-1])} or {SHOW[-1]}")
    log_to_stderr(log_level, log_format)
    read = load_controller(expanded(config))
    manager = ServiceManager.of_this_process()
    printer = _Printer(show, as_json)
    with uncaught_logged(), stop_on_signals() as stop:
        manager.starting(_START_S, "starting")
        with RejectController(read, on_decision=printer) as controller:
            log.info(
                "controller of line %s: %s, %s",
                read.line,
                controller.status().actuator,
                "trial" if read.trial else "for real",
            )
            spare_collector()
            report = _Report(controller, manager)
            manager.ready(in_words(controller.status()))
            controller.run(stop, report)
            manager.stopping("stopping: the gate rejects")
        log.info("stopped, the gate rejects; sheets: %s", counts_in_words(controller.status()))


def in_words(status: ControllerStatus) -> str:
    """One line for a person."""
    now = "PASS" if status.open else f"REJECT ({status.why_closed})" if status.why_closed else "REJECT"
    return f"{status.state.name.lower().replace('_', ' ')}, output {now}; sheets: {counts_in_words(status)}"


def counts_in_words(status: ControllerStatus) -> str:
    """The sheets so far."""
    passed = status.decided.get(Why.PASSED.value, 0)
    others = ", ".join(f"{count} {why}" for why, count in sorted(status.decided.items()) if why != Why.PASSED.value)
    return f"{passed} passed" + (f"; rejected: {others}" if others else "")


class _Report:
    """Tells systemd each second, and the log each minute."""

    def __init__(self, controller: RejectController, manager: ServiceManager) -> None:
        self._controller, self._manager = controller, manager
        self._status_s = self._report_s = time.monotonic()
        self._every_s = STATUS_EVERY_S if manager.watchdog_s is None else min(STATUS_EVERY_S, manager.watchdog_s / 4)

    def __call__(self) -> None:
        now_s = time.monotonic()
        if now_s - self._status_s < self._every_s:
            return
        self._status_s = now_s
        words = in_words(self._controller.status())
        self._manager.status(words, alive=self._manager.watchdog_s is not None)
        sum_up_repeats()
        if now_s - self._report_s >= REPORT_EVERY_S:
            self._report_s = now_s
            log.info("%s", words)


class _Printer:
    """Prints sheets as they are decided."""

    def __init__(self, show: str, as_json: bool) -> None:
        self._show, self._as_json = show, as_json

    def __call__(self, decision: Decision) -> None:
        if self._as_json:
            record = {"unix_ns": time.time_ns(), **decision._asdict()}
            tell(escaped(msgspec.json.encode(record).decode()), at_once=True)
            return
        if self._show == "none" or (self._show == "rejected" and (decision.passed or decision.why in _QUIET)):
            return
        part = f" (part {decision.part})" if decision.part is not None else ""
        verdict = "PASS" if decision.passed else "REJECT"
        why = "" if decision.passed else f"  {decision.why.value}" + (f": {decision.text}" if decision.text else "")
        tell(f"sheet {decision.number}{part}: {verdict}{why}", at_once=True)
