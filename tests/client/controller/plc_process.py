"""The PLC in a process of its own, which writes down what it held and when, on the clock that all processes of a machine share.

Its log is one JSON object a line: ``{"at": s, "taken": [sequence, number, verdict]}``, ``{"at": s, "open": true}``, ``{"at": s, "state": 2}``, and
``{"at": s, "stalled": s}`` where the process itself got no time for so long. ``at`` is monotonic, s.

    python -m tests.client.controller.plc_process LOG

Commands on standard input, each answered by a line: ``{"mute": true}``, ``{"echoes": 4711}``, ``{"delay_s": 0.2}``, ``{"power": false}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inspector.client.controller.config import ModbusConfig
from tests.client.controller.plc_twin import PlcTwin, Taken

ROOT = Path(__file__).parents[3]


class PlcProcess:
    """``PlcTwin`` in a child process, with the same fields."""

    def __init__(self, log: Path, within: Sequence[str] = ()) -> None:
        """``within``: the beginning of a command that enters namespaces."""
        self._log = log
        log.touch()
        self._child = subprocess.Popen(
            [*within, sys.executable, "-m", "tests.client.controller.plc_process", str(log.resolve())],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._child.stdout is not None
        self.port = int(self._child.stdout.readline())

    def config(self, **keys: Any) -> ModbusConfig:
        """To reach it."""
        return PlcTwin.config(self, **keys)  # type: ignore[arg-type]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("mute", "echoes", "delay_s", "watchdog_s"):
            self._tell({name: value})
        else:
            super().__setattr__(name, value)

    def start(self) -> None:
        """Switch it on; its memory is 0."""
        self._tell({"power": True})

    def kill(self) -> None:
        """Switch it off."""
        self._tell({"power": False})

    def close(self) -> None:
        """End the process."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()

    def logged(self) -> list[dict[str, Any]]:
        """What it wrote down so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    @property
    def taken(self) -> list[Taken]:
        """Records that it took over."""
        return [Taken(*one["taken"], one["at"]) for one in self.logged() if "taken" in one]

    def _tell(self, command: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps(command) + "\n")
        self._child.stdin.flush()
        if self._child.stdout.readline() != "done\n":
            raise RuntimeError(f"the PLC did not do {command}")


class _Logging(PlcTwin):
    """Writes down what happens when it happens."""

    def __init__(self, log: Path) -> None:
        self._file = log.open("a", buffering=1)
        super().__init__()

    def noted(self, at_s: float, **what: Any) -> None:
        """See the log's form above."""
        self._file.write(json.dumps({"at": at_s, **what}) + "\n")


def main() -> None:
    """Be the PLC until standard input is closed."""
    with contextlib.suppress(OSError):
        os.nice(-15)  # a PLC has its time for itself
    twin = _Logging(Path(sys.argv[1]))
    print(twin.port, flush=True)
    for line in sys.stdin:
        for name, value in json.loads(line).items():
            if name != "power":
                setattr(twin, name, value)
            elif value:
                twin.start()
            else:
                twin.kill()
        print("done", flush=True)


if __name__ == "__main__":
    main()
