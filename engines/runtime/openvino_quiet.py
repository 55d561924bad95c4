"""Imports OpenVINO without its telemetry, which would report each import over the internet and write into the home folder.

All code of this project imports OpenVINO from this module, and makes no core of its own.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

# A module that is None cannot be imported; OpenVINO then uses its own stub, as where telemetry is not installed.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
ov: Any = importlib.import_module("openvino")
core: Any = ov.Core()
"""OpenVINO's core: one for the process, never given up.

Its CPU plugin gives the thread that first uses it another stack for signal handlers, and unmaps that stack where the plugin is released. Where
another thread releases it, the first one keeps the address, and the next signal, such as Ctrl-C, ends the process by SIGSEGV without a trace
(OpenVINO 2026.4).
"""
