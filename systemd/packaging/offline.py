"""Builds one archive that installs Inspector where there is no network: wheels with their hashes, bill of materials, units, installer.

    python -m systemd.packaging.offline --machine aarch64 --python 3.10 --out dist [--signing-key KEY]

Refuses to be incomplete: a wheel that lacks for the target is named, and nothing is written.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from systemd.packaging.sbom import write_sbom
from systemd.packaging.target import GLIBC, MACHINES, Target, here
from systemd.packaging.wheelhouse import INSTALLED, IncompleteError, collect, our_wheel, write_lock, write_release

PACKAGING = Path(__file__).parent
SYSTEMD = PACKAGING.parent
DOCS = SYSTEMD.parent / "docs"
PYCUDA = "pycuda>=2026.1,<2027"
"""Has no wheels; as in the extra gpu of setup.cfg."""
FOR_PYCUDA = ["pytools>=2011.2", "platformdirs>=2.2", "mako", "setuptools", "wheel", "numpy>=1.24"]
"""What pycuda requires to be built and to run."""
NAMESPACE = "inspector"
"""Of the signature (``ssh-keygen -Y sign -n``)."""


def main() -> None:
    """Build it, and say where it is."""
    usual_python, usual_machine = here()
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--python", default=usual_python, help="the version of Python it is for, as 3.10")
    options.add_argument("--machine", default=usual_machine, choices=sorted(MACHINES))
    options.add_argument("--glibc", type=int, default=GLIBC, help="2.x, that of the oldest machine it is for")
    options.add_argument(
        "--signing-key", type=Path, help="a key of ssh-keygen; without, the archive is not signed and says so"
    )
    options.add_argument("--out", type=Path, default=Path("dist"))
    given = options.parse_args()
    if given.signing_key is not None and not given.signing_key.is_file():
        sys.exit(f"no archive was built: {given.signing_key}: no such key")
    try:
        archive = build(Target(given.python, given.machine, given.glibc), given.out, given.signing_key)
    except IncompleteError as error:
        sys.exit(f"no archive was built: {error}")
    if given.signing_key is None:
        print("the archive is not signed: give SIGNING_KEY=, a private key of ssh-keygen", file=sys.stderr)
    print(f"{archive}: {archive.stat().st_size >> 20} MiB")


def build(target: Target, out: Path, signing_key: Path | None) -> Path:
    """The archive, in ``out``. Raises IncompleteError."""
    with tempfile.TemporaryDirectory(prefix="inspector-offline-") as name:
        wheels = Path(name) / "wheels"
        wheels.mkdir()
        our_wheel(target, wheels)
        found = collect(wheels, target, [INSTALLED])
        version = write_release(wheels, found, target)
        tree = Path(name) / f"inspector-{version}-{target.machine}"
        tree.mkdir()
        wheels.rename(tree / "wheels")
        write_sbom(found, target, tree / "sbom.cdx.json")
        _sources(tree / "sources", target)
        _installer(tree, target)
        _sums(tree, signing_key)
        unsigned = "" if signing_key else "-unsigned"
        out.mkdir(parents=True, exist_ok=True)
        archive = out / f"{tree.name}{unsigned}.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(tree, tree.name, filter=_plain)
        for wheel in found:
            print(f"  {wheel.path.name}")
        return archive


def _sources(folder: Path, target: Target) -> None:
    """What a Jetson compiles itself, and wheels of what that requires, each with its hash."""
    folder.mkdir()
    found = collect(folder, target, FOR_PYCUDA)
    write_lock(found, folder / "requirements.txt")
    # No dependencies and no build: the source is fetched as it is.
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary=pycuda",
    ]
    done = subprocess.run([*command, "--dest", str(folder), PYCUDA], capture_output=True, text=True, check=False)
    archives = list(folder.glob("pycuda-*.tar.gz"))
    if done.returncode or len(archives) != 1:
        raise IncompleteError(f"no source of {PYCUDA}: {done.stderr.strip().splitlines()[-1:]}")
    version = re.fullmatch(r"pycuda-(.+)\.tar\.gz", archives[0].name)
    assert version is not None
    lock = f"pycuda=={version[1]} --hash=sha256:{hashlib.sha256(archives[0].read_bytes()).hexdigest()}\n"
    (folder / "pycuda.txt").write_text(lock, encoding="utf-8")


def _installer(tree: Path, target: Target) -> None:
    for name in ("install.sh", "inspector-release", "NOT-INCLUDED.md"):
        shutil.copy(PACKAGING / name, tree)
    (tree / "MACHINE").write_text(f"{target.machine}\n", encoding="utf-8")
    units = tree / "units"
    units.mkdir()
    for pattern in ("*.service", "*.target", "*.conf", "*.rules"):
        for unit in SYSTEMD.glob(pattern):
            shutil.copy(unit, units)
    for name in ("service.md", "cameras.md", "offline.md", "jetson.md"):
        shutil.copy(DOCS / name, tree)


def _sums(tree: Path, signing_key: Path | None) -> None:
    """SHA256SUMS of every file, and its signature."""
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files]
    sums = tree / "SHA256SUMS"
    sums.write_text("".join(lines), encoding="utf-8")
    if signing_key is not None:
        sign = ["ssh-keygen", "-Y", "sign", "-q", "-f", str(signing_key), "-n", NAMESPACE, str(sums)]
        if subprocess.run(sign, check=False).returncode:
            raise IncompleteError(f"{signing_key} does not sign")


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nobody's files, readable by all."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


if __name__ == "__main__":
    main()
