"""The watchdog: it ends a daemon that makes no progress, whatever of it still runs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tests.service_check.bench import Bench, unit_value
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import Listener, ServiceLine

MARGIN_S = 10.0
"""Beyond the unit's time, for what a daemon had already said when it stood still."""


def stopped(bench: Bench) -> Finding:
    """A daemon that is stopped by SIGSTOP."""
    line = bench.line("stopped")
    return _killed(line, lambda: line.signal(line.main_pid(), "STOP"))


def publisher(bench: Bench) -> Finding:
    """A deadlock of the thread that publishes."""
    return _planted(bench, "publisher")


def judges(bench: Bench) -> Finding:
    """A deadlock of the threads that judge; their frames' deadlines pass and are published."""
    return _planted(bench, "judges")


def ledger(bench: Bench) -> Finding:
    """A lock that is never free again, of the ledger, through which every verdict passes."""
    return _planted(bench, "ledger")


def child(bench: Bench) -> Finding:
    """A child that hangs for longer than the watchdog waits, because its own limit is that long: the daemon lives and replaces it."""
    line = bench.line("hung-long")
    limit_s = float(unit_value("WatchdogSec"))
    line.configure(inference={"runtime": "openvino", "precision": "f32", "stall_timeout_s": limit_s + MARGIN_S})
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon, (child,) = line.main_pid(), line.children()
        line.signal(child, "STOP")
        hung_s = wait_for(lambda: line.children() not in ([], [child]), limit_s + 2 * MARGIN_S, "another child")
        listener.wait_for_inspected(50)
        if (line.main_pid(), line.property("NRestarts")) != (daemon, "0"):
            raise CheckError("the daemon was restarted for a child that hangs")
        asked_s = watchdog_s(line)
    return Finding({"unit_watchdog_s": limit_s, "asked_for_s": asked_s, "child_replaced_after_s": hung_s})


def idle(bench: Bench) -> Finding:
    """A line without frames is fed by golden frames, and is not killed."""
    source = {"kind": "simulator", "rate_hz": 0.001, "pool": 1}
    line = bench.line("idle", cameras=[{"name": "top", "source": source, "silent_after_s": None}])
    with Listener(line):
        line.start()
        time.sleep(1.5 * watchdog_s(line))  # the passing of time is the test
        if line.property("NRestarts") != "0" or line.property("ActiveState") != "active":
            raise CheckError("the idle line was killed")
        return Finding({"idle_for_s": 1.5 * watchdog_s(line)}, [line.property("StatusText")])


def _planted(bench: Bench, what: str) -> Finding:
    line = bench.line(f"deadlock-{what}", deadline_ms=200)
    plant = bench.container.root / line.state_folder.removeprefix("/") / "plant"
    try:
        return _killed(line, lambda: plant.write_text(what, encoding="ascii"), plant.unlink)
    finally:
        plant.unlink(missing_ok=True)


def _killed(line: ServiceLine, harm: Callable[[], object], heal: Callable[[], object] = bool) -> Finding:
    """Do harm to a running line; the watchdog is to kill it, and it is to come back."""
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon, limit_s = line.main_pid(), watchdog_s(line)
        harm()
        took_s = wait_for(lambda: line.main_pid() != daemon, limit_s + MARGIN_S, "the watchdog")
        heal()
        listener.wait_for_epoch(2)
        meanwhile = listener.epochs()[0]["reasons"]
    evidence = line.said("atchdog") + line.said("planted: ")
    if not any("result 'watchdog'" in text for text in evidence):
        raise CheckError("the daemon ended, but not by the watchdog")
    return Finding({"watchdog_s": limit_s, "killed_after_s": took_s, "frames_before": meanwhile}, evidence)


def watchdog_s(line: ServiceLine) -> float:
    """The time of the running unit, s, which a line may have asked to be longer than the unit says."""
    said = line.container.ask("systemd-analyze", "timespan", line.property("WatchdogUSec"))
    (microseconds,) = re.findall(r"[uμ]s: (\d+)", said)
    return int(microseconds) / 1e6
