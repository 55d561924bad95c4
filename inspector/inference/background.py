"""Priority of a child on the processor: that of a shadow leaves it to others for good, one that is loaded beside the active bundle until
its engines are loaded."""

from __future__ import annotations

import contextlib
import os
import threading
from enum import Enum

LEAST_NICE = 19


class Priority(str, Enum):
    """When a child leaves the processor to others."""

    USUAL = "usual"
    """Never."""
    LOADING = "loading"
    """Until its engines are loaded and verified."""
    BACKGROUND = "background"
    """Always."""


def yield_processor() -> None:
    """Let this thread, and every one that it starts from now on, run only where no other thread wants the core.

    Where the system refuses the policy (a container's filter), the least priority of the usual one remains."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, LEAST_NICE)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def yield_for_now() -> None:
    """Give this thread, and every one that it starts, the least priority, until ``take_processor``. Nothing happens where the system would not
    allow the way back (``LimitNICE`` of the service)."""
    if _may_come_back():
        os.setpriority(os.PRIO_PROCESS, 0, LEAST_NICE)


def take_processor() -> None:
    """Give all threads of this process the usual priority."""
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended; it never had another
            os.setpriority(os.PRIO_PROCESS, int(thread), 0)


def _may_come_back() -> bool:
    """Whether a thread may raise its priority again, tried out by one that ends after that."""
    allowed = False

    def try_out() -> None:
        nonlocal allowed
        with contextlib.suppress(OSError):
            usual = os.getpriority(os.PRIO_PROCESS, 0)
            os.setpriority(os.PRIO_PROCESS, 0, LEAST_NICE)
            os.setpriority(os.PRIO_PROCESS, 0, usual)
            allowed = usual == 0

    thread = threading.Thread(target=try_out)
    thread.start()
    thread.join()
    return allowed
