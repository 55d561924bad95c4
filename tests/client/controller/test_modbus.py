"""The Modbus actuator against a real server with a small PLC program."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inspector.client.controller.actuator import Confirmed, Failed, Pressed, State, Told
from inspector.client.controller.gate import Decision
from inspector.client.controller.modbus import ModbusActuator
from inspector.client.controller.sights import Why
from tests.client.controller.plc_twin import PlcTwin
from tests.results.publishing import eventually

PASS, REJECT = 1, 2
READ_REGISTERS, WRITE_COILS = 3, 15
HEARTBEAT = 10


@pytest.fixture
def plc() -> Iterator[PlcTwin]:
    twin = PlcTwin()
    yield twin
    twin.kill()


class Driver:
    """A controller that shows what the test says."""

    def __init__(self, actuator: ModbusActuator) -> None:
        self.actuator = actuator
        self.is_open, self.state = False, State.ARMED
        self.told: list[Told] = []
        self._sequence = 0

    def until(self, condition: Callable[[], object], timeout_s: float = 5.0) -> None:
        """Live until it is true."""
        end_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < end_s, f"it never came true; told: {self.told}"
            self.actuator.show(self.is_open, self.state)
            self.told += self.actuator.told()
            time.sleep(0.002)

    def beats(self, plc: PlcTwin) -> None:
        """Live for three heartbeats."""
        before = len(plc.heartbeats)
        self.until(lambda: len(plc.heartbeats) > before + 3)

    def decide(self, number: int, passed: bool) -> None:
        self._sequence += 1
        self.actuator.decide(Decision(self._sequence, number, None, passed, Why.PASSED if passed else Why.VERDICT, ""))

    @property
    def confirmed(self) -> list[int]:
        return [one.sequence for one in self.told if isinstance(one, Confirmed)]

    @property
    def failed(self) -> list[str]:
        return [one.code for one in self.told if isinstance(one, Failed)]


@pytest.fixture
def drive(plc: PlcTwin) -> Iterator[Callable[..., Driver]]:
    made: list[ModbusActuator] = []

    def start(**keys: object) -> Driver:
        made.append(ModbusActuator(plc.config(**keys)))
        return Driver(made[-1])

    yield start
    for one in made:
        one.close()


def test_records_are_taken_in_order_and_the_output_follows(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    one = drive()
    for number in range(70_000, 70_020):
        one.decide(number, number % 3 != 0)
    one.is_open = True
    one.until(lambda: len(one.confirmed) == 20 and plc.open)
    assert one.confirmed == list(range(1, 21))
    assert [(taken.number, taken.verdict) for taken in plc.taken] == [
        (number, PASS if number % 3 else REJECT) for number in range(70_000, 70_020)
    ]
    assert len({taken.sequence for taken in plc.taken}) == 20
    one.is_open = False
    one.until(lambda: not plc.open)
    one.decide(-7, False)
    one.until(lambda: len(one.confirmed) == 21)
    assert plc.taken[-1].number == 2**32 - 7
    one.until(lambda: len(plc.heartbeats) > 3)
    assert plc.heartbeats == list(range(1, len(plc.heartbeats) + 1))
    assert plc.state == State.ARMED.value
    assert one.failed == []


def test_a_stop_leaves_reject_and_says_so(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    one = drive()
    one.is_open = True
    one.until(lambda: plc.open)
    one.actuator.close()
    eventually(lambda: not plc.open and plc.state == State.STOPPED.value)


def test_a_controller_that_hangs_is_rejected_and_its_heartbeat_stands_still(
    plc: PlcTwin, drive: Callable[..., Driver]
) -> None:
    one = drive(heartbeat_ms=20)
    one.is_open = True
    one.until(lambda: plc.open)
    eventually(lambda: not plc.open)  # show is not called any more
    heartbeats = len(plc.heartbeats)
    one.until(lambda: plc.open)
    assert len(plc.heartbeats) - heartbeats < 4


@pytest.mark.parametrize("number", [0, 1, 65_535])
def test_an_echo_from_before_proves_nothing(plc: PlcTwin, drive: Callable[..., Driver], number: int) -> None:
    """The PLC was not switched off, and shows the echo of the controller before."""
    plc.echoes = number
    first = drive(echo_ms=200)
    first.decide(1, True)
    first.until(lambda: first.failed or first.confirmed)
    first.actuator.close()
    plc.mute, plc.echoes = True, None
    second = drive(echo_ms=30)
    second.decide(1, True)
    second.until(lambda: second.failed or second.confirmed)
    assert (second.confirmed, set(second.failed)) == ([], {"plc_echo"})


@pytest.mark.parametrize(
    ("change", "patience", "code"),
    [
        ({"mute": True}, {"echo_ms": 300}, "plc_echo"),
        ({"echoes": 4711}, {}, "plc_echo"),
        ({"delay_s": 0.6}, {"answer_ms": 300}, "plc_silent"),
    ],
)
def test_a_plc_that_does_not_do_its_part_is_a_fault(
    plc: PlcTwin,
    drive: Callable[..., Driver],
    change: dict[str, object],
    patience: dict[str, object],
    code: str,
) -> None:
    one = drive(**patience)
    one.decide(1, True)
    one.until(lambda: one.confirmed == [1])
    for name, value in change.items():
        setattr(plc, name, value)
    one.decide(2, True)
    one.until(lambda: one.failed)
    assert one.failed[0] == code
    assert one.confirmed == [1]


def test_a_plc_that_dies_and_returns_is_reached_again_and_rejects_first(
    plc: PlcTwin, drive: Callable[..., Driver]
) -> None:
    one = drive()
    one.decide(1, True)
    one.is_open = True
    one.until(lambda: one.confirmed == [1] and plc.open)
    plc.kill()
    one.is_open = False  # what a core does after Failed
    one.until(lambda: {"plc_silent", "plc_unreachable"} & set(one.failed))
    one.decide(2, True)
    one.until(lambda: "plc_unreachable" in one.failed)
    plc.start()
    failures = len(one.failed)
    one.decide(3, False)
    one.until(lambda: len(one.confirmed) == 2)
    assert not plc.open
    assert (plc.taken[-1].number, plc.taken[-1].verdict) == (3, REJECT)
    assert len(one.failed) == failures


def test_the_button_counts_when_it_is_pressed_and_not_while_it_is_held(
    plc: PlcTwin, drive: Callable[..., Driver]
) -> None:
    plc.press(True)
    eventually(lambda: plc.state >= 0)
    one = drive(coils={"outputs": 0, "rearm": 5}, heartbeat_ms=10)
    one.until(lambda: len(plc.heartbeats) > 3)
    assert one.told == []
    plc.press(False)
    one.beats(plc)
    plc.press(True)
    one.until(lambda: Pressed() in one.told)
    one.beats(plc)
    assert one.told == [Pressed()]


def test_a_plc_that_is_not_there_is_a_fault() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = taken.getsockname()[1]
        twin_less = PlcTwin.config
        config = twin_less(type("Nobody", (), {"port": port})())  # type: ignore[arg-type]
        one = Driver(ModbusActuator(config))
        one.until(lambda: one.failed)
        assert one.failed[0] == "plc_unreachable"
        one.actuator.close()


def test_two_controllers_at_one_plc_are_a_fault_of_both(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    one, other = drive(heartbeat_ms=20), drive(heartbeat_ms=20)

    def lives() -> bool:
        other.actuator.show(False, State.ARMED)
        other.told += other.actuator.told()
        return "plc_contested" in one.failed and "plc_contested" in other.failed

    one.is_open = True
    one.until(lives)


def test_a_plc_that_has_lost_its_memory_is_a_fault(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    """Its program was started again; the connection stayed."""
    one = drive(heartbeat_ms=20)
    one.decide(1, True)
    one.is_open = True
    one.until(lambda: plc.open and one.confirmed == [1])
    plc.forget()
    one.until(lambda: one.failed)
    assert one.failed[0] in ("plc_contested", "plc_echo")


def test_the_echo_of_an_older_record_before_the_next_one_is_a_fault(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    """The PLC shows by chance the very sequence that comes next: it has taken nothing."""
    one = drive(heartbeat_ms=5000, watchdog_ms=5000)
    one.decide(1, True)
    one.until(lambda: one.confirmed == [1])
    plc.shows = plc.taken[-1].sequence + 1
    one.until(lambda: plc.shows is None)
    plc.mute = True
    one.decide(2, True)
    one.until(lambda: one.failed)
    assert (one.confirmed, one.failed[0]) == ([1], "plc_echo")


def test_the_sequence_begins_again_behind_its_last_number(plc: PlcTwin, drive: Callable[..., Driver]) -> None:
    plc.shows = 65_533
    eventually(lambda: plc.shows is None)
    one = drive()
    for number in range(6):
        one.decide(number, True)
    one.until(lambda: len(one.confirmed) == 6)
    assert [taken.sequence for taken in plc.taken][-6:] == [65_534, 65_535, 1, 2, 3, 4]
    assert one.failed == []


def test_a_gate_that_closed_by_itself_stays_closed_until_it_was_told_to_reject(
    plc: PlcTwin, drive: Callable[..., Driver]
) -> None:
    """The network to the PLC held for longer than the PLC waits; the count of the heartbeat that was under way opens nothing."""
    one = drive(heartbeat_ms=20)
    one.is_open = True
    one.until(lambda: plc.open)
    rejected, beats = plc.rejects, len(plc.heartbeats)
    plc.delay_s = 0.5
    one.until(lambda: not plc.open)
    one.until(lambda: len(plc.heartbeats) > beats + 1)
    assert not plc.open
    plc.delay_s = 0.0
    one.until(lambda: plc.open)
    assert plc.rejects > rejected


class SlowToReject(PlcTwin):
    """Answers late when it is told to reject, and once, when it is asked for the heartbeat, so late that its own watchdog has closed the gate."""

    def __init__(self) -> None:
        self.hold_s = 0.0
        self.outputs: list[tuple[float, bool]] = []
        """When they were written, and whether `pass` was."""
        super().__init__()

    async def _action(self, code: int, start: int, address: int, count: int, now: list[int], values: Any) -> None:
        if code == READ_REGISTERS and address == HEARTBEAT and count == 2:
            held_s, self.hold_s = self.hold_s, 0.0
            await asyncio.sleep(held_s)
        if code == WRITE_COILS and len(values) == 2:
            if not values[0]:
                await asyncio.sleep(0.1)
            self.outputs.append((time.monotonic(), bool(values[0])))


def test_after_its_watchdog_the_plc_is_shown_reject_for_a_whole_heartbeat_however_late_it_answers() -> None:
    plc = SlowToReject()
    actuator = ModbusActuator(plc.config(heartbeat_ms=60))
    one = Driver(actuator)
    try:
        one.is_open = True
        one.until(lambda: plc.open)
        shown = len(plc.outputs)
        plc.hold_s = 0.4
        one.until(lambda: [is_open for _, is_open in plc.outputs[shown:]] == [False, True])
        (rejected_s, _), (passed_s, _) = plc.outputs[shown:]
        assert passed_s - rejected_s > 0.06
        one.until(lambda: plc.open)
    finally:
        actuator.close()
        plc.kill()
