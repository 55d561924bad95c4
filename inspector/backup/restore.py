"""Puts the files of a backup back: first everything is verified, then every place is looked at, then files are written, each whole or not at all."""

from __future__ import annotations

import grp
import hashlib
import io
import os
import pwd
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from engines.bundle import MANIFEST as BUNDLE_MANIFEST
from engines.bundle.reading import INCLUDED
from engines.errors import FileError
from engines.files.looking import is_file, is_folder, unusable
from engines.files.reading import open_regular
from engines.files.text import brief
from engines.files.writing import UNWRITABLE
from inspector.backup.archive import Archive, name_of
from inspector.backup.manifest import BundleEntry, FileEntry, Kind, Manifest
from inspector.backup.sealing import Tool, unseal
from inspector.errors import UserError
from inspector.results.journal_damage import COMPANIONS, SQLITE_ERRORS, set_aside

_BLOCK = 1 << 20
_SMALL = 1 << 20
"""Bytes that a restore needs beside those of the files."""
_LONGEST_NOTE = 400
"""Characters: what is in an archive may have been written by anybody."""
_NAMED = 3
"""Files that a refusal names; of more it says how many."""


@dataclass
class Restored:
    """What a restore did, or with ``only_look`` would do."""

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    """Files that were there already, with the same content."""
    aside: list[Path] = field(default_factory=list)
    """Journals that were there before, under their new names."""
    notes: list[str] = field(default_factory=list)
    """What was not restored, one line each."""


class _Place(NamedTuple):
    """A file to write, and where."""

    archive: Archive
    entry: FileEntry
    target: Path


def restore(
    path: Path,
    to: Path,
    *,
    force: bool = False,
    with_keys: bool = False,
    identity: Path | None = None,
    only_look: bool = False,
) -> Restored:
    """Restore the backup in ``path`` below the folder ``to``, ``/`` for where the files were. ``force`` replaces files that are there with another
    content; a journal is kept under another name.

    Raises UserError or FileError before anything was written; where writing fails, a FileError that says how many files are back."""
    with _opened(path) as archive:
        manifest = archive.manifest
        places = [_Place(archive, entry, _target(to, entry)) for entry in manifest.files]
        done = Restored(notes=_notes(manifest, to, with_keys))
        if with_keys and manifest.sealed is not None:
            keys = _unsealed(archive, path, identity)
            places += [_Place(keys, entry, _target(to, entry)) for entry in keys.manifest.files]
        wanted = _to_write(places, done, force)
        _check_room(wanted)
        if only_look:
            done.written = [place.target for place in wanted]
            return done
        for place in wanted:
            try:
                _write(place, done)
            except FileError as error:
                raise FileError(
                    f"{error}. {len(done.written)} of {len(wanted)} files are back; the same command goes on where this one ended"
                ) from None
    return done


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    try:
        file = open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb")  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise unusable(path, error) from None
    with closing(file):
        yield Archive(file, str(path))


def _unsealed(archive: Archive, path: Path, identity: Path | None) -> Archive:
    """The archive with the secret keys. Raises UserError."""
    sealed = archive.manifest.sealed
    assert sealed is not None, "the caller has looked"
    try:
        tool = Tool(sealed.tool)
    except ValueError:
        raise UserError(f"{path}: its keys were encrypted by another program; nothing was restored") from None
    keys = Archive(io.BytesIO(unseal(tool, archive.content(sealed.member), identity)), f"{path}: {sealed.member}")
    found = tuple(entry.path for entry in keys.manifest.files)
    if found != sealed.paths or any(entry.kind is not Kind.SECRET_KEY for entry in keys.manifest.files):
        raise UserError(f"{path}: {sealed.member} holds other files than the manifest says; nothing was restored")
    return keys


def _target(to: Path, entry: FileEntry) -> Path:
    """Where the file goes. Raises UserError where that is not below ``to``, because of a link that is there."""
    target = to / entry.path.lstrip("/")
    root, parent = os.path.realpath(to), os.path.realpath(target.parent)
    if os.path.commonpath([root, parent]) != root:
        raise UserError(f"{target}: a link leads out of {to}; nothing was restored")
    return target


