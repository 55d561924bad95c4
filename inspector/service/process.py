"""Prepares the process of a daemon: open files, and pauses of the garbage collector."""

from __future__ import annotations

import gc
import logging
import resource

log = logging.getLogger(__name__)


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
