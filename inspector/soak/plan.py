"""What a soak is to do, and the configurations of the line and of the reject controller that it starts."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Any

import msgspec
import yaml

from inspector.client.controller.controller import SHOWN_NS

CAMERA = "top"
POOL = 32
"""Different sheets that the simulated camera shows, in turn: frame n shows sheet n modulo this."""
DEADLINE_MS = 500.0
TRANSPORT_MS = 900.0
"""From camera to gate, longer than the deadline and the controller's time to decide."""
DECIDE_MS = 100.0
WATCHDOG_MS = 30.0
"""An output that is not shown for so long falls back to REJECT, as a PLC's does."""
GATE_MS = WATCHDOG_MS + SHOWN_NS / 1e6 + 10
"""What the controller is told of the gate: a PASS that it shows may have been found so long before (``SHOWN_NS``), and stays for as long as the watchdog waits."""
_KEEP_BYTES = 2_000_000_000
RECOVERY_S = 120.0
"""So long a subscriber of the soak asks for what it missed before it gives it up: longer than a daemon is away."""
_RECENT_MIB = 4
"""So little that it is full within a minute: what fills is not growth."""
STALL_S = 2.0
"""After so long without a result the inference child counts as hung."""


class SoakSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command, and for tests how patient it is."""

    seconds: float
    rate_hz: float = 30.0
    seed: int = 1
    faults: bool = True
    bundle: str = "demo"
    plant: tuple[str, ...] = ()
    """Of ``planting.PLANTS``."""
    pause_s: tuple[float, float] = (2.0, 15.0)
    """Between two faults."""
    restart_every_s: float = 60.0
    """Least time between two restarts of the daemon: its memory is watched in between."""
    warm_up_s: float = 60.0
    """Of each process, before its memory counts."""
    watched_s: float = 30.0
    """Least time over which growth is judged."""
    allowed_mib: float = 40.0
    """Memory that a process may need more after it has warmed up. A flood of requests, or a disk that refuses, leaves up to 27 MiB with the daemon's
    allocator, once in its life."""
    patience_s: float = 30.0
    """Within this time after a fault all is well again."""
    report_s: float = 60.0


class Places(msgspec.Struct, frozen=True):
    """Folders and addresses of a soak."""

    folder: Path
    """For the journal, configurations and logs."""
    sockets: Path
    """A folder with a short path."""
    port: int
    line: str

    @property
    def results(self) -> str:
        """Where the line publishes."""
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def control(self) -> str:
        """The line's control socket."""
        return f"ipc://{self.sockets}/control"

    @property
    def rearm(self) -> str:
        """Where the reject controller is armed."""
        return f"ipc://{self.sockets}/gate"

    @property
    def journal(self) -> Path:
        """The line's journal."""
        return self.folder / "journal.sqlite"

    @property
    def line_file(self) -> Path:
        """The line's configuration."""
        return self.folder / "line.yaml"

    @property
    def gate_file(self) -> Path:
        """The controller's configuration."""
        return self.folder / "controller.yaml"


def prepare(folder: Path, sockets: Path) -> Places:
    """Choose addresses that are free now."""
    return Places(folder, sockets, free_port(), f"soak-{os.getpid()}")


def write(places: Places, settings: SoakSettings) -> None:
    """Write both configurations."""
    places.line_file.write_text(yaml.safe_dump(_line(places, settings), sort_keys=False), encoding="utf-8")
    places.gate_file.write_text(yaml.safe_dump(_gate(places, settings), sort_keys=False), encoding="utf-8")


def passing_ms(settings: SoakSettings) -> float:
    """How long a frame's sheet takes to pass the gate; longer than the time between two frames, so that they overlap there."""
    return 1500 / settings.rate_hz + 20


def free_port() -> int:
    """A port on loopback that nobody uses now, nor the one behind it, which is for recovery."""
    while True:
        with socket.socket() as results, socket.socket() as recovery:
            results.bind(("127.0.0.1", 0))
            port: int = results.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                recovery.bind(("127.0.0.1", port + 1))
                return port


def _line(places: Places, settings: SoakSettings) -> dict[str, Any]:
    source = {
        "kind": "simulator",
        "seed": settings.seed,
        "rate_hz": settings.rate_hz,
        "defect_rate": 0.12,
        "look_alike_rate": 0.05,
        "pool": POOL,
    }
    return {
        "line": places.line,
        "bundle": settings.bundle,
        "cameras": [{"name": CAMERA, "source": source}],
        "deadline_ms": DEADLINE_MS,
        "inference": {
            "allow_cpu": True,
            "restart_first_s": 0.05,
            "restart_longest_s": 1.0,
            "stall_timeout_s": STALL_S,
        },
        "drift": {"enabled": False},
        "results": {
            "endpoint": places.results,
            "wait_for_subscribers": 1,
            "wait_timeout_s": 60,
            "recovery": {"memory_mib": _RECENT_MIB},
        },
        "journal": {"path": str(places.journal), "retry_ms": 200, "keep_bytes": _KEEP_BYTES},
        "control": {"endpoint": places.control},
    }


def _gate(places: Places, settings: SoakSettings) -> dict[str, Any]:
    return {
        "line": places.line,
        "results": {"endpoint": places.results},
        "control": {"endpoint": places.control, "every_s": 0.5},
        "cameras": [{"name": CAMERA}],
        "sheets": {"by": "frame"},
        "arrival": {
            "by": "time",
            "transport_ms": TRANSPORT_MS,
            "passing_ms": passing_ms(settings),
            "decide_ms": DECIDE_MS,
            "gate_ms": GATE_MS,
        },
        "actuator": {"kind": "log"},
        "rearm": {"endpoint": places.rearm},
        "trial": True,
    }
