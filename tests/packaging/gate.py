"""Inside the new system: a PLC, and the installed command, which looks at it and then drives it: ``python -m tests.packaging.gate``.

The line ``strip`` of the package's check runs meanwhile. Prints what ``inspector controller check`` says.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from inspector.client.controller.actuator import State
from tests.client.controller.plc_twin import PlcTwin

COMMAND = "/opt/inspector/current/bin/inspector"
CONFIG = Path("/etc/inspector/controllers/gate.yaml")
TEXT = """\
line: strip
cameras: [{{name: top}}]
sheets: {{by: frame}}
arrival: {{by: time, transport_ms: 5000, passing_ms: 50, decide_ms: 4000, gate_ms: 0}}
actuator: {{kind: modbus, host: 127.0.0.1, port: {port}, answer_ms: 1000}}
rearm: {{state_file: /var/lib/inspector-controller/gate/state}}
"""
LONGEST_S = 30.0


def main() -> None:
    """Raises AssertionError or TimeoutError."""
    plc = PlcTwin()
    wait_for(lambda: plc.state == 0, "its first scan")
    CONFIG.write_text(TEXT.format(port=plc.port), encoding="utf-8")
    Path("/var/lib/inspector-controller/gate").mkdir(parents=True)
    looked = subprocess.run([COMMAND, "controller", "check", "-c", CONFIG], capture_output=True, text=True, check=False)
    print(looked.stdout + looked.stderr, end="")
    assert plc.state == 0, "looking wrote something"
    controller = subprocess.Popen([COMMAND, "controller", "run", "-c", CONFIG])
    try:
        wait_for(lambda: plc.state == State.NOT_ARMED.value and len(plc.heartbeats) > 3 and plc.rejects, "a heartbeat")
    finally:
        controller.terminate()
        status = controller.wait(LONGEST_S)
    assert status == 0, f"the controller ended with status {status}"
    wait_for(lambda: plc.state == State.STOPPED.value, "the end to be told")
    assert not plc.gate, "the gate moved"


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until it holds."""
    until_s = time.monotonic() + LONGEST_S
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError(f"the PLC waits in vain for {what}")
        time.sleep(0.01)


if __name__ == "__main__":
    main()
