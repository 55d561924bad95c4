"""CUDA graphs: a run recorded once and started by one call, through cuda-python, which works on pycuda's streams."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from engines.errors import EngineError
from engines.runtime.cuda.network import Run


def can_capture() -> bool:
    """Whether cuda-python is installed."""
    try:
        return find_spec("cuda.bindings.driver") is not None
    except ModuleNotFoundError:
        return False


def capture(enqueue: Callable[[int], None], stream: Any, *, urgent: bool) -> Run:
    """Record what ``enqueue`` puts on the stream whose handle it is given, and has put on one before; gives what starts the
    recording on ``stream`` (pycuda's). ``urgent``: each kernel keeps the highest priority there is.

    Raises EngineError where it enqueues what cannot be recorded."""
    driver = importlib.import_module("cuda.bindings.driver")

    def checked(answer: tuple[Any, ...], what: str) -> Any:
        status, *rest = answer
        if int(status) != 0:
            raise EngineError(f"CUDA graph: {what}: {status.name}")
        return rest[0] if len(rest) == 1 else tuple(rest)

    # Only this thread is recorded, so that others may use CUDA meanwhile.
    lowest, highest = checked(driver.cuCtxGetStreamPriorityRange(), "no priorities")
    side = checked(driver.cuStreamCreateWithPriority(1, highest if urgent else lowest), "no stream to record on")
    try:
        # Only this thread is recorded, so that others may use CUDA meanwhile.
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        checked(driver.cuStreamBeginCapture(side, mode), "cannot record")
        try:
            enqueue(int(side))
        except EngineError:
            driver.cuStreamEndCapture(side)  # its own complaint would hide the reason
            raise
        graph = checked(driver.cuStreamEndCapture(side), "recording failed")
        # Without the flag the priority is that of the stream it is started on.
        flag = driver.CUgraphInstantiate_flags.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY
        try:
            executable = checked(driver.cuGraphInstantiate(graph, int(flag)), "cannot be made from the recording")
        finally:
            driver.cuGraphDestroy(graph)
    finally:
        driver.cuStreamDestroy(side)
    launch, handle = driver.cuGraphLaunch, driver.CUstream(stream.handle)

    def replay() -> None:
        (status,) = launch(executable, handle)
        if int(status) != 0:
            raise EngineError(f"CUDA graph: {status.name}")

    weakref.finalize(replay, driver.cuGraphExecDestroy, executable)
    return replay
