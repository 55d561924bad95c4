"""The GPU that plans are built for: the one in this machine, or one whose compute capability is named."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from engines.errors import EngineError, NoBuildTargetError
from engines.gpu import INSTALL_PYCUDA, Gpu, find_gpu
from engines.tensorrt.library import Library


@dataclass(frozen=True)
class Target:
    """A kind of GPU that the library builds for."""

    library: Library
    capability: str
    """Compute capability, as `8.9`."""
    gpu: Gpu | None
    """The GPU of this machine, where it is the one that is built for; only then can a plan be checked."""

    @property
    def driver(self) -> str:
        """Version of the driver that the plans depend on; empty where they do not."""
        return self.gpu.driver if self.gpu and not self.library.builds_ahead_of_time else ""

    @property
    def cuda(self) -> str:
        """CUDA version that the plans depend on; empty where they do not."""
        return self.gpu.cuda if self.gpu and not self.library.builds_ahead_of_time else ""


def find_target(library: Library, capability: str | None = None) -> Target:
    """The kind of GPU with this `capability`, else the GPU of this machine. TensorRT is not started.

    Raises NoBuildTargetError where there is no GPU and none is named, EngineError where the library does not build for it."""
    gpu = find_gpu()
    if isinstance(gpu, str):
        if capability is None:
            raise NoBuildTargetError(gpu, library.name, library.version, library.capabilities())
        library.require_capability(capability)
        return Target(library, capability, None)
    chosen = capability or gpu.capability
    library.require_capability(chosen, gpu.capability)
    if chosen != gpu.capability:
        return Target(library, chosen, None)
    if find_spec("pycuda") is None:
        raise EngineError(f"pycuda: is not installed, so no plan could be checked on the {gpu.name}; {INSTALL_PYCUDA}")
    return Target(library, chosen, gpu)
