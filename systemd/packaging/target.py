"""The machine that a wheelhouse is for: its Python, its processor, its C library."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass

from packaging import tags

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
"""Processors, and what Debian calls them."""
GLIBC = 35
"""The oldest glibc 2.x that we install on: Ubuntu 22.04 and JetPack 6 have 2.35, Debian 12 has 2.36."""
OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
"""Wheels are made for glibc 2.x from here on."""
LEGACY = {"x86_64": {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}, "aarch64": {17: "manylinux2014"}}
"""Older names of some of them."""


@dataclass(frozen=True)
class Target:
    """A Python of Linux on some processor."""

    python: str
    """As ``3.11``."""
    machine: str
    glibc: int = GLIBC

    def __str__(self) -> str:
        return f"Python {self.python} on {self.machine} with glibc 2.{self.glibc}"

    @property
    def name(self) -> str:
        """For the name of a file."""
        return f"py{self.python}-{self.machine}"

    @property
    def platforms(self) -> list[str]:
        """Platform tags of the wheels that it takes, best first. pip takes each name alone, so all of them are named."""
        names = []
        for minor in range(self.glibc, OLDEST_GLIBC[self.machine] - 1, -1):
            names.append(f"manylinux_2_{minor}_{self.machine}")
            if legacy := LEGACY[self.machine].get(minor):
                names.append(f"{legacy}_{self.machine}")
        return [*names, f"linux_{self.machine}"]

    def tags(self) -> frozenset[tags.Tag]:
        """Every tag of a wheel that it takes."""
        version = tuple(map(int, self.python.split(".")))
        interpreter = f"cp{version[0]}{version[1]}"
        return frozenset(
            [
                *tags.cpython_tags(version, abis=[interpreter], platforms=self.platforms),
                *tags.compatible_tags(version, interpreter, self.platforms),
            ]
        )

    def markers(self) -> dict[str, str]:
        """The variables of environment markers (https://packaging.python.org/specifications/dependency-specifiers)."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }

    def pip_options(self) -> list[str]:
        """Options by which pip downloads for it, wherever it runs. They do not reach environment markers, for which pip has its own Python."""
        platforms = [option for name in self.platforms for option in ("--platform", name)]
        return ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}", *platforms]


def here() -> tuple[str, str]:
    """Python and processor of this machine."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}", platform.machine()
