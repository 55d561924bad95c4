"""A GPU that fails, a child that dies on it, memory that is not there: one line each, and the next one works."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys

import pytest

from engines.bundle import Bundle
from engines.errors import DeviceMemoryError
from engines.gpu import Gpu
from engines.runtime.cuda.device import Device
from engines.runtime.cuda.load import why_not_torch
from inspector.inference.state import State
from tests.inference.conftest import Rig

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(180)]


def test_a_killed_child_is_replaced_and_answers_again(runtime: str, demo: Bundle) -> None:
    rig = Rig(demo, 64, False, {"runtime": runtime, "precision": "auto", "max_batch": 2})
    rig.inference.start()
    try:
        assert rig.inference.active.supervisor.wait_ready(100)
        number = rig.submit(_frame(demo))
        assert rig.results.get(timeout=20)[0].frame == number
        pid = rig.pid
        # In the middle of its work: copies from and to the ring are under way.
        numbers = {rig.submit(_frame(demo)) for _ in range(8)}
        os.kill(pid, signal.SIGKILL)
        ended: set[int] = set()
        while ended != numbers:
            with contextlib.suppress(queue.Empty):
                ended.add(rig.given_up.get(timeout=0.1)[0].meta.frame)
            while not rig.results.empty():
                ended.add(rig.results.get()[0].frame)
        rig.wait_state(State.READY, times=2, timeout_s=100)
        number = rig.submit(_frame(demo))
        assert rig.results.get(timeout=20)[0].frame == number
    finally:
        rig.inference.stop(5.0)
        rig.ring.close()


def test_a_poisoned_context_is_told_in_one_line_and_the_next_process_works(gpu: Gpu) -> None:
    if why_not := why_not_torch():
        pytest.skip(why_not)
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "tests.gpu.poison"], capture_output=True, text=True, timeout=120, check=False
        )
        lines = done.stdout.strip().splitlines()
        assert lines[0] == "before: GateOutput", done.stderr[-2000:]
        assert lines[1].startswith("poisoned:"), done.stderr[-2000:]
        assert lines[2].startswith("after: the gate "), lines
        assert lines[3] == "closed"
        assert done.returncode == 0, done.stderr[-2000:]


def test_memory_that_is_not_there_is_told_in_one_line(gpu: Gpu) -> None:
    pytest.importorskip("pycuda", reason="needs pycuda")
    device = Device()
    try:
        with pytest.raises(DeviceMemoryError, match="out of device memory"):
            device.memory(1 << 45)
        device.memory(1 << 20).free()
    finally:
        device.close()


def _frame(bundle: Bundle):  # type: ignore[no-untyped-def]
    import numpy as np

    return np.random.default_rng(0).integers(0, 255, (bundle.height, bundle.width), dtype=np.uint8)
