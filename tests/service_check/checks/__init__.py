"""The checks, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Callable

from tests.service_check.bench import Bench
from tests.service_check.checks import (
    cameras,
    child,
    control,
    controller,
    faults,
    instances,
    logs,
    reload,
    restart,
    start,
    stop,
    unit,
    viewer,
    viewer_users,
    watchdog,
)
from tests.service_check.report import Finding

CHECKS: dict[str, Callable[[Bench], Finding]] = {
    "unit-verify": unit.verify,
    "unit-security": unit.security,
    "ready": start.ready,
    "golden-frames": start.golden_frames,
    "configuration": start.configuration,
    "child-hangs": child.hangs,
    "restart": restart.killed,
    "start-limit": restart.start_limit,
    "stop-under-load": stop.under_load,
    "two-instances": instances.two,
    "target": instances.target,
    "watchdog-stopped": watchdog.stopped,
    "watchdog-publisher": watchdog.publisher,
    "watchdog-judges": watchdog.judges,
    "watchdog-ledger": watchdog.ledger,
    "watchdog-child": watchdog.child,
    "watchdog-idle": watchdog.idle,
    "reload": reload.reload,
    "full-run": faults.full_run,
    "full-state": faults.full_state,
    "unwritable-state": faults.unwritable_state,
    "camera-unit": cameras.unit,
    "camera-sysctl": cameras.sysctl,
    "camera-rights": cameras.rights,
    "camera-realtime": cameras.realtime,
    "camera-lost": cameras.lost,
    "control-socket": control.socket,
    "reject-controller": controller.gate,
    "viewer": viewer.pages,
    "viewer-users": viewer_users.users,
    "log-priorities": logs.priorities,
}
