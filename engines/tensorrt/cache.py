"""The plan cache: one file for each plan, found by its metadata, and used only where its keyed digest is right.

A plan is executable code, which TensorRT runs unchecked. So each one has a keyed digest over its metadata and its bytes
(`engines.tensorrt.keyed_digest`), and a plan without the right digest is refused. The metadata is a JSON file with the plan's name.
"""

from __future__ import annotations

import hmac
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engines.errors import DamagedPlanError, EngineError, FileError, MissingPlanError, PlanFolderError
from engines.files.looking import entries, expanded, home
from engines.files.text import brief
from engines.tensorrt.keyed_digest import keyed_digest, read_key
from engines.tensorrt.metadata import PlanMetadata, PlanRequest
from engines.tensorrt.private_files import remove_file, write_private

COMPILED_KERNELS = ".kernels"
"""Suffix of the kernels that TensorRT-RTX compiled from a plan."""
_NAME = "[0-9a-f]" * 24
"""Pattern of the names of plans; other files in the folder are ignored."""


class CacheEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a plan's JSON file."""

    format: int = 1
    metadata: PlanMetadata
    size: int
    """Bytes of the plan."""
    digest: str
    """HMAC-SHA256 over metadata and plan, hexadecimal."""


@dataclass(frozen=True)
class VerifiedPlan:
    """A plan whose keyed digest is right, or that was built in this process."""

    data: bytes
    kernels: Path | None = None
    """Where the kernels that are compiled from it may be kept."""


@dataclass(frozen=True)
class PlanCache:
    """A folder of plans."""

    folder: Path

    @classmethod
    def default(cls) -> PlanCache:
        """`$INSPECTOR_CACHE`, else `inspector/plans` in the user's cache folder. Raises EngineError where this user has none."""
        try:
            if chosen := os.environ.get("INSPECTOR_CACHE"):
                return cls(expanded(chosen, "INSPECTOR_CACHE"))
            base = os.environ.get("XDG_CACHE_HOME") or home("plans") / ".cache"
        except FileError as error:
            raise EngineError(f"{error}; set INSPECTOR_CACHE to the folder for plans") from None
        return cls(Path(base, "inspector", "plans"))

    def require_writable(self) -> None:
        """Raise PlanFolderError or PlanKeyError where a plan could not be stored or not trusted; to be called before a long build."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise PlanFolderError(self.folder, str(error.strerror)) from None
        read_key(self.folder, create=True)

    def store(self, metadata: PlanMetadata, plan: bytes) -> Path:
        """Write a plan atomically. Raises EngineError."""
        self.require_writable()
        entry = CacheEntry(metadata=metadata, size=len(plan), digest=_digest(read_key(self.folder), metadata, plan))
        path = self.folder / f"{metadata.key}.plan"
        # The metadata first: a plan without it is ignored.
        write_private(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(entry), indent=1))
        write_private(path, plan)
        return path

    def find(self, request: PlanRequest) -> VerifiedPlan:
        """The plan that fits `request`, verified. Raises MissingPlanError, DamagedPlanError or PlanKeyError."""
        path = self.choose(request)
        return VerifiedPlan(self.verify(path)[1], path.with_suffix(COMPILED_KERNELS))

    def choose(self, request: PlanRequest) -> Path:
        """The plan that fits `request`, of several the one for the smallest batches; not verified yet. Raises MissingPlanError, or
        DamagedPlanError where the missing plan may be one that cannot be read."""
        mismatch, damaged = "", None
        fitting: list[tuple[int, Path]] = []
        for path in self.plans():
            try:
                plan = self.entry(path).metadata
            except DamagedPlanError as error:
                damaged = error
                continue
            if (plan.network, plan.onnx_sha256) != (request.network, request.onnx_sha256):
                continue
            mismatch = request.mismatch(plan)
            if not mismatch:
                fitting.append((plan.max_batch, path))
        if fitting:
            return min(fitting)[1]
        if damaged and not mismatch:
            raise damaged
        reason = mismatch or f"has no plan in {self.folder}"
        raise MissingPlanError(request.network, request.bundle, request.capability, request.max_batch, reason)

    def entry(self, path: Path) -> CacheEntry:
        """The content of the JSON file of a plan of this folder; not verified. Raises DamagedPlanError."""
        beside = path.with_suffix(".json")
        try:
            return msgspec.json.decode(beside.read_bytes(), type=CacheEntry)
        except OSError as error:
            raise DamagedPlanError(beside, f"the metadata of a plan cannot be read ({error.strerror})") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DamagedPlanError(beside, f"is no metadata of a plan ({brief(str(error), 200)})") from None

    def verify(self, path: Path) -> tuple[CacheEntry, bytes]:
        """A plan of this folder with its metadata. Raises DamagedPlanError where it is not as it was stored, or PlanKeyError."""
        entry = self.entry(path)
        try:
            plan = path.read_bytes()
        except OSError as error:
            raise DamagedPlanError(path, f"cannot be read ({error.strerror})") from None
        if path.stem != entry.metadata.key:
            raise DamagedPlanError(path, "has the name of a plan with other metadata")
        if not hmac.compare_digest(_digest(read_key(self.folder), entry.metadata, plan), entry.digest):
            raise DamagedPlanError(path, "was altered, or stored with another key")
        return entry, plan

    def plans(self) -> list[Path]:
        """The files of all plans, by name; none where there is no such folder. Raises EngineError where it cannot be listed."""
        try:
            return entries(self.folder, f"{_NAME}.plan")
        except FileError as error:
            raise EngineError(f"{error}; plans are kept there") from None

    def last_build_seconds(self, onnx_sha256: str, library: str) -> float:
        """How long the latest build of this graph took; 0 where none is known."""
        for path in sorted(self.plans(), key=_stored_unix_s, reverse=True):
            with suppress(EngineError):
                plan = self.entry(path).metadata
                if (plan.onnx_sha256, plan.library) == (onnx_sha256, library):
                    return plan.build_seconds
        return 0.0

    def remove(self, plans: Iterable[Path]) -> int:
        """Remove plans and all that belongs to them; returns how many bytes that freed. Raises EngineError."""
        suffixes = (".plan", ".json", COMPILED_KERNELS)
        return sum(remove_file(path.with_suffix(suffix)) for path in plans for suffix in suffixes)


def _stored_unix_s(path: Path) -> float:
    """When a plan was stored; 0 where it was removed meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(key: bytes, metadata: PlanMetadata, plan: bytes) -> str:
    return keyed_digest(key, msgspec.json.encode(metadata, order="deterministic"), plan).hex()
