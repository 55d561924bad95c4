"""The process of a daemon: open files, pauses of the garbage collector, and what it must not leave behind."""

from __future__ import annotations

import gc
import logging
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

log = logging.getLogger(__name__)

_TRACKER_ENDS_S = 1.0


def raise_open_files() -> None:
    """Raise the limit of open files as far as the system permits: a login shell and a service get 1024, which peers could use up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning(
            "the limit of open files stays at %d: %s; many subscribers need more (LimitNOFILE, ulimit -n)", soft, error
        )


def spare_collector() -> None:
    """Exempt everything that exists now from garbage collection. Modules stay for ever, and to look through those of the libraries
    each time stops all threads for 0.1 s and more."""
    gc.collect()
    gc.freeze()


@contextmanager
def tracker_ended() -> Iterator[None]:
    """End Python's tracker of resources on leaving, the process that comes with the first spawned child. It would end by itself, a moment
    after this process: then systemd has killed it already, and the log of each clean stop says so.

    To be left when all children have ended."""
    try:
        yield
    finally:
        # Python 3.13 does the same when it ends; before, this is the only way. It waits for the tracker, which is never to hold up the end.
        stop = threading.Thread(target=resource_tracker._resource_tracker._stop, name="tracker", daemon=True)  # type: ignore[attr-defined]
        stop.start()
        stop.join(_TRACKER_ENDS_S)
