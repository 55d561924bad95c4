"""Puts `planted.py` into the environment of a test root, so that the checks can plant deadlocks in a daemon as it is delivered."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.service_check.root import RELEASE
from tests.service_check.suites import Suite


def plant(root: Path, suite: Suite) -> None:
    """Have every Python of the release import it."""
    packages = root / RELEASE.removeprefix("/") / f"lib/python{suite.python}/site-packages"
    shutil.copyfile(Path(__file__).with_name("planted.py"), packages / "planted_by_the_check.py")
    (packages / "planted_by_the_check.pth").write_text("import planted_by_the_check\n", encoding="ascii")
