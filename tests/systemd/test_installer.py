"""The offline installer installs what its list of sums names, and nothing beside it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[2] / "systemd" / "packaging"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An unpacked archive whose release says that it would be installed."""
    folder = tmp_path / "archive"
    for name, text in (
        ("wheels/inspector-0.1.0+a.b-py3-none-any.whl", "wheel"),
        ("units/inspector.target", "unit"),
        ("MACHINE", f"{platform.machine()}\n"),
        ("NOT-INCLUDED.md", ""),
        ("inspector-release", "echo installed\n"),
    ):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shutil.copy(PACKAGING / "install.sh", folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return folder


def installed(archive: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(archive / "install.sh"), "--releases", str(archive.parent / "releases")]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_what_is_listed_is_installed(archive: Path) -> None:
    (archive / "allowed_signers").write_text("a file of the person who installs")
    done = installed(archive)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "installed"), done.stderr


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda one: (one / "units/evil.service").write_text("[Service]\n"), "units/evil.service is not of this archive"),
        (lambda one: (one / "wheels/inspector-0.1.0xa.b-py3-none-any.whl").write_text("x"), "0xa.b-py3-none-any.whl is not of this archive"),
        (lambda one: (one / "units/two words.service").write_text("x"), "two words.service is not of this archive"),
        (lambda one: (one / "units/link.service").symlink_to("inspector.target"), "link.service is not of this archive"),
        (lambda one: os.mkfifo(one / "units/pipe.service"), "pipe.service is not of this archive"),
        (lambda one: (one / "units/inspector.target").write_text("other"), "the archive was altered or is incomplete"),
        (lambda one: (one / "units/inspector.target").unlink(), "the archive was altered or is incomplete"),
    ],
)  # fmt: skip
def test_what_is_not_listed_or_was_altered_is_refused(
    archive: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(archive)
    done = installed(archive)
    assert done.returncode == 1
    assert said in done.stderr
    assert "nothing was installed" in done.stderr
    assert "installed\n" not in done.stdout
