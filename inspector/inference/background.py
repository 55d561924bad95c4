"""A process that leaves the processor to others: the child of a shadow."""

from __future__ import annotations

import contextlib
import os

LEAST_NICE = 19


def yield_processor() -> None:
    """Let this thread, and every one that it starts from now on, run only where no other thread wants the core.

    Where the system refuses the policy (a container's filter), the least priority of the usual one remains."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, LEAST_NICE)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
