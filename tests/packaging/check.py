"""The Debian package from its installation to its end, in a new Debian without a network.

    python -m tests.packaging.check --suite bookworm --suite trixie

Builds the package of this checkout and the same with a higher version. Takes root, mmdebstrap and debhelper, and some minutes. Prints what
was done; the exit status is 1 where something was not as it should be.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.installed.install import PARTS, ROOT
from tests.packaging.root import PYTHONS, Root, root

HIGHER = "9.9.9"
COMMAND = "/opt/inspector/current/bin/inspector"
INSIDE = (
    "tests/__init__.py", "tests/packaging/__init__.py", "tests/packaging/gate.py",
    "tests/client/__init__.py", "tests/client/controller/__init__.py", "tests/client/controller/plc_twin.py",
    "tests/packaging/page.py",
)  # fmt: skip
KEPT_BY_REMOVAL = ("etc/inspector", "var/lib/inspector")
CAMERAS = f"""
test -s /usr/lib/sysctl.d/60-inspector.conf
test -s /lib/udev/rules.d/60-inspector.rules
test -s /usr/share/doc/inspector/examples/camera.conf
getent group inspector
{COMMAND.replace("bin/inspector", "bin/python")} -c '
from engines.images import quick_look
from inspector.capture import flat_field
from inspector.verdicts import native
assert native.BUILT and quick_look.BUILT and flat_field.BUILT'
status=0
{COMMAND} camera list || status=$?
echo "status $status"
"""
LINE = f"{COMMAND} init /etc/inspector/strip.yaml --no-input --engines=cpu --results=5550 && {COMMAND} config check /etc/inspector/strip.yaml"
REPLAY = f"""
cd "$(mktemp -d)"
{COMMAND} simulate frames --frames 12 --seed 1
{COMMAND} replay frames/images --report report
"""
RUNS = f"""
mkdir -p /var/lib/inspector/strip
cd /var/lib/inspector/strip
{COMMAND} run -c /etc/inspector/strip.yaml 2>/tmp/line.log &
line=$!
until grep -q 'top: .* frames' /tmp/line.log; do kill -0 $line || {{ cat /tmp/line.log; exit 1; }}; sleep 0.2; done
"""
CONTROLLER = f"""{RUNS}
cd /tmp/checks
{COMMAND.replace("bin/inspector", "bin/python")} -m tests.packaging.gate
kill -TERM $line
wait $line
systemctl --quiet enable inspector-controller@gate
mkdir /etc/systemd/system/inspector-controller@gate.service.d
touch /etc/systemd/system/inspector-controller@gate.service.d/override.conf
"""
VIEWER = f"""{RUNS}
cd /tmp/checks
{COMMAND.replace("bin/inspector", "bin/python")} -m tests.packaging.page
kill -TERM $line
wait $line
systemctl --quiet enable inspector-view@hall-1
"""
UPGRADE = f"""{RUNS}
dpkg -i /tmp/higher.deb
kill -0 $line || {{ echo 'the line was ended by the upgrade'; exit 1; }}
inspector-release list
kill -TERM $line
wait $line
test -s /var/lib/inspector/strip/journal.sqlite
"""


def main() -> None:
    """Check each suite."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--suite", action="append", choices=sorted(PYTHONS))
    options.add_argument(
        "--roots", type=Path, default=ROOT / "build/packaging/roots", help="where fresh systems are kept"
    )
    given = options.parse_args()
    if os.geteuid() != 0:
        sys.exit("a system of its own is entered by root only: run it by sudo")
    for suite in given.suite or ["bookworm"]:
        with tempfile.TemporaryDirectory(prefix="inspector-packages-") as name:
            first = package(ROOT, PYTHONS[suite], Path(name) / "first")
            second = package(higher(Path(name) / "tree"), PYTHONS[suite], Path(name) / "second")
            with root(suite, given.roots / f"{suite}.tar") as system:
                check(suite, system, first, second)
    print("the package is as it should be")


