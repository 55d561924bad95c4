"""A failure of the inference child is the daemon's business."""

from __future__ import annotations

import time

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import START_S, Listener


def hangs(bench: Bench) -> Finding:
    """A child that is stopped by SIGSTOP is replaced, told, and the daemon goes on: same process, no restart of the unit."""
    line = bench.line("hung")
    with Listener(line) as listener:
        line.start()
        listener.wait_for_inspected(50)
        daemon, (child,) = line.main_pid(), line.children()
        began = time.monotonic()
        line.signal(child, "STOP")
        told_s = wait_for(
            lambda: any(state == "degraded" for state, _, _ in listener.newest()["statuses"]), START_S, "`degraded`"
        )
        wait_for(lambda: line.children() not in ([], [child]), START_S, "another child")
        listener.wait_for_inspected(50)
        back_s = time.monotonic() - began
        wait_for(lambda: line.property("StatusText").startswith("running"), START_S, "`running` in the status")
        seen = listener.newest()
        if (line.main_pid(), line.property("NRestarts")) != (daemon, "0"):
            raise CheckError("the daemon was restarted too")
        if len(listener.epochs()) != 1 or seen["missed"]:
            raise CheckError(f"the stream broke off: {len(listener.epochs())} starts, {seen['missed']} messages missed")
        line.stop()
    facts = {
        "told_degraded_s": told_s,
        "inspects_again_s": back_s,
        "uninspected": seen["reasons"].get("engine_down", 0),
    }
    return Finding(
        facts, [*(f"{state} {code}: {text}" for state, code, text in seen["statuses"]), *line.said("child")[-5:]]
    )
