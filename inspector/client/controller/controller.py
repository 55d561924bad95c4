"""A reject controller: hears the line, decides, moves the gate. The decisions are in ``decision.py``; this is what connects them."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

from inspector.client.controller.actuator import Actuator, Confirmed, Failed, Pressed, State
from inspector.client.controller.config import AUTO, ControllerConfig, ModbusConfig
from inspector.client.controller.decision import DecisionCore
from inspector.client.controller.exchanges import Exchanges
from inspector.client.controller.gate import Decision
from inspector.client.controller.log_actuator import LogActuator
from inspector.client.controller.modbus import ModbusActuator
from inspector.client.controller.rearm import Answer, Asked, ControllerStatus, RearmSocket
from inspector.client.controller.state_file import Remembered, StateFile
from inspector.client.controller.subscribing import subscribed
from inspector.client.events import Malformed
from inspector.protocol.codec import Packet

log = logging.getLogger(__name__)

STEP_MS = 5
"""Longest wait for a message before the gate is looked at again."""
SHOWN_NS = 20_000_000
"""A PASS that was found so long ago is not shown any more: it is looked again first."""
_MOST_AT_ONCE = 64
"""Messages that are taken before the gate is looked at again."""
_MOST_ASKED = 16
"""Requests over the socket that are answered before the gate is looked at again."""
_RUNTIME = "RUNTIME_DIRECTORY"


class RejectController(AbstractContextManager["RejectController"]):
    """Lets through what every covering camera has passed explicitly and in time, and rejects everything else.

    A context manager; leaving it leaves the gate rejecting. For one thread. ``docs/controller.md`` says what it does when.
    """

    def __init__(
        self,
        config: ControllerConfig,
        *,
        actuator: Actuator | None = None,
        on_decision: Callable[[Decision], None] | None = None,
    ) -> None:
        """``actuator`` takes the place of the configured one. ``on_decision`` is called with each decision, in this thread. Raises UserError
        for an address or a key that cannot be used."""
        self.config = config
        self._on_decision = on_decision
        self._state_file = StateFile(config.rearm.state_file)
        before = self._state_file.read()
        self.core = DecisionCore(config, armed=before.armed, faults=before.faults)
        self._told_faults: dict[str, str] = {}
        self._told_closed = ""
        self._told_problem = ""
        with ExitStack() as parts:
            self._subscriber = parts.enter_context(subscribed(config))
            self._exchanges = None if config.control is None else Exchanges(config.control)
            if self._exchanges is not None:
                parts.callback(self._exchanges.close)
            endpoint = rearm_endpoint(config)
            self._rearm = None if endpoint is None else RearmSocket(endpoint)
            if self._rearm is not None:
                parts.callback(self._rearm.close)
            self._actuator = actuator or _actuator(config)
            parts.callback(self._actuator.close)  # first of all when it ends
            self._parts = parts.pop_all()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Reject, and let go of everything."""
        self._parts.close()

    @property
    def state(self) -> State:
        """Whether it is armed."""
        latch = self.core.latch
        return State.FAULT if latch.faults else State.ARMED if latch.armed else State.NOT_ARMED

    @property
    def told_epoch(self) -> str | None:
        """The epoch that the control socket told last."""
        return self.core.told_epoch

    def run(self, stop: threading.Event, tick: Callable[[], None] | None = None) -> None:
        """Until ``stop`` is set; ``tick`` is called many times a second."""
        while not stop.is_set():
            self.step()
            if tick is not None:
                tick()

    def step(self, wait_ms: int = STEP_MS) -> None:
        """Wait for a message, at most so long; then decide and show."""
        requests = self._hear_person()  # before anything new is found, which a person cannot have seen
        self._hear_actuator()
        event = self._subscriber.receive(wait_ms)
        for _ in range(_MOST_AT_ONCE):
            if event is None:
                break
            if isinstance(event, Packet):
                self.core.take(event, time.monotonic_ns())
            elif isinstance(event, Malformed):
                self.core.malformed += 1
            event = self._subscriber.receive(0)
        for one in self._exchanges.found() if self._exchanges is not None else ():
            self.core.exchanged(one.sent, one.received, one.unix_ns, one.line, one.epoch)
        looked_at = time.monotonic_ns()
        for decision in self.core.tick(looked_at):
            self._actuator.decide(decision)
            if self._on_decision is not None:
                self._on_decision(decision)
        stood_still = time.monotonic_ns() - looked_at > SHOWN_NS  # what was true then may not be true now
        self._actuator.show(self.core.open and not stood_still, self.state)
        self._answer(requests)
        self._tell()

    def rearm(self, by: str) -> None:
        """A person has looked: clear the faults, and let pass again what may."""
        faults = ", ".join(self.core.latch.faults) or "none"
        log.warning("armed by %s; faults until now: %s", by or "somebody", faults, extra={"code": "controller_armed"})
        self.core.rearm()
        self._told_faults.clear()

    def status(self) -> ControllerStatus:
        """How it is now."""
        core = self.core
        return ControllerStatus(
            line=self.config.line,
            epoch=core.epoch,
            state=self.state,
            open=core.open,
            why_closed=core.closed_why,
            faults=dict(core.latch.faults),
            decided={why.value: count for why, count in core.counts.items()},
            malformed=core.malformed,
            clock_ms=core.clock_ms(time.monotonic_ns()),
            actuator=_named(self.config),
        )

    def _hear_actuator(self) -> None:
        told = self._actuator.told()
        if any(isinstance(one, Pressed) for one in told):  # first, as above
            self.rearm("the button at the PLC")
        for one in told:
            if isinstance(one, Confirmed):
                self.core.confirmed(one.sequence)
            elif isinstance(one, Failed):
                self.core.latch.fault(one.code, one.text)

    def _hear_person(self) -> list[tuple[list[bytes], Asked | None]]:
        """Do what was asked. The replies say how it is after that."""
        requests: list[tuple[list[bytes], Asked | None]] = []
        while self._rearm is not None and len(requests) < _MOST_ASKED and (request := self._rearm.asked()) is not None:
            requests.append(request)
            if request[1] is not None and request[1].do == "rearm":
                self.rearm(request[1].by)
        return requests

    def _answer(self, requests: list[tuple[list[bytes], Asked | None]]) -> None:
        for envelope, asked in requests:
            assert self._rearm is not None
            if asked is None:
                self._rearm.answer(envelope, Answer(outcome="refused", text="no request that this controller knows"))
            else:
                self._rearm.answer(envelope, Answer(outcome="done", text="", status=self.status()))

    def _tell(self) -> None:
        """Log what is new, and remember what a restart must not clear."""
        latch = self.core.latch
        for code, text in latch.faults.items():
            if code not in self._told_faults:
                self._told_faults[code] = text
                log.error(
                    "fault %s: %s; everything is rejected until a person arms the controller",
                    code,
                    text,
                    extra={"code": code},
                )
        if self.core.closed_why != self._told_closed:
            self._told_closed = self.core.closed_why
            if not latch.faults:
                log.info("%s", f"rejecting everything: {self._told_closed}" if self._told_closed else "sheets may pass")
        problem = "" if self._exchanges is None else self._exchanges.problem
        if problem != self._told_problem:
            self._told_problem = problem
            log.warning("%s", f"control: {problem}" if problem else "control: the line answers")
        self._state_file.keep(Remembered(armed=latch.armed, faults=dict(latch.faults)))


def rearm_endpoint(config: ControllerConfig) -> str | None:
    """Where a controller of this configuration is armed, as this process sees it; None: nowhere."""
    endpoint = config.rearm.endpoint
    if endpoint != AUTO:
        return endpoint
    folder = os.environ.get(_RUNTIME)
    return f"ipc://{folder.split(':')[0]}/controller" if folder else None


def _actuator(config: ControllerConfig) -> Actuator:
    return ModbusActuator(config.actuator) if isinstance(config.actuator, ModbusConfig) else LogActuator()


def _named(config: ControllerConfig) -> str:
    actuator = config.actuator
    return f"modbus {actuator.host}:{actuator.port}" if isinstance(actuator, ModbusConfig) else "log"
