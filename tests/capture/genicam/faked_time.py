"""Processes whose wall clock is another one, by libfaketime; the machine's own clock is never touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)


def faked(**settings: str) -> dict[str, str]:
    """Environment of a process whose wall clock is another one, and whose monotonic clock is not."""
    if FAKETIME is None:
        if os.environ.get("INSPECTOR_REQUIRE_ARAVIS") == "1":
            raise RuntimeError("libfaketime is not installed: apt-get install faketime")
        pytest.skip("libfaketime is not installed: apt-get install faketime")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1", **settings}
