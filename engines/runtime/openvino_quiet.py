"""OpenVINO without its telemetry, which would tell its maker of each import over the internet and write into the home folder.

Everything here that wants OpenVINO takes it from this module.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

# A module that is None cannot be imported; OpenVINO then takes the stub that it has for where its telemetry is not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
ov: Any = importlib.import_module("openvino")
