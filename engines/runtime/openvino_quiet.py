"""Imports OpenVINO without its telemetry, which would report each import over the internet and write into the home folder.

All code of this project imports OpenVINO from this module.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

# A module that is None cannot be imported; OpenVINO then uses its own stub, as where telemetry is not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
ov: Any = importlib.import_module("openvino")
