"""The plan cache: a file a plan, found by what it was built from and for, trusted only with its keyed digest.

A plan is executable code that TensorRT runs unasked. Each therefore carries a keyed digest over its facts and its bytes
(`engines.tensorrt.keyed_digest`); a plan without the right one is never handed on. Facts lie beside it as JSON, for `list` and for people.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engines.errors import EngineError
from engines.tensorrt.keyed_digest import MEND, digest, read_key, remove_file, write_private

KERNELS = ".kernels"
_NAME = "[0-9a-f]" * 24
"""Pattern of a plan's name; other files in the folder are somebody else's."""


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan was built from and for, and how that went. Two plans with the same key answer alike."""

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
    options: tuple[str, ...]
    """What the builder was told beyond its defaults."""
    workspace_mib: int
    precisions: dict[str, int]
    """How many layers answer in each data type."""
    layers: dict[str, int]
    """How many layers of each kind there are."""
    seconds: float = 0.0
    """How long the build took."""
    checked: bool = False
    """Whether it agreed with the golden frames when it was built. One built ahead of time for another GPU could not be asked."""

    @property
    def key(self) -> str:
        """The name of the plan's file: a digest of all that decides."""
        decides = msgspec.structs.replace(self, bundle="", precisions={}, layers={}, seconds=0.0, checked=False)
        return hashlib.sha256(msgspec.json.encode(decides, order="deterministic")).hexdigest()[:24]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """The plan that a GPU needs."""

    bundle: str
    network: str
    onnx_sha256: str
    library: str
    version: str
    capability: str
    driver: str
    cuda: str
    options: tuple[str, ...]
    max_batch: int
    """Batches it must take at least."""

    def why_not(self, found: Facts) -> str:
        """In what a plan of the same graph does not do; empty where it does."""
        for what in ("library", "version", "capability", "driver", "cuda"):
            here, there = getattr(self, what), getattr(found, what)
            if what in ("driver", "cuda") and not there:
                continue  # built ahead of time, for any
            if here != there:
                return f"its plan is for {what} {there}, here it is {here or 'not known'}"
        if found.options != self.options:
            return f"its plan was built with {_listed(found.options)}, here it is {_listed(self.options)}"
        if found.max_batch < self.max_batch:
            return f"its plan is for batches up to {found.max_batch}, not {self.max_batch} (inference.max_batch, --max-batch)"
        return ""


def _listed(options: tuple[str, ...]) -> str:
    return ", ".join(options) or "no options"


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The JSON beside a plan."""

    format: int = 1
    facts: Facts
    size: int
    """Bytes of the plan."""
    digest: str
    """HMAC-SHA256 of facts and plan, hexadecimal."""


@dataclass(frozen=True)
class ProvedPlan:
    """A plan, proved to be as it was stored."""

    data: bytes
    kernels: Path | None = None
    """Where what is compiled of it when it runs may be kept."""


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
        """Before minutes are spent on a build. Raises EngineError where a plan could not be stored afterwards, or not be trusted."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise EngineError(
                f"{self.folder}: plans cannot be stored there ({error.strerror}); name another folder with --cache or INSPECTOR_CACHE"
            ) from None
        read_key(self.folder, make=True)

    def store(self, facts: Facts, plan: bytes) -> Path:
        """Write the plan; a half-written one never takes its place. Raises EngineError."""
        self.require_writable()
        entry = Entry(facts=facts, size=len(plan), digest=_digest(read_key(self.folder), facts, plan))
        path = self.folder / f"{facts.key}.plan"
        # The facts first: a plan without them is no plan yet.
        write_private(path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(entry), indent=1))
        write_private(path, plan)
        return path

    def find(self, wish: Wish) -> ProvedPlan:
        """The plan that does for `wish`, proved to be as it was stored. Raises EngineError: none, altered, or of another key."""
        path = self.choose(wish)
        return ProvedPlan(self.verified(path)[1], path.with_suffix(KERNELS))

    def choose(self, wish: Wish) -> Path:
        """The plan that does for `wish`, of several the one for the smallest batches; not proved yet. Raises EngineError: none."""
        why, damaged = "", ""
        fitting: list[tuple[int, Path]] = []
        for path in self.plans():
            try:
                facts = self.entry(path).facts
            except EngineError as error:
                damaged = str(error)
                continue
            if (facts.network, facts.onnx_sha256) != (wish.network, wish.onnx_sha256):
                continue
            why = wish.why_not(facts)
            if not why:
                fitting.append((facts.max_batch, path))
        if fitting:
            return min(fitting)[1]
        if damaged and not why:
            raise EngineError(damaged)
        raise EngineError(f"{wish.network} of {wish.bundle}: {why or f'has no plan in {self.folder}'}; {MEND}")

    def entry(self, path: Path) -> Entry:
        """What is told of a plan of this folder; not proved. Raises EngineError."""
        beside = path.with_suffix(".json")
        try:
            return msgspec.json.decode(beside.read_bytes(), type=Entry)
        except OSError as error:
            raise EngineError(f"{beside}: the facts of a plan cannot be read ({error.strerror}); {MEND}") from None
        except msgspec.DecodeError as error:
            raise EngineError(f"{beside}: holds no facts of a plan ({error}); {MEND}") from None

    def verified(self, path: Path) -> tuple[Entry, bytes]:
        """A plan of this folder and its facts. Raises EngineError where it is not as it was stored."""
        entry = self.entry(path)
        try:
            plan = path.read_bytes()
        except OSError as error:
            raise EngineError(f"{path}: cannot be read ({error.strerror}); {MEND}") from None
        if path.stem != entry.facts.key:
            raise EngineError(f"{path}: is a plan of other facts, moved here; {MEND}")
        if not hmac.compare_digest(_digest(read_key(self.folder), entry.facts, plan), entry.digest):
            raise EngineError(f"{path}: was altered, or stored with another key; {MEND}")
        return entry, plan

    def plans(self) -> list[Path]:
        """All plans, by name."""
        return sorted(self.folder.glob(f"{_NAME}.plan"))

    def seconds_of(self, onnx_sha256: str, library: str) -> float:
        """How long the latest build of this graph took; 0 where none is known."""
        for path in sorted(self.plans(), key=_stored_s, reverse=True):
            with suppress(EngineError):
                facts = self.entry(path).facts
                if (facts.onnx_sha256, facts.library) == (onnx_sha256, library):
                    return facts.seconds
        return 0.0

    def remove(self, plans: Iterable[Path]) -> int:
        """Remove plans, which can always be built again; gives the bytes that were freed. Raises EngineError."""
        return sum(remove_file(path.with_suffix(suffix)) for path in plans for suffix in (".plan", ".json", KERNELS))


def _stored_s(path: Path) -> float:
    """When a plan was stored; 0 where it has gone meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _digest(key: bytes, facts: Facts, plan: bytes) -> str:
    return digest(key, msgspec.json.encode(facts, order="deterministic"), plan).hex()
