"""Restart of a daemon that ends, and its limit."""

from __future__ import annotations

import time

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import START_S, Listener

BURST = 20
"""StartLimitBurst of the unit."""


def killed(bench: Bench) -> Finding:
    """A daemon that is killed is started again as a new epoch; its child is gone."""
    line = bench.line("killed")
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon, children = line.main_pid(), line.children()
        began = time.monotonic()
        line.signal(daemon, "KILL")
        listener.wait_for_epoch(2)
        back_s = time.monotonic() - began
        if line.main_pid() in (0, daemon) or line.property("NRestarts") != "1":
            raise CheckError(f"NRestarts is {line.property('NRestarts')}; expected 1")
        left = [pid for pid in children if line.container.run("test", "-d", f"/proc/{pid}").returncode == 0]
        if left:
            raise CheckError(f"the killed daemon's children {left} are still there")
    return Finding({"inspects_again_s": back_s}, line.said("signal") + line.said("Scheduled restart"))


def start_limit(bench: Bench) -> Finding:
    """A line that cannot start is given up after as many starts as the unit says, and starts when it is mended and reset."""
    line = bench.line("limit", alone=True, overload="perhaps")
    line.drop_in("[Service]\nRestartSec=20ms\n")  # the pause alone is shorter than the unit's
    began = time.monotonic()
    line.container.run("systemctl", "start", line.unit)
    wait_for(lambda: line.property("ActiveState") == "failed", 180, "the end of the starts")
    took_s = time.monotonic() - began
    starts = len([entry for entry in line.journal() if entry.who == "inspector" and "overload" in entry.text])
    gave_up = line.said("repeated too quickly")
    if starts != BURST or not gave_up:
        raise CheckError(f"{starts} starts, expected {BURST}")
    line.configure()
    if line.container.run("systemctl", "start", line.unit).returncode == 0:
        raise CheckError("it starts again although its limit is reached")
    line.container.ask("systemctl", "reset-failed", line.unit)
    line.start()
    wait_for(lambda: line.property("ActiveState") == "active", START_S, "the mended line")
    return Finding({"starts": starts, "given_up_after_s": took_s}, gave_up)
