"""A network run by torch on the GPU: for GPUs that the installed TensorRT does not know, and as a reference for TensorRT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engines.bundle import Graph
from engines.errors import DeviceMemoryError, EngineError
from engines.runtime.cuda.network import Run
from engines.runtime.cuda.onnx_module import OnnxModule, require_module

WARM_UPS = 3
"""Runs before one counts or is captured: in the first ones cuDNN times its convolutions."""


class UnusableTorchError(EngineError):
    """The installed torch does not work on this GPU."""


class TorchNetwork:
    """An ONNX graph run as a torch module, its weights in channels-last order."""

    def __init__(self, graph: Graph, height: int, width: int, classes: int) -> None:
        """Raises EngineError: no torch, an unknown operator; UnusableTorchError: a torch without CUDA or this GPU's architecture."""
        self.torch: Any = require_module("torch")
        _require_cuda(self.torch)
        self._module = OnnxModule(graph, "cuda")
        self.inputs = frozenset(self._module.inputs)
        self.outputs = frozenset(self._module.outputs)
        self.library = f"torch {self.torch.__version__}"
        self._layouts: dict[str, tuple[tuple[int, ...], str]] = {
            "frames": ((height, width), "|u1"),
            "thresholds": ((classes,), "<f4"),
            "score": ((), "<f4"),
            "mask": ((height, width), "|u1"),
            "pixels": ((classes,), "<i4"),
            "scores": ((classes,), "<f4"),
        }
        self._pool: Any = None
        self.torch.backends.cudnn.benchmark = True

    def bind(
        self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, high_priority: bool = False
    ) -> Run:
        """See ``engines.runtime.cuda.network.Network``."""
        torch = self.torch
        external = torch.cuda.ExternalStream(stream.handle)
        tensors = {name: self._tensor(name, batch, address) for name, address in addresses.items()}
        inputs = {name: tensors[name] for name in self.inputs}

        def step() -> None:
            for name, value in self._module(inputs).items():
                tensors[name].copy_(value)

        def run() -> None:
            with torch.inference_mode(), torch.cuda.stream(external):
                step()

        try:
            for _ in range(WARM_UPS):
                run()
            external.synchronize()
            if not graph:
                return run
            captured = torch.cuda.CUDAGraph()
            # Kernels keep the priority of the stream they were captured on, whichever stream they are launched on.
            side = torch.cuda.Stream(priority=-1 if high_priority else 0)
            with (
                torch.inference_mode(),
                torch.cuda.graph(captured, pool=self._pool, stream=side, capture_error_mode="thread_local"),
            ):
                step()
        except torch.cuda.OutOfMemoryError:
            raise DeviceMemoryError(f"batches of {batch}", "batches") from None
        # Runs of one network follow each other on one stream, so its graphs can share their memory.
        self._pool = captured.pool()

        def replay() -> None:
            with torch.cuda.stream(external):
                captured.replay()

        return replay

    def finish_binding(self) -> None:
        """Nothing to do: torch compiles nothing that could be saved."""

    def close(self) -> None:
        """Release the graphs' memory, which torch keeps for its next use."""
        self._pool = None

    def _tensor(self, name: str, batch: int, address: int) -> Any:
        """Device memory that torch did not allocate, as a tensor."""
        shape, typestr = self._layouts[name]
        full = shape if name == "thresholds" else (batch, *shape)
        return self.torch.as_tensor(_DeviceArray(full, typestr, address), device="cuda")


class _DeviceArray:
    """Device memory with the CUDA array interface, by which CUDA libraries exchange arrays."""

    def __init__(self, shape: tuple[int, ...], typestr: str, address: int) -> None:
        self.__cuda_array_interface__ = {
            "shape": shape,
            "typestr": typestr,
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


def _require_cuda(torch: Any) -> None:
    if not torch.cuda.is_available():
        raise UnusableTorchError(
            f"torch {torch.__version__}: sees no GPU ({'built without CUDA' if torch.version.cuda is None else 'driver or device'}); "
            "install a torch built for this machine's CUDA"
        )
    try:
        torch.zeros(1, device="cuda").add_(1)
        torch.cuda.synchronize()
    except RuntimeError as error:
        raise UnusableTorchError(
            f"torch {torch.__version__}: does not run on this GPU ({str(error).splitlines()[0]}); install one built for it"
        ) from None
