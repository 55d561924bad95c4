"""Threads that do not hold up the end of a process."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from inspector.frames.daemon_threads import DaemonThreads

HANGING = """
import threading
from inspector.frames.daemon_threads import DaemonThreads
threads = DaemonThreads(2, "hanging")
begun = threading.Event()
def hang():
    begun.set()
    threading.Event().wait()
threads.submit(hang)
begun.wait()
assert not threads.close(0.01)
"""


def test_a_job_that_hangs_is_left_behind_and_the_process_ends() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_results_and_errors_reach_the_caller_and_jobs_not_begun_are_cancelled() -> None:
    threads, go = DaemonThreads(1, "test"), threading.Event()
    assert threads.submit(lambda: 6 * 7).result(5) == 42
    failing = threads.submit(lambda: [][0])
    with pytest.raises(IndexError):
        failing.result(5)
    begun = threading.Event()
    held = threads.submit(lambda: (begun.set(), go.wait()))
    waiting = threads.submit(lambda: None)
    assert begun.wait(5)
    assert not threads.close(0.0)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError, match="closed"):
        threads.submit(lambda: None)
    go.set()
    held.result(5)
    assert threads.close(5)
