"""Finds the installed TensorRT, and hides the differences between its editions; the rest of this package uses one API.

`tensorrt` (10.3 of JetPack 6, to 11) builds for the GPU it runs on, and for no other. `tensorrt_rtx` also builds ahead of time, on any
machine, for compute capabilities that are named. Everything else we use is the same in all of them: strongly typed networks, the ONNX
parser, optimization profiles, memory pools, progress monitors.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal

from engines.errors import EngineError

Edition = Literal["tensorrt", "tensorrt_rtx"]
EDITIONS: tuple[Edition, ...] = ("tensorrt", "tensorrt_rtx")
"""Names of the packages, the preferred one first."""
STRICT_NANS_SINCE = (10, 6)
"""Earlier versions of tensorrt, 10.3 of JetPack 6 among them, do not have this flag in Python: there only impossible scores and the
golden frames show that a network computes NaN."""
OLDEST = 10
"""Oldest major version of tensorrt with strongly typed networks and the other calls used here."""
BUILDER_FLAGS: dict[Edition, tuple[str, ...]] = {
    "tensorrt": ("STRICT_NANS",),
    "tensorrt_rtx": ("STRICT_NANS", "REQUIRE_USER_ALLOCATION"),
}
"""STRICT_NANS: no optimization that loses a NaN, which shows that a network is broken. REQUIRE_USER_ALLOCATION: a run allocates nothing,
else it could not be captured as a CUDA graph (runs of tensorrt never do)."""


@dataclass(frozen=True)
class Library:
    """An imported TensorRT."""

    name: Edition
    version: str
    api: Any
    """The Python module."""

    @property
    def builds_ahead_of_time(self) -> bool:
        """Whether it can build for a GPU that is not in this machine."""
        return self.name == "tensorrt_rtx"

    @property
    def compiles_at_load(self) -> bool:
        """Whether kernels are compiled when a plan is loaded, not when it is built."""
        return self.name == "tensorrt_rtx"

    @property
    def uses_timing_cache(self) -> bool:
        """Whether a timing cache makes builds faster: TensorRT-RTX times nothing while it builds, and its timing cache does nothing."""
        return self.name == "tensorrt"

    def capabilities(self) -> tuple[str, ...]:
        """Compute capabilities, as `8.9`, that it can build for ahead of time."""
        if not self.builds_ahead_of_time:
            return ()
        names = [name[2:] for name in dir(self.api.ComputeCapability) if name.startswith("SM") and name[2:].isdigit()]
        return tuple(f"{name[:-1]}.{name[-1]}" for name in sorted(names, key=int))

    @property
    def builder_flags(self) -> tuple[str, ...]:
        """The builder flags to set, as far as this version has them."""
        if self.name == "tensorrt" and _release(self.version) < STRICT_NANS_SINCE:
            return ()
        return BUILDER_FLAGS[self.name]

    def set_builder_flags(self, config: Any) -> None:
        """Set the flags in an `IBuilderConfig`."""
        for name in self.builder_flags:
            config.set_flag(getattr(self.api.BuilderFlag, name))
        # Kernels on auxiliary streams of TensorRT would not get the priority that we capture a run with.
        config.max_aux_streams = 0

    def require_capability(self, capability: str, local: str = "") -> None:
        """Raise EngineError where it cannot build for this compute capability. `local` is that of the GPU in this machine, empty where
        there is none."""
        if capability in self.capabilities() or (capability == local and not self.builds_ahead_of_time):
            return
        known = (
            f"{self.name} {self.version} builds for {', '.join(self.capabilities())}"
            if self.builds_ahead_of_time
            else f"{self.name} builds for its own GPU only; build there, or ahead of time with tensorrt_rtx"
        )
        raise EngineError(f"compute capability {capability}: cannot be built for here; {known}")

    def set_capability(self, config: Any, capability: str, local: str = "") -> None:
        """Make an `IBuilderConfig` build for this compute capability. Raises EngineError as `require_capability` does."""
        self.require_capability(capability, local)
        if self.builds_ahead_of_time:
            config.num_compute_capabilities = 1
            config.set_compute_capability(getattr(self.api.ComputeCapability, f"SM{capability.replace('.', '')}"), 0)


_RTX = "pip install tensorrt-rtx"
_INSTALL = {
    "tensorrt": "pip install tensorrt on a workstation; JetPack brings its own",
    "tensorrt_rtx": _RTX,
    None: f"{_RTX} for GeForce and RTX, tensorrt for other workstations; JetPack brings its own",
}


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def open_library(edition: Edition | None = None) -> Library:
    """Import TensorRT: the named edition, or the first that is installed. Raises EngineError where there is none or it does not load.

    Importing works without a GPU; with plain `tensorrt` nothing else does.
    """
    installed = [one for one in ((edition,) if edition else EDITIONS) if find_spec(one) is not None]
    if not installed:
        raise EngineError(f"{edition or 'TensorRT'}: is not installed; {_INSTALL[edition]}")
    name = installed[0]
    try:
        api = importlib.import_module(name)
    except (ImportError, OSError) as error:
        reason = str(error).splitlines()[0][:160]
        raise EngineError(f"{name}: is installed but does not load ({reason}); install its libraries again") from None
    version = str(api.__version__)
    if name == "tensorrt" and _release(version) < (OLDEST,):
        raise EngineError(f"tensorrt {version}: is too old; {OLDEST}.3 or later is needed, as in JetPack 6.1")
    return Library(name, version, api)
