"""Builds a wheel as a release is built and installs it into a virtual environment of its own, without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PARTS = (
    "inspector",
    "engines",
    "calibration",
    "configs",
    "setup.py",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
    "LICENSE",
)
"""What an installation is made of."""
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@dataclass(frozen=True)
class Installed:
    """An installation, and an empty folder to work in."""

    environment: Path
    folder: Path

    def variables(self) -> dict[str, str]:
        """The environment of its commands: a home without files, no other copy of the package, its commands on the path."""
        home = self.environment / "home"
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "XDG_CACHE_HOME")}
        return {**kept, "HOME": str(home), "PATH": f"{self.environment / 'bin'}:{kept['PATH']}"}

    def sh(self, command: str, timeout_s: float = 50) -> subprocess.CompletedProcess[str]:
        """Run a line of shell in the folder to its end."""
        return subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self.variables(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def build_sdist(folder: Path) -> Path:
    """The source distribution of a copy of the tree, because a build leaves files in it."""
    copy = folder / "source"
    copy.mkdir()
    for part in PARTS:
        place = ROOT / part
        if place.is_dir():
            shutil.copytree(place, copy / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(place, copy / part)
    _run(sys.executable, "-c", f"import setuptools.build_meta as b; b.build_sdist({str(folder)!r})", cwd=copy)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def build_wheel(folder: Path, sdist: Path | None = None, **variables: str) -> Path:
    """A wheel built of the source distribution, by default that of this tree. ``variables`` are added to the environment of the build;
    ``CC`` there is the compiler."""
    archive = build_sdist(folder) if sdist is None else sdist
    build = (*PIP, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", folder, archive)
    _run(*build, env={**os.environ, **variables})
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Installed:
    """The wheel in a new environment in `folder`, with the dependencies of the environment that runs the tests."""
    environment, work = folder / "environment", folder / "work"
    venv.create(environment, symlinks=True)
    _run(*PIP, "--python", environment / "bin/python", "install", "--no-deps", "--no-index", "--no-compile", wheel)
    packages = next(environment.glob("lib/python*/site-packages"))
    # After the installation: pip would take a copy of the package there for the one to replace.
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n")
    work.mkdir()
    return Installed(environment, work)


def _run(*command: str | Path, **options: Any) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with status {done.returncode}:\n{done.stderr}")
