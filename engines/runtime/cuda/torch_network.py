"""A network computed by torch on the GPU: for GPUs that the installed TensorRT does not know, and as what TensorRT is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines.errors import EngineError
from engines.runtime.cuda.network import Run
from engines.runtime.cuda.onnx_module import OnnxProgram

WARM_UPS = 3
"""Runs before one counts or is recorded: convolutions are tried out in the first."""


class TorchNetwork:
    """An ONNX graph as a torch program, its weights in channels-last order."""

    def __init__(self, path: Path, height: int, width: int, classes: int) -> None:
        """Raises EngineError: no torch, a torch without CUDA or without this GPU's architecture, an unknown operator."""
        self._program = OnnxProgram(
            path, "cpu"
        )  # what is wrong with the file is said before what is wrong with the GPU
        self.torch: Any = self._program.torch
        _require_cuda(self.torch)
        self._program = OnnxProgram(path, "cuda")
        self.inputs = frozenset(self._program.inputs)
        self.outputs = frozenset(self._program.outputs)
        self.library = f"torch {self.torch.__version__}"
        self._shapes = {
            "frames": ((height, width), self.torch.uint8),
            "mask": ((height, width), self.torch.uint8),
            "pixels": ((classes,), self.torch.int32),
            "scores": ((classes,), self.torch.float32),
            "score": ((), self.torch.float32),
        }
        self._classes = classes
        self._pool: Any = None
        self.torch.backends.cudnn.benchmark = True

    def bind(self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool) -> Run:
        """See ``engines.runtime.cuda.network.Network``."""
        torch = self.torch
        lane = torch.cuda.ExternalStream(stream.handle)
        tensors = {name: self._tensor(name, batch, address) for name, address in addresses.items()}
        inputs = {name: tensors[name] for name in self.inputs}

        def step() -> None:
            for name, value in self._program(inputs).items():
                tensors[name].copy_(value)

        def run() -> None:
            with torch.inference_mode(), torch.cuda.stream(lane):
                step()

        try:
            for _ in range(WARM_UPS):
                run()
            lane.synchronize()
            if not graph:
                return run
            recording = torch.cuda.CUDAGraph()
            with (
                torch.inference_mode(),
                torch.cuda.graph(recording, pool=self._pool, stream=lane, capture_error_mode="thread_local"),
            ):
                step()
        except torch.cuda.OutOfMemoryError:
            raise EngineError(
                f"batches of {batch}: out of device memory; use a smaller inference.max_batch, or stop what else uses the GPU"
            ) from None
        # Runs of one network follow each other on one stream: its recordings may work in the same memory.
        self._pool = recording.pool()

        def replay() -> None:
            with torch.cuda.stream(lane):
                recording.replay()

        return replay

    def close(self) -> None:
        """Nothing but memory is held, which torch keeps for its next use."""
        self._pool = None

    def _tensor(self, name: str, batch: int, address: int) -> Any:
        """Memory that is somebody else's, as a tensor."""
        shape, dtype = ((self._classes,), self.torch.float32) if name == "thresholds" else self._shapes[name]
        full = shape if name == "thresholds" else (batch, *shape)
        return self.torch.as_tensor(_Foreign(full, _TYPES[str(dtype)], address), device="cuda")


class _Foreign:
    """Device memory in the form that CUDA libraries hand each other arrays in."""

    def __init__(self, shape: tuple[int, ...], typestr: str, address: int) -> None:
        self.__cuda_array_interface__ = {
            "shape": shape,
            "typestr": typestr,
            "data": (address, False),
            "strides": None,
            "version": 3,
        }


_TYPES = {"torch.uint8": "|u1", "torch.int32": "<i4", "torch.float32": "<f4"}


def _require_cuda(torch: Any) -> None:
    if not torch.cuda.is_available():
        raise EngineError(
            f"torch {torch.__version__}: sees no GPU ({'built without CUDA' if torch.version.cuda is None else 'driver or device'}); "
            "install a torch built for this machine's CUDA"
        )
    try:
        torch.zeros(1, device="cuda").add_(1)
        torch.cuda.synchronize()
    except RuntimeError as error:
        raise EngineError(
            f"torch {torch.__version__}: does not run on this GPU ({str(error).splitlines()[0]}); install one built for it"
        ) from None
