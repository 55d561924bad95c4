"""CUDA graphs: a run that is captured once and launched by one call; by cuda-python, which works with pycuda's streams."""

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


def capture(enqueue: Callable[[int], None], stream: Any, *, high_priority: bool) -> Run:
    """Capture what ``enqueue`` puts on the stream whose handle it gets; it must have run once before. Returns a function that
    launches the graph on ``stream`` (pycuda's). ``high_priority``: each kernel gets the highest priority there is.

    Raises EngineError where it enqueues something that cannot be captured."""
    driver = importlib.import_module("cuda.bindings.driver")

    def checked(result: tuple[Any, ...], what: str) -> Any:
        status, *rest = result
        if int(status) != 0:
            raise EngineError(f"CUDA graph: {what}: {status.name}")
        return rest[0] if len(rest) == 1 else tuple(rest)

    lowest, highest = checked(driver.cuCtxGetStreamPriorityRange(), "no priorities")
    priority = highest if high_priority else lowest
    side = checked(driver.cuStreamCreateWithPriority(1, priority), "no stream to capture on")
    try:
        # Only what this thread enqueues is captured, so that others may use CUDA meanwhile.
        mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        checked(driver.cuStreamBeginCapture(side, mode), "cannot capture")
        try:
            enqueue(int(side))
        except EngineError:
            driver.cuStreamEndCapture(side)  # an error of this call would hide the first one
            raise
        graph = checked(driver.cuStreamEndCapture(side), "capture failed")
        # Without the flag the priority is that of the stream it is launched on.
        flag = driver.CUgraphInstantiate_flags.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY
        try:
            executable = checked(driver.cuGraphInstantiate(graph, int(flag)), "cannot be instantiated")
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
