"""The plan cache: a file a plan, found by what it was built from and for, trusted only with its keyed digest.

A plan is executable code that TensorRT runs unasked, and a cache folder may be writable for others. Each plan therefore carries
an HMAC-SHA256 over its facts and its bytes, made with a key that only this user can read; a plan without the right one is never
handed on. Facts lie beside it as JSON, for `list` and for people.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engines.errors import EngineError

KEY_FILE = "key"
MEND = "build it again with `inspector engines build`"


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan was built from and for. Two plans with the same facts answer alike; any other fact makes another plan."""

    bundle: str
    """Id of the bundle, for people; the graph's digest decides."""
    network: str
    """`gate` or `segmenter`."""
    onnx_sha256: str
    library: str
    version: str
    capability: str
    """Compute capability of the GPU, as `8.9`."""
    driver: str = ""
    """Driver and CUDA; empty where the plan was built ahead of time, which depends on neither."""
    cuda: str = ""
    max_batch: int
    common_batch: int
    workspace_mib: int
    precisions: dict[str, int]
    """How many layers answer in each data type."""
    layers: dict[str, int]
    """How many layers of each kind there are."""

    @property
    def key(self) -> str:
        """The name of the plan's file: a digest of all that decides."""
        decides = msgspec.structs.replace(self, bundle="", precisions={}, layers={})
        return hashlib.sha256(msgspec.json.encode(decides, order="deterministic")).hexdigest()[:24]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON beside a plan."""

    format: int = 1
    facts: Facts
    size: int
    """Bytes of the plan."""
    digest: str
    """HMAC-SHA256 of facts and plan, hexadecimal."""


@dataclass(frozen=True)
class PlanCache:
    """A folder of plans."""

    folder: Path

    @classmethod
    def default(cls) -> PlanCache:
        """`$INSPECTOR_CACHE`, else `inspector/plans` in the user's cache folder."""
        chosen = os.environ.get("INSPECTOR_CACHE")
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cls(Path(chosen) if chosen else base / "inspector" / "plans")

    def require_writable(self) -> None:
        """Before minutes are spent on a build. Raises EngineError where a plan could not be stored afterwards."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise EngineError(
                f"{self.folder}: plans cannot be stored there ({error.strerror}); name another folder with --cache or INSPECTOR_CACHE"
            ) from None

    def store(self, facts: Facts, plan: bytes) -> Path:
        """Write the plan; a half-written one never takes its place. Raises EngineError."""
        self.require_writable()
        entry = Entry(facts=facts, size=len(plan), digest=_digest(self._key(make=True), facts, plan))
        path = self._plan(facts.key)
        # The facts first: a plan without them is no plan yet.
        _write(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(entry), indent=1))
        _write(path, plan)
        return path

    def load(self, facts: Facts) -> bytes:
        """The plan with these facts, proved to be the one that was stored. Raises EngineError: none, altered, or of another key."""
        path = self._plan(facts.key)
        if not path.is_file():
            raise EngineError(f"{facts.network} of {facts.bundle}: {self._why_none(facts)}; {MEND}")
        return self.verified(path)[1]

    def verified(self, path: Path) -> tuple[Entry, bytes]:
        """A plan of this folder and its facts. Raises EngineError where it is not as it was stored."""
        entry = _read_entry(path.with_suffix(".json"))
        try:
            plan = path.read_bytes()
        except OSError as error:
            raise EngineError(f"{path}: cannot be read ({error.strerror}); {MEND}") from None
        if path.stem != entry.facts.key:
            raise EngineError(f"{path}: is a plan of other facts, moved here; {MEND}")
        if not hmac.compare_digest(_digest(self._key(), entry.facts, plan), entry.digest):
            raise EngineError(f"{path}: was altered, or stored with another key; {MEND}")
        return entry, plan

    def plans(self) -> list[Path]:
        """All plans, by name."""
        return sorted(self.folder.glob("*.plan"))

    def clean(self) -> list[Path]:
        """Remove all plans, which can always be built again; gives what was removed."""
        removed = self.plans()
        for path in removed:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
        return removed

    def _plan(self, key: str) -> Path:
        return self.folder / f"{key}.plan"

    def _why_none(self, facts: Facts) -> str:
        """In which fact the nearest plan differs."""
        others = [_read_entry(path.with_suffix(".json")).facts for path in self.plans()]
        for other in others:
            if (other.network, other.onnx_sha256) == (facts.network, facts.onnx_sha256):
                for what in ("capability", "library", "version", "driver", "cuda", "max_batch"):
                    found, wanted = getattr(other, what), getattr(facts, what)
                    if found != wanted:
                        return f"its plan is for {what} {found}, here it is {wanted}"
        return f"has no plan in {self.folder}"

    def _key(self, make: bool = False) -> bytes:
        path = self.folder / KEY_FILE
        try:
            if make and not path.exists():
                _write(path, secrets.token_bytes(32), replace=False)
            mode = path.stat().st_mode
            key = path.read_bytes()
        except OSError as error:
            raise EngineError(f"{path}: the key of the plans cannot be read ({error.strerror}); {MEND}") from None
        if stat.S_IMODE(mode) & 0o077 or len(key) != 32:
            raise EngineError(
                f"{path}: can be read or written by others, so the plans cannot be trusted; remove {path.parent} and {MEND}"
            )
        return key


def _digest(key: bytes, facts: Facts, plan: bytes) -> str:
    told = msgspec.json.encode(facts, order="deterministic")
    return hmac.new(key, len(told).to_bytes(8, "big") + told + plan, hashlib.sha256).hexdigest()


def _read_entry(path: Path) -> Entry:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Entry)
    except OSError as error:
        raise EngineError(f"{path}: the facts of a plan cannot be read ({error.strerror}); {MEND}") from None
    except msgspec.DecodeError as error:
        raise EngineError(f"{path}: holds no facts of a plan ({error}); {MEND}") from None


def _write(path: Path, content: bytes, replace: bool = True) -> None:
    """For this user alone, all or nothing; without `replace` the first to write wins."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        if replace:
            Path(partial).replace(path)
            return
        with suppress(FileExistsError):
            path.hardlink_to(partial)
        Path(partial).unlink()
    except OSError as error:
        Path(partial).unlink(missing_ok=True)
        raise EngineError(f"{path}: cannot be written ({error.strerror}); make room or name another folder") from None
