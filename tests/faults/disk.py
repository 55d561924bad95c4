"""Disks that are full, slow or refuse, for one process."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.scenario import Unavailable


class FaultyDisk:
    """What a process meets that is started with ``environment``: see ``disk.c``."""

    def __init__(self, folder: Path, files: str) -> None:
        """``files``: text in the paths that it is about."""
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise Unavailable("a faulty disk needs a C compiler: apt-get install gcc libc6-dev")
        library = folder / "disk.so"
        source = Path(__file__).with_name("disk.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True, timeout=50)
        self._fault = folder / "disk-fault"
        self.well()
        self.environment = {"LD_PRELOAD": str(library), "DISK_FILES": files, "DISK_FAULT": str(self._fault)}

    def well(self) -> None:
        """As a disk should be."""
        self._say("ok")

    def slow(self, ms: int) -> None:
        """Each commit takes so long."""
        self._say(f"slow {ms}")

    def slow_writes(self, ms: int) -> None:
        """Each write takes so long."""
        self._say(f"write {ms}")

    def fails(self, error: int) -> None:
        """Each write is refused with this errno."""
        self._say(f"fail {error}")

    def _say(self, text: str) -> None:
        fresh = self._fault.with_suffix(".new")
        fresh.write_text(text, encoding="ascii")
        fresh.replace(self._fault)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size (as tmpfs takes it) at a new folder. Raises Unavailable where this user may not mount one."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "faults", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"mounting a small disk needs root: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=10)


def fill(folder: Path, leave: int = 0) -> Path:
    """A file that leaves so many bytes of the disk free."""
    ballast = folder / "ballast"
    free = shutil.disk_usage(folder).free - leave
    with ballast.open("wb", buffering=0) as file:
        try:
            while free > 0:
                free -= file.write(bytes(min(free, 1 << 16)))
        except OSError:  # full, which is what it is for
            pass
    return ballast
