"""A line tells nobody on the internet that it runs, and a signal ends it as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engines.bundle import Bundle

LOOK = """
import engines.runtime.openvino_runtime
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__)
"""

RELEASED_BY_A_THREAD = """
import gc, os, signal, sys, threading
from pathlib import Path
from engines.bundle import read_bundle
from engines.runtime.load import load_engines

loaded = [load_engines(read_bundle(Path(sys.argv[1])), runtime="openvino")]

def release():
    loaded.pop().engines.close()
    gc.collect()

thread = threading.Thread(target=release)
thread.start()
thread.join()
try:
    os.kill(os.getpid(), signal.SIGINT)
    threading.Event().wait(20)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_openvino_reports_to_nobody_and_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_interrupts_after_another_thread_has_released_the_engines(tiny_bundle: Bundle) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", RELEASED_BY_A_THREAD, tiny_bundle.path],
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
