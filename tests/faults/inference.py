"""Faults of the inference child, its engines and its bundle."""

from __future__ import annotations

import os
import signal

from tests.faults.scenario import scenario
from tests.faults.stage import Stage


@scenario(
    fault="The inference child is killed (SIGKILL)",
    promise="Frames that it had, and those until another one serves, are UNINSPECTED; it is started again and inspection goes on",
    told="`inference_restarting`, `inference_starting`, `inference_ready`; reason `engine_down`",
    quick=True,
)
def child_killed(stage: Stage) -> None:
    with stage.usual() as line:
        mark = line.mark()
        os.kill(line.child(), signal.SIGKILL)
        line.until_told("inference_restarting", since=mark)
        line.until_told("inference_ready", since=mark)
        line.until_inspected()
        assert "engine_down" in line.reasons(mark)
