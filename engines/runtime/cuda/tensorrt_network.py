"""A network run by TensorRT. The same calls work in tensorrt 10.3 to 11 and, apart from how it compiles, in tensorrt_rtx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from engines.errors import EngineError, RefusedPlanError
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.graphs import can_capture, capture
from engines.runtime.cuda.network import Run
from engines.tensorrt.keyed_digest import read_with_digest, write_with_digest
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger

WARM_UPS = 3
"""Runs before one counts or is captured: the first ones compile kernels and fill caches."""


class TensorRtNetwork:
    """A deserialized plan, with an execution context for each batch size; all contexts share one block of device memory."""

    def __init__(self, library: Library, plan: bytes, name: str, device: Device, kernels: Path | None = None) -> None:
        """``plan`` has been verified: it is executable. ``kernels``: where TensorRT-RTX keeps the kernels that it compiles for this GPU.

        Raises RefusedPlanError where the plan is for another GPU or version."""
        self._api = api = library.api
        self._name = name
        self._kernels = kernels
        self._log = logger(api)
        self._log.forget()
        self._runtime: Any = api.Runtime(self._log)
        self._runtime.engine_host_code_allowed = False
        self._engine: Any = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            refusal = f"{library.name} {library.version} does not accept its plan ({self._log.last_error()})"
            raise RefusedPlanError(name, refusal)
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        self.inputs = frozenset(one for one in names if self._engine.get_tensor_mode(one) == api.TensorIOMode.INPUT)
        self.outputs = frozenset(names) - self.inputs
        self.library = f"{library.name} {library.version}"
        # Runs follow each other on one stream, so one block serves all contexts; by default each would have its own.
        self._scratch = device.memory(int(self._engine.device_memory_size_v2))
        self._compiled: Any = None
        self._config = self._runtime_config() if library.compiles_at_load else None
        self._contexts: list[Any] = []

    def bind(
        self, batch: int, addresses: Mapping[str, int], stream: Any, *, graph: bool, high_priority: bool = False
    ) -> Run:
        """See ``engines.runtime.cuda.network.Network``."""
        context = self._context(batch)
        for one in self.inputs:
            shape = tuple(self._engine.get_tensor_shape(one))
            if -1 in shape and not context.set_input_shape(one, (batch, *shape[1:])):
                raise RefusedPlanError(self._name, f"its plan takes no batch of {batch}")
        for one, address in addresses.items():
            if not context.set_tensor_address(one, address):
                raise EngineError(f"{self._name}: TensorRT takes no address for {one}: {self._log.last_error()}")
        handle = stream.handle

        def enqueue(on: int) -> None:
            if not context.execute_async_v3(on):
                raise EngineError(f"{self._name}: TensorRT failed: {self._log.last_error()}")

        for _ in range(WARM_UPS):
            enqueue(handle)
        stream.synchronize()
        if graph:
            try:
                return self._capture(enqueue, context, stream, high_priority)
            except EngineError as error:
                self.library += f", batches of {batch} without CUDA graphs ({error})"
        return lambda: enqueue(handle)

    def finish_binding(self) -> None:
        """Save the kernels that were compiled: the next start is then faster."""
        compiled = self._compiled.serialize() if self._compiled is not None else None
        if compiled is not None and compiled.nbytes and self._kernels is not None:
            with suppress(EngineError):  # without them the next start only takes longer
                write_with_digest(self._kernels, bytes(compiled))

    def close(self) -> None:
        """Release contexts, engine and runtime, in this order."""
        self._contexts.clear()
        self._config = self._compiled = None
        self._scratch.free()
        self._engine = None
        self._runtime = None

    def _context(self, batch: int) -> Any:
        strategy = self._api.ExecutionContextAllocationStrategy.USER_MANAGED
        context = self._engine.create_execution_context(self._config or strategy)
        if context is None:
            reason = self._log.last_error()
            raise EngineError(f"{self._name}: TensorRT makes no context for batches of {batch}: {reason}")
        context.set_device_memory(self._scratch.address, self._scratch.size)
        self._contexts.append(context)
        return context

    def _runtime_config(self) -> Any:
        """By default TensorRT-RTX compiles the kernels for a batch size in the background and runs slower ones meanwhile: a CUDA graph
        would capture the slow ones. So it is told to compile at once."""
        config = self._engine.create_runtime_config()
        config.set_execution_context_allocation_strategy(self._api.ExecutionContextAllocationStrategy.USER_MANAGED)
        config.dynamic_shapes_kernel_specialization_strategy = self._api.DynamicShapesKernelSpecializationStrategy.EAGER
        if self._kernels is not None:
            self._compiled = config.create_runtime_cache()
            if self._compiled is not None:
                kept = read_with_digest(self._kernels)
                if kept and not self._compiled.deserialize(kept):
                    self._log.forget()  # those of another GPU, driver or version are refused, and compiled again
                config.set_runtime_cache(self._compiled)
        return config

    def _capture(self, enqueue: Callable[[int], None], context: Any, stream: Any, high_priority: bool) -> Run:
        """The run as a CUDA graph. Raises EngineError where it cannot be one."""
        if not can_capture():
            raise EngineError("cuda-python is not installed")
        # Only TensorRT-RTX has runs that cannot be captured, and a call that says so.
        capturable = getattr(context, "is_stream_capturable", None)
        if capturable is not None and not capturable(stream.handle):
            raise EngineError("TensorRT-RTX says that it cannot be captured")
        return capture(enqueue, stream, high_priority=high_priority)
