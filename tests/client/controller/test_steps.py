"""What a step of the controller does in which order: a fault is never cleared by a person who cannot have seen it, and an output that was found too long
ago is not shown."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq

from inspector.client.controller import RejectController
from inspector.client.controller.actuator import Failed, Pressed, State, Told
from inspector.client.controller.config import ControllerConfig
from inspector.client.controller.controller import SHOWN_NS
from inspector.client.controller.gate import Decision
from inspector.client.controller.rearm import Answer, ask
from inspector.frames.outcome import Verdict
from tests.client.controller.messages import MS, SECOND, heartbeat, result
from tests.client.controller.test_controller import Lever, tree_in
from tests.results.publishing import eventually

FAILED = Failed("plc_echo", "the PLC echoes nothing")
UNIX = 1_700_000_000 * SECOND


@pytest.fixture
def armed(tmp_path: Path) -> Iterator[tuple[RejectController, Lever]]:
    lever = Lever()
    with RejectController(msgspec.convert(tree_in(tmp_path), ControllerConfig), actuator=lever) as controller:
        controller.rearm("Anna")
        controller.step(1)
        yield controller, lever


@pytest.mark.parametrize("told", [[Pressed(), FAILED], [FAILED, Pressed()]])
def test_a_button_that_was_pressed_about_when_the_plc_failed_clears_nothing(
    armed: tuple[RejectController, Lever], told: list[Told], caplog: pytest.LogCaptureFixture
) -> None:
    controller, lever = armed
    lever.will_tell += told
    controller.step(1)
    assert lever.shown[-1] == (False, State.FAULT)
    assert "fault plc_echo" in caplog.text
    lever.will_tell.append(Pressed())
    controller.step(1)
    assert controller.state is State.ARMED


def test_a_person_who_arms_when_the_plc_fails_clears_nothing(
    armed: tuple[RejectController, Lever], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    controller, lever = armed
    answers: list[Answer] = []
    person = threading.Thread(target=lambda: answers.append(ask(f"ipc://{tmp_path}/rearm", "rearm", "Bert")))
    person.start()
    while not answers:
        lever.will_tell.append(FAILED)
        controller.step(1)
        person.join(0.001)
    person.join()
    assert answers[0].status is not None
    assert answers[0].status.state is State.FAULT
    assert (
        caplog.text.index("fault plc_echo") < caplog.text.index("armed by Bert") < caplog.text.rindex("fault plc_echo")
    )


def test_many_who_ask_at_once_do_not_keep_it_from_the_gate(
    armed: tuple[RejectController, Lever], tmp_path: Path
) -> None:
    controller, lever = armed
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.connect(f"ipc://{tmp_path}/rearm")
    try:
        for _ in range(200):
            socket.send_multipart([b"", b'{"controller": 1, "do": "status"}'])
        answered, before = 0, len(lever.shown)
        while answered < 200:
            controller.step(1)
            while socket.poll(1):
                socket.recv_multipart()
                answered += 1
        assert len(lever.shown) - before >= 200 // 16
    finally:
        context.destroy(linger=0)


def test_an_output_that_was_found_too_long_ago_is_not_shown(tmp_path: Path) -> None:
    """The program is kept from showing it by what it does with a decision, as by a disk that is slow; in the next step all is well."""
    arrival = {"by": "time", "transport_ms": 400, "passing_ms": 2000, "gate_ms": 0, "decide_ms": 300}
    clock = {"settle_s": 0, "least_delay_ms": 0}
    tree = tree_in(tmp_path, arrival=arrival, sheets={"by": "frame"}, clock=clock)
    lever, slow = Lever(), []

    def on_decision(decision: Decision) -> None:
        until = time.monotonic_ns() + SHOWN_NS
        while decision.number == 2 and time.monotonic_ns() <= until:
            slow.append(decision.passed)

    with RejectController(
        msgspec.convert(tree, ControllerConfig), actuator=lever, on_decision=on_decision
    ) as controller:
        controller.rearm("Anna")

        def step() -> None:
            now = time.monotonic_ns()
            controller.core.take(heartbeat(UNIX + now), now)
            controller.step(1)

        step()
        now = time.monotonic_ns()
        for number, ago_ms in enumerate((2500, 50)):  # the first one is through
            controller.core.take(result(number, Verdict.PASS, UNIX + now - ago_ms * MS, UNIX + now), now)
        eventually(lambda: step() or controller.core.open)
        assert lever.shown[-1] == (True, State.ARMED)
        now = time.monotonic_ns()
        controller.core.take(result(2, Verdict.PASS, UNIX + now - 20 * MS, UNIX + now), now)
        eventually(lambda: step() or slow)
        assert controller.core.open
        assert lever.shown[-1] == (False, State.ARMED)
        step()
        assert lever.shown[-1] == (True, State.ARMED)
