"""The GPU that plans are built for: the one that is here, or one that is named."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from engines.errors import EngineError
from engines.runtime.cuda.driver import GET_PYCUDA, Gpu, find_gpu
from engines.tensorrt.library import Library


@dataclass(frozen=True)
class Target:
    """A GPU that the library builds for."""

    library: Library
    capability: str
    """Compute capability, as `8.9`."""
    gpu: Gpu | None
    """The GPU of this machine, where that is the one built for; only then can a plan be checked."""

    @property
    def driver(self) -> str:
        """Driver that the plans depend on; empty where they do not."""
        return self.gpu.driver if self.gpu and not self.library.builds_ahead else ""

    @property
    def cuda(self) -> str:
        """CUDA that the plans depend on; empty where they do not."""
        return self.gpu.cuda if self.gpu and not self.library.builds_ahead else ""


def find_target(library: Library, capability: str | None = None) -> Target:
    """The GPU of this `capability`, else the one that is here. Raises EngineError where there is none, or the library builds for no such
    GPU; nothing of TensorRT but its names is touched."""
    found = find_gpu()
    if isinstance(found, str):
        if capability is None:
            raise EngineError(f"no GPU to build for ({found}); {_without_gpu(library)}")
        library.require_target(capability)
        return Target(library, capability, None)
    wanted = capability or found.capability
    library.require_target(wanted, found.capability)
    if wanted != found.capability:
        return Target(library, wanted, None)
    if find_spec("pycuda") is None:
        raise EngineError(f"pycuda: is not installed, so no plan could be checked on the {found.name}; {GET_PYCUDA}")
    return Target(library, wanted, found)


def _without_gpu(library: Library) -> str:
    if library.builds_ahead:
        return f"name one with --capability: {library.name} {library.version} builds for {', '.join(library.capabilities())}"
    return f"{library.name} builds for its own GPU only: build on the machine that has it, or ahead of time with tensorrt_rtx"
