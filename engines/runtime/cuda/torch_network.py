"""A network computed by torch on the GPU: for GPUs that the installed TensorRT does not know, and as what TensorRT is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engines.errors import EngineError
from engines.runtime.cuda.network import Run
from engines.runtime.cuda.onnx_module import OnnxProgram, import_module

WARM_UPS = 3
"""Runs before one counts or is recorded: convolutions are tried out in the first."""


class UnfitTorchError(EngineError):
    """The torch that is installed does not work on this GPU."""


class TorchNetwork:
    """An ONNX graph as a torch program, its weights in channels-last order."""

    def __init__(self, path: Path, height: int, width: int, classes: int) -> None:
        """Raises EngineError: no torch, an unknown operator; UnfitTorchError: a torch without CUDA or this GPU's architecture."""
        self.torch: Any = import_module("torch")
        _require_cuda(self.torch)
        self._program = OnnxProgram(path, "cuda")
        self.inputs = frozenset(self._program.inputs)
        self.outputs = frozenset(self._program.outputs)
        self.library = f"torch {self.torch.__version__}"
        self._forms: dict[str, tuple[tuple[int, ...], str]] = {
            "frames": ((height, width), "|u1"),
            "thresholds": ((classes,), "<f4"),
            "score": ((), "<f4"),
            "mask": ((height, width), "|u1"),
            "pixels": ((classes,), "<i4"),
            "scores": ((classes,), "<f4"),
        }
        self._pool: Any = None
        self.torch.backends.cudnn.benchmark = True

    def bind(self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, urgent: bool = False) -> Run:
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
            # Kernels keep the priority of the stream they are recorded on, whichever they are started on.
            side = torch.cuda.Stream(priority=-1 if urgent else 0)
            with (
                torch.inference_mode(),
                torch.cuda.graph(recording, pool=self._pool, stream=side, capture_error_mode="thread_local"),
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

    def bound(self) -> None:
        """Nothing is kept: torch compiles nothing."""

    def close(self) -> None:
        """Nothing but memory is held, which torch keeps for its next use."""
        self._pool = None

    def _tensor(self, name: str, batch: int, address: int) -> Any:
        """Memory that is somebody else's, as a tensor."""
        shape, typestr = self._forms[name]
        full = shape if name == "thresholds" else (batch, *shape)
        return self.torch.as_tensor(_Foreign(full, typestr, address), device="cuda")


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


def _require_cuda(torch: Any) -> None:
    if not torch.cuda.is_available():
        raise UnfitTorchError(
            f"torch {torch.__version__}: sees no GPU ({'built without CUDA' if torch.version.cuda is None else 'driver or device'}); "
            "install a torch built for this machine's CUDA"
        )
    try:
        torch.zeros(1, device="cuda").add_(1)
        torch.cuda.synchronize()
    except RuntimeError as error:
        raise UnfitTorchError(
            f"torch {torch.__version__}: does not run on this GPU ({str(error).splitlines()[0]}); install one built for it"
        ) from None
