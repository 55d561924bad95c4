"""The actuator that is a PLC: writes records, waits for their echo, sets the outputs and counts the heartbeat, on a thread of its own.

The heartbeat is a lease on the output: it is counted only while the PLC holds what was decided within the last ``FRESH_MS``, so that the gate closes
``watchdog_ms`` after that, whatever fails here. Where it was not counted for so long, the PLC keeps the gate closed until the output was REJECT.

"Taken" means that the PLC has it: the record was read back as it was written, and the PLC's program has copied its sequence into the register
``echo`` in time. The output REJECT goes before everything else.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque

from inspector.client.controller.actuator import Confirmed, Failed, Pressed, State, Told
from inspector.client.controller.config import FRESH_MS, ModbusConfig
from inspector.client.controller.gate import Decision
from inspector.client.controller.plc import MOST_SEQUENCE, Plc, PlcTrouble
from inspector.errors import UserError

log = logging.getLogger(__name__)

_MOST_WAITING = 256
"""Decisions that the PLC has not taken yet."""
_ECHO_EVERY_S = 0.002
_LAPSED = 0.7
"""Of the PLC's patience with the heartbeat, which it counts from the moment at which it sees it."""
_STOP_WITHIN_S = 2.0


class ModbusActuator:
    """See ``Actuator``."""

    def __init__(self, config: ModbusConfig) -> None:
        self._config = config
        self._lock = threading.Condition()
        self._waiting: deque[Decision] = deque()
        self._told: list[Told] = []
        self._open, self._state, self._shown_s = False, State.NOT_ARMED, time.monotonic()
        self._closing = False
        self._reached = True
        """False since it failed; what is decided before it is reached for the first time waits."""
        # Of the thread alone:
        self._written: bool | None = None
        """The output that the PLC has; None: unknown."""
        self._count = 0
        self._sequence = 0
        """Of the last record that was written; of a PLC that was just reached the one that it has."""
        self._old: set[int] = set()
        """Sequences of before, which the PLC may still echo until it takes the next record."""
        self._beat_s = 0.0
        """When the heartbeat is due."""
        self._beaten: tuple[float, list[int]] | None = None
        """When it was counted last and what the PLC then held; None: not since the PLC was reached."""
        self._reject_until_s = 0.0
        """After the heartbeat stood still the PLC has to see REJECT for one of its cycles."""
        self._pressed = True
        self._thread = threading.Thread(target=self._run, name="modbus", daemon=True)
        self._thread.start()

    def decide(self, decision: Decision) -> None:
        """Written in its turn. While the PLC cannot be reached only what is rejected is kept, and not all of it."""
        with self._lock:
            if not self._reached and decision.passed:
                return
            if len(self._waiting) == _MOST_WAITING:
                if self._reached:
                    self._told.append(
                        Failed("plc_behind", f"{_MOST_WAITING} sheets wait for the PLC: it takes fewer than come")
                    )
                self._waiting.clear()
            self._waiting.append(decision)
            self._lock.notify()

    def show(self, is_open: bool, state: State) -> None:
        """Written at once where it changes."""
        with self._lock:
            changed = (is_open, state) != (self._open, self._state)
            self._open, self._state, self._shown_s = is_open, state, time.monotonic()
            if changed:
                self._lock.notify()

    def told(self) -> list[Told]:
        """What has happened since the last call."""
        with self._lock:
            told, self._told = self._told, []
        return told

    def close(self) -> None:
        """Output REJECT and state 0, as far as the PLC answers."""
        with self._lock:
            self._closing = True
            self._lock.notify()
        self._thread.join(_STOP_WITHIN_S)

    def _run(self) -> None:
        while not self._closing:
            plc: Plc | None = None
            try:
                plc = Plc(self._config)
                self._serve(plc)
            except PlcTrouble as trouble:
                self._fail(trouble.code, str(trouble))
            except UserError as error:
                self._fail("actuator", str(error))
            except Exception as error:
                log.exception("the Modbus actuator met an internal error")
                self._fail("actuator", f"internal error: {type(error).__name__}: {error}")
            finally:
                if plc is not None:
                    plc.close()
            with self._lock:
                self._lock.wait_for(lambda: self._closing, self._config.reconnect_s)

    def _serve(self, plc: Plc) -> None:
        """Until it is closed. Raises PlcTrouble."""
        self._written = self._beaten = None
        self._output(plc, False)
        self._count, _ = plc.heartbeat()
        echo = plc.echo()
        self._old = {echo, self._sequence}
        self._sequence = self._sequence or echo
        self._pressed = plc.rearm_coil()  # a coil that is set already is no edge
        self._reached = True
        while True:
            with self._lock:
                self._lock.wait_for(self._work, max(0.0, self._beat_s - time.monotonic()))
                closing = self._closing
                decision = self._waiting.popleft() if self._waiting and not closing else None
            if closing:
                self._output(plc, False)
                plc.write_heartbeat(self._count, State.STOPPED)
                return
            self._beat(plc)
            if decision is not None:
                self._record(plc, decision)
            self._output(plc, self._wanted())

    def _work(self) -> bool:
        return bool(self._closing or self._waiting or self._wanted() != self._written)

    def _wanted(self) -> bool:
        return self._open and not self._hangs() and time.monotonic() >= self._reject_until_s

    def _hangs(self) -> bool:
        """A controller that has not shown the output for so long hangs: REJECT, and the heartbeat stands still."""
        return time.monotonic() - self._shown_s > FRESH_MS / 1000

    def _output(self, plc: Plc, is_open: bool) -> None:
        if is_open != self._written:
            self._written = None
            plc.write_output(is_open)
            self._written = is_open

    def _record(self, plc: Plc, decision: Decision) -> None:
        """Raises PlcTrouble where the echo is wrong or does not come in time."""
        self._expect_old(plc.echo(), "before the next record")
        sequence = self._next()
        plc.write_record(sequence, decision.number, decision.passed)
        until_s = time.monotonic() + self._config.echo_ms / 1000
        while (echo := plc.echo()) != sequence:
            self._expect_old(echo, f"and was given {sequence}")
            if time.monotonic() > until_s:
                raise PlcTrouble(
                    "plc_echo", f"the PLC has not echoed sequence {sequence} within {self._config.echo_ms:g} ms"
                )
            if not self._wanted():
                self._output(plc, False)
            self._beat(plc)
            time.sleep(_ECHO_EVERY_S)
        self._old = {sequence}
        self._tell(Confirmed(decision.sequence))

    def _expect_old(self, echo: int, when: str) -> None:
        """The PLC has lost its memory, or takes records of somebody else, where it echoes what was never written here."""
        if echo not in self._old:
            raise PlcTrouble("plc_echo", f"the PLC echoes sequence {echo} {when}; expected {sorted(self._old)}")

    def _next(self) -> int:
        """A sequence that the PLC does not show yet, so that its echo proves that it has taken this record."""
        while True:
            self._sequence = self._sequence % MOST_SEQUENCE + 1
            if self._sequence not in self._old:
                return self._sequence

    def _beat(self, plc: Plc) -> None:
        """Count the heartbeat where it is due, and look at the button. Raises PlcTrouble where somebody else writes to the PLC."""
        if time.monotonic() < self._beat_s:
            return
        self._beat_s = time.monotonic() + self._config.heartbeat_ms / 1000
        self._expect_own(plc)
        if self._lapsed():
            self._output(plc, False)
            self._reject_until_s = time.monotonic() + self._config.heartbeat_ms / 1000  # counted once the PLC has it
        if not self._wanted():
            self._output(plc, False)
        if not self._hangs():
            self._count = self._count % MOST_SEQUENCE + 1
            state = self._state
            plc.write_heartbeat(self._count, state)
            self._beaten = time.monotonic(), [self._count, state.value]
        before, self._pressed = self._pressed, plc.rearm_coil()
        if self._pressed and not before:
            self._tell(Pressed())

    def _lapsed(self) -> bool:
        """Whether the PLC may have closed by itself since the heartbeat was counted."""
        return self._beaten is None or time.monotonic() - self._beaten[0] > _LAPSED * self._config.watchdog_ms / 1000

    def _expect_own(self, plc: Plc) -> None:
        """Raises PlcTrouble where the PLC does not hold what was written last."""
        found = plc.heartbeat()
        if self._beaten is not None and found != self._beaten[1]:
            raise PlcTrouble(
                "plc_contested",
                f"the PLC holds heartbeat and state {found} after {self._beaten[1]} was written: it was started again, or another controller writes to it",
            )
        outputs = plc.outputs()
        if self._written is not None and outputs != [self._written, not self._written]:
            raise PlcTrouble(
                "plc_contested",
                f"the PLC holds the outputs {outputs} after {[self._written, not self._written]} was written: it was started again, or another controller "
                "writes to it",
            )

    def _fail(self, code: str, text: str) -> None:
        """What waited is void: everything is rejected from now on."""
        with self._lock:
            self._reached = False
            self._waiting.clear()
            self._told.append(Failed(code, text))

    def _tell(self, told: Told) -> None:
        with self._lock:
            self._told.append(told)
