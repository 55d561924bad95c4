"""A TensorRT plan on the GPU. The same calls in tensorrt 10.3 to 11 and in tensorrt_rtx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engines.build.library import Library
from engines.build.log import logger
from engines.errors import EngineError
from engines.runtime.cuda.graphs import can_capture, capture
from engines.runtime.cuda.network import Run

WARM_UPS = 3
"""Runs before one counts or is recorded: the first compile kernels and fill caches."""


class TensorRtNetwork:
    """A deserialized plan; a context for every batch size it is bound to."""

    def __init__(self, library: Library, plan: bytes, name: str) -> None:
        """``plan`` was proved to be ours: it is executable. Raises EngineError where it is for another GPU or version."""
        api = library.api
        self._name = name
        self._log = logger(api)
        self._runtime: Any = api.Runtime(self._log)
        self._runtime.engine_host_code_allowed = False
        self._engine: Any = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise EngineError(
                f"{name}: {library.name} {library.version} does not take its plan ({self._log.last()}); "
                "build it again on this machine with `inspector engines build`"
            )
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        self.inputs = frozenset(one for one in names if self._engine.get_tensor_mode(one) == api.TensorIOMode.INPUT)
        self.outputs = frozenset(names) - self.inputs
        self.library = f"{library.name} {library.version}"
        self._contexts: list[Any] = []

    def bind(self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, urgent: bool = False) -> Run:
        """See ``engines.runtime.cuda.network.Network``."""
        context = self._engine.create_execution_context()
        if context is None:
            raise EngineError(f"{self._name}: TensorRT makes no context for batches of {batch}: {self._log.last()}")
        self._contexts.append(context)
        for one in self.inputs:
            shape = tuple(self._engine.get_tensor_shape(one))
            if -1 in shape and not context.set_input_shape(one, (batch, *shape[1:])):
                raise EngineError(
                    f"{self._name}: its plan takes no batch of {batch}; build it with a larger --max-batch"
                )
        if missing := context.infer_shapes():
            raise EngineError(f"{self._name}: TensorRT wants a shape for {', '.join(missing)}; export the bundle again")
        for one, address in addresses.items():
            if not context.set_tensor_address(one, address):
                raise EngineError(f"{self._name}: TensorRT takes no address for {one}: {self._log.last()}")
        handle = stream.handle

        def enqueue(on: int) -> None:
            if not context.execute_async_v3(on):
                raise EngineError(f"{self._name}: TensorRT failed: {self._log.last()}")

        for _ in range(WARM_UPS):
            enqueue(handle)
        stream.synchronize()
        if graph and can_capture() and _capturable(context, handle):
            return capture(enqueue, stream, urgent=urgent)
        return lambda: enqueue(handle)

    def close(self) -> None:
        """Release contexts, engine and runtime, in this order."""
        self._contexts.clear()
        self._engine = None
        self._runtime = None


def _capturable(context: Any, handle: int) -> bool:
    """Whether TensorRT-RTX says that a run can be recorded; TensorRT's always can, and is not asked."""
    asked = getattr(context, "is_stream_capturable", None)
    return asked is None or bool(asked(handle))
