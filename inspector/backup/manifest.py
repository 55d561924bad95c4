"""``manifest.json`` of a backup: what is in it, with digests, and what is not."""

from __future__ import annotations

from enum import Enum
from pathlib import PurePosixPath
from typing import Annotated

import msgspec
from msgspec import Meta

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files"
"""The folder in the archive that stands for the root of the file system."""
MOST_BYTES = 64 << 20
"""Of the manifest."""
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class Kind(str, Enum):
    """What a file is."""

    CONFIGURATION = "configuration"
    OPERATING_POINT = "operating point"
    RECIPE = "recipe"
    CALIBRATION = "calibration"
    PUBLIC_KEY = "public key"
    SECRET_KEY = "secret key"
    BUNDLE = "bundle"
    JOURNAL = "journal"
    OTHER = "other"


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A file in the archive."""

    path: str
    """Where it was, from the root."""
    kind: Kind
    bytes: Annotated[int, Meta(ge=0)]
    sha256: Sha256
    mode: Annotated[int, Meta(ge=0, le=0o777)]
    owner: str
    group: str

    @property
    def member(self) -> str:
        """Its name in the archive."""
        return FILES + self.path


class BundleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle that the lines use."""

    path: str
    id: str
    sha256: Sha256
    """Of its manifest, which holds the digests of its other files."""
    operating_point: str
    included: bool
    """Whether its files are in the backup."""
    of_the_program: bool = False
    """Whether it is one of those that come with the program."""


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Secret keys: an archive like this one, encrypted."""

    member: str
    tool: str
    recipients: tuple[str, ...]
    sha256: Sha256
    """Of the encrypted archive."""
    paths: tuple[str, ...]
    """The files in it."""


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that belongs to a line and is not in the backup."""

    what: str
    why: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of ``manifest.json``."""

    format: int = FORMAT
    software: str
    created_unix_ns: int
    files: tuple[FileEntry, ...]
    bundles: tuple[BundleEntry, ...] = ()
    sealed: Sealed | None = None
    left_out: tuple[LeftOut, ...] = ()


def path_problem(path: str) -> str:
    """Why a file may not be put at this path; empty where it may."""
    if not path.startswith("/") or path.startswith("//"):
        return "is no path from the root"
    if not path.isprintable():
        return "has characters that cannot be printed"
    if ".." in PurePosixPath(path).parts or str(PurePosixPath(path)) != path or path == "/":
        return "is no plain path"
    return ""
