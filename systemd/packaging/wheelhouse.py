"""A folder of wheels that is all that an installation takes: complete for its target, each file with its hash.

pip chooses the versions; what it chose is then checked against the metadata of the wheels themselves, with the markers and tags of the
target, because pip looks at markers as the Python that runs it."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import Version

from systemd.packaging.target import Target
from tests.installed.cross import MODULES, glibc
from tests.installed.cross import main as cross_build
from tests.installed.install import build_wheel

OURS = "inspector"
EXTRAS = ("line", "controller", "report", "view")
"""What an installation on a line has of it: the units that come along run lines, reject controllers and viewers, and write reports of coils."""
INSTALLED = f"{OURS}[{','.join(EXTRAS)}]"
ROUNDS = 5
"""Of downloads: the first one, and those of what only the target requires."""


class IncompleteError(Exception):
    """What lacks, in one line."""


@dataclass(frozen=True)
class Wheel:
    """One file of the wheelhouse."""

    path: Path
    name: str
    version: Version
    metadata: Message
    sha256: str

    @classmethod
    def read(cls, path: Path) -> Wheel:
        """Its name, and what its METADATA says."""
        name, version, _, _ = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as file:
            (place,) = (one for one in file.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
            metadata = BytesParser().parsebytes(file.read(place))
        return cls(path, name, version, metadata, hashlib.sha256(path.read_bytes()).hexdigest())

    def requires(self, target: Target, extras: Iterable[str] = ()) -> list[Requirement]:
        """What it requires on the target, with these extras."""
        every = [Requirement(text) for text in self.metadata.get_all("Requires-Dist", [])]
        return [
            one
            for one in every
            if one.marker is None or any(one.marker.evaluate({**target.markers(), "extra": e}) for e in ("", *extras))
        ]


def our_wheel(target: Target, folder: Path) -> Path:
    """Inspector's own wheel for the target, compiled here. Raises IncompleteError where its compiled modules are missing or too new."""
    scratch = folder / "build"
    scratch.mkdir(parents=True)
    if target.machine == _this_machine():
        built = build_wheel(scratch)
    else:
        cross_build(target.machine, scratch / "cross")
        (built,) = (scratch / "cross").glob("*.whl")
    place = Path(shutil.copy(built, folder))
    shutil.rmtree(scratch)
    with zipfile.ZipFile(place) as file:
        for name in MODULES:
            if name not in file.namelist():
                raise IncompleteError(
                    f"{place.name} has no {name}: it needs a C compiler, apt-get install gcc python3-dev"
                )
            if glibc(file.read(name)) > (2, target.glibc):
                raise IncompleteError(f"{name} in {place.name} was compiled for a newer glibc than {target}")
    return place


def collect(folder: Path, target: Target, wanted: list[str]) -> list[Wheel]:
    """Download the wheels of ``wanted`` and of all that they require into ``folder``, beside those that are there, and return what the
    target takes of them; the others are removed. Raises IncompleteError where a wheel lacks."""
    asked = list(wanted)
    for _ in range(ROUNDS):
        _download(folder, target, asked)
        found = {wheel.name: wheel for wheel in map(Wheel.read, sorted(folder.glob("*.whl")))}
        needed, lacking = closure(found, target, wanted)
        if not lacking:
            for wheel in found.values():
                if wheel.name not in needed:
                    wheel.path.unlink()
            return sorted(needed.values(), key=lambda wheel: wheel.name)
        asked += lacking
    raise IncompleteError(f"no wheel of {lacking[0]} for {target}")


def closure(found: dict[str, Wheel], target: Target, wanted: list[str]) -> tuple[dict[str, Wheel], list[str]]:
    """Of the wheels found, those that the target needs for ``wanted``, and the requirements that none of them meets. Raises
    IncompleteError for a wheel that the target does not take."""
    accepted = target.tags()
    needed: dict[str, Wheel] = {}
    lacking = []
    todo = [Requirement(text) for text in wanted]
    seen = set()
    while todo:
        requirement = todo.pop()
        wheel = found.get(canonicalize_name(requirement.name))
        if wheel is None or not requirement.specifier.contains(wheel.version, prereleases=True):
            lacking.append(f"{requirement.name}{requirement.specifier}")
            continue
        key = (wheel.name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        if not accepted & parse_wheel_filename(wheel.path.name)[3]:
            raise IncompleteError(f"{wheel.path.name} is not for {target}")
        needed[wheel.name] = wheel
        todo += wheel.requires(target, requirement.extras)
    return needed, lacking


def write_lock(wheels: Iterable[Wheel], place: Path) -> None:
    """The exact versions with their hashes, for ``pip install --require-hashes``."""
    lines = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in wheels]
    place.write_text("".join(lines), encoding="utf-8")


def write_release(folder: Path, wheels: list[Wheel], target: Target) -> str:
    """The lock and the file ``release`` that `inspector-release install` reads. Returns the version."""
    write_lock(wheels, folder / "requirements.txt")
    (ours,) = (wheel for wheel in wheels if wheel.name == OURS)
    version = f"{ours.version}+py{target.python}"
    (folder / "release").write_text(f"version={version}\npython={target.python}\n", encoding="utf-8")
    return version


def _download(folder: Path, target: Target, wanted: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--dest", folder]
    done = subprocess.run(
        [*map(str, command), f"--find-links={folder}", *target.pip_options(), *wanted],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        if names := re.findall(r"No matching distribution found for (.+)", done.stderr):
            raise IncompleteError(f"no wheel of {names[-1].strip()} for {target}")
        raise IncompleteError(
            f"pip download ended with status {done.returncode}: {done.stderr.strip().splitlines()[-1]}"
        )


def _this_machine() -> str:
    import platform

    return platform.machine()
