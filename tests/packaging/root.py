"""A small system of its own, in a folder, without a network but loopback: made by mmdebstrap, entered by chroot in namespaces of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,ca-certificates"
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
"""Suites of Debian (12, 13) with the Python of each."""
INSIDE = """
set -e
ip link set lo up
mount --bind /dev "$0/dev"
mount -t proc proc "$0/proc"
mount -t tmpfs tmpfs "$0/run"
exec env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    chroot "$0" sh -eu -c "$1"
"""
LEFT_OUT = ("proc", "sys", "dev", "run", "tmp", "var/lib/dpkg", "var/log", "var/cache", "var/lib/systemd/catalog")
"""What the system or its package manager writes about every package."""
OF_USERS = ("etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "etc/.pwd.lock")
"""Copies that systemd-sysusers makes before it adds a user; the user stays."""


class Root:
    """A system in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sh(self, script: str, timeout_s: float = 300) -> str:
        """Run a script in it as root, without a network; what it printed. Raises RuntimeError where it fails."""
        done = subprocess.run(
            ["unshare", "--net", "--mount", "--ipc", "--pid", "--fork", "--kill-child", "sh", "-c", INSIDE, self.folder, script],
            capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(
                f"status {done.returncode} of {script.strip()}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done.stdout + done.stderr

    def files(self) -> set[str]:
        """Every file, folder and link in it, but what each system writes about packages."""
        found = set()
        for path in self.folder.rglob("*"):
            name = str(path.relative_to(self.folder))
            if name not in OF_USERS and not any(name == one or name.startswith(f"{one}/") for one in LEFT_OUT):
                found.add(name)
        return found


@contextmanager
def root(suite: str, tar: Path) -> Iterator[Root]:
    """A new system; ``tar`` holds a fresh one and is made where it is missing."""
    if not tar.is_file():
        tar.parent.mkdir(parents=True, exist_ok=True)
        new = tar.with_suffix(".new")
        command = ["mmdebstrap", "--format=tar", "--variant=minbase", f"--include={PACKAGES}", suite, str(new)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except FileNotFoundError:
            sys.exit("no mmdebstrap: apt-get install mmdebstrap, then try again")
        except subprocess.CalledProcessError as error:
            sys.exit(f"mmdebstrap {suite}: {error.stderr[-2000:]}")
        new.rename(tar)
    with TemporaryDirectory(prefix=f"inspector-{suite}-") as name:
        folder = Path(name) / "root"
        folder.mkdir()
        subprocess.run(["tar", "-C", folder, "--exclude=./dev/*", "-xf", tar], check=True)
        yield Root(folder)
