"""A root folder of Debian with the service installed as docs/service.md describes it, and the library for GenICam cameras.

The base is made once by mmdebstrap and kept as an archive. It is unpacked anew for each run, and the project is installed into it
without a network.
"""

from __future__ import annotations

import shutil
import subprocess
import zlib
from pathlib import Path

from systemd.packaging.wheelhouse import INSTALLED
from tests.installed.install import ROOT
from tests.service_check import wheelhouse
from tests.service_check.suites import Suite

PACKAGES = "systemd,systemd-sysv,dbus,python3,python3-venv,libaravis-0.8-0"
"""The last one is for cameras; it brings no program that runs by itself."""
RELEASE = "/opt/inspector/releases/checked"
WHEELS = "/mnt"
"""Where the wheelhouse is seen inside."""
BOUND = ("--quiet", "--register=no", "--keep-unit", "--private-network")
"""Options of systemd-nspawn: it asks no other service of this machine for anything, and there is no network inside but loopback."""
UNITS = {
    "inspector@.service": "etc/systemd/system/inspector@.service",
    "inspector-controller@.service": "etc/systemd/system/inspector-controller@.service",
    "inspector-view@.service": "etc/systemd/system/inspector-view@.service",
    "inspector.target": "etc/systemd/system/inspector.target",
    "inspector.sysusers.conf": "etc/sysusers.d/inspector.conf",
    "inspector.tmpfiles.conf": "etc/tmpfiles.d/inspector.conf",
    "inspector.sysctl.conf": "etc/sysctl.d/60-inspector.conf",
    "inspector.udev.rules": "etc/udev/rules.d/60-inspector.rules",
}
INSTALL = f"""
set -eu
python3 -m venv {RELEASE}
{RELEASE}/bin/pip install --quiet --disable-pip-version-check --no-index --find-links {WHEELS} '{INSTALLED}'
ln -sfn {RELEASE} /opt/inspector/current
systemd-sysusers
systemd-tmpfiles --create
"""


def make_root(folder: Path, suite: Suite) -> Path:
    """Make ``folder``/root anew, with the service installed; archives and wheels in ``folder`` are used again."""
    folder.mkdir(parents=True, exist_ok=True)
    root = folder / "root"
    if root.exists():
        shutil.rmtree(root)
    root.mkdir()
    _run("tar", "-C", root, "-xf", _base(folder, suite), "--numeric-owner")
    wheels = folder / "wheels"
    wheelhouse.fill(wheels, suite.python)
    for name, place in UNITS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "systemd" / name, root / place)
    _run("systemd-nspawn", *BOUND, "--pipe", f"--bind-ro={wheels}:{WHEELS}", "-D", root, "sh", "-c", INSTALL)
    return root


def _base(folder: Path, suite: Suite) -> Path:
    """The archive of a small Debian with systemd and Python."""
    archive = folder / f"base-{zlib.crc32(PACKAGES.encode()):08x}.tar"  # another one where other packages are needed
    if not archive.exists():
        part = folder / "part.tar"
        mirror = "http://deb.debian.org/debian"
        _run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", suite.name, part, mirror)
        part.rename(archive)
    return archive


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
