"""Builds the Debian package for one version of Python: files of ``systemd/debian`` and the units in a build folder, with a wheelhouse.

python -m systemd.packaging.deb --python 3.11 --out dist
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

from systemd.packaging.target import MACHINES, Target, here
from systemd.packaging.wheelhouse import INSTALLED, IncompleteError, collect, our_wheel, write_release

SYSTEMD = Path(__file__).parents[1]
ROOT = SYSTEMD.parent
CONFIGURATIONS = {
    "inspector.sysusers.conf": "inspector.sysusers",
    "inspector.tmpfiles.conf": "inspector.tmpfiles",
    "inspector.udev.rules": "inspector.udev",
}
"""Files of ``systemd`` that debhelper knows under another name."""


def main() -> None:
    """Build it, and say where it is."""
    usual_python, usual_machine = here()
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--python", default=usual_python, help="the version of Python it is for, as 3.11")
    options.add_argument("--machine", default=usual_machine, choices=sorted(MACHINES))
    options.add_argument("--out", type=Path, default=Path("dist"))
    given = options.parse_args()
    if shutil.which("dh") is None:
        sys.exit("no debhelper: apt-get install debhelper dpkg-dev, then try again")
    try:
        print(build(Target(given.python, given.machine), given.out))
    except IncompleteError as error:
        sys.exit(f"no package was built: {error}")


def build(target: Target, out: Path) -> Path:
    """The package, in ``out``. Raises IncompleteError."""
    with tempfile.TemporaryDirectory(prefix="inspector-deb-") as name:
        tree = Path(name) / "inspector"
        version = _fill(tree, target)
        _debian(tree, target, version)
        command = ["dpkg-buildpackage", "-b", "-us", "-uc", f"-a{MACHINES[target.machine]}", "-d"]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
        (package,) = Path(name).glob("*.deb")
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(package, out))


def _fill(tree: Path, target: Target) -> str:
    """What the package installs. Returns the version of the release."""
    wheels = tree / "wheelhouse"
    wheels.mkdir(parents=True)
    our_wheel(target, wheels)
    version = write_release(wheels, collect(wheels, target, [INSTALLED]), target)
    units = tree / "units"
    units.mkdir()
    for pattern in ("*.service", "*.target"):
        for unit in SYSTEMD.glob(pattern):
            shutil.copy(unit, units)
    sysctl = tree / "sysctl"
    sysctl.mkdir()
    shutil.copy(SYSTEMD / "inspector.sysctl.conf", sysctl / "60-inspector.conf")
    for place in (
        SYSTEMD / "gpu.conf",
        SYSTEMD / "camera.conf",
        ROOT / "docs/service.md",
        ROOT / "docs/cameras.md",
        SYSTEMD / "packaging/inspector-release",
    ):
        shutil.copy(place, tree)
    return version


def _debian(tree: Path, target: Target, version: str) -> None:
    debian = tree / "debian"
    shutil.copytree(SYSTEMD / "debian", debian)
    for ours, theirs in CONFIGURATIONS.items():
        shutil.copy(SYSTEMD / ours, debian / theirs)
    control = (debian / "control.in").read_text(encoding="utf-8")
    control = control.replace("@PYTHON@", target.python).replace("@ARCHITECTURE@", MACHINES[target.machine])
    (debian / "control").write_text(control, encoding="utf-8")
    (debian / "control.in").unlink()
    shutil.copy(ROOT / "LICENSE", debian / "copyright")
    (debian / "changelog").write_text(
        f"inspector ({debian_version(version)}) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n"
        f" -- Inspector <root@localhost>  {formatdate(time.time())}\n",
        encoding="utf-8",
    )


def debian_version(version: str) -> str:
    """A version of Python as Debian orders it: what comes before a release has a tilde."""
    return re.sub(r"\.?(a|b|rc|dev)(\d+)", r"~\1\2", version)


if __name__ == "__main__":
    main()
