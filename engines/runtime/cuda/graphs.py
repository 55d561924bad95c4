"""CUDA graphs: a run recorded once and started by one call, through cuda-python, which works on pycuda's streams."""

from __future__ import annotations

import importlib
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


def capture(run: Run, stream: Any) -> Run:
    """Record what ``run`` enqueues on ``stream`` (pycuda's), which has run before; gives what starts the recording.

    Raises EngineError where it enqueues what cannot be recorded."""
    driver = importlib.import_module("cuda.bindings.driver")
    handle = driver.CUstream(stream.handle)

    def checked(answer: tuple[Any, ...], what: str) -> Any:
        status, *rest = answer
        if int(status) != 0:
            raise EngineError(f"CUDA graph: {what}: {status.name}")
        return rest[0] if rest else None

    # Only this thread is recorded, so that others may use CUDA meanwhile.
    mode = driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
    checked(driver.cuStreamBeginCapture(handle, mode), "cannot record")
    try:
        run()
    finally:
        graph = checked(driver.cuStreamEndCapture(handle), "recording failed")
    executable = checked(driver.cuGraphInstantiate(graph, 0), "cannot be made from the recording")
    launch = driver.cuGraphLaunch

    def replay() -> None:
        (status,) = launch(executable, handle)
        if int(status) != 0:
            raise EngineError(f"CUDA graph: {status.name}")

    return replay
