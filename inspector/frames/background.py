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
    """``yield_processor`` until ``take_processor``. Nothing happens where the system would not allow the way back (``LimitNICE`` of the service)."""
    if _may_come_back():
        yield_processor()


def take_processor() -> None:
    """Give all threads of this process the usual priority."""
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended; it never had another
            _usual(int(thread))


def _usual(thread: int) -> None:
    os.sched_setscheduler(thread, os.SCHED_OTHER, os.sched_param(0))
    os.setpriority(os.PRIO_PROCESS, thread, 0)


def _may_come_back() -> bool:
    """Whether a thread may raise its priority again, tried out by one that ends after that."""
    allowed = False

    def try_out() -> None:
        nonlocal allowed
        with contextlib.suppress(OSError):
            usual = os.getpriority(os.PRIO_PROCESS, 0) == 0 and os.sched_getscheduler(0) == os.SCHED_OTHER
            yield_processor()
            _usual(0)
            allowed = usual

    thread = threading.Thread(target=try_out)
    thread.start()
    thread.join()
    return allowed
