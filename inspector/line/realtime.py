"""Real-time priority for the thread that takes a camera's frames, so that other work of the machine does not delay it."""

from __future__ import annotations

import os
import resource


def take_realtime(priority: int) -> str:
    """Let the calling thread run under SCHED_FIFO with ``priority`` (1 to 99); threads that it starts inherit it.

    Return why not where the system does not allow it, one line; else an empty text."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        limit = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
        allowed = "any" if limit == resource.RLIM_INFINITY else str(limit)
        return (
            f"real-time priority {priority} was not given ({error.strerror}; LimitRTPRIO allows {allowed}): frames are taken at the usual "
            "priority; systemd/camera.conf allows it to a service"
        )
    return ""
