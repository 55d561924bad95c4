"""Makes a backup: gathers, copies the journals, encrypts the secret keys, and writes the archive."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engines.errors import FileError
from engines.files.looking import size_of, unusable
from engines.files.writing import UNWRITABLE, binary_output, refuse_inputs, temporary_folder
from inspector.backup.archive import ArchiveWriter
from inspector.backup.contents import Contents, gather
from inspector.backup.journal_copy import Progress, UncopiedError, copy_journal
from inspector.backup.manifest import Kind, Manifest, Sealed
from inspector.backup.sealing import Tool, seal
from inspector.errors import UserError
from inspector.results.journal_damage import COMPANIONS
from inspector.version import __version__

_SMALL = 64 << 20
"""Bytes beside those of the files: the manifest, and what tar adds."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a backup is to hold, beside what always belongs to it."""

    bundles: bool = False
    journal: bool = True
    tool: Tool | None = None
    """What encrypts the secret keys; None leaves them out."""
    recipients: Sequence[str] = ()
    keys: Sequence[Path] = ()
    """Secret keys that no configuration names."""


def make_backup(
    output: Path, configurations: Sequence[Path], wanted: Wanted, progress: Progress = lambda done, all_of_them: None
) -> Manifest:
    """Write the archive, whole or not at all, and return its manifest. Raises UserError or FileError."""
    contents = gather(configurations, with_bundles=wanted.bundles, keys=wanted.keys)
    _refuse_inputs(output, contents)
    if not wanted.journal:
        contents.left_out |= {str(path): "--no-journal" for path in contents.journals}
        contents.journals.clear()
    sealed = _sealed_keys(contents, wanted)
    with _scratch(output) as folder:
        _check_room(folder, contents)
        copies = _copied(contents, folder, progress)
        with binary_output(output) as file:
            writer = ArchiveWriter(file, _on_disk(file))
            for path, kind in contents.files.items():
                writer.add(path, kind)
            for path, copy in copies.items():
                writer.add(path, Kind.JOURNAL, copy)
                copy.unlink()
            if sealed is not None:
                writer.add_data(sealed[0].member, sealed[1])
            manifest = Manifest(
                software=__version__, created_unix_ns=time.time_ns(), files=tuple(writer.files),
                bundles=tuple(contents.bundles.values()), sealed=sealed[0] if sealed else None, left_out=contents.all_left_out(),
            )  # fmt: skip
            writer.finish(manifest)
    return manifest


def _refuse_inputs(output: Path, contents: Contents) -> None:
    read = [*contents.files, *contents.secrets, *contents.journals]
    read += [path.with_name(path.name + end) for path in contents.journals for end in COMPANIONS]
    refuse_inputs(output, {f"{path.name}, which belongs into the backup": path for path in read})


def _sealed_keys(contents: Contents, wanted: Wanted) -> tuple[Sealed, bytes] | None:
    """The secret keys, encrypted; None where there are none, or they are left out."""
    if wanted.tool is None:
        for path in contents.secrets:
            contents.left_out[str(path)] = "a secret key; --keys-with age -r RECIPIENT takes it, encrypted"
    if wanted.tool is None or not contents.secrets:
        return None
    if not wanted.recipients:
        raise UserError(f"--keys-with {wanted.tool.value}: give the public key that may read them, -r RECIPIENT")
    file = io.BytesIO()
    writer = ArchiveWriter(file)
    for path in contents.secrets:
        writer.add(path, Kind.SECRET_KEY)
    writer.finish(Manifest(software=__version__, created_unix_ns=time.time_ns(), files=tuple(writer.files)))
    data = seal(wanted.tool, wanted.recipients, file.getvalue())
    member = f"keys.tar.{wanted.tool.value}"
    told = Sealed(
        member=member, tool=wanted.tool.value, recipients=tuple(wanted.recipients), sha256=hashlib.sha256(data).hexdigest(),
        paths=tuple(map(str, contents.secrets)),
    )  # fmt: skip
    return told, data


@contextmanager
def _scratch(output: Path) -> Iterator[Path]:
    """A folder for copies of journals: beside the archive, because there is room, but not beside a device or pipe."""
    if output.exists() and not output.is_file():
        with temporary_folder("inspector-backup-") as folder:
            yield folder
        return
    try:
        scratch = tempfile.TemporaryDirectory(prefix=f".{output.name[:60]}-", dir=output.parent)
    except (OSError, ValueError) as error:
        raise unusable(output, error, UNWRITABLE) from None
    with scratch as name:
        yield Path(name)


def _check_room(folder: Path, contents: Contents) -> None:
    """A journal is there twice for a while: its copy, and what is in the archive already."""
    needed = 2 * sum(map(size_of, contents.journals)) + sum(map(size_of, contents.files)) + _SMALL
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FileError(
            f"{folder.parent}: has {free / 1e9:.1f} GB free; the backup needs {needed / 1e9:.1f} GB while it is made. Name a file on another "
            "disk, or leave the journal out (--no-journal)"
        )


def _copied(contents: Contents, folder: Path, progress: Progress) -> dict[Path, Path]:
    """The copies of the journals. One that cannot be read is left out, because the rest is worth keeping."""
    copies = {}
    for number, path in enumerate(contents.journals):
        copy = folder / f"journal-{number}.sqlite"
        try:
            copy_journal(path, copy, progress)
        except UncopiedError as error:
            contents.left_out[str(path)] = f"{error}; copy the file by hand while the line is stopped"
            continue
        copies[path] = copy
    return copies


def _on_disk(file: BinaryIO) -> int | None:
    """The descriptor of a file that can be synced."""
    descriptor = file.fileno()
    return descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
