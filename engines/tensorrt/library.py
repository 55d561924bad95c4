"""Which TensorRT is here, and the little in which its editions differ; the rest of this room knows one API.

`tensorrt` (10.3 of JetPack 6 to 11) builds for the GPU it runs on, and for no other. `tensorrt_rtx` also builds ahead of time, on any
machine, for compute capabilities that are named. Everything else that is used is the same in all of them: strongly typed
networks, the ONNX parser, optimization profiles, memory pools, progress monitors.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from engines.errors import EngineError

Name = Literal["tensorrt", "tensorrt_rtx"]
STRICT_NANS_SINCE = (10, 6)
"""The Python API of earlier ones, 10.3 of JetPack 6 among them, does not have it: there a NaN is known by scores and golden frames alone."""
OLDEST = 10
"""Major version of tensorrt that has strongly typed networks and the other calls used here."""
FLAGS: dict[Name, tuple[str, ...]] = {
    "tensorrt": ("STRICT_NANS",),
    "tensorrt_rtx": ("STRICT_NANS", "REQUIRE_USER_ALLOCATION"),
}
"""No arithmetic that loses a NaN, by which a broken network is known; nothing allocated while it runs, or no CUDA graph could record
TensorRT-RTX (TensorRT's own never does)."""
NAMES: tuple[Name, ...] = ("tensorrt", "tensorrt_rtx")


@dataclass(frozen=True)
class Library:
    """An imported TensorRT."""

    name: Name
    version: str
    api: Any
    """The module."""

    @property
    def builds_ahead(self) -> bool:
        """Whether it can build for a GPU that is not here."""
        return self.name == "tensorrt_rtx"

    @property
    def compiles_late(self) -> bool:
        """Whether kernels are compiled when a plan is run, not when it is built."""
        return self.name == "tensorrt_rtx"

    @property
    def keeps_timings(self) -> bool:
        """Whether a timing cache spares it work: TensorRT-RTX measures nothing while it builds, and its timing caches do nothing."""
        return self.name == "tensorrt"

    def capabilities(self) -> tuple[str, ...]:
        """Compute capabilities, as `8.9`, that can be named for a build ahead of time."""
        if not self.builds_ahead:
            return ()
        names = [name[2:] for name in dir(self.api.ComputeCapability) if name.startswith("SM") and name[2:].isdigit()]
        return tuple(f"{name[:-1]}.{name[-1]}" for name in sorted(names, key=int))

    @property
    def options(self) -> tuple[str, ...]:
        """What a builder is told beyond its defaults, as far as this version can be told it."""
        if self.name == "tensorrt" and _release(self.version) < STRICT_NANS_SINCE:
            return ()
        return FLAGS[self.name]

    def configure(self, config: Any) -> None:
        """Tell a builder configuration the options."""
        for name in self.options:
            config.set_flag(getattr(self.api.BuilderFlag, name))
        # Kernels on streams of TensorRT's own would not have the priority of the one that is recorded.
        config.max_aux_streams = 0

    def require_target(self, capability: str, here: str = "") -> None:
        """Raise EngineError where it cannot build for this compute capability; `here` is that of the GPU of this machine, empty where
        there is none."""
        if capability in self.capabilities() or (capability == here and not self.builds_ahead):
            return
        able = (
            f"{self.name} {self.version} builds for {', '.join(self.capabilities())}"
            if self.builds_ahead
            else f"{self.name} builds for its own GPU only; build there, or ahead of time with tensorrt_rtx"
        )
        raise EngineError(f"compute capability {capability}: cannot be built for here; {able}")

    def aim(self, config: Any, capability: str, here: str = "") -> None:
        """Have a builder configuration build for this compute capability. Raises EngineError as `require_target` does."""
        self.require_target(capability, here)
        if self.builds_ahead:
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(self.api.ComputeCapability, f"SM{capability.replace('.', '')}"), 0)


_RTX = "pip install tensorrt-rtx"
_PLAIN = "pip install tensorrt on a workstation; JetPack brings its own"
_GET = {
    "tensorrt": _PLAIN,
    "tensorrt_rtx": _RTX,
    None: f"{_RTX} for GeForce and RTX, tensorrt for other workstations; JetPack brings its own",
}


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def open_library(name: Name | None = None) -> Library:
    """Import TensorRT: the named edition, or the first there is. Raises EngineError where it is not installed or does not load.

    Importing is safe without a GPU; with plain `tensorrt` nothing more is.
    """
    found = [one for one in ((name,) if name else NAMES) if find_spec(one) is not None]
    if not found:
        raise EngineError(f"{name or 'TensorRT'}: is not installed; {_GET[name]}")
    try:
        api = importlib.import_module(found[0])
    except (ImportError, OSError) as error:
        told = str(error).splitlines()[0][:160]
        raise EngineError(f"{found[0]}: is installed but does not load ({told}); install its libraries again") from None
    version = str(api.__version__)
    if found[0] == "tensorrt" and _release(version) < (OLDEST,):
        raise EngineError(f"tensorrt {version}: is too old; {OLDEST}.3 or later is needed, as JetPack 6.1 brings it")
    return Library(found[0], version, api)
