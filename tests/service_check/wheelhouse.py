"""The wheels of the project and of what it needs, for another Python than the one that runs this."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from systemd.packaging.wheelhouse import EXTRAS
from tests.installed.install import build_wheel

PLATFORMS = (
    *(f"manylinux_2_{minor}_x86_64" for minor in (36, 35, 34, 31, 28, 27, 26, 17)),
    "manylinux2014_x86_64",
    "linux_x86_64",
)
"""pip matches each name exactly. Debian 12 has glibc 2.36."""


def fill(folder: Path, python: str) -> Path:
    """Bring ``folder`` up to date for Python ``python`` ("3.11"): a wheel built from this tree, and the dependencies, which are downloaded
    where they are not there yet. Returns the project's wheel."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("inspector-*.whl"):
        old.unlink()
    with tempfile.TemporaryDirectory(prefix="inspector-wheel-") as name:
        wheel = Path(shutil.copy(build_wheel(Path(name)), folder))
    tag = f"cp{python.replace('.', '')}"
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
        "--dest", str(folder), "--find-links", str(folder), "--python-version", python, "--implementation", "cp",
        *(part for abi in (tag, "abi3", "none") for part in ("--abi", abi)),
        *(part for platform in PLATFORMS for part in ("--platform", platform)), f"{wheel}[{','.join(EXTRAS)}]",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the wheels for Python {python} could not be had:\n{done.stderr}")
    return wheel
