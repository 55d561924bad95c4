"""A line tells nobody on the internet that it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOOK = """
import engines.runtime.openvino_runtime
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__)
"""


def test_openvino_reports_to_nobody_and_leaves_the_home_folder_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=50, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "openvino.tools.ovc.telemetry_stub"
    assert list(tmp_path.iterdir()) == []
