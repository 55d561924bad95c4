"""Whether compiled modules are to be used, where they could be built."""

from __future__ import annotations

import os

WITHOUT = "INSPECTOR_WITHOUT_NATIVE"
"""Environment variable that turns compiled modules off, to compare: 1."""


def wanted() -> bool:
    """False where the environment turns them off."""
    return os.environ.get(WITHOUT) != "1"
