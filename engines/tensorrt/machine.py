"""The GPU of this machine with the TensorRT that would run on it, or the reason why none does."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.gpu import INSTALL_PYCUDA, Gpu, find_gpu
from engines.tensorrt.cache import PlanCache, VerifiedPlan
from engines.tensorrt.library import Library, open_library
from engines.tensorrt.metadata import PlanRequest


@dataclass(frozen=True)
class Machine:
    """A GPU and the TensorRT that runs on it."""

    gpu: Gpu
    library: Library

    def request(self, bundle: str, network: str, onnx_sha256: str, max_batch: int) -> PlanRequest:
        """The plan that this machine needs for a graph; `bundle` is an id, for messages."""
        return PlanRequest(
            bundle=bundle,
            network=network,
            onnx_sha256=onnx_sha256,
            library=self.library.name,
            version=self.library.version,
            capability=self.gpu.capability,
            driver=self.gpu.driver,
            cuda=self.gpu.cuda,
            builder_flags=self.library.builder_flags,
            max_batch=max_batch,
        )

    def find_plans(self, bundle: Bundle, max_batch: int, cache: PlanCache) -> dict[str, VerifiedPlan]:
        """The plans of both networks for this machine, verified, by network. Raises MissingPlanError, DamagedPlanError or PlanKeyError."""
        return {
            network: cache.find(self.request(bundle.id, network, digest, max_batch))
            for network, digest in bundle.graph_digests().items()
        }


def this_machine() -> Machine | str:
    """This machine, or in one line why TensorRT cannot run on it."""
    gpu = find_gpu()
    if isinstance(gpu, str):
        return gpu
    return why_not_tensorrt(gpu) or Machine(gpu, open_library())


def why_not_tensorrt(gpu: Gpu) -> str:
    """Why TensorRT cannot run on this GPU, in one line; empty where it should."""
    try:
        library = open_library()
    except EngineError as error:
        return str(error)
    if find_spec("pycuda") is None:
        return f"pycuda: is not installed; {INSTALL_PYCUDA}"
    if library.builds_ahead_of_time and gpu.capability not in library.capabilities():
        known = ", ".join(library.capabilities())
        return (
            f"{library.name} {library.version}: knows GPUs of compute capability {known}, this one is {gpu.capability}"
        )
    return ""
