"""What the child processes of a line have in common: how they are started, and how their end is told."""

from __future__ import annotations

import signal
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess

_OF_THE_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def start_unsignalled(process: BaseProcess) -> None:
    """Start a process that Ctrl-C and systemd's stop do not end before it can ignore them. Raises OSError where the system refuses (memory,
    limits)."""
    # They reach every process of the group. The child ignores them once it runs; blocked, which it inherits, they cannot end it before.
    # The tracker must be there already, for its start would unblock them.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_PARENT)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """In the child: the parent alone decides when it ends."""
    for number in _OF_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)


def exit_text(code: int | None) -> str:
    """How a process ended, for a person."""
    if code is None:
        return "closed its channel but did not end"
    if code < 0:
        known = {number.value: number.name for number in signal.Signals}
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"killed by {known.get(-code, f'signal {-code}')}{hint}"
    return f"exited with code {code}"
