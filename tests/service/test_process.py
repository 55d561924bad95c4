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
