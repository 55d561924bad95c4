"""A reject controller as a service: behind a line with a camera, at a PLC in the network of the container."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import yaml

from inspector.client.controller.actuator import State
from tests.client.controller.plc_process import PlcProcess
from tests.client.controller.plc_twin import Taken
from tests.service_check.bench import Bench
from tests.service_check.camera import ADDRESS, Camera
from tests.service_check.container import CheckError, Container, wait_for
from tests.service_check.report import Finding
from tests.service_check.service_line import COMMAND, START_S, Listener, ServiceLine

UNIT = "inspector-controller@gate-1.service"
CONFIG = "/etc/inspector/controllers/gate-1.yaml"
STATE = "/var/lib/inspector-controller/gate-1"
MEMBER = ("setpriv", "--reuid=4711", "--regid=4711", "--groups=inspector")
OTHER = ("setpriv", "--reuid=4711", "--regid=4711", "--clear-groups")
PASSED = 1
"""Verdict of a record that the PLC takes."""
SHEETS = 20
PLC = {"heartbeat_ms": 40, "watchdog_ms": 150, "reconnect_s": 0.1}
LONGEST_STOP_S = 3.0


def gate(bench: Bench) -> Finding:
    """It starts with its gate rejecting, a member of the group arms it, sheets pass. Where it hangs the PLC rejects and systemd starts it again,
    armed as before. A stop leaves the gate rejecting."""
    container = bench.container
    line = bench.line(
        "gated",
        cameras=[{"name": "top", "source": {"kind": "genicam", "address": ADDRESS}, "travel_um_per_frame": 10_000}],
        verdicts={"rules": [{"verdict": "reject", "min_area_px": 100_000}]},
    )
    with Camera(container), Listener(line) as listener, _plc(container) as plc:
        line.start()
        listener.wait_for_inspected(50)
        _configure(line, plc)
        try:
            container.ask("systemctl", "start", UNIT)
            shown = _armed_by(container)
            _passes(plc, plc.taken)
            pid = _property(container, "MainPID")
            container.ask("sh", "-c", f"kill -s STOP {pid}")
            closed_s = wait_for(lambda: not _is_open(plc), START_S, "the PLC to close the gate")
            again_s = wait_for(
                lambda: _property(container, "MainPID") not in (pid, "0"), START_S, "the watchdog to start another one"
            )
            _passes(plc, plc.taken)
            stopped_s = _stop(container, plc)
        except CheckError as error:
            raise CheckError(f"{error}; {[str(one) for one in container.journal(UNIT)[-8:]]}") from None
        finally:
            container.run("systemctl", "kill", "--signal=CONT", UNIT)
            container.run("systemctl", "stop", UNIT)
            container.run("systemctl", "reset-failed", UNIT)
        line.stop()
        listener.wait_for_proof()
    facts = {"closed_after_s": closed_s, "started_again_after_s": again_s, "stop_s": stopped_s}
    return Finding(facts, shown)


@contextmanager
def _plc(container: Container) -> Iterator[PlcProcess]:
    with tempfile.TemporaryDirectory(prefix="inspector-plc-") as name:
        plc = PlcProcess(Path(name, "log"), container.enter("--net"))
        plc.watchdog_s = PLC["watchdog_ms"] / 1000
        try:
            yield plc
        finally:
            plc.close()


def _configure(line: ServiceLine, plc: PlcProcess) -> None:
    tree = {
        "line": line.name,
        "results": {"endpoint": line.endpoint},
        "control": {"endpoint": f"ipc:///run/inspector/{line.name}/control", "every_s": 0.25},
        "cameras": [{"name": "top", "frame_mm": 10}],
        "sheets": {"by": "length", "length_mm": 25},
        "arrival": {
            "by": "position",
            "distance_mm": 3000,
            "fastest_m_per_s": 0.75,
            "decide_ms": 1500,
            "gate_ms": 0,
            "jitter_mm": 5,
        },
        "actuator": msgspec.to_builtins(plc.config(**PLC)),
        "rearm": {"endpoint": "auto", "state_file": f"{STATE}/state"},
    }
    path = line.container.root / CONFIG.removeprefix("/")
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")


def _armed_by(container: Container) -> list[str]:
    """Somebody else may not arm it, a member of the group may. What systemd shows before and afterwards."""
    before = _property(container, "StatusText")
    if not before.startswith("not armed"):
        raise CheckError(f"StatusText={before}, expected it to begin as not armed")
    other = container.run(*OTHER, COMMAND, "controller", "rearm", "-c", CONFIG)
    if not other.returncode or len(other.stderr.strip().splitlines()) != 1:
        raise CheckError(f"rearm by somebody else: status {other.returncode}: {other.stdout}{other.stderr}")
    member = container.run(*MEMBER, COMMAND, "controller", "rearm", "-c", CONFIG, "--by", "Anna")
    if member.returncode:
        raise CheckError(f"rearm by a member: status {member.returncode}: {member.stdout}{member.stderr}")
    wait_for(lambda: _property(container, "StatusText").startswith("armed"), START_S, "the status `armed`")
    if not any("Anna" in entry.text for entry in container.journal(UNIT)):
        raise CheckError("the log does not say who armed it")
    return [f"StatusText={before}", f"StatusText={_property(container, 'StatusText')}", other.stderr.strip()]


def _passes(plc: PlcProcess, before: list[Taken]) -> None:
    """Wait until the PLC has taken more sheets that pass, and its gate is open."""

    def passed() -> bool:
        return sum(one.verdict == PASSED for one in plc.taken[len(before) :]) >= SHEETS and _is_open(plc)

    wait_for(passed, START_S, f"{SHEETS} sheets that pass")


def _stop(container: Container, plc: PlcProcess) -> float:
    """How long it took, s."""
    began = time.monotonic()
    container.ask("systemctl", "stop", UNIT)
    took_s, result = time.monotonic() - began, _property(container, "Result")
    if took_s > LONGEST_STOP_S or result != "success":
        raise CheckError(f"stopped with result {result} after {took_s:.1f} s")
    wait_for(
        lambda: not _is_open(plc) and _last(plc, "state") == State.STOPPED.value, LONGEST_STOP_S, "the PLC to be told"
    )
    return took_s


def _is_open(plc: PlcProcess) -> bool:
    return _last(plc, "open") is True


def _last(plc: PlcProcess, what: str) -> object:
    """The latest that the PLC wrote down of this."""
    return next((one[what] for one in reversed(plc.logged()) if what in one), None)


def _property(container: Container, name: str) -> str:
    return container.ask("systemctl", "show", "--value", f"--property={name}", UNIT).strip()
