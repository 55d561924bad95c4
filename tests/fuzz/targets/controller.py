"""The reject controller: its configuration, and the file in which it remembers whether it is armed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from inspector.client.controller.load import load_controller
from inspector.client.controller.state_file import Remembered, StateFile
from inspector.errors import UserError
from tests.fuzz.limits import ROOT
from tests.fuzz.mutation import json_changed, yaml_changed
from tests.fuzz.target import Target, promised, require, require_readable
from tests.fuzz.targets import scratch


def config(data: bytes) -> None:
    """A configuration file."""
    path = scratch.put("controller/controller.yaml", data)
    with promised(UserError):
        load_controller(path)


def config_seeds() -> Iterator[bytes]:
    """The example, and one that acts on nothing."""
    text = (ROOT / "configs" / "controller.yaml").read_text(encoding="utf-8")
    yield re.sub(r"(?m) *#.*$", "", text).replace("\n\n", "\n").encode()
    yield b"""\
line: line1
cameras: [{name: cam1}, {name: cam2}]
sheets: {by: frame}
arrival: {by: time, transport_ms: 900, passing_ms: 100, tolerance_ms: 20, gate_ms: 0, decide_ms: 300}
actuator: {kind: log}
trial: true
"""


def state(data: bytes) -> None:
    """A file that is no state of a controller means that it is not armed."""
    path = scratch.put("controller/state.json", data)
    log = logging.getLogger("inspector")
    log.addHandler(_LOGGED)
    log.propagate = False
    try:
        found = StateFile(str(path)).read()
        require(not found.armed or b"true" in data, "armed, though nobody has said so")
    finally:
        log.removeHandler(_LOGGED)
        log.propagate = True


def state_seeds() -> Iterator[bytes]:
    """Armed, and not armed after a fault."""
    yield b'{"armed":true,"faults":{}}'
    yield b'{"armed":false,"faults":{"late":"3 verdicts in a row were late"}}'
    require(Remembered().armed is False, "a controller is not armed until somebody says so")


class _Logged(logging.Handler):
    """What is logged is one printable line."""

    def emit(self, record: logging.LogRecord) -> None:
        require_readable(record.getMessage())


_LOGGED = _Logged()
_WORDS = (
    b"~",
    b".nan",
    b".inf",
    b"-1",
    b"9" * 40,
    b"&a ",
    b"*a",
    b"<<: *a",
    rb'"\x1b[2J"',
    b"[" * 70,
    b"2026-13-45",
    b"by: length",
    b"kind: modbus",
)

TARGETS = (
    Target("controller_config", config, config_seeds, _WORDS, yaml_changed, longest=1 << 12),
    Target(
        "controller_state",
        state,
        state_seeds,
        (b"null", b"true", b"[" * 1500, rb'"\u001b[2J"'),
        json_changed,
        longest=1 << 11,
    ),
)
