"""What belongs to a line, found through the paths in its configuration.

Files are taken where the configuration looks for them, with links followed, so that they lie there again after a restore on another machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engines.bundle import MANIFEST as BUNDLE_MANIFEST
from engines.bundle.manifest import OPERATING_POINT
from engines.bundle.reading import INCLUDED, find_bundle, read_bundle
from engines.bundle.signature import SUFFIX
from engines.errors import BundleError, FileError
from engines.files.looking import expanded, is_file, is_folder, resolved
from engines.files.paths import path_values
from engines.files.reading import read_bytes
from engines.files.yaml_text import MOST_BYTES
from inspector.backup.manifest import BundleEntry, Kind, LeftOut, path_problem
from inspector.config.load import load_config, load_recipe
from inspector.errors import UserError

_MOST_FILE_BYTES = 4 << 20
_MOST_CALIBRATION_BYTES = 256 << 20
"""A flat field has four bytes for each pixel."""
_MOST_FILES = 1000
"""Of a folder that the configuration names. Keys, recipes and calibrations are few and small."""
_SECRETS = (b"secret-key", b"PRIVATE KEY", b"AGE-SECRET-KEY")
"""A file that holds one of these is a secret key, whatever its name."""
_NO_KEYS = (".yaml", ".yml")
_CREDENTIALS = "/run/credentials/"
_KINDS = {
    "recipe": Kind.RECIPE,
    "calibration": Kind.CALIBRATION,
    "flat_field": Kind.CALIBRATION,
    "scale_file": Kind.CALIBRATION,
    "operating_point": Kind.OPERATING_POINT,
    "keys.clients": Kind.PUBLIC_KEY,
}
"""The kind of a file by a word in its key."""


@dataclass
class Contents:
    """What is to be in a backup."""

    files: dict[Path, Kind] = field(default_factory=dict)
    journals: list[Path] = field(default_factory=list)
    secrets: list[Path] = field(default_factory=list)
    bundles: dict[str, BundleEntry] = field(default_factory=dict)
    """By path."""
    left_out: dict[str, str] = field(default_factory=dict)
    """What, and why."""

    def all_left_out(self) -> tuple[LeftOut, ...]:
        """For the manifest."""
        return tuple(LeftOut(what=what, why=why) for what, why in self.left_out.items())


def gather(configurations: Sequence[Path], *, with_bundles: bool, keys: Sequence[Path] = ()) -> Contents:
    """What belongs to the lines of these configurations; ``keys`` are further secret keys. Raises UserError or FileError for a configuration or
    a key that cannot be used."""
    found = Contents()
    for path in configurations:
        config = load_config(path, calibrated=False)
        _add(found, _whole(path), Kind.CONFIGURATION)
        for key, rule, text in path_values(config):
            name = key.rsplit(".", 1)[-1]
            if rule.prefix:  # a socket's
                continue
            if name == "bundle":
                _add_bundle(found, text, path.parent, with_bundles)
            elif key == "journal.path":
                _add_journal(found, _whole(Path(text)))
            elif key == "archive.path":
                found.left_out[text] = (
                    "archive.path: it is large; copy the folder, while the line runs too (docs/archive.md)"
                )
            elif key.endswith("].source.credentials"):
                _add_named(found, key, _whole(Path(text)), with_bundles)
            elif ".source." in key or key == "drift.folder":
                found.left_out[text] = f"{key}: pictures are no part of a backup"
            else:
                _add_named(found, key, _whole(Path(text)), with_bundles)
    for key_file in keys:
        read_bytes(key_file, _MOST_FILE_BYTES)
        _add_secret(found, _whole(key_file))
    return found


def _whole(path: Path) -> Path:
    """From the root, links not followed."""
    return Path(os.path.abspath(path))


def _add(found: Contents, path: Path, kind: Kind) -> None:
    if problem := path_problem(str(path)):
        found.left_out[str(path)] = f"its name {problem}"
    else:
        found.files.setdefault(path, kind)


def _add_journal(found: Contents, path: Path) -> None:
    if not is_file(path):
        found.left_out[str(path)] = "journal.path: there is no journal yet"
    elif problem := path_problem(str(path)):
        found.left_out[str(path)] = f"its name {problem}"
    elif path not in found.journals:
        found.journals.append(path)


def _add_secret(found: Contents, path: Path) -> None:
    if path not in found.secrets:
        found.secrets.append(path)


def _add_named(found: Contents, key: str, path: Path, with_bundles: bool) -> None:
    """Add what a key of the configuration, or of a recipe, names: a file, or the files below a folder."""
    kind = next((kind for word, kind in _KINDS.items() if word in key), Kind.OTHER)
    if str(path).startswith(_CREDENTIALS):
        found.left_out[str(path)] = (
            f"{key}: systemd's copy; --key FILE names the file that LoadCredential= takes it from"
        )
    elif is_file(path):
        _add_file(found, key, path, kind, with_bundles)
    elif is_folder(path):
        files = list(_files_below(path))
        if len(files) > _MOST_FILES:
            found.left_out[str(path)] = f"{key}: more than {_MOST_FILES} files"
            return
        for file in files:
            _add_file(found, key, file, kind, with_bundles)
    else:
        found.left_out[str(path)] = f"{key}: is not there"


def _files_below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names))


def _add_file(found: Contents, key: str, path: Path, kind: Kind, with_bundles: bool) -> None:
    try:
        data = read_bytes(path, _MOST_CALIBRATION_BYTES if kind is Kind.CALIBRATION else _MOST_FILE_BYTES)
    except FileError as error:
        found.left_out[str(path)] = f"{key}: {str(error).removeprefix(f'{path}: ')}"
        return
    if key.endswith(("secret_key", "credentials")) or (
        path.suffix not in _NO_KEYS and any(mark in data for mark in _SECRETS)
    ):
        _add_secret(found, path)
        return
    _add(found, path, Kind.PUBLIC_KEY if path.suffix == ".key" else kind)
    if kind is Kind.RECIPE and path.suffix == ".yaml":
        _add_what_it_names(found, path, with_bundles)


def _add_what_it_names(found: Contents, path: Path, with_bundles: bool) -> None:
    """The bundle and the operating point of a recipe."""
    try:
        recipe = load_recipe(path.parent, path.stem, calibrated=False)
    except UserError:
        return  # kept as it is; the line says what is wrong with it
    for key, _, text in path_values(recipe):
        if key == "bundle":
            _add_bundle(found, text, path.parent, with_bundles)
        else:
            _add_named(found, key, _whole(Path(text)), with_bundles)


def _add_bundle(found: Contents, name_or_path: str, relative_to: Path, with_bundles: bool) -> None:
    try:
        folder = find_bundle(name_or_path, relative_to)
        here = _whole(relative_to / expanded(name_or_path))
        folder = here if is_file(here / BUNDLE_MANIFEST) else folder
        bundle = read_bundle(folder)
        digest = hashlib.sha256(read_bytes(folder / BUNDLE_MANIFEST, MOST_BYTES)).hexdigest()
        comes_with_it = INCLUDED in resolved(folder).parents
    except (BundleError, FileError) as error:
        found.left_out[f"bundle {name_or_path}"] = str(error)
        return
    taken = with_bundles and not comes_with_it
    found.bundles[str(folder)] = BundleEntry(
        path=str(folder), id=bundle.id, sha256=digest, operating_point=bundle.operating_point.id, included=taken,
        of_the_program=comes_with_it,
    )  # fmt: skip
    if comes_with_it:
        found.left_out[f"bundle {bundle.id}"] = "it comes with the program"
        return
    _add(found, folder / OPERATING_POINT, Kind.OPERATING_POINT)
    for signed, kind in ((OPERATING_POINT, Kind.OPERATING_POINT), *([(BUNDLE_MANIFEST, Kind.BUNDLE)] if taken else [])):
        if is_file(signature := folder / (signed + SUFFIX)):
            _add(found, signature, kind)
    if taken:
        for name in (BUNDLE_MANIFEST, *bundle.manifest.files):
            _add(found, _whole(folder / name), Kind.BUNDLE)
    else:
        found.left_out[f"bundle {bundle.id} in {folder}"] = "its files are large; --with-bundles takes them"