def higher(tree: Path) -> Path:
    """This checkout with a higher version."""
    for part in (*PARTS, "systemd", "tests/__init__.py", "tests/installed", "docs/service.md", "docs/cameras.md"):
        place = ROOT / part
        (tree / part).parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            shutil.copytree(place, tree / part, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            shutil.copy(place, tree / part)
    version = tree / "inspector/version.py"
    version.write_text(re.sub(r'"[^"]+"$', f'"{HIGHER}"', version.read_text().rstrip(), flags=re.MULTILINE) + "\n")
    return tree


def package(tree: Path, python: str, out: Path) -> Path:
    """The package of a checkout."""
    command = [sys.executable, "-m", "systemd.packaging.deb", "--python", python, "--out", str(out)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    (built,) = out.glob("*.deb")
    return built


def check(suite: str, system: Root, first: Path, second: Path) -> None:
    """From installation to purge. Raises AssertionError or RuntimeError."""
    before = system.files()
    shutil.copy(first, system.folder / "tmp/first.deb")
    shutil.copy(second, system.folder / "tmp/higher.deb")

    def step(name: str, script: str) -> str:
        began = time.monotonic()
        said = system.sh(script)
        print(f"{suite:10} {time.monotonic() - began:6.1f} s  {name}", flush=True)
        return said

    interfaces = step("no network", "cat /proc/net/dev")
    assert re.findall(r"^\s*(\S+):", interfaces, flags=re.MULTILINE) == ["lo"], interfaces
    step(f"installed {first.name}, {first.stat().st_size >> 20} MiB", "dpkg -i /tmp/first.deb")
    old = step("its command", f"{COMMAND} --version").split()[-1]
    step("doctor", f"{COMMAND} doctor")
    step("replay of simulated frames", REPLAY)
    said = step("what cameras need of the system, without Aravis", CAMERAS)
    assert "apt-get install libaravis-0.8-0" in said, said
    assert "status 2" in said, said
    assert "Traceback" not in said, said
    step("a line's configuration", LINE)
    for part in INSIDE:
        (system.folder / "tmp/checks" / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, system.folder / "tmp/checks" / part)
    said = step("a reject controller at a PLC, by Modbus TCP", CONTROLLER)
    assert re.search(r"^NOT WELL +camera top: \d+ messages, [1-9]\d* verdicts, simulated", said, flags=re.MULTILINE), (
        said
    )
    assert re.search(r"^well +PLC 127\.0\.0\.1:\d+: coils pass 0, reject 0", said, flags=re.MULTILINE), said
    step("the pages of a line, with its run and its trends", VIEWER)
    said = step("upgraded under a line that runs", UPGRADE)
    listed = [line for line in said.splitlines() if "+py" in line and line[:1] in "* "]
    assert f"  {old}+py{PYTHONS[suite]}  runs" in listed, said
    assert f"* {HIGHER}+py{PYTHONS[suite]}" in listed, said
    assert step("its command", f"{COMMAND} --version").split()[-1] == HIGHER
    step("configuration kept", f"{COMMAND} config check /etc/inspector/strip.yaml")
    step("rolled back", f"inspector-release use {old}+py{PYTHONS[suite]}")
    assert step("its command", f"{COMMAND} --version").split()[-1] == old
    step("forward again", f"inspector-release use {HIGHER}+py{PYTHONS[suite]}")
    step("removed", "dpkg -r inspector")
    left = {name for name in system.files() - before if not name.startswith(KEPT_BY_REMOVAL)}
    print(f"{suite:10}           left by the removal besides configuration and state: {sorted(left) or 'nothing'}")
    kept = system.files()
    assert {"etc/inspector/strip.yaml", "var/lib/inspector/strip/journal.sqlite"} <= kept, kept - before
    step("purged", "dpkg -P inspector")
    after = system.files()
    assert after == before, f"left: {sorted(after - before)}; gone: {sorted(before - after)}"
    print(f"{suite:10}           left by the purge: nothing of {len(before)} files before and after")


if __name__ == "__main__":
    main()