def _to_write(places: list[_Place], done: Restored, force: bool) -> list[_Place]:
    """The files that are not there yet. Raises UserError where others are in their place, without ``force``."""
    wanted, taken = [], []
    for place in places:
        target, entry = place.target, place.entry
        if entry.kind is Kind.JOURNAL:
            _check_journal(target)
        if not os.path.lexists(target):
            wanted.append(place)
        elif is_folder(target):
            raise UserError(f"{target}: is a folder; nothing was restored")
        elif _is_same(target, entry):
            done.same.append(target)
        else:
            wanted.append(place)
            taken.append(target)
    if taken and not force:
        named = ", ".join(map(str, taken[:_NAMED])) + (
            f" and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        )
        raise UserError(f"{named}: there already, with another content; --force replaces them. Nothing was restored")
    return wanted


def _is_same(target: Path, entry: FileEntry) -> bool:
    if not is_file(target) or target.is_symlink():
        return False
    digest = hashlib.sha256()
    with open_regular(target) as file:
        if os.fstat(file.fileno()).st_size != entry.bytes:
            return False
        while data := file.read(_BLOCK):
            digest.update(data)
    return digest.hexdigest() == entry.sha256


def _check_journal(target: Path) -> None:
    """Raises UserError where a program has the journal open, or where its write-ahead log lies there without it: SQLite would take that for the
    restored file's own."""
    if not is_file(target):
        if any(os.path.lexists(target.with_name(target.name + end)) for end in COMPANIONS):
            raise UserError(
                f"{target}{COMPANIONS[0]}: is there without its journal; move it away. Nothing was restored"
            )
        return
    with closing(sqlite3.connect(target, timeout=0.0, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except SQLITE_ERRORS as error:
            if "locked" in str(error):
                raise UserError(f"{target}: a program has it open; stop the line first. Nothing was restored") from None


def _check_room(wanted: list[_Place]) -> None:
    """Raises FileError where a disk has not room for its files."""
    needed: dict[int, int] = defaultdict(lambda: _SMALL)
    folders: dict[int, Path] = {}
    for place in wanted:
        folder = next(one for one in place.target.absolute().parents if is_folder(one))
        disk = folder.stat().st_dev
        needed[disk] += place.entry.bytes
        folders[disk] = folder
    for disk, size in needed.items():
        free = shutil.disk_usage(folders[disk]).free
        if free < size:
            raise FileError(
                f"{folders[disk]}: has {free / 1e6:.0f} MB free, the files need {size / 1e6:.0f} MB; make room. Nothing was restored"
            )


def _write(place: _Place, done: Restored) -> None:
    """Write one file under another name and rename it. Raises FileError."""
    target, entry = place.target, place.entry
    owner = _owner(entry, done)
    secret = entry.kind is Kind.SECRET_KEY
    try:
        _make_folders(target.parent, 0o700 if secret else 0o755, owner)
        if entry.kind is Kind.JOURNAL and is_file(target):
            done.aside.append(set_aside(target, "before-restore"))
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:60]}.", suffix=".part", dir=target.parent)
        try:
            with open(handle, "wb") as file:
                _fill(file, place, 0o600 if secret else entry.mode, owner)
            os.replace(name, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise unusable(target, error, UNWRITABLE) from None
    done.written.append(target)


def _fill(file: BinaryIO, place: _Place, mode: int, owner: tuple[int, int] | None) -> None:
    place.archive.copy(place.entry.member, file.write)
    file.flush()
    os.fchmod(file.fileno(), mode)
    if owner is not None:
        os.fchown(file.fileno(), *owner)
    os.fsync(file.fileno())


def _make_folders(folder: Path, mode: int, owner: tuple[int, int] | None) -> None:
    """The folder of a file, with those above it; only the last belongs to the file's owner."""
    if is_folder(folder):
        return
    _make_folders(folder.parent, 0o755, None)
    folder.mkdir(mode=mode)
    os.chmod(folder, mode)
    if owner is not None:
        os.chown(folder, *owner)


def _owner(entry: FileEntry, done: Restored) -> tuple[int, int] | None:
    """Who is to have the file; None where only root could give it to them, or where they are not known here, which is noted."""
    if os.geteuid() != 0:
        mine = entry.owner == name_of(pwd.getpwuid, os.geteuid())
        _note(
            done,
            "" if mine else f"owner {entry.owner}: only root can give files to another user; the files belong to you",
        )
        return None
    user, group = _number_of(pwd.getpwnam, entry.owner), _number_of(grp.getgrnam, entry.group)
    if user is None or group is None:
        _note(done, f"owner {entry.owner}:{entry.group}: is not known on this machine; the files belong to root")
        return None
    return user, group


def _note(done: Restored, text: str) -> None:
    clean = brief(text, _LONGEST_NOTE)
    if clean and clean not in done.notes:
        done.notes.append(clean)


def _number_of(look_up: Callable[[str], tuple[object, ...]], name: str) -> int | None:
    """Of a user or group; a number stands for itself. None for a name that is not known."""
    try:
        found = look_up(name)[2]
    except (KeyError, ValueError):
        return int(name) if name.isascii() and name.isdigit() and len(name) < 10 else None
    return found if isinstance(found, int) else None


def _notes(manifest: Manifest, to: Path, with_keys: bool) -> list[str]:
    """What is not in the backup, or is not wanted."""
    notes = [brief(f"{one.what}: not in the backup ({one.why})", _LONGEST_NOTE) for one in manifest.left_out]
    if manifest.sealed is not None and not with_keys:
        how = " --identity FILE" if manifest.sealed.tool == Tool.AGE.value else ""
        notes.append(
            f"{len(manifest.sealed.paths)} secret keys: encrypted by {brief(manifest.sealed.tool)}; --with-keys{how} restores them"
        )
    elif with_keys and manifest.sealed is None:
        notes.append("secret keys: there are none in the backup")
    return [*notes, *filter(None, (_bundle_note(one, to) for one in manifest.bundles if not one.included))]


def _bundle_note(bundle: BundleEntry, to: Path) -> str:
    """What is to be done about a bundle whose files are not in the backup; empty where it is there."""
    folder = INCLUDED / Path(bundle.path).name if bundle.of_the_program else to / bundle.path.lstrip("/")
    told = f"bundle {brief(bundle.id)} (sha256 of {BUNDLE_MANIFEST}: {bundle.sha256[:16]}...)"
    try:
        with open_regular(folder / BUNDLE_MANIFEST) as file:
            same = hashlib.sha256(file.read()).hexdigest() == bundle.sha256
    except FileError:
        return f"{told}: is not there; copy it to {brief(str(folder), 300)}"
    return "" if same else f"{told}: another one is in {brief(str(folder), 300)}"
