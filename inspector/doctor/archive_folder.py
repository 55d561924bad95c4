"""The folder of the archive: whether frames can be kept there, and whether the disk has room for what they may take."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import is_folder, resolved
from inspector.config.archive import ArchiveConfig
from inspector.config.ring import RingConfig
from inspector.doctor.finding import Finding, Section, Subject
from inspector.errors import UserError

MIB = 1 << 20


def archive_finding(config: ArchiveConfig, ring: RingConfig) -> Finding:
    """Tries the folder, or the one in which it would be made, without changing an archive. A line runs without it."""
    subject = Subject(Section.LINE, "Archive")
    if config.path is None:
        return subject.note("off (archive.path: null)", "no pictures are kept")
    if not config.most_leases(ring.observer_slots):
        return subject.wrong("ring.observer_slots is 0", "the archive gets no frame; set it to 2 or more")
    path = Path(config.path)
    try:
        path = resolved(path)
        taken = _taken_bytes(path)
        _try(_nearest(path))
        free = shutil.disk_usage(_nearest(path)).free
    except (UserError, FileError, OSError) as error:
        return subject.wrong(
            f"{path}: {str(error).removeprefix(f'{path}: ')}",
            "make the folder writable, or name another one (archive.path); the line gives verdicts all the same, and keeps no pictures",
        )
    found = f"{path}: writable, {free / 1e9:.0f} GB free"
    room = free - config.free_mib * MIB
    if room <= 0:
        return subject.note(found, f"nearly full: archive.free_mib ({config.free_mib}) leaves no room for pictures")
    if room < (missing := config.quota_mib * MIB - taken):
        return subject.note(
            found,
            f"the archive may grow by {missing / 1e9:.0f} GB, more than is free; frames are deleted sooner than archive.quota_mib says",
        )
    return subject.ok(found, f"has {taken / 1e9:.1f} GB, may take {config.quota_mib * MIB / 1e9:.0f} GB")


def _nearest(path: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    while not os.path.lexists(path) and path != path.parent:
        path = path.parent
    return path


def _taken_bytes(path: Path) -> int:
    """What the archive takes; 0 where there is none yet. Raises UserError for one that the line cannot open."""
    from inspector.archive.places import INDEX
    from inspector.archive.reader import Archive

    if not (path / INDEX).exists():
        return 0
    with Archive(path) as archive:
        return sum(one.bytes for one in archive.totals().values())


def _try(folder: Path) -> None:
    """Raise OSError or UserError where this user cannot make a file in it."""
    if not is_folder(folder):
        raise UserError(f"{folder} is a file, not a folder")
    trial = folder / f".inspector-doctor-{os.getpid()}"
    try:
        trial.touch()
    finally:
        with contextlib.suppress(OSError):
            trial.unlink()
