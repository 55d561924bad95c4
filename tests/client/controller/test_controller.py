"""What connects decisions with the world: a person who arms, the memory of faults, the clocks over the control socket, and the commands."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from inspector.client.control import NoAnswer
from inspector.client.controller import RejectController
from inspector.client.controller.actuator import Confirmed, Failed, Pressed, State, Told
from inspector.client.controller.config import ControllerConfig
from inspector.client.controller.gate import Decision
from inspector.client.controller.rearm import ask
from inspector.client.controller.state_file import Remembered, StateFile
from inspector.errors import UserError
from tests.cli.in_process import run
from tests.client.controller.messages import TREE
from tests.client.controller.plc_twin import PlcTwin
from tests.control.serving import EPOCH, served
from tests.results.publishing import eventually


class Lever:
    """An actuator that does what the test says."""

    def __init__(self) -> None:
        self.will_tell: list[Told] = []
        self.shown: list[tuple[bool, State]] = []
        self.closed = False

    def decide(self, decision: Decision) -> None:
        self.will_tell.append(Confirmed(decision.sequence))

    def show(self, is_open: bool, state: State) -> None:
        self.shown.append((is_open, state))

    def told(self) -> list[Told]:
        told, self.will_tell = self.will_tell, []
        return told

    def close(self) -> None:
        self.closed = True


def free_endpoint() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


def tree_in(folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        **TREE,
        "results": {"endpoint": free_endpoint()},
        "rearm": {"endpoint": f"ipc://{folder}/rearm", "state_file": f"{folder}/state"},
        **changes,
    }


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., tuple[RejectController, Lever]]]:
    made: list[RejectController] = []

    def start(**changes: Any) -> tuple[RejectController, Lever]:
        lever = Lever()
        made.append(RejectController(msgspec.convert(tree_in(tmp_path, **changes), ControllerConfig), actuator=lever))
        return made[-1], lever

    yield start
    for one in made:
        one.close()


def test_a_fault_outlives_a_restart_and_only_a_person_clears_it(
    started: Callable[..., tuple[RejectController, Lever]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    controller, lever = started()
    controller.step(1)
    assert lever.shown == [(False, State.NOT_ARMED)]
    controller.rearm("Anna")
    lever.will_tell.append(Failed("plc_echo", "the PLC echoes nothing"))
    controller.step(1)
    assert lever.shown[-1] == (False, State.FAULT)
    assert "fault plc_echo: the PLC echoes nothing; everything is rejected until a person arms" in caplog.text
    controller.close()
    assert lever.closed

    controller, lever = started()
    controller.step(1)
    assert controller.status().faults == {"plc_echo": "the PLC echoes nothing"}
    lever.will_tell.append(Pressed())
    controller.step(1)
    assert controller.state is State.ARMED
    assert "armed by the button at the PLC; faults until now: plc_echo" in caplog.text
    controller.close()
    assert StateFile(f"{tmp_path}/state").read() == Remembered(armed=True)


def test_a_state_that_cannot_be_read_is_not_armed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("armed!")
    assert StateFile(str(tmp_path / "state")).read() == Remembered()
    assert "it has to be armed" in caplog.text
    StateFile(str(tmp_path / "nowhere" / "state")).keep(Remembered(armed=True))
    assert "after a restart the controller may be armed although there was a fault" in caplog.text


def test_it_is_armed_over_its_socket_by_one_controller_alone(
    started: Callable[..., tuple[RejectController, Lever]], tmp_path: Path
) -> None:
    controller, _ = started()
    stop = threading.Event()
    thread = threading.Thread(target=controller.run, args=(stop,), daemon=True)
    thread.start()
    endpoint = f"ipc://{tmp_path}/rearm"
    try:
        answer = ask(endpoint, "status")
        assert answer.status is not None
        assert (answer.status.state, answer.status.why_closed) == (State.NOT_ARMED, "not armed")
        with pytest.raises(UserError, match="another controller answers at"):
            RejectController(controller.config, actuator=Lever())
        (tmp_path / "gate.yaml").write_text(yaml.safe_dump(tree_in(tmp_path)))
        said = run("controller", "rearm", "-c", str(tmp_path / "gate.yaml"), "--by", "Anna")
        assert (said.status, said.out) == (0, "armed; rejecting everything for now: nothing was heard of the line\n")
        said = run("controller", "status", "--endpoint", endpoint, "--json")
        assert (said.status, json.loads(said.out)["state"]) == (1, 2)
        assert run("controller", "status", "--endpoint", endpoint).out.startswith(
            "armed, output REJECT (nothing was heard"
        )
    finally:
        stop.set()
        thread.join(5)
    controller.close()
    with pytest.raises(NoAnswer):
        ask(endpoint, "status", timeout_ms=50)
    assert run("controller", "rearm", "--endpoint", endpoint).status == 3
    assert run("controller", "rearm", "--endpoint", "tcp://127.0.0.1:1").status == 2
    assert run("controller", "rearm").status == 2


def test_a_user_without_a_name_arms_by_the_number(
    started: Callable[..., tuple[RejectController, Lever]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_001)  # has no entry in the list of users
    controller, _ = started()
    stop = threading.Event()
    thread = threading.Thread(target=controller.run, args=(stop,), daemon=True)
    thread.start()
    try:
        with caplog.at_level(logging.INFO):
            assert run("controller", "rearm", "--endpoint", f"ipc://{tmp_path}/rearm").status == 0
    finally:
        stop.set()
        thread.join(5)
    assert "user 4000000001" in caplog.text


def test_the_clocks_are_compared_over_the_control_socket(
    started: Callable[..., tuple[RejectController, Lever]], tmp_path: Path
) -> None:
    with served(tmp_path) as server:
        controller, _ = started(control={"endpoint": server.endpoint, "every_s": 0.1}, line="line1")

        def width_ms() -> float:
            controller.step(1)
            least, most = controller.status().clock_ms or (0.0, 1e9)
            assert least <= (time.time_ns() - time.monotonic_ns()) / 1e6 <= most
            return most - least

        eventually(lambda: width_ms() < 100)
        assert controller.told_epoch == EPOCH


def test_a_control_socket_that_is_not_there_is_named(
    started: Callable[..., tuple[RejectController, Lever]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    controller, _ = started(control={"endpoint": f"ipc://{tmp_path}/control", "every_s": 0.1})
    eventually(lambda: controller.step(1) or "control: there is no socket" in caplog.text)


def test_check_names_what_is_not_there_and_writes_nothing(tmp_path: Path) -> None:
    plc = PlcTwin()
    actuator = msgspec.to_builtins(plc.config(echo_ms=100))
    (tmp_path / "gate.yaml").write_text(yaml.safe_dump(tree_in(tmp_path, actuator=actuator)))
    said = run("controller", "check", "-c", str(tmp_path / "gate.yaml"), "--seconds", "0.1")
    assert said.status == 1
    assert "NOT WELL  camera top: nothing heard from" in said.out
    assert "coils pass 0, reject 0; record [0, 0, 0, 0]; echo 0; nothing was written" in said.out
    assert plc.heartbeats == []
    plc.kill()
    said = run("controller", "check", "-c", str(tmp_path / "gate.yaml"), "--seconds", "0.1")
    assert "cannot be reached" in said.out
    assert run("controller", "check", "-c", str(tmp_path / "gate.yaml"), "--offline").status == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_end_of_the_process_leaves_reject(tmp_path: Path, end: signal.Signals) -> None:
    plc = PlcTwin()
    (tmp_path / "gate.yaml").write_text(
        yaml.safe_dump(tree_in(tmp_path, actuator=msgspec.to_builtins(plc.config(echo_ms=100))))
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "inspector", "controller", "run", "-c", str(tmp_path / "gate.yaml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: plc.state == State.NOT_ARMED.value)
        assert run("controller", "rearm", "-c", str(tmp_path / "gate.yaml")).status == 0
        eventually(lambda: plc.state == State.ARMED.value)
        process.send_signal(end)
        _, log = process.communicate(timeout=10)
    finally:
        process.kill()
    if end is signal.SIGTERM:
        assert process.returncode == 0
        assert plc.state == State.STOPPED.value
        assert "stopped, the gate rejects" in log
    assert not plc.open
    plc.kill()
