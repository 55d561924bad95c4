"""The process of a daemon."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, resource
from inspector.service.process import raise_open_files, spare_collector
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
raise_open_files()
spare_collector()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard), gc.get_freeze_count() > 1000)
"""


def test_open_files_are_raised_to_the_hard_limit_and_modules_are_spared_by_the_collector() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_the_tracker_of_resources_is_gone_when_the_daemon_ends() -> None:
    program = """
import os
from multiprocessing import resource_tracker
from inspector.service.process import tracker_ended
with tracker_ended():
    resource_tracker.ensure_running()
    children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
print(len(children), open(f"/proc/self/task/{os.getpid()}/children").read().split())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "1 []", done.stderr
